// Package source brings in what happened elsewhere: finite imports from files. Its
// subfolders know the formats; this package holds what they all produce, an [Import], and
// what they read with, [Scan]: text line by line, plain or gzip, within bounds.
//
//   - source/file reads our own events, items and users, one JSON object per line.
//   - source/movielens reads the folders of the MovieLens data sets as they are published.
//
// Typical use:
//
//  1. Read one import with file.Read or movielens.Read. It is read whole, or there is an error.
//  2. Show Import.Refused: what could not be used, with file, line, reason and raw text.
//  3. Store Items in order, then Users, then Events.
//
// A reader of a format calls Scan once for each file, in a fixed order and with one SHA-256,
// adds each line to Items, Users or Events or passes it to [Import.Refuse], and ends with
// [Import.Seal].
//
// Invariants of an Import:
//
//   - The same contents give the same Import, its ID and the ids of its events included, so
//     importing it twice changes nothing the second time. Names, compression and time of
//     reading do not enter the ID.
//   - Every line is accounted for: blank, an item, a user, an event, a header or refused. A line
//     that cannot be used never costs the lines around it, and is never repaired silently.
//   - A file that is not regular, that changes while it is read, or whose compression is
//     damaged gives an error and no Import.
//
// An import stands in memory: about 350 bytes for each event (measured) plus its context, and
// the raw text of refused lines; while the list of events grows it is there twice. A file at
// the limit of [MaxLines] needs up to 30 GB; split what does not fit.
//
// An event without an id of its own is known by the contents of its file, so a file that has
// grown brings its older events again. Give events ids, or import each line once.
//
// Left out: writing anything, watching files that grow, archives (zip, tar), encodings other
// than those the formats name.
package source

// Package globo reads a folder of the news clicks that Globo.com published ("News Portal User
// Interactions"), as it is unpacked from its archive: files clicks_….csv, each with a header;
// each may be compressed with gzip.
//
// Use: globo.Detect(dir) tells whether a folder is one; im, err := globo.Read(ctx, dir, now,
// progress) reads it.
//
// What becomes what:
//
//   - A row is the event "click" of user_id on click_article_id at click_timestamp, in the
//     session session_id. The numbers stay as ids. The files go by the start of the session,
//     so the events of an import, sorted by time as all are, mix their rows.
//   - A row that cannot be used is refused with file and line, and the rest is read.
//
// Left out: device, place and referrer of a click, and what the data set knows of the
// articles. The data is not ours and is not part of this project.
package globo

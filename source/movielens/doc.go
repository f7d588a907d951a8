// Package movielens reads the folders of the MovieLens data sets as GroupLens publishes them,
// unpacked from their archive; each file may be compressed with gzip.
//
//   - [Classic] is ml-100k: u.genre, u.item, u.data and, if it is there, u.user. u.item is
//     ISO-8859-1.
//   - [Latest] is ml-latest-small and its larger sisters of the same form (ml-latest, ml-25m,
//     ml-32m): movies.csv and ratings.csv, UTF-8, columns in any order.
//
// Use: layout, ok := movielens.Detect(dir) tells whether a folder is one of them; im, err :=
// movielens.Read(ctx, dir, now, progress) reads it.
//
// What becomes what:
//
//   - A rating of 4 or more is the event "like", a lesser one "view"; the rating is its value
//     and its time is kept. Users and films keep their numbers as ids.
//   - A film is an item: genres are its categories in the order of the data set, none for
//     "(no genres listed)" and "unknown". A year at the end of the title moves to the
//     attribute year, a number; a title without one takes the year of the release date. "Net,
//     The" stays as it is. Classic has release dates, so its items have Published.
//   - A row of u.user is a user: age, a number, gender, occupation and zip are the attributes.
//   - A row that cannot be used is refused with file and line, and the rest is read.
//
// That a lesser rating is still a film that somebody chose to see is said by the import's Config,
// films.yaml: a configuration in which a view counts as a wish for recall.
//
// Left out: tags, links and IMDb addresses. The data is not ours: it may be used for research under the terms of its README, and is not part of
// this project.
package movielens

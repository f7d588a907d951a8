// Package profile sums up what a whole history says of each visitor and each item: tastes by
// attribute, activity and price level; audience and quality. It is for systems that want to know
// who their users are and what their items are worth without reading a journal.
//
// One pass makes them:
//
//	f := profile.New(profile.Options{Kinds: kinds})
//	for each entry of the journal, in order { f.Apply(&entry) }
//	for row := range f.Users() { … }
//	for row := range f.Items() { … }
//
// An event counts under what the catalogue says of its item when it is applied, as in features, and
// a late one counts nowhere. Everything is a function of the entries and the options; the time that
// ages go by is that of the newest event, never a clock.
//
// What a visitor or an item costs is bounded: so many attributes, so many values of each, so many
// prices, days and places. Beyond that tastes are those of Space-Saving (Metwally, Agrawal and El
// Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005), with
// weights that decay.
//
// It leaves out recommending, and how rows become a file. A Fold is for one goroutine.
package profile

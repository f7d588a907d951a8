// Package registry keeps trained models as bundles in a directory: each version is a folder
// that appears whole, by one rename, and is never changed.
//
//	models/lr/3/manifest.json         what it is: data range, figures, the model's SHA-256
//	models/lr/3/model.bin             the model, as package rank reads it
//	models/embedding/1/model.bin      vectors of items, as package recall searches them
//	models/itemitem/1/model.bin       weights from item to item, as package recall sums them
//
//	m, err := registry.Save(disk, manifest, model, now)  // the next version
//	b, err := registry.Load(disk, "lr", 3)               // checked: checksum, schema, numbers
//	list, err := registry.List(disk, "lr")               // manifests, oldest first
//
// A [Shelf] keeps the ones that routes go by at hand.
//
// It leaves out which version is live: that is a decision, and decisions are records of the
// journal. One process may save while others read.
package registry

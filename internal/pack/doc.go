// Package pack writes values one after the other into bytes, and reads them back: the form in
// which state is kept between two starts.
//
//	var w pack.Writer
//	w.Uint(7); w.Text("ada"); w.Float(0.5)
//	r := pack.NewReader(w.Bytes)
//	n, name, x := r.Uint(), r.Text(), r.Float()
//	err := r.Done() // everything was there, and nothing more
//
// Integers are varints, floats their eight bits bytes, texts their length and bytes, so equal
// values have equal bytes. A Reader keeps its first error and then returns zero values; a
// length is checked against the bytes that are left before anything is allocated for it.
//
// It leaves out types and names: who reads must know what was written. Checksums are the
// file's business.
package pack

package vector

// graph writes what an HNSW has beside the rows.
func (f *fileWriter) graph(h *HNSW) {
	f.uint32(uint32(h.links))
	f.uint32(uint32(h.ef))
	f.uint32(h.entry)
	for row := range uint32(h.Len()) {
		f.uint32(uint32(h.layersOf(row)))
	}
	f.uint32s(h.near)
	for _, layer := range h.upper {
		f.uint32s(layer)
	}
}

func (f *fileWriter) uint32s(list []uint32) {
	for _, v := range list {
		f.uint32(v)
	}
}

// hnsw reads what an HNSW has beside the rows.
func (f *fileReader) hnsw(exact *Exact) *HNSW {
	h := &HNSW{exact: *exact, links: int(f.uint32()), ef: int(f.uint32()), entry: f.uint32()}
	rows := uint64(exact.Len())
	switch {
	case f.err != nil:
	case h.links < minLinks || h.links > maxLinks:
		f.fail("its rows have %d links", h.links)
	case h.ef < 1 || h.ef > maxEf:
		f.fail("its searches keep %d rows", h.ef)
	case rows > 0 && uint64(h.entry) >= rows:
		f.fail("its entry is row %d of %d", h.entry, rows)
	}
	if !f.has(rows, 4+8*max(1, h.links)) {
		return h
	}
	layers := make([]uint32, rows)
	f.words(rows, func(row int, n uint32) {
		if layers[row] = n; n > maxLayers {
			f.fail("row %d is on %d layers above the lowest", row, n)
		}
	})
	if f.err != nil {
		return h
	}
	h.stack(layers)
	h.near = f.list(rows * 2 * uint64(h.links))
	places := uint64(len(h.high))
	for range h.topmost() {
		if !f.has(places*uint64(h.links), 4) {
			return h
		}
		h.upper = append(h.upper, f.list(places*uint64(h.links)))
	}
	if f.err == nil && rows > 0 && h.layersOf(h.entry) != len(h.upper) {
		f.fail("its entry, row %d, is not on its topmost layer", h.entry)
	}
	if f.err == nil {
		f.links(h)
	}
	return h
}

// list reads words that there are.
func (f *fileReader) list(count uint64) []uint32 {
	if !f.has(count, 4) {
		return nil
	}
	list := make([]uint32, count)
	f.words(count, func(i int, word uint32) { list[i] = word })
	return list
}

// links refuses links to rows that are not there, or not on the layer.
func (f *fileReader) links(h *HNSW) {
	for row := range uint32(h.Len()) {
		for l := range h.layersOf(row) + 1 {
			for _, to := range h.linked(l, row) {
				if int(to) >= h.Len() || h.layersOf(to) < l {
					f.fail("row %d is linked to row %d on layer %d, on which that one is not", row, to, l)
					return
				}
			}
		}
	}
}

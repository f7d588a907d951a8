// Package prefetch asks the processor to fetch memory before it is read, so that many misses are
// under way at once instead of one after the other.
//
//	for _, key := range batch { // first pass: where each record is, and a request for it
//		at[i] = &records[slot(key)]
//		prefetch.Line(unsafe.Pointer(at[i]))
//	}
//	for i := range batch { // second pass: by now the lines are there
//		update(at[i])
//	}
//
// A prefetch is a hint: it changes no value, never faults, also not for an address that is not
// mapped, and does nothing where there is no instruction for it (other processors than amd64
// and arm64). It pays for tables larger than the cache and batches of about 8 to 256: a core has
// 10 to 50 misses under way at a time.
//
// A call costs about a nanosecond, since assembly is not inlined; [At] and [Words] ask for several lines
// in one, and a [Queue] for some at a time.
package prefetch

// LineBytes is what one prefetch brings: the cache line of all processors we build for. Where
// lines are longer (128 bytes on some arm64), some are asked for twice, which costs little.
const LineBytes = 64

package mem

import "testing"

// TestBlocks counts through the places of tables with small and large records: blocks follow each other, each
// of as many records as it is made with.
func TestBlocks(t *testing.T) {
	for _, words := range []int{1, 7, 24, 100, 5000, 200_000} {
		table := New(words).(*Table)
		place, records := uint32(0), uint64(firstRecords)
		for block := range uint64(25) {
			for at := range records {
				if gotBlock, gotAt := table.block(place); gotBlock != block || gotAt != at {
					t.Fatalf("%d words: place %d is record %d of block %d, want %d of %d", words, place, gotAt, gotBlock, at, block)
				}
				place++
			}
			if 2*records*uint64(table.words)*8 <= blockBytes {
				records *= 2
			}
		}
	}
}

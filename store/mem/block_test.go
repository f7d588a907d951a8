package mem

import (
	"testing"
	"unsafe"

	"github.com/freshet-rec/freshet/internal/prefetch"
	"github.com/freshet-rec/freshet/store"
)

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

// TestLines holds the lines of a record that are fetched against those that its words lie in: of records up to
// aheadWords all, and at most one more; of longer ones all that aheadWords lie in, but for the last where the
// record begins within a line.
func TestLines(t *testing.T) {
	const line = prefetch.LineBytes / 8
	for words := headWords + 1; words <= 100; words++ {
		table := New(words - headWords).(*Table)
		most := 0
		for place := range uint32(200) {
			table.Cell(store.Key(place), 0, 0)
			record := table.record(place)
			touched := map[uintptr]bool{}
			for at := range record[:min(len(record), aheadWords)] {
				touched[uintptr(unsafe.Pointer(&record[at]))/prefetch.LineBytes] = true
			}
			most = max(most, len(touched))
			long, within := len(record) > aheadWords, uintptr(unsafe.Pointer(&record[0]))%prefetch.LineBytes != 0
			lacks := len(touched) - table.lines()
			if lacks > 0 && !(long && within && lacks == 1) {
				t.Fatalf("record %d of %d words lies in %d lines, of which %d are fetched", place, len(record), len(touched), table.lines())
			}
		}
		if table.lines() > most+1 || table.words%line == 0 && table.lines() != most {
			t.Errorf("of records of %d words that lie in %d lines at most %d are fetched", words, most, table.lines())
		}
	}
}

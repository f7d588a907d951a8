package learn

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/freshet-rec/freshet/rank"
)

// Sample is a row with what came of it.
type Sample struct {
	Row     rank.Row
	Time    int64  // the row was read at, Unix ms
	Group   uint32 // rows of one group answer one question: those that one visitor was shown, or chose among
	Signals uint32 // bit i: the i-th signal of the objective came in time
	Stands  float32
	// Stands is for how many rows of the candidates it stands: 1 for one that was not sampled, and one
	// over the rate at which it was for one that was.
}

// outcomeBytes is the length of all of a sample but its row: time, group, signals, stands.
const outcomeBytes = 20

func (s *Sample) appendOutcome(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(s.Time))
	dst = binary.LittleEndian.AppendUint32(dst, s.Group)
	dst = binary.LittleEndian.AppendUint32(dst, s.Signals)
	return binary.LittleEndian.AppendUint32(dst, math.Float32bits(s.Stands))
}

func (s *Sample) readOutcome(text []byte) {
	s.Time = int64(binary.LittleEndian.Uint64(text))
	s.Group, s.Signals = binary.LittleEndian.Uint32(text[8:]), binary.LittleEndian.Uint32(text[12:])
	s.Stands = math.Float32frombits(binary.LittleEndian.Uint32(text[16:]))
}

// appendRow appends the form of a row: its numbers, for each list how many words it has, the words.
func appendRow(dst []byte, row *rank.Row) []byte {
	for _, v := range row.Numbers {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	for i := range row.Ends {
		dst = binary.AppendUvarint(dst, uint64(len(row.List(i))))
	}
	for _, word := range row.Words {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(word))
	}
	return dst
}

// rowReader reads rows one after the other.
type rowReader struct {
	from interface {
		io.Reader
		io.ByteReader
	}
	names rank.Names
	room  []byte
}

// read reads the next row into row.
func (r *rowReader) read(row *rank.Row) error {
	row.Reset()
	text, err := r.bytes(8 * len(r.names.Numbers))
	if err != nil {
		return err
	}
	for ; len(text) > 0; text = text[8:] {
		row.Numbers = append(row.Numbers, math.Float64frombits(binary.LittleEndian.Uint64(text)))
	}
	total := uint64(0)
	for range r.names.Words {
		n, err := binary.ReadUvarint(r.from)
		if err != nil {
			return err
		}
		if total += n; total > maxRowWords {
			return fmt.Errorf("a row of more than %d words", maxRowWords)
		}
		row.Ends = append(row.Ends, uint32(total))
	}
	if text, err = r.bytes(8 * int(total)); err != nil {
		return err
	}
	for ; len(text) > 0; text = text[8:] {
		row.Words = append(row.Words, rank.Token(binary.LittleEndian.Uint64(text)))
	}
	return nil
}

func (r *rowReader) bytes(n int) ([]byte, error) {
	if cap(r.room) < n {
		r.room = make([]byte, n)
	}
	_, err := io.ReadFull(r.from, r.room[:n])
	return r.room[:n], err
}

// maxRowWords bounds the words of a row that is read: a damaged file does not ask for more memory.
const maxRowWords = 1 << 20

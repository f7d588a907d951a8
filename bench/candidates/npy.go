package candidates

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// WriteNPY writes rows of length dim that lie one behind the other in the form that NumPy reads
// (NEP 1, version 1.0), for programs that search the same vectors.
func WriteNPY(w io.Writer, rows []float32, dim int) error {
	const align = 64
	head := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", len(rows)/dim, dim)
	head += strings.Repeat(" ", align-1-(10+len(head))%align) + "\n"
	b := bufio.NewWriterSize(w, 1<<16)
	if _, err := b.WriteString("\x93NUMPY\x01\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(head)))) + head); err != nil {
		return err
	}
	var word [4]byte
	for _, x := range rows {
		binary.LittleEndian.PutUint32(word[:], math.Float32bits(x))
		if _, err := b.Write(word[:]); err != nil {
			return err
		}
	}
	return b.Flush()
}

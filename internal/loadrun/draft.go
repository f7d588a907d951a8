package main

import (
	"bytes"
	"time"
)

// draft is an event as a line, written before the run but for its id and its time, which are stamped
// on a copy: the server needs the processor time that writing it would take while the load runs.
type draft struct {
	line []byte
	ts   int           // where in line the time stands
	away time.Duration // of the time from the moment of sending
}

// The digits of what is stamped: of the number within an id, and of a time from 2001 to 2286.
const (
	idDigits = 9
	tsDigits = 13
)

// draftedAt is when events are drafted, any moment whose milliseconds have tsDigits.
var draftedAt = time.UnixMilli(1_800_000_000_000)

// newDraft draws an event.
func (w *world) newDraft() draft {
	e := w.event(draftedAt)
	line := e.appendLine(nil)
	mark := []byte(`,"ts":`)
	return draft{line: line, ts: bytes.Index(line, mark) + len(mark), away: time.UnixMilli(e.TS).Sub(draftedAt)}
}

// appendStamped appends the draft as the event of a number at a time in Unix ms. The number's digits
// end at id in the line.
func (d *draft) appendStamped(to []byte, id, number int, ms int64) []byte {
	at := len(to)
	to = append(to, d.line...)
	line := to[at:]
	putDigits(line[id-idDigits:id], uint64(number))
	putDigits(line[d.ts:d.ts+tsDigits], uint64(ms))
	return to
}

// putDigits fills to with the last digits of n, zeros before them.
func putDigits(to []byte, n uint64) {
	for i := len(to) - 1; i >= 0; i-- {
		to[i] = '0' + byte(n%10)
		n /= 10
	}
}

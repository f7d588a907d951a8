package main

import (
	"fmt"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/deadletter"
	"github.com/freshet-rec/freshet/source"
)

// lettersChunk is how many refused lines are kept at once.
const lettersChunk = 100_000

// lettersKept keeps the refused lines of an import as dead letters.
type lettersKept struct {
	node     *node
	im       *source.Import
	folder   bool  // the import has several files
	received int64 // Unix ms

	ids []deadletter.ID // of im.Refused, as far as they are kept
}

// keep keeps what was refused since the last call. The lines are durable when it returns.
func (k *lettersKept) keep() error {
	for len(k.ids) < len(k.im.Refused) {
		rest := k.im.Refused[len(k.ids):]
		rest = rest[:min(len(rest), lettersChunk)]
		letters := make([]deadletter.Letter, len(rest))
		for i := range rest {
			letters[i] = k.letter(&rest[i])
		}
		kept, known, err := k.node.letters.Append(letters)
		if err != nil {
			return err
		}
		k.node.stream.DeadLetter(kept, known)
		for i := range letters {
			k.ids = append(k.ids, letters[i].ID)
		}
	}
	return nil
}

// letter is a refused line as it is kept. In a folder a line is known by its file, too, whose
// name is fixed there; a single file may have another name the next time.
func (k *lettersKept) letter(r *source.Refused) deadletter.Letter {
	from := k.im.ID
	if k.folder {
		from += "/" + r.File
	}
	return deadletter.Letter{Received: k.received, Source: from, File: r.File, Line: int64(r.Problem.Line),
		Code: r.Problem.Code, Pointer: r.Problem.Pointer, Message: r.Problem.Message, Hint: r.Problem.Hint,
		Payload: r.Raw, Truncated: r.Cut}
}

// problems lists what is wrong with the first refused lines, each with the letter it is kept as, if
// it still is.
func (k *lettersKept) problems() []importProblem {
	list := []importProblem{}
	for i, r := range k.im.Refused[:min(len(k.im.Refused), maxListed)] {
		as := ""
		if !k.dropped(k.ids[i]) {
			as = k.ids[i].String()
		}
		for _, p := range append([]codec.Problem{r.Problem}, r.More...) {
			list = append(list, importProblem{p, as})
		}
	}
	return list
}

// dropped reports whether a letter is gone: the oldest go first.
func (k *lettersKept) dropped(id deadletter.ID) bool {
	return uint64(id) <= k.node.letters.Counts().Dropped
}

// span says which letters are kept.
func (k *lettersKept) span() string {
	var first, last deadletter.ID // 0 for none
	gone := 0
	for _, id := range k.ids {
		if k.dropped(id) {
			gone++
			continue
		}
		if first == 0 {
			first = id
		}
		first, last = min(first, id), max(last, id)
	}
	text, n := "", len(k.ids)-gone
	switch {
	case n == 0:
		text = "no letters"
	case first == last:
		text = first.String()
	case int(last-first)+1 == n:
		text = fmt.Sprintf("%s to %s", first, last)
	default:
		text = fmt.Sprintf("%s between %s and %s", plural(n, "letter"), first, last)
	}
	if gone > 0 {
		text += fmt.Sprintf(" (the first %s were dropped to keep the bound)", grouped(int64(gone)))
	}
	return text
}

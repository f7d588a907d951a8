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

// problems lists what is wrong with the first refused lines, each with the letter it is kept as.
func (k *lettersKept) problems() []importProblem {
	list := []importProblem{}
	for i, r := range k.im.Refused[:min(len(k.im.Refused), maxListed)] {
		for _, p := range append([]codec.Problem{r.Problem}, r.More...) {
			list = append(list, importProblem{p, k.ids[i].String()})
		}
	}
	return list
}

// span says which letters they are.
func (k *lettersKept) span() string {
	first, last := k.ids[0], k.ids[0]
	for _, id := range k.ids {
		first, last = min(first, id), max(last, id)
	}
	switch {
	case first == last:
		return first.String()
	case int(last-first)+1 == len(k.ids):
		return fmt.Sprintf("%s to %s", first, last)
	}
	return fmt.Sprintf("%s between %s and %s", plural(len(k.ids), "letter"), first, last)
}

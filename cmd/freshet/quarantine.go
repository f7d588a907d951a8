package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/deadletter"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/quarantine"
	"github.com/freshet-rec/freshet/stream"
)

// mostPoison bounds how often one start begins anew because a record could not be folded in.
const mostPoison = 100

// mostTold is how many records that are passed over a start tells of one by one.
const mostTold = 5

// codeQuarantined is the reason of the dead letter of a record that is passed over, sourceJournal
// the source; its line is the position.
const (
	codeQuarantined = "quarantined"
	sourceJournal   = "journal"
)

// passedOver reads which records of a data directory's journal are passed over.
func passedOver(disk fsys.FS) (*quarantine.List, error) {
	id, err := journal.ID(disk)
	if err != nil {
		return nil, err
	}
	return quarantine.Read(disk, id)
}

// passes tells a stream what a list says.
func passes(list *quarantine.List) func(freshet.Position) stream.Pass {
	return func(p freshet.Position) stream.Pass {
		switch r, ok := list.Find(p); {
		case !ok:
			return stream.PassNothing
		case r.Stage == quarantine.Apply:
			return stream.PassApply
		}
		return stream.PassAll
	}
}

// passOver keeps a record that cannot be taken in as a dead letter, and then puts it on the list.
func (n *node) passOver(a *app, e *stream.PoisonError) error {
	r := quarantine.Record{Position: e.Position, Stage: quarantine.Decode, Reason: oneLine(e.Reason), Since: a.now().UnixMilli()}
	if e.Pass == stream.PassApply {
		r.Stage = quarantine.Apply
	}
	if _, again := n.passed.Find(e.Position); again { // what was left out of it was not enough
		r.Stage = quarantine.Decode
	}
	if n.started { // it ends the server
		r.Crashes = 1
	}
	if err := n.quarantine(&r); err != nil {
		return err
	}
	a.say("warning: record %s of the journal cannot be taken in and is passed over from now on: %s (freshet rejected show %s)", r.Position, clean(r.Reason), r.Letter)
	if len(e.Stack) > 0 && a.verbose {
		a.say("%s", e.Stack)
	}
	return nil
}

// quarantine makes it so, durably.
func (n *node) quarantine(r *quarantine.Record) error {
	if len(n.passed.Records()) >= quarantine.MaxRecords {
		return quarantine.ErrTooMany
	}
	rec, err := n.record(r.Position)
	if err != nil {
		return err
	}
	letters := []deadletter.Letter{{
		Received: rec.Received, Source: sourceJournal, File: sourceJournal, Line: int64(r.Position), Code: codeQuarantined,
		Message: r.Reason, Hint: "it is in the journal and in no feature, table or history; please report it", Payload: rec.Payload,
	}}
	if _, _, err := n.letters.Append(letters); err != nil {
		return err
	}
	r.Letter = letters[0].ID.String()
	return n.passed.Add(n.disk, *r)
}

// record reads one record of the journal.
func (n *node) record(p freshet.Position) (rec journal.Record, err error) {
	reader, err := journal.OpenReader(n.disk)
	if err != nil {
		return rec, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	if err := reader.Seek(p); err != nil {
		return rec, err
	}
	return reader.Next()
}

// sayPassed tells which records are passed over.
func (a *app) sayPassed(dir string, list *quarantine.List) {
	records := list.Records()
	if len(records) == 0 {
		return
	}
	a.say("warning: data directory %s: %s of the journal passed over, kept as dead letters", dir, plural(len(records), "record"))
	for _, r := range records[:min(len(records), mostTold)] {
		a.say("  position %s  %s  %s", r.Position, r.Letter, clean(r.Reason))
	}
	if more := len(records) - mostTold; more > 0 {
		a.say("  … and %d more: freshet rejected list", more)
	}
}

// poisoned is the end of a server that could not fold in a record.
func poisoned(err error) error {
	return &failure{code: exitFailed, err: fmt.Errorf("%w; the state is changed in part, so the server ends. What was acknowledged is safe", err),
		hint: "start it again: the record is passed over then; freshet rejected list shows it. Please report it"}
}

// oneLine is the first line of a text.
func oneLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// The files by which a start knows how the one before it ended.
const (
	crashFile     = "crash.txt" // what the Go runtime says when a process dies of an error that nothing recovers from
	replayingFile = "replaying" // where a replay is; there while one is at work
)

// crashHead is what is read of a crash, which may have the stacks of very many goroutines: more than
// the first line.
const crashHead = 4 << 10

// deathWatch follows a replay, for the start after one that died: of an error that nothing recovers
// from, such as a stack that grew without end, nothing is known but what was written down before.
//
// A replay notes the first record of every batch. After one that died, the records that may have been
// at work are taken in one by one, each noted alone; one that the process dies of again is passed
// over from then on. That somebody killed the process is no reason: then the runtime wrote nothing, or
// that it was told to quit.
type deathWatch struct {
	disk        fsys.FS
	dir         string
	file        fsys.File        // nil once the replay is over
	from, until freshet.Position // taken in one by one
	err         error            // of a note; final
}

// watchDeaths looks how the process before this one ended, draws the conclusion, and gets ready to
// leave such traces itself.
func (n *node) watchDeaths(a *app, dir string) (w *deathWatch, err error) {
	w = &deathWatch{disk: n.disk, dir: dir}
	crash, err := w.crashed()
	if err != nil {
		return nil, err
	}
	at, what, noted := w.noted()
	if len(crash) > 0 {
		a.say("warning: the process before this one died: %s", clean(crash))
	}
	switch {
	case !noted || len(crash) == 0 && what == stream.PassNothing:
	case what != stream.PassNothing && len(crash) > 0:
		stage := quarantine.Decode
		if _, again := n.passed.Find(at); what == stream.PassApply && !again {
			stage = quarantine.Apply
		}
		r := quarantine.Record{Position: at, Stage: stage, Reason: "the process died of it twice: " + crash, Crashes: 2, Since: a.now().UnixMilli()}
		if err := n.quarantine(&r); err != nil {
			return nil, err
		}
		a.say("warning: record %s of the journal is passed over from now on (freshet rejected show %s)", at, r.Letter)
	default:
		w.from, w.until = at, at+stream.AheadOf
	}
	if w.file, err = n.disk.Create(replayingFile); err != nil {
		return nil, err
	}
	evidence, err := os.OpenFile(filepath.Join(dir, crashFile), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err == nil {
		err = errors.Join(debug.SetCrashOutput(evidence, debug.CrashOptions{}), evidence.Close())
	}
	if err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	return w, nil
}

// crashed is the first line of what the runtime said when the process before this one died, "" when
// nothing was wrong but that somebody wanted its end.
func (w *deathWatch) crashed() (line string, err error) {
	f, err := w.disk.Open(crashFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	head := make([]byte, crashHead)
	n, err := f.ReadAt(head, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	if line = oneLine(strings.TrimLeft(string(head[:n]), "\n")); strings.HasPrefix(line, "SIGQUIT:") || strings.HasPrefix(line, "SIGABRT:") {
		return "", nil
	}
	return line, nil
}

// noteForm is what the file holds.
const noteForm = "position %020d stage %d\n"

func (w *deathWatch) noted() (at freshet.Position, what stream.Pass, ok bool) {
	text, err := fsys.ReadFile(w.disk, replayingFile, 1<<10)
	if err != nil {
		return 0, 0, false
	}
	_, err = fmt.Sscanf(string(text), noteForm, (*uint64)(&at), &what)
	return at, what, err == nil
}

// At implements stream.Watch.
func (w *deathWatch) At(p freshet.Position, what stream.Pass) {
	if w.err == nil {
		_, w.err = w.file.WriteAt(fmt.Appendf(nil, noteForm, uint64(p), what), 0)
	}
}

// Alone implements stream.Watch.
func (w *deathWatch) Alone(p freshet.Position) bool { return w.from <= p && p < w.until }

// over is called when the replay is over, however it ended.
func (w *deathWatch) over() error {
	if w.file == nil {
		return nil
	}
	err := errors.Join(w.file.Close(), w.remove(replayingFile))
	w.file = nil
	return err
}

// remove removes a file that may be gone.
func (w *deathWatch) remove(name string) error {
	if err := w.disk.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// close is called at an orderly end, which leaves no traces.
func (w *deathWatch) close() error {
	return errors.Join(w.over(), debug.SetCrashOutput(nil, debug.CrashOptions{}), w.remove(crashFile))
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/source"
	"github.com/freshet-rec/freshet/source/file"
	"github.com/freshet-rec/freshet/source/globo"
	"github.com/freshet-rec/freshet/source/movielens"
	"github.com/freshet-rec/freshet/stream"
)

// importChunk is how many entries of an import are admitted at once.
const importChunk = 4096

func (a *app) importCmd() *cobra.Command {
	toJSONL := false
	c := &cobra.Command{
		Use:   "import PATH",
		Short: "Bring events, items and users from a file or a MovieLens folder into a data directory",
		Long: `Bring events, items and users into a data directory that no server is using.

PATH is a file with one JSON object a line (events, items and users as the HTTP API
takes them, plain or gzip), a folder with MovieLens ml-100k or ml-latest-small, of
which ratings of 4 and more become "like" and the others "view", and u.user becomes
users with age, gender, occupation and zip, or a folder with the Globo.com news clicks.

What MovieLens means by its events goes with it: a folder that is brought into a new
data directory, with no configuration there and none given, puts freshet.yaml there, in
which a view counts as a wish for recall and the ranker predicts likes. Every command
that names the directory goes by it. One that is there is never written over.

An import is sorted by time and never late. Bringing the same file again changes
nothing; an import that was cut off goes on where it stopped.

With --to-jsonl nothing is stored: items, users, then events by time, are written to
stdout, one JSON object a line, as import and eval stream read them.`,
		Example: `  freshet import --data ./shop events.jsonl.gz
  freshet import --data ./films ml-100k
  freshet import --to-jsonl globo | gzip > clicks.jsonl.gz`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &failure{code: exitUsage, err: fmt.Errorf("import takes one file or folder, got %d", len(args)), hint: "such as: freshet import events.jsonl"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			if toJSONL {
				return a.convert(c.Context(), cfg, args[0])
			}
			return a.importPath(c, cfg, args[0])
		},
	}
	a.configFlags(c)
	c.Flags().BoolVar(&toJSONL, "to-jsonl", false, "write what would be imported to stdout, one JSON object a line, and store nothing")
	a.progressFlag(c)
	return c
}

// importReply is what an import prints with --json: the reply of POST /v1/events.
type importReply struct {
	Accepted  int              `json:"accepted"`
	Duplicate int              `json:"duplicate"`
	Refused   int              `json:"refused"`
	Late      int              `json:"late"`
	Position  freshet.Position `json:"position"`
	Errors    []importProblem  `json:"errors"`
	Items     documentsReply   `json:"items"`
	Users     documentsReply   `json:"users,omitzero"`
	KeptAs    string           `json:"kept_as,omitempty"` // file with the refused lines
	Config    string           `json:"config,omitempty"`  // file that was written, which says what the events mean
}

// importProblem is one thing wrong with a line.
type importProblem struct {
	codec.Problem
	KeptAs string `json:"kept_as,omitempty"` // id of the dead letter, "" when the bound on them has dropped it
}

// documentsReply is what became of the items or the users of an import.
type documentsReply struct {
	Accepted  int `json:"accepted"`
	Duplicate int `json:"duplicate"`
}

// maxListed bounds the refused lines listed in a reply; the file has them all.
const maxListed = 1000

// importPath reads everything before it writes anything.
func (a *app) importPath(c *cobra.Command, cfg *config.Config, path string) (err error) {
	ctx := c.Context()
	im, err := a.readImport(ctx, cfg, path)
	if err != nil {
		return err
	}
	configured := ""
	if im.Config != nil && a.unconfigured(c) {
		if cfg, configured, err = a.configure(c, cfg, im.Config); err != nil {
			return err
		}
	}
	n, err := openNode(ctx, a, cfg, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	kept := &lettersKept{node: n, im: im, folder: isFolder(path), received: a.now().UnixMilli()}
	// First what cannot be used: no line is in whose neighbours could not be kept.
	if err := kept.keep(); err != nil {
		return fmt.Errorf("import %s: %w; nothing was imported", path, err)
	}
	reply, err := a.admit(ctx, n.stream, im)
	if err == nil {
		err = kept.keep() // what was in conflict
	}
	if err != nil {
		return fmt.Errorf("import %s: %w (what is in stays in; run the same command to go on)", path, err)
	}
	reply.Errors, reply.Config = kept.problems(), configured
	if reply.Refused > 0 {
		if reply.KeptAs, err = keepRefused(path, cfg.Data, im.Refused); err != nil {
			return fmt.Errorf("keep the refused lines of %s: %w", path, err)
		}
	}
	if a.json {
		err = json.NewEncoder(a.stdout).Encode(reply)
	} else {
		err = a.printImport(reply, kept, cfg.Data)
	}
	if err == nil && reply.Refused > 0 {
		err = &failure{code: exitRefused}
	}
	return err
}

// configure puts the configuration of a source into a data directory in which nothing has begun, and
// returns it with its file's name; where something has, it returns what is in force and "", since what
// is there was taken in by that. The file comes before the first record: an import that is cut off goes
// on by it.
func (a *app) configure(c *cobra.Command, cfg *config.Config, text []byte) (_ *config.Config, name string, err error) {
	disk, err := fsys.Dir(cfg.Data)
	if err != nil {
		return nil, "", dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	for _, begun := range []string{"journal", "snapshots", defaultConfigFile} {
		switch _, err := disk.Stat(begun); {
		case err == nil:
			return cfg, "", nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, "", dataError(cfg.Data, err)
		}
	}
	name = filepath.Join(cfg.Data, defaultConfigFile)
	if cfg, err = a.parseConfig(c, name, text); err != nil {
		return nil, "", err
	}
	if err := fsys.Replace(disk, defaultConfigFile, text); err != nil {
		return nil, "", dataError(name, err)
	}
	return cfg, name, nil
}

func (a *app) readImport(ctx context.Context, cfg *config.Config, path string) (*source.Import, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, usagef("import: %w", err)
	}
	now := a.now().UnixMilli()
	bar := a.bar("read", 0, "bytes")
	progress := func(done, total int64) {
		bar.total = total
		bar.set(done)
	}
	var im *source.Import
	var err error
	if isFolder(path) {
		dir := os.DirFS(path)
		_, films := movielens.Detect(dir)
		switch {
		case films:
			im, err = movielens.Read(ctx, dir, now, progress)
		case globo.Detect(dir):
			im, err = globo.Read(ctx, dir, now, progress)
		default:
			return nil, &failure{code: exitUsage, err: fmt.Errorf("import: %s is a folder, and neither one of MovieLens (ml-100k: u.data, u.item, u.genre; ml-latest-small: ratings.csv, movies.csv) nor of Globo (clicks_….csv)", path),
				hint: "name a file, one JSON object a line: freshet import events.jsonl"}
		}
	} else {
		rules := &codec.Rules{Kinds: cfg.Events, Strict: cfg.StrictEvents, Now: now, MaxFuture: cfg.MaxFuture}
		im, err = file.Read(ctx, os.DirFS(filepath.Dir(path)), filepath.Base(path), rules, progress)
	}
	switch {
	case errors.Is(err, source.ErrNotRegular), errors.Is(err, source.ErrArchive):
		return nil, usagef("import: %w", err)
	case err != nil:
		return nil, fmt.Errorf("import: %w; nothing was imported", err)
	}
	bar.done()
	return im, nil
}

// admit brings in the items, the users, then the events, each under its place in the files, so that
// what came in before is known again. Events in conflict are added to im.Refused.
func (a *app) admit(ctx context.Context, s *stream.Stream, im *source.Import) (*importReply, error) {
	reply := &importReply{Refused: len(im.Refused)}
	received := a.now().UnixMilli()
	bar := a.bar("import", int64(len(im.Items)+len(im.Users)+len(im.Events)), "records")
	for at := 0; at < len(im.Items); at += importChunk {
		chunk := im.Items[at:min(at+importChunk, len(im.Items))]
		seqs := make([]uint64, len(chunk))
		for i := range chunk {
			seqs[i] = stream.Seq(0, at+i+1)
		}
		out, err := s.Items(ctx, im.ID, received, chunk, seqs)
		if err != nil {
			return nil, err
		}
		reply.Items.Accepted += out.Accepted
		reply.Items.Duplicate += out.Duplicate
		reply.Position = out.Position
		bar.set(int64(at + len(chunk)))
	}
	for at := 0; at < len(im.Users); at += importChunk {
		chunk := im.Users[at:min(at+importChunk, len(im.Users))]
		seqs := make([]uint64, len(chunk))
		for i := range chunk {
			seqs[i] = stream.UserSeq(at + i + 1)
		}
		out, err := s.Users(ctx, im.ID, received, chunk, seqs)
		if err != nil {
			return nil, err
		}
		reply.Users.Accepted += out.Accepted
		reply.Users.Duplicate += out.Duplicate
		reply.Position = out.Position
		bar.set(int64(len(im.Items) + at + len(chunk)))
	}
	files := []string{""} // a line's file, by number; 0 is for items
	for at := 0; at < len(im.Events); at += importChunk {
		chunk := im.Events[at:min(at+importChunk, len(im.Events))]
		events, seqs := make([]freshet.Event, len(chunk)), make([]uint64, len(chunk))
		for i, e := range chunk {
			n := slices.Index(files, e.File)
			if n < 0 {
				n, files = len(files), append(files, e.File)
			}
			events[i], seqs[i] = e.Event, stream.Seq(n, e.Line)
		}
		out, err := s.Events(ctx, im.ID, received, events, seqs)
		if err != nil {
			return nil, err
		}
		reply.Accepted += out.Accepted
		reply.Duplicate += out.Duplicate
		reply.Late += out.Late
		reply.Position = out.Position
		for _, i := range out.Conflicts {
			reply.Refused++
			text := codec.AppendEvent(nil, &events[i])
			problem := codec.Problem{EventID: events[i].ID, Code: "id_conflict", Pointer: "/event_id", Line: chunk[i].Line,
				Message: "another event came earlier under this event_id, with other contents; the earlier one stands"}
			if err := im.Refuse(source.Refused{Problem: problem, File: chunk[i].File, Raw: text}); err != nil {
				return nil, err
			}
		}
		bar.set(int64(len(im.Items) + len(im.Users) + at + len(chunk)))
	}
	if reply.Position == 0 {
		reply.Position = s.Applied()
	}
	bar.done()
	return reply, nil
}

// keepRefused writes the refused lines beside the file they came from or, where that cannot
// be written, into the data directory, and returns the file's name.
func keepRefused(path, data string, refused []source.Refused) (string, error) {
	var text []byte
	for _, r := range refused {
		if !r.Cut {
			text = append(append(text, r.Raw...), '\n')
		}
	}
	beside := filepath.Clean(path)
	name, err := keepText(beside, text)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errReadOnly) {
		name, err = keepText(filepath.Join(data, filepath.Base(beside)), text)
	}
	return name, err
}

// maxRefusedFiles bounds how many files of refused lines one file has.
const maxRefusedFiles = 1000

// keepText writes lines that were refused to a file named for where they came from, .rejected.ndjson
// or .rejected-2.ndjson and so on, and returns its name. One that is there has been corrected, maybe,
// and is never written over; one with just this text will do.
func keepText(from string, text []byte) (string, error) {
	for n := 1; n <= maxRefusedFiles; n++ {
		name := from + ".rejected.ndjson"
		if n > 1 {
			name = fmt.Sprintf("%s.rejected-%d.ndjson", from, n)
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
		if errors.Is(err, fs.ErrExist) {
			if same, err := holdsText(name, text); same || err != nil {
				return name, err
			}
			continue
		}
		if err != nil {
			return name, err
		}
		_, err = f.Write(text)
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(name)) // a part of the lines would be taken for all of them
		}
		return name, err
	}
	return "", fmt.Errorf("there are %d files %s.rejected….ndjson, each with other lines; remove those that are done", maxRefusedFiles, from)
}

// holdsText reports whether a file holds a text and nothing else.
func holdsText(name string, text []byte) (same bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(text)) {
		return false, err
	}
	has, err := io.ReadAll(io.LimitReader(f, int64(len(text))+1))
	return bytes.Equal(has, text), err
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// afterRefusal says what to do about refused lines: a JSON line can be corrected and imported
// from where it is kept, a row of a data set means something only in its file.
func afterRefusal(im *source.Import, folder bool) string {
	cut := 0
	for _, r := range im.Refused {
		if r.Cut {
			cut++
		}
	}
	text := "correct them and import that file"
	if folder {
		text = "rows of a data set cannot be imported alone; send what they say with freshet send"
	}
	if cut > 0 {
		text += fmt.Sprintf(" (%s too long to keep)", plural(cut, "line"))
	}
	return text
}

func (a *app) printImport(reply *importReply, kept *lettersKept, data string) error {
	users := ""
	if n := reply.Users.Accepted + reply.Users.Duplicate; n > 0 {
		users = grouped(int64(n)) + " users · "
	}
	_, err := fmt.Fprintf(a.stdout, "%s accepted · %s duplicate · %s refused · %s items · %sposition %s\n",
		grouped(int64(reply.Accepted)), grouped(int64(reply.Duplicate)), grouped(int64(reply.Refused)), grouped(int64(reply.Items.Accepted+reply.Items.Duplicate)), users, reply.Position)
	if reply.Config != "" {
		a.say("%s says what the events mean; commands that name the directory go by it (freshet import --help)", reply.Config)
	}
	if reply.Refused == 0 {
		return err
	}
	a.say("refused lines are kept in %s; %s", reply.KeptAs, afterRefusal(kept.im, kept.folder))
	a.say("  and with their reasons as %s: freshet rejected list --data %s", kept.span(), data)
	a.sayRefused(kept.im)
	return err
}

// sayRefused tells the first refused lines.
func (a *app) sayRefused(im *source.Import) {
	const shown = 20
	for i, r := range im.Refused {
		if i == shown {
			fmt.Fprintf(a.stderr, "  … and %s more\n", grouped(int64(len(im.Refused)-shown)))
			break
		}
		fmt.Fprintf(a.stderr, "  %s line %d  %s  %s\n", r.File, r.Problem.Line, r.Problem.Code, r.Problem.Message)
	}
}

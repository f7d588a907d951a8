package fsys

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Mem is a file system in memory for tests. It remembers what was made durable and what was
// not, so that [Mem.Crash] can show the tree as a power cut might leave it. Use [NewMem].
type Mem struct {
	// Fail, when set, is asked before every operation; an error it returns becomes the
	// operation's. It is called without any lock held, so it may use the Mem. The operations are
	// open, edit, create, readdir, stat, rename, remove, mkdir, syncdir, lock, and on files read,
	// write, sync, truncate, size, close. For write, an error that wraps [io.ErrShortWrite] first
	// writes half of the bytes. A failed sync forgets what it should have written, as Linux does:
	// a later sync succeeds without it. Set Fail before the Mem is shared, and not again.
	Fail func(op, name string) error

	mu      sync.Mutex
	live    map[string]*node  // what programs see
	durable map[string]*node  // the names that survive a power cut
	pending []nameOp          // changes of names that did not reach durable yet, in order
	locks   map[string]string // note by name
}

// node is a file or directory. Its contents are durable or not on their own, whatever its name is.
type node struct {
	dir  bool
	data []byte   // what programs see
	base []byte   // what a power cut leaves for sure
	ops  []fileOp // what was done to data since base, in order
}

// fileOp is a write of data at off or, with data nil, a change of size to off.
type fileOp struct {
	off  int64
	data []byte
}

// nameOp is a change of names in one or two directories.
type nameOp struct {
	dirs     [2]string
	from, to string // remove: to == ""; create: from == ""
	node     *node
}

// NewMem returns an empty tree.
func NewMem() *Mem {
	root := &node{dir: true}
	return &Mem{
		live:    map[string]*node{".": root},
		durable: map[string]*node{".": root},
		locks:   map[string]string{},
	}
}

func (m *Mem) fail(op, name string) error {
	if m.Fail == nil {
		return nil
	}
	if err := m.Fail(op, name); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

// begin is the start of every operation on a name: check it, ask Fail, take the lock. The
// caller unlocks when the error is nil.
func (m *Mem) begin(op, name string) error {
	if err := check(op, name); err != nil {
		return err
	}
	if err := m.fail(op, name); err != nil {
		return err
	}
	m.mu.Lock()
	return nil
}

func refuse(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// apply changes names and remembers the change until a SyncDir of its directories.
func (m *Mem) apply(op nameOp) {
	op.dirs = [2]string{path.Dir(op.from), path.Dir(op.to)}
	if op.from == "" {
		op.dirs[0] = op.dirs[1]
	}
	if op.to == "" {
		op.dirs[1] = op.dirs[0]
	}
	op.on(m.live)
	m.pending = append(m.pending, op)
}

func (o nameOp) on(names map[string]*node) {
	if o.from != "" {
		delete(names, o.from)
	}
	if o.to == "" {
		return
	}
	names[o.to] = o.node
	if o.from == "" || !o.node.dir {
		return
	}
	for _, name := range slices.Collect(maps.Keys(names)) {
		if rest, ok := strings.CutPrefix(name, o.from+"/"); ok {
			names[o.to+"/"+rest] = names[name]
			delete(names, name)
		}
	}
}

// Open implements [FS].
func (m *Mem) Open(name string) (File, error) { return m.open("open", name, false) }

// Edit implements [FS].
func (m *Mem) Edit(name string) (File, error) { return m.open("edit", name, true) }

func (m *Mem) open(op, name string, write bool) (File, error) {
	if err := m.begin(op, name); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	n := m.live[name]
	if n == nil {
		return nil, refuse(op, name, fs.ErrNotExist)
	}
	if n.dir {
		return nil, refuse(op, name, syscall.EISDIR)
	}
	return &memFile{m: m, n: n, name: name, write: write}, nil
}

// Create implements [FS].
func (m *Mem) Create(name string) (File, error) {
	if err := m.begin("create", name); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	n := m.live[name]
	switch {
	case n != nil && n.dir:
		return nil, refuse("create", name, syscall.EISDIR)
	case n != nil:
		n.truncate(0)
	default:
		if dir := m.live[path.Dir(name)]; dir == nil || !dir.dir {
			return nil, refuse("create", name, fs.ErrNotExist)
		}
		n = &node{}
		m.apply(nameOp{to: name, node: n})
	}
	return &memFile{m: m, n: n, name: name, write: true}, nil
}

// ReadDir implements [FS].
func (m *Mem) ReadDir(name string) ([]Entry, error) {
	if err := m.begin("readdir", name); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	n := m.live[name]
	if n == nil {
		return nil, refuse("readdir", name, fs.ErrNotExist)
	}
	if !n.dir {
		return nil, refuse("readdir", name, syscall.ENOTDIR)
	}
	entries := []Entry{}
	for full, n := range m.live {
		if full != "." && path.Dir(full) == name {
			entries = append(entries, Entry{Name: path.Base(full), Dir: n.dir})
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, nil
}

// Stat implements [FS].
func (m *Mem) Stat(name string) (int64, error) {
	if err := m.begin("stat", name); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	n := m.live[name]
	if n == nil {
		return 0, refuse("stat", name, fs.ErrNotExist)
	}
	return int64(len(n.data)), nil
}

// Rename implements [FS].
func (m *Mem) Rename(from, to string) error {
	if err := check("rename", to); err != nil {
		return err
	}
	if err := m.begin("rename", from); err != nil {
		return err
	}
	defer m.mu.Unlock()
	n, target, dir := m.live[from], m.live[to], m.live[path.Dir(to)]
	switch {
	case n == nil, dir == nil || !dir.dir:
		return refuse("rename", from, fs.ErrNotExist)
	case from == to:
		return nil
	case from == "." || strings.HasPrefix(to, from+"/"):
		return refuse("rename", from, fs.ErrInvalid)
	case target != nil && (target.dir || n.dir):
		return refuse("rename", to, fs.ErrExist)
	}
	m.apply(nameOp{from: from, to: to, node: n})
	return nil
}

// Remove implements [FS].
func (m *Mem) Remove(name string) error {
	if err := m.begin("remove", name); err != nil {
		return err
	}
	defer m.mu.Unlock()
	n := m.live[name]
	switch {
	case n == nil:
		return refuse("remove", name, fs.ErrNotExist)
	case name == ".":
		return refuse("remove", name, fs.ErrInvalid)
	}
	for other := range m.live {
		if n.dir && strings.HasPrefix(other, name+"/") {
			return refuse("remove", name, syscall.ENOTEMPTY)
		}
	}
	m.apply(nameOp{from: name, node: n})
	return nil
}

// MkdirAll implements [FS].
func (m *Mem) MkdirAll(name string) error {
	if err := m.begin("mkdir", name); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' {
			continue
		}
		switch n := m.live[name[:i]]; {
		case n == nil:
			m.apply(nameOp{to: name[:i], node: &node{dir: true}})
		case !n.dir:
			return refuse("mkdir", name, syscall.ENOTDIR)
		}
	}
	return nil
}

// SyncDir implements [FS]. A change that concerns two directories is durable after either sync.
func (m *Mem) SyncDir(name string) error {
	if err := m.begin("syncdir", name); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if n := m.live[name]; n == nil || !n.dir {
		return refuse("syncdir", name, fs.ErrNotExist)
	}
	m.pending = slices.DeleteFunc(m.pending, func(op nameOp) bool {
		if !slices.Contains(op.dirs[:], name) {
			return false
		}
		op.on(m.durable)
		return true
	})
	return nil
}

type memLock struct {
	m    *Mem
	name string
}

// Lock implements [FS]. The file is made like any other; the lock itself lives in the Mem and
// is not part of a crash image.
func (m *Mem) Lock(name, note string) (Lock, error) {
	if err := m.begin("lock", name); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if held, taken := m.locks[name]; taken {
		return nil, &LockedError{Name: name, Note: held}
	}
	if m.live[name] == nil {
		if dir := m.live[path.Dir(name)]; dir == nil || !dir.dir {
			return nil, refuse("lock", name, fs.ErrNotExist)
		}
		m.apply(nameOp{to: name, node: &node{}})
	}
	m.locks[name] = note[:min(len(note), maxNoteBytes)]
	return &memLock{m: m, name: name}, nil
}

func (l *memLock) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	if _, held := l.m.locks[l.name]; !held {
		return fmt.Errorf("unlock %q: %w", l.name, fs.ErrClosed)
	}
	delete(l.m.locks, l.name)
	return nil
}

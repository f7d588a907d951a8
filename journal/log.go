package journal

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// Options say how to open a Log.
type Options struct {
	FS  fsys.FS          // where; required
	Now func() time.Time // for the lock's note and the date of a segment; required
	// SegmentBytes is the size at which a new segment is begun, in [4 KiB, 4 GiB]; 0 = 64 MiB. A
	// segment may be longer by one group.
	SegmentBytes int64
	// MaxPendingBytes bounds what may be appended and not durable yet, in [4 KiB, 4 GiB]; 0 = 64
	// MiB. WaitRoom waits below it; Append refuses at twice as much.
	MaxPendingBytes int64
	// BallastBytes is room kept aside, in a file beside the journal, to be given up when the disk
	// is full, so that what was taken can still be made safe; at most 4 GiB, 0 is none.
	BallastBytes int64
	// Relaxed acknowledges what the system has, and syncs in the background, some 20 times a
	// second: a power cut loses what was not synced. The end of the process loses nothing.
	Relaxed bool
	// Report, if given, is told when the disk becomes full, and with a nil error when it is not
	// any more; and of the failure that ends the Log, unless that comes while it closes and Close
	// returns it. It is called from the goroutines that write and sync.
	Report func(msg string, err error)
	// From is a position up to which the caller needs no record, because it has a state that was
	// made of them. Segments before the one that holds it are not read but for their headers and
	// their last groups, by which they are known to be there, whole in length and chained; a
	// Reader checks the rest when it gets there. 0 = everything is read. A journal that ends
	// before From is a [*BehindError].
	From freshet.Position
	// Note is shown to whoever finds the journal locked; "" = the process id and the time.
	Note string

	retry time.Duration // how often a full disk is tried again; 0 = fullRetry
}

const (
	minSizeBytes     = 4 << 10
	maxSizeBytes     = 4 << 30
	defaultSizeBytes = 64 << 20
)

func (o *Options) check() error {
	if o.FS == nil || o.Now == nil {
		return errors.New("journal: Options need FS and Now")
	}
	for _, size := range []struct {
		name string
		v    *int64
	}{{"SegmentBytes", &o.SegmentBytes}, {"MaxPendingBytes", &o.MaxPendingBytes}} {
		if *size.v == 0 {
			*size.v = defaultSizeBytes
		}
		if *size.v < minSizeBytes || *size.v > maxSizeBytes {
			return fmt.Errorf("journal: %s is %d, it must be in [%d, %d]", size.name, *size.v, minSizeBytes, int64(maxSizeBytes))
		}
	}
	if o.retry == 0 {
		o.retry = fullRetry
	}
	if o.BallastBytes < 0 || o.BallastBytes > maxSizeBytes {
		return fmt.Errorf("journal: BallastBytes is %d, it must be in [0, %d]", o.BallastBytes, int64(maxSizeBytes))
	}
	if o.Note == "" {
		o.Note = fmt.Sprintf("pid %d since %s", os.Getpid(), o.Now().UTC().Format(time.RFC3339))
	}
	return nil
}

// Log is the writer's end of a journal. All methods may be called from any goroutine.
type Log struct {
	disk    fsys.FS
	now     func() time.Time
	opts    Options
	lock    fsys.Lock
	id      journalID
	seed    uint32
	side    *sideMark     // the syncer's
	work    chan struct{} // wakes the writer; holds one token
	leaving chan struct{} // closed by Close
	dirty   chan struct{} // wakes the syncer; holds one token; closed by the writer when it ends
	wg      sync.WaitGroup
	once    sync.Once
	untidy  error // of the writer's end, for Close: what it could not remove, which the next Open will
	ended   error // what Close returns; valid after once

	// For those who do not hold mu: durable.at.position, last, and the stage that the records in
	// group will be.
	durableAt atomic.Uint64
	lastAt    atomic.Uint64
	gathering atomic.Pointer[stage]
	patience  *time.Timer // has those look again who wait for a stage; set off by the first record that waits

	makers     atomic.Int32 // who are at MakeRoom
	recovering sync.Mutex   // held for a try to take events again

	releasing sync.Mutex // one Release at a time; taken before mu

	mu        sync.Mutex
	group     []byte           // room for a mark, then the frames that wait for the writer
	kept      freshet.Position // where the journal begins
	last      freshet.Position // of the last record appended
	appended  int64            // bytes appended since Open
	written   gate
	durable   gate
	stages    []*stage                 // taken by the writer and not durable, in order
	hurry     freshet.Position         // somebody waits for this to be written, durable or not
	file      fsys.File                // the current segment, replaced by the writer only
	listeners []func(freshet.Position) // of OnSafe
	troubled  []func()                 // of OnTrouble
	failed    error                    // wraps ErrFailed; final
	full      error                    // wraps ErrNoSpace; nil while there is room
	looking   bool                     // patience is set
	still     int                      // looks since something became durable, while something waits for that
	closing   bool                     // no more appends
	closed    bool                     // and the goroutines are gone
}

// gate is a place in the log that moves forward and that goroutines wait for.
type gate struct {
	at    place
	bytes int64         // appended up to there, since Open
	moved chan struct{} // closed, and replaced, when the gate or the Log's state changes
}

// stage is a group on its way to the disk, and who waits for just that.
type stage struct {
	first, last freshet.Position // last is 0 while the group gathers
	done        chan struct{}    // closed when it is durable or the Log's state changes, or for lookAgain
}

// lookEvery is how often somebody is had look who waits for a stage, at whether they still want
// to, while nothing becomes durable. To wait for one channel costs half of what it costs to wait for
// either of two, and hundreds of goroutines do it a thousand times a second.
const lookEvery = 10 * time.Millisecond

func (g *gate) advance(at place, bytes int64) {
	g.at, g.bytes = at, bytes
	g.wake()
}

func (g *gate) wake() {
	close(g.moved)
	g.moved = make(chan struct{})
}

// Lock takes the writer's lock of the journal below disk without opening it, so that nobody writes to
// it until the lock is closed. The error is a [*fsys.LockedError] when somebody has it.
func Lock(disk fsys.FS, note string) (fsys.Lock, error) {
	lock, err := disk.Lock(lockName, note)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return lock, nil
}

// Open takes the writer's lock, verifies every byte of the journal from Options.From on, cuts a
// torn end and starts the Log; a journal that does not exist is made. Everything it holds is
// durable when Open returns. The cost is one read of what is verified, and two small reads of
// every segment before it.
//
// The error is a [*fsys.LockedError] when another writer has it, a [*CorruptError], a
// [*BehindError], wraps [ErrNewerFormat], or is one of the disk; then nothing is locked.
func Open(o Options) (*Log, Report, error) {
	if err := o.check(); err != nil {
		return nil, Report{}, err
	}
	lock, err := Lock(o.FS, o.Note)
	if err != nil {
		return nil, Report{}, err
	}
	l, report, err := open(o)
	if err != nil {
		return nil, report, errors.Join(err, lock.Close())
	}
	l.lock = lock
	w := &writer{Log: l}
	if w.ballast, err = holdBallast(o.FS, o.BallastBytes); err != nil {
		if !fsys.IsNoSpace(err) {
			return nil, report, errors.Join(fmt.Errorf("journal: keep a ballast: %w", err), l.file.Close(), l.side.file.Close(), lock.Close())
		}
		w.setFull(err)
	}
	l.wg.Go(w.write)
	l.wg.Go(l.sync)
	return l, report, nil
}

func open(o Options) (*Log, Report, error) {
	err := o.FS.MkdirAll(dirName)
	if err == nil {
		err = o.FS.SyncDir(".")
	}
	if err != nil {
		return nil, Report{}, fmt.Errorf("journal: %w", err)
	}
	v, err := verify(o.FS, o.From)
	if err != nil {
		return nil, v.report, wrap("open the journal", err)
	}
	file, side, err := repair(o.FS, &v, newID, o.Now().UnixMilli())
	if err != nil {
		return nil, v.report, wrap("open the journal", err)
	}
	l := &Log{
		disk: o.FS, now: o.Now, opts: o, id: v.side.id, seed: v.side.id.seed(), side: side, file: file,
		work: make(chan struct{}, 1), dirty: make(chan struct{}, 1), leaving: make(chan struct{}),
		group: make([]byte, headerBytes), last: v.end.position, kept: v.kept,
	}
	l.gathering.Store(&stage{first: v.end.position + 1, done: make(chan struct{})})
	l.durableAt.Store(uint64(v.end.position))
	l.lastAt.Store(uint64(v.end.position))
	l.written = gate{at: v.end, moved: make(chan struct{})}
	l.durable = gate{at: v.end, moved: make(chan struct{})}
	l.looking = true
	l.patience = time.AfterFunc(lookEvery, l.lookAgain)
	return l, v.report, nil
}

// wrap says what was done, unless the error speaks for itself.
func wrap(what string, err error) error {
	var corrupt *CorruptError
	var behind *BehindError
	if errors.As(err, &corrupt) || errors.As(err, &behind) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

func newID() (journalID, error) {
	var id journalID
	if _, err := crand.Read(id[:]); err != nil {
		return id, fmt.Errorf("draw a journal id: %w", err)
	}
	return id, nil
}

// Append fixes the order of recs after everything appended before, sets their Position, and
// returns the last one without waiting for the disk. Several goroutines' batches do not mix.
// Payloads are copied. An empty batch returns the last position of the log.
//
// On an error nothing was appended: it wraps ErrRecord, ErrBusy, ErrNoSpace, ErrFailed or
// ErrClosed.
func (l *Log) Append(recs []Record) (last freshet.Position, err error) {
	for i := range recs {
		if err := recs[i].check(); err != nil {
			return 0, fmt.Errorf("record %d of %d: %w", i+1, len(recs), err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.stopped(); err != nil {
		return 0, err
	}
	if l.appended-l.durable.bytes >= 2*l.opts.MaxPendingBytes {
		return 0, fmt.Errorf("%w: %d bytes wait for the disk", ErrBusy, l.appended-l.durable.bytes)
	}
	before := len(l.group)
	if !l.looking && len(recs) > 0 {
		l.looking = true // and not put off by groups that begin meanwhile: they may be written and not synced
		l.patience.Reset(lookEvery)
	}
	for i := range recs {
		l.last++
		recs[i].Position = l.last
		l.group = appendRecord(l.group, l.seed, &recs[i], l.last)
	}
	l.lastAt.Store(uint64(l.last))
	l.appended += int64(len(l.group) - before)
	if len(recs) > 0 && l.ripe() {
		signal(l.work)
	}
	return l.last, nil
}

// stopped returns why nothing more can be appended, nil if it can. l.mu is held.
func (l *Log) stopped() error {
	if l.failed != nil {
		return l.failed
	}
	if l.closing {
		return ErrClosed
	}
	return l.full
}

// signal leaves a token for a goroutine that will look at the state under the mutex.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// WaitRoom returns when less than MaxPendingBytes wait for the disk. The error wraps ErrFailed,
// ErrNoSpace, ErrStalled, ErrClosed, or both ErrBusy and ctx's.
func (l *Log) WaitRoom(ctx context.Context) error {
	for {
		l.mu.Lock()
		err, room, moved := l.stopped(), l.appended-l.durable.bytes < l.opts.MaxPendingBytes, l.durable.moved
		if err == nil {
			err = l.stalledFor(stallLooks)
		}
		l.mu.Unlock()
		if err != nil || room {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
		}
	}
}

// WaitWritten returns nil when the system has the record at p, so that it survives the end of
// this process but maybe not of the machine. p may be ahead of the log. The error wraps
// ErrFailed, ErrStalled, ErrClosed or ctx's.
func (l *Log) WaitWritten(ctx context.Context, p freshet.Position) error {
	l.mu.Lock()
	l.hurry = max(l.hurry, p)
	l.mu.Unlock()
	signal(l.work) // the writer may have held back
	return l.await(ctx, p, func() (freshet.Position, chan struct{}) { return l.written.at.position, l.written.moved })
}

// WaitDurable returns nil when the record at p, and so every one before it, is on the disk: an
// fdatasync that began after its write had returned has returned. p may be ahead of the log. The
// error wraps ErrFailed, ErrNoSpace, ErrStalled, ErrClosed or ctx's; the record may then be durable or
// not, and after ErrNoSpace or ErrStalled, which comes after two seconds, become so later.
func (l *Log) WaitDurable(ctx context.Context, p freshet.Position) error {
	if l.durableAt.Load() >= uint64(p) {
		return nil
	}
	if _, limited := ctx.Deadline(); !limited && ctx.Err() == nil {
		// A record that is on its way and in no stage before is of the one that gathers.
		if s := l.gathering.Load(); p >= s.first && p <= freshet.Position(l.lastAt.Load()) {
			<-s.done
			if l.durableAt.Load() >= uint64(p) {
				return nil
			}
		}
	}
	return l.await(ctx, p, func() (freshet.Position, chan struct{}) { return l.durable.at.position, l.stageOf(p) })
}

// lookAgain has those who wait for a stage look at whether they still want to.
func (l *Log) lookAgain() {
	l.mu.Lock()
	pending := !l.closed && l.appended > l.durable.bytes // else nobody waits for anything that is on its way
	l.looking = pending
	if pending {
		if l.countStill(); l.still > 1 { // else who waits was woken since the last look, or has hardly begun to
			l.wakeStages()
		}
		l.patience.Reset(lookEvery)
	}
	stalls := pending && l.still%stallLooks == 0 // again and again: somebody may have been let in just before
	l.mu.Unlock()
	if stalls {
		l.trouble()
	}
}

// stageOf returns what is closed when the record at p is durable, or at the latest when as much
// is that whoever waits should look again. l.mu is held.
func (l *Log) stageOf(p freshet.Position) chan struct{} {
	for i := range l.stages {
		if l.stages[i].last >= p {
			return l.stages[i].done
		}
	}
	return l.gathering.Load().done
}

// publish makes it known that everything up to a place is durable. l.mu is held.
func (l *Log) publish(to place, bytes int64) {
	l.durableAt.Store(uint64(to.position))
	l.still = 0
	l.durable.advance(to, bytes)
	n := 0
	for n < len(l.stages) && l.stages[n].last <= to.position {
		close(l.stages[n].done)
		n++
	}
	l.stages = append(l.stages[:0], l.stages[n:]...)
}

// wakeAll has everyone who waits look at the Log's state again. l.mu is held.
func (l *Log) wakeAll() {
	l.written.wake()
	l.durable.wake()
	l.wakeStages()
}

// wakeStages has everyone look again who waits for a stage. l.mu is held.
func (l *Log) wakeStages() {
	for i, s := range l.stages {
		close(s.done)
		l.stages[i] = &stage{first: s.first, last: s.last, done: make(chan struct{})} // for those who go on waiting
	}
	s := l.gathering.Load()
	if s.done == noMore {
		return
	}
	next := &stage{first: s.first, done: make(chan struct{})}
	if l.failed != nil || l.closed {
		next.done = noMore
	}
	l.gathering.Store(next)
	close(s.done)
}

// noMore is what they wait for who come when nothing becomes durable any more.
var noMore = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// await returns when the place that look tells, with what is closed when it should be called
// again, has come to p. look is called with l.mu held.
func (l *Log) await(ctx context.Context, p freshet.Position, look func() (freshet.Position, chan struct{})) error {
	for {
		l.mu.Lock()
		at, moved := look()
		err := l.failed
		if err == nil && l.closed {
			err = ErrClosed
		}
		if err == nil {
			err = l.full
		}
		if err == nil {
			err = l.stalledFor(giveUpLooks)
		}
		l.mu.Unlock()
		if at >= p {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-moved:
			if l.durableAt.Load() >= uint64(p) {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("wait for position %d of the journal: %w", p, ctx.Err())
		}
	}
}

// WaitSafe is WaitDurable, or in a relaxed log WaitWritten: what an acknowledgement waits for.
func (l *Log) WaitSafe(ctx context.Context, p freshet.Position) error {
	if l.opts.Relaxed {
		return l.WaitWritten(ctx, p)
	}
	return l.WaitDurable(ctx, p)
}

// Safe is the last position that may be acknowledged: Durable, or in a relaxed log what is written.
func (l *Log) Safe() freshet.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.safe().at.position
}

func (l *Log) safe() *gate {
	if l.opts.Relaxed {
		return &l.written
	}
	return &l.durable
}

// Relaxed reports that an acknowledgement does not mean that the disk has it.
func (l *Log) Relaxed() bool { return l.opts.Relaxed }

// OnSafe has f called with the position of Safe each time it has grown, from one goroutine, in
// order. That goroutine writes or syncs: f must return at once and may not call Close. Records
// that were safe before are not announced again.
func (l *Log) OnSafe(f func(freshet.Position)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listeners = append(l.listeners, f)
}

// OnTrouble has f called, from any goroutine, after the Log has failed, found its disk full or been
// closed, and now and then while it is stalled: whoever waits by other means than its methods should
// wait by them now.
func (l *Log) OnTrouble(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.troubled = append(l.troubled, f)
}

// trouble calls those who asked for it. l.mu is not held.
func (l *Log) trouble() {
	l.mu.Lock()
	troubled := l.troubled
	l.mu.Unlock()
	for _, f := range troubled {
		f()
	}
}

// Durable returns the last durable position, 0 when nothing is.
func (l *Log) Durable() freshet.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.durable.at.position
}

// Last returns the last position given, durable or not.
func (l *Log) Last() freshet.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Pending returns how many bytes were appended and are not durable yet.
func (l *Log) Pending() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.appended - l.durable.bytes
}

// Err returns the failure that ended the Log, wrapping ErrFailed, or nil.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// fail ends the Log with its first failure and wakes everyone.
func (l *Log) fail(cause error) {
	l.mu.Lock()
	var told error
	if l.failed == nil {
		l.failed = fmt.Errorf("%w: %w", ErrFailed, cause)
		if !l.closing && l.opts.Report != nil {
			told = l.failed
		}
	}
	l.wakeAll()
	signal(l.work)
	l.mu.Unlock()
	l.trouble()
	if told != nil {
		l.opts.Report("no events are taken until a restart; slates are still served", told)
	}
}

// Close makes everything appended durable, ends the goroutines and frees the lock. Later calls
// return what the first one did. After a failure it returns that failure.
func (l *Log) Close() error {
	l.once.Do(func() { l.ended = l.close() })
	return l.ended
}

func (l *Log) close() error {
	close(l.leaving)
	l.mu.Lock()
	l.closing = true
	l.durable.wake() // for WaitRoom
	signal(l.work)
	l.mu.Unlock()
	l.wg.Wait()
	l.releasing.Lock() // a Release under way ends before the lock is free
	defer l.releasing.Unlock()
	if l.Err() == nil { // then everything written is durable, and nobody else is here
		err := l.seal(l.written.at)
		if err == nil {
			err = l.side.sync()
		}
		if err != nil {
			l.fail(err)
		}
	}
	err := errors.Join(l.Err(), l.untidy, l.file.Close(), l.side.file.Close(), l.lock.Close())
	l.mu.Lock()
	l.closed = true
	l.wakeAll()
	l.patience.Stop()
	l.mu.Unlock()
	l.trouble()
	return err
}

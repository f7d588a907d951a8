package fold_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/snapshot"
	"github.com/freshet-rec/freshet/store/mem"
)

// small is a state that is made in a moment, with a section of every loss.
func small(t testing.TB) *fold.State {
	t.Helper()
	s, err := fold.New(fold.Options{Kinds: freshet.BuiltinEvents(), MaxFuture: freshet.Minute, NewTable: mem.New, Watch: 2,
		Features: []feature.Definition{{Name: "clicks", Key: []string{"user", "item.category"}, On: []string{"click"}, Agg: feature.Count}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// goldenStates are the states in the snapshots that releases wrote.
func goldenStates(t testing.TB) (list [][]byte) {
	t.Helper()
	for version := 1; version <= fold.StateVersion; version++ {
		disk, err := fsys.Existing(fmt.Sprintf("../snapshot/testdata/golden/v%d-%d/small", snapshot.FormatVersion, version))
		if err != nil {
			t.Fatal(err)
		}
		infos, err := snapshot.List(disk)
		if err != nil || len(infos) != 1 {
			t.Fatalf("state version %d: %d snapshots, %v", version, len(infos), err)
		}
		s, _, err := snapshot.Read(disk, infos[0].Position)
		if err != nil {
			t.Fatal(err)
		}
		data, ok := s.Part("state")
		if !ok {
			t.Fatalf("state version %d: the snapshot has no state", version)
		}
		list = append(list, data)
		if err := disk.Close(); err != nil {
			t.Error(err)
		}
	}
	return list
}

// FuzzReadPacked: heads that are taken are those that the same bytes are packed from. Nothing panics, or
// takes memory out of proportion to the bytes.
func FuzzReadPacked(f *testing.F) {
	for _, data := range goldenStates(f) {
		f.Add(data)
	}
	f.Add(packed(small(f)))
	f.Add([]byte("\x01" + "\x00" + "\x81\x00" + "\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00")) // no name, and a version longer than it need be
	s := small(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		former, err := fold.ReadPacked(data)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(1<<20+32*len(data)) {
			t.Fatalf("%d bytes take %d", len(data), took)
		}
		if err != nil {
			return
		}
		again := former.Bytes()
		if len(again) > len(data) || len(again) == len(data) && !bytes.Equal(again, data) { // a uint may be longer than it need be
			t.Fatalf("packed again %x is %x", data, again)
		}
		same, err := fold.ReadPacked(again)
		if err != nil || same.Form() != former.Form() || !bytes.Equal(same.Bytes(), again) {
			t.Fatalf("packed again %x is %x, which is read as %x: %v", data, again, same.Bytes(), err)
		}
		_, _ = s.Lacks(former) // what a start asks next
	})
}

// FuzzCarry: a section with other bytes is refused, or is part of a state that packs to bytes which are
// that state. Nothing panics.
func FuzzCarry(f *testing.F) {
	p, live := &player{rng: rand.New(rand.NewPCG(5, 5)), now: t0}, small(f)
	for range 60 {
		live.Apply(p.next(f))
	}
	whole, err := fold.ReadPacked(packed(live))
	if err != nil {
		f.Fatal(err)
	}
	for i, data := range whole.Datas() {
		f.Add(uint(i), data)
	}
	f.Fuzz(func(t *testing.T, section uint, data []byte) {
		former, err := fold.ReadPacked(packed(live))
		if err != nil {
			t.Fatal(err)
		}
		former.Replace(section, data)
		if former, err = fold.ReadPacked(former.Bytes()); err != nil {
			t.Fatal(err)
		}
		carried := small(t)
		if carried.Carry(former, p.last, nil, 1) != nil {
			return
		}
		text, restored := packed(carried), small(t)
		r := pack.NewReader(text)
		if restored.Unpack(r); r.Done() != nil {
			t.Fatalf("what was taken is packed as %x, which is refused: %v", text, r.Done())
		}
		if !bytes.Equal(packed(restored), text) {
			t.Fatalf("what was taken is packed as %x, and filled and packed again as %x", text, packed(restored))
		}
	})
}

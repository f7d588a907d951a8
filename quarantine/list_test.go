package quarantine

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

var journalID = [16]byte{1, 2, 3}

func read(t *testing.T, disk fsys.FS) *List {
	t.Helper()
	l, err := Read(disk, journalID)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAListIsWhatWasAdded(t *testing.T) {
	disk := fsys.NewMem()
	l := read(t, disk)
	if len(l.Records()) != 0 || l.Until(9) != "" {
		t.Errorf("an empty list has %v", l.Records())
	}
	for _, p := range []freshet.Position{70, 7, 30, 30} {
		if err := l.Add(disk, Record{Position: p, Stage: Apply, Reason: "it panics", Crashes: int(p), Since: 5, Letter: "rej-1"}); err != nil {
			t.Fatal(err)
		}
	}
	l = read(t, disk)
	if len(l.Records()) != 3 || l.Until(6) != "" || l.Until(30) != "7 apply\n30 apply\n" {
		t.Errorf("%+v, until 30 %q", l.Records(), l.Until(30))
	}
	if r, ok := l.Find(30); !ok || r.Crashes != 30 || r.Reason != "it panics" {
		t.Errorf("found %+v, %v", r, ok)
	}
	if _, ok := l.Find(31); ok {
		t.Error("found what is not there")
	}
	if _, err := Read(disk, [16]byte{9}); !errors.As(err, new(*DamagedError)) {
		t.Errorf("read for another journal: %v", err)
	}
}

// TestAListThatIsFullReads: however long its reasons are in the file, what Add took is read again.
func TestAListThatIsFullReads(t *testing.T) {
	disk := fsys.NewMem()
	l := read(t, disk)
	l.records = make([]Record, MaxRecords-2)
	for i := range l.records {
		l.records[i] = Record{Position: freshet.Position(i + 1), Stage: Apply, Reason: strings.Repeat("<", maxReason)}
	}
	if err := l.Add(disk, Record{Position: MaxRecords, Stage: Apply}); !errors.Is(err, ErrTooMany) {
		t.Errorf("added to a list that is too long: %v", err)
	}
	l.records = l.records[:300]
	if err := l.Add(disk, Record{Position: MaxRecords, Stage: Apply, Reason: strings.Repeat("é", maxReason)}); err != nil {
		t.Fatal(err)
	}
	if r, ok := read(t, disk).Find(MaxRecords); !ok || r != l.Records()[300] {
		t.Errorf("read %q, %v", r.Reason, ok)
	}
	if err := l.Add(disk, Record{Position: MaxRecords + 1, Stage: Apply, Reason: strings.Repeat("x€", maxReason)}); err != nil {
		t.Fatal(err)
	}
	if r, _ := read(t, disk).Find(MaxRecords + 1); r != l.Records()[301] {
		t.Errorf("read %q, it was %q", r.Reason, l.Records()[301].Reason)
	}
}

// TestAListThatIsBentIsRefused changes each byte, and cuts the file at each.
func TestAListThatIsBentIsRefused(t *testing.T) {
	disk := fsys.NewMem()
	if err := read(t, disk).Add(disk, Record{Position: 7, Stage: Decode, Reason: "it does not decode"}); err != nil {
		t.Fatal(err)
	}
	text, err := fsys.ReadFile(disk, FileName, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		bent := append([]byte(nil), text...)
		bent[i] ^= 4
		for _, bad := range [][]byte{bent, text[:i]} {
			if err := fsys.Replace(disk, FileName, bad); err != nil {
				t.Fatal(err)
			}
			if _, err := Read(disk, journalID); !errors.As(err, new(*DamagedError)) {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
}

// TestACrashLeavesOneListOrTheOther cuts the power at every file operation of an addition.
func TestACrashLeavesOneListOrTheOther(t *testing.T) {
	for at := 1; ; at++ {
		disk := fsys.NewMem()
		if err := read(t, disk).Add(disk, Record{Position: 7, Stage: Apply}); err != nil {
			t.Fatal(err)
		}
		n, dice := 0, rand.New(rand.NewPCG(uint64(at), 1))
		var left *fsys.Mem
		disk.Fail = func(string, string) error {
			if n++; n < at {
				return nil
			}
			if left == nil {
				left = disk.Crash(dice)
			}
			return errors.New("the power is gone")
		}
		l := &List{journal: read(t, disk.Clone()).journal, records: []Record{{Position: 7, Stage: Apply}}}
		err := l.Add(disk, Record{Position: 9, Stage: Apply})
		if left == nil {
			if err != nil {
				t.Fatal(err)
			}
			if at < 5 {
				t.Errorf("only %d operations", at)
			}
			return
		}
		got := read(t, left).Until(100)
		if got != "7 apply\n" && got != "7 apply\n9 apply\n" || err == nil && got != "7 apply\n9 apply\n" {
			t.Errorf("after a crash at operation %d (%v) the list is %q", at, err, got)
		}
	}
}

func TestAListHasABound(t *testing.T) {
	disk := fsys.NewMem()
	l := read(t, disk)
	for p := range MaxRecords {
		l.records = append(l.records, Record{Position: freshet.Position(p + 1), Stage: Apply})
	}
	if err := l.Add(disk, Record{Position: 5000, Stage: Apply}); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	if err := l.Add(disk, Record{Position: 5, Stage: Decode}); err != nil {
		t.Errorf("one that is there: %v", err)
	}
}

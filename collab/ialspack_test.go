package collab

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/internal/pack"
)

func TestIALSPacked(t *testing.T) {
	model, m := someIALS(t, 50, 30, 21)
	var w pack.Writer
	model.Pack(&w)
	w.Text("what follows")
	r := pack.NewReader(w.Bytes)
	back, err := UnpackIALS(r)
	if err != nil || r.Text() != "what follows" || r.Done() != nil {
		t.Fatal(err, r.Done())
	}
	a, b := make([]float32, 30), make([]float32, 30)
	for u := range m.Users {
		model.Score(a, m.Row(u))
		back.Score(b, m.Row(u))
		if !slices.Equal(a, b) {
			t.Fatalf("user %d scores otherwise", u)
		}
	}
	var again pack.Writer
	back.Pack(&again)
	if !bytes.HasPrefix(w.Bytes, again.Bytes) || back.Len() != 30 || back.Dim() != 21 {
		t.Error("packed again there are other bytes")
	}
}

// TestIALSDamaged: no bit may be another, and nothing may be missing.
func TestIALSDamaged(t *testing.T) {
	model, _ := someIALS(t, 9, 7, 3)
	var w pack.Writer
	model.Pack(&w)
	for i := range w.Bytes {
		for bit := range 8 {
			bad := bytes.Clone(w.Bytes)
			bad[i] ^= 1 << bit
			r := pack.NewReader(bad)
			if _, err := UnpackIALS(r); err == nil && r.Done() == nil {
				t.Fatalf("bit %d of byte %d changed nothing", bit, i)
			}
		}
		if _, err := UnpackIALS(pack.NewReader(w.Bytes[:i])); !errors.Is(err, pack.ErrDamaged) {
			t.Fatalf("cut off at %d: %v", i, err)
		}
	}
}

// FuzzUnpackIALS holds that whatever is taken for a model is one: it packs, unpacks to the same, and
// scores. Fuzzed is the body, behind a checksum that is right.
func FuzzUnpackIALS(f *testing.F) {
	model, _ := someIALS(f, 9, 7, 3)
	var w pack.Writer
	model.Pack(&w)
	f.Add(pack.NewReader(w.Bytes).Blob())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		var w, again, third pack.Writer
		seal(&w, body)
		back, err := UnpackIALS(pack.NewReader(w.Bytes))
		if err != nil {
			return
		}
		back.Pack(&again)
		same, err := UnpackIALS(pack.NewReader(again.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		if same.Pack(&third); !bytes.Equal(again.Bytes, third.Bytes) {
			t.Fatal("packed again there are other bytes")
		}
		back.Score(make([]float32, back.Len()), []uint32{0, 1, 99})
	})
}

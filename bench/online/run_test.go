package online

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	result, err := Run(t.Context(), Options{Slates: 200, Seed: 7, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Lines) != len(Kinds()) {
		t.Fatalf("%d lines", len(result.Lines))
	}
	for i, kind := range Kinds() {
		if l := result.Lines[i]; l.Metric != "update_"+kind || !(l.Value > 0) || l.Limits[0] != asked {
			t.Errorf("%+v", l)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for _, o := range []Options{{Slates: 100}, {Slates: 1, Now: time.Now}} {
		if _, err := Run(t.Context(), o); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Options{Slates: 100, Now: time.Now}); !errors.Is(err, context.Canceled) {
		t.Errorf("of a context that has ended: %v", err)
	}
}

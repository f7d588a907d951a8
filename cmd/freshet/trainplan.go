package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/stream"
)

// Where a training keeps what it needs to go on when it is cut off. All of it is gone once the
// training is over.
const (
	trainingDir  = "training"
	trainingLock = trainingDir + "/LOCK"
	planName     = trainingDir + "/plan.json"
	rowsDir      = trainingDir + "/rows"
	maxPlanBytes = 1 << 20
)

// plan says what a training is of and how far it has come. A training that is cut off and begun again
// with the same options and configuration goes on with the stage it was in, on the same records, and
// comes to the same models, byte by byte.
type plan struct {
	Key   string           `json:"key"`   // of the options and what is configured
	Until freshet.Position `json:"until"` // the last record
	Rows  bool             `json:"rows"`  // they are made and sealed
	Like  learn.Likeness   `json:"like"`  // of them, then
	// Next are the versions that models become, noted before they are saved, which is at once: a model
	// is done when there is that version.
	Next map[string]int `json:"next"`
}

// done is the version that was made of a model, 0 for none yet.
func (p *plan) done(disk fsys.FS, model string) int {
	v := p.Next[model]
	if v == 0 {
		return 0
	}
	if m, err := registry.Find(disk, model, v); err != nil || m.Until != p.Until {
		return 0
	}
	return v
}

// keep saves a model as the version that the plan says.
func (p *plan) keep(disk fsys.FS, m registry.Manifest, model registry.Model, now time.Time) (registry.Manifest, error) {
	next, err := registry.Next(disk, m.Model)
	if err != nil {
		return m, err
	}
	p.Next[m.Model] = next
	if err := p.save(disk); err != nil {
		return m, err
	}
	return registry.Save(disk, m, model, now)
}

// keyOf names what a training is of.
func keyOf(parts ...any) (string, error) {
	text, err := json.Marshal(parts)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// openPlan returns the plan of a training that was cut off, if its key is that, or else a new one.
// There is one training of a data directory at a time.
func openPlan(disk fsys.FS, key string, anew bool) (p *plan, lock fsys.Lock, err error) {
	if err := disk.MkdirAll(trainingDir); err != nil {
		return nil, nil, err
	}
	if lock, err = disk.Lock(trainingLock, "freshet train"); err != nil {
		if errors.As(err, new(*fsys.LockedError)) {
			err = &failure{code: exitInUse, err: fmt.Errorf("another training is under way: %w", err), hint: "wait until it is over"}
		}
		return nil, nil, err
	}
	p = &plan{}
	text, err := fsys.ReadFile(disk, planName, maxPlanBytes)
	if err == nil && !anew && json.Unmarshal(text, p) == nil && p.Key == key && p.Next != nil {
		return p, lock, nil
	}
	return &plan{Key: key, Next: map[string]int{}}, lock, nil
}

// save makes what the plan says last.
func (p *plan) save(disk fsys.FS) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return fsys.Replace(disk, planName, text)
}

// removePlan removes the plan of a training that is over.
func removePlan(disk fsys.FS) error {
	if err := disk.Remove(planName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return disk.SyncDir(trainingDir)
}

// eachUntil visits every durable record that is not passed over, decoded, up to a position; 0 is the
// last.
func eachUntil(ctx context.Context, disk fsys.FS, until freshet.Position, visit func(*journal.Record, *stream.Entry) error) error {
	_, err := eachEntry(ctx, disk, func(rec *journal.Record, e *stream.Entry) error {
		if until != 0 && rec.Position > until {
			return errEnough
		}
		return visit(rec, e)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

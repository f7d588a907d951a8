package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
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
	Done  map[string]int   `json:"done"`  // versions saved, by model
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
	if err == nil && !anew && json.Unmarshal(text, p) == nil && p.Key == key {
		return p, lock, nil
	}
	return &plan{Key: key, Done: map[string]int{}}, lock, nil
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

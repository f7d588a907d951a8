package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/trial"
)

// keptRanker puts a version of a model to the trial as it was kept: it learns nothing.
type keptRanker struct{ ranker }

// Lesson implements trial.Learner.
func (*keptRanker) Lesson(*trial.Moment, []recall.Candidate, uint32) func() error { return nil }

// isVersion reports that what is compared is a version such as lr@2, and no file.
func isVersion(text string) bool {
	_, err := namedVersion(text, "")
	return err == nil && !strings.ContainsAny(text, `/\.`)
}

// keptVersion reads a version of a ranker in the data directory, for rows as the configuration makes
// them.
func keptVersion(cfg *config.Config, text string) (b *registry.Bundle, err error) {
	v, err := namedVersion(text, "")
	if err != nil {
		return nil, err
	}
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return nil, dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	refuse := func(format string, args ...any) error {
		return &failure{code: exitFailed, err: fmt.Errorf("--compare %s: "+format, append([]any{shownID(text)}, args...)...),
			hint: "freshet models list --data " + cfg.Data + " shows what is kept; --data names the directory"}
	}
	if b, err = registry.Load(disk, v.name, v.version); err != nil {
		return nil, refuse("%w", err)
	}
	if b.Ranker == nil {
		return nil, refuse("it is no ranker")
	}
	state, err := fold.New(foldOptions(cfg))
	if err != nil {
		return nil, err
	}
	if why := b.Ranker.Schema().Differs(state.RowNames()); why != "" {
		return nil, refuse("it was trained on other fields: %s", why)
	}
	if b.Definitions != state.Definitions {
		return nil, refuse("it was trained on features that had the same names and other definitions")
	}
	return b, nil
}

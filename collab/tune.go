package collab

import (
	"context"
	"fmt"

	"github.com/freshet-rec/freshet/eval"
)

// TuneOptions say how Tune judges. The zero value of a field stands for its default.
type TuneOptions struct {
	Share   float64     // of each user's pairs that are held out, in (0, 0.5]; 0 is 0.1
	K       int         // where lists are cut, at least 1; 0 is 20
	Users   int         // how many users are asked at most, at least 1; 0 is 4000
	Seed    uint64      // of what is held out, of who is asked, and of training
	Workers int         // goroutines, at least 1; 0 is 1. It changes no bit
	Tried   func(Trial) // is told of each trial, from the goroutine that called Tune; nil is nobody
}

// Trial is one setting of a method and what it was worth on the held-out pairs.
type Trial struct {
	Method   string
	Settings string // for people: name=value, with blanks between
	Recall   float64
	NDCG     float64
}

// worth is what settings are chosen by: both measures count alike.
func (t *Trial) worth() float64 { return t.Recall + t.NDCG }

// Tuned is a method with the settings that did best.
type Tuned struct {
	Trial
	// Train trains it on a matrix, such as the one that pairs were held out of.
	Train func(ctx context.Context, m *Matrix) (Model, error)
}

// Methods are the names that Tune knows, each with its own search; "blend" searches all, but for
// whichever of ease and local goes less with the size of the matrix, and then for their weights in a
// sum; "itemitem" is the blend of those that are linear, in the form in which it is served.
func Methods() []string {
	return []string{"popular", "itemcf", "ease", "local", "spectral", "ials", "blend", "itemitem"}
}

// Blends reports that a method is made of others.
func Blends(method string) bool { return method == "blend" || method == "itemitem" }

// EASEMost is how many items there may be at most for TrainEASE to be tried by itself: 8192 take
// 256 MiB and half a teraflop each time. TuneEASEMost is where Tune refuses to try it at all.
const (
	EASEMost     = 8192
	TuneEASEMost = 32768
)

// Tune holds pairs of a matrix out, tries methods with different settings on what is left, and
// returns the best settings of each method, in the order of methods. What it finds depends on the
// matrix, the options and the methods, and neither on Workers nor on time. It fails with the
// context's error, and where a method is unknown or does not go with the matrix.
func Tune(ctx context.Context, m *Matrix, o TuneOptions, methods ...string) ([]*Tuned, error) {
	if o.Share == 0 {
		o.Share = 0.1
	}
	if o.K == 0 {
		o.K = 20
	}
	if o.Users == 0 {
		o.Users = 4000
	}
	o.Workers = max(1, o.Workers)
	if !(o.Share > 0 && o.Share <= 0.5) || o.K < 1 || o.Users < 1 {
		return nil, fmt.Errorf("tune: share %v, lists of %d, %d users; shares are in (0, 0.5], the others at least 1", o.Share, o.K, o.Users)
	}
	t := &tuner{o: o, judge: newJudge(m, &o), known: map[string]*tunedModel{}}
	if len(t.judge.asked) == 0 {
		return nil, fmt.Errorf("tune: no user took two items, so nothing can be held out")
	}
	var tuned []*Tuned
	for _, method := range methods {
		found, err := t.method(ctx, method)
		if err != nil {
			return nil, fmt.Errorf("tune %s: %w", method, err)
		}
		tuned = append(tuned, &found.Tuned)
	}
	return tuned, nil
}

// tuner is one call of Tune.
type tuner struct {
	o     TuneOptions
	judge *judge
	known map[string]*tunedModel // by method
}

// tunedModel is a Tuned and its model of the kept pairs.
type tunedModel struct {
	Tuned
	model Model
}

// method searches a method, once.
func (t *tuner) method(ctx context.Context, name string) (*tunedModel, error) {
	if found := t.known[name]; found != nil {
		return found, nil
	}
	var found *tunedModel
	var err error
	switch name {
	case "popular":
		found, err = t.popular(ctx)
	case "itemcf":
		found, err = t.itemCF(ctx)
	case "ease":
		found, err = t.ease(ctx)
	case "local":
		found, err = t.local(ctx)
	case "spectral":
		found, err = t.spectral(ctx)
	case "ials":
		found, err = t.ials(ctx)
	case "blend":
		found, err = t.blend(ctx, name, append(append([]string{"popular"}, t.linear()...), "ials"))
	case "itemitem":
		found, err = t.itemItem(ctx)
	default:
		err = fmt.Errorf("there is no such method, only %v", Methods())
	}
	if err != nil {
		return nil, err
	}
	t.known[name] = found
	return found, nil
}

// try measures a model and tells of it.
func (t *tuner) try(ctx context.Context, method, settings string, model Model) (Trial, error) {
	lists, err := t.judge.measure(ctx, model)
	return t.tell(method, settings, lists), err
}

func (t *tuner) tell(method, settings string, lists eval.Lists) Trial {
	trial := Trial{Method: method, Settings: settings, Recall: lists.Recall, NDCG: lists.NDCG}
	if t.o.Tried != nil {
		t.o.Tried(trial)
	}
	return trial
}

// better keeps in best the better of two; an earlier one stays where they are worth the same.
func better(best **tunedModel, next *tunedModel) {
	if *best == nil || next.worth() > (*best).worth() {
		*best = next
	}
}

// linear are the methods whose scores are sums over a history, so that a blend of them is one too, by
// the size of the matrix.
func (t *tuner) linear() []string {
	ridge := "local"
	if t.judge.kept.Items <= EASEMost {
		ridge = "ease"
	}
	return []string{"itemcf", ridge, "spectral"}
}

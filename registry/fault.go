package registry

import (
	"fmt"
	"strings"

	"github.com/freshet-rec/freshet"
)

// Fault is why a bundle must not be live, or is no bundle.
type Fault struct {
	Code string // one of those below: stable
	Text string // what is wrong, and where
}

// Error makes a Fault an error.
func (f *Fault) Error() string { return f.Code + ": " + f.Text }

// The codes of faults.
const (
	Checksum            = "checksum"              // the files are not those that were written
	Format              = "format"                // what they hold is of a form that this release does not know
	NonFinite           = "non_finite"            // a number of the model is none, or it makes none of a row
	Range               = "range"                 // a number of the model is beyond its bound
	SchemaDiffers       = "schema"                // it was trained on other fields than rows have here
	NotGolden           = "golden"                // it does not make of rows what it made of them at its training
	TooSlow             = "too_slow"              // it takes too long for the candidates of a request
	TooBig              = "too_big"               // it takes too much memory
	Constant            = "constant"              // it says the same of all candidates
	OneItem             = "one_item"              // it puts one item first for everyone
	Inverted            = "inverted"              // it puts last what others put first
	Shifted             = "shifted"               // its probabilities are others than what happens
	WorseThanLive       = "worse_than_live"       // it ranks worse than what is live
	WorseThanRecall     = "worse_than_recall"     // it ranks worse than the order of recall
	WorseThanPopularity = "worse_than_popularity" // it ranks, or proposes, worse than what is popular
	Unfit               = "unfit_model"           // its training says that it is of no use
	BadName             = "bad_model_name"        // no model can have this name
)

func faultf(code, format string, args ...any) *Fault {
	return &Fault{Code: code, Text: fmt.Sprintf(format, args...)}
}

// reserved are names that some system has for devices, whatever follows a dot.
const reserved = " con prn aux nul com0 com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9 "

// maxNameBytes bounds the name of a model: with what is appended to it, it is the name of a file.
const maxNameBytes = 100

// CheckName says what is wrong with the name of a model, nil for nothing: a name is one element of a
// path on every system. The code of the fault is BadName.
func CheckName(model string) *Fault {
	base, _, _ := strings.Cut(model, ".")
	switch {
	case freshet.CheckID(model) != nil:
		return faultf(BadName, "%.40q is not a model name: one has 1 to %d bytes of UTF-8, is not blank and has no control characters", model, maxNameBytes)
	case len(model) > maxNameBytes:
		return faultf(BadName, "a model name has at most %d bytes, this one %d", maxNameBytes, len(model))
	case strings.ContainsAny(model, `/\:*?"<>|`) || strings.HasPrefix(model, ".") || strings.HasSuffix(model, ".") || strings.TrimSpace(model) != model:
		return faultf(BadName, "%q is not a model name: it is a folder on every system, so it has none of / \\ : * ? \" < > |, and begins and ends with neither dot nor space", model)
	case strings.Contains(reserved, " "+strings.ToLower(base)+" "):
		return faultf(BadName, "%q is not a model name: some systems have it for a device", model)
	}
	return nil
}

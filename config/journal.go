package config

import (
	"strconv"

	"github.com/freshet-rec/freshet"
)

// What an acknowledgement means.
const (
	DurabilityFsync   = "fsync"   // the event is on disk
	DurabilityRelaxed = "relaxed" // the system has the event; a power cut may take the last tenth of a second
)

// Bounds of the journal's settings.
const (
	MaxRetainMiB  = 1 << 30 // a pebibyte
	LongestRetain = 100 * 365 * freshet.Day
	MaxBallastMiB = 1 << 10

	defaultBallastMiB = 16
)

// Journal says how the journal uses its disk.
type Journal struct {
	BallastMiB int `json:"ballast_mib"` // kept on disk to be given up when it is full, 0 to MaxBallastMiB
	Retain     Retain
}

// Retain says how much of the journal stays; with neither set, all of it. Whole files go, only
// what lies before the oldest snapshot kept, and never the file that is written. What is gone
// cannot be folded again under a changed configuration.
type Retain struct {
	MiB int              `json:"mib"` // so much of the newest records at least, 0 to MaxRetainMiB; 0 is no bound
	Age freshet.Duration // records at least as young, 0 to LongestRetain; 0 is no bound; what breaks either bound goes
}

func (d *decoder) journal(path string, n *node) {
	j := &d.cfg.Journal
	d.fields(path, n, schema{keys: map[string]func(string, *node){
		"ballast_mib": d.integer(&j.BallastMiB, 0, MaxBallastMiB),
		"retain": func(path string, n *node) {
			d.fields(path, n, schema{keys: map[string]func(string, *node){
				"mib": d.integer(&j.Retain.MiB, 0, MaxRetainMiB),
				"age": d.duration(&j.Retain.Age, 0, LongestRetain),
			}})
		},
	}})
}

func journalSettings(j Journal) []setting {
	return []setting{{"ballast_mib", strconv.Itoa(j.BallastMiB)}, {"retain", inline(retainSettings(j.Retain))}}
}

func retainSettings(r Retain) []setting {
	return []setting{{"mib", strconv.Itoa(r.MiB)}, {"age", r.Age.String()}}
}

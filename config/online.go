package config

import (
	"strconv"

	"github.com/freshet-rec/freshet"
)

// Bounds of the online update's settings.
const (
	LeastOnlineWindow   = freshet.Minute
	LongestOnlineWindow = 24 * freshet.Hour

	defaultOnlineWindow = 30 * freshet.Minute
)

// Ranker says how candidates are ranked.
type Ranker struct {
	Online Online
}

// Online says whether the ranker that is live learns from what is shown and clicked.
type Online struct {
	Enabled bool
	Window  freshet.Duration // in which a click is credited to what was shown, LeastOnlineWindow to LongestOnlineWindow
}

// laterRankerKeys are the keys of the ranker designed but not built.
var laterRankerKeys = []string{"kind", "fallback", "fields", "objective"}

func (d *decoder) ranker(path string, n *node) {
	d.fields(path, n, schema{later: laterRankerKeys, keys: map[string]func(string, *node){"online": d.online}})
}

func (d *decoder) online(path string, n *node) {
	o := &d.cfg.Ranker.Online
	d.fields(path, n, schema{keys: map[string]func(string, *node){
		"enabled": d.switchInto(&o.Enabled),
		"window":  d.duration(&o.Window, LeastOnlineWindow, LongestOnlineWindow),
	}})
}

func rankerSettings(r Ranker) []setting {
	return []setting{{"online", inline(onlineSettings(r.Online))}}
}

func onlineSettings(o Online) []setting {
	return []setting{{"enabled", strconv.FormatBool(o.Enabled)}, {"window", o.Window.String()}}
}

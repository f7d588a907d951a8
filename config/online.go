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

// Online says whether the ranker that is live learns from what is shown and clicked.
type Online struct {
	Enabled bool
	Window  freshet.Duration // in which a click is credited to what was shown, LeastOnlineWindow to LongestOnlineWindow
}

func (d *decoder) online(path string, n *node) {
	o := &d.cfg.Ranker.Online
	d.fields(path, n, schema{keys: map[string]func(string, *node){
		"enabled": d.switchInto(&o.Enabled),
		"window":  d.duration(&o.Window, LeastOnlineWindow, LongestOnlineWindow),
	}})
}

func onlineSettings(o Online) []setting {
	return []setting{{"enabled", strconv.FormatBool(o.Enabled)}, {"window", o.Window.String()}}
}

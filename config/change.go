package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Restart lists, in the order of the file, what differs between c and another configuration beside
// the features: a server comes to that only by a restart. Each is the path of a setting and, where
// they are short, its values: "listen: 127.0.0.1:3737 → 127.0.0.1:80".
func (c *Config) Restart(other *Config) (list []string) {
	was, now := c.top(), other.top()
	for i := range was {
		if was[i].value != now[i].value {
			list = append(list, fmt.Sprintf("%s: %s → %s", was[i].key, was[i].value, now[i].value))
		}
	}
	if !maps.Equal(c.Events, other.Events) {
		list = append(list, "events")
	}
	if !slices.Equal(c.Recall, other.Recall) {
		list = append(list, "recall")
	}
	if !reflect.DeepEqual(c.Scenes, other.Scenes) {
		list = append(list, "scenes")
	}
	return list
}

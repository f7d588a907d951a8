package config

import (
	"fmt"
	"strings"

	"github.com/freshet-rec/freshet"
)

// Overridable lists the paths that [Config.Override] accepts.
func Overridable() []string {
	return []string{"listen", "data", "strict_events", "lateness", "max_future"}
}

// Override sets one value from outside the file, under the rules of the file except that
// ${NAME} is not expanded. origin is who asks, such as "flag --listen" or "variable
// FRESHET_LISTEN": it begins the error and becomes the path's origin. After an error c is
// as it was.
func (c *Config) Override(path, value, origin string) error {
	fault, hint := c.override(path, value)
	if fault != "" {
		if hint != "" {
			fault += "; " + hint
		}
		return fmt.Errorf("%s: %s", origin, oneLine(fault))
	}
	c.setOrigin(path, origin)
	return nil
}

func (c *Config) override(path, value string) (fault, hint string) {
	if path == "listen" || path == "data" {
		if fault := checkText(value, ""); fault != "" {
			return path + " " + fault, ""
		}
	}
	switch path {
	case "listen":
		if fault, hint = checkListen(value); fault == "" {
			c.Listen = value
		}
	case "data":
		c.Data = value
	case "strict_events":
		return c.overrideStrict(value)
	case "lateness":
		return overrideDuration(&c.Lateness, path, value, LongestLateness)
	case "max_future":
		return overrideDuration(&c.MaxFuture, path, value, LongestMaxFuture)
	default:
		return fmt.Sprintf("%s can be set in the file only", quote(path)),
			"from outside there are " + strings.Join(Overridable(), ", ")
	}
	return fault, hint
}

func overrideDuration(dst *freshet.Duration, path, value string, high freshet.Duration) (fault, hint string) {
	d, fault, hint := durationIn(path, value, 0, high)
	if fault == "" {
		*dst = d
	}
	return fault, hint
}

func (c *Config) overrideStrict(value string) (fault, hint string) {
	if value != "true" && value != "false" {
		return fmt.Sprintf("strict_events is %s", quote(value)), "write true or false"
	}
	if value == "true" {
		for _, f := range c.Features {
			for _, names := range [][]string{f.On, f.Of, f.Per} {
				for _, name := range names {
					if _, known := c.Events[name]; !known {
						return fmt.Sprintf("strict_events is true but feature %q names the unknown event %s", f.Name, quote(name)),
							"add it under events"
					}
				}
			}
		}
	}
	c.StrictEvents = value == "true"
	return "", ""
}

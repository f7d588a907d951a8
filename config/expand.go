package config

import (
	"fmt"
	"regexp"
	"strings"
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${NAME} by the environment's NAME and $${ by ${. What a variable holds
// is not expanded again. Any other $ stands for itself.
func expand(s string, env func(string) (string, bool)) (out, fault, hint string) {
	var b strings.Builder
	for s != "" {
		switch {
		case strings.HasPrefix(s, "$${"):
			b.WriteString("${")
			s = s[3:]
		case strings.HasPrefix(s, "${"):
			name, rest, closed := strings.Cut(s[2:], "}")
			if !closed || !variableName.MatchString(name) {
				return "", fmt.Sprintf("has %s, which names no variable", quote(s[:len(s)-len(rest)])),
					"write ${NAME}, or $${ for a plain ${"
			}
			value, set := "", false
			if env != nil {
				value, set = env(name)
			}
			if !set {
				return "", fmt.Sprintf("needs ${%s}, which is not set in the environment", name), ""
			}
			b.WriteString(value)
			s = rest
		default:
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return b.String(), "", ""
}

// escape is the inverse of expand for text that names no variable.
func escape(s string) string { return strings.ReplaceAll(s, "${", "$${") }

// variables lists the names that expand would look up, in order.
func variables(s string) []string {
	var names []string
	_, _, _ = expand(s, func(name string) (string, bool) {
		names = append(names, name)
		return "", true
	})
	return names
}

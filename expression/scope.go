package expression

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/expr-lang/expr/ast"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/nearest"
)

// name compiles a word that stands alone: a feature.
func (c *compiler) name(n *ast.IdentifierNode) value {
	word := n.Value
	switch word {
	case "item", "user", "context", "ctx", "event", "features":
		if c.where && word == "features" {
			break
		}
		if (!c.where || c.eventless) && word == "event" {
			return c.noEvent(n)
		}
		return c.fail(n, "write "+word+".<name>", "%s is not a value by itself", word)
	}
	if functions[word] != (function{}) && c.features[word] == 0 {
		return c.fail(n, "write "+word+"(…)", "%s is a function", word)
	}
	if !c.where {
		return c.feature(n, word)
	}
	if c.eventless {
		return c.fail(n, "a rule reads item, user and context", "unknown name %s", quote(word))
	}
	hint := "where reads event, item, user and context, no features"
	if near := nearest.Word(word, eventFields()); near != "" {
		hint = fmt.Sprintf("did you mean event.%s?", near)
	}
	return c.fail(n, hint, "unknown name %s", quote(word))
}

func (c *compiler) noEvent(n ast.Node) value {
	if c.eventless {
		return c.fail(n, "", "a rule reads no event; it is about items, before anything was done to them")
	}
	return c.fail(n, "", "a derived feature reads no event; event belongs to where")
}

// feature reads a feature out of the row.
func (c *compiler) feature(n ast.Node, name string) value {
	at := n.Location().From
	kind, known := c.features[name]
	if !known {
		return c.failAt(at, c.suggest(name), "unknown feature %s", quote(name))
	}
	i := 0
	if c.index != nil {
		i = c.index(name)
	}
	switch kind {
	case Number:
		return value{kind: Number, number: func(r *Row) float64 { return r.Numbers[i] }}
	case Text:
		return value{kind: Text, text: func(r *Row) string { return r.Texts[i] }}
	case Either:
		return value{kind: Either, scalar: func(r *Row) scalar {
			if t := r.Texts[i]; t != "" {
				return scalar{kind: Text, text: t}
			}
			return numberScalar(r.Numbers[i])
		}}
	}
	return c.failAt(at, "", "feature %s is a list; an expression reads numbers and texts", quote(name))
}

// suggest is the hint for an unknown name in a derived feature.
func (c *compiler) suggest(name string) string {
	known := slices.Concat(slices.Sorted(maps.Keys(c.features)), []string{"item", "user", "context"})
	near := nearest.Word(name, known)
	switch {
	case near == "":
		return ""
	case c.features[near] != 0:
		return fmt.Sprintf("did you mean %s?", FeatureText(near))
	}
	return fmt.Sprintf("did you mean %s.<name>?", near)
}

// member compiles of.name and of["name"].
func (c *compiler) member(n *ast.MemberNode) value {
	of, isName := n.Node.(*ast.IdentifierNode)
	if !isName {
		return c.fail(n, "", "only item, user, context and event have names to read, and those have none below them")
	}
	property, isText := n.Property.(*ast.StringNode)
	switch {
	case n.Optional:
		return c.fail(n, "write . instead: what is absent is no value anyway", "?. is not part of this language")
	case !isText || property.Value == "":
		return c.fail(n.Property, fmt.Sprintf("write %s.<name> or %s[\"name\"]", of.Value, of.Value), "a name must be written out")
	}
	name := property.Value
	switch of.Value {
	case "item":
		return c.itemField(name)
	case "user":
		return userField(name)
	case "context", "ctx":
		return value{kind: Either, scalar: func(r *Row) scalar { return scalarOf(r.Context[name]) }}
	case "event":
		if !c.where || c.eventless {
			return c.noEvent(n)
		}
		if field, known := events[name]; known {
			return field
		}
		hint := "there are " + words(eventFields())
		if near := nearest.Word(name, eventFields()); near != "" {
			hint = fmt.Sprintf("did you mean event.%s?", near)
		} else if name == "context" {
			hint = "write context.<name>"
		}
		return c.fail(property, hint, "event has no %s", quote(name))
	case "features":
		if !c.where {
			return c.feature(property, name)
		}
	}
	known := []string{"item", "user", "context", "ctx"}
	if c.where && !c.eventless {
		known = append(known, "event")
	} else if !c.where {
		known = append(known, "features")
	}
	hint := "names are read of item, user and context"
	if near := nearest.Word(of.Value, known); near != "" {
		hint = fmt.Sprintf("did you mean %s.%s?", near, name)
	}
	return c.fail(n, hint, "%s has no names to read", quote(of.Value))
}

func eventFields() []string { return slices.Sorted(maps.Keys(events)) }

// events are the fields of an event.
var events = map[string]value{
	"name":       eventText(func(e *freshet.Event) string { return e.Name }),
	"query":      eventText(func(e *freshet.Event) string { return e.Query }),
	"user_id":    eventText(func(e *freshet.Event) string { return string(e.User) }),
	"item_id":    eventText(func(e *freshet.Event) string { return string(e.Item) }),
	"session_id": eventText(func(e *freshet.Event) string { return e.Session }),
	"value":      eventNumber(func(e *freshet.Event) (float64, bool) { return e.Value, e.HasValue }),
	"rank":       eventNumber(func(e *freshet.Event) (float64, bool) { return float64(e.Rank), e.Rank != 0 }),
	"ts_ms":      eventNumber(func(e *freshet.Event) (float64, bool) { return float64(e.Time), true }),
}

func eventText(of func(*freshet.Event) string) value {
	return value{kind: Text, text: func(r *Row) string { return of(r.event) }}
}

func eventNumber(of func(*freshet.Event) (float64, bool)) value {
	return value{kind: Number, number: func(r *Row) float64 {
		if x, has := of(r.event); has {
			return finite(x)
		}
		return math.NaN()
	}}
}

// itemField reads a word of the catalogue, and any other name in the item's attributes.
func (c *compiler) itemField(name string) value {
	switch name {
	case "id":
		return itemText(func(i *freshet.Item) string { return string(i.ID) })
	case "title":
		return itemText(func(i *freshet.Item) string { return i.Title })
	case "category":
		return itemText(func(i *freshet.Item) string {
			if len(i.Categories) == 0 {
				return ""
			}
			return i.Categories[0]
		})
	case "categories":
		return itemTexts(func(i *freshet.Item) []string { return i.Categories })
	case "tags":
		return itemTexts(func(i *freshet.Item) []string { return i.Tags })
	case "price":
		return value{kind: Number, number: func(r *Row) float64 {
			if r.Item == nil || !r.Item.HasPrice {
				return math.NaN()
			}
			return finite(r.Item.Price)
		}}
	case "published_ms":
		return value{kind: Number, number: func(r *Row) float64 {
			switch {
			case r.Item != nil && r.Item.HasPublished:
				return float64(r.Item.Published)
			case r.Born != 0:
				return float64(r.Born)
			}
			return math.NaN()
		}}
	}
	return value{kind: Either, scalar: func(r *Row) scalar {
		if r.Item == nil {
			return scalar{}
		}
		return scalarOf(r.Item.Attributes[name])
	}}
}

func itemText(of func(*freshet.Item) string) value {
	return value{kind: Text, text: func(r *Row) string {
		if r.Item == nil {
			return ""
		}
		return of(r.Item)
	}}
}

func itemTexts(of func(*freshet.Item) []string) value {
	return value{kind: List, list: members{field: func(r *Row) ([]string, bool) {
		if r.Item == nil {
			return nil, false
		}
		return of(r.Item), true
	}}}
}

func userField(name string) value {
	if name == "id" {
		return value{kind: Text, text: func(r *Row) string {
			if r.User == nil {
				return ""
			}
			return string(r.User.ID)
		}}
	}
	return value{kind: Either, scalar: func(r *Row) scalar {
		if r.User == nil {
			return scalar{}
		}
		return scalarOf(r.User.Attributes[name])
	}}
}

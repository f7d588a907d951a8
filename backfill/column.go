package backfill

import (
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/freshet-rec/freshet/feature"
)

// The prefixes of the columns that hold a feature.
const (
	numberPrefix = "feature." // and texts and lists, of features that are nothing else
	textPrefix   = "text."    // texts of features that are now a number and now a text
)

// holds says what a feature's values are.
type holds uint8

const (
	numbers holds = iota
	texts
	lists
	either // numbers or texts
)

// holdsOf says what the values of a definition are.
func holdsOf(d *feature.Definition) holds {
	switch {
	case d.Expr != "":
		return either
	case d.Agg == feature.LastK:
		return lists
	case d.Agg == feature.Last && (d.Field == "item" || d.Field == "query"):
		return texts
	case d.Agg == feature.Last && strings.HasPrefix(d.Field, "context."):
		return either
	}
	return numbers
}

// column is one top-level column of a file, in the file's order.
type column struct {
	name   string
	node   parquet.Node
	leaves int // 2 for a list, else 1
	value  func(r *Row) parquet.Value
	list   func(r *Row) *feature.Value // instead of value
}

// table is a Parquet group that keeps its columns in order; a [parquet.Group] sorts them by name.
type table struct {
	parquet.Group
	names []string
}

// Fields implements parquet.Node.
func (t table) Fields() []parquet.Field {
	byName := map[string]parquet.Field{}
	for _, f := range t.Group.Fields() {
		byName[f.Name()] = f
	}
	fields := make([]parquet.Field, len(t.names))
	for i, name := range t.names {
		fields[i] = byName[name]
	}
	return fields
}

func text() parquet.Node {
	return parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
}
func double() parquet.Node { return parquet.Optional(parquet.Leaf(parquet.DoubleType)) }
func whole() parquet.Node  { return parquet.Optional(parquet.Int(64)) }
func truth() parquet.Node  { return parquet.Optional(parquet.Leaf(parquet.BooleanType)) }

// entries are a list of struct{item_id, ts_ms}.
func entries() parquet.Node {
	return parquet.Optional(parquet.List(table{
		parquet.Group{"item_id": parquet.Encoded(parquet.String(), &parquet.RLEDictionary), "ts_ms": parquet.Int(64)},
		[]string{"item_id", "ts_ms"},
	}))
}

package registry

import "github.com/freshet-rec/freshet/rank"

// Schema says what a ranker reads, for people: nobody needs its file to tell.
type Schema struct {
	Form   string  `json:"form"` // lr, fm or deepfm
	Fields []Field `json:"fields"`
}

// Field is one field of a ranker.
type Field struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Weights int    `json:"weights"`
}

// schemaOf is that of a model that is kept, nil for what does not rank.
func schemaOf(model Model) *Schema {
	switch m := model.(type) {
	case *Exemplified:
		return schemaOf(m.Model)
	case *rank.Ranker:
		return SchemaOf(m)
	}
	return nil
}

// SchemaOf is that of a ranker.
func SchemaOf(r *rank.Ranker) *Schema {
	s := &Schema{Form: r.Kind()}
	for i := range r.Schema().Fields {
		f := &r.Schema().Fields[i]
		s.Fields = append(s.Fields, Field{f.Name, string(f.Kind), f.Weights()})
	}
	return s
}

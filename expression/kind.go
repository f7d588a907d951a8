package expression

// Kind is what a value is.
type Kind int

// The kinds that a feature may have. The zero Kind is none of them.
const (
	Number Kind = iota + 1 // a float64
	Text                   // a text that is not empty
	List                   // a list; of a feature it can not be read by an expression
	Either                 // a number or a text, known only when it is read
	truth                  // yes, no or no value
	absent                 // the literal nil
)

// String names the kind for people, as in "it is a number".
func (k Kind) String() string {
	return [...]string{"unknown", "a number", "a text", "a list", "a number or a text", "a truth value", "nil"}[k]
}

// Package expression is the one small language in which the configuration says which events
// count (where) and what follows from other features (expr). Its grammar is a part of that of
// github.com/expr-lang/expr, whose parser it uses; what it means is written here, so that every
// expression is bounded, deterministic and clear about what is absent.
//
//	where, err := expression.CompileWhere(`event.value > 3 && item.category == "shoes"`)
//	where.True(&event, item, user)
//
//	kinds := map[string]expression.Kind{"clicks": expression.Number, "ctr": expression.Number}
//	derived, err := expression.CompileDerived("log1p(clicks) * ctr", kinds)
//	bound := derived.Bind(func(name string) int { return place[name] })
//	number, text, null := bound.Value(&row)
//
// # No value
//
// What is absent is no value: an unknown item or user, a missing attribute, an event without a
// rank, an empty text, a feature that is null, a number that is not finite. One rule says the
// rest: what needs a value that is not there has no value itself. So with no price
//
//	item.price > 3       has no value, and so have
//	!(item.price > 3)    and item.price in [3, 4], item.price + 1, log1p(item.price)
//	item.price == nil    is true, item.price != nil is false: they always have a value
//	item.price ?? 0      is 0
//
// && and || need only what decides them: false && x is false and true || x is true whatever x
// is, on either side; otherwise they have no value when one side has none. c ? a : b needs c and
// then only the one it chooses. A where is true when its value is true, and false when that is
// false or none. A derived feature without a value is null.
//
// What fails has no value either: x / 0, sqrt(-1), exp(1000), a text where a number is needed.
// The last is an error at compile time unless an attribute or the context is involved, whose kinds
// nobody knows before; two such values of different kinds are not equal.
//
// # Numbers
//
// All are float64, and each operation whose result is not finite has no value. A truth value is 1
// or 0 where a number is needed, and as a derived feature; a number is never a truth value.
//
// The scope, the functions and examples are in docs/expressions.md. Left out on purpose: loops,
// variables, regular expressions, methods, the clock and randomness. All time is the row's, or the
// event's.
package expression

package expression_test

import (
	"fmt"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/expression"
)

// A condition on something absent is not true, and neither is its opposite.
func ExampleCompileWhere() {
	dear, err := expression.CompileWhere(`event.name == "click" && item.price > 100`)
	if err != nil {
		fmt.Println(err)
		return
	}
	click := &freshet.Event{Name: "click", Item: "shoe"}
	fmt.Println(dear.True(click, &freshet.Item{ID: "shoe", Price: 120, HasPrice: true}, nil))
	fmt.Println(dear.True(click, nil, nil))

	_, err = expression.CompileWhere("item.price > '100'")
	fmt.Println(err)
	// Output:
	// true
	// false
	// 1:14: the left side is a number, this is a text: they are never equal and have no order
}

func ExampleCompileDerived() {
	kinds := map[string]expression.Kind{"clicks": expression.Number, "ctr": expression.Number}
	appeal, err := expression.CompileDerived("cross(item.category, bucketize(log1p(clicks) * ctr, [0.5, 1, 2]))", kinds)
	if err != nil {
		fmt.Println(err)
		return
	}
	places := map[string]int{"clicks": 0, "ctr": 1}
	bound := appeal.Bind(func(name string) int { return places[name] })
	_, text, null := bound.Value(&expression.Row{
		Numbers: []float64{20, 0.4},
		Item:    &freshet.Item{Categories: []string{"shoes", "sale"}},
	})
	fmt.Println(appeal.Uses(), text, null)

	_, err = expression.CompileDerived("log1p(click) * ctr", kinds)
	fmt.Println(err)
	// Output:
	// [clicks ctr] shoes|2 false
	// 1:7: unknown feature "click"; did you mean clicks?
}

package expression

import "testing"

func BenchmarkDerived(b *testing.B) {
	p := readPage(b)
	kinds, index, row := p.world.features()
	for _, text := range []string{"log1p(clicks) * ctr", "clicks > 5 ? bucketize(ctr, [0.1, 0.5]) : 0", "cross(item.category, hour())"} {
		d, err := CompileDerived(text, kinds)
		if err != nil {
			b.Fatal(err)
		}
		bound := d.Bind(index)
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bound.Value(row)
			}
		})
	}
}

func BenchmarkWhere(b *testing.B) {
	p := readPage(b)
	w, err := CompileWhere("event.value > 1 && item.price < 200 && user.plan == 'gold'")
	if err != nil {
		b.Fatal(err)
	}
	e, item, user := p.world.event(), p.world.item(), p.world.user()
	b.ReportAllocs()
	for b.Loop() {
		w.True(e, item, user)
	}
}

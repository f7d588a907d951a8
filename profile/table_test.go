package profile_test

import (
	"bytes"
	"iter"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/backfill"
	"github.com/freshet-rec/freshet/profile"
	"github.com/freshet-rec/freshet/stream"
)

// shop is a journal of two visitors and two books, with something in every column.
func shop() *profile.Fold {
	f := profile.New(profile.Options{Kinds: freshet.BuiltinEvents()})
	f.Apply(&stream.Entry{User: &freshet.User{ID: "ada", Attributes: map[string]any{"plan": "gold"}}})
	f.Apply(&stream.Entry{Received: 5, Item: &freshet.Item{ID: "b-1", Categories: []string{"crime"}, Price: 12, HasPrice: true, Attributes: map[string]any{"author": "N. Li"}}})
	f.Apply(&stream.Entry{Received: 5, Item: &freshet.Item{ID: "b-2", Categories: []string{"crime"}, Price: 20, HasPrice: true}})
	for i, e := range []freshet.Event{
		{Name: "expose", User: "ada", Item: "b-1", Rank: 1}, {Name: "expose", User: "ada", Item: "b-2", Rank: 2}, {Name: "click", User: "ada", Item: "b-1", Rank: 1},
		{Name: "purchase", User: "ada", Item: "b-1"}, {Name: "click", Session: "s", Item: "b-1"}, {Name: "search", Session: "t"},
	} {
		e.Time = int64(i+1) * int64(freshet.Hour)
		f.Apply(&stream.Entry{Event: &e})
	}
	return f
}

// flat is of an Item what is in structs of its own: the reader of files tells no null within these.
type flat struct {
	Item     string          `parquet:"item_id"`
	Clicks   int64           `parquet:"clicks"`
	Visitors int64           `parquet:"visitors"`
	Repeat   *float64        `parquet:"repeat_share,optional"`
	Audience []profile.Group `parquet:"audience,list"`
	CTR      *float64        `parquet:"ctr,optional"`
	Lift     *float64        `parquet:"lift,optional"`
	Engage   *float64        `parquet:"engage_rate,optional"`
	Convert  *float64        `parquet:"convert_rate,optional"`
	Negative *float64        `parquet:"negative_rate,optional"`
}

// table writes rows as a file, and returns them, what can be read of it, and its columns.
func table[T, R any](t *testing.T, seq iter.Seq[T]) (rows []T, read []R, columns []string) {
	t.Helper()
	rows = slices.Collect(seq)
	file := bytes.Buffer{}
	n, err := backfill.WriteTable(&file, func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	})
	if err != nil || n != len(rows) {
		t.Fatalf("%d rows of %d are written: %v", n, len(rows), err)
	}
	if read, err = parquet.Read[R](bytes.NewReader(file.Bytes()), int64(file.Len())); err != nil {
		t.Fatal(err)
	}
	opened, err := parquet.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range opened.Schema().Fields() {
		columns = append(columns, field.Name())
	}
	return rows, read, columns
}

func TestTablesHoldTheRows(t *testing.T) {
	users, readUsers, userColumns := table[profile.User, profile.User](t, shop().Users())
	items, readItems, itemColumns := table[profile.Item, flat](t, shop().Items())
	for i := range readUsers {
		if len(readUsers[i].Tastes) == 0 {
			readUsers[i].Tastes = nil // as a list of nothing is read
		}
	}
	if !reflect.DeepEqual(users, readUsers) {
		t.Errorf("users are\n%+v, read as\n%+v", users, readUsers)
	}
	for i, row := range items {
		want := flat{row.Item, row.Clicks, row.Visitors, row.Repeat, append([]profile.Group{}, row.Audience.Audience...), row.CTR, row.Lift, row.EngageRate, row.ConvertRate, row.NegativeRate}
		if !reflect.DeepEqual(want, readItems[i]) {
			t.Errorf("item %+v is read as %+v", row, readItems[i])
		}
	}
	if len(users) != 3 || users[0].Kind != "session" || users[2].User != "ada" || *users[2].PricePercentile != 0.25 {
		t.Errorf("users are %+v", users)
	}
	if len(items) != 2 || items[0].Visitors != 2 || *items[0].Repeat != 0.5 || items[0].Audience.Audience[0].Value != "gold" || *items[0].Lift != 1 {
		t.Errorf("items are %+v", items)
	}
	text, err := os.ReadFile("../docs/formats/profiles.md")
	if err != nil {
		t.Fatal(err)
	}
	_, ofUsers, _ := strings.Cut(string(text), "## users.parquet")
	ofUsers, ofItems, _ := strings.Cut(ofUsers, "## items.parquet")
	if told := tableColumns(ofUsers); !slices.Equal(told, userColumns) {
		t.Errorf("columns of users.parquet: described are %v, there are %v", told, userColumns)
	}
	if told := tableColumns(ofItems); !slices.Equal(told, itemColumns) {
		t.Errorf("columns of items.parquet: described are %v, there are %v", told, itemColumns)
	}
}

// tableColumns are the names in the first cells of a Markdown table.
func tableColumns(text string) (names []string) {
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(text, -1) {
		for _, name := range strings.Split(row[1], ", ") {
			names = append(names, strings.Trim(name, "`"))
		}
	}
	return names
}

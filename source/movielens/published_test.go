package movielens

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/source"
)

// published opens a data set kept beside the repository. It may not be part of it, so
// without it the test is skipped, except on a build server, which must have it.
func published(t *testing.T, name string) fs.FS {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the data set %s is not at ../shared/data beside the repository: %v", name, err)
		}
		t.Skipf("the data set %s is not at ../shared/data beside the repository", name)
	}
	return os.DirFS(dir)
}

func TestPublishedDataSets(t *testing.T) {
	cases := []struct {
		name                                 string
		layout                               Layout
		events, items, users, rated, refused int
		told                                 int   // users that a file tells of
		first, last                          int64 // seconds
	}{
		{"ml-100k", Classic, 100_000, 1682, 943, 1682, 0, 943, 874724710, 893286638},
		{"ml-latest-small", Latest, 100_004, 9125, 671, 9066, 0, 0, 789652009, 1476640644},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := published(t, c.name)
			if layout, ok := Detect(dir); layout != c.layout || !ok {
				t.Fatalf("detected %q, %v", layout, ok)
			}
			im, err := Read(context.Background(), dir, now, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(im.Events) != c.events || len(im.Items) != c.items || len(im.Refused) != c.refused {
				t.Fatalf("%d events, %d items, %d refused, want %d, %d, %d; the first refused: %+v",
					len(im.Events), len(im.Items), len(im.Refused), c.events, c.items, c.refused, append(im.Refused, source.Refused{})[0])
			}
			if len(im.Users) != c.told {
				t.Errorf("%d users are told of, want %d", len(im.Users), c.told)
			}
			if first, last := im.Events[0].Time, im.Events[len(im.Events)-1].Time; first != c.first*1000 || last != c.last*1000 {
				t.Errorf("times %d to %d ms, want %d to %d s", first, last, c.first, c.last)
			}
			users, rated, lines := map[freshet.UserID]bool{}, map[freshet.ItemID]bool{}, map[int]bool{}
			rules := codec.Rules{Kinds: freshet.BuiltinEvents(), Now: now, MaxFuture: maxAhead}
			likes := 0
			for i := range im.Events {
				e := &im.Events[i]
				checkEvent(t, &e.Event)
				users[e.User], rated[e.Item], lines[e.Line] = true, true, true
				if e.Name == "like" {
					likes++
				}
				if i%1000 == 0 {
					if _, problems := codec.DecodeEvent(codec.AppendEvent(nil, &e.Event), &rules); len(problems) > 0 {
						t.Errorf("event %+v: %v", e, problems)
					}
				}
			}
			if len(users) != c.users || len(rated) != c.rated || len(lines) != c.events {
				t.Errorf("%d users, %d films rated, %d lines, want %d, %d, %d", len(users), len(rated), len(lines), c.users, c.rated, c.events)
			}
			if likes < c.events/3 || likes > 2*c.events/3 {
				t.Errorf("%d of %d ratings are likes", likes, c.events)
			}
			years := 0
			for _, item := range im.Items {
				if item.Attributes["year"] != nil {
					years++
				}
			}
			if years < c.items-10 {
				t.Errorf("%d of %d films have a year", years, c.items)
			}
		})
	}
}

package movielens

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/source"
)

// now is the time of every import in these tests, in milliseconds.
const now = 1_800_000_000_000

func folder(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

const genres = "unknown|0\nAction|1\nDrama|2\n\n"

func classic(items, data string) fstest.MapFS {
	return folder(map[string]string{"u.genre": genres, "u.item": items, "u.data": data})
}

func visitors(users, data string) fstest.MapFS {
	dir := classic("", data)
	dir["u.user"] = &fstest.MapFile{Data: []byte(users)}
	return dir
}

func latest(movies, ratings string) fstest.MapFS {
	return folder(map[string]string{"movies.csv": movies, "ratings.csv": ratings})
}

const (
	movieHeader  = "movieId,title,genres\n"
	ratingHeader = "userId,movieId,rating,timestamp\n"
)

// told is an import in words, one line each.
func told(im *source.Import) string {
	var b strings.Builder
	for _, it := range im.Items {
		fmt.Fprintf(&b, "item %s %q %v", it.ID, it.Title, it.Categories)
		if it.HasPublished {
			fmt.Fprintf(&b, " published %d", it.Published)
		}
		if year, ok := it.Attributes["year"]; ok {
			fmt.Fprintf(&b, " year %s", year.(json.Number))
		}
		b.WriteByte('\n')
	}
	for _, u := range im.Users {
		fmt.Fprintf(&b, "user %s\n", codec.AppendUser(nil, &u))
	}
	for _, e := range im.Events {
		fmt.Fprintf(&b, "%s %s %s %g %d (%s:%d)\n", e.User, e.Name, e.Item, e.Value, e.Time, e.File, e.Line)
	}
	for _, r := range im.Refused {
		fmt.Fprintf(&b, "refused %s:%d %s %.40q\n", r.File, r.Problem.Line, r.Problem.Code, r.Raw)
	}
	return b.String()
}

func TestRead(t *testing.T) {
	long := strings.Repeat("9", source.MaxLineBytes+1)
	cases := []struct {
		name string
		dir  fs.FS
		want string
	}{
		{"classic films", classic(
			"1|Toy Story (1995)|01-Jan-1995||http://x|0|1|1\n"+
				"2|Net, The (1995) |4-Feb-1971||http://x|0|1|0\r\n"+
				"3|unknown||||1|0|0\n"+
				"4|Land Before Time III (1995) (V)|02-Jan-1996||x|0|0|1\n"+
				"5|Mis\xe9rables, Les (1995)|01-Jan-1995||x|0|0|1", ""),
			`item 1 "Toy Story" [Action Drama] published 788918400000 year 1995
item 2 "Net, The" [Action] published 34473600000 year 1995
item 3 "unknown" []
item 4 "Land Before Time III (1995) (V)" [Drama] published 820540800000 year 1996
item 5 "Misérables, Les" [Drama] published 788918400000 year 1995
`},
		{"classic ratings by time, user, film", classic("",
			"9\t2\t3\t881250950\n9\t1\t4\t881250949\n10\t2\t5\t881250949\n10\t1\t1\t881250949"),
			`10 view 1 1 881250949000 (u.data:4)
10 like 2 5 881250949000 (u.data:3)
9 like 1 4 881250949000 (u.data:2)
9 view 2 3 881250950000 (u.data:1)
`},
		{"classic bad rows", classic(
			"x|A|01-Jan-1995||u|0|0|1\n1|A|1995-01-01||u|0|0|1\n2|A|01-Jan-1995||u|0|0\n3|A|01-Jan-1995||u|0|0|2\n4||01-Jan-1995||u|0|0|1\n5|A\x93|||u|0|0|1\n",
			"1\t1\t5\n1\t1\tfive\t881250949\n1\t1\t6\t881250949\n1\t1\t0\t881250949\n1\t1\t0x1p2\t881250949\n\t1\t5\t881250949\n-1\t1\t5\t881250949\n1\t1\t5\t8812509\n1\t1\t5\t1800000061\n1\t1\t5\t\n"+
				long+"\n12\t203\t4\t879959583"),
			`12 like 203 4 879959583000 (u.data:12)
refused u.item:1 bad_id "x|A|01-Jan-1995||u|0|0|1"
refused u.item:2 bad_time "1|A|1995-01-01||u|0|0|1"
refused u.item:3 malformed "2|A|01-Jan-1995||u|0|0"
refused u.item:4 malformed "3|A|01-Jan-1995||u|0|0|2"
refused u.item:5 missing:title "4||01-Jan-1995||u|0|0|1"
refused u.item:6 bad_text "5|A\x93|||u|0|0|1"
refused u.data:1 malformed "1\t1\t5"
refused u.data:2 bad_number "1\t1\tfive\t881250949"
refused u.data:3 out_of_range "1\t1\t6\t881250949"
refused u.data:4 out_of_range "1\t1\t0\t881250949"
refused u.data:5 bad_number "1\t1\t0x1p2\t881250949"
refused u.data:6 bad_id "\t1\t5\t881250949"
refused u.data:7 bad_id "-1\t1\t5\t881250949"
refused u.data:8 too_old "1\t1\t5\t8812509"
refused u.data:9 in_future "1\t1\t5\t1800000061"
refused u.data:10 bad_time "1\t1\t5\t"
refused u.data:11 too_long "9999999999999999999999999999999999999999"
`},
		{"the last moment accepted", classic("", "1\t1\t4\t1800000060"), "1 like 1 4 1800000060000 (u.data:1)\n"},
		{"users", visitors("1|24|M|technician|85711\n2|007||none|T8H1N\r\n\n3||||\n",
			"1\t1\t5\t881250949"),
			`user {"user_id":"1","attributes":{"age":24,"gender":"M","occupation":"technician","zip":"85711"}}
user {"user_id":"2","attributes":{"age":7,"occupation":"none","zip":"T8H1N"}}
user {"user_id":"3","attributes":{}}
1 like 1 5 881250949000 (u.data:1)
`},
		{"bad users", visitors("x|24|M|a|1\n1|-4|M|a|1\n2|1e1|M|a|1\n3|151|M|a|1\n4|24|M|a\n5|24|M|a\x93|1\n6|24|F|"+strings.Repeat("x", 20_000)+"|1\n7|1|F|a|1", ""),
			`user {"user_id":"7","attributes":{"age":1,"gender":"F","occupation":"a","zip":"1"}}
refused u.user:1 bad_id "x|24|M|a|1"
refused u.user:2 bad_number "1|-4|M|a|1"
refused u.user:3 bad_number "2|1e1|M|a|1"
refused u.user:4 bad_number "3|151|M|a|1"
refused u.user:5 malformed "4|24|M|a"
refused u.user:6 bad_text "5|24|M|a\x93|1"
refused u.user:7 too_long "6|24|F|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
`},
		{"latest", latest(movieHeader+
			"1,Toy Story (1995),Adventure|Comedy\r\n"+
			"2,\"City of Lost Children, The (Cité) (1995)\",Drama\n"+
			"3,\"11'09\"\"01 - September 11 (2002)\",Drama\n"+
			"4,Stranger Things,(no genres listed)\n"+
			"5,\"Big Bang Theory, The (2007-)\",Comedy\n"+
			"6,Fawlty Towers (1975-1979),Comedy\n"+
			"7,1984 (1956),Drama\n"+
			"8,(1995),Drama\n",
			ratingHeader+"1,31,2.5,1260759144\n1,1029,4.0,1260759144\n"),
			`item 1 "Toy Story" [Adventure Comedy] year 1995
item 2 "City of Lost Children, The (Cité)" [Drama] year 1995
item 3 "11'09\"01 - September 11" [Drama] year 2002
item 4 "Stranger Things" []
item 5 "Big Bang Theory, The" [Comedy] year 2007
item 6 "Fawlty Towers" [Comedy] year 1975
item 7 "1984" [Drama] year 1956
item 8 "(1995)" [Drama]
1 like 1029 4 1260759144000 (ratings.csv:3)
1 view 31 2.5 1260759144000 (ratings.csv:2)
`},
		{"latest bad rows", latest(movieHeader+"1,\"A (1990),Drama\n2,B,Drama,x\n3,B \"x\",Drama\n"+movieHeader+"5,\xff,Drama\n6,C (1990),Drama",
			ratingHeader+"1,2,3\n\"1,2,3,1260759144\n"+ratingHeader+"\n1,\"2\",3,1260759144\n"),
			`item 6 "C" [Drama] year 1990
1 view 2 3 1260759144000 (ratings.csv:6)
refused movies.csv:2 malformed "1,\"A (1990),Drama"
refused movies.csv:3 malformed "2,B,Drama,x"
refused movies.csv:4 malformed "3,B \"x\",Drama"
refused movies.csv:5 bad_id "movieId,title,genres"
refused movies.csv:6 bad_text "5,\xff,Drama"
refused ratings.csv:2 malformed "1,2,3"
refused ratings.csv:3 malformed "\"1,2,3,1260759144"
refused ratings.csv:4 bad_id "userId,movieId,rating,timestamp"
`},
		{"columns in another order, one more", latest("genres,year,title,movieId\nDrama,x,C (1990),6\n", "timestamp,rating,movieId,userId\n1260759144,5,6,7\n"),
			`item 6 "C" [Drama] year 1990
7 like 6 5 1260759144000 (ratings.csv:2)
`},
		{"empty files", latest("", ""), ""},
		{"an item over the common limits", latest(movieHeader+"1,"+strings.Repeat("x", 20_000)+",Drama\n", ""), "refused movies.csv:2 too_long \"1,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			im, err := Read(context.Background(), c.dir, now, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := told(im); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	cases := []struct {
		name string
		dir  fs.FS
		want string
	}{
		{"another folder", folder(map[string]string{"events.jsonl": ""}), "not a MovieLens folder"},
		{"header without a column", latest(movieHeader, "userId,movieId,rating\n"), "ratings.csv:1: the header has no column timestamp"},
		{"header with a column twice", latest("movieId,title,title,genres\n", ""), "movies.csv:1: the header has the column title twice"},
		{"header with an unclosed quote", latest("\"movieId,title,genres\n", ""), "movies.csv:1: the header"},
		{"CR alone ends no line", latest(strings.ReplaceAll(movieHeader+"1,A,B\n", "\n", "\r"), ""), "movies.csv:1: the header has no column genres"},
		{"byte order mark", latest("\uFEFF"+movieHeader, ""), "movies.csv:1: the file begins with a byte order mark"},
		{"genre out of order", folder(map[string]string{"u.genre": "a|0\nb|2\n", "u.item": "", "u.data": ""}), "u.genre:2"},
		{"a file is a folder", folder(map[string]string{"u.genre/x": "", "u.item": "", "u.data": ""}), "is a directory"},
		{"damaged gzip", folder(map[string]string{"movies.csv": movieHeader, "ratings.csv.gz": "\x1f\x8b\x08\x00"}), "ratings.csv.gz"},
	}
	for _, c := range cases {
		im, err := Read(context.Background(), c.dir, now, nil)
		if im != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(stopped, latest(movieHeader, ratingHeader), now, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped context gives %v", err)
	}
}

// TestUsersChangeNothingOfTheEvents: with u.user or without, the import is the same one, so that a
// folder that was imported without it brings its events only once.
func TestUsersChangeNothingOfTheEvents(t *testing.T) {
	const rating = "1\t1\t5\t881250949\n"
	want, err := Read(context.Background(), classic("", rating), now, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := visitors("1|24|M|technician|85711\n", rating)
	var total, last, all int64
	for _, f := range dir {
		total += int64(len(f.Data))
	}
	got, err := Read(context.Background(), dir, now, func(done, of int64) { last, all = done, of })
	if err != nil || got.ID != want.ID || len(got.Users) != 1 || !reflect.DeepEqual(got.Events, want.Events) {
		t.Errorf("%+v, %v; without users %+v", got, err, want)
	}
	if last != total || all != total {
		t.Errorf("told %d of %d, want %d", last, all, total)
	}
}

func TestDetect(t *testing.T) {
	cases := []struct {
		files string
		want  Layout
	}{
		{"u.data u.item u.genre", Classic},
		{"u.data.gz u.item u.genre.gz u.user", Classic},
		{"ratings.csv movies.csv", Latest},
		{"ratings.csv.gz movies.csv.gz tags.csv.gz", Latest},
		{"ratings.csv movies.csv u.data u.item u.genre", Classic},
		{"ratings.csv", ""},
		{"u.data u.item", ""},
		{"", ""},
	}
	for _, c := range cases {
		files := map[string]string{}
		for _, name := range strings.Fields(c.files) {
			files[name] = ""
		}
		got, ok := Detect(folder(files))
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%q: got %q, %v, want %q", c.files, got, ok, c.want)
		}
	}
}

func TestCompressionDoesNotMatter(t *testing.T) {
	plain := latest(movieHeader+"1,A (1990),Drama\n", ratingHeader+"1,1,5,1260759144\n")
	want, err := Read(context.Background(), plain, now, nil)
	if err != nil {
		t.Fatal(err)
	}
	zipped := fstest.MapFS{}
	for name, f := range plain {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write(f.Data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		zipped[name+".gz"] = &fstest.MapFile{Data: b.Bytes()}
	}
	got, err := Read(context.Background(), zipped, now, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != want.ID || !reflect.DeepEqual(got.Events[0].Event, want.Events[0].Event) || !reflect.DeepEqual(got.Items, want.Items) {
		t.Errorf("compressed %+v, plain %+v", got, want)
	}
}

func TestProgressCountsAllFiles(t *testing.T) {
	dir := classic("1|A|||u|0|0|1\n", "1\t1\t5\t881250949\n")
	var total, last int64
	for _, f := range dir {
		total += int64(len(f.Data))
	}
	calls := 0
	if _, err := Read(context.Background(), dir, now, func(done, all int64) {
		if done < last || all != total {
			t.Errorf("told %d of %d after %d of %d", done, all, last, total)
		}
		last = done
		calls++
	}); err != nil {
		t.Fatal(err)
	}
	if last != total || calls != 3 {
		t.Errorf("told %d of %d in %d calls", last, total, calls)
	}
}

func checkEvent(t *testing.T, e *freshet.Event) {
	t.Helper()
	if freshet.CheckID(string(e.User)) != nil || freshet.CheckID(string(e.Item)) != nil || !e.HasValue || !(e.Value > 0 && e.Value <= 5) || e.Time < 631_152_000_000 || e.Time > now+60_000 {
		t.Errorf("accepted %+v", e)
	}
	if (e.Name == "like") != (e.Value >= 4) || e.Name != "like" && e.Name != "view" {
		t.Errorf("%g is a %s", e.Value, e.Name)
	}
}

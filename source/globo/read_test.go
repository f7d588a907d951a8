package globo

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	now    = int64(1_800_000_000_000)
	header = "user_id,session_id,session_start,session_size,click_article_id,click_timestamp,click_environment\n"
)

func TestRead(t *testing.T) {
	dir := fstest.MapFS{
		"clicks_1.csv": {Data: []byte(header + "7,70,1,2,500,1506826800026,4\n8,80,1,2,501,1506826700000,4\n")},
		"clicks_2.csv": {Data: []byte("click_timestamp,click_article_id,session_id,user_id\n1506826900000,502,70,7\r\n\n" +
			"x,502,70,7\n5,502,70,7\n9999999999999,502,70,7\n1506826900000,502,70\n1506826900000,502,seventy,7\n")},
		"other.csv": {Data: []byte("a,b\n")},
	}
	if !Detect(dir) {
		t.Fatal("the folder is not recognised")
	}
	im, err := Read(t.Context(), dir, now, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range im.Events {
		got = append(got, string(e.User)+" "+e.Session+" "+string(e.Item)+" "+e.Name)
	}
	if want := "8 80 501 click, 7 70 500 click, 7 70 502 click"; strings.Join(got, ", ") != want {
		t.Errorf("events %q, want %q", got, want)
	}
	var codes []string
	for _, r := range im.Refused {
		codes = append(codes, r.Problem.Code)
		if r.File != "clicks_2.csv" || r.Problem.Line < 4 || r.Problem.Message == "" {
			t.Errorf("refused %+v", r)
		}
	}
	if want := "bad_time too_old in_future malformed bad_id"; strings.Join(codes, " ") != want {
		t.Errorf("refused as %q, want %q", codes, want)
	}
}

func TestReadRefusesOtherFolders(t *testing.T) {
	if Detect(fstest.MapFS{"u.data": {}}) {
		t.Error("a folder without clicks is recognised")
	}
	if _, err := Read(t.Context(), fstest.MapFS{"u.data": {}}, now, nil); !errors.Is(err, ErrNotGlobo) {
		t.Errorf("a folder without clicks: %v", err)
	}
	for name, head := range map[string]string{"a column is missing": "user_id,session_id\n", "a column twice": "user_id," + header, "a byte order mark": "\ufeff" + header} {
		if _, err := Read(t.Context(), fstest.MapFS{"clicks_1.csv": {Data: []byte(head)}}, now, nil); err == nil || !strings.Contains(err.Error(), "clicks_1.csv:1:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadPublishedData(t *testing.T) {
	dir := "../../../shared/data/globo-4d"
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the test data is missing, and CI must not pass without it: %v", err)
		}
		t.Skipf("the test data is not here: %v", err)
	}
	im, err := Read(t.Context(), os.DirFS(dir), now, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(im.Events) != 901_032 || len(im.Refused) != 0 {
		t.Errorf("%d clicks, %d refused, want 901,032 and none", len(im.Events), len(im.Refused))
	}
	for i := 1; i < len(im.Events); i++ {
		if im.Events[i].Time < im.Events[i-1].Time {
			t.Fatalf("click %d is earlier than the one before", i)
		}
	}
}

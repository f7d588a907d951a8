package registry

import (
	"errors"
	"io/fs"
	"math"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
)

// goldenOf are rows of the field x with what model(bias) makes of them.
func goldenOf(bias float32, off float64) *Golden {
	g := &Golden{Names: rank.Names{Numbers: []string{"x"}}}
	for _, x := range []float64{math.NaN(), -3, 0, 0.25, 1e6} {
		g.Rows, g.Odds = append(g.Rows, rank.Row{Numbers: []float64{x}}), append(g.Odds, 0)
	}
	oddsOf(model(bias), g.Rows, g.Odds)
	for i := range g.Odds {
		g.Odds[i] += off
	}
	return g
}

// TestGoldenRows: a ranker that makes of its golden rows what it made of them is sound; one that is
// off by a thousandth is not, and one whose rows are gone or others' is none.
func TestGoldenRows(t *testing.T) {
	for name, c := range map[string]struct {
		off    float64
		damage func(disk *fsys.Mem)
		loads  bool
		code   string
	}{
		"as it was":          {0, nil, true, ""},
		"of another kernel":  {1e-5, nil, true, ""},
		"off by 1e-3":        {1e-3, nil, true, NotGolden},
		"off by -1e-3":       {-1e-3, nil, true, NotGolden},
		"no number":          {math.NaN(), nil, true, NotGolden},
		"rows that are gone": {0, func(d *fsys.Mem) { _ = d.Remove("models/lr/1/golden.bin") }, false, NotGolden},
		"others' rows": {0, func(d *fsys.Mem) {
			other, err := goldenOf(2, 0).bytes()
			if err == nil {
				_ = fsys.Replace(d, "models/lr/1/golden.bin", other)
			}
		}, false, NotGolden},
		"cut rows": {0, func(d *fsys.Mem) { _ = fsys.Replace(d, "models/lr/1/golden.bin", []byte("freshet")) }, false, NotGolden},
	} {
		disk := fsys.NewMem()
		if _, err := Save(disk, Manifest{Model: "lr"}, &Exemplified{model(1), goldenOf(1, c.off)}, noon); err != nil {
			t.Fatal(err)
		}
		if c.damage != nil {
			c.damage(disk)
		}
		b, err := Load(disk, "lr", 1)
		if (err == nil) != c.loads {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var f *Fault
		if err != nil {
			errors.As(err, &f)
		} else {
			f = b.Checked()
		}
		if got := codeOf(f); got != c.code {
			t.Errorf("%s: %v, want the code %q", name, f, c.code)
		}
	}
	disk := fsys.NewMem()
	if _, err := Save(disk, Manifest{Model: "lr"}, model(1), noon); err != nil {
		t.Fatal(err)
	}
	if b, err := Load(disk, "lr", 1); err != nil || b.Example == nil || len(b.Example.Rows) != goldenDrawn || b.Checked() != nil {
		t.Errorf("a ranker that brings no golden rows: %+v, %v", b, err)
	}
	bare := disk.Clone()
	m, err := manifest(bare, "lr", 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Golden = ""
	_, text, err := m.Sealed()
	if err != nil {
		t.Fatal(err)
	}
	if err := fsys.Replace(bare, "models/lr/1/"+manifestName, text); err != nil {
		t.Fatal(err)
	}
	if b, err := Load(bare, "lr", 1); err != nil || codeOf(b.Checked()) != NotGolden {
		t.Errorf("a ranker without golden rows: %+v, %v", b, err)
	}
	if _, err := Save(disk, Manifest{Model: "lr"}, &Exemplified{model(1), &Golden{}}, noon); err == nil {
		t.Error("no golden rows were kept as golden rows")
	}
}

func codeOf(f *Fault) string {
	if f == nil {
		return ""
	}
	return f.Code
}

// TestFaultsHaveCodes: what is wrong with a file is told by a code.
func TestFaultsHaveCodes(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		text string // that the file has from now on, under a seal that fits it
		code string
	}{
		"an empty model":    {modelName, "", Checksum},
		"an empty manifest": {"manifest.json", "", Checksum},
		"no JSON":           {"manifest.json", "{", Checksum},
	} {
		disk := fsys.NewMem()
		if _, err := Save(disk, Manifest{Model: "lr"}, model(1), noon); err != nil {
			t.Fatal(err)
		}
		if err := fsys.Replace(disk, "models/lr/1/"+c.file, []byte(c.text)); err != nil {
			t.Fatal(err)
		}
		var f *Fault
		if _, err := Load(disk, "lr", 1); !errors.As(err, &f) || f.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	for name, c := range map[string]struct {
		m    Manifest
		most int64
		text string
		code string
	}{
		"a weight beyond its bound": {Manifest{}, 0, `{"schema":{"fields":[{"name":"x","knots":[0]}]},"bias":1,"weights":[[0,51]]}` + "\n", Range},
		"another form":              {Manifest{}, 0, "\x80\x04pickle", Format},
		"a kind of a newer release": {Manifest{Kind: "forest"}, 0, "", Format},
		"more than there is room":   {Manifest{}, 20, "", TooBig},
	} {
		disk := fsys.NewMem()
		var saved Model = model(1)
		if c.text != "" {
			saved = verbatim(c.text)
		}
		c.m.Model = "lr"
		if _, err := Save(disk, c.m, saved, noon); err != nil {
			t.Fatal(err)
		}
		var f *Fault
		if _, err := LoadWithin(disk, "lr", 1, c.most); !errors.As(err, &f) || f.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// verbatim is a model of whatever bytes.
type verbatim string

func (v verbatim) Bytes() ([]byte, error) { return []byte(v), nil }

func TestCheckName(t *testing.T) {
	for _, name := range []string{"", " ", ".", "..", "../../x", "a/b", `a\b`, "CON", "con.txt", "Lpt1", "a:b", "a*", "x.", " x", strings.Repeat("x", 300), strings.Repeat("x", 101), "a\x00b", "\xff"} {
		if f := CheckName(name); codeOf(f) != BadName {
			t.Errorf("%q: %v", name, f)
		}
		if _, err := Load(fsys.NewMem(), name, 1); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Load(%q): %v", name, err)
		}
	}
	for _, name := range []string{"lr", "deepfm", "конь", "a b", "v1.2", "console", strings.Repeat("x", 100)} {
		if f := CheckName(name); f != nil {
			t.Errorf("%q: %v", name, f)
		}
	}
}

// TestRankingFaults: an order that is worse than another beyond chance is a fault, with its code.
func TestRankingFaults(t *testing.T) {
	even := Against{NDCG: 0.1, Ahead: 0.001, Bound: 0.01}
	worse := Against{NDCG: 0.3, Ahead: -0.2, Bound: 0.01}
	unsure := Against{NDCG: 0.3, Ahead: -0.2, Bound: 0.3}
	few, many := worse, worse
	few.Questions, many.Questions = LeastQuestions-1, LeastQuestions
	seen, seenMore := worse, worse // behind by 0.2 of 0.3, and 0.2 of 0.5
	seen.Elsewhere, seenMore.Elsewhere, seenMore.NDCG = 1, 1, 0.5
	ordered, orderedMore := worse, worse // behind by 0.2 of 0.7, and 0.2 of 0.8
	ordered.Ordered, orderedMore.Ordered, ordered.NDCG, orderedMore.NDCG = 1, 1, 0.7, 0.8
	live := worse
	live.Model, live.Version, live.SHA256 = "lr", 1, "aa"
	for name, c := range map[string]struct {
		r            Ranking
		code, behind string
	}{
		"never asked":            {Ranking{Popular: worse, Live: live}, "", ""},
		"as good":                {Ranking{Questions: 90, Popular: even, Recall: even}, "", ""},
		"unsure":                 {Ranking{Questions: 90, Popular: unsure, Recall: unsure}, "", ""},
		"worse than recall":      {Ranking{Questions: 90, Popular: even, Recall: worse}, WorseThanRecall, ""},
		"worse than popularity":  {Ranking{Questions: 90, Popular: worse, Recall: even}, WorseThanPopularity, ""},
		"worse than what ranked": {Ranking{Questions: 90, Popular: even, Recall: even, Live: live}, "", WorseThanLive},
		"of a handful":           {Ranking{Questions: LeastQuestions - 1, Popular: worse, Recall: worse, Live: live}, "", ""},
		"of a handful of others": {Ranking{Questions: 90, Popular: few, Recall: few}, "", ""},
		"behind by more than what is seen first explains":    {Ranking{Questions: 90, Popular: seen}, WorseThanPopularity, ""},
		"behind by no more than what is seen first explains": {Ranking{Questions: 90, Popular: seenMore}, "", ""},
		"behind by more than another's order explains":       {Ranking{Questions: 90, Recall: ordered}, WorseThanRecall, ""},
		"behind by no more than another's order explains":    {Ranking{Questions: 90, Recall: orderedMore}, "", ""},
		"of enough others": {Ranking{Questions: 90, Popular: even, Recall: many}, WorseThanRecall, ""},
	} {
		m := Manifest{LogLoss: 0.3, Baseline: 0.4, Ranking: c.r}
		if got := codeOf(m.Fault()); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
		if f, _ := m.Ranking.Behind("aa"); codeOf(f) != c.behind {
			t.Errorf("%s: %v, want %q", name, f, c.behind)
		}
		if f, asked := m.Ranking.Behind("bb"); f != nil || asked {
			t.Errorf("%s: it was held against another one than it was", name)
		}
	}
}

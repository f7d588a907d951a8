package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
)

// Manifest says what a bundle is.
type Manifest struct {
	Model       string           `json:"model"` // its name, such as lr
	Version     int              `json:"version"`
	SHA256      string           `json:"sha256"` // of the file of the model, in hex
	Created     string           `json:"created"`
	From        freshet.Position `json:"from"`        // the first record trained on
	Until       freshet.Position `json:"until"`       // the last
	Definitions string           `json:"definitions"` // hash of the feature definitions
	Negatives   string           `json:"negatives"`   // what the negatives are: see Exposed, Sampled
	Permuted    bool             `json:"permuted,omitempty"`
	Rows        int              `json:"rows"`      // trained on
	Held        int              `json:"held"`      // validated on
	Positives   int              `json:"positives"` // of Held
	AUC         float64          `json:"auc"`
	LogLoss     float64          `json:"logloss"`
	Baseline    float64          `json:"baseline_logloss"` // of always saying the mean
	Seed        uint64           `json:"seed"`
	Kind        Kind             `json:"kind,omitempty"`          // what it is; absent is Ranker
	Recall      Recall           `json:"recall,omitzero"`         // of the kinds that propose
	Training    *Training        `json:"training,omitempty"`      // of rankers
	Bytes       int64            `json:"bytes,omitempty"`         // of rankers: of the file of the model
	Golden      string           `json:"golden_sha256,omitempty"` // of rankers: of the file of its golden rows, in hex
	Ranking     Ranking          `json:"ranking,omitzero"`        // of rankers: on the newest slice of the journal
	Schema      *Schema          `json:"schema,omitempty"`        // of rankers; nil in manifests of earlier releases
	Seal        string           `json:"seal"`                    // SHA-256 of the manifest with an empty seal, in hex
}

// Kind says what a bundle holds.
type Kind string

// The kinds.
const (
	Ranker    Kind = ""          // a rank.Ranker, in model.bin; of earlier releases in model.json
	Embedding Kind = "embedding" // vectors of items with an index, in model.bin
	ItemItems Kind = "itemitem"  // weights from item to item, in model.bin
)

// Recall says how a model that proposes was made, and what it found of what was held back: the items
// that each of some visitors took last, with all the others as candidates that the visitor had not
// taken before. The figures are means over visitors of the share of those items among the first so
// many candidates; they are of a model trained without them.
type Recall struct {
	Method     string  `json:"method"`          // with its parameters
	Visitors   int     `json:"visitors"`        // trained on
	Items      int     `json:"items"`           // likewise
	Pairs      int     `json:"pairs"`           // of a visitor and an item taken
	Dim        int     `json:"dim,omitempty"`   // of vectors
	Index      string  `json:"index,omitempty"` // over vectors
	Judged     int     `json:"judged"`          // visitors
	At20       float64 `json:"recall_at_20"`
	At200      float64 `json:"recall_at_200"`
	Popular20  float64 `json:"popular_recall_at_20"` // of the most taken items
	Popular200 float64 `json:"popular_recall_at_200"`
	IndexAt200 float64 `json:"index_recall_at_200,omitempty"` // share of the 200 best that the index finds
}

// Sealed returns the manifest with its seal, and the bytes of its file: no other bytes are it.
func (m Manifest) Sealed() (Manifest, []byte, error) {
	m.Seal = ""
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, nil, err
	}
	sum := sha256.Sum256(text)
	m.Seal = hex.EncodeToString(sum[:])
	if text, err = json.MarshalIndent(m, "", "  "); err != nil {
		return m, nil, err
	}
	return m, append(text, '\n'), nil
}

// What the negative rows of a training were.
const (
	Exposed = "exposures without a positive within the attribution window"
	Sampled = "sampled from the recall candidates at the position of each positive"
)

// Faulty says why a model must not be live, "" when nothing speaks against it; see Fault.
func (m *Manifest) Faulty() string {
	if f := m.Fault(); f != nil {
		return f.Text
	}
	return ""
}

// Fault says what the training found that keeps a model from being live, nil for nothing: what it
// predicted of rows it had not seen was no better than always saying the mean, it put what was wanted
// next in a worse order than recall or popularity does, or what it proposed of items that were held
// back was no better than proposing what is taken most.
func (m *Manifest) Fault() *Fault {
	switch {
	case m.Permuted:
		return faultf(Unfit, "its labels were permuted: it is a check of the training, not a model")
	case m.Kind != Ranker && !(m.Recall.At20 > m.Recall.Popular20):
		return faultf(WorseThanPopularity, "its RecallAt(20) of %.4f on what was held back is no better than the %.4f of proposing what is taken most", m.Recall.At20, m.Recall.Popular20)
	case m.Kind != Ranker:
		return nil
	case !(m.LogLoss < m.Baseline):
		return faultf(Unfit, "its log-loss of %.4f on the rows held back is no better than the %.4f of always saying the mean", m.LogLoss, m.Baseline)
	}
	return m.Ranking.fault()
}

// Bundle is a version that passed every check.
type Bundle struct {
	Manifest

	// One of these is set, by Kind.

	Ranker  *rank.Ranker
	Vectors *recall.Vectors
	Linear  *recall.Linear

	Example *Golden // of Ranker; nil when it was kept without
	Size    int64   // of the file of the model, in bytes

	earlier bool // the ranker is in the form of earlier releases, without golden rows
}

// Model is a model that can be kept.
type Model interface {
	// Bytes are those of its file.
	Bytes() ([]byte, error)
}

// OtherError says that a version is whole, and another one than was asked for.
type OtherError struct{ Has, Want string } // checksums

func (e *OtherError) Error() string {
	return fmt.Sprintf("the model has the checksum %.12s… where the journal says %.12s…", e.Has, e.Want)
}

const (
	root             = "models"
	manifestName     = "manifest.json"
	modelName        = "model.bin"
	earlierName      = "model.json" // of a ranker of earlier releases
	maxManifestBytes = 1 << 20
	maxBinaryBytes   = 8 << 30 // ten million items of 128 numbers take some 6.5 GB
)

func folder(model string, version int) string {
	return root + "/" + model + "/" + strconv.Itoa(version)
}

// Next is the version that Save makes of a name next.
func Next(disk fsys.FS, model string) (int, error) {
	versions, err := versions(disk, model)
	if err != nil || len(versions) == 0 {
		return 1, err
	}
	return versions[len(versions)-1] + 1, nil
}

// Save writes a model as the next version of its name and returns the manifest with Version,
// SHA256 and Created filled in. The bundle appears whole or not at all.
func Save(disk fsys.FS, m Manifest, model Model, now time.Time) (Manifest, error) {
	fail := func(err error) (Manifest, error) {
		return m, fmt.Errorf("save model %q: %w", m.Model, err)
	}
	text, err := model.Bytes()
	if err != nil {
		return fail(err)
	}
	if m.Version, err = Next(disk, m.Model); err != nil {
		return fail(err)
	}
	files := map[string][]byte{modelName: text}
	if e := exampled(model); e != nil {
		rows, err := e.bytes()
		if err != nil {
			return fail(err)
		}
		sum := sha256.Sum256(rows)
		m.Golden, files[goldenName] = hex.EncodeToString(sum[:]), rows
	}
	sum := sha256.Sum256(text)
	m.SHA256, m.Created = hex.EncodeToString(sum[:]), now.UTC().Format(time.RFC3339)
	if m.Kind == Ranker {
		m.Bytes, m.Schema = int64(len(text)), schemaOf(model)
	}
	m, manifest, err := m.Sealed()
	if err != nil {
		return fail(err)
	}
	final := folder(m.Model, m.Version)
	draft := final + ".tmp"
	if err := disk.MkdirAll(draft); err != nil {
		return fail(err)
	}
	files[manifestName] = manifest
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data := files[name]
		if err := fsys.Replace(disk, draft+"/"+name, data); err != nil {
			return fail(err)
		}
	}
	if err := disk.Rename(draft, final); err != nil {
		return fail(err)
	}
	for _, dir := range []string{root + "/" + m.Model, root, "."} {
		if err := disk.SyncDir(dir); err != nil {
			return fail(err)
		}
	}
	return m, nil
}

// checkName says what is no name of a model: it is one element of a path.
func checkName(model string) error {
	if f := CheckName(model); f != nil {
		return fmt.Errorf("%w: %w", f, fs.ErrNotExist)
	}
	return nil
}

// Load reads a version and checks it: the manifest is whole and that version's, the checksum is the
// model's, and every number of the model is sound.
func Load(disk fsys.FS, model string, version int) (*Bundle, error) {
	return LoadWithin(disk, model, version, 0)
}

// LoadWithin is Load of a model whose file has at most so many bytes; 0 is what any may have. The
// error of a larger one, and of each check that fails, is a *Fault.
func LoadWithin(disk fsys.FS, model string, version int, most int64) (*Bundle, error) {
	fail := func(err error) (*Bundle, error) {
		return nil, fmt.Errorf("load model %q version %d: %w", model, version, err)
	}
	if err := checkName(model); err != nil {
		return fail(err)
	}
	b := &Bundle{}
	var err error
	if b.Manifest, err = manifest(disk, model, version); err != nil {
		return fail(err)
	}
	bound := int64(rank.MaxModelBytes)
	if b.Kind != Ranker {
		bound = maxBinaryBytes
	}
	if most > 0 {
		bound = min(bound, most)
	}
	if b.Bytes > bound {
		return fail(faultf(TooBig, "it has %d bytes; at most %d are accepted here", b.Bytes, bound))
	}
	text, err := fsys.ReadFile(disk, folder(model, version)+"/"+modelName, bound)
	if b.Kind == Ranker && errors.Is(err, fs.ErrNotExist) {
		text, err = fsys.ReadFile(disk, folder(model, version)+"/"+earlierName, bound)
		b.earlier = true
	}
	if err != nil {
		return fail(err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != b.SHA256 {
		return fail(faultf(Checksum, "the model is not the one that the manifest speaks of"))
	}
	b.Size = int64(len(text))
	switch b.Kind {
	case Ranker:
		b.Ranker, err = rank.Read(text)
	case Embedding:
		b.Vectors, err = readVectors(text)
	case ItemItems:
		b.Linear, err = readItemItem(text)
	default:
		err = faultf(Format, "manifest: it is of the kind %q, which this release does not know", b.Kind)
	}
	if err == nil && b.Kind == Ranker {
		b.Example, err = exampleOf(disk, &b.Manifest)
	}
	if err != nil {
		return fail(coded(err))
	}
	return b, nil
}

// coded gives an error of what a file holds its code, unless it has one.
func coded(err error) error {
	var f *Fault
	switch {
	case errors.As(err, &f):
		return err
	case errors.Is(err, rank.ErrNonFinite):
		return &Fault{Code: NonFinite, Text: err.Error()}
	case errors.Is(err, rank.ErrRange):
		return &Fault{Code: Range, Text: err.Error()}
	}
	return &Fault{Code: Format, Text: err.Error()}
}

func manifest(disk fsys.FS, model string, version int) (m Manifest, err error) {
	text, err := fsys.ReadFile(disk, folder(model, version)+"/"+manifestName, maxManifestBytes)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, faultf(Checksum, "manifest: %v", err)
	}
	if _, whole, err := m.Sealed(); err != nil || !bytes.Equal(whole, text) {
		return m, faultf(Checksum, "manifest: it is damaged, or was changed: its seal is not that of what it says")
	}
	if m.Model != model || m.Version != version {
		return m, faultf(Checksum, "manifest: it is that of %q version %d", m.Model, m.Version)
	}
	return m, nil
}

// Find returns the manifest of a version. The model itself is not read.
func Find(disk fsys.FS, model string, version int) (Manifest, error) {
	err := checkName(model)
	m := Manifest{}
	if err == nil {
		m, err = manifest(disk, model, version)
	}
	if err != nil {
		return m, fmt.Errorf("load model %q version %d: %w", model, version, err)
	}
	return m, nil
}

// List returns the manifests of all versions of a model, oldest first. A version whose
// manifest cannot be read is left out and named in the error, which may come with the others.
func List(disk fsys.FS, model string) (list []Manifest, err error) {
	all, err := versions(disk, model)
	if err != nil {
		return nil, fmt.Errorf("list models %q: %w", model, err)
	}
	var bad []error
	for _, v := range all {
		m, err := manifest(disk, model, v)
		if err != nil {
			bad = append(bad, fmt.Errorf("model %q version %d: %w", model, v, err))
			continue
		}
		list = append(list, m)
	}
	return list, errors.Join(bad...)
}

// Names lists the names of the models that have a version, sorted.
func Names(disk fsys.FS) ([]string, error) {
	entries, err := disk.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	var names []string
	for _, e := range entries {
		if list, err := versions(disk, e.Name); e.Dir && err == nil && len(list) > 0 {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// versions lists the whole versions of a model, ascending.
func versions(disk fsys.FS, model string) (list []int, err error) {
	if err := checkName(model); err != nil {
		return nil, err
	}
	entries, err := disk.ReadDir(root + "/" + model)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if v, err := strconv.Atoi(e.Name); err == nil && v > 0 && e.Dir && strconv.Itoa(v) == e.Name {
			list = append(list, v)
		}
	}
	slices.Sort(list)
	return list, nil
}

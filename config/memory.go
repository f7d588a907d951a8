package config

import "strconv"

// Bounds of the memory's settings.
const (
	LeastFeatureKeys = 1000
	MostFeatureKeys  = 1_000_000_000

	// defaultFeatureKeys is for a machine of 8 GiB. A key takes some 60 to 200 bytes unless it has a
	// distinct of many values, 10⁷ of them 0.6 to 2 GB; so does the snapshot that is taken beside the server, and so do changed features
	// while they warm. That is 6 GB at most, if all comes together.
	defaultFeatureKeys = 10_000_000
)

// Memory bounds what the server keeps in memory.
type Memory struct {
	FeatureKeys int // over all features, LeastFeatureKeys to MostFeatureKeys; beyond it the oldest begin anew
}

func (d *decoder) memory(path string, n *node) {
	d.fields(path, n, schema{keys: map[string]func(string, *node){
		"feature_keys": d.integer(&d.cfg.Memory.FeatureKeys, LeastFeatureKeys, MostFeatureKeys),
	}})
}

func memorySettings(m Memory) []setting {
	return []setting{{"feature_keys", strconv.Itoa(m.FeatureKeys)}}
}

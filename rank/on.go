package rank

import "github.com/freshet-rec/freshet/internal/dense"

// Kernels names the instruction sets that models are computed with on this machine, the fastest
// first. Their results are the same, bit for bit.
func Kernels() []string {
	var names []string
	for _, kit := range dense.Kits() {
		names = append(names, kit.Name())
	}
	return names
}

// On is the model computed with the named one of Kernels, for reports on speed. Of a model of another
// kind, or another name, it is the model itself.
func On(kernel string, m Model) Model {
	for _, kit := range dense.Kits() {
		if kit.Name() != kernel {
			continue
		}
		switch m := m.(type) {
		case *LR:
			other := *m
			other.kit = kit
			return &other
		case *FM:
			other := *m
			other.kit = kit
			return &other
		case *DeepFM:
			other := *m
			other.kit = kit
			other.Pack()
			return &other
		}
	}
	return m
}

package dense

// Kit computes layers and entries with one kernel. The zero Kit has the fastest one; results do not
// depend on it.
type Kit struct{ kernel *kernel }

func (k Kit) of() *kernel {
	if k.kernel == nil {
		return kernels[0]
	}
	return k.kernel
}

// Name is that of its instruction set, as of [Kernel].
func (k Kit) Name() string { return k.of().name }

// Kits are those of this machine, the fastest first and plain Go last, for reports on speed.
func Kits() []Kit {
	all := make([]Kit, len(kernels))
	for i, kn := range kernels {
		all[i].kernel = kn
	}
	return all
}

package fsys

import (
	"maps"
	"math/rand/v2"
	"path"
	"slices"
)

// sectorBytes is what a disk writes in one piece or not at all, unless the crash tears it.
const sectorBytes = 512

// Crash returns a tree as a power cut at this moment might leave it, and leaves m as it is. It
// may be called beside other operations. What was synced is there, byte for byte. Of the rest:
//
//   - changes of names since the last SyncDir of a directory are kept up to a random one, so
//     that new files may be missing, removed ones back, and renames undone;
//   - changes of a file since its last Sync are all lost, or all kept, or kept up to a random
//     byte of a random write, or kept in random sectors, with zeros or garbage in those that the
//     file had not had before.
//
// The same rng state and history give the same tree. The new tree has no locks and no Fail.
func (m *Mem) Crash(rng *rand.Rand) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := maps.Clone(m.durable)
	changes := map[string]int{}
	for _, op := range m.pending {
		changes[op.dirs[1]]++
	}
	keep := map[string]int{}
	for _, dir := range slices.Sorted(maps.Keys(changes)) {
		keep[dir] = rng.IntN(changes[dir] + 1)
	}
	for _, op := range m.pending {
		if keep[op.dirs[1]] > 0 {
			keep[op.dirs[1]]--
			op.on(names)
		}
	}
	image := NewMem()
	for _, name := range slices.Sorted(maps.Keys(names)) { // a directory sorts before what it holds
		n := names[name]
		if name == "." || image.live[path.Dir(name)] == nil {
			continue
		}
		after := &node{dir: n.dir}
		if !n.dir {
			after.data = n.crash(rng)
			after.base = slices.Clone(after.data)
		}
		image.live[name], image.durable[name] = after, after
	}
	return image
}

// Clone returns an independent copy of the tree, everything in it durable: what a process that
// starts after kill -9 of the last one finds.
func (m *Mem) Clone() *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	image := NewMem()
	for name, n := range m.live {
		if name != "." {
			after := &node{dir: n.dir, data: slices.Clone(n.data), base: slices.Clone(n.data)}
			image.live[name], image.durable[name] = after, after
		}
	}
	return image
}

// crash returns the contents as a power cut might leave them.
func (n *node) crash(rng *rand.Rand) []byte {
	base := slices.Clone(n.base)
	switch rng.IntN(4) {
	case 0:
		return base
	case 1:
		return slices.Clone(n.data)
	case 2:
		kept := rng.IntN(len(n.ops) + 1)
		base = replay(base, n.ops[:kept])
		if kept < len(n.ops) && len(n.ops[kept].data) > 0 {
			torn := n.ops[kept]
			torn.data = torn.data[:rng.IntN(len(torn.data))]
			base = torn.on(base)
		}
		return base
	}
	had := len(base)
	for _, op := range n.ops {
		if op.data == nil {
			if rng.IntN(2) == 0 {
				base = op.on(base)
			}
			continue
		}
		for at := 0; at < len(op.data); {
			end := min(len(op.data), at+sectorBytes-int(op.off+int64(at))%sectorBytes)
			base = scatter(rng, base, had, fileOp{off: op.off + int64(at), data: op.data[at:end]})
			at = end
		}
	}
	return base
}

// scatter keeps one sector's worth of a write, loses it, or tears it. Bytes of a lost sector
// past the old end of the file are what they are when the sector before or after was kept:
// zeros, garbage, or not there.
func scatter(rng *rand.Rand, base []byte, had int, part fileOp) []byte {
	switch rng.IntN(5) {
	case 0, 1:
		return part.on(base)
	case 2:
		part.data = part.data[:rng.IntN(len(part.data))]
		return part.on(base)
	case 3:
		if part.off < int64(had) {
			return base
		}
		garbage := make([]byte, len(part.data))
		for i := range garbage {
			garbage[i] = byte(rng.Uint32())
		}
		part.data = garbage
		return part.on(base)
	}
	return base
}

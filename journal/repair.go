package journal

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// repair carries out a verdict: it cuts the torn end, makes what is kept durable and returns the
// segment to go on in, open, along with the durable mark.
func repair(disk fsys.FS, v *verdict, newID func() (journalID, error), created int64) (fsys.File, *sideMark, error) {
	if !v.exists {
		id, err := newID()
		if err != nil {
			return nil, nil, err
		}
		if err := createSideMark(disk, id); err != nil {
			return nil, nil, err
		}
		v.side = sideState{id: id}
	}
	if v.drop {
		if err := disk.Remove(v.report.CutFile); err != nil {
			return nil, nil, err
		}
	}
	// Names that the last writer did not live to sync are made durable in any case.
	if err := disk.SyncDir(dirName); err != nil {
		return nil, nil, err
	}
	if err := clean(disk, v); err != nil {
		return nil, nil, err
	}
	file, err := currentSegment(disk, v, created)
	if err != nil {
		return nil, nil, err
	}
	side, err := openSideMark(disk, v.side.id, v.side.slot)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	if err = side.write(v.end); err == nil {
		err = side.sync()
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close(), side.file.Close())
	}
	return file, side, nil
}

// clean removes what interrupted work has left: segments that were released, and files that never
// took their name. What is kept is durable.
func clean(disk fsys.FS, v *verdict) error {
	entries, err := disk.ReadDir(dirName)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := dirName + "/" + e.Name; !e.Dir && slices.Contains(leftovers, name) {
			if err := disk.Remove(name); err != nil {
				return err
			}
			v.report.Removed = append(v.report.Removed, name)
		}
	}
	for _, first := range v.stale {
		v.report.Removed = append(v.report.Removed, segmentName(first))
	}
	if len(v.report.Removed) == 0 {
		return nil
	}
	if err := removeBefore(disk, v.stale, v.kept); err != nil {
		return err
	}
	return disk.SyncDir(dirName)
}

// currentSegment opens the last segment, cut and durable up to v.end, or makes the first one.
func currentSegment(disk fsys.FS, v *verdict, created int64) (fsys.File, error) {
	if v.end.segment == 0 {
		h := segmentHeader{id: v.side.id, first: v.end.position + 1, created: created}
		file, err := createSegment(disk, h)
		if err == nil {
			v.end = place{position: v.end.position, segment: h.first, end: segmentHeaderBytes}
			v.report.Segments = 1
		}
		return file, err
	}
	name := segmentName(v.end.segment)
	file, err := disk.Edit(name)
	if err != nil {
		return nil, err
	}
	if err := settle(file, name, v); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// settle cuts the file and makes doubtful bytes durable. They read well, but if the last writer
// saw a sync fail the system may hold them in memory only and call them clean, so that a sync
// alone would not write them: they are written again first.
func settle(file fsys.File, name string, v *verdict) error {
	cut := v.report.CutBytes > 0 && !v.drop
	var doubt int64 // from here on; from the header when the mark speaks of an older segment
	if v.side.place.segment == v.end.segment {
		doubt = v.side.place.end
	}
	if !cut && doubt == v.end.end {
		return nil
	}
	if cut {
		if err := file.Truncate(v.end.end); err != nil {
			return fmt.Errorf("cut %s at byte %d: %w", name, v.end.end, err)
		}
	}
	if err := rewrite(file, doubt, v.end.end); err != nil {
		return fmt.Errorf("write the end of %s again: %w", name, err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", name, err)
	}
	return nil
}

// rewrite writes the bytes in [from, to) over themselves.
func rewrite(file fsys.File, from, to int64) error {
	window := make([]byte, min(scanBytes, max(0, to-from)))
	for from < to {
		b := window[:min(int64(len(window)), to-from)]
		if n, err := file.ReadAt(b, from); n < len(b) && err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if _, err := file.WriteAt(b, from); err != nil {
			return err
		}
		from += int64(len(b))
	}
	return nil
}

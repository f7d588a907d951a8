package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// FormatVersion is that of the files Write makes.
const FormatVersion = 1

// The head of a file: magic, version, number of parts, position, configuration, the snapshot
// before and its sum, and a checksum of all that.
const (
	headBytes     = 8 + 4 + 4 + 8 + 32 + 8 + 32 + 4
	partHeadBytes = 4 + 8 + 4 // name length, data length, checksum of both lengths, name and data
	sumBytes      = 32
)

// pieceBytes is how much is written at a time. Each piece is synced, so that the disk serves others
// in between: a journal whose sync comes after hundreds of megabytes waits for all of them.
const pieceBytes = 4 << 20

var magic = []byte{0xD3, 0xF2, 0xFE, 0xA7, 's', 'n', 'a', 'p'}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Write writes a snapshot and returns what it says of itself. It appears whole or not at all,
// and is durable when Write returns. The caller holds the Lock.
func Write(disk fsys.FS, s Snapshot) (Info, error) {
	fail := func(err error) (Info, error) {
		return Info{}, fmt.Errorf("write the snapshot of position %s: %w", s.Position, err)
	}
	if len(s.Parts) > maxParts {
		return fail(fmt.Errorf("%d parts; at most %d", len(s.Parts), maxParts))
	}
	info := Info{File: fileName(s.Position), Position: s.Position, Config: s.Config}
	if err := disk.MkdirAll(dir); err != nil {
		return fail(err)
	}
	all, err := positions(disk)
	if err != nil {
		return fail(err)
	}
	again, err := readInfo(disk, s.Position)
	if err == nil && again.Config == s.Config { // the same once more, which a newer one may name by its sum
		info.Before, info.PriorSum = again.Before, again.PriorSum
		all = nil
	}
	for _, p := range all {
		if p >= s.Position {
			continue
		}
		if before, err := readInfo(disk, p); err == nil { // a damaged one is nobody's predecessor
			info.Before, info.PriorSum = p, before.Sum
			break
		}
	}
	head := appendHead(nil, &info, len(s.Parts))
	temp := info.File + ".tmp"
	f, err := disk.Create(temp)
	if err != nil {
		return fail(err)
	}
	sum := sha256.New()
	write := func(b []byte) {
		for err == nil && len(b) > 0 {
			piece := b[:min(len(b), pieceBytes-int(info.Bytes%pieceBytes))]
			b = b[len(piece):]
			_, _ = sum.Write(piece) // never fails
			_, err = f.Write(piece)
			if info.Bytes += int64(len(piece)); err == nil && info.Bytes%pieceBytes == 0 {
				err = f.Sync()
			}
		}
	}
	write(head)
	for _, p := range s.Parts {
		partHead, perr := appendPartHead(nil, &p)
		err = errors.Join(err, perr)
		write(partHead)
		write(p.Data)
	}
	info.Sum = [32]byte(sum.Sum(nil))
	write(info.Sum[:])
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fail(errors.Join(err, disk.Remove(temp))) // on a full disk it would keep the room it took
	}
	if err := disk.Rename(temp, info.File); err != nil {
		return fail(err)
	}
	if err := errors.Join(disk.SyncDir(dir), disk.SyncDir(".")); err != nil {
		return fail(err)
	}
	return info, nil
}

func appendHead(dst []byte, info *Info, parts int) []byte {
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, FormatVersion)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(parts))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(info.Position))
	dst = append(dst, info.Config[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(info.Before))
	dst = append(dst, info.PriorSum[:]...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst, castagnoli))
}

func appendPartHead(dst []byte, p *Part) ([]byte, error) {
	if p.Name == "" || len(p.Name) > 255 {
		return nil, fmt.Errorf("a part named %q", p.Name)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(p.Name)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(p.Data)))
	crc := crc32.Update(0, castagnoli, dst)
	crc = crc32.Update(crc, castagnoli, []byte(p.Name))
	crc = crc32.Update(crc, castagnoli, p.Data)
	dst = binary.LittleEndian.AppendUint32(dst, crc)
	return append(dst, p.Name...), nil
}

// readInfo reads the head and the sum of a file.
func readInfo(disk fsys.FS, p freshet.Position) (info Info, err error) {
	name := fileName(p)
	f, err := disk.Open(name)
	if err != nil {
		return info, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return info, err
	}
	if size < headBytes+sumBytes {
		return info, &DamagedError{name, 0, fmt.Sprintf("%d bytes are no snapshot", size)}
	}
	head := make([]byte, headBytes)
	if _, err := f.ReadAt(head, 0); err != nil {
		return info, err
	}
	if info, _, err = decodeHead(head, name, p); err != nil {
		return info, err
	}
	info.Bytes = size
	_, err = f.ReadAt(info.Sum[:], size-sumBytes)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return info, err
}

func decodeHead(head []byte, name string, p freshet.Position) (info Info, parts int, err error) {
	damaged := func(at int64, format string, args ...any) (Info, int, error) {
		return info, 0, &DamagedError{name, at, fmt.Sprintf(format, args...)}
	}
	if !bytes.Equal(head[:8], magic) {
		return damaged(0, "it does not begin as a snapshot does")
	}
	if got := binary.LittleEndian.Uint32(head[headBytes-4:]); got != crc32.Checksum(head[:headBytes-4], castagnoli) {
		return damaged(0, "the checksum of its head does not fit")
	}
	if v := binary.LittleEndian.Uint32(head[8:]); v > FormatVersion {
		return info, 0, fmt.Errorf("snapshot %s has format %d: %w", name, v, ErrNewerFormat)
	} else if v == 0 {
		return damaged(8, "format 0")
	}
	n := binary.LittleEndian.Uint32(head[12:])
	if n > maxParts {
		return damaged(12, "%d parts", n)
	}
	info = Info{File: name, Position: freshet.Position(binary.LittleEndian.Uint64(head[16:])), Config: [32]byte(head[24:]),
		Before: freshet.Position(binary.LittleEndian.Uint64(head[56:])), PriorSum: [32]byte(head[64:])}
	if info.Position != p {
		return damaged(16, "it is that of position %s", info.Position)
	}
	if info.Before >= p && p > 0 {
		return damaged(56, "it names that of position %s as the one before it", info.Before)
	}
	return info, int(n), nil
}

// Check reads a snapshot without keeping it and reports whether its bytes are those that were
// written, by its head and the checksum of the whole. Its errors are those of Read.
func Check(disk fsys.FS, p freshet.Position) (err error) {
	info, err := readInfo(disk, p)
	if err != nil {
		return err
	}
	f, err := disk.Open(info.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, info.Bytes-sumBytes)); err != nil {
		return fmt.Errorf("read %s: %w", info.File, err)
	}
	if [32]byte(sum.Sum(nil)) != info.Sum {
		return &DamagedError{info.File, info.Bytes - sumBytes, "the checksum of the whole does not fit"}
	}
	return nil
}

// Read reads a snapshot and checks all of it. Its errors: a *DamagedError, ErrNewerFormat,
// fs.ErrNotExist, those of the disk.
func Read(disk fsys.FS, p freshet.Position) (s *Snapshot, info Info, err error) {
	name := fileName(p)
	text, err := fsys.ReadFile(disk, name, MaxBytes)
	if err != nil {
		return nil, info, err
	}
	damaged := func(at int, format string, args ...any) (*Snapshot, Info, error) {
		return nil, info, &DamagedError{name, int64(at), fmt.Sprintf(format, args...)}
	}
	if len(text) < headBytes+sumBytes {
		return damaged(0, "%d bytes are no snapshot", len(text))
	}
	info, parts, err := decodeHead(text[:headBytes], name, p)
	if err != nil {
		return nil, info, err
	}
	info.Bytes = int64(len(text))
	end := len(text) - sumBytes
	info.Sum = [32]byte(text[end:])
	s = &Snapshot{Position: p, Config: info.Config}
	at := headBytes
	for range parts {
		if end-at < partHeadBytes {
			return damaged(at, "it is cut off")
		}
		head := text[at : at+partHeadBytes]
		nameLen, dataLen := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint64(head[4:])
		if nameLen > 255 || dataLen > uint64(end) || at+partHeadBytes+int(nameLen)+int(dataLen) > end {
			return damaged(at, "a part is longer than the file")
		}
		body := text[at+partHeadBytes:][: int(nameLen)+int(dataLen) : int(nameLen)+int(dataLen)]
		crc := crc32.Update(crc32.Update(0, castagnoli, head[:12]), castagnoli, body)
		if crc != binary.LittleEndian.Uint32(head[12:]) {
			return damaged(at, "the checksum of a part does not fit")
		}
		s.Parts = append(s.Parts, Part{string(body[:nameLen]), body[nameLen:]})
		at += partHeadBytes + len(body)
	}
	if at != end {
		return damaged(at, "%d bytes too many", end-at)
	}
	if sha256.Sum256(text[:end]) != info.Sum {
		return damaged(end, "the checksum of the whole does not fit")
	}
	return s, info, nil
}

package hugepage

import "golang.org/x/sys/unix"

// advise asks for huge pages under memory, which begins and ends at a boundary of one. A kernel
// without them says no, and the pages stay as they were: nothing to report.
func advise(memory []byte) { _ = unix.Madvise(memory, unix.MADV_HUGEPAGE) }

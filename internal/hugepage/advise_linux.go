package hugepage

import "golang.org/x/sys/unix"

// advise asks for huge pages under memory, which begins and ends at a boundary of one. A kernel
// without them says no, and the pages stay as they were: nothing to report.
func advise(memory []byte) { _ = unix.Madvise(memory, unix.MADV_HUGEPAGE) }

// populate has the kernel put memory under whole huge pages, as the first write to each would
// (MADV_POPULATE_WRITE, Linux 5.14). It changes no word, so that others may write meanwhile.
func populate(memory []byte) { _ = unix.Madvise(memory, unix.MADV_POPULATE_WRITE) }

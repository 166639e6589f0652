/* SPDX-License-Identifier: MIT */
/*
 * The log of what a guest writes to its volume, in the format of Linux' dm-log-writes: a sector
 * with the super block, then per write a sector with its entry, and the data.  All numbers are
 * little endian.  The log ends at the first sector of zeroes; the number in the super block may be
 * too small.
 *
 * The recorder that runs inside User-Mode Linux includes this header, too.
 */
#ifndef TESTBED_WRITE_LOG_H
#define TESTBED_WRITE_LOG_H

#include <stdint.h>

#define WRITE_LOG_MAGIC UINT64_C(0x6a736677736872)

enum { WRITE_LOG_VERSION = 1, WRITE_LOG_SECTOR = 512 };

enum write_log_flags {
	WRITE_LOG_FLUSH = 1 << 0,
	WRITE_LOG_FUA = 1 << 1,
	WRITE_LOG_DISCARD = 1 << 2, /* no data; the sectors are zeroes from now on */
	WRITE_LOG_MARK = 1 << 3,
	WRITE_LOG_METADATA = 1 << 4, /* by dm-log-writes */
};

struct write_log_super {
	uint64_t magic, version, entries;
	uint32_t sector_bytes;
};

struct write_log_entry {
	uint64_t sector, sectors, flags;
	uint64_t data_bytes; /* of a mark's text, in the same sector; otherwise not used */
};

/* The name of the recorder's environment variable: two descriptors, the log's and the image's. */
#define WRITE_LOG_VARIABLE "ALLOC_PERF_WRITE_LOG"

/* A place in a log, between two entries. */
struct write_log_place {
	uint64_t bytes;	  /* 0: before the super block */
	uint64_t entries; /* before it */
};

/*
 * Moves *place forward to the end of the last complete entry.  Entries that the super block counts
 * are awaited: QEMU writes several at once.  A log without a super block is empty so far.  0;
 * -ENOSPC: there is no space for all of it; -ETIME: an entry does not come; -EPROTO: it is
 * no log; or -errno.
 */
int write_log_find_end(int fd, struct write_log_place *place);

/*
 * Sets the number of entries in the super block, for other readers.  As write_log_find_end(), or
 * -ENODATA: there are none.
 */
int write_log_finish(int fd);

/* Frees the space of what was read, from `start` to `end`.  Does nothing where that is impossible.
 */
void write_log_forget(int fd, uint64_t start, uint64_t end);

#endif

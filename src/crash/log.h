/* SPDX-License-Identifier: MIT */
/*
 * The log of what was written to a volume (testbed/write_log.h).  Nothing in the file is trusted.
 * The number of entries in the superblock is not used, since it lags behind: the log ends at an
 * entry of zeroes, or where the file ends.
 *
 *	struct crash_log log;
 *
 *	crash_log_init(&log, fd, volume_bytes, in_order);
 *	for each mark that was noted:
 *		crash_log_read(&log, mark's position, problem);
 *		crash_log_mark(&log, mark's name);
 *	crash_log_read(&log, UINT64_MAX, problem);
 *
 * The position of a mark is the size of the log file when the mark was noted.  Where the log file
 * was made larger beforehand, as QEMU needs it, it is log.end after crash_log_read() at that time.
 */
#ifndef CRASH_LOG_H
#define CRASH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"
#include "testbed/write_log.h"

/* What a disk writes as a whole, in bytes: a power cut tears writes at its multiples. */
enum { CRASH_SECTOR = 512 };

/* A write or a discard.  Its number, by which states name it, is its index plus 1. */
struct crash_write {
	uint64_t offset;   /* in the volume, in bytes */
	uint64_t bytes;	   /* not 0 */
	uint64_t position; /* of its data in the log file; not used for a discard */
	uint32_t flags;	   /* WRITE_LOG_FUA, WRITE_LOG_DISCARD */
	uint32_t flushed;  /* the first so many writes were durable before it was issued */
};

/* A point in time at which the guest knew that something was durable. */
struct crash_mark {
	char *name;
	uint32_t writes;  /* so many were in the log */
	uint32_t flushed; /* the first so many of them were durable */
};

struct crash_log {
	int fd; /* not owned */
	uint64_t volume_bytes;
	/*
	 * No flushes are recorded (User-Mode Linux passes none on), and writes reach the disk in
	 * the order of the log: each is durable before the next is issued.
	 */
	bool in_order;
	/* Of the log; 0: nothing has been read.  512 where the superblock is not written yet. */
	uint32_t sector_bytes;
	uint64_t end; /* position after the last entry that was read */
	struct crash_write *writes;
	size_t write_count;
	struct crash_mark *marks; /* by time */
	size_t mark_count;
	uint32_t flushed; /* at the end of the log */
};

/* An empty log; nothing is read. */
void crash_log_init(struct crash_log *log, int fd, uint64_t volume_bytes, bool in_order);

/*
 * Reads the entries that follow those read so far, and that end at or before this position of the
 * file.  The log may still be growing: an entry that is there only in part is read by a later call.
 * Marks in the file become marks of `log`.  0; -EINVAL with a sentence, where it is not such a log
 * or is damaged; or -errno with one.
 */
int crash_log_read(struct crash_log *log, uint64_t until, struct problem *problem);

/* Adds a mark after what was read so far.  0 or -ENOMEM. */
int crash_log_mark(struct crash_log *log, const char *name);

/* Forgets the writes and marks read so far, but not the position. */
void crash_log_forget(struct crash_log *log);

/*
 * Writes the log anew, with its marks, from the position 0 of an empty file: replay-log of
 * xfstests replays it by hand.  Repeated flushes become one.  0 or -errno.
 */
int crash_log_save(const struct crash_log *log, int to);

void crash_log_clear(struct crash_log *log); /* for CLEANUP() */

#endif

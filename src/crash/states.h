/* SPDX-License-Identifier: MIT */
/*
 * The states of a disk that a power cut can leave, as far as its log shows.  A state is which
 * writes have reached the disk:
 *
 *	412             the first 412 writes
 *	412-409         the same without write 409
 *	412-401..409    without the writes 401 to 409
 *	412-409-411     without two; at most CRASH_LOST_MAX ranges, in ascending order
 *	412:1024        of write 412 only the first 1024 bytes
 *	412:1024..      of write 412 only the bytes after these
 *
 * A write can be lost although a later one has reached the disk, if no flush came between them, and
 * it is not itself durable (WRITE_LOG_FUA).  A discard can always be lost, since it is only a hint.
 *A log in order has a flush after each write, so that the only states are the first N writes, of
 *which the last may be torn, and lost discards.
 *
 * Enumerated are, of each epoch, which is the writes A+1 to B between two flushes:
 *
 *	N               every number of writes
 *	N:X             the last write torn, at up to crash_bounds.tears multiples of 512 bytes
 *	N-(N-1), B-K    one write lost, and only the next or all of the epoch there
 *	B-J-K           two lost, whose distance is a power of two
 *	B-(A+1)..K      only the last ones of the epoch
 *	N-(A+1)..(N-1)  only one of the epoch
 *	N-D             a discard of an earlier epoch lost, at each mark and at the end
 */
#ifndef CRASH_STATES_H
#define CRASH_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"
#include "crash/log.h"

enum { CRASH_LOST_MAX = 2, CRASH_TEARS = 7, CRASH_STATE_TEXT_MAX = 96 };

/* Numbers of writes; `first` 0: none. */
struct crash_range {
	uint32_t first, last;
};

/* All zeroes: the volume as it was before the first write. */
struct crash_state {
	uint32_t writes;			 /* so many were issued */
	struct crash_range lost[CRASH_LOST_MAX]; /* ascending; the last one issued is not lost */
	uint64_t torn_bytes; /* the last write is torn after so many bytes; 0: it is not */
	bool is_end; /* of a torn write: the bytes after these are there, not those before */
};

struct crash_bounds {
	uint64_t seed;
	size_t states_max; /* 0: all */
	unsigned tears;	   /* per write; 0: writes are not torn.  CRASH_TEARS is a default. */
	/* Bytes of the volume in which no write is torn, such as a superblock; equal: none. */
	uint64_t whole_from, whole_to;
};

struct crash_states {
	struct crash_state *states; /* neighbours differ by few writes */
	size_t count;
	uint64_t possible; /* within the bounds, without states_max */
};

/*
 * All states within the bounds.  If there are more than states_max: those next to marks and
 * flushes, numbers of writes at equal distances, and the others at random.  The same log and bounds
 * always give the same states.  0 or -ENOMEM.
 */
int crash_states_enumerate(const struct crash_log *log, const struct crash_bounds *bounds,
			   struct crash_states *ret);
void crash_states_clear(struct crash_states *states); /* for CLEANUP() */

/* The text form, which is the same for the same log.  Returns `text`. */
char *crash_state_print(const struct crash_state *state, char text[static CRASH_STATE_TEXT_MAX]);

/*
 * Parses the text form of a state that is possible with this log, whether it is enumerated or not.
 * 0, or -EINVAL with a sentence.
 */
int crash_state_parse(const char *text, const struct crash_log *log, struct crash_state *ret,
		      struct problem *problem);

/* The bytes [*ret_from, *ret_to) of this write have reached the disk; equal: none. */
void crash_state_part(const struct crash_state *state, const struct crash_log *log, uint32_t number,
		      uint64_t *ret_from, uint64_t *ret_to);

/*
 * The number of marks that have been passed for certain: what was durable at the mark has reached
 * the disk in this state, and the power was cut after the mark.  They are the first ones of
 * log->marks.
 */
size_t crash_state_marks(const struct crash_state *state, const struct crash_log *log);

/* The writes that are lost or torn, among those issued. */
uint64_t crash_state_lost(const struct crash_state *state);

/* For qsort(): fewest lost or torn writes first, then the earliest.  The first one is shown. */
int crash_state_compare(const void *a, const void *b);

/*
 * "after 412 of 555 writes, between the marks allocated and written; write 409 is lost", which the
 * caller frees.  NULL: out of memory.
 */
char *crash_state_describe(const struct crash_state *state, const struct crash_log *log);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Images in a state that a power cut can leave.  The scratch image, which a guest examines, is
 * patched from one state to the next: only what differs is written, while the guest has it not
 * mounted.
 *
 *	replay_init(&replay, &log, golden, scratch, &state_of_scratch);
 *	for each state:
 *		replay_to(&replay, &state);
 *		... the guest mounts the volume, reads and unmounts it ...
 *		replay_restore(&replay, &guest_log, problem);
 */
#ifndef CRASH_REPLAY_H
#define CRASH_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"
#include "crash/log.h"
#include "crash/states.h"

/* One sector of a write. */
struct replay_node {
	uint32_t previous; /* the node that wrote this sector before, plus 1; 0: none */
	uint32_t write;	   /* number of the write */
	uint64_t change;   /* of the fingerprint, against the golden image */
};

struct replay {
	const struct crash_log *log; /* not owned, must not change */
	int golden, scratch;	     /* images; not owned */
	struct crash_state state;    /* of the scratch image */
	/*
	 * Of the scratch image: states with the same one have equal images, so that a guest needs
	 * to examine only one of them.  Writes that are overwritten later, and sectors that a write
	 * does not change, make images equal.
	 */
	uint64_t fingerprint;
	struct replay_node *nodes; /* in the order of the log */
	uint32_t *first;	   /* of each write: its first node */
	uint32_t *latest; /* of each sector of the volume: node in this state, plus 1; 0: golden */
	uint32_t *dirty;  /* sectors to be copied to the scratch image */
	size_t dirty_count;
};

/*
 * `golden` is the volume before the first write of the log, and is only read.  `scratch` is the
 * volume in `state`: all zeroes if it is a copy of `golden`, {.writes = log->write_count} if it is
 * what the guest left that wrote the log.  Reads both the log and the golden image where
 * the log writes.  Memory: 16 bytes for each 512 bytes written, and 4 for each of the volume, of
 * which only those of sectors written are used.  0; -EFBIG: the volume has more than 2 TiB, or more
 * than that was written; or -errno.
 */
int replay_init(struct replay *replay, const struct crash_log *log, int golden, int scratch,
		const struct crash_state *state);
void replay_clear(struct replay *replay); /* for CLEANUP(); images are not closed */

/*
 * Brings the scratch image into this state.  0 or -errno; after an error the contents of the image
 * are not known.
 */
int replay_to(struct replay *replay, const struct crash_state *state);

/*
 * Undoes what a guest has written to the scratch image.  `guest` is the log of that guest, of the
 * same volume, which is read from where it was left; what was read before, and has not been
 * forgotten, is undone as well. All is forgotten afterwards.  The guest must not have the volume
 * mounted.  Errors as those of crash_log_read() and replay_to().
 */
int replay_restore(struct replay *replay, struct crash_log *guest, struct problem *problem);

/*
 * Writes the image of a state into an empty file, with holes where the golden image has them and
 * for what was discarded.  The scratch image is not used.  0 or -errno.
 */
int replay_write(const struct replay *replay, const struct crash_state *state, int to);

/*
 * Whether the scratch image is equal to this one, byte by byte.  If it is in the state after the
 * last write and differs from what the recorded guest left, the log is incomplete.  1; 0: *ret_at
 * is the first byte that differs; or -errno.
 */
int replay_equals(const struct replay *replay, int other, uint64_t *ret_at);

#endif

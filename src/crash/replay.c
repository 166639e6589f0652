/* SPDX-License-Identifier: MIT */
/*
 * The latest write that has reached the disk determines a sector.  For each sector that the log
 * writes there is a chain of its writes, and the node that is valid in the current state.
 */
#include "crash/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/random.h"

enum { PIECE_BYTES = 1 << 16 };

static const char zeroes[PIECE_BYTES];

void replay_clear(struct replay *replay)
{
	free(replay->nodes);
	free(replay->first);
	free(replay->latest);
	free(replay->dirty);
	*replay = (struct replay) { .golden = -1, .scratch = -1 };
}

static uint32_t sectors_of(uint64_t bytes)
{
	return (uint32_t)(bytes / CRASH_SECTOR);
}

static const struct crash_write *write_of(const struct replay *replay, uint32_t number)
{
	return &replay->log->writes[number - 1];
}

static uint32_t first_node(const struct replay *replay, uint32_t number)
{
	return replay->first[number - 1];
}

static uint32_t first_sector(const struct replay *replay, uint32_t number)
{
	return sectors_of(write_of(replay, number)->offset);
}

/* Sectors of a write that have reached the disk: [from, to). */
struct part {
	uint32_t from, to;
};

static struct part part_of(const struct replay *replay, const struct crash_state *state,
			   uint32_t number)
{
	uint64_t from, to;

	crash_state_part(state, replay->log, number, &from, &to);
	return (struct part) { sectors_of(from), sectors_of(to) };
}

static bool part_has(struct part part, uint32_t sector)
{
	return part.from <= sector && sector < part.to;
}

/* ---- the fingerprint ---- */

/*
 * It is the exclusive or of what each sector differs by from the golden image, so that only sectors
 * that change have to be known.
 */
enum { SECTOR_WORDS = CRASH_SECTOR / sizeof(uint64_t) };

static uint64_t hash_sector(uint64_t sector, const uint64_t words[static SECTOR_WORDS])
{
	uint64_t hash = 0;

	for (uint64_t i = 0; i < SECTOR_WORDS; i++)
		hash ^= random_mix(words[i] + random_mix(sector * SECTOR_WORDS + i));
	return hash;
}

/* Of bytes from this one on of a write. */
static int read_piece(struct replay *replay, uint32_t number, uint64_t from, size_t bytes)
{
	const struct crash_write *write = write_of(replay, number);
	uint64_t piece[PIECE_BYTES / sizeof(uint64_t)] = { 0 };
	uint64_t golden[PIECE_BYTES / sizeof(uint64_t)];
	struct replay_node *node = &replay->nodes[first_node(replay, number) + sectors_of(from)];
	uint32_t sector = first_sector(replay, number) + sectors_of(from);
	int r = io_read_at(replay->golden, write->offset + from, golden, bytes);

	if (r == 0 && !(write->flags & WRITE_LOG_DISCARD))
		r = io_read_at(replay->log->fd, write->position + from, piece, bytes);
	for (size_t i = 0; r == 0 && i < sectors_of(bytes); i++)
		node[i].change = hash_sector(sector + i, piece + i * SECTOR_WORDS) ^
				 hash_sector(sector + i, golden + i * SECTOR_WORDS);
	return r;
}

static int read_changes(struct replay *replay)
{
	int r = 0;

	for (uint32_t number = 1; r == 0 && number <= replay->log->write_count; number++) {
		uint64_t bytes = write_of(replay, number)->bytes, some;

		for (uint64_t at = 0; r == 0 && at < bytes; at += some) {
			some = bytes - at < PIECE_BYTES ? bytes - at : PIECE_BYTES;
			r = read_piece(replay, number, at, (size_t)some);
		}
	}
	return r;
}

/* ---- the chains ---- */

/* Numbers the nodes.  The count of all, or -EFBIG. */
static int64_t number_nodes(struct replay *replay)
{
	uint64_t count = 0;

	for (size_t i = 0; i < replay->log->write_count; i++) {
		replay->first[i] = (uint32_t)count;
		count += replay->log->writes[i].bytes / CRASH_SECTOR;
		if (count >= UINT32_MAX)
			return -EFBIG;
	}
	return (int64_t)count;
}

static uint64_t change_of(const struct replay *replay, uint32_t node_plus_1)
{
	return node_plus_1 ? replay->nodes[node_plus_1 - 1].change : 0;
}

/* Sets what determines the sector from now on. */
static void set_latest(struct replay *replay, uint32_t sector, uint32_t node_plus_1)
{
	uint32_t *latest = &replay->latest[sector];

	replay->fingerprint ^= change_of(replay, *latest) ^ change_of(replay, node_plus_1);
	*latest = node_plus_1;
}

/* `latest` is that of each sector after all writes meanwhile. */
static void chain_nodes(struct replay *replay)
{
	for (uint32_t number = 1; number <= replay->log->write_count; number++) {
		uint32_t sector = first_sector(replay, number), node = first_node(replay, number);
		uint32_t end = sector + sectors_of(write_of(replay, number)->bytes);

		for (; sector < end; sector++, node++) {
			replay->nodes[node].previous = replay->latest[sector];
			replay->nodes[node].write = number;
			set_latest(replay, sector, node + 1);
		}
	}
}

/* Whether what the node wrote has reached the disk. */
static bool is_there(const struct replay *replay, const struct crash_state *state, uint32_t node)
{
	uint32_t number = replay->nodes[node].write;

	return part_has(part_of(replay, state, number), node - first_node(replay, number));
}

/* The last node of this chain that has reached the disk, plus 1. */
static uint32_t find_latest(const struct replay *replay, const struct crash_state *state,
			    uint32_t node_plus_1)
{
	while (node_plus_1 && !is_there(replay, state, node_plus_1 - 1))
		node_plus_1 = replay->nodes[node_plus_1 - 1].previous;
	return node_plus_1;
}

/* From the state after all writes, in which chain_nodes() leaves `latest`. */
static void find_all(struct replay *replay)
{
	for (uint32_t number = 1; number <= replay->log->write_count; number++) {
		uint32_t sector = first_sector(replay, number);
		uint32_t end = sector + sectors_of(write_of(replay, number)->bytes);

		for (; sector < end; sector++)
			set_latest(replay, sector,
				   find_latest(replay, &replay->state, replay->latest[sector]));
	}
}

int replay_init(struct replay *replay, const struct crash_log *log, int golden, int scratch,
		const struct crash_state *state)
{
	CLEANUP(replay_clear)
	struct replay new = { .log = log, .golden = golden, .scratch = scratch, .state = *state };
	uint64_t sectors = log->volume_bytes / CRASH_SECTOR;
	int64_t count;
	int r;

	if (sectors > UINT32_MAX)
		return -EFBIG;
	new.first = calloc(log->write_count + 1, sizeof(*new.first));
	new.latest = calloc(sectors + 1, sizeof(*new.latest));
	if (!new.first || !new.latest)
		return -ENOMEM;
	count = number_nodes(&new);
	if (count < 0)
		return (int)count;
	new.nodes = calloc((size_t)count + 1, sizeof(*new.nodes));
	if (!new.nodes)
		return -ENOMEM;
	r = read_changes(&new);
	if (r < 0)
		return r;
	chain_nodes(&new);
	find_all(&new);
	*replay = new;
	new = (struct replay) { 0 };
	return 0;
}

/* ---- from one state to another ---- */

static int mark_dirty(struct replay *replay, uint32_t sector)
{
	return ARRAY_ADD(replay->dirty, replay->dirty_count, sector);
}

/* What of a write is no longer there gives way to what was there before it. */
static int take_back(struct replay *replay, const struct crash_state *to, uint32_t number)
{
	struct part old = part_of(replay, &replay->state, number);
	struct part new = part_of(replay, to, number);
	uint32_t sector = first_sector(replay, number), node = first_node(replay, number);
	int r = 0;

	for (uint32_t i = old.from; r == 0 && i < old.to; i++) {
		uint32_t latest = replay->latest[sector + i];

		if (part_has(new, i) || latest != node + i + 1)
			continue;
		set_latest(replay, sector + i, find_latest(replay, to, latest));
		r = mark_dirty(replay, sector + i);
	}
	return r;
}

static int bring_in(struct replay *replay, const struct crash_state *to, uint32_t number)
{
	struct part new = part_of(replay, to, number);
	uint32_t sector = first_sector(replay, number), node = first_node(replay, number);
	int r = 0;

	for (uint32_t i = new.from; r == 0 && i < new.to; i++) {
		if (replay->latest[sector + i] > node + i)
			continue;
		set_latest(replay, sector + i, node + i + 1);
		r = mark_dirty(replay, sector + i);
	}
	return r;
}

typedef int change(struct replay *replay, const struct crash_state *to, uint32_t number);

static int change_range(struct replay *replay, const struct crash_state *to, change *apply,
			struct crash_range range)
{
	int r = 0;

	for (uint32_t number = range.first; r == 0 && number && number <= range.last; number++)
		r = apply(replay, to, number);
	return r;
}

/* Calls it for each write that may differ between the two states. */
static int change_all(struct replay *replay, const struct crash_state *to, change *apply)
{
	const struct crash_state *from = &replay->state;
	bool is_later = to->writes > from->writes;
	/* The last write of the earlier state may be torn. */
	uint32_t first = is_later ? from->writes : to->writes;
	uint32_t last = is_later ? to->writes : from->writes;
	int r = change_range(replay, to, apply,
			     (struct crash_range) { first ? first : last > 0, last });

	for (size_t i = 0; r == 0 && i < CRASH_LOST_MAX; i++)
		r = change_range(replay, to, apply, from->lost[i]);
	for (size_t i = 0; r == 0 && i < CRASH_LOST_MAX; i++)
		r = change_range(replay, to, apply, to->lost[i]);
	return r;
}

/* ---- copying ---- */

/* Sectors that follow each other and come from one place. */
struct run {
	uint32_t sector, count;
	uint32_t node_plus_1; /* of the first sector */
};

static int write_zeroes(int fd, uint64_t at, uint64_t bytes)
{
	int r = 0;

	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)bytes) == 0)
		return 0;
	for (uint64_t some; r == 0 && bytes; bytes -= some, at += some) {
		some = bytes < PIECE_BYTES ? bytes : PIECE_BYTES;
		r = io_write_at(fd, at, zeroes, (size_t)some);
	}
	return r;
}

/* Bytes from this one on of a write, to where they belong. */
static int write_part(const struct replay *replay, uint32_t number, uint64_t from, uint64_t bytes,
		      int to)
{
	const struct crash_write *write = write_of(replay, number);

	if (write->flags & WRITE_LOG_DISCARD)
		return write_zeroes(to, write->offset + from, bytes);
	return io_copy_at(replay->log->fd, write->position + from, to, write->offset + from, bytes);
}

static int write_run(const struct replay *replay, struct run run)
{
	uint64_t at = (uint64_t)run.sector * CRASH_SECTOR;
	uint64_t bytes = (uint64_t)run.count * CRASH_SECTOR;
	uint32_t number, from;

	if (!run.node_plus_1)
		return io_copy_at(replay->golden, at, replay->scratch, at, bytes);
	number = replay->nodes[run.node_plus_1 - 1].write;
	from = run.node_plus_1 - 1 - first_node(replay, number);
	return write_part(replay, number, (uint64_t)from * CRASH_SECTOR, bytes, replay->scratch);
}

/* Whether the sector continues the run. */
static bool continues(const struct replay *replay, struct run run, uint32_t sector)
{
	uint32_t latest = replay->latest[sector];

	if (sector != run.sector + run.count)
		return false;
	if (!latest || !run.node_plus_1)
		return latest == run.node_plus_1;
	return latest == run.node_plus_1 + run.count &&
	       replay->nodes[latest - 1].write == replay->nodes[run.node_plus_1 - 1].write;
}

static int compare_sectors(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return (one > other) - (one < other);
}

static struct run run_at(const struct replay *replay, uint32_t sector)
{
	return (struct run) { sector, 1, replay->latest[sector] };
}

/* Copies the dirty sectors to the scratch image. */
static int clean(struct replay *replay)
{
	size_t count = replay->dirty_count;
	struct run run;
	int r = 0;

	if (!count)
		return 0;
	replay->dirty_count = 0;
	qsort(replay->dirty, count, sizeof(*replay->dirty), compare_sectors);
	run = run_at(replay, replay->dirty[0]);
	for (size_t i = 1; r == 0 && i < count; i++) {
		uint32_t sector = replay->dirty[i];

		if (sector < run.sector + run.count)
			continue; /* a second time */
		if (continues(replay, run, sector)) {
			run.count++;
			continue;
		}
		r = write_run(replay, run);
		run = run_at(replay, sector);
	}
	return r < 0 ? r : write_run(replay, run);
}

int replay_to(struct replay *replay, const struct crash_state *state)
{
	int r = change_all(replay, state, take_back);

	if (r == 0)
		r = change_all(replay, state, bring_in);
	if (r < 0)
		return r;
	replay->state = *state;
	return clean(replay);
}

int replay_restore(struct replay *replay, struct crash_log *guest, struct problem *problem)
{
	int r = crash_log_read(guest, UINT64_MAX, problem);

	for (size_t i = 0; r == 0 && i < guest->write_count; i++) {
		uint32_t sector = sectors_of(guest->writes[i].offset);
		uint32_t end = sector + sectors_of(guest->writes[i].bytes);

		for (; r == 0 && sector < end; sector++)
			r = mark_dirty(replay, sector);
	}
	crash_log_forget(guest);
	return r < 0 ? r : clean(replay);
}

/* ---- whole images ---- */

/* Copies what is not a hole. */
static int copy_image(int from, uint64_t bytes, int to)
{
	off_t end = 0, start = 0;
	int r = ftruncate(to, (off_t)bytes) < 0 ? -errno : 0;

	while (r == 0 && (start = lseek(from, end, SEEK_DATA)) >= 0 && (uint64_t)start < bytes) {
		end = lseek(from, start, SEEK_HOLE);
		if (end < 0)
			return -errno;
		if ((uint64_t)end > bytes)
			end = (off_t)bytes;
		r = io_copy_at(from, (uint64_t)start, to, (uint64_t)start, (uint64_t)(end - start));
	}
	return r == 0 && start < 0 && errno != ENXIO ? -errno : r;
}

int replay_write(const struct replay *replay, const struct crash_state *state, int to)
{
	int r = copy_image(replay->golden, replay->log->volume_bytes, to);

	for (uint32_t number = 1; r == 0 && number <= state->writes; number++) {
		uint64_t from, end;

		crash_state_part(state, replay->log, number, &from, &end);
		if (from < end)
			r = write_part(replay, number, from, end - from, to);
	}
	return r;
}

static size_t first_difference(const char *one, const char *other, size_t bytes)
{
	size_t at = 0;

	while (at < bytes && one[at] == other[at])
		at++;
	return at;
}

int replay_equals(const struct replay *replay, int other, uint64_t *ret_at)
{
	char one_piece[PIECE_BYTES], other_piece[PIECE_BYTES];
	uint64_t end = replay->log->volume_bytes;

	for (uint64_t at = 0, some; at < end; at += some) {
		int r;

		some = end - at < PIECE_BYTES ? end - at : PIECE_BYTES;
		r = io_read_at(replay->scratch, at, one_piece, (size_t)some);
		if (r == 0)
			r = io_read_at(other, at, other_piece, (size_t)some);
		if (r < 0)
			return r;
		if (memcmp(one_piece, other_piece, (size_t)some) == 0)
			continue;
		*ret_at = at + first_difference(one_piece, other_piece, (size_t)some);
		return 0;
	}
	return 1;
}

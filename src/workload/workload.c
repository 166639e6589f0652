/* SPDX-License-Identifier: MIT */
/*
 * The clock is read before and after each call, and the time of a phase is the sum of these times:
 * to make what is written and to count are not part of it.  Each call is longer by what one reading
 * takes, 20 to 50 ns.
 *
 * The data of a phase is recorded as a pass: a range per file and, if only some blocks of it are
 * written in random order, one bit per block.  The writer of a byte is the last pass that contains
 * it.
 */
#include "workload/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/random.h"
#include "workload/pattern.h"

enum { BUFFER_ALIGNMENT = 4096, VERIFY_BYTES = 1 << 20, MIXED_SPREAD = 8 };

/* A part of a file. */
struct range {
	uint64_t from, to; /* bytes */
	uint64_t first;	   /* number of its first block among those of all files */
};

struct workload_pass {
	struct phase phase;
	struct pattern pattern;
	struct range *range;	/* one per file */
	unsigned char *written; /* one bit per block; NULL: all blocks of the ranges */
};

struct step {
	uint32_t file, block;
};

struct workload_job {
	struct workload_set *set;
	struct phase phase;
	struct range *range; /* one per file: the part that the phase uses */
	struct step *step;
	uint64_t step_count;
	uint64_t block_count;  /* of the ranges, of which not all may be steps */
	uint64_t stored_bytes; /* as in the outcome */
	uint64_t *since_sync;  /* calls, per file */
	void *buffer;	       /* for reads */
};

/* ---- files ---- */

/*
 * Each file gets 1 to MIXED_SPREAD shares of the total, and the last one also what rounding left.
 */
static void mix_sizes(struct workload_set *set, uint64_t total)
{
	uint64_t shares = 0, left = total;

	for (size_t i = 0; i < set->count; i++)
		shares += 1 + random_mix(set->seed + i) % MIXED_SPREAD;
	for (size_t i = 0; i < set->count; i++) {
		uint64_t share = 1 + random_mix(set->seed + i) % MIXED_SPREAD;
		uint64_t bytes = (uint64_t)((__uint128_t)total * share / shares);

		bytes -= bytes % BUFFER_ALIGNMENT;
		set->file[i].bytes = i + 1 < set->count && bytes ? bytes : left;
		left -= set->file[i].bytes;
	}
}

int workload_set_init(struct workload_set *set, const struct method_choice *method, size_t count,
		      uint64_t bytes, bool mixed, uint64_t seed)
{
	struct workload_file *file = calloc(count, sizeof(*file));

	if (!file)
		return -ENOMEM;
	*set = (struct workload_set) {
		.method = method, .file = file, .count = count, .seed = seed
	};
	for (size_t i = 0; i < count; i++)
		file[i] = (struct workload_file) { .fd = -1, .bytes = bytes };
	if (mixed && count > 1)
		mix_sizes(set, bytes * count);
	return 0;
}

static void pass_clear(struct workload_pass *pass)
{
	pattern_clear(&pass->pattern);
	free(pass->range);
	free(pass->written);
}

void workload_set_clear(struct workload_set *set)
{
	for (size_t i = 0; i < set->pass_count; i++)
		pass_clear(&set->pass[i]);
	free(set->pass);
	free(set->file);
	*set = (struct workload_set) { 0 };
}

/* ---- written data ---- */

/*
 * The last pass that wrote the byte at `at` (NULL: none), its block in that pass, and the end of
 * the range for which both are the same.
 */
static struct workload_pass *find_writer(const struct workload_set *set, size_t file, uint64_t at,
					 uint64_t *ret_block, uint64_t *ret_end)
{
	uint64_t end = UINT64_MAX;

	for (size_t i = set->pass_count; i-- > 0;) {
		struct workload_pass *pass = &set->pass[i];
		const struct range *range = &pass->range[file];
		uint64_t block, number, block_end;

		if (at < range->from && range->from < end && range->to > range->from)
			end = range->from;
		if (at < range->from || at >= range->to)
			continue;
		block = (at - range->from) / pass->phase.block_bytes;
		block_end = range->from + (block + 1) * pass->phase.block_bytes;
		end = block_end < end ? block_end : end;
		end = range->to < end ? range->to : end;
		number = range->first + block;
		if (pass->written && !(pass->written[number / CHAR_BIT] & 1u << number % CHAR_BIT))
			continue;
		*ret_block = block;
		*ret_end = end;
		return pass;
	}
	*ret_end = end;
	return NULL;
}

/*
 * The end of the last byte that the phases wrote: the file cannot be shorter, whatever the method.
 */
static uint64_t least_size(const struct workload_set *set, size_t file)
{
	uint64_t size = 0, block, end;

	for (uint64_t at = 0; at < set->file[file].bytes; at = end) {
		struct workload_pass *pass = find_writer(set, file, at, &block, &end);

		if (end > set->file[file].bytes)
			end = set->file[file].bytes;
		if (pass)
			size = end;
	}
	return size;
}

/* ---- the order of a phase ---- */

static uint64_t blocks_of(const struct range *range, uint64_t block_bytes)
{
	return (range->to - range->from + block_bytes - 1) / block_bytes;
}

/* Does the phase use only what was written before? */
static bool needs_written(const struct phase *phase)
{
	return phase->workload->kind == WORKLOAD_READ ||
	       phase->workload->kind == WORKLOAD_OVERWRITE;
}

/* Such a phase stops after the last written byte: the file may be shorter than planned. */
static uint64_t range_end(const struct workload_set *set, const struct phase *phase, size_t file)
{
	uint64_t end;

	if (!needs_written(phase))
		return set->file[file].bytes;
	end = least_size(set, file);
	return phase->direct ? end - end % PHASE_DIRECT_UNIT : end;
}

static struct range *make_ranges(const struct workload_set *set, const struct phase *phase,
				 uint64_t *ret_blocks)
{
	struct range *range = calloc(set->count, sizeof(*range));
	uint64_t blocks = 0;

	for (size_t i = 0; range && i < set->count; i++) {
		const struct workload_file *file = &set->file[i];

		range[i] = (struct range) {
			.from = phase->workload->kind == WORKLOAD_APPEND ? file->appended_bytes : 0,
			.to = range_end(set, phase, i),
			.first = blocks,
		};
		blocks += blocks_of(&range[i], phase->block_bytes);
	}
	*ret_blocks = blocks;
	return range;
}

/* The first block of each file, the second one of each, and so on. */
static void interleave_files(struct workload_job *job)
{
	uint64_t count = 0;

	for (uint32_t block = 0; count < job->block_count; block++)
		for (size_t i = 0; i < job->set->count; i++)
			if (block < blocks_of(&job->range[i], job->phase.block_bytes))
				job->step[count++] = (struct step) { (uint32_t)i, block };
}

/* How many bytes of its block phases have written. */
static uint64_t stored_bytes(const struct workload_job *job, const struct step *step)
{
	const struct range *range = &job->range[step->file];
	uint64_t at = range->from + step->block * job->phase.block_bytes, block, next;
	uint64_t end =
		at + job->phase.block_bytes < range->to ? at + job->phase.block_bytes : range->to;
	uint64_t sum = 0;

	for (; at < end; at = next) {
		bool written = find_writer(job->set, step->file, at, &block, &next);

		next = next < end ? next : end;
		sum += written ? next - at : 0;
	}
	return sum;
}

static uint64_t drop_unwritten(struct workload_job *job)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < job->block_count; i++)
		if (stored_bytes(job, &job->step[i]) > 0)
			job->step[count++] = job->step[i];
	return count;
}

/* Fisher and Yates'. */
static void shuffle(struct step *step, uint64_t count, uint64_t seed)
{
	for (uint64_t i = count; i > 1; i--) {
		uint64_t other = random_mix(seed + i) % i;
		struct step taken = step[i - 1];

		step[i - 1] = step[other];
		step[other] = taken;
	}
}

static int order_steps(struct workload_job *job)
{
	const struct phase *phase = &job->phase;
	uint64_t count;

	job->range = make_ranges(job->set, phase, &job->block_count);
	if (!job->range)
		return -ENOMEM;
	if (job->block_count > INT32_MAX)
		return -E2BIG;
	job->step = calloc(job->block_count + 1, sizeof(*job->step));
	if (!job->step)
		return -ENOMEM;
	interleave_files(job);
	count = needs_written(phase) ? drop_unwritten(job) : job->block_count;
	if (phase->workload->random)
		shuffle(job->step, count, random_mix(job->set->seed + job->set->pass_count));
	job->step_count = phase->count && phase->count < count ? phase->count : count;
	for (uint64_t i = 0; !phase_writes(phase) && i < job->step_count; i++)
		job->stored_bytes += stored_bytes(job, &job->step[i]);
	return 0;
}

/* ---- the pass of a phase ---- */

/* Reduces each range to what the steps write, or marks single blocks if some can be left out. */
static int mark_written(const struct workload_job *job, struct workload_pass *pass)
{
	bool in_order = !job->phase.workload->random && !needs_written(&job->phase);

	if (!in_order) {
		pass->written = calloc(job->block_count / CHAR_BIT + 1, 1);
		if (!pass->written)
			return -ENOMEM;
	}
	for (size_t i = 0; in_order && i < job->set->count; i++)
		pass->range[i].to = pass->range[i].from;
	for (uint64_t i = 0; i < job->step_count; i++) {
		const struct step *step = &job->step[i];
		uint64_t number = job->range[step->file].first + step->block;
		uint64_t end =
			job->range[step->file].from + (step->block + 1ull) * job->phase.block_bytes;

		if (!in_order)
			pass->written[number / CHAR_BIT] |=
				(unsigned char)(1u << number % CHAR_BIT);
		else
			pass->range[step->file].to =
				end < job->range[step->file].to ? end : job->range[step->file].to;
	}
	return 0;
}

static int add_pass(struct workload_job *job)
{
	struct workload_set *set = job->set;
	struct workload_pass *pass;
	size_t bytes = set->count * sizeof(*job->range);
	int r = ARRAY_ROOM(set->pass, set->pass_count);

	if (r < 0)
		return r;
	pass = &set->pass[set->pass_count];
	*pass = (struct workload_pass) { .phase = job->phase, .range = malloc(bytes) };
	if (pass->range)
		memcpy(pass->range, job->range, bytes);
	r = pass->range ? pattern_init(&pass->pattern, set->seed, (unsigned)set->pass_count,
				       job->phase.block_bytes)
			: -ENOMEM;
	if (r == 0 && job->step_count < job->block_count)
		r = mark_written(job, pass);
	if (r < 0)
		pass_clear(pass);
	else
		set->pass_count++;
	return r;
}

static int make_buffer(struct workload_job *job)
{
	if (posix_memalign(&job->buffer, BUFFER_ALIGNMENT, job->phase.block_bytes) != 0)
		return -ENOMEM;
	/* Written, so that page faults are not measured. */
	memset(job->buffer, 1, job->phase.block_bytes);
	return 0;
}

/* Each direct write to a page that an earlier phase left in the cache would also have to drop it.
 */
static int set_direct(const struct workload_set *set, bool direct)
{
	for (size_t i = 0; i < set->count; i++) {
		int flags = fcntl(set->file[i].fd, F_GETFL);

		flags = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
		if (direct)
			(void)posix_fadvise(set->file[i].fd, 0, 0, POSIX_FADV_DONTNEED);
		if (fcntl(set->file[i].fd, F_SETFL, flags) < 0)
			return -errno;
	}
	return 0;
}

void workload_job_freep(struct workload_job **job)
{
	if (*job) {
		free((*job)->range);
		free((*job)->step);
		free((*job)->since_sync);
		free((*job)->buffer);
	}
	free(*job);
	*job = NULL;
}

int workload_prepare(struct workload_set *set, const struct phase *phase, struct workload_job **ret)
{
	CLEANUP(workload_job_freep) struct workload_job *job = calloc(1, sizeof(*job));
	int r;

	if (!job)
		return -ENOMEM;
	*job = (struct workload_job) { .set = set, .phase = *phase };
	job->since_sync = calloc(set->count, sizeof(*job->since_sync));
	r = job->since_sync ? order_steps(job) : -ENOMEM;
	if (r == 0 && job->step_count == 0)
		return -ENODATA;
	if (r == 0)
		r = phase_writes(phase) ? add_pass(job) : make_buffer(job);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(job);
	return 0;
}

/* ---- the calls ---- */

static int fail(struct workload_outcome *outcome, const char *call, int error)
{
	outcome->failed_call = call;
	return -error;
}

static int sync_now(struct workload_job *job, uint32_t number, struct workload_outcome *ret)
{
	const struct phase *phase = &job->phase;
	int fd = job->set->file[number].fd;

	if (++job->since_sync[number] < phase->sync_every)
		return 0;
	job->since_sync[number] = 0;
	ret->syncs++;
	if ((phase->sync == PHASE_FSYNC ? fsync(fd) : fdatasync(fd)) == 0)
		return 0;
	return fail(ret, phase->sync == PHASE_FSYNC ? "fsync" : "fdatasync", errno);
}

struct call {
	uint32_t file;
	uint64_t offset;
	size_t bytes;
	const void *data; /* NULL: to be read */
};

static struct call prepare_call(const struct workload_job *job, struct workload_pass *pass,
				const struct step *step)
{
	const struct range *range = &job->range[step->file];
	uint64_t offset = range->from + step->block * job->phase.block_bytes;
	uint64_t left = range->to - offset;

	return (struct call) {
		.file = step->file,
		.offset = offset,
		.bytes = left < job->phase.block_bytes ? left : job->phase.block_bytes,
		.data = pass ? pattern_block(&pass->pattern, step->file, step->block, offset)
			     : NULL,
	};
}

/* With the allocation before it and the sync after it. */
static int make_call(struct workload_job *job, const struct call *call,
		     struct workload_outcome *ret)
{
	struct workload_file *file = &job->set->file[call->file];
	int r = 0;

	if (!call->data) {
		r = io_read_at(file->fd, call->offset, job->buffer, call->bytes);
		return r < 0 ? fail(ret, "pread", -r) : 0;
	}
	if (job->set->method->method->grow)
		r = method_grow(job->set->method, file->fd, call->offset + call->bytes, file->bytes,
				&file->growth);
	if (r < 0)
		return fail(ret, "fallocate", -r);
	r = io_write_at(file->fd, call->offset, call->data, call->bytes);
	if (r < 0)
		return fail(ret, "pwrite", -r);
	return job->phase.sync ? sync_now(job, call->file, ret) : 0;
}

static int make_calls(struct workload_job *job, struct workload_pass *pass,
		      struct workload_outcome *ret)
{
	for (uint64_t i = 0; i < job->step_count; i++) {
		struct call call = prepare_call(job, pass, &job->step[i]);
		uint64_t start_ns = io_now_ns(), ns;
		int r = make_call(job, &call, ret);

		ns = io_now_ns() - start_ns;
		if (r < 0)
			return r;
		histogram_add(ret->latency, ns);
		ret->ns += ns;
		ret->bytes += call.bytes;
	}
	ret->calls = job->step_count;
	ret->stored_bytes = job->stored_bytes;
	return 0;
}

static void note_appended(const struct workload_job *job, const struct workload_pass *pass)
{
	for (size_t i = 0; i < job->set->count; i++)
		if (pass->range[i].to > job->set->file[i].appended_bytes)
			job->set->file[i].appended_bytes = pass->range[i].to;
}

int workload_run(struct workload_job *job, struct workload_outcome *ret)
{
	struct workload_set *set = job->set;
	struct workload_pass *pass =
		phase_writes(&job->phase) ? &set->pass[set->pass_count - 1] : NULL;
	int r = job->phase.direct ? set_direct(set, true) : 0;

	if (r < 0)
		return fail(ret, "open with O_DIRECT", -r);
	r = make_calls(job, pass, ret);
	if (job->phase.direct && set_direct(set, false) < 0 && r == 0)
		r = fail(ret, "fcntl", errno);
	if (pass) {
		set->written_bytes += ret->bytes;
		note_appended(job, pass);
	}
	return r;
}

int workload_sync(const struct workload_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (fsync(set->file[i].fd) < 0)
			return -errno;
	return 0;
}

/* ---- verification ---- */

bool workload_is_full(const struct workload_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		uint64_t block, end;

		for (uint64_t at = 0; at < set->file[i].bytes; at = end)
			if (!find_writer(set, i, at, &block, &end))
				return false;
	}
	return true;
}

/* Compares bytes that the same pass wrote, or none. */
static int compare(const unsigned char *found, const unsigned char *wanted, size_t bytes,
		   struct workload_mismatch *ret)
{
	if (memcmp(found, wanted, bytes) == 0)
		return 0;
	for (size_t i = 0; i < bytes; i++)
		if (found[i] != wanted[i]) {
			ret->offset += i;
			ret->found = found[i];
			ret->wanted = wanted[i];
			break;
		}
	return -EILSEQ;
}

static int check_bytes(const struct workload_set *set, size_t file, uint64_t from,
		       const unsigned char *data, size_t bytes, struct workload_mismatch *ret)
{
	static const unsigned char zeroes[64 << 10];
	uint64_t block = 0, end;

	for (uint64_t at = from, next; at < from + bytes; at = next) {
		struct workload_pass *pass = find_writer(set, file, at, &block, &end);
		const unsigned char *wanted = zeroes;
		struct workload_mismatch mismatch = { .file = file,
						      .offset = at,
						      .writer = pass ? pass->phase.title : NULL };

		next = end < from + bytes ? end : from + bytes;
		if (!pass && next - at > sizeof(zeroes))
			next = at + sizeof(zeroes);
		if (pass) {
			uint64_t start = pass->range[file].from + block * pass->phase.block_bytes;

			wanted = pattern_block(&pass->pattern, file, block, start);
			wanted += at - start;
		}
		if (compare(data + (at - from), wanted, next - at, &mismatch) < 0) {
			*ret = mismatch;
			return -EILSEQ;
		}
	}
	return 0;
}

static int verify_file(struct workload_set *set, size_t file, unsigned char *buffer,
		       struct workload_mismatch *ret)
{
	uint64_t least = least_size(set, file), size;
	struct stat status;
	int r = 0;

	if (fstat(set->file[file].fd, &status) < 0)
		return -errno;
	size = (uint64_t)status.st_size;
	if (size < least) {
		*ret = (struct workload_mismatch) { file, size, -1, 0, NULL };
		return -EILSEQ;
	}
	for (uint64_t at = 0; r == 0 && at < size; at += VERIFY_BYTES) {
		size_t bytes = size - at < VERIFY_BYTES ? size - at : VERIFY_BYTES;

		r = io_read_at(set->file[file].fd, at, buffer, bytes);
		if (r == 0)
			r = check_bytes(set, file, at, buffer, bytes, ret);
		if (r == 0)
			set->verified_bytes += bytes;
	}
	return r;
}

int workload_verify(struct workload_set *set, struct workload_mismatch *ret)
{
	CLEANUP(freep) unsigned char *buffer = malloc(VERIFY_BYTES);
	int r = buffer ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < set->count; i++)
		r = verify_file(set, i, buffer, ret);
	return r;
}

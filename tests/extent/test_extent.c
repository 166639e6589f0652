/* SPDX-License-Identifier: MIT */
/* The walkers against a kernel that is played: each test scripts its answers. */
#include <errno.h>
#include <limits.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "extent/extent_kernel.h"

enum { BLOCK = 4096, SEEN_MAX = 4096 };

struct answer {
	int error;	 /* positive errno: the call fails */
	unsigned mapped; /* what it says; more than fits is filled as far as that goes */
	struct fiemap_extent extents[4];
};

/* What a played kernel knows. */
struct play {
	const struct answer *answers; /* to FIEMAP, one after the other; the last one stays */
	size_t answer_count, calls;
	const struct fiemap_extent *file; /* or a whole file, cut into batches as asked */
	size_t file_extents;
	const int *blocks; /* to FIBMAP: block numbers, negative: an errno */
	int block_bytes, fibmap_error;
	uint64_t starts[16]; /* of the calls, as far as they fit */
	uint32_t flags;
};

struct seen {
	struct extent extents[SEEN_MAX];
	size_t count;
	size_t stop_after; /* 0: never */
	int stop_with;
};

static int note(const struct extent *extent, void *context)
{
	struct seen *seen = context;

	assert_true(seen->count < SEEN_MAX);
	seen->extents[seen->count++] = *extent;
	return seen->count == seen->stop_after ? seen->stop_with : 0;
}

static int answer_from_script(struct play *play, struct fiemap *fiemap)
{
	size_t which = play->calls < play->answer_count ? play->calls : play->answer_count - 1;
	const struct answer *answer = &play->answers[which];

	if (answer->error)
		return -answer->error;
	fiemap->fm_mapped_extents = answer->mapped;
	for (unsigned i = 0; i < answer->mapped && i < fiemap->fm_extent_count; i++)
		fiemap->fm_extents[i] = answer->extents[i];
	return 0;
}

static int answer_from_file(const struct play *play, struct fiemap *fiemap)
{
	fiemap->fm_mapped_extents = 0;
	for (size_t i = 0; i < play->file_extents; i++) {
		const struct fiemap_extent *extent = &play->file[i];

		if (extent->fe_logical + extent->fe_length <= fiemap->fm_start)
			continue;
		if (fiemap->fm_mapped_extents == fiemap->fm_extent_count)
			break;
		fiemap->fm_extents[fiemap->fm_mapped_extents++] = *extent;
	}
	return 0;
}

static int play_fiemap(struct play *play, struct fiemap *fiemap)
{
	int r = play->answers ? answer_from_script(play, fiemap) : answer_from_file(play, fiemap);

	if (play->calls < ARRAY_SIZE(play->starts))
		play->starts[play->calls] = fiemap->fm_start;
	play->flags = fiemap->fm_flags;
	play->calls++;
	assert_true(play->calls < 100000);
	assert_true(fiemap->fm_length > 0);
	return r;
}

static int play_kernel(void *context, int fd, unsigned long request, void *argument)
{
	struct play *play = context;
	int *number = argument;
	(void)fd;

	if (request == FS_IOC_FIEMAP)
		return play_fiemap(play, argument);
	if (request == FIGETBSZ) {
		*number = play->block_bytes;
		return play->block_bytes == INT_MIN ? -EINVAL : 0;
	}
	assert_true(request == FIBMAP);
	assert_true(*number >= 0);
	if (play->fibmap_error)
		return -play->fibmap_error;
	*number = play->blocks[*number];
	return 0;
}

static int walk_play(struct play *play, unsigned batch, struct seen *seen)
{
	const struct extent_kernel kernel = { .control = play_kernel, .context = play };

	return extent_walk_on(&kernel, -1, &(struct extent_walk_options) { .batch = batch }, note,
			      seen, NULL);
}

static int walk_answers(const struct answer *answers, size_t count, struct seen *seen)
{
	struct play play = { .answers = answers, .answer_count = count };

	memset(seen, 0, sizeof(*seen));
	return walk_play(&play, 4, seen);
}

#define EXTENT(l, p, n, f)                                                               \
	{                                                                                \
		.fe_logical = (l), .fe_physical = (p), .fe_length = (n), .fe_flags = (f) \
	}

static void expect_extent(const struct extent *got, uint64_t logical, uint64_t physical,
			  uint64_t bytes, uint32_t flags)
{
	assert_int_equal(got->logical, logical);
	assert_int_equal(got->physical, physical);
	assert_int_equal(got->bytes, bytes);
	assert_int_equal(got->flags, flags);
}

static void empty_file_has_no_extent(void **state)
{
	static const struct answer nothing[] = { { .mapped = 0 } };
	static const struct answer of_no_length[] = {
		{ .mapped = 1,
		  .extents = { EXTENT(0, 999, 0, FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_LAST) } }
	};
	struct seen seen;
	(void)state;

	assert_int_equal(walk_answers(nothing, 1, &seen), 0);
	assert_int_equal(seen.count, 0);
	assert_int_equal(walk_answers(of_no_length, 1, &seen), 0);
	assert_int_equal(seen.count, 0);
}

static void flags_are_translated(void **state)
{
	static const struct {
		uint32_t theirs, ours;
	} rows[] = {
		{ 0, 0 },
		{ FIEMAP_EXTENT_UNKNOWN, EXTENT_UNKNOWN },
		{ FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_UNKNOWN,
		  EXTENT_DELALLOC | EXTENT_UNKNOWN },
		{ FIEMAP_EXTENT_ENCODED, EXTENT_ENCODED },
		{ FIEMAP_EXTENT_DATA_ENCRYPTED, EXTENT_ENCODED | EXTENT_ENCRYPTED },
		{ FIEMAP_EXTENT_NOT_ALIGNED, EXTENT_NOT_ALIGNED },
		{ FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_NOT_ALIGNED,
		  EXTENT_INLINE | EXTENT_NOT_ALIGNED },
		{ FIEMAP_EXTENT_DATA_TAIL | FIEMAP_EXTENT_NOT_ALIGNED,
		  EXTENT_INLINE | EXTENT_TAIL | EXTENT_NOT_ALIGNED },
		{ FIEMAP_EXTENT_UNWRITTEN, EXTENT_UNWRITTEN },
		{ FIEMAP_EXTENT_MERGED, EXTENT_MERGED },
		{ FIEMAP_EXTENT_SHARED, EXTENT_SHARED },
		{ 0x40000000, 0 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct answer answer = {
			.mapped = 1,
			.extents = { EXTENT(0, BLOCK, BLOCK, rows[i].theirs | FIEMAP_EXTENT_LAST) },
		};
		struct seen seen;

		assert_int_equal(walk_answers(&answer, 1, &seen), 0);
		assert_int_equal(seen.count, 1);
		expect_extent(&seen.extents[0], 0, BLOCK, BLOCK, rows[i].ours | EXTENT_LAST);
	}
}

static void batches_make_no_difference(void **state)
{
	enum { EXTENTS = 1500 };
	static const unsigned sizes[] = { 1, 2, 499, 500, 511, 512, 513, 1499, 1500, 1501, 0 };
	static struct fiemap_extent file[EXTENTS];
	struct play play = { .file = file, .file_extents = EXTENTS };
	(void)state;

	for (uint64_t i = 0; i < EXTENTS; i++)
		file[i] = (struct fiemap_extent)EXTENT(3 * i * BLOCK, (EXTENTS - i) * 8 * BLOCK,
						       (1 + i % 2) * BLOCK, 0);
	for (int has_last = 0; has_last < 2; has_last++) {
		file[EXTENTS - 1].fe_flags = has_last ? FIEMAP_EXTENT_LAST : 0;
		for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
			static struct seen seen;

			seen.count = play.calls = 0;
			assert_int_equal(walk_play(&play, sizes[s], &seen), 0);
			assert_int_equal(seen.count, EXTENTS);
			for (size_t i = 0; i < EXTENTS; i++)
				expect_extent(&seen.extents[i], file[i].fe_logical,
					      file[i].fe_physical, file[i].fe_length,
					      file[i].fe_flags ? EXTENT_LAST : 0);
			if (has_last && sizes[s])
				assert_int_equal(play.calls, (EXTENTS + sizes[s] - 1) / sizes[s]);
		}
	}
}

static void walk_goes_on_at_the_end_of_the_last_extent(void **state)
{
	static const struct answer answers[] = {
		{ .mapped = 2,
		  .extents = { EXTENT(0, 9 * BLOCK, BLOCK, 0),
			       EXTENT(4 * BLOCK, 2 * BLOCK, 3 * BLOCK, 0) } },
		{ .error = EINTR },
		{ .mapped = 1, .extents = { EXTENT(9 * BLOCK, 0, BLOCK, 0) } },
		{ .mapped = 0 },
	};
	struct play play = { .answers = answers, .answer_count = ARRAY_SIZE(answers) };
	struct seen seen = { .count = 0 };
	(void)state;

	assert_int_equal(walk_play(&play, 2, &seen), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(play.calls, 4);
	assert_int_equal(play.starts[0], 0);
	assert_int_equal(play.starts[1], 7 * BLOCK);
	assert_int_equal(play.starts[2], 7 * BLOCK);
	assert_int_equal(play.starts[3], 10 * BLOCK);
}

static void nothing_is_read_after_the_last_extent(void **state)
{
	static const struct answer answers[] = {
		{ .mapped = 2,
		  .extents = { EXTENT(0, BLOCK, BLOCK, FIEMAP_EXTENT_LAST),
			       EXTENT(BLOCK, 5 * BLOCK, BLOCK, 0) } },
		{ .error = EIO },
	};
	struct seen seen;
	(void)state;

	assert_int_equal(walk_answers(answers, 2, &seen), 0);
	assert_int_equal(seen.count, 1);
}

static void answers_without_progress_or_sense_are_errors(void **state)
{
	static const struct answer rows[][2] = {
		/* the same extent for ever */
		{ { .mapped = 1, .extents = { EXTENT(0, BLOCK, BLOCK, 0) } },
		  { .mapped = 1, .extents = { EXTENT(0, BLOCK, BLOCK, 0) } } },
		/* backwards for ever */
		{ { .mapped = 1, .extents = { EXTENT(8 * BLOCK, BLOCK, BLOCK, 0) } },
		  { .mapped = 1, .extents = { EXTENT(2 * BLOCK, BLOCK, BLOCK, 0) } } },
		/* length 0 for ever */
		{ { .mapped = 1, .extents = { EXTENT(0, BLOCK, BLOCK, 0) } },
		  { .mapped = 1, .extents = { EXTENT(BLOCK, BLOCK, 0, 0) } } },
		/* more extents than there is room for */
		{ { .mapped = 1, .extents = { EXTENT(0, BLOCK, BLOCK, 0) } },
		  { .mapped = 5, .extents = { EXTENT(BLOCK, BLOCK, BLOCK, 0) } } },
		/* the end overflows, in the file (as the kernel counts, too) and on the volume */
		{ { .mapped = 1, .extents = { EXTENT(0, BLOCK, BLOCK, 0) } },
		  { .mapped = 1, .extents = { EXTENT(BLOCK, 0, 1ull << 63, 0) } } },
		{ { .mapped = 1, .extents = { EXTENT(0, BLOCK, BLOCK, 0) } },
		  { .mapped = 1, .extents = { EXTENT(BLOCK, 0, UINT64_MAX, 0) } } },
		{ { .mapped = 1, .extents = { EXTENT(0, BLOCK, BLOCK, 0) } },
		  { .mapped = 1, .extents = { EXTENT(BLOCK, UINT64_MAX, 2, 0) } } },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct seen seen;

		assert_int_equal(walk_answers(rows[i], 2, &seen), -EIO);
		assert_int_equal(seen.count, 1);
	}
}

static void no_address_cannot_overflow(void **state)
{
	static const struct answer answer = {
		.mapped = 1,
		.extents = { EXTENT(0, UINT64_MAX, BLOCK,
				    FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_LAST) },
	};
	struct seen seen;
	(void)state;

	assert_int_equal(walk_answers(&answer, 1, &seen), 0);
	expect_extent(&seen.extents[0], 0, UINT64_MAX, BLOCK, EXTENT_UNKNOWN | EXTENT_LAST);
}

/* The file changed between two calls: what was seen already is cut off. */
static void overlaps_are_cut(void **state)
{
	static const struct answer answers[] = {
		{ .mapped = 1, .extents = { EXTENT(0, 10 * BLOCK, 4 * BLOCK, 0) } },
		{ .mapped = 4,
		  .extents = { EXTENT(0, 10 * BLOCK, 2 * BLOCK, 0),
			       EXTENT(2 * BLOCK, 12 * BLOCK, 4 * BLOCK, 0),
			       EXTENT(5 * BLOCK, 50 * BLOCK, 2 * BLOCK, FIEMAP_EXTENT_ENCODED),
			       EXTENT(6 * BLOCK, 0, BLOCK, FIEMAP_EXTENT_LAST) } },
	};
	struct seen seen;
	(void)state;

	assert_int_equal(walk_answers(answers, 2, &seen), 0);
	assert_int_equal(seen.count, 3);
	expect_extent(&seen.extents[1], 4 * BLOCK, 14 * BLOCK, 2 * BLOCK, 0);
	expect_extent(&seen.extents[2], 6 * BLOCK, 50 * BLOCK, BLOCK, EXTENT_ENCODED);
}

static void callback_ends_the_walk(void **state)
{
	static const int results[] = { 1, 77, -ECANCELED, -EOPNOTSUPP };
	static const struct fiemap_extent file[] = { EXTENT(0, BLOCK, BLOCK, 0),
						     EXTENT(BLOCK, 9 * BLOCK, BLOCK, 0),
						     EXTENT(2 * BLOCK, BLOCK, BLOCK, 0) };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		for (size_t after = 1; after <= ARRAY_SIZE(file); after++) {
			struct play play = { .file = file, .file_extents = ARRAY_SIZE(file) };
			struct seen seen = { .stop_after = after, .stop_with = results[i] };

			assert_int_equal(walk_play(&play, 2, &seen), results[i]);
			assert_int_equal(seen.count, after);
		}
}

static void errors_of_fiemap_are_returned(void **state)
{
	static const int errors[] = { EIO, EBADF, EPERM, ENOMEM, EBADR, EINVAL };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		const struct answer answer = { .error = errors[i] };
		struct seen seen;

		assert_int_equal(walk_answers(&answer, 1, &seen), -errors[i]);
		assert_int_equal(seen.count, 0);
	}
}

static void refusal_in_the_middle_is_an_error(void **state)
{
	static const struct answer answers[] = {
		{ .mapped = 1, .extents = { EXTENT(0, BLOCK, BLOCK, 0) } },
		{ .error = EOPNOTSUPP },
	};
	struct seen seen;
	(void)state;

	assert_int_equal(walk_answers(answers, 2, &seen), -EOPNOTSUPP);
	assert_int_equal(seen.count, 1);
}

static void sync_is_asked_for(void **state)
{
	static const struct answer nothing[] = { { .mapped = 0 } };
	struct play play = { .answers = nothing, .answer_count = 1 };
	const struct extent_kernel kernel = { .control = play_kernel, .context = &play };
	struct seen seen = { .count = 0 };
	(void)state;

	assert_int_equal(extent_walk_on(&kernel, -1, &(struct extent_walk_options) { .sync = 1 },
					note, &seen, NULL),
			 0);
	assert_int_equal(play.flags, FIEMAP_FLAG_SYNC);
	assert_int_equal(extent_walk_on(&kernel, -1, NULL, note, &seen, NULL), 0);
	assert_int_equal(play.flags, 0);
}

/* Walks a file of `bytes` on a file system that refuses FIEMAP with `refusal`. */
static int walk_by_blocks(struct play *play, int refusal, uint64_t bytes, struct seen *seen,
			  enum extent_source *ret_source)
{
	const struct answer refused = { .error = refusal };
	const struct extent_kernel kernel = { .control = play_kernel, .context = play };
	CLEANUP(fd_closep) int fd = memfd_create("file", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	play->answers = &refused;
	play->answer_count = 1;
	return extent_walk_on(&kernel, fd, &(struct extent_walk_options) { .sync = 1 }, note, seen,
			      ret_source);
}

static void fibmap_merges_blocks(void **state)
{
	static const int refusals[] = { EOPNOTSUPP, ENOTTY };
	static const int blocks[] = { 0, 7, 8, 0, 9, 20, 19, 18, 30, 31, 0, 32 };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct play play = { .blocks = blocks, .block_bytes = 512 };
		enum extent_source source = EXTENT_SOURCE_NONE;
		struct seen seen = { .count = 0 };

		/* eleven blocks and one byte of the twelfth */
		assert_int_equal(walk_by_blocks(&play, refusals[i], 11 * 512 + 1, &seen, &source),
				 0);
		assert_int_equal(source, EXTENT_SOURCE_FIBMAP);
		assert_int_equal(seen.count, 7);
		expect_extent(&seen.extents[0], 512, 7 * 512, 1024, EXTENT_MERGED);
		expect_extent(&seen.extents[1], 4 * 512, 9 * 512, 512, EXTENT_MERGED);
		expect_extent(&seen.extents[2], 5 * 512, 20 * 512, 512, EXTENT_MERGED);
		expect_extent(&seen.extents[3], 6 * 512, 19 * 512, 512, EXTENT_MERGED);
		expect_extent(&seen.extents[4], 7 * 512, 18 * 512, 512, EXTENT_MERGED);
		expect_extent(&seen.extents[5], 8 * 512, 30 * 512, 1024, EXTENT_MERGED);
		expect_extent(&seen.extents[6], 11 * 512, 32 * 512, 512,
			      EXTENT_MERGED | EXTENT_LAST);
	}
}

static void fibmap_stops_where_the_callback_says(void **state)
{
	static const int blocks[] = { 5, 9, 5 };
	(void)state;

	for (size_t after = 1; after <= 3; after++) {
		struct play play = { .blocks = blocks, .block_bytes = BLOCK };
		struct seen seen = { .stop_after = after, .stop_with = 13 };

		assert_int_equal(walk_by_blocks(&play, ENOTTY, 3 * BLOCK, &seen, NULL), 13);
		assert_int_equal(seen.count, after);
	}
}

static void fibmap_of_nothing_has_no_extent(void **state)
{
	static const int holes[4] = { 0 };
	static const uint64_t sizes[] = { 0, 1, 4 * BLOCK };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct play play = { .blocks = holes, .block_bytes = BLOCK };
		struct seen seen = { .count = 0 };

		assert_int_equal(walk_by_blocks(&play, EOPNOTSUPP, sizes[i], &seen, NULL), 0);
		assert_int_equal(seen.count, 0);
	}
}

static void fibmap_fails_with_these(void **state)
{
	static const int first[] = { 3 }, negative[] = { 3, -5 };
	static const struct {
		int block_bytes, fibmap_error;
		const int *blocks;
		uint64_t bytes;
		int expected;
	} rows[] = {
		{ BLOCK, EPERM, first, BLOCK, -EPERM },
		{ BLOCK, EPERM, first, 0, -EPERM },
		{ BLOCK, EINVAL, first, BLOCK, -EOPNOTSUPP },
		{ BLOCK, EINVAL, first, 0, -EOPNOTSUPP },
		{ BLOCK, ENOTTY, first, BLOCK, -EOPNOTSUPP },
		{ BLOCK, EIO, first, BLOCK, -EIO },
		{ BLOCK, ERANGE, first, BLOCK, -ERANGE },
		{ BLOCK, 0, negative, 2 * BLOCK, -ERANGE },
		{ 0, 0, first, BLOCK, -EIO },
		{ -4096, 0, first, BLOCK, -EIO },
		{ INT_MIN, 0, first, BLOCK, -EOPNOTSUPP },
		{ 512, 0, first, 512ull << 31 | 1, -EFBIG },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct play play = { .blocks = rows[i].blocks,
				     .block_bytes = rows[i].block_bytes,
				     .fibmap_error = rows[i].fibmap_error };
		enum extent_source source = EXTENT_SOURCE_NONE;
		struct seen seen = { .count = 0 };

		assert_int_equal(walk_by_blocks(&play, EOPNOTSUPP, rows[i].bytes, &seen, &source),
				 rows[i].expected);
		assert_int_equal(seen.count, 0);
		assert_int_equal(source, EXTENT_SOURCE_NONE);
	}
}

static void source_tells_who_answered(void **state)
{
	static const struct fiemap_extent file[] = { EXTENT(0, BLOCK, BLOCK, FIEMAP_EXTENT_LAST) };
	struct play play = { .file = file, .file_extents = 1 };
	const struct extent_kernel kernel = { .control = play_kernel, .context = &play };
	enum extent_source source = EXTENT_SOURCE_NONE;
	struct seen seen = { .count = 0 };
	(void)state;

	assert_int_equal(extent_walk_on(&kernel, -1, NULL, note, &seen, &source), 0);
	assert_int_equal(source, EXTENT_SOURCE_FIEMAP);
	assert_string_equal(extent_source_name(EXTENT_SOURCE_NONE), "none");
	assert_string_equal(extent_source_name(EXTENT_SOURCE_FIEMAP), "fiemap");
	assert_string_equal(extent_source_name(EXTENT_SOURCE_FIBMAP), "fibmap");
}

static void real_kernel_refuses_what_is_no_file(void **state)
{
	CLEANUP(fd_closep) int fd = -1;
	struct seen seen = { .count = 0 };
	enum extent_source source = EXTENT_SOURCE_NONE;
	int ends[2];
	(void)state;

	assert_int_equal(extent_walk(-1, NULL, note, &seen, &source), -EBADF);
	assert_int_equal(pipe(ends), 0);
	close(ends[1]);
	fd = ends[0];
	assert_true(extent_walk(fd, NULL, note, &seen, &source) < 0);
	assert_int_equal(source, EXTENT_SOURCE_NONE);
	assert_int_equal(seen.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_file_has_no_extent),
		cmocka_unit_test(flags_are_translated),
		cmocka_unit_test(batches_make_no_difference),
		cmocka_unit_test(walk_goes_on_at_the_end_of_the_last_extent),
		cmocka_unit_test(nothing_is_read_after_the_last_extent),
		cmocka_unit_test(answers_without_progress_or_sense_are_errors),
		cmocka_unit_test(no_address_cannot_overflow),
		cmocka_unit_test(overlaps_are_cut),
		cmocka_unit_test(callback_ends_the_walk),
		cmocka_unit_test(errors_of_fiemap_are_returned),
		cmocka_unit_test(refusal_in_the_middle_is_an_error),
		cmocka_unit_test(sync_is_asked_for),
		cmocka_unit_test(fibmap_merges_blocks),
		cmocka_unit_test(fibmap_stops_where_the_callback_says),
		cmocka_unit_test(fibmap_of_nothing_has_no_extent),
		cmocka_unit_test(fibmap_fails_with_these),
		cmocka_unit_test(source_tells_who_answered),
		cmocka_unit_test(real_kernel_refuses_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/hashmap.h"
#include "crash/replay.h"
#include "log_file.h"

enum { SECTORS = 256, VOLUME = SECTORS * CRASH_SECTOR, WRITES_MOST = 60, STATES_LEAST = 10000 };

struct fixture {
	struct log_file file;
	struct crash_log log;
	int golden, scratch;
	unsigned char before[VOLUME]; /* what golden holds */
};

static void add_random_entry(struct log_file *file, uint64_t *random)
{
	uint64_t kind = random_next(random) % 16, most = kind == 1 ? 64 : 12;
	uint64_t count = 1 + random_next(random) % most;
	/* Often the same blocks, as those of a journal. */
	uint64_t sector = random_next(random) % (kind % 2 ? SECTORS - count : 16);

	if (kind == 0)
		log_file_flush(file);
	else
		log_file_write(file, sector, count,
			       kind == 1   ? WRITE_LOG_DISCARD
			       : kind == 2 ? WRITE_LOG_FUA
					   : 0,
			       random_next(random));
}

static void set_up(struct fixture *fixture, uint64_t seed)
{
	uint64_t random = seed, entries = random_next(&random) % WRITES_MOST;

	log_file_open(&fixture->file, CRASH_SECTOR);
	for (uint64_t i = 0; i < entries; i++)
		add_random_entry(&fixture->file, &random);
	crash_log_init(&fixture->log, fixture->file.fd, VOLUME, seed % 4 == 0);
	assert_int_equal(crash_log_read(&fixture->log, UINT64_MAX, NULL), 0);

	/* The second half is a hole. */
	memset(fixture->before, 0, VOLUME);
	for (size_t i = 0; i < VOLUME / 2; i++)
		fixture->before[i] = (unsigned char)random_mix(seed + i);
	fixture->golden = memfd_create("golden", MFD_CLOEXEC);
	fixture->scratch = memfd_create("scratch", MFD_CLOEXEC);
	assert_int_equal(io_write_at(fixture->golden, 0, fixture->before, VOLUME / 2), 0);
	assert_int_equal(ftruncate(fixture->golden, VOLUME), 0);
	assert_int_equal(io_copy_at(fixture->golden, 0, fixture->scratch, 0, VOLUME), 0);
}

static void tear_down(struct fixture *fixture)
{
	crash_log_clear(&fixture->log);
	close(fixture->file.fd);
	close(fixture->golden);
	close(fixture->scratch);
}

static bool is_lost(const struct crash_state *state, uint32_t number)
{
	for (size_t i = 0; i < CRASH_LOST_MAX; i++)
		if (state->lost[i].first <= number && number <= state->lost[i].last)
			return true;
	return false;
}

/* One write after the other, as the definition says. */
static void construct(const struct fixture *fixture, const struct crash_state *state,
		      unsigned char image[static VOLUME])
{
	memcpy(image, fixture->before, VOLUME);
	for (uint32_t number = 1; number <= state->writes; number++) {
		const struct crash_write *write = &fixture->log.writes[number - 1];
		unsigned char data[VOLUME];
		bool is_torn = number == state->writes && state->torn_bytes;

		if (is_lost(state, number))
			continue;
		memset(data, 0, write->bytes);
		if (!(write->flags & WRITE_LOG_DISCARD))
			assert_int_equal(
				io_read_at(fixture->log.fd, write->position, data, write->bytes),
				0);
		for (uint64_t i = 0; i < write->bytes; i++)
			if (!is_torn || (i < state->torn_bytes) != state->is_end)
				image[write->offset + i] = data[i];
	}
}

static void assert_image(const struct fixture *fixture, const struct crash_state *state, int fd)
{
	unsigned char wanted[VOLUME], found[VOLUME];
	char name[CRASH_STATE_TEXT_MAX];

	construct(fixture, state, wanted);
	assert_int_equal(io_read_at(fd, 0, found, VOLUME), 0);
	for (size_t i = 0; i < VOLUME; i++)
		if (wanted[i] != found[i])
			fail_msg("state %s differs at byte %zu", crash_state_print(state, name), i);
}

struct image {
	uint64_t fingerprint, hash;
};

static int compare_images(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct image));
}

/* States have the same fingerprint where images are equal, and only there. */
static void assert_fingerprints(struct image *images, size_t count)
{
	struct image *swapped = calloc(count, sizeof(*swapped));

	for (size_t i = 0; i < count; i++)
		swapped[i] = (struct image) { images[i].hash, images[i].fingerprint };
	qsort(images, count, sizeof(*images), compare_images);
	qsort(swapped, count, sizeof(*swapped), compare_images);
	for (size_t i = 1; i < count; i++) {
		if (images[i].fingerprint == images[i - 1].fingerprint)
			assert_true(images[i].hash == images[i - 1].hash);
		if (swapped[i].fingerprint == swapped[i - 1].fingerprint)
			assert_true(swapped[i].hash == swapped[i - 1].hash);
	}
	free(swapped);
}

static struct image image_of(const struct replay *replay)
{
	unsigned char bytes[VOLUME];

	assert_int_equal(io_read_at(replay->scratch, 0, bytes, VOLUME), 0);
	return (struct image) { replay->fingerprint, hash_bytes(bytes, VOLUME) };
}

/* All states in the order of the enumerator, and half as many jumps. */
static size_t replay_all(struct fixture *fixture, uint64_t seed)
{
	CLEANUP(crash_states_clear) struct crash_states states = { 0 };
	CLEANUP(replay_clear) struct replay replay = { 0 };
	CLEANUP(freep) struct image *images = NULL;
	const struct crash_bounds bounds = { .tears = 3 };

	assert_int_equal(crash_states_enumerate(&fixture->log, &bounds, &states), 0);
	assert_int_equal(replay_init(&replay, &fixture->log, fixture->golden, fixture->scratch,
				     &(struct crash_state) { 0 }),
			 0);
	images = calloc(states.count, sizeof(*images));
	assert_non_null(images);
	for (size_t i = 0; i < states.count; i++) {
		const struct crash_state *jump = &states.states[random_next(&seed) % states.count];

		assert_int_equal(replay_to(&replay, &states.states[i]), 0);
		assert_image(fixture, &states.states[i], fixture->scratch);
		images[i] = image_of(&replay);
		if (i % 2)
			continue;
		assert_int_equal(replay_to(&replay, jump), 0);
		assert_image(fixture, jump, fixture->scratch);
	}
	assert_fingerprints(images, states.count);
	return states.count;
}

static void each_state_is_exact(void **state)
{
	size_t count = 0;
	(void)state;

	for (uint64_t seed = 0; count < STATES_LEAST; seed++) {
		struct fixture fixture;

		set_up(&fixture, seed);
		count += replay_all(&fixture, seed);
		tear_down(&fixture);
	}
}

/* A guest writes anywhere; only what it wrote is put back, and that exactly. */
static void what_a_guest_wrote_is_undone(void **state)
{
	(void)state;

	for (uint64_t seed = 1; seed < 40; seed++) {
		CLEANUP(crash_states_clear) struct crash_states states = { 0 };
		CLEANUP(replay_clear) struct replay replay = { 0 };
		CLEANUP(crash_log_clear) struct crash_log guest;
		struct log_file file;
		struct fixture fixture;
		uint64_t random = seed;

		set_up(&fixture, seed);
		log_file_open(&file, CRASH_SECTOR);
		crash_log_init(&guest, file.fd, VOLUME, false);
		assert_int_equal(crash_states_enumerate(
					 &fixture.log,
					 &(struct crash_bounds) { seed, 20, CRASH_TEARS }, &states),
				 0);
		assert_int_equal(replay_init(&replay, &fixture.log, fixture.golden, fixture.scratch,
					     &(struct crash_state) { 0 }),
				 0);
		for (size_t i = 0; i < states.count; i++) {
			uint64_t sector = random_next(&random) % (SECTORS - 12);

			assert_int_equal(replay_to(&replay, &states.states[i]), 0);
			for (unsigned k = 0; k < 3; k++, sector = (sector + 5) % (SECTORS - 12)) {
				log_file_write(&file, sector, 12, 0, random + k);
				assert_int_equal(io_copy_at(file.fd, file.at - 12 * CRASH_SECTOR,
							    fixture.scratch, sector * CRASH_SECTOR,
							    12 * CRASH_SECTOR),
						 0);
			}
			assert_int_equal(replay_restore(&replay, &guest, NULL), 0);
			assert_int_equal(guest.write_count, 0);
			assert_image(&fixture, &states.states[i], fixture.scratch);
		}
		close(file.fd);
		tear_down(&fixture);
	}
}

static void a_damaged_log_of_a_guest_is_reported(void **state)
{
	CLEANUP(replay_clear) struct replay replay = { 0 };
	CLEANUP(crash_log_clear) struct crash_log guest;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct log_file file;
	struct fixture fixture;
	(void)state;

	set_up(&fixture, 1);
	log_file_open(&file, CRASH_SECTOR);
	log_file_write(&file, SECTORS, 1, 0, 0);
	crash_log_init(&guest, file.fd, VOLUME, false);
	assert_int_equal(replay_init(&replay, &fixture.log, fixture.golden, fixture.scratch,
				     &(struct crash_state) { 0 }),
			 0);
	assert_int_equal(replay_restore(&replay, &guest, &problem), -EINVAL);
	assert_non_null(problem.message);
	close(file.fd);
	tear_down(&fixture);
}

/* The scratch image can be what the guest left that wrote the log. */
static void a_replay_can_start_in_any_state(void **state)
{
	(void)state;

	for (uint64_t seed = 1; seed < 20; seed++) {
		CLEANUP(crash_states_clear) struct crash_states states = { 0 };
		struct fixture fixture;
		unsigned char image[VOLUME];

		set_up(&fixture, seed);
		assert_int_equal(crash_states_enumerate(
					 &fixture.log,
					 &(struct crash_bounds) { seed, 20, CRASH_TEARS }, &states),
				 0);
		for (size_t i = 0; i < states.count; i++) {
			const struct crash_state *to = &states.states[states.count - 1 - i];
			CLEANUP(replay_clear) struct replay replay = { 0 };

			construct(&fixture, &states.states[i], image);
			assert_int_equal(io_write_at(fixture.scratch, 0, image, VOLUME), 0);
			assert_int_equal(replay_init(&replay, &fixture.log, fixture.golden,
						     fixture.scratch, &states.states[i]),
					 0);
			assert_int_equal(replay_to(&replay, to), 0);
			assert_image(&fixture, to, fixture.scratch);
		}
		tear_down(&fixture);
	}
}

static void the_whole_log_gives_the_image(void **state)
{
	(void)state;

	for (uint64_t seed = 1; seed < 40; seed++) {
		CLEANUP(replay_clear) struct replay replay = { 0 };
		CLEANUP(fd_closep) int left = memfd_create("left", MFD_CLOEXEC);
		struct crash_state all = { 0 };
		struct fixture fixture;
		unsigned char image[VOLUME];
		uint64_t at = random_mix(seed) % VOLUME, found;

		set_up(&fixture, seed);
		all.writes = (uint32_t)fixture.log.write_count;
		construct(&fixture, &all, image);
		assert_int_equal(io_write_at(left, 0, image, VOLUME), 0);
		assert_int_equal(replay_init(&replay, &fixture.log, fixture.golden, fixture.scratch,
					     &(struct crash_state) { 0 }),
				 0);
		assert_int_equal(replay_to(&replay, &all), 0);
		assert_int_equal(replay_equals(&replay, left, &found), 1);
		image[at] ^= 1;
		assert_int_equal(io_write_at(left, at, image + at, 1), 0);
		assert_int_equal(replay_equals(&replay, left, &found), 0);
		assert_int_equal(found, at);
		assert_int_equal(ftruncate(left, VOLUME - 1), 0);
		assert_true(at == VOLUME - 1 || replay_equals(&replay, left, &found) <= 0);
		tear_down(&fixture);
	}
}

static void an_image_is_written_for_users(void **state)
{
	(void)state;

	for (uint64_t seed = 1; seed < 20; seed++) {
		CLEANUP(crash_states_clear) struct crash_states states = { 0 };
		CLEANUP(replay_clear) struct replay replay = { 0 };
		struct fixture fixture;

		set_up(&fixture, seed);
		assert_int_equal(crash_states_enumerate(
					 &fixture.log,
					 &(struct crash_bounds) { seed, 20, CRASH_TEARS }, &states),
				 0);
		assert_int_equal(replay_init(&replay, &fixture.log, fixture.golden, fixture.scratch,
					     &(struct crash_state) { 0 }),
				 0);
		for (size_t i = 0; i < states.count; i++) {
			CLEANUP(fd_closep) int fd = memfd_create("image", MFD_CLOEXEC);
			struct stat status;

			assert_int_equal(replay_write(&replay, &states.states[i], fd), 0);
			assert_image(&fixture, &states.states[i], fd);
			assert_int_equal(fstat(fd, &status), 0);
			assert_int_equal(status.st_size, VOLUME);
			/* Before the first write half of it is a hole. */
			if (!states.states[i].writes)
				assert_true(status.st_blocks * 512 < VOLUME);
		}
		tear_down(&fixture);
	}
}

static void failures_are_returned(void **state)
{
	CLEANUP(replay_clear) struct replay replay = { 0 };
	struct fixture fixture;
	struct crash_state all = { 0 };
	uint64_t at;
	(void)state;

	set_up(&fixture, 1);
	all.writes = (uint32_t)fixture.log.write_count;
	assert_int_equal(
		replay_init(&replay, &fixture.log, fixture.golden, -1, &(struct crash_state) { 0 }),
		0);
	assert_int_equal(replay_to(&replay, &all), -EBADF);
	assert_int_equal(replay_write(&replay, &all, -1), -EBADF);
	assert_int_equal(replay_equals(&replay, fixture.golden, &at), -EBADF);
	assert_int_equal(ftruncate(fixture.golden, 100), 0);
	assert_int_equal(replay_init(&replay, &fixture.log, fixture.golden, -1, &all), -EIO);
	fixture.log.volume_bytes = 1ull << 42;
	assert_int_equal(replay_init(&replay, &fixture.log, -1, -1, &all), -EFBIG);
	tear_down(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state_is_exact),
		cmocka_unit_test(what_a_guest_wrote_is_undone),
		cmocka_unit_test(a_damaged_log_of_a_guest_is_reported),
		cmocka_unit_test(a_replay_can_start_in_any_state),
		cmocka_unit_test(the_whole_log_gives_the_image),
		cmocka_unit_test(an_image_is_written_for_users),
		cmocka_unit_test(failures_are_returned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

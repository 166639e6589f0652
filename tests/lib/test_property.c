/* SPDX-License-Identifier: MIT */
/*
 * A file of random data, holes and unwritten blocks is allocated in a random range
 * with random options, let through or cancelled, and compared with a model that
 * is nothing but an array of bytes.  PREALLOC_SEED repeats a run.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "look.h"
#include "place.h"
#include "prealloc.h"

enum { MODEL_BYTES = 9 << 20, ROUNDS = 40 };

static uint64_t state_of_random;

/* xorshift64* */
static uint64_t random_below(uint64_t limit)
{
	state_of_random ^= state_of_random >> 12;
	state_of_random ^= state_of_random << 25;
	state_of_random ^= state_of_random >> 27;
	return (state_of_random * 0x2545f4914f6cdd1du >> 16) % limit;
}

struct model {
	unsigned char *bytes; /* MODEL_BYTES */
	uint64_t size;
};

static void model_write(struct model *model, int fd)
{
	uint64_t at = random_below(MODEL_BYTES - 1), most = MODEL_BYTES - at;
	uint64_t count = 1 + random_below(most < 300000 ? most : 300000);

	for (uint64_t i = 0; i < count; i++)
		model->bytes[at + i] = (unsigned char)(1 + random_below(255));
	assert_int_equal(pwrite(fd, model->bytes + at, count, (off_t)at), count);
	if (at + count > model->size)
		model->size = at + count;
}

static void model_punch(struct model *model, int fd)
{
	uint64_t at = random_below(MODEL_BYTES - 1), count = 1 + random_below(MODEL_BYTES - at);

	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)count) == 0)
		memset(model->bytes + at, 0, count);
}

static void model_preallocate(struct model *model, int fd)
{
	uint64_t at = random_below(MODEL_BYTES - 1), count = 1 + random_below(MODEL_BYTES - at);

	(void)model;
	fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)count);
}

static void model_truncate(struct model *model, int fd)
{
	uint64_t size = random_below(MODEL_BYTES);

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	if (size < model->size)
		memset(model->bytes + size, 0, model->size - size);
	model->size = size;
}

static void model_check(const struct model *model, int fd)
{
	static unsigned char data[MODEL_BYTES];

	assert_int_equal(look_size(fd), model->size);
	assert_int_equal(pread(fd, data, MODEL_BYTES, 0), model->size);
	assert_int_equal(memcmp(data, model->bytes, model->size), 0);
}

static void make_file(struct model *model, int fd)
{
	static void (*const steps[])(struct model *, int) = { model_write,	 model_write,
							      model_write,	 model_punch,
							      model_preallocate, model_truncate };
	uint64_t count = random_below(12);

	memset(model->bytes, 0, MODEL_BYTES);
	model->size = 0;
	for (uint64_t i = 0; i < count; i++)
		steps[random_below(ARRAY_SIZE(steps))](model, fd);
	assert_int_equal(fsync(fd), 0);
}

static int count_down(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	uint64_t *left = context;

	assert_true(done_bytes <= total_bytes);
	return (*left)-- == 0;
}

static void check_as_before(const struct place *place, const struct model *model, int fd,
			    uint64_t map, uint64_t blocks, const struct prealloc_result *result)
{
	model_check(model, fd);
	if (!(place->kind->traits & PLACE_PUNCHES))
		return;
	/* Without FIEMAP a file that has unwritten blocks keeps what it got inside. */
	if (place->kind->traits & PLACE_EXTENTS) {
		/* Only of blocks that tell where the others are. */
		assert_true(result->left_bytes == 0 ||
			    result->left_bytes + blocks == look_block_bytes(fd));
		assert_int_equal(look_map(fd, model->size), map);
	}
}

static void one_round(const struct place *place, struct model *model)
{
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	uint64_t left = random_below(3) ? UINT64_MAX : random_below(6), map, blocks, offset, length;
	struct prealloc_options options = { .size = sizeof(options),
					    .flags = (uint32_t)random_below(2) * PREALLOC_KEEP_SIZE,
					    .progress = random_below(4) ? count_down : NULL,
					    .context = &left };
	struct prealloc_result result = { .size = sizeof(result) };
	struct prealloc_result *wanted = random_below(2) ? &result : NULL;
	int r;

	make_file(model, fd);
	map = look_map(fd, model->size);
	blocks = look_block_bytes(fd);
	offset = random_below(MODEL_BYTES - 1);
	length = 1 + random_below(MODEL_BYTES - offset);
	r = prealloc(fd, offset, length, &options, wanted);
	if (r == -ECANCELED || r == -EOPNOTSUPP) {
		check_as_before(place, model, fd, map, blocks, &result);
		return;
	}
	assert_int_equal(r, 0);
	if (!(options.flags & PREALLOC_KEEP_SIZE) && offset + length > model->size)
		model->size = offset + length;
	model_check(model, fd);
	look_is_reserved(place, fd, offset, length);
}

static void random_files_keep_their_bytes(void **state)
{
	struct model model = { .bytes = malloc(MODEL_BYTES) };
	const char *text = getenv("PREALLOC_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);

	assert_non_null(model.bytes);
	print_message("# PREALLOC_SEED=%llu\n", (unsigned long long)seed);
	state_of_random = seed * 2 + 1;
	for (int round = 0; round < ROUNDS; round++)
		one_round(*state, &model);
	free(model.bytes);
}

int main(void)
{
	const struct place_test tests[] = {
		{ "random files keep their bytes", random_files_keep_their_bytes, 0 },
	};

	return places_run(tests, ARRAY_SIZE(tests));
}

/* SPDX-License-Identifier: MIT */
/*
 * Stands in for libFuzzer where that is not built in, so that every run of the
 * suite goes through the fuzz targets: the seeds given as arguments, then a fixed
 * number of rounds over mutated seeds and plain noise.  The noise is the same in
 * every run: a failure can be had again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

enum { ROUNDS = 20000, SEEDS_MAX = 64, INPUT_MAX = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seed {
	char *data;
	size_t bytes;
};

/* xorshift64*, after Marsaglia and Vigna */
static uint64_t random_number(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545f4914f6cdd1dull) >> 16;
}

static size_t make_noise(uint64_t *state, uint8_t input[static INPUT_MAX])
{
	size_t bytes = random_number(state) % INPUT_MAX;

	for (size_t i = 0; i < bytes; i++)
		input[i] = (uint8_t)random_number(state);
	return bytes;
}

/* Some bytes changed, mostly to those at which numbers turn; sometimes cut. */
static size_t mutate(uint64_t *state, const struct seed *seed, uint8_t input[static INPUT_MAX])
{
	static const uint8_t turning[] = { 0, 1, 2, 0x7f, 0x80, 0xff };
	size_t bytes = seed->bytes < INPUT_MAX ? seed->bytes : INPUT_MAX;

	memcpy(input, seed->data, bytes);
	if (random_number(state) % 4 == 0)
		bytes = random_number(state) % (bytes + 1);
	for (size_t changes = random_number(state) % 8; bytes && changes; changes--) {
		uint64_t number = random_number(state);

		input[random_number(state) % bytes] =
			number % 4 ? turning[number / 4 % sizeof(turning)] : (uint8_t)(number >> 8);
	}
	return bytes;
}

static void run_rounds(const struct seed *seeds, size_t count)
{
	uint64_t state = 20090301;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint8_t input[INPUT_MAX];
		size_t bytes;

		if (count && round % 4)
			bytes = mutate(&state, &seeds[round % count], input);
		else
			bytes = make_noise(&state, input);
		LLVMFuzzerTestOneInput(input, bytes);
	}
}

int main(int argc, char **argv)
{
	struct seed seeds[SEEDS_MAX];
	size_t count = 0;

	for (int i = 1; i < argc && count < SEEDS_MAX; i++, count++) {
		struct seed *seed = &seeds[count];

		if (io_read_file(argv[i], 1 << 20, &seed->data, &seed->bytes) < 0) {
			fprintf(stderr, "cannot read the seed %s\n", argv[i]);
			return 1;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)seed->data, seed->bytes);
	}
	run_rounds(seeds, count);
	while (count)
		free(seeds[--count].data);
	return 0;
}

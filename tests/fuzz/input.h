/* SPDX-License-Identifier: MIT */
/* The input of a fuzz target, taken piece by piece. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const uint8_t *at;
	size_t left;
};

/* Not assert(): it has to hold in a build without that, too. */
static inline void must(bool holds)
{
	if (!holds)
		abort();
}

/* Zeroes once the input has ended. */
static inline void input_take(struct input *input, void *to, size_t bytes)
{
	size_t got = bytes < input->left ? bytes : input->left;

	memset(to, 0, bytes);
	if (got)
		memcpy(to, input->at, got);
	input->at += got;
	input->left -= got;
}

static inline uint8_t input_byte(struct input *input)
{
	uint8_t byte;

	input_take(input, &byte, 1);
	return byte;
}

#endif

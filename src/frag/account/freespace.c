/* SPDX-License-Identifier: MIT */
/*
 * A volume can have as many free runs as blocks, so they are kept by classes of
 * size, sixty-four of them, and not one by one.
 */
#include "frag/account/freespace.h"

#include <inttypes.h>
#include <math.h>

#include "base/size.h"
#include "base/words.h"

static void count_run(struct free_space *space)
{
	struct free_class *class;

	if (space->run_bytes == 0)
		return;
	class = &space->by_size[63 - __builtin_clzll(space->run_bytes)];
	class->runs++;
	class->bytes += space->run_bytes;
	space->runs++;
	space->bytes += space->run_bytes;
	if (space->run_bytes > space->largest_bytes)
		space->largest_bytes = space->run_bytes;
	space->run_bytes = 0;
}

void free_space_add(struct free_space *space, uint64_t start_bytes, uint64_t bytes)
{
	if (space->run_bytes && space->run_start + space->run_bytes == start_bytes) {
		space->run_bytes += bytes;
		return;
	}
	count_run(space);
	space->run_start = start_bytes;
	space->run_bytes = bytes;
}

void free_space_finish(struct free_space *space)
{
	count_run(space);
}

uint64_t free_space_fragments(const struct free_space *space, uint64_t bytes)
{
	uint64_t fragments = 0;

	if (bytes > space->bytes)
		return 0;
	if (bytes <= space->largest_bytes)
		return bytes != 0;
	/* The largest run is known exactly. */
	bytes -= space->largest_bytes;
	fragments = 1;
	for (int i = FREE_CLASSES - 1; i >= 0 && bytes; i--) {
		const struct free_class *class = &space->by_size[i];
		int has_largest = class->bytes && space->largest_bytes >> i == 1;
		uint64_t class_runs = class->runs - (uint64_t)has_largest;
		uint64_t class_bytes = class->bytes - (has_largest ? space->largest_bytes : 0);

		if (class_runs == 0)
			continue;
		if (bytes >= class_bytes) {
			fragments += class_runs;
			bytes -= class_bytes;
			continue;
		}
		fragments +=
			(uint64_t)ceil((double)bytes * (double)class_runs / (double)class_bytes);
		bytes = 0;
	}
	return fragments;
}

static void put_class(FILE *to, const struct free_space *space, unsigned i, bool ascii)
{
	const struct free_class *class = &space->by_size[i];
	double share = space->bytes ? (double)class->bytes / (double)space->bytes : 0;
	char from[SIZE_TEXT_MAX], bytes[SIZE_TEXT_MAX];

	fprintf(to, "%16s %10" PRIu64 " %-4s  %10s  %5.1f %% ",
		size_human((double)(1ull << i), from), class->runs,
		class->runs == 1 ? "run" : "runs", size_human((double)class->bytes, bytes),
		100 * share);
	for (int column = 0; column < (int)(40 * share + 0.5); column++)
		fputs(ascii ? "#" : "█", to);
	fputc('\n', to);
}

void show_free(FILE *to, const struct free_space *space, bool ascii)
{
	const uint64_t gib = 1ull << 30;
	uint64_t fragments = free_space_fragments(space, gib);
	char bytes[SIZE_TEXT_MAX], largest[SIZE_TEXT_MAX];

	fprintf(to, "\nFree space: %s in %" PRIu64 " run%s; the largest has %s\n",
		size_human((double)space->bytes, bytes), space->runs, words_plural(space->runs),
		size_human((double)space->largest_bytes, largest));
	if (fragments)
		fprintf(to, "A file of 1 GiB would get %" PRIu64 " fragment%s at best.\n",
			fragments, words_plural(fragments));
	else
		fprintf(to, "A file of 1 GiB would not fit.\n");
	fprintf(to, "Free runs by size, from\n");
	for (unsigned i = 0; i < FREE_CLASSES; i++)
		if (space->by_size[i].runs)
			put_class(to, space, i, ascii);
}

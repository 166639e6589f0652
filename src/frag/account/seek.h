/* SPDX-License-Identifier: MIT */
/* The seek model: the cost of the discontinuities of a file that is read from start to end. */
#ifndef FRAG_SEEK_H
#define FRAG_SEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seek_model {
	const char *name; /* for --model */
	const char *summary;
	double bytes_per_second;    /* without seeks */
	double seek_seconds;	    /* minimum per seek */
	double full_stroke_seconds; /* on top, over the whole volume; the root of the distance
				       counts */
	bool reads_through;	    /* a gap is read if that takes less time */
};

extern const struct seek_model seek_models[];
extern const size_t seek_model_count;

/* NULL: no such model. */
const struct seek_model *seek_model_find(const char *name);

/* The time of a seek over `step_bytes` in any direction; `volume_bytes` 0: 1 TiB. */
double seek_cost(const struct seek_model *model, uint64_t step_bytes, uint64_t volume_bytes);

/*
 * The fragment size, a power of two, for which seeks take about a twentieth of the time of reading;
 * larger ones gain little.
 */
uint64_t seek_target_bytes(const struct seek_model *model);

/* The time of reading without seeks. */
double seek_read_cost(const struct seek_model *model, uint64_t bytes);

/*
 * Whether a file is worth rewriting: seeks add at least half of the time of reading it, and at
 * least 50 ms.
 */
bool seek_is_worth(double sequential_seconds, double extra_seconds);

#endif

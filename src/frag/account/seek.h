/* SPDX-License-Identifier: MIT */
/* The seek model: what the discontinuities of a file cost when it is read from start to end. */
#ifndef FRAG_SEEK_H
#define FRAG_SEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seek_model {
	const char *name; /* for --model */
	const char *summary;
	double bytes_per_second;    /* where nothing has to be sought */
	double seek_seconds;	    /* at least, per seek */
	double full_stroke_seconds; /* on top, over the whole volume; the root of the distance
				       counts */
	bool reads_through;	    /* a gap is read if that takes less time */
};

extern const struct seek_model seek_models[];
extern const size_t seek_model_count;

/* NULL: no such model. */
const struct seek_model *seek_model_find(const char *name);

/* One seek over so many bytes, either way; `volume_bytes` 0: 1 TiB is taken. */
double seek_cost(const struct seek_model *model, uint64_t step_bytes, uint64_t volume_bytes);

/*
 * Fragments of that size cost about a twentieth of the time to read them, so that larger
 * ones bring little; a power of two.
 */
uint64_t seek_target_bytes(const struct seek_model *model);

/* Reading without any seek. */
double seek_read_cost(const struct seek_model *model, uint64_t bytes);

/*
 * Whether a file is worth rewriting: the seeks make reading it at least half
 * as long again, and by at least 50 ms.
 */
bool seek_is_worth(double sequential_seconds, double extra_seconds);

#endif

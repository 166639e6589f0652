/* SPDX-License-Identifier: MIT */
/*
 * The number of fragments alone says little: ten thousand in 40 GiB cost nothing, fifty in a
 * megabyte do.  So files are compared by time.  A model as small as this cannot predict a given
 * drive with its cache and its queue; it ranks files, and tells milliseconds from minutes.
 *
 * disk: 7200 rotations per minute.  A seek waits half a rotation (4.2 ms), and the arm takes at
 * least 0.8 ms and 15 ms more across the volume; arms accelerate, so the time grows with the
 * square root of the distance.  Short gaps are read through.
 * flash: no arm; a seek costs one more request, of which many are processed at a time.
 */
#include "frag/account/seek.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"

const struct seek_model seek_models[] = {
	{ "disk", "7200/min: 180 MB/s; a discontinuity takes 5 ms, up to 20 ms across the volume",
	  180e6, 0.005, 0.015, true },
	{ "flash", "500 MB/s; a discontinuity takes 20 us", 500e6, 20e-6, 0, false },
};
const size_t seek_model_count = ARRAY_SIZE(seek_models);

static const double volume_bytes_assumed = 1024.0 * 1024 * 1024 * 1024;
static const double share_that_hardly_matters = 0.05;
static const double worth_seconds = 0.05, worth_share = 0.5;

const struct seek_model *seek_model_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(seek_models); i++)
		if (strcmp(seek_models[i].name, name) == 0)
			return &seek_models[i];
	return NULL;
}

double seek_read_cost(const struct seek_model *model, uint64_t bytes)
{
	return (double)bytes / model->bytes_per_second;
}

double seek_cost(const struct seek_model *model, uint64_t step_bytes, uint64_t volume_bytes)
{
	double volume = volume_bytes ? (double)volume_bytes : volume_bytes_assumed;
	double share = fmin((double)step_bytes / volume, 1);
	double seek = model->seek_seconds + model->full_stroke_seconds * sqrt(share);

	if (model->reads_through)
		return fmin(seek, seek_read_cost(model, step_bytes));
	return seek;
}

uint64_t seek_target_bytes(const struct seek_model *model)
{
	/* A seek over a tenth of the volume. */
	double seconds = model->seek_seconds + model->full_stroke_seconds * sqrt(0.1);
	uint64_t bytes = (uint64_t)(seconds / share_that_hardly_matters * model->bytes_per_second);

	return 1ull << (63 - __builtin_clzll(bytes | 1));
}

bool seek_is_worth(double sequential_seconds, double extra_seconds)
{
	return extra_seconds >= worth_seconds && extra_seconds >= worth_share * sequential_seconds;
}

/* SPDX-License-Identifier: MIT */
/* Counts and runs are from one walk, since the layout could change before a second one. */
#include "trial/stage.h"

#include <errno.h>

#include "base/cleanup.h"
#include "extent/extent.h"
#include "extent/layout.h"

static void record_layout(struct record *record, const struct layout *layout, int64_t ideal)
{
	record->extents = (int64_t)layout->extents;
	record->fragments = (int64_t)layout->fragments;
	record->ideal_fragments = ideal;
	record->largest_fragment_bytes = (int64_t)layout->largest_bytes;
	record->median_fragment_bytes = (int64_t)layout->median_bytes;
	record->mapped_bytes = (int64_t)layout->mapped_bytes;
	record->unwritten_bytes = (int64_t)layout->unwritten_bytes;
	record->shared_bytes = (int64_t)layout->shared_bytes;
	record->encoded_bytes = (int64_t)layout->encoded_bytes;
	record->gap_bytes = (int64_t)layout->gap_bytes;
	record->holes = (int64_t)layout->holes;
	record->addresses_known = layout->addresses_known;
}

/* Encoded or delayed extents have no usable addresses, and then no count. */
static void clear_unknown(struct record *record)
{
	if (record->addresses_known)
		return;
	record->fragments = FIELD_UNKNOWN;
	record->gap_bytes = FIELD_UNKNOWN;
	record->largest_fragment_bytes = FIELD_UNKNOWN;
	record->median_fragment_bytes = FIELD_UNKNOWN;
}

static int record_runs(struct record *record, struct layout_runs *runs)
{
	struct field_run *run = calloc(runs->count ? runs->count : 1, sizeof(*run));

	if (!run)
		return -ENOMEM;
	for (size_t i = 0; i < runs->count; i++)
		run[i] = (struct field_run) {
			.logical = (int64_t)runs->run[i].logical,
			.physical = (int64_t)runs->run[i].physical,
			.bytes = (int64_t)runs->run[i].bytes,
			.unwritten = runs->run[i].unwritten,
		};
	record->layout = (struct field_runs) { run, (int64_t)runs->count };
	record->layout_left_out = (int64_t)runs->left_out;
	record->layout_left_out_bytes = (int64_t)runs->left_out_bytes;
	return 0;
}

/* The results of one walk. */
struct inspection {
	struct layout_builder *builder;
	struct layout_runs *runs;
};

static int add_extent(const struct extent *extent, void *context)
{
	struct inspection *inspection = context;

	layout_runs_add(extent, inspection->runs);
	return layout_builder_add(extent, inspection->builder);
}

static int inspect_file(int fd, int64_t largest_run, struct record *record)
{
	CLEANUP(layout_builder_freep) struct layout_builder *builder = layout_builder_new();
	CLEANUP(freep) struct layout_runs *runs = calloc(1, sizeof(*runs));
	enum extent_source source = EXTENT_SOURCE_NONE;
	struct layout layout;
	int r;

	if (!builder || !runs)
		return -ENOMEM;
	r = extent_walk(fd, NULL, add_extent, &(struct inspection) { builder, runs }, &source);
	field_set_text(&record->extent_source, extent_source_name(source));
	if (r < 0)
		return r;
	layout_runs_finish(runs);
	r = record_runs(record, runs);
	if (r < 0)
		return r;
	layout_builder_finish(builder, &layout);
	record_layout(record, &layout,
		      (int64_t)layout_ideal_fragments(layout.mapped_bytes, (uint64_t)largest_run));
	clear_unknown(record);
	return 0;
}

static void add_count(int64_t *sum, int64_t count)
{
	*sum = *sum == FIELD_UNKNOWN || count == FIELD_UNKNOWN ? FIELD_UNKNOWN : *sum + count;
}

/* The median of all fragments does not follow from the medians of the files. */
static void add_file(struct record *sum, const struct record *file)
{
	add_count(&sum->extents, file->extents);
	add_count(&sum->fragments, file->fragments);
	add_count(&sum->ideal_fragments, file->ideal_fragments);
	add_count(&sum->mapped_bytes, file->mapped_bytes);
	add_count(&sum->unwritten_bytes, file->unwritten_bytes);
	add_count(&sum->shared_bytes, file->shared_bytes);
	add_count(&sum->encoded_bytes, file->encoded_bytes);
	add_count(&sum->gap_bytes, file->gap_bytes);
	add_count(&sum->holes, file->holes);
	if (sum->largest_fragment_bytes != FIELD_UNKNOWN &&
	    (file->largest_fragment_bytes == FIELD_UNKNOWN ||
	     file->largest_fragment_bytes > sum->largest_fragment_bytes))
		sum->largest_fragment_bytes = file->largest_fragment_bytes;
	sum->median_fragment_bytes = FIELD_UNKNOWN;
	if (file->addresses_known == 0)
		sum->addresses_known = 0;
}

int inspect_files(const struct workload_set *files, int64_t largest_run, struct record *record)
{
	int r = inspect_file(files->file[0].fd, largest_run, record);

	for (size_t i = 1; r == 0 && i < files->count; i++) {
		CLEANUP(record_clear) struct record file;

		record_init(&file);
		r = inspect_file(files->file[i].fd, largest_run, &file);
		if (r == 0)
			add_file(record, &file);
	}
	return r;
}

void inspect_count(const struct workload_set *files, int64_t *ret_extents, int64_t *ret_fragments)
{
	CLEANUP(record_clear) struct record record;

	record_init(&record);
	if (inspect_files(files, 0, &record) < 0)
		return;
	*ret_extents = record.extents;
	*ret_fragments = record.fragments;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "frag/account/free_space.h"
#include "base/json.h"
#include "frag/show/show.h"
#include "frag/scan/one_file.h"
#include "frag/frag.h"

static json_t *number(double value)
{
	if (isnan(value))
		return json_null();
	if (value == floor(value) && fabs(value) < 9e15)
		return json_integer((json_int_t)value);
	return json_real(value);
}

static json_t *swap_json(const struct frag_swap *swap)
{
	bool has_offset = swap->offset_pages != SWAP_NO_OFFSET;

	return json_pack("{sb sb so so so}", "is_swap", swap->is_swap, "usable", !swap->obstacle,
			 "obstacle", json_of_text(swap->obstacle), "device",
			 json_of_text(swap->device), "resume_offset",
			 has_offset ? json_integer((json_int_t)swap->offset_pages) : json_null());
}

static json_t *parts_json(const struct frag_file *file)
{
	const struct frag_parts *parts = file->parts;
	json_t *rows = json_array();

	if (!frag_file_is_known(file)) {
		json_decref(rows);
		return json_null();
	}
	for (unsigned i = 0; i < parts->count; i++)
		json_array_append_new(rows,
				      json_pack("{sI sI sf}", "from_bytes",
						(json_int_t)(i * parts->part_bytes), "fragments",
						(json_int_t)parts->part[i].fragments,
						"extra_seconds", parts->part[i].extra_seconds));
	return rows;
}

json_t *show_file_json(const struct frag_file *file)
{
	CLEANUP(json_decrefp) json_t *row = json_object();

	if (!row || json_set_name(row, "path", file->path) < 0)
		return NULL;
	for (unsigned i = 0; i < frag_column_count; i++)
		if (json_object_set_new(row, frag_columns[i].name,
					number(frag_columns[i].of(file))) < 0)
			return NULL;
	if (file->parts && json_object_set_new(row, "parts", parts_json(file)) < 0)
		return NULL;
	if (file->swap && json_object_set_new(row, "swap", swap_json(file->swap)) < 0)
		return NULL;
	return json_incref(row);
}

static json_t *tally_json(const struct tally *tally)
{
	return json_pack("{sI sI sI sI sI sI sI sf sf}", "files", (json_int_t)tally->files,
			 "fragmented_files", (json_int_t)tally->fragmented_files, "size_bytes",
			 (json_int_t)tally->size_bytes, "mapped_bytes",
			 (json_int_t)tally->mapped_bytes, "extents", (json_int_t)tally->extents,
			 "fragments", (json_int_t)tally->fragments, "ideal_fragments",
			 (json_int_t)tally->ideal_fragments, "sequential_seconds",
			 tally->sequential_seconds, "extra_seconds", tally->extra_seconds);
}

/* A tally with one or two keys more. */
static json_t *class_json(const struct tally *tally, const char *key, json_t *value)
{
	json_t *row = tally_json(tally);

	if (row && json_object_set_new(row, key, value) == 0)
		return row;
	json_decref(row);
	return NULL;
}

static json_t *histogram_json(const struct totals *totals)
{
	json_t *rows = json_array();

	for (unsigned i = 0; i < COUNT_CLASSES; i++) {
		uint64_t from, to;

		totals_count_class(i, &from, &to);
		if (totals->by_count[i].files)
			json_array_append_new(rows,
					      class_json(&totals->by_count[i], "fragments_from",
							 json_integer((json_int_t)from)));
	}
	return rows;
}

static json_t *sizes_json(const struct totals *totals)
{
	json_t *rows = json_array();

	for (unsigned i = 0; i < SIZE_CLASSES; i++) {
		uint64_t below = totals_size_class(i);

		if (totals->by_size[i].files)
			json_array_append_new(
				rows,
				class_json(&totals->by_size[i], "size_below",
					   below == UINT64_MAX ? json_null()
							       : json_integer((json_int_t)below)));
	}
	return rows;
}

static json_t *extensions_json(const struct totals *totals)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < totals->extensions.count; i++) {
		const struct named_tally *row = &totals->extensions.rows[i];

		if (row->tally.files)
			json_array_append_new(
				rows, class_json(&row->tally, "extension", json_string(row->name)));
	}
	return rows;
}

/* null without --depth. */
static json_t *directories_json(const struct totals *totals)
{
	json_t *rows = totals->depth ? json_array() : json_null();

	for (size_t i = 0; totals->depth && i < totals->by_directory.count; i++) {
		const struct named_tally *named = &totals->by_directory.rows[i];
		json_t *row = named->tally.files ? tally_json(&named->tally) : NULL;

		if (row && json_set_name(row, "path", named->name) == 0)
			json_array_append_new(rows, row);
		else
			json_decref(row);
	}
	return rows;
}

static json_t *worst_json(const struct worst_files *worst)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < worst->count; i++)
		json_array_append_new(rows, show_file_json(&worst->file[i]));
	return rows;
}

static json_t *unreadable_json(const struct totals *totals)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < UNREADABLE_MAX && i < totals->unreadable_count; i++) {
		json_t *row = json_pack("{ss}", "error", strerror(totals->unreadable[i].error));

		if (row && json_set_name(row, "path", totals->unreadable[i].path) == 0)
			json_array_append_new(rows, row);
		else
			json_decref(row);
	}
	return rows;
}

static json_t *counters_json(const struct totals *totals)
{
	json_t *row = json_object();

	for (size_t i = 0; i < totals_counter_count; i++)
		json_object_set_new(row, totals_counters[i].name,
				    json_integer((json_int_t)*totals_count((struct totals *)totals,
									   &totals_counters[i])));
	json_object_set_new(row, "unreadable_files",
			    json_integer((json_int_t)totals->unreadable_count));
	return row;
}

static json_t *free_json(const struct free_space *space)
{
	json_t *rows = json_array(), *document;

	for (unsigned i = 0; i < FREE_CLASSES; i++)
		if (space->by_size[i].runs)
			json_array_append_new(
				rows, json_pack("{sI sI sI}", "bytes_from", (json_int_t)(1ull << i),
						"runs", (json_int_t)space->by_size[i].runs, "bytes",
						(json_int_t)space->by_size[i].bytes));
	document = json_pack("{sI sI sI sI so}", "bytes", (json_int_t)space->bytes, "runs",
			     (json_int_t)space->runs, "largest_bytes",
			     (json_int_t)space->largest_bytes, "fragments_of_1_gib",
			     (json_int_t)free_space_fragments(space, 1ull << 30), "by_size", rows);
	return document;
}

json_t *show_result_json(const struct frag_result *result)
{
	const struct totals *totals = &result->totals;
	json_t *document =
		json_pack("{si ss ss ss ss ss sb sI}", "schema", JSON_SCHEMA, "kind", "frag",
			  "source", result->source, "filesystem",
			  result->facts.kind ? result->facts.kind->name : "other", "model",
			  result->model->name, "verdict",
			  frag_verdict_name(frag_verdict_of(result)), "partial", result->partial,
			  "shared_distinct_bytes", (json_int_t)totals->shared_distinct_bytes);
	const struct {
		const char *name;
		json_t *value;
	} parts[] = {
		{ "all", tally_json(&totals->all) },
		{ "unknown", tally_json(&totals->unknown) },
		{ "worth_rewriting", tally_json(&totals->worth) },
		{ "worth_but_no_room", tally_json(&totals->no_room) },
		{ "target_bytes",
		  json_integer((json_int_t)show_target_bytes(result, result->facts.device)) },
		{ "counters", counters_json(totals) },
		{ "by_fragments", histogram_json(totals) },
		{ "by_size", sizes_json(totals) },
		{ "by_extension", extensions_json(totals) },
		{ "own_directories", tally_json(&totals->own_directories) },
		{ "worst_directories", worst_json(&totals->worst_directories) },
		{ "by_directory", directories_json(totals) },
		{ "worst", worst_json(&totals->worst) },
		{ "unreadable", unreadable_json(totals) },
		{ "note", json_of_text(result->note) },
		{ "free_space", result->free ? free_json(result->free) : json_null() },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (json_object_set_new(document, parts[i].name, parts[i].value) < 0) {
			json_decref(document);
			return NULL;
		}
	return document;
}

/* SPDX-License-Identifier: MIT */
/*
 * The host's end.  An image may have taken over the guest's kernel, so that nothing that it sends
 * is trusted: every value is checked or can have any value, and all that is kept is bounded.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "frag/guest/guest.h"
#include "frag/account/free_space.h"
#include "frag/account/seek.h"
#include "frag/account/file.h"
#include "frag/account/map.h"

#define VOLUME_BYTES_MAX (UINT64_C(1) << 60)

json_t *frag_guest_request(const struct frag_settings *settings,
			   const struct filesystem_facts *facts)
{
	return json_pack("{sI sI sb sb ss}", "min_bytes", (json_int_t)settings->min_bytes, "newer",
			 (json_int_t)settings->newer, "exact", settings->exact, "with_map",
			 settings->with_map, "model", frag_model_for(settings, facts)->name);
}

void frag_guest_clear(struct frag_guest *guest)
{
	free(guest->stage);
	guest->stage = NULL;
}

/* ---- the volume ---- */

static uint64_t count_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static uint64_t count_at(const json_t *array, size_t at)
{
	return (uint64_t)json_integer_value(json_array_get(array, at));
}

/* Text for the terminal.  NULL: there is none, or it contains other than printable ASCII. */
static const char *sentence_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	for (const char *at = text; at && *at; at++)
		if (*at < ' ' || *at > '~')
			return NULL;
	return text;
}

/* The sums are made here. */
static int add_free_class(struct free_space *space, unsigned number, struct free_class class)
{
	space->by_size[number] = class;
	space->runs += class.runs;
	space->bytes += class.bytes;
	if (class.bytes > VOLUME_BYTES_MAX || space->bytes > VOLUME_BYTES_MAX ||
	    class.runs > class.bytes || (class.runs == 0 && class.bytes))
		return -EPROTO;
	return 0;
}

/* Whether the largest run can be one of its class. */
static bool has_largest(const struct free_space *space)
{
	uint64_t bytes = space->largest_bytes;

	if (bytes == 0)
		return space->runs == 0;
	return bytes <= space->by_size[63 - __builtin_clzll(bytes)].bytes;
}

static int take_free(const json_t *json, struct frag_result *result)
{
	const json_t *classes = json_object_get(json, "classes");
	int r = 0;

	if (!json_is_object(json))
		return 0;
	result->free = calloc(1, sizeof(*result->free));
	if (!result->free)
		return -ENOMEM;
	result->free->largest_bytes = count_of(json, "largest");
	for (unsigned i = 0; r == 0 && i < FREE_CLASSES; i++) {
		const json_t *class = json_array_get(classes, i);

		r = add_free_class(result->free, i,
				   (struct free_class) { count_at(class, 0), count_at(class, 1) });
	}
	return r == 0 && !has_largest(result->free) ? -EPROTO : r;
}

static int take_volume(struct frag_guest *guest, const json_t *event)
{
	struct frag_result *result = guest->result;
	const char *kind = json_string_value(json_object_get(event, "kind"));
	int r;

	if (result->facts.kind || !kind)
		return -EPROTO;
	result->facts.kind = filesystem_kind_find(kind);
	result->facts.magic = count_of(event, "magic");
	result->facts.block_bytes = count_of(event, "block_bytes");
	result->facts.volume_bytes = count_of(event, "volume_bytes");
	if (result->facts.volume_bytes > VOLUME_BYTES_MAX || result->facts.block_bytes == 0)
		return -EPROTO;
	result->model = frag_model_for(guest->settings, &result->facts);
	r = take_free(json_object_get(event, "free"), result);
	if (r == 0)
		frag_result_set_whole(result);
	return r;
}

/* ---- files ---- */

static int take_file(struct frag_guest *guest, const json_t *row)
{
	const struct frag_settings *settings = guest->settings;
	struct frag_file file;
	int r = guest->result->facts.kind ? frag_guest_row_read(row, guest->result, &file)
					  : -EPROTO;

	if (r < 0)
		return r;
	guest->files++;
	file.device = guest->result->facts.device;
	r = totals_add(&guest->result->totals, &file);
	if (r == 0 && settings->each)
		r = settings->each(&file, settings->each_context);
	free((char *)file.path);
	return r;
}

/* ---- the result ---- */

static int take_map(const json_t *json, struct map *map)
{
	uint64_t bin_bytes = count_of(json, "bin_bytes"), end_bytes = count_of(json, "end_bytes");
	const json_t *bin;
	size_t i;

	if (!map || !json_is_object(json))
		return 0;
	if (bin_bytes == 0 || bin_bytes & (bin_bytes - 1) ||
	    bin_bytes > VOLUME_BYTES_MAX / MAP_BINS || end_bytes / MAP_BINS > bin_bytes)
		return -EPROTO;
	map->bin_bytes = bin_bytes;
	map->end_bytes = end_bytes;
	json_array_foreach(json_object_get(json, "bins"), i, bin)
	{
		uint64_t at = count_at(bin, 0);

		if (at >= MAP_BINS)
			return -EPROTO;
		map->bins[at] =
			(struct map_bin) { .bytes = count_at(bin, 1), .seeks = count_at(bin, 2) };
	}
	return 0;
}

static int take_unreadable(const json_t *event, struct totals *totals)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(event, "unreadable"), i, row)
	{
		CLEANUP(freep) char *path = frag_guest_bytes(json_array_get(row, 0));

		if (!path)
			return -EPROTO;
		if (totals_add_unreadable(totals, path, (int)count_at(row, 1)) < 0)
			return -ENOMEM;
	}
	/* A guest may count more than it lists only if the list is full. */
	if (totals->unreadable_count >= UNREADABLE_MAX &&
	    totals->unreadable_count < count_of(event, "unreadable_count"))
		totals->unreadable_count = count_of(event, "unreadable_count");
	return 0;
}

/* The program's own copy of the name, which stays when the line is freed. */
static const char *source_named(const char *name)
{
	static const char *const sources[] = { "xfs-bulkstat", "btrfs-search", "ext", "walk" };

	for (size_t i = 0; name && i < ARRAY_SIZE(sources); i++)
		if (strcmp(sources[i], name) == 0)
			return sources[i];
	return NULL;
}

static int take_result(struct frag_guest *guest, const json_t *event)
{
	struct frag_result *result = guest->result;
	struct totals *totals = &result->totals;
	const json_t *counters = json_object_get(event, "counters");
	const char *note = sentence_of(event, "note");
	const char *source = source_named(json_string_value(json_object_get(event, "source")));
	int r;

	if (!result->facts.kind || !source)
		return -EPROTO;
	result->source = source;
	for (size_t i = 0; i < totals_counter_count; i++)
		if (!totals_counters[i].is_of_files)
			*totals_count(totals, &totals_counters[i]) =
				count_of(counters, totals_counters[i].name);
	result->linked_full = json_is_true(json_object_get(event, "linked_full"));
	r = take_unreadable(event, totals);
	if (r == 0)
		r = take_map(json_object_get(event, "map"), totals->map);
	/* Of the union of all shared ranges only the length is known. */
	if (r == 0)
		r = ranges_add(&totals->shared, result->facts.device, 0,
			       count_of(event, "shared_bytes"));
	if (r == 0 && note)
		r = frag_result_note(result, note);
	return r < 0 ? r : 1;
}

static int take_failure(struct frag_guest *guest, const json_t *event)
{
	const char *stage = sentence_of(event, "stage");
	json_int_t error = json_integer_value(json_object_get(event, "error"));

	if (!stage || error <= 0 || error > 4095)
		return -EPROTO;
	guest->error = (int)error;
	guest->stage = strdup(stage);
	return guest->stage ? 1 : -ENOMEM;
}

int frag_guest_receive(struct frag_guest *guest, const char *line)
{
	CLEANUP(json_decrefp) json_t *value = json_loads(line, 0, NULL);
	const char *name = json_string_value(json_object_get(value, "event"));

	if (json_is_array(value))
		return take_file(guest, value);
	if (name && strcmp(name, "volume") == 0)
		return take_volume(guest, value);
	if (name && strcmp(name, "result") == 0)
		return take_result(guest, value);
	if (name && strcmp(name, "failed") == 0)
		return take_failure(guest, value);
	return name && strcmp(name, "tick") == 0 ? 0 : -EPROTO;
}

/* SPDX-License-Identifier: MIT */
/*
 * The guest's end.  System calls in User-Mode Linux take 20 us and more, so it matters that the
 * scan of a volume needs few per file.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/problem.h"
#include "base/json.h"
#include "frag/guest/guest.h"
#include "frag/account/free_space.h"
#include "frag/account/seek.h"
#include "frag/account/totals.h"
#include "frag/account/file.h"
#include "frag/account/map.h"

struct server {
	FILE *to;
	const char *directory;
	struct frag_result result;
	pthread_mutex_t lock;
	bool announced;
};

/* ---- events ---- */

/* Writes one value as a line.  Takes it over. */
static int put(FILE *to, json_t *value)
{
	CLEANUP(json_decrefp) json_t *line = value;
	int r = json_put_line(to, line);

	return r == 0 && ferror(to) ? -EIO : r;
}

int frag_guest_send(FILE *to, json_t *event)
{
	int r = put(to, event);

	return r == 0 && fflush(to) == EOF ? -EIO : r;
}

int frag_guest_send_failure(FILE *to, const char *stage, int error)
{
	return frag_guest_send(
		to, json_pack("{ss ss si}", "event", "failed", "stage", stage, "error", error));
}

/* ---- parts of the result ---- */

static json_t *free_to_json(const struct free_space *space)
{
	json_t *classes = json_array();

	if (!space) {
		json_decref(classes);
		return json_null();
	}
	for (unsigned i = 0; i < FREE_CLASSES; i++)
		json_array_append_new(classes, json_pack("[II]", (json_int_t)space->by_size[i].runs,
							 (json_int_t)space->by_size[i].bytes));
	return json_pack("{sI so}", "largest", (json_int_t)space->largest_bytes, "classes",
			 classes);
}

/* Sends what the host needs to judge the first file. */
static int announce(struct server *server)
{
	const struct frag_result *result = &server->result;
	const struct filesystem_facts *facts = &result->facts;

	if (server->announced)
		return 0;
	server->announced = true;
	return put(server->to,
		   json_pack("{ss ss sI sI sI so}", "event", "volume", "kind",
			     facts->kind ? facts->kind->name : "other", "magic",
			     (json_int_t)facts->magic, "block_bytes",
			     (json_int_t)facts->block_bytes, "volume_bytes",
			     (json_int_t)facts->volume_bytes, "free", free_to_json(result->free)));
}

static json_t *map_to_json(const struct map *map)
{
	json_t *bins = json_array();

	if (!map) {
		json_decref(bins);
		return json_null();
	}
	for (unsigned i = 0; i < MAP_BINS; i++)
		if (map->bins[i].bytes)
			json_array_append_new(bins,
					      json_pack("[iII]", i, (json_int_t)map->bins[i].bytes,
							(json_int_t)map->bins[i].seeks));
	return json_pack("{sI sI so}", "bin_bytes", (json_int_t)map->bin_bytes, "end_bytes",
			 (json_int_t)map->end_bytes, "bins", bins);
}

/* The path as it starts at the top of the volume. */
static const char *inside(const struct server *server, const char *path)
{
	size_t bytes = strlen(server->directory);

	return strncmp(path, server->directory, bytes) == 0 && path[bytes] == '/' ? path + bytes
										  : path;
}

static json_t *unreadable_to_json(const struct server *server)
{
	const struct totals *totals = &server->result.totals;
	json_t *rows = json_array();

	for (size_t i = 0; i < UNREADABLE_MAX && i < totals->unreadable_count; i++)
		json_array_append_new(
			rows, json_pack("[oi]",
					frag_guest_text(inside(server, totals->unreadable[i].path)),
					totals->unreadable[i].error));
	return rows;
}

static json_t *counters_to_json(struct totals *totals)
{
	json_t *json = json_object();

	for (size_t i = 0; i < totals_counter_count; i++)
		if (!totals_counters[i].is_of_files)
			json_object_set_new(json, totals_counters[i].name,
					    json_integer((json_int_t)*totals_count(
						    totals, &totals_counters[i])));
	return json;
}

static int send_result(struct server *server, const char *note)
{
	struct frag_result *result = &server->result;
	struct totals *totals = &result->totals;
	int r = announce(server);

	if (r == 0 && note)
		r = frag_result_note(result, note);
	if (r < 0)
		return r;
	return frag_guest_send(
		server->to,
		json_pack("{ss ss sb ss? sI so sI so so}", "event", "result", "source",
			  result->source, "linked_full", result->linked_full, "note", result->note,
			  "shared_bytes", (json_int_t)totals->shared_distinct_bytes, "counters",
			  counters_to_json(totals), "unreadable_count",
			  (json_int_t)totals->unreadable_count, "unreadable",
			  unreadable_to_json(server), "map", map_to_json(totals->map)));
}

/* ---- the scan ---- */

static int send_file(const struct frag_file *file, void *context)
{
	struct server *server = context;
	const char *path = file->path ? inside(server, file->path) : NULL;
	int r;

	pthread_mutex_lock(&server->lock);
	r = announce(server);
	if (r == 0)
		r = frag_guest_put_row(server->to, file, path);
	pthread_mutex_unlock(&server->lock);
	return r;
}

static void tick(uint64_t files, void *context)
{
	struct server *server = context;

	pthread_mutex_lock(&server->lock);
	(void)frag_guest_send(server->to,
			      json_pack("{ss sI}", "event", "tick", "files", (json_int_t)files));
	pthread_mutex_unlock(&server->lock);
}

static int read_request(const json_t *request, struct frag_settings *settings)
{
	json_int_t min_bytes, newer;
	const char *model;
	int exact, with_map;

	if (json_unpack((json_t *)request, "{sI sI sb sb ss}", "min_bytes", &min_bytes, "newer",
			&newer, "exact", &exact, "with_map", &with_map, "model", &model) < 0)
		return -EPROTO;
	settings->min_bytes = (uint64_t)min_bytes;
	settings->newer = newer;
	settings->exact = exact;
	settings->with_map = with_map;
	settings->model = seek_model_find(model);
	return settings->model ? 0 : -EPROTO;
}

int frag_guest_serve(const json_t *request, const char *directory, const char *note, FILE *to)
{
	struct server server = { .to = to,
				 .directory = directory,
				 .lock = PTHREAD_MUTEX_INITIALIZER };
	struct frag_settings settings = {
		.sort = &frag_sorts[0],
		.with_names = true,
		.threads = 1, /* a guest has one processor, and its disk is in the host's cache */
		.each = send_file,
		.each_context = &server,
		.cancel_fd = -1,
		.tick = tick,
		.tick_context = &server,
	};
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int r = read_request(request, &settings);

	if (r == 0)
		r = frag_volume(&settings, directory, &server.result, &problem);
	r = r < 0 ? frag_guest_send_failure(to, "scan", -r) : send_result(&server, note);
	frag_result_clear(&server.result);
	return r;
}

/* SPDX-License-Identifier: MIT */
/*
 * Most files have one block at most, by their sizes, so that they cannot be fragmented.  Their
 * extents are not read, which saves most of the time.
 *
 * The calling thread does none of the work.  It draws the progress line and handles signals,
 * neither of which must wait for a slow disk.
 */
#include "frag/scan/pipeline.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "frag/frag.h"

enum {
	THREADS_MAX = 64,
	TICK_MS = 200,
	ROWS_KEPT = 4096 /* of a thread that is ahead of its turn: less than 2 MiB */
};

/* ---- filter ---- */

static bool is_filtered(const struct frag_settings *settings, const struct source_inode *inode)
{
	return inode->size_bytes < settings->min_bytes ||
	       (settings->newer && inode->mtime <= settings->newer);
}

/* 1: it is new, 0: it was counted already, -ENOMEM. */
static int count_link(struct pipeline_worker *worker, const struct source_inode *inode)
{
	struct inode_set *counted = worker->pipeline->counted;
	int is_new = counted && inode->links > 1
			     ? inode_set_add(counted, inode->device, inode->number)
			     : 1;

	worker->totals.linked_again += is_new == 0;
	return is_new;
}

/* ---- sink: rows in the order of the units ---- */

static void rows_clear(struct pipeline_worker *worker)
{
	for (size_t i = 0; i < worker->row_count; i++)
		free((char *)worker->rows[i].path);
	worker->row_count = 0;
}

/* Also returns when the work is to stop: then rows are handed out in any order. */
static void wait_for_turn(struct pipeline_worker *worker)
{
	struct pipeline *pipeline = worker->pipeline;

	pthread_mutex_lock(&pipeline->turn_lock);
	while (atomic_load(&pipeline->turn) != worker->unit && !pipeline_is_over(pipeline))
		pthread_cond_wait(&pipeline->turn_changed, &pipeline->turn_lock);
	pthread_mutex_unlock(&pipeline->turn_lock);
}

static int hand_out(struct pipeline_worker *worker)
{
	const struct frag_settings *settings = worker->pipeline->settings;
	int r = 0;

	for (size_t i = 0; r == 0 && i < worker->row_count; i++)
		r = settings->each(&worker->rows[i], settings->each_context);
	rows_clear(worker);
	return r;
}

static int keep_row(struct pipeline_worker *worker, const struct frag_file *file)
{
	struct frag_file copy = *file;

	if (!worker->rows)
		worker->rows = calloc(ROWS_KEPT, sizeof(*worker->rows));
	if (!worker->rows)
		return -ENOMEM;
	if (file->path) {
		copy.path = strdup(file->path);
		if (!copy.path)
			return -ENOMEM;
	}
	worker->rows[worker->row_count++] = copy;
	return 0;
}

static int emit(struct pipeline_worker *worker, const struct frag_file *file)
{
	struct pipeline *pipeline = worker->pipeline;
	int r;

	if (!pipeline->settings->each)
		return 0;
	if (worker->row_count == ROWS_KEPT)
		wait_for_turn(worker);
	if (atomic_load(&pipeline->turn) != worker->unit && !pipeline_is_over(pipeline))
		return keep_row(worker, file);
	r = hand_out(worker);
	return r < 0 ? r : pipeline->settings->each(file, pipeline->settings->each_context);
}

void pipeline_begin_unit(struct pipeline_worker *worker, uint64_t unit)
{
	worker->unit = unit;
}

bool pipeline_next_unit(struct pipeline_worker *worker, uint64_t count)
{
	if (pipeline_is_over(worker->pipeline))
		return false;
	pipeline_begin_unit(worker, atomic_fetch_add(&worker->pipeline->next_unit, 1));
	return worker->unit < count;
}

int pipeline_end_unit(struct pipeline_worker *worker)
{
	struct pipeline *pipeline = worker->pipeline;
	int r;

	if (!pipeline->settings->each)
		return 0;
	wait_for_turn(worker);
	r = hand_out(worker);
	pthread_mutex_lock(&pipeline->turn_lock);
	atomic_fetch_add(&pipeline->turn, 1);
	pthread_cond_broadcast(&pipeline->turn_changed);
	pthread_mutex_unlock(&pipeline->turn_lock);
	return r;
}

/* ---- account ---- */

int pipeline_note_error(struct pipeline_worker *worker, const char *path, uint64_t inode, int error)
{
	char number[48];

	switch (error) {
	case -ENOENT:
	case -ESTALE:
		worker->totals.vanished_files++;
		return 0;
	case -EOPNOTSUPP:
	case -ENOTTY:
		worker->totals.silent_files++;
		return 0;
	case -ENOMEM:
		return error;
	}
	snprintf(number, sizeof(number), "inode %" PRIu64, inode);
	return totals_add_unreadable(&worker->totals, path ? path : number, -error);
}

static int name_file(struct pipeline_worker *worker, bool whole)
{
	const struct pipeline_namer *namer = &worker->namer;

	worker->file.path = NULL;
	return namer->name ? namer->name(namer->context, &worker->file, whole, &worker->file.path)
			   : 0;
}

/* The extension needs the name alone, so that most paths are never put together. */
static int account(struct pipeline_worker *worker)
{
	const struct frag_settings *settings = worker->pipeline->settings;
	struct frag_file *file = &worker->file;
	int r = name_file(worker, false);

	if (r == 0 && (settings->each || totals_wants_path(&worker->totals, file)))
		r = name_file(worker, true);
	if (r == 0)
		r = totals_add(&worker->totals, file);
	return r < 0 ? r : emit(worker, file);
}

/* ---- a file ---- */

int pipeline_watch_extent(const struct extent *extent, void *pipeline)
{
	(void)extent;
	return pipeline_is_over(pipeline) ? -ECANCELED : 0;
}

void pipeline_restart_file(struct pipeline_worker *worker)
{
	worker->collector = (struct frag_collector) {
		.sums = LAYOUT_SUMS_INIT,
		.model = worker->model,
		.device = worker->facts->device,
		.volume_bytes = worker->facts->volume_bytes,
		.shared = &worker->totals.shared,
		.map = worker->totals.map,
		.also = pipeline_watch_extent,
		.also_context = worker->pipeline,
	};
}

int pipeline_begin_file(struct pipeline_worker *worker, const struct source_inode *inode)
{
	int r;

	if (is_filtered(worker->pipeline->settings, inode)) {
		worker->totals.filtered_files++;
		return 0;
	}
	r = count_link(worker, inode);
	if (r <= 0)
		return r;
	worker->file = (struct frag_file) {
		.device = inode->device,
		.inode = inode->number,
		.size_bytes = inode->size_bytes,
		.disk_bytes = inode->disk_bytes,
	};
	pipeline_restart_file(worker);
	if (worker->pipeline->settings->exact || !inode->is_simple)
		return 1;
	frag_file_of_one_block(worker->model, worker->facts, inode->extents, &worker->file);
	return account(worker);
}

int pipeline_end_file(struct pipeline_worker *worker, int error)
{
	if (error == -ECANCELED)
		return 0;
	if (error == 0)
		return account(worker);
	if (error == -ENOMEM || name_file(worker, true) < 0)
		return -ENOMEM;
	return pipeline_note_error(worker, worker->file.path, worker->file.inode, error);
}

/* ---- threads ---- */

static int name_by_inode(void *context, const struct frag_file *file, bool whole, const char **ret)
{
	struct pipeline_worker *worker = context;

	(void)whole;
	*ret = inode_paths_find(worker->pipeline->paths, file->inode, worker->path);
	return 0;
}

/* More threads than processors: they wait for the disk most of the time. */
static unsigned thread_count(const struct frag_settings *settings)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = settings->threads;

	if (count == 0)
		count = processors > 0 && processors < 4 ? 4 * (unsigned)processors : 16;
	return count < THREADS_MAX ? count : THREADS_MAX;
}

static void stop(struct pipeline *pipeline, int error)
{
	int none = 0;

	if (error)
		atomic_compare_exchange_strong(&pipeline->error, &none, error);
	atomic_store(&pipeline->stop, true);
	pthread_mutex_lock(&pipeline->turn_lock);
	pthread_cond_broadcast(&pipeline->turn_changed);
	pthread_mutex_unlock(&pipeline->turn_lock);
	if (pipeline->wake)
		pipeline->wake(pipeline->context);
}

static void *run_worker(void *context)
{
	struct pipeline_worker *worker = context;
	uint64_t one = 1;
	int r = worker->pipeline->work(worker);

	/* Some are left only if the work was stopped. */
	if (r >= 0)
		r = hand_out(worker);
	if (r < 0)
		stop(worker->pipeline, r);
	/* Cannot fail otherwise: the counter is far from its limit. */
	while (write(worker->pipeline->done_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return NULL;
}

static int start(struct pipeline *pipeline, struct pipeline_worker *worker)
{
	const struct frag_settings *settings = pipeline->settings;
	int r;

	worker->pipeline = pipeline;
	r = totals_init(&worker->totals, settings->sort, settings->worst_count, settings->with_map);
	if (r < 0)
		return r;
	worker->facts = &pipeline->result->facts;
	worker->model = pipeline->result->model;
	if (pipeline->paths)
		worker->namer = (struct pipeline_namer) { name_by_inode, worker };
	worker->totals.filesystems = pipeline->result->filesystems;
	worker->totals.root_bytes = pipeline->result->totals.root_bytes;
	r = totals_set_depth(&worker->totals, settings->depth);
	if (r < 0)
		return r;
	r = -pthread_create(&worker->thread, NULL, run_worker, worker);
	worker->started = r == 0;
	return r;
}

static void watch(struct pipeline *pipeline, unsigned running)
{
	const struct frag_settings *settings = pipeline->settings;
	struct pollfd watched[2] = {
		{ .fd = pipeline->done_fd, .events = POLLIN },
		{ .fd = settings->cancel_fd, .events = POLLIN },
	};

	while (running) {
		uint64_t ended;

		poll(watched, 2, TICK_MS);
		if (watched[0].revents && read(pipeline->done_fd, &ended, sizeof(ended)) > 0)
			running -= (unsigned)ended;
		if (watched[1].revents) {
			watched[1] = (struct pollfd) { .fd = -1 };
			pipeline->result->partial = true;
			stop(pipeline, 0);
		}
		if (settings->tick)
			settings->tick(atomic_load(&pipeline->files), settings->tick_context);
	}
}

/* Waits for the worker and takes over its totals. */
static int dismiss(struct pipeline *pipeline, struct pipeline_worker *worker)
{
	int r = 0;

	if (worker->started) {
		pthread_join(worker->thread, NULL);
		r = totals_merge(&pipeline->result->totals, &worker->totals);
	}
	totals_clear(&worker->totals);
	rows_clear(worker);
	free(worker->rows);
	return r;
}

int pipeline_run(struct pipeline *pipeline)
{
	unsigned count = thread_count(pipeline->settings);
	CLEANUP(freep) struct pipeline_worker *workers = calloc(count, sizeof(*workers));
	CLEANUP(fd_closep) int done_fd = eventfd(0, EFD_CLOEXEC);
	unsigned started = 0;
	int r = 0;

	if (!workers || done_fd < 0)
		return -ENOMEM;
	pipeline->done_fd = done_fd;
	pthread_mutex_init(&pipeline->turn_lock, NULL);
	pthread_cond_init(&pipeline->turn_changed, NULL);
	while (r == 0 && started < count) {
		r = start(pipeline, &workers[started]);
		started += workers[started].started;
	}
	/* Fewer threads are enough. */
	if (r < 0 && (started == 0 || r == -ENOMEM))
		stop(pipeline, r);
	watch(pipeline, started);
	for (unsigned i = 0; i < count; i++) {
		r = dismiss(pipeline, &workers[i]);
		if (r < 0)
			stop(pipeline, r);
	}
	pthread_mutex_destroy(&pipeline->turn_lock);
	pthread_cond_destroy(&pipeline->turn_changed);
	return atomic_load(&pipeline->error);
}

int pipeline_run_by_inode(struct pipeline *pipeline, const struct directory_reader *directories)
{
	CLEANUP(inode_paths_freep) struct inode_paths *paths = NULL;
	const struct frag_settings *settings = pipeline->settings;
	int r = 0;

	frag_result_set_top(pipeline->result, directories->top);
	if (settings->with_names)
		r = inode_paths_read(settings, directories, NULL, &paths);
	if (r < 0)
		return r;
	pipeline->paths = paths;
	r = pipeline_run(pipeline);
	if (r == 0 && paths)
		r = inode_paths_note(paths, pipeline->result);
	return r < 0 ? r
		     : inode_paths_give_worst(settings, directories,
					      &pipeline->result->totals.worst);
}

/* SPDX-License-Identifier: MIT */
/*
 * Filter and account.  The sizes of most files of most trees tell that they have one block at
 * most, so that they cannot be fragmented: their extents are not read, which is most of
 * the time saved.
 */
#include "frag/scan/pipeline.h"
#include "frag/frag.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

int pipeline_note_error(struct pool_worker *worker, const char *path, uint64_t inode, int error)
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

/* ---- filter ---- */

static bool is_filtered(const struct frag_settings *settings, const struct source_inode *inode)
{
	return inode->size_bytes < settings->min_bytes ||
	       (settings->newer && inode->mtime <= settings->newer);
}

/* 1: met for the first time, 0, -ENOMEM. */
static int count_link(struct pool_worker *worker, const struct source_inode *inode)
{
	struct link_set *links = worker->pool->links;
	int is_new =
		links && inode->links > 1 ? link_set_add(links, inode->device, inode->number) : 1;

	worker->totals.linked_again += is_new == 0;
	return is_new;
}

/* ---- account ---- */

static int name_file(struct pool_worker *worker, bool whole)
{
	const struct pool_namer *namer = &worker->namer;

	worker->file.path = NULL;
	return namer->name ? namer->name(namer->context, &worker->file, whole, &worker->file.path)
			   : 0;
}

/* For the extension the name alone does. */
static int account(struct pool_worker *worker)
{
	const struct frag_settings *settings = worker->pool->settings;
	struct frag_file *file = &worker->file;
	int r = name_file(worker, false);

	if (r == 0 && (settings->each || totals_wants_path(&worker->totals, file)))
		r = name_file(worker, true);
	if (r == 0)
		r = totals_add(&worker->totals, file);
	return r < 0 ? r : pool_emit(worker, file);
}

/* ---- a file ---- */

void pipeline_restart(struct pool_worker *worker)
{
	worker->collector = (struct frag_collector) {
		.sums = LAYOUT_SUMS_INIT,
		.model = worker->model,
		.device = worker->facts->device,
		.volume_bytes = worker->facts->volume_bytes,
		.shared = &worker->totals.shared,
		.map = worker->totals.map,
		.also = pool_watch_extent,
		.also_context = worker->pool,
	};
}

int pipeline_begin(struct pool_worker *worker, const struct source_inode *inode)
{
	int r;

	if (is_filtered(worker->pool->settings, inode)) {
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
	pipeline_restart(worker);
	if (worker->pool->settings->exact || !inode->is_simple)
		return 1;
	frag_file_of_one_block(worker->model, worker->facts, inode->extents, &worker->file);
	return account(worker);
}

int pipeline_end(struct pool_worker *worker, int error)
{
	if (error == -ECANCELED)
		return 0;
	if (error == 0)
		return account(worker);
	if (error == -ENOMEM || name_file(worker, true) < 0)
		return -ENOMEM;
	return pipeline_note_error(worker, worker->file.path, worker->file.inode, error);
}

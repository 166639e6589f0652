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

int pipeline_note_error(struct crew_member *member, const char *path, uint64_t inode, int error)
{
	char number[48];

	switch (error) {
	case -ENOENT:
	case -ESTALE:
		member->totals.vanished_files++;
		return 0;
	case -EOPNOTSUPP:
	case -ENOTTY:
		member->totals.silent_files++;
		return 0;
	case -ENOMEM:
		return error;
	}
	snprintf(number, sizeof(number), "inode %" PRIu64, inode);
	return totals_add_unreadable(&member->totals, path ? path : number, -error);
}

/* ---- filter ---- */

static bool is_filtered(const struct frag_settings *settings, const struct source_inode *inode)
{
	return inode->size_bytes < settings->min_bytes ||
	       (settings->newer && inode->mtime <= settings->newer);
}

/* 1: met for the first time, 0, -ENOMEM. */
static int count_link(struct crew_member *member, const struct source_inode *inode)
{
	struct link_set *links = member->crew->links;
	int is_new =
		links && inode->links > 1 ? link_set_add(links, inode->device, inode->number) : 1;

	member->totals.linked_again += is_new == 0;
	return is_new;
}

/* ---- account ---- */

static int name_file(struct crew_member *member, bool whole)
{
	const struct crew_namer *namer = &member->namer;

	member->file.path = NULL;
	return namer->name ? namer->name(namer->context, &member->file, whole, &member->file.path)
			   : 0;
}

/* For the extension the name alone does. */
static int account(struct crew_member *member)
{
	const struct frag_settings *settings = member->crew->settings;
	struct frag_file *file = &member->file;
	int r = name_file(member, false);

	if (r == 0 && (settings->each || totals_wants_path(&member->totals, file)))
		r = name_file(member, true);
	if (r == 0)
		r = totals_add(&member->totals, file);
	return r < 0 ? r : crew_emit(member, file);
}

/* ---- a file ---- */

void pipeline_restart(struct crew_member *member)
{
	member->collector = (struct frag_collector) {
		.sums = LAYOUT_SUMS_INIT,
		.model = member->model,
		.device = member->facts->device,
		.volume_bytes = member->facts->volume_bytes,
		.shared = &member->totals.shared,
		.map = member->totals.map,
		.also = crew_watch_extent,
		.also_context = member->crew,
	};
}

int pipeline_begin(struct crew_member *member, const struct source_inode *inode)
{
	int r;

	if (is_filtered(member->crew->settings, inode)) {
		member->totals.filtered_files++;
		return 0;
	}
	r = count_link(member, inode);
	if (r <= 0)
		return r;
	member->file = (struct frag_file) {
		.device = inode->device,
		.inode = inode->number,
		.size_bytes = inode->size_bytes,
		.disk_bytes = inode->disk_bytes,
	};
	pipeline_restart(member);
	if (member->crew->settings->exact || !inode->is_simple)
		return 1;
	frag_file_of_one_block(member->model, member->facts, inode->extents, &member->file);
	return account(member);
}

int pipeline_end(struct crew_member *member, int error)
{
	if (error == -ECANCELED)
		return 0;
	if (error == 0)
		return account(member);
	if (error == -ENOMEM || name_file(member, true) < 0)
		return -ENOMEM;
	return pipeline_note_error(member, member->file.path, member->file.inode, error);
}

/* SPDX-License-Identifier: MIT */
/*
 * Folders of a walk: a chunk of names at a time.  Everything is opened relative to
 * its directory, since paths may be longer than the kernel takes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "frag/scan/walker.h"
#include "frag/scan/pipeline.h"

static int look_at(struct worker *worker, struct folder *folder, const char *name,
		   unsigned char type)
{
	struct folder *child;
	struct statx status;

	if (type != DT_REG && type != DT_DIR && type != DT_UNKNOWN) {
		worker->totals->special_files++;
		return 0;
	}
	if (type != DT_DIR) {
		if (statx(folder->fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
			  STATX_BASIC_STATS, &status) < 0)
			return walk_note_error(worker, name, -errno);
		if (S_ISREG(status.stx_mode))
			return walk_file(worker, folder->fd, name, &status);
		if (!S_ISDIR(status.stx_mode)) {
			worker->totals->special_files++;
			return 0;
		}
	}
	child = folder_new(folder, name);
	if (!child)
		return -ENOMEM;
	walk_push(worker->walk, child);
	return 0;
}

struct linux_dirent {
	uint64_t inode;
	int64_t offset;
	unsigned short bytes;
	unsigned char type;
	char name[];
};

/* ---- by a source ---- */

static int by_inode(const void *one, const void *other)
{
	const struct walk_name *a = one, *b = other;

	return a->inode < b->inode ? -1 : a->inode > b->inode;
}

struct chunk_visit {
	struct source_visit visit;
	struct worker *worker;
	int directory;
};

static int begin_listed(struct source_visit *visit, size_t index, const struct source_inode *inode)
{
	struct worker *worker = ((struct chunk_visit *)visit)->worker;
	struct walk_name *listed = &worker->listed[index];

	if (crew_is_over(&worker->walk->crew))
		return -ECANCELED;
	listed->is_done = true;
	worker->totals->table_files++;
	return walk_begin_file(worker, listed->name, inode);
}

static int end_listed(struct source_visit *visit, size_t index, int error)
{
	struct chunk_visit *chunk = (struct chunk_visit *)visit;
	struct worker *worker = chunk->worker;

	(void)index;
	worker->totals->table_files -= error == -EOPNOTSUPP;
	return error == -EOPNOTSUPP ? walk_ask_kernel(worker, chunk->directory)
				    : pipeline_end(worker->member, error);
}

/* Each once, in their order; how many.  Behind them are other names of the same inodes. */
static size_t order(struct worker *worker, size_t count)
{
	struct walk_name *listed = worker->listed;
	size_t kept = 0;

	qsort(listed, count, sizeof(*listed), by_inode);
	for (size_t i = 0; i < count; i++) {
		struct walk_name name = listed[i];

		if (kept && worker->inodes[kept - 1] == name.inode)
			continue;
		listed[i] = listed[kept];
		listed[kept] = name;
		worker->inodes[kept++] = name.inode;
	}
	return kept;
}

static int look_at_listed(struct worker *worker, struct folder *folder, size_t count)
{
	struct chunk_visit chunk = {
		.visit = { .inodes = worker->inodes,
			   .count = order(worker, count),
			   .facts = &worker->facts,
			   .exact = worker->walk->settings->exact,
			   .begin = begin_listed,
			   .end = end_listed,
			   .collector = &worker->member->collector,
			   .file = &worker->member->file },
		.worker = worker,
		.directory = folder->fd,
	};
	int r = 0;

	if (chunk.visit.count)
		r = worker->filesystem->source->read(worker->reader, folder->fd, &chunk.visit);
	if (r == -ECANCELED)
		return 0;
	for (size_t i = 0; r == 0 && i < count && !crew_is_over(&worker->walk->crew); i++)
		if (!worker->listed[i].is_done)
			r = look_at(worker, folder, worker->listed[i].name, DT_REG);
	return r;
}

/* ---- a chunk of names ---- */

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int look_at_chunk(struct worker *worker, struct folder *folder, size_t bytes)
{
	bool by_source = walk_use_source(worker, folder->fd);
	size_t files = 0, listed = 0;
	int r = 0;

	for (size_t at = 0; r == 0 && at < bytes; files++) {
		const struct linux_dirent *entry = (const void *)(worker->chunk + at);

		at += entry->bytes;
		if (is_dots(entry->name))
			continue;
		if (by_source && entry->type == DT_REG)
			worker->listed[listed++] =
				(struct walk_name) { .inode = entry->inode, .name = entry->name };
		else
			r = look_at(worker, folder, entry->name, entry->type);
		if (crew_is_over(&worker->walk->crew))
			break;
	}
	if (r == 0)
		r = look_at_listed(worker, folder, listed);
	atomic_fetch_add(&worker->walk->crew.files, files);
	return r;
}

/* ---- folders ---- */

/* The blocks of the directory itself.  0 or -ENOMEM. */
static int look_at_own(struct worker *worker, const struct folder *folder,
		       const struct stat *status)
{
	struct frag_file file = {
		.device = status->st_dev,
		.inode = status->st_ino,
		.size_bytes = (uint64_t)status->st_size,
		.disk_bytes = (uint64_t)status->st_blocks * 512,
	};
	struct frag_collector collector = {
		.model = worker->member->model,
		.also = crew_watch_extent,
		.also_context = &worker->walk->crew,
	};
	int r = frag_file_read(folder->fd, &worker->facts, false, &collector, &file);

	if (r == -ECANCELED)
		return 0;
	/* Most file systems do not report it: those are the ones that are missing in the end. */
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = folder_path_set(&worker->path, folder);
	if (r < 0)
		return r;
	/* Without the slash behind it; whoever needs the path next sets it anew. */
	if (worker->path.bytes > 1)
		worker->path.text[worker->path.bytes - 1] = '\0';
	file.path = worker->path.text;
	return totals_add_directory(worker->totals, &file);
}

int walk_enter(struct worker *worker, struct folder *folder, bool follow)
{
	struct walk *walk = worker->walk;
	struct stat status;
	int is_new, r;

	r = frag_open(folder->parent ? folder->parent->fd : AT_FDCWD, folder->name, follow);
	if (r < 0)
		return r;
	folder->fd = r;
	if (fstat(folder->fd, &status) < 0)
		return -errno;
	folder->device = status.st_dev;
	if (walk->settings->one_filesystem && folder->parent &&
	    folder->device != folder->parent->device) {
		worker->totals->skipped_mounts++;
		return 0;
	}
	is_new = seen_add(walk->crew.links, status.st_dev, status.st_ino);
	if (is_new <= 0) {
		worker->totals->linked_again += is_new == 0;
		return is_new;
	}
	r = walk_use_facts(worker, folder->device, folder->fd);
	if (r == 0 && worker->facts.is_pseudo && folder->parent) {
		worker->totals->skipped_mounts++;
		return 0;
	}
	worker->totals->directories += r == 0;
	if (r == 0 && walk->settings->with_directories)
		r = look_at_own(worker, folder, &status);
	return r < 0 ? r : 1;
}

static int note_folder(struct worker *worker, struct folder *folder, int error)
{
	int r = folder_path_set(&worker->path, folder->parent);

	return r < 0 ? r : walk_note_error(worker, folder->name, error);
}

int walk_folder(struct worker *worker, struct folder *folder)
{
	ssize_t bytes;
	int r = folder->fd >= 0 ? 1 : walk_enter(worker, folder, false);

	if (r <= 0) {
		r = r < 0 ? note_folder(worker, folder, r) : 0;
		folder_release(folder);
		return r;
	}
	bytes = syscall(SYS_getdents64, folder->fd, worker->chunk, WALK_CHUNK_BYTES);
	if (bytes <= 0) {
		r = bytes < 0 ? note_folder(worker, folder, -errno) : 0;
		folder_release(folder);
		return r;
	}
	atomic_fetch_add(&folder->users, 1);
	walk_push(worker->walk, folder);
	r = folder_path_set(&worker->path, folder);
	if (r == 0)
		r = walk_use_facts(worker, folder->device, folder->fd);
	if (r == 0)
		r = look_at_chunk(worker, folder, (size_t)bytes);
	folder_release(folder);
	return r;
}

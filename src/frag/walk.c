/* SPDX-License-Identifier: MIT */
/*
 * The walk over a tree, by several threads: most of the time goes into system
 * calls on files that have nothing to do with each other.
 *
 * The unit of work is the next chunk of a directory, not the directory: one with
 * a million files must not end up with one thread.  Whoever takes a directory
 * reads a chunk of names, puts the directory back for others, and then looks at
 * the names.  Work is taken last in, first out, so that what waits is bounded by
 * the depth of the tree and not by its width: about a chunk for each level.
 *
 * statx() tells whether a file has more than one block; if not, it cannot be
 * fragmented, and is neither opened nor asked about.  That is most files of most
 * trees, and most of the time saved.
 *
 * Everything is opened relative to its directory, since paths may be longer than
 * the kernel takes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "crew.h"
#include "folder.h"
#include "frag.h"
#include "seen.h"

enum { CHUNK_BYTES = 32768, FILESYSTEMS_MAX = 64 };

struct walk {
	struct crew crew;
	const struct frag_settings *settings;
	const struct frag_names *names;
	struct frag_result *result;
	struct seen *seen;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct folder *work; /* stack */
	bool names_ended, names_busy;
	unsigned busy;

	pthread_rwlock_t filesystems_lock;
	struct filesystem_facts filesystems[FILESYSTEMS_MAX];
	unsigned filesystem_count;
};

struct worker {
	struct walk *walk;
	struct totals *totals;
	struct filesystem_facts facts; /* of the device last met */
	const struct seek_model *model;
	struct folder_path path;
	char chunk[CHUNK_BYTES] __attribute__((aligned(8)));
};

/* ---- folders ---- */

static void push(struct walk *walk, struct folder *folder)
{
	pthread_mutex_lock(&walk->lock);
	folder->below = walk->work;
	walk->work = folder;
	pthread_cond_signal(&walk->changed);
	pthread_mutex_unlock(&walk->lock);
}

/* ---- failures ---- */

/* What happens to single files is counted, not fatal. */
static int note_error(struct worker *worker, const char *name, int error)
{
	const char *path;

	switch (error) {
	case -ENOENT:
	case -ESTALE:
		worker->totals->vanished_files++;
		return 0;
	case -EOPNOTSUPP:
	case -ENOTTY:
		worker->totals->silent_files++;
		return 0;
	case -ENOMEM:
		return error;
	default:
		path = folder_path_of(&worker->path, name);
		return path ? totals_add_unreadable(worker->totals, path, -error) : -ENOMEM;
	}
}

/* ---- file systems ---- */

static bool find_facts(struct walk *walk, uint64_t device, struct filesystem_facts *ret)
{
	bool found = false;

	pthread_rwlock_rdlock(&walk->filesystems_lock);
	for (unsigned i = 0; i < walk->filesystem_count && !found; i++)
		if (walk->filesystems[i].device == device) {
			*ret = walk->filesystems[i];
			found = true;
		}
	pthread_rwlock_unlock(&walk->filesystems_lock);
	return found;
}

/* Makes worker->facts those of `device`, which `fd` is on. */
static int use_facts(struct worker *worker, uint64_t device, int fd)
{
	struct walk *walk = worker->walk;
	int r;

	if (worker->model && worker->facts.device == device)
		return 0;
	if (!find_facts(walk, device, &worker->facts)) {
		r = filesystem_look(fd, &worker->facts);
		if (r < 0)
			return r;
		pthread_rwlock_wrlock(&walk->filesystems_lock);
		if (walk->filesystem_count == 0) {
			walk->result->facts = worker->facts;
			walk->result->model = frag_model_for(walk->settings, &worker->facts);
		}
		if (walk->filesystem_count < FILESYSTEMS_MAX)
			walk->filesystems[walk->filesystem_count++] = worker->facts;
		pthread_rwlock_unlock(&walk->filesystems_lock);
	}
	worker->model = frag_model_for(walk->settings, &worker->facts);
	return 0;
}

/* ---- one file ---- */

static int account(struct worker *worker, const char *name, struct frag_file *file)
{
	const struct frag_settings *settings = worker->walk->settings;
	int r;

	/* For the extension the name alone does. */
	file->path = name;
	if (settings->each || totals_wants_path(worker->totals, file)) {
		file->path = folder_path_of(&worker->path, name);
		if (!file->path)
			return -ENOMEM;
	}
	r = totals_add(worker->totals, file);
	if (r == 0 && settings->each)
		r = settings->each(file, settings->each_context);
	return r;
}

static int look_into(struct worker *worker, int directory, const char *name, struct frag_file *file)
{
	CLEANUP(fd_closep) int fd = frag_open(directory, name, false);
	struct frag_collector collector = {
		.model = worker->model,
		.shared = &worker->totals->shared,
		.map = worker->totals->map,
		.also = crew_watch_extent,
		.also_context = &worker->walk->crew,
	};
	int r = fd;

	if (fd >= 0)
		r = frag_file_read(fd, &worker->facts, worker->walk->settings->sync, &collector,
				   file);
	if (r == -ECANCELED)
		return 0;
	return r < 0 ? note_error(worker, name, r) : account(worker, name, file);
}

static bool is_filtered(const struct frag_settings *settings, const struct statx *status)
{
	return status->stx_size < settings->min_bytes ||
	       (settings->newer && status->stx_mtime.tv_sec <= settings->newer);
}

static int look_at_file(struct worker *worker, int directory, const char *name,
			const struct statx *status)
{
	const struct frag_settings *settings = worker->walk->settings;
	struct frag_file file = {
		.device = makedev(status->stx_dev_major, status->stx_dev_minor),
		.inode = status->stx_ino,
		.size_bytes = status->stx_size,
		.disk_bytes = status->stx_blocks * 512,
	};

	if (is_filtered(settings, status)) {
		worker->totals->filtered_files++;
		return 0;
	}
	if (status->stx_nlink > 1) {
		int is_new = seen_add(worker->walk->seen, file.device, file.inode);

		if (is_new <= 0) {
			worker->totals->linked_again += is_new == 0;
			return is_new;
		}
	}
	if (!settings->exact && file.disk_bytes <= worker->facts.block_bytes) {
		frag_file_of_one_block(worker->model, &file);
		return account(worker, name, &file);
	}
	return look_into(worker, directory, name, &file);
}

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
			return note_error(worker, name, -errno);
		if (S_ISREG(status.stx_mode))
			return look_at_file(worker, folder->fd, name, &status);
		if (!S_ISDIR(status.stx_mode)) {
			worker->totals->special_files++;
			return 0;
		}
	}
	child = folder_new(folder, name);
	if (!child)
		return -ENOMEM;
	push(worker->walk, child);
	return 0;
}

/* ---- one folder ---- */

struct linux_dirent {
	uint64_t inode;
	int64_t offset;
	unsigned short bytes;
	unsigned char type;
	char name[];
};

static int look_at_chunk(struct worker *worker, struct folder *folder, size_t bytes)
{
	uint64_t files = 0;
	int r = folder_path_set(&worker->path, folder);

	if (r == 0)
		r = use_facts(worker, folder->device, folder->fd);
	for (size_t at = 0; r == 0 && at < bytes; files++) {
		const struct linux_dirent *entry = (const void *)(worker->chunk + at);

		at += entry->bytes;
		if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
			continue;
		r = look_at(worker, folder, entry->name, entry->type);
		if (crew_is_over(&worker->walk->crew))
			break;
	}
	atomic_fetch_add(&worker->walk->crew.files, files);
	return r;
}

/* 1: go on and read it, 0: it is left out, -errno. */
static int enter(struct worker *worker, struct folder *folder, bool follow)
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
	is_new = seen_add(walk->seen, status.st_dev, status.st_ino);
	if (is_new <= 0) {
		worker->totals->linked_again += is_new == 0;
		return is_new;
	}
	r = use_facts(worker, folder->device, folder->fd);
	if (r == 0 && worker->facts.is_pseudo && folder->parent) {
		worker->totals->skipped_mounts++;
		return 0;
	}
	worker->totals->directories += r == 0;
	return r < 0 ? r : 1;
}

static int note_folder(struct worker *worker, struct folder *folder, int error)
{
	int r = folder_path_set(&worker->path, folder->parent);

	return r < 0 ? r : note_error(worker, folder->name, error);
}

/* Takes over one use of the folder. */
static int work_on(struct worker *worker, struct folder *folder)
{
	ssize_t bytes;
	int r = folder->fd >= 0 ? 1 : enter(worker, folder, false);

	if (r <= 0) {
		r = r < 0 ? note_folder(worker, folder, r) : 0;
		folder_release(folder);
		return r;
	}
	bytes = syscall(SYS_getdents64, folder->fd, worker->chunk, CHUNK_BYTES);
	if (bytes <= 0) {
		r = bytes < 0 ? note_folder(worker, folder, -errno) : 0;
		folder_release(folder);
		return r;
	}
	atomic_fetch_add(&folder->users, 1);
	push(worker->walk, folder);
	r = look_at_chunk(worker, folder, (size_t)bytes);
	folder_release(folder);
	return r;
}

/* ---- what the user named ---- */

/* A symbolic link that the user names is followed; those in a tree are not. */
static int look_at_named(struct worker *worker, const char *name)
{
	CLEANUP(fd_closep) int fd = -1;
	struct statx status;
	int r = folder_path_set(&worker->path, NULL), is_new;

	if (r < 0)
		return r;
	if (statx(AT_FDCWD, name, 0, STATX_BASIC_STATS, &status) < 0) {
		/* Not "vanished": somebody asked for it. */
		r = errno;
		return totals_add_unreadable(worker->totals, name, r);
	}
	if (S_ISDIR(status.stx_mode)) {
		struct folder *folder = folder_new(NULL, name);

		if (!folder)
			return -ENOMEM;
		r = enter(worker, folder, true);
		if (r > 0) {
			push(worker->walk, folder);
			return 0;
		}
		folder_release(folder);
		return r < 0 ? note_error(worker, name, r) : 0;
	}
	if (!S_ISREG(status.stx_mode)) {
		worker->totals->special_files++;
		return 0;
	}
	fd = frag_open(AT_FDCWD, name, true);
	if (fd < 0)
		return note_error(worker, name, fd);
	r = use_facts(worker, makedev(status.stx_dev_major, status.stx_dev_minor), fd);
	if (r < 0)
		return r;
	if (status.stx_nlink == 1) {
		/* Named twice counts once, too. */
		is_new = seen_add(worker->walk->seen, worker->facts.device, status.stx_ino);
		if (is_new <= 0) {
			worker->totals->linked_again += is_new == 0;
			return is_new;
		}
	}
	return look_at_file(worker, AT_FDCWD, name, &status);
}

/* ---- threads ---- */

enum task { TASK_NONE, TASK_FOLDER, TASK_NAME };

/*
 * Asks for a name; the lock is held before and after, but not meanwhile: a pipe
 * may make us wait, and the others have work to do.
 */
static char *take_name(struct walk *walk, int *ret_error)
{
	const char *name;
	char *copy = NULL;
	int r;

	walk->names_busy = true;
	pthread_mutex_unlock(&walk->lock);
	r = walk->names->next(walk->names->context, &name);
	if (r > 0) {
		copy = strdup(name);
		r = copy ? 0 : -ENOMEM;
	}
	pthread_mutex_lock(&walk->lock);
	walk->names_busy = false;
	walk->names_ended = !copy;
	pthread_cond_broadcast(&walk->changed);
	*ret_error = r;
	return copy;
}

/* Names are asked for only if there is nothing else to do. */
static enum task take(struct walk *walk, struct folder **ret_folder, char **ret_name,
		      int *ret_error)
{
	enum task task = TASK_NONE;

	pthread_mutex_lock(&walk->lock);
	while (*ret_error == 0 && task == TASK_NONE && !crew_is_over(&walk->crew)) {
		if (walk->work) {
			*ret_folder = walk->work;
			walk->work = walk->work->below;
			task = TASK_FOLDER;
		} else if (!walk->names_ended && !walk->names_busy) {
			*ret_name = take_name(walk, ret_error);
			task = *ret_name ? TASK_NAME : TASK_NONE;
		} else if (walk->busy || walk->names_busy) {
			pthread_cond_wait(&walk->changed, &walk->lock);
		} else {
			break;
		}
	}
	walk->busy += task != TASK_NONE;
	pthread_mutex_unlock(&walk->lock);
	return task;
}

static void finish_task(struct walk *walk)
{
	pthread_mutex_lock(&walk->lock);
	if (--walk->busy == 0 && !walk->work)
		pthread_cond_broadcast(&walk->changed);
	pthread_mutex_unlock(&walk->lock);
}

static int work_on_task(struct worker *worker, enum task task, struct folder *folder, char *name)
{
	int r;

	if (task == TASK_FOLDER)
		return work_on(worker, folder);
	r = look_at_named(worker, name);
	atomic_fetch_add(&worker->walk->crew.files, 1);
	free(name);
	return r;
}

/* Whoever still waits is to see that there is an end. */
static void wake_all(void *context)
{
	struct walk *walk = context;

	pthread_mutex_lock(&walk->lock);
	pthread_cond_broadcast(&walk->changed);
	pthread_mutex_unlock(&walk->lock);
}

static void worker_freep(struct worker **worker)
{
	if (*worker)
		free((*worker)->path.text);
	free(*worker);
}

static int work(struct crew_member *member)
{
	struct walk *walk = member->crew->context;
	CLEANUP(worker_freep) struct worker *worker = calloc(1, sizeof(*worker));
	struct folder *folder;
	enum task task;
	char *name;
	int r = 0;

	if (!worker)
		return -ENOMEM;
	worker->walk = walk;
	worker->totals = &member->totals;
	while (r == 0 && (task = take(walk, &folder, &name, &r)) != TASK_NONE) {
		r = work_on_task(worker, task, folder, name);
		finish_task(walk);
	}
	wake_all(walk);
	return r;
}

/* Each level of a deep tree may hold a descriptor. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void walk_release(struct walk *walk)
{
	/* There is some only if the walk was stopped. */
	while (walk->work) {
		struct folder *folder = walk->work;

		walk->work = folder->below;
		folder_release(folder);
	}
	seen_free(walk->seen);
	pthread_mutex_destroy(&walk->lock);
	pthread_cond_destroy(&walk->changed);
	pthread_rwlock_destroy(&walk->filesystems_lock);
}

int frag_walk(const struct frag_settings *settings, const struct frag_names *names,
	      struct frag_result *ret, struct problem *problem)
{
	CLEANUP(walk_release)
	struct walk walk = {
		.crew = { .settings = settings,
			  .result = ret,
			  .work = work,
			  .wake = wake_all,
			  .context = &walk },
		.settings = settings,
		.names = names,
		.result = ret,
		.seen = seen_new(),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.filesystems_lock = PTHREAD_RWLOCK_INITIALIZER,
	};
	int r = walk.seen ? 0 : -ENOMEM;

	*ret = (struct frag_result) { .source = "walk", .model = settings->model };
	if (r == 0)
		r = totals_init(&ret->totals, settings->sort, settings->worst_count,
				settings->with_map);
	if (r == 0) {
		raise_descriptor_limit();
		r = crew_run(&walk.crew, crew_size(settings));
		ret->linked_full = seen_is_full(walk.seen);
		totals_finish(&ret->totals);
	}
	if (!ret->model)
		ret->model = &seek_models[0];
	if (r < 0)
		return problem_set(problem, PROBLEM_VERDICT, -r, "the scan failed: %s",
				   strerror(-r));
	return 0;
}

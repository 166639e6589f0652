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
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "frag/scan/walker.h"
#include "frag/scan/pipeline.h"

void walk_push(struct walk *walk, struct folder *folder)
{
	pthread_mutex_lock(&walk->lock);
	folder->below = walk->work;
	walk->work = folder;
	pthread_cond_signal(&walk->changed);
	pthread_mutex_unlock(&walk->lock);
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
		r = walk_enter(worker, folder, true);
		if (r > 0) {
			walk_push(worker->walk, folder);
			return 0;
		}
		folder_release(folder);
		return r < 0 ? walk_note_error(worker, name, r) : 0;
	}
	if (!S_ISREG(status.stx_mode)) {
		worker->totals->special_files++;
		return 0;
	}
	fd = frag_open(AT_FDCWD, name, true);
	if (fd < 0)
		return walk_note_error(worker, name, fd);
	r = walk_use_facts(worker, makedev(status.stx_dev_major, status.stx_dev_minor), fd);
	if (r < 0)
		return r;
	if (status.stx_nlink == 1) {
		/* Named twice counts once, too. */
		is_new = seen_add(worker->walk->crew.links, worker->facts.device, status.stx_ino);
		if (is_new <= 0) {
			worker->totals->linked_again += is_new == 0;
			return is_new;
		}
	}
	return walk_file(worker, AT_FDCWD, name, &status);
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
		return walk_folder(worker, folder);
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
	if (!*worker)
		return;
	walk_free_reader(*worker);
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
	worker->member = member;
	worker->totals = &member->totals;
	member->facts = &worker->facts;
	member->namer = (struct crew_namer) { walk_name_file, worker };
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
	for (unsigned i = 0; i < walk->filesystem_count; i++)
		if (walk->filesystems[i].volume)
			walk->filesystems[i].source->close(walk->filesystems[i].volume);
	seen_free(walk->crew.links);
	pthread_mutex_destroy(&walk->lock);
	pthread_cond_destroy(&walk->changed);
	pthread_mutex_destroy(&walk->filesystems_lock);
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
			  .context = &walk,
			  .links = seen_new() },
		.settings = settings,
		.names = names,
		.result = ret,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.filesystems_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	int r = walk.crew.links ? 0 : -ENOMEM;

	*ret = (struct frag_result) { .source = "walk", .model = settings->model };
	if (r == 0)
		r = frag_result_init(ret, settings);
	if (r == 0) {
		raise_descriptor_limit();
		r = crew_run(&walk.crew, crew_size(settings));
		ret->linked_full = seen_is_full(walk.crew.links);
		totals_finish(&ret->totals);
	}
	if (!ret->model)
		ret->model = &seek_models[0];
	if (r < 0)
		return problem_set(problem, PROBLEM_VERDICT, -r, "the scan failed: %s",
				   strerror(-r));
	return 0;
}

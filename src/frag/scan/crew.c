/* SPDX-License-Identifier: MIT */
/*
 * The calling thread does none of the work: it draws the progress and sees the
 * signals, which must not wait until a slow disk has answered.
 */
#include "frag/scan/crew.h"

#include <errno.h>
#include <poll.h>
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

unsigned crew_size(const struct frag_settings *settings)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = settings->threads;

	if (count == 0)
		count = processors > 0 && processors < 4 ? 4 * (unsigned)processors : 16;
	return count < THREADS_MAX ? count : THREADS_MAX;
}

int crew_watch_extent(const struct extent *extent, void *crew)
{
	(void)extent;
	return crew_is_over(crew) ? -ECANCELED : 0;
}

static int name_by_inode(void *context, const struct frag_file *file, bool whole, const char **ret)
{
	struct crew_member *member = context;

	(void)whole;
	*ret = names_path(member->names, file->inode, member->path);
	return 0;
}

void crew_use_names(struct crew_member *member, const struct names *names)
{
	member->names = names;
	if (names)
		member->namer = (struct crew_namer) { name_by_inode, member };
}

/* ---- rows in order ---- */

static void rows_clear(struct crew_member *member)
{
	for (size_t i = 0; i < member->row_count; i++)
		free((char *)member->rows[i].path);
	member->row_count = 0;
}

/* Or until the crew is to stop: then what is known is handed out in any order. */
static void wait_for_turn(struct crew_member *member)
{
	struct crew *crew = member->crew;

	pthread_mutex_lock(&crew->turn_lock);
	while (atomic_load(&crew->turn) != member->unit && !crew_is_over(crew))
		pthread_cond_wait(&crew->turn_changed, &crew->turn_lock);
	pthread_mutex_unlock(&crew->turn_lock);
}

static int hand_out(struct crew_member *member)
{
	const struct frag_settings *settings = member->crew->settings;
	int r = 0;

	for (size_t i = 0; r == 0 && i < member->row_count; i++)
		r = settings->each(&member->rows[i], settings->each_context);
	rows_clear(member);
	return r;
}

static int keep_row(struct crew_member *member, const struct frag_file *file)
{
	struct frag_file copy = *file;

	if (!member->rows)
		member->rows = calloc(ROWS_KEPT, sizeof(*member->rows));
	if (!member->rows)
		return -ENOMEM;
	if (file->path) {
		copy.path = strdup(file->path);
		if (!copy.path)
			return -ENOMEM;
	}
	member->rows[member->row_count++] = copy;
	return 0;
}

int crew_emit(struct crew_member *member, const struct frag_file *file)
{
	struct crew *crew = member->crew;
	int r;

	if (!crew->settings->each)
		return 0;
	if (member->row_count == ROWS_KEPT)
		wait_for_turn(member);
	if (atomic_load(&crew->turn) != member->unit && !crew_is_over(crew))
		return keep_row(member, file);
	r = hand_out(member);
	return r < 0 ? r : crew->settings->each(file, crew->settings->each_context);
}

void crew_begin_unit(struct crew_member *member, uint64_t unit)
{
	member->unit = unit;
}

int crew_end_unit(struct crew_member *member)
{
	struct crew *crew = member->crew;
	int r;

	if (!crew->settings->each)
		return 0;
	wait_for_turn(member);
	r = hand_out(member);
	pthread_mutex_lock(&crew->turn_lock);
	atomic_fetch_add(&crew->turn, 1);
	pthread_cond_broadcast(&crew->turn_changed);
	pthread_mutex_unlock(&crew->turn_lock);
	return r;
}

/* ---- threads ---- */

static void stop(struct crew *crew, int error)
{
	int none = 0;

	if (error)
		atomic_compare_exchange_strong(&crew->error, &none, error);
	atomic_store(&crew->stop, true);
	pthread_mutex_lock(&crew->turn_lock);
	pthread_cond_broadcast(&crew->turn_changed);
	pthread_mutex_unlock(&crew->turn_lock);
	if (crew->wake)
		crew->wake(crew->context);
}

static void *run_member(void *context)
{
	struct crew_member *member = context;
	uint64_t one = 1;
	int r = member->crew->work(member);

	/* There are some left only if the work was stopped. */
	if (r >= 0)
		r = hand_out(member);
	if (r < 0)
		stop(member->crew, r);
	/* Cannot fail: the counter is far from its end. */
	while (write(member->crew->done_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return NULL;
}

static int start(struct crew *crew, struct crew_member *member)
{
	const struct frag_settings *settings = crew->settings;
	int r;

	member->crew = crew;
	r = totals_init(&member->totals, settings->sort, settings->worst_count, settings->with_map);
	if (r < 0)
		return r;
	member->facts = &crew->result->facts;
	member->model = crew->result->model;
	member->totals.met = crew->result->met;
	member->totals.root_bytes = crew->result->totals.root_bytes;
	r = totals_set_depth(&member->totals, settings->depth);
	if (r < 0)
		return r;
	r = -pthread_create(&member->thread, NULL, run_member, member);
	member->started = r == 0;
	return r;
}

static void watch(struct crew *crew, unsigned running)
{
	const struct frag_settings *settings = crew->settings;
	struct pollfd watched[2] = {
		{ .fd = crew->done_fd, .events = POLLIN },
		{ .fd = settings->cancel_fd, .events = POLLIN },
	};

	while (running) {
		uint64_t ended;

		poll(watched, 2, TICK_MS);
		if (watched[0].revents && read(crew->done_fd, &ended, sizeof(ended)) > 0)
			running -= (unsigned)ended;
		if (watched[1].revents) {
			watched[1] = (struct pollfd) { .fd = -1 };
			crew->result->partial = true;
			stop(crew, 0);
		}
		if (settings->tick)
			settings->tick(atomic_load(&crew->files), settings->tick_context);
	}
}

/* Waits for the member, and takes over what it found. */
static int dismiss(struct crew *crew, struct crew_member *member)
{
	int r = 0;

	if (member->started) {
		pthread_join(member->thread, NULL);
		r = totals_merge(&crew->result->totals, &member->totals);
	}
	totals_clear(&member->totals);
	rows_clear(member);
	free(member->rows);
	return r;
}

int crew_run(struct crew *crew, unsigned count)
{
	CLEANUP(freep) struct crew_member *members = calloc(count, sizeof(*members));
	CLEANUP(fd_closep) int done_fd = eventfd(0, EFD_CLOEXEC);
	unsigned started = 0;
	int r = 0;

	if (!members || done_fd < 0)
		return -ENOMEM;
	crew->done_fd = done_fd;
	pthread_mutex_init(&crew->turn_lock, NULL);
	pthread_cond_init(&crew->turn_changed, NULL);
	while (r == 0 && started < count) {
		r = start(crew, &members[started]);
		started += members[started].started;
	}
	/* A few threads do as well. */
	if (r < 0 && (started == 0 || r == -ENOMEM))
		stop(crew, r);
	watch(crew, started);
	for (unsigned i = 0; i < count; i++) {
		r = dismiss(crew, &members[i]);
		if (r < 0)
			stop(crew, r);
	}
	pthread_mutex_destroy(&crew->turn_lock);
	pthread_cond_destroy(&crew->turn_changed);
	return atomic_load(&crew->error);
}

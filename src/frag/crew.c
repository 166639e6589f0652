/* SPDX-License-Identifier: MIT */
/*
 * The calling thread does none of the work: it draws the progress and sees the
 * signals, which must not wait until a slow disk has answered.
 */
#include "crew.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cleanup.h"

enum { THREADS_MAX = 64, TICK_MS = 200 };

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

int crew_account(struct crew_member *member, const struct names *names, struct frag_file *file)
{
	const struct frag_settings *settings = member->crew->settings;
	int r;

	if (names)
		file->path = names_path(names, file->inode, member->path);
	r = totals_add(&member->totals, file);
	if (r == 0 && settings->each)
		r = settings->each(file, settings->each_context);
	return r;
}

static void stop(struct crew *crew, int error)
{
	int none = 0;

	if (error)
		atomic_compare_exchange_strong(&crew->error, &none, error);
	atomic_store(&crew->stop, true);
	if (crew->wake)
		crew->wake(crew->context);
}

static void *run_member(void *context)
{
	struct crew_member *member = context;
	uint64_t one = 1;
	int r = member->crew->work(member);

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
	return atomic_load(&crew->error);
}

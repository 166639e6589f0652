/* SPDX-License-Identifier: MIT */
/*
 * A job is prealloc() in a thread, with an internal callback around the caller's: cancelling and
 * polling need only a flag and a number.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "task.h"
#include "prealloc.h"
#include "thread.h"

struct prealloc_job {
	int fd, event_fd;
	uint64_t offset, length;
	struct prealloc_options options; /* from the caller */
	pthread_t thread;

	atomic_int cancelled;

	pthread_mutex_t lock; /* protects what follows */
	pthread_cond_t changed;
	uint64_t done_bytes;
	int ended;
	int outcome;
	struct prealloc_result result;
};

static int follow(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct prealloc_job *job = context;

	/* Not atomic: 8-byte atomics need libatomic on some 32-bit CPUs. */
	pthread_mutex_lock(&job->lock);
	job->done_bytes = done_bytes;
	pthread_mutex_unlock(&job->lock);
	if (atomic_load(&job->cancelled))
		return 1;
	return job->options.progress
		       ? job->options.progress(done_bytes, total_bytes, job->options.context)
		       : 0;
}

static void *run(void *context)
{
	struct prealloc_job *job = context;
	struct prealloc_options options = job->options;
	const uint64_t one = 1;
	int r;

	options.progress = follow;
	options.context = job;
	r = prealloc(job->fd, job->offset, job->length, &options, &job->result);
	pthread_mutex_lock(&job->lock);
	job->outcome = r;
	job->ended = 1;
	pthread_cond_broadcast(&job->changed);
	/* Cannot fail: the counter is 0. */
	if (write(job->event_fd, &one, sizeof(one)) < 0)
		job->outcome = r;
	pthread_mutex_unlock(&job->lock);
	return NULL;
}

static void release(struct prealloc_job *job)
{
	if (job->event_fd >= 0)
		close(job->event_fd);
	pthread_cond_destroy(&job->changed);
	pthread_mutex_destroy(&job->lock);
	free(job);
}

int prealloc_job_start(int fd, uint64_t offset, uint64_t length,
		       const struct prealloc_options *options, struct prealloc_job **ret)
{
	struct prealloc_job *job;
	struct prealloc_options taken;
	int r = call_take_options(options, &taken), saved = errno;

	if (r < 0)
		return r;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	job->fd = fd;
	job->offset = offset;
	job->length = length;
	job->options = taken;
	job->result.size = sizeof(job->result);
	pthread_mutex_init(&job->lock, NULL);
	pthread_cond_init(&job->changed, NULL);
	job->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = job->event_fd < 0 ? -errno : thread_start(&job->thread, run, job);
	errno = saved;
	if (r < 0) {
		release(job);
		return r;
	}
	*ret = job;
	return 0;
}

int prealloc_job_fd(const struct prealloc_job *job)
{
	return job->event_fd;
}

int prealloc_job_poll(struct prealloc_job *job, uint64_t *ret_done_bytes)
{
	int r;

	pthread_mutex_lock(&job->lock);
	if (ret_done_bytes)
		*ret_done_bytes = job->done_bytes;
	r = job->ended ? job->outcome : -EINPROGRESS;
	pthread_mutex_unlock(&job->lock);
	return r;
}

void prealloc_job_cancel(struct prealloc_job *job)
{
	atomic_store(&job->cancelled, 1);
}

static void unlock(void *lock)
{
	pthread_mutex_unlock(lock);
}

/* pthread_cond_wait() is a cancellation point, and therefore this function is one. */
int prealloc_job_wait(struct prealloc_job *job, struct prealloc_result *result)
{
	int r;

	if (result && result->size < sizeof(size_t))
		return -EINVAL;
	pthread_mutex_lock(&job->lock);
	pthread_cleanup_push(unlock, &job->lock);
	while (!job->ended)
		pthread_cond_wait(&job->changed, &job->lock);
	r = job->outcome;
	call_copy_out(&job->result, sizeof(job->result), result);
	pthread_cleanup_pop(1);
	return r;
}

struct prealloc_job *prealloc_job_free(struct prealloc_job *job)
{
	if (!job)
		return NULL;
	prealloc_job_cancel(job);
	pthread_join(job->thread, NULL);
	release(job);
	return NULL;
}

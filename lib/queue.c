/* SPDX-License-Identifier: MIT */
/*
 * A queue is a set of threads that call prealloc().  A waiting job is a path and some numbers: its
 * file is opened when the job starts, and closed when it ends.
 *
 * Each thread has a descriptor table of its own.  So the files do not count against RLIMIT_NOFILE,
 * no child inherits them, and closing them does not drop record locks of the process (fcntl(2)).
 * Callbacks need the descriptors of the process, such as standard error.  So one more thread,
 * which shares them, calls the callbacks.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "task.h"
#include "file.h"
#include "util.h"
#include "thread.h"

enum { MOST_AT_ONCE = 1024 };

struct queued {
	struct queued *next;
	struct prealloc_queue *queue;
	struct file file;
	uint64_t id, done_bytes;
	int cancelled;
	int asks, answer; /* whether it waits for its callback; the callback's result */
	int error;
	struct prealloc_result result;
};

/* A list in the order of arrival. */
struct line {
	struct queued *first, **end;
	uint64_t count;
};

struct prealloc_queue {
	pid_t pid;
	int event_fd; /* readable while `ended` is not empty */
	struct prealloc_queue_options options;
	struct rate rate;

	pthread_mutex_t lock; /* protects what follows, and the jobs */
	pthread_cond_t changed;
	struct line waiting, running, ended;
	uint64_t last_id;
	uint64_t total_bytes, done_bytes; /* without failed jobs; of ended jobs */
	int closing;
	int has_caller;
	pthread_t caller; /* calls the callbacks */
	unsigned thread_count;
	pthread_t threads[];
};

static void line_add(struct line *line, struct queued *job)
{
	job->next = NULL;
	*line->end = job;
	line->end = &job->next;
	line->count++;
}

/* The first job with this id; 0: the first of all. */
static struct queued *line_take(struct line *line, uint64_t id)
{
	struct queued **at = &line->first, *job;

	while (*at && id && (*at)->id != id)
		at = &(*at)->next;
	job = *at;
	if (!job)
		return NULL;
	*at = job->next;
	if (!job->next)
		line->end = at;
	line->count--;
	return job;
}

static void free_job(struct queued *job)
{
	file_clear(&job->file);
	free(job);
}

/* ---- threads of the queue ---- */

static int follow(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct queued *job = context;
	struct prealloc_queue *queue = job->queue;
	int stop;

	(void)total_bytes;
	pthread_mutex_lock(&queue->lock);
	job->done_bytes = done_bytes;
	if (job->file.options.progress && !job->cancelled) {
		job->asks = 1;
		pthread_cond_broadcast(&queue->changed);
		while (job->asks)
			pthread_cond_wait(&queue->changed, &queue->lock);
	}
	stop = job->cancelled || job->answer;
	pthread_mutex_unlock(&queue->lock);
	return stop;
}

static int allocate(struct queued *job, int fd)
{
	const struct file *file = &job->file;
	struct prealloc_options options = file->options;
	uint32_t least_priority = job->queue->options.io_priority;

	options.progress = follow;
	options.context = job;
	options.io_priority = (uint32_t)greater(options.io_priority, least_priority);
	return call_prealloc(fd, file->offset, file->length, &options, &job->result,
			     &job->queue->rate);
}

static int run_job(struct queued *job)
{
	int created, r;
	CLEANUP(file_close) int fd = file_create(&job->file, &created);

	if (fd < 0)
		return fd;
	r = allocate(job, fd);
	if (r < 0 && created && file_remove_empty(&job->file, fd))
		job->result.left_bytes = 0;
	return r;
}

/* With the lock. */
static void end_job(struct queued *job, int error)
{
	struct prealloc_queue *queue = job->queue;
	const uint64_t one = 1;

	job->error = error;
	if (error < 0)
		queue->total_bytes -= job->file.length;
	else
		queue->done_bytes += job->file.length;
	line_add(&queue->ended, job);
	/* Cannot fail: the counter is 0. */
	if (queue->ended.count == 1 && write(queue->event_fd, &one, sizeof(one)) < 0)
		queue->ended.count = 1;
	pthread_cond_broadcast(&queue->changed);
}

/* With the lock.  NULL: the queue is being freed. */
static struct queued *next_job(struct prealloc_queue *queue)
{
	struct queued *job;

	while (!(job = line_take(&queue->waiting, 0)) && !queue->closing)
		pthread_cond_wait(&queue->changed, &queue->lock);
	if (job)
		line_add(&queue->running, job);
	return job;
}

/* Before Linux 5.9 the thread shares the table of the process, of which nothing may be closed. */
static void *work(void *context)
{
	struct prealloc_queue *queue = context;
	int own_table = thread_leave_table(queue->event_fd) == 0, r;
	struct queued *job;

	pthread_mutex_lock(&queue->lock);
	while ((job = next_job(queue))) {
		pthread_mutex_unlock(&queue->lock);
		r = run_job(job);
		pthread_mutex_lock(&queue->lock);
		line_take(&queue->running, job->id);
		end_job(job, r);
	}
	pthread_mutex_unlock(&queue->lock);
	if (own_table)
		syscall(SYS_close_range, 0u, ~0u, 0);
	return NULL;
}

/* ---- the thread of the callbacks ---- */

static struct queued *one_that_asks(const struct prealloc_queue *queue)
{
	struct queued *job = queue->running.first;

	while (job && !job->asks)
		job = job->next;
	return job;
}

/* With the lock. */
static void answer(struct queued *job)
{
	const struct prealloc_options *options = &job->file.options;
	uint64_t done_bytes = job->done_bytes;
	int r;

	pthread_mutex_unlock(&job->queue->lock);
	r = options->progress(done_bytes, job->file.length, options->context);
	pthread_mutex_lock(&job->queue->lock);
	job->answer = r;
	job->asks = 0;
	pthread_cond_broadcast(&job->queue->changed);
}

static void *call_back(void *context)
{
	struct prealloc_queue *queue = context;
	struct queued *job;

	pthread_mutex_lock(&queue->lock);
	while (!queue->closing || queue->running.count) {
		job = one_that_asks(queue);
		if (job)
			answer(job);
		else
			pthread_cond_wait(&queue->changed, &queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

/* ---- threads of the application ---- */

/*
 * After fork(), the child has a copy of the queue, but not its threads, and its lock protects
 * nothing.
 */
static int is_forked(const struct prealloc_queue *queue)
{
	return queue->pid != getpid();
}

static int check_options(const struct prealloc_queue_options *options)
{
	return options->at_once > MOST_AT_ONCE || options->io_priority > PREALLOC_IO_IDLE ? -EINVAL
											  : 0;
}

static struct prealloc_queue *new_queue(const struct prealloc_queue_options *options)
{
	struct prealloc_queue *queue =
		calloc(1, sizeof(*queue) + options->at_once * sizeof(queue->threads[0]));

	if (!queue)
		return NULL;
	queue->pid = getpid();
	queue->options = *options;
	queue->waiting.end = &queue->waiting.first;
	queue->running.end = &queue->running.first;
	queue->ended.end = &queue->ended.first;
	rate_init(&queue->rate, options->write_bytes_per_second);
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	return queue;
}

static void free_line(struct line *line)
{
	for (struct queued *job; (job = line_take(line, 0));)
		free_job(job);
}

static void free_queue(struct prealloc_queue *queue)
{
	free_line(&queue->waiting);
	free_line(&queue->ended);
	if (queue->event_fd >= 0)
		close(queue->event_fd);
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
	rate_destroy(&queue->rate);
	free(queue);
}

int prealloc_queue_new(const struct prealloc_queue_options *options, struct prealloc_queue **ret)
{
	struct prealloc_queue_options taken = { 0 };
	struct prealloc_queue *queue;
	int r, saved = errno;

	if (options && options->size < sizeof(size_t))
		return -EINVAL;
	if (options)
		memcpy(&taken, options, lesser(options->size, sizeof(taken)));
	taken.at_once = taken.at_once ? taken.at_once : 1;
	r = check_options(&taken);
	if (r < 0)
		return r;
	queue = new_queue(&taken);
	if (!queue)
		return -ENOMEM;
	queue->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = queue->event_fd < 0 ? -errno : 0;
	errno = saved;
	if (r < 0)
		free_queue(queue);
	else
		*ret = queue;
	return r;
}

int prealloc_queue_fd(const struct prealloc_queue *queue)
{
	return queue->event_fd;
}

/* With the lock. */
static int start_caller(struct prealloc_queue *queue)
{
	int r = queue->has_caller ? 0 : thread_start(&queue->caller, call_back, queue);

	if (r == 0)
		queue->has_caller = 1;
	return r;
}

/* With the lock.  Starts one thread per job, up to `at_once`. */
static int start_worker(struct prealloc_queue *queue)
{
	int r;

	if (queue->thread_count == queue->options.at_once ||
	    queue->thread_count >= queue->waiting.count + queue->running.count)
		return 0;
	r = thread_start(&queue->threads[queue->thread_count], work, queue);
	if (r == 0)
		queue->thread_count++;
	return queue->thread_count ? 0 : r;
}

static int enqueue(struct prealloc_queue *queue, struct queued *job, uint64_t *ret_id)
{
	int r = 0;

	pthread_mutex_lock(&queue->lock);
	job->queue = queue;
	job->id = queue->last_id + 1;
	line_add(&queue->waiting, job);
	if (job->file.options.progress)
		r = start_caller(queue);
	if (r == 0)
		r = start_worker(queue);
	if (r < 0) {
		line_take(&queue->waiting, job->id);
	} else {
		queue->last_id = job->id;
		queue->total_bytes += job->file.length;
		if (ret_id)
			*ret_id = job->id;
		pthread_cond_broadcast(&queue->changed);
	}
	pthread_mutex_unlock(&queue->lock);
	return r;
}

int prealloc_queue_add(struct prealloc_queue *queue, const struct prealloc_file *file,
		       uint64_t *ret_id)
{
	struct queued *job;
	int r, saved = errno;

	if (is_forked(queue))
		return -ECHILD;
	job = calloc(1, sizeof(*job));
	r = job ? file_take(&job->file, file) : -ENOMEM;
	if (r == 0) {
		job->result.size = sizeof(job->result);
		r = enqueue(queue, job, ret_id);
	}
	if (r < 0 && job)
		free_job(job);
	errno = saved;
	return r;
}

/* With the lock. */
static int take_ended(struct prealloc_queue *queue, struct prealloc_outcome *ret,
		      struct prealloc_result *result)
{
	struct queued *job = line_take(&queue->ended, 0);
	struct prealloc_outcome outcome = { 0 };
	int saved = errno;
	uint64_t count;

	if (!job)
		return queue->waiting.count + queue->running.count ? -EINPROGRESS : -ENOENT;
	/* Cannot fail: the counter is 1. */
	if (queue->ended.count == 0 && read(queue->event_fd, &count, sizeof(count)) < 0)
		count = 0;
	outcome.id = job->id;
	outcome.tag = job->file.tag;
	outcome.error = job->error;
	call_copy_out(&outcome, sizeof(outcome), ret);
	call_copy_out(&job->result, sizeof(job->result), result);
	free_job(job);
	errno = saved;
	return 0;
}

static int check_outputs(const struct prealloc_queue *queue, const struct prealloc_outcome *ret,
			 const struct prealloc_result *result)
{
	if (is_forked(queue))
		return -ECHILD;
	if (ret->size < sizeof(size_t) || (result && result->size < sizeof(size_t)))
		return -EINVAL;
	return 0;
}

int prealloc_queue_next(struct prealloc_queue *queue, struct prealloc_outcome *ret,
			struct prealloc_result *result)
{
	int r = check_outputs(queue, ret, result);

	if (r < 0)
		return r;
	pthread_mutex_lock(&queue->lock);
	r = take_ended(queue, ret, result);
	pthread_mutex_unlock(&queue->lock);
	return r;
}

static void unlock(void *lock)
{
	pthread_mutex_unlock(lock);
}

/* pthread_cond_wait() is a cancellation point, and therefore this function is one. */
int prealloc_queue_wait(struct prealloc_queue *queue, struct prealloc_outcome *ret,
			struct prealloc_result *result)
{
	int r = check_outputs(queue, ret, result);

	if (r < 0)
		return r;
	pthread_mutex_lock(&queue->lock);
	pthread_cleanup_push(unlock, &queue->lock);
	while ((r = take_ended(queue, ret, result)) == -EINPROGRESS)
		pthread_cond_wait(&queue->changed, &queue->lock);
	pthread_cleanup_pop(1);
	return r;
}

/* With the lock. */
static int cancel_running(struct prealloc_queue *queue, uint64_t id)
{
	int r = -ENOENT;

	for (struct queued *job = queue->running.first; job; job = job->next)
		if (id == 0 || job->id == id) {
			job->cancelled = 1;
			r = 0;
		}
	return r;
}

int prealloc_queue_cancel(struct prealloc_queue *queue, uint64_t id)
{
	struct queued *job;
	int r, saved = errno;

	if (is_forked(queue))
		return -ECHILD;
	pthread_mutex_lock(&queue->lock);
	r = cancel_running(queue, id);
	while ((job = line_take(&queue->waiting, id))) {
		end_job(job, -ECANCELED);
		r = 0;
	}
	pthread_mutex_unlock(&queue->lock);
	errno = saved;
	return id ? r : 0;
}

int prealloc_queue_status(struct prealloc_queue *queue, struct prealloc_queue_status *ret)
{
	struct prealloc_queue_status status = { 0 };

	if (is_forked(queue))
		return -ECHILD;
	if (ret->size < sizeof(size_t))
		return -EINVAL;
	pthread_mutex_lock(&queue->lock);
	status.waiting = queue->waiting.count;
	status.running = queue->running.count;
	status.ended = queue->ended.count;
	status.total_bytes = queue->total_bytes;
	status.done_bytes = queue->done_bytes;
	for (const struct queued *job = queue->running.first; job; job = job->next)
		status.done_bytes += job->done_bytes;
	pthread_mutex_unlock(&queue->lock);
	call_copy_out(&status, sizeof(status), ret);
	return 0;
}

struct prealloc_queue *prealloc_queue_free(struct prealloc_queue *queue)
{
	if (!queue || is_forked(queue))
		return NULL;
	pthread_mutex_lock(&queue->lock);
	cancel_running(queue, 0);
	free_line(&queue->waiting);
	queue->closing = 1;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	for (unsigned i = 0; i < queue->thread_count; i++)
		pthread_join(queue->threads[i], NULL);
	if (queue->has_caller)
		pthread_join(queue->caller, NULL);
	free_queue(queue);
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * Each step runs in a worker, a child process with a testbed session of its own, so that several
 * guests can run at a time.  A worker sends lines of JSON: the stage that it is in, its records,
 * and what prevents further steps.  Whatever a worker has started dies with it.
 *
 * Records are saved in the order of the steps, whichever ends first.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/child.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cmd/run.h"
#include "cmd/verify.h"
#include "crash/run.h"

/* A guest needs half a GiB of memory. */
enum { WORKERS_MOST = 4, TICK_MS = 200, READ_BYTES = 65536, STAGE_TEXT_MAX = 64 };

static const char message_stage[] = "stage", message_problem[] = "problem";

/* ---- in the worker ---- */

struct job {
	const struct verify *verify;
	const struct verify_step *step;
	int to;
	uint64_t start_ns; /* of the first state */
};

static void send_stage(const char *stage, void *context)
{
	const struct job *job = context;

	(void)json_write_line(job->to, json_pack("{ss ss}", "type", message_stage, "name", stage));
}

static void ignore_tick(void *context)
{
	(void)context;
}

static int send_problem(int to, const struct problem *problem, int error)
{
	return json_write_line(to, json_pack("{ss si si so}", "type", message_problem, "kind",
					     problem->kind, "error", error, "message",
					     json_of_text(problem->message)));
}

/* ---- a step ---- */

static int send_record(const struct job *job, const struct record *record)
{
	return json_write_line(job->to, record_to_json(record));
}

static int send_verdict(struct record *record, const char *state, void *context)
{
	const struct job *job = context;
	CLEANUP(freep)
	char *name = text_format("%s:%s", record->promise, job->step->promise_case->name);

	free(record->repeat);
	record->repeat = name ? verify_repeat(job->verify, job->step, name, state) : NULL;
	return record->repeat ? send_record(job, record) : -ENOMEM;
}

static void send_progress(uint64_t done, uint64_t count, void *context)
{
	struct job *job = context;
	uint64_t now_ns = io_now_ns();
	char text[STAGE_TEXT_MAX];
	double seconds;

	if (!job->start_ns)
		job->start_ns = now_ns;
	seconds = (double)(now_ns - job->start_ns) / 1e9;
	snprintf(text, sizeof(text), "state %" PRIu64 " of %" PRIu64 ", %.0f/s", done, count,
		 seconds > 0 ? (double)done / seconds : 0.0);
	send_stage(text, job);
}

static int test_states(const struct testbed_session *session, struct job *job,
		       struct problem *problem)
{
	const struct verify *verify = job->verify;
	const struct crash_settings settings = {
		.promises = job->step->promises,
		.states_max = verify->states_max,
		.state = verify->state,
		.keep = verify->keep,
		.progress = send_progress,
		.record = send_verdict,
		.context = job,
	};

	return crash_run(session, &job->step->trial, job->step->promise_case, &settings, problem);
}

/* A trial like any other, in which the agent tests a promise. */
static int test_mounted(const struct testbed_session *session, const struct job *job,
			struct problem *problem)
{
	CLEANUP(record_clear) struct record record;
	int r, sent = 0;

	record_init(&record);
	r = testbed_run(session, &job->step->trial, &record, problem);
	if (r >= 0)
		sent = send_record(job, &record);
	return sent < 0 ? sent : r > 0 ? -EIO : r;
}

static void work(const struct verify *verify, const struct verify_step *step, int to)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct testbed_session session = verify->run->session;
	struct job job = { .verify = verify, .step = step, .to = to };
	int r;

	session.cancel_fd = -1; /* the parent ends the worker */
	session.stage = send_stage;
	session.tick = ignore_tick;
	session.image = NULL;
	session.context = &job;
	r = step->promise_case->crash ? test_states(&session, &job, &problem)
				      : test_mounted(&session, &job, &problem);
	if (r < 0)
		r = send_problem(to, &problem, r);
	_exit(r < 0 ? 1 : 0);
}

/* ---- the pool ---- */

struct worker {
	struct child child;
	int fd; /* what it sends; -1: the worker is idle */
	size_t step;
	struct strbuf text; /* of a line that is not complete */
};

struct pool {
	struct verify *verify;
	struct worker worker[WORKERS_MOST];
	unsigned count;
	size_t next, due; /* the next step to start, and to save */
};

static void pool_clear(struct pool *pool)
{
	for (unsigned i = 0; i < WORKERS_MOST; i++) {
		child_kill(&pool->worker[i].child);
		pool->worker[i].child = CHILD_NONE;
		pool->worker[i].fd = fd_close(pool->worker[i].fd);
		strbuf_clear(&pool->worker[i].text);
	}
}

unsigned verify_workers(const struct verify *verify)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	/* Steps in a directory share one file system, which each of them fills. */
	if (verify->run->session.testbed->in_directory || processors < 1)
		return 1;
	return processors < WORKERS_MOST ? (unsigned)processors : WORKERS_MOST;
}

static int start_worker(struct pool *pool, struct worker *worker)
{
	const struct verify_step *step = &pool->verify->steps[pool->next];
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r = child_fork(&worker->child, 0);
	if (r == 0) {
		close(ends[0]);
		work(pool->verify, step, ends[1]);
	}
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		return r;
	}
	worker->fd = ends[0];
	worker->step = pool->next++;
	return 0;
}

static int start_workers(struct pool *pool, struct problem *problem)
{
	for (unsigned i = 0; i < pool->count && pool->next < pool->verify->count; i++) {
		int r = pool->worker[i].fd < 0 ? start_worker(pool, &pool->worker[i]) : 0;

		if (r < 0)
			return problem_set(problem, PROBLEM_VERDICT, -r,
					   "cannot start a worker: %s", strerror(-r));
	}
	return 0;
}

/* ---- what workers send ---- */

static int take_record(struct verify_step *step, const json_t *message)
{
	struct record record;
	int r;

	record_init(&record);
	r = record_from_json(message, &record, NULL);
	if (r == 0)
		r = ARRAY_ADD(step->records, step->record_count, record);
	if (r < 0)
		record_clear(&record);
	return r;
}

static int take_problem(struct verify_step *step, const json_t *message)
{
	const char *text = NULL;
	int kind, error;

	if (json_unpack((json_t *)message, "{si si s?s}", "kind", &kind, "error", &error, "message",
			&text) < 0 &&
	    json_unpack((json_t *)message, "{si si}", "kind", &kind, "error", &error) < 0)
		return -EPROTO;
	step->error = error;
	if (text)
		problem_set(&step->problem, (enum problem_kind)kind, -error, "%s", text);
	return 0;
}

static int take_line(struct pool *pool, const struct worker *worker, const char *line)
{
	struct verify_step *step = &pool->verify->steps[worker->step];
	CLEANUP(json_decrefp) json_t *message = json_loads(line, 0, NULL);
	const char *type = json_string_value(json_object_get(message, "type"));

	if (!type)
		return -EPROTO;
	if (strcmp(type, message_problem) == 0)
		return take_problem(step, message);
	if (strcmp(type, message_stage) != 0)
		return take_record(step, message);
	if (worker->step == pool->due)
		progress_stage(json_string_value(json_object_get(message, "name")),
			       &pool->verify->run->progress);
	return 0;
}

static int take_lines(struct pool *pool, struct worker *worker)
{
	const char *text = worker->text.text, *end;
	size_t used = 0;
	int r = 0;

	while (r == 0 && (end = memchr(text + used, '\n', worker->text.bytes - used))) {
		CLEANUP(freep) char *line = strndup(text + used, (size_t)(end - text) - used);

		r = line ? take_line(pool, worker, line) : -ENOMEM;
		used = (size_t)(end - text) + 1;
	}
	memmove(worker->text.text, text + used, worker->text.bytes - used);
	strbuf_cut(&worker->text, worker->text.bytes - used);
	return r;
}

/* The worker has sent everything. */
static int end_worker(struct pool *pool, struct worker *worker, struct problem *problem)
{
	struct verify_step *step = &pool->verify->steps[worker->step];
	int status = 0, r = child_wait(&worker->child, -1, 0, &status);

	worker->fd = fd_close(worker->fd);
	child_kill(&worker->child);
	worker->child = CHILD_NONE;
	strbuf_clear(&worker->text);
	step->ended = true;
	if (r < 0 || (step->record_count == 0 && step->error == 0))
		return problem_set(problem, PROBLEM_VERDICT, EIO,
				   "the process for %s ended without a result (%s %d)", step->title,
				   WIFSIGNALED(status) ? "signal" : "status",
				   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

static int read_worker(struct pool *pool, struct worker *worker, struct problem *problem)
{
	char *place = strbuf_reserve(&worker->text, READ_BYTES);
	ssize_t bytes = place ? read(worker->fd, place, READ_BYTES) : 0;
	int r;

	if (!place)
		return -ENOMEM;
	if (bytes < 0)
		return errno == EINTR ? 0 : -errno;
	if (bytes == 0)
		return end_worker(pool, worker, problem);
	worker->text.bytes += (size_t)bytes;
	r = take_lines(pool, worker);
	if (r == -EPROTO || r == -EINVAL)
		return problem_set(problem, PROBLEM_VERDICT, -r,
				   "the process for %s sent an invalid result",
				   pool->verify->steps[worker->step].title);
	return r;
}

/* 0, -ECANCELED, or -errno with a sentence. */
static int wait_for_workers(struct pool *pool, struct problem *problem)
{
	struct pollfd polled[WORKERS_MOST + 1];
	int r = 0;

	for (unsigned i = 0; i < WORKERS_MOST; i++)
		polled[i] = (struct pollfd) { pool->worker[i].fd, POLLIN, 0 };
	polled[WORKERS_MOST] = (struct pollfd) { pool->verify->run->session.cancel_fd, POLLIN, 0 };
	if (poll(polled, WORKERS_MOST + 1, TICK_MS) < 0)
		return errno == EINTR ? 0 : -errno;
	if (polled[WORKERS_MOST].revents)
		return -ECANCELED;
	for (unsigned i = 0; r == 0 && i < WORKERS_MOST; i++)
		if (polled[i].revents)
			r = read_worker(pool, &pool->worker[i], problem);
	return r;
}

/* ---- saving ---- */

static const char *outcome_of(const struct record *record)
{
	return record->verdict ? record->verdict : record->reason ? record->reason : record->status;
}

static int save_step(struct verify *verify, struct verify_step *step, struct problem *problem)
{
	CLEANUP(strbuf_clear) struct strbuf outcome = { 0 };
	int r = 0;

	verify_empty_directory(verify);
	for (size_t i = 0; r == 0 && i < step->record_count; i++) {
		struct record *record = &step->records[i];

		strbuf_join(&outcome, ", ", outcome_of(record));
		r = record->repeat ? 0 : field_set_text(&record->repeat, step->repeat);
		if (r == 0)
			r = run_save(verify->run, record, problem);
	}
	if (r == 0 && step->record_count)
		progress_done(&verify->run->progress, outcome.bytes ? outcome.text : "");
	if (r == 0 && step->error < 0) {
		problem_clear(problem);
		*problem = step->problem;
		step->problem = (struct problem) { 0 };
		return step->error;
	}
	return r;
}

static void present_step(const struct pool *pool)
{
	if (pool->due < pool->next)
		progress_trial(&pool->verify->run->progress, pool->verify->steps[pool->due].title);
}

static int save_ended(struct pool *pool, struct problem *problem)
{
	struct verify *verify = pool->verify;
	int r = 0;

	while (r == 0 && pool->due < pool->next && verify->steps[pool->due].ended) {
		r = save_step(verify, &verify->steps[pool->due++], problem);
		present_step(pool);
	}
	return r;
}

/* Interrupted, or a worker failed: those that have ended after one that has not. */
static int save_others(struct pool *pool, struct problem *problem)
{
	struct verify *verify = pool->verify;
	int r = 0;

	for (; r == 0 && pool->due < pool->next; pool->due++) {
		if (!verify->steps[pool->due].ended)
			continue;
		progress_trial(&verify->run->progress, verify->steps[pool->due].title);
		r = save_step(verify, &verify->steps[pool->due], problem);
	}
	return r;
}

static int run_pool(struct pool *pool, struct problem *problem)
{
	int r = 0;

	while (r == 0 && pool->due < pool->verify->count) {
		r = start_workers(pool, problem);
		if (!pool->verify->run->progress.title)
			present_step(pool);
		if (r == 0)
			r = wait_for_workers(pool, problem);
		progress_tick(&pool->verify->run->progress);
		if (r == 0)
			r = save_ended(pool, problem);
	}
	return r;
}

int verify_run(struct verify *verify, struct problem *problem)
{
	CLEANUP(pool_clear)
	struct pool pool = { .verify = verify, .count = verify_workers(verify) };
	CLEANUP(problem_clear) struct problem ignored = { 0 }; /* the first one is told */
	int r, saved;

	for (unsigned i = 0; i < WORKERS_MOST; i++)
		pool.worker[i] = (struct worker) { .child = CHILD_NONE, .fd = -1 };
	progress_start(&verify->run->progress, verify->count, verify->run->options->quiet);
	r = run_pool(&pool, problem);
	saved = r < 0 ? save_others(&pool, r == -ECANCELED ? problem : &ignored) : 0;
	progress_end(&verify->run->progress);
	pool_clear(&pool);
	verify_empty_directory(verify);
	return r == -ECANCELED && saved < 0 ? saved : r;
}

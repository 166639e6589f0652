/* SPDX-License-Identifier: MIT */
/*
 * The image is only read.  The guest's writes, such as the replay of a log, go to a layer that no
 * other program sees.
 */
#include "testbed/testbed.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "testbed/connection.h"

enum { SILENT_SECONDS = 120 /* a guest that prints nothing for this long has hung */ };

static const struct testbed *const guests[] = { &testbed_uml, &testbed_qemu };

/* ---- which guest ---- */

/* The alternatives of `run` do not apply here. */
static const char *without_advice(struct problem *problem)
{
	char *advice = problem->message ? strstr(problem->message, ", or use --on") : NULL;

	if (advice)
		*advice = '\0';
	return problem->message ? problem->message : "out of memory";
}

static int find_guest(const struct testbed_scan *scan, const struct testbed **ret,
		      struct problem *problem)
{
	const struct testbed_options options = { 0 };
	struct problem lacks[ARRAY_SIZE(guests)] = { 0 };
	int r = -ENODEV;

	for (size_t i = 0; r < 0 && i < ARRAY_SIZE(guests); i++) {
		r = guests[i]->probe(&options, &lacks[i]);
		if (r == 0)
			r = guests[i]->supports(&options, scan->type, &lacks[i]);
		if (r == 0)
			*ret = guests[i];
	}
	if (r < 0)
		r = problem_set(problem, PROBLEM_LACK, -r,
				"%s holds %s, which is read in a guest, and none can be started: "
				"%s; and %s",
				scan->path, scan->type, without_advice(&lacks[0]),
				without_advice(&lacks[1]));
	for (size_t i = 0; i < ARRAY_SIZE(guests); i++)
		problem_clear(&lacks[i]);
	return r;
}

/* ---- the conversation ---- */

struct exchange {
	const struct testbed_scan *scan;
	const struct trial_request *request;
	struct connection connection;
	bool asked;
};

static int send_request(struct exchange *with)
{
	const struct testbed_scan *scan = with->scan;
	const struct trial_request *request = with->request;
	json_t *json = json_pack("{ss ss ss sI sI sO}", "device", request->device, "type",
				 scan->type, "modules", request->modules ? request->modules : "",
				 "start_bytes", (json_int_t)scan->start_bytes, "bytes",
				 (json_int_t)scan->bytes, "scan", scan->settings);

	with->asked = true;
	return json_write_line(with->connection.process->to_fd, json);
}

static int hear_line(const char *line, void *context)
{
	struct exchange *with = context;

	with->connection.deadline_ns = connection_seconds_from_now(SILENT_SECONDS);
	if (with->asked)
		return with->scan->line(line, with->scan->context);
	return strcmp(line, "{\"event\":\"ready\"}") == 0 ? send_request(with) : -EPROTO;
}

static void tick(void *context)
{
	const struct exchange *with = context;

	with->scan->tick(with->scan->context);
}

/* The reason for the missing result. */
static int explain(struct exchange *with, int error, struct problem *problem)
{
	CLEANUP(freep) char *panic = connection_panic(&with->connection);
	const char *path = with->scan->path, *type = with->scan->type;

	if (error == -ECANCELED || error == -ENOMEM)
		return error;
	if (panic)
		return problem_set(
			problem, PROBLEM_VERDICT, EIO,
			"%s: the guest's kernel crashed on it (%s); its %s is damaged, or "
			"that kernel has a fault",
			path, panic, type);
	if (error == -ETIME && !with->asked)
		return problem_set(problem, PROBLEM_LACK, EIO,
				   "%s: the guest that is to read it did not start in time", path);
	if (error == -ETIME)
		return problem_set(
			problem, PROBLEM_VERDICT, EIO,
			"%s: the guest's kernel hung on it, without a word for %d s; its "
			"%s is damaged, or that kernel has a fault",
			path, SILENT_SECONDS, type);
	if (error == -EPIPE)
		return problem_set(problem, PROBLEM_VERDICT, EIO,
				   "%s: the guest ended before it had read all of it", path);
	return problem_set(problem, PROBLEM_VERDICT, -error,
			   "%s: what the guest sends makes no sense; its %s is damaged", path,
			   type);
}

static int run_scan(const struct testbed_scan *scan, const struct testbed *testbed,
		    const struct trial_request *request, struct testbed_process *process,
		    struct problem *problem)
{
	struct exchange with = {
		.scan = scan,
		.request = request,
		.connection = { .process = process,
				.cancel_fd = scan->cancel_fd,
				.deadline_ns = connection_seconds_from_now(testbed->start_seconds),
				.line = hear_line,
				.tick = tick,
				.context = &with },
	};
	int r = connection_read_lines(&with.connection);

	if (r < 0)
		r = explain(&with, r, problem);
	connection_clear(&with.connection);
	return r < 0 ? r : 0;
}

int testbed_scan(const struct testbed_scan *scan, char **ret_kernel, struct problem *problem)
{
	CLEANUP(testbed_process_clear) struct testbed_process process = TESTBED_PROCESS_NONE;
	CLEANUP(trial_request_clear) struct trial_request request;
	CLEANUP(plan_kernel_clear) struct plan_kernel kernel = { 0 };
	const struct testbed_options options = { 0 };
	const struct volume volume = { .fd = scan->fd, .is_foreign = 1, .log_fd = -1 };
	const struct testbed *testbed = NULL;
	int r = find_guest(scan, &testbed, problem);

	trial_request_init(&request);
	if (r == 0)
		r = field_set_text(&request.type, scan->type);
	if (r == 0)
		r = testbed->guest_kernel(&options, &kernel);
	if (r < 0)
		return r;
	*ret_kernel = TAKE_PTR(kernel.label);
	r = testbed->start(&options, &volume, &request, &process, problem);
	return r < 0 ? r : run_scan(scan, testbed, &request, &process, problem);
}

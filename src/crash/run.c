/* SPDX-License-Identifier: MIT */
#include "crash/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "crash/log.h"
#include "crash/replay.h"
#include "crash/states.h"
#include "promise/crash.h"
#include "testbed/examiner.h"
#include "testbed/recording.h"
#include "testbed/write_log.h"

enum { ANSWER_SECONDS = 60, RECORDINGS_MOST = 5, TICK_NS = 200 * 1000 * 1000 };

static const char kept_log[] = "log", kept_before[] = "before.img", kept_state[] = "state.img";

/* What was found about one promise. */
struct outcome {
	uint64_t broken;	  /* states */
	struct crash_state state; /* the shortest counterexample */
	char *reason;		  /* owned */
};

struct crash {
	const struct testbed_session *session;
	const struct plan_trial *trial;
	const struct promise_case *promise_case;
	const struct crash_settings *settings;
	struct testbed_recording recording;
	struct crash_log log;
	struct write_log_place place; /* of its end */
	struct crash_states states;
	struct replay replay;
	struct testbed_options options; /* with the kernel of the trial */
	struct testbed_examiner_setup setup;
	struct testbed_examiner *examiner;
	struct crash_log examined; /* what the examining guest has written */
	struct write_log_place examined_place;
	bool has_finding;
	struct promise_finding finding; /* of the last image examined */
	uint64_t fingerprint;		/* of that image */
	struct outcome outcome[PROMISE_COUNT];
	uint64_t next_tick_ns;
};

static void crash_clear(struct crash *crash)
{
	testbed_examiner_clear(&crash->examiner);
	replay_clear(&crash->replay);
	crash_states_clear(&crash->states);
	crash_log_clear(&crash->log);
	crash_log_clear(&crash->examined);
	promise_finding_clear(&crash->finding);
	testbed_recording_clear(&crash->recording);
	for (size_t i = 0; i < PROMISE_COUNT; i++)
		free(crash->outcome[i].reason);
}

/* ---- recording ---- */

/* Everything that is complete. */
static int read_log(struct crash_log *log, struct write_log_place *place, struct problem *problem)
{
	int r = write_log_find_end(log->fd, place);

	if (r < 0)
		return recording_explain_log(r, problem);
	return crash_log_read(log, place->bytes, problem);
}

static int note_mark(const char *mark, void *context)
{
	struct crash *crash = context;
	int r;

	crash->log.fd = crash->recording.log_fd;
	r = read_log(&crash->log, &crash->place, NULL);

	return r < 0 ? r : crash_log_mark(&crash->log, mark);
}

/* The session of the recorded trial: the caller's, which gets its events, with marks. */
static void pass_stage(const char *stage, void *context)
{
	const struct crash *crash = context;

	crash->session->stage(stage, crash->session->context);
}

static void pass_tick(void *context)
{
	const struct crash *crash = context;

	crash->session->tick(crash->session->context);
}

static int record_trial(struct crash *crash, struct record *record, struct problem *problem)
{
	struct testbed_session session = *crash->session;
	int r = testbed_records(session.testbed, problem);

	session.stage = pass_stage;
	session.tick = pass_tick;
	session.mark = note_mark;
	session.before_trial = NULL;
	session.image = NULL;
	session.context = crash;
	if (r == 0)
		r = testbed_record(&session, crash->trial, &crash->recording, record, problem);
	if (r < 0 || record->verdict || strcmp(record->status, STATUS_OK) != 0)
		return r;
	crash->log.fd = crash->recording.log_fd;
	return read_log(&crash->log, &crash->place, problem);
}

/* ---- which states ---- */

/*
 * File systems rely on it that their superblock is written as a whole, which a disk with sectors of
 * 4096 bytes does.
 */
static void bound_tears(const char *type, struct crash_bounds *bounds)
{
	static const struct {
		const char *type;
		uint64_t from, to;
	} superblocks[] = {
		{ "ext", 1024, 2048 },
		{ "btrfs", 65536, 69632 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(superblocks); i++) {
		if (strncmp(type, superblocks[i].type, strlen(superblocks[i].type)) != 0)
			continue;
		bounds->whole_from = superblocks[i].from;
		bounds->whole_to = superblocks[i].to;
	}
}

static int choose_states(struct crash *crash, struct problem *problem)
{
	struct crash_bounds bounds = {
		.seed = crash->trial->seed,
		.states_max = crash->settings->states_max,
		.tears = CRASH_TEARS,
	};
	struct crash_states *states = &crash->states;

	bound_tears(crash->trial->filesystem->type, &bounds);

	if (!crash->settings->state)
		return crash_states_enumerate(&crash->log, &bounds, states);
	states->states = calloc(1, sizeof(*states->states));
	if (!states->states)
		return -ENOMEM;
	states->count = states->possible = 1;
	return crash_state_parse(crash->settings->state, &crash->log, states->states, problem);
}

/* ---- judging ---- */

static const struct promise_mark *mark_of(const struct crash *crash,
					  const struct crash_state *state)
{
	const struct promise_mark *marks = promise_marks(crash->promise_case);
	size_t passed = crash_state_marks(state, &crash->log);

	return marks && passed ? &marks[passed - 1] : NULL;
}

static int judge(struct crash *crash, const struct crash_state *state,
		 const struct promise_finding *finding)
{
	const struct plan_trial *trial = crash->trial;
	const struct promise_expectation expectation = {
		.mark = mark_of(crash, state),
		.file_bytes = trial->file_bytes,
		.method_length = method_length(&trial->method, trial->file_bytes),
		.is_sparse = trial->method.method->sparse,
	};

	for (enum promise promise = 0; promise < PROMISE_COUNT; promise++) {
		struct outcome *outcome = &crash->outcome[promise];
		CLEANUP(freep) char *reason = NULL;
		int r;

		if (!(crash->settings->promises & 1u << promise))
			continue;
		r = promise_judge(promise, &expectation, finding, &reason);
		if (r < 0)
			return r;
		if (r == 1 ||
		    (outcome->broken++ && crash_state_compare(state, &outcome->state) >= 0))
			continue;
		free(outcome->reason);
		outcome->reason = TAKE_PTR(reason);
		outcome->state = *state;
	}
	return 0;
}

/* ---- examining ---- */

static int start_examiner(struct crash *crash, struct problem *problem)
{
	int r = testbed_examiner_start(&crash->setup, &crash->examiner, problem);

	if (r < 0)
		return r;
	crash_log_clear(&crash->examined);
	crash->examined_place = (struct write_log_place) { 0 };
	crash_log_init(&crash->examined, testbed_examiner_log(crash->examiner),
		       crash->trial->volume_bytes, true);
	return 0;
}

static void set_up_examiner(struct crash *crash)
{
	const struct plan_trial *trial = crash->trial;

	crash->options = crash->session->options;
	if (trial->kernel)
		crash->options.argument = trial->kernel->name;
	crash->setup = (struct testbed_examiner_setup) {
		.testbed = crash->session->testbed,
		.options = &crash->options,
		.type = trial->filesystem->type,
		.mount_options = trial->filesystem->mount_options,
		.directory = testbed_directory(crash->session),
		.image_fd = crash->recording.image_fd,
		.cancel_fd = crash->session->cancel_fd,
		.tick = pass_tick,
		.context = crash,
	};
}

/* What the guest reports of the state in the image. */
static int ask_for_finding(struct crash *crash, struct promise_finding *ret)
{
	const struct plan_trial *trial = crash->trial;
	json_t *look = json_pack("{sI sI}", "seed", (json_int_t)trial->seed, "file_bytes",
				 (json_int_t)trial->file_bytes);
	CLEANUP(json_decrefp) json_t *answer = NULL;
	int r;

	if (!look)
		return -ENOMEM;
	r = testbed_examiner_ask(crash->examiner, look, ANSWER_SECONDS, &answer, &ret->reason);
	return r < 0 ? r : promise_finding_from_json(answer, trial->file_bytes, ret);
}

/* A state that stops the guest is one that cannot be used: the next guest continues. */
static int replace_examiner(struct crash *crash, struct promise_finding *finding, int error,
			    struct problem *problem)
{
	testbed_examiner_clear(&crash->examiner);
	finding->mount_error = -error;
	return start_examiner(crash, problem);
}

static int restore(struct crash *crash, struct problem *problem)
{
	uint64_t start = crash->examined.end;
	int r = read_log(&crash->examined, &crash->examined_place, problem);

	if (r == 0)
		r = replay_restore(&crash->replay, &crash->examined, problem);
	write_log_forget(crash->examined.fd, start, crash->examined.end);
	return r;
}

static int examine_image(struct crash *crash, struct problem *problem)
{
	CLEANUP(promise_finding_clear) struct promise_finding finding = { 0 };
	int r = ask_for_finding(crash, &finding);

	if (r == -ECANCELED || r == -ENOMEM)
		return r;
	if (restore(crash, problem) < 0)
		return -EIO;
	if (r < 0)
		r = replace_examiner(crash, &finding, r, problem);
	if (r < 0)
		return r;
	promise_finding_clear(&crash->finding);
	crash->finding = finding;
	finding = (struct promise_finding) { 0 };
	crash->fingerprint = crash->replay.fingerprint;
	crash->has_finding = true;
	return 0;
}

/* An image that is equal to the last one is not examined again, but other marks may be passed. */
static int examine(struct crash *crash, const struct crash_state *state, struct problem *problem)
{
	int r = replay_to(&crash->replay, state);

	if (r == 0 && !(crash->has_finding && crash->fingerprint == crash->replay.fingerprint))
		r = examine_image(crash, problem);
	return r < 0 ? r : judge(crash, state, &crash->finding);
}

static void report_progress(struct crash *crash, size_t done)
{
	uint64_t now = io_now_ns();

	if (now < crash->next_tick_ns)
		return;
	crash->next_tick_ns = now + TICK_NS;
	crash->settings->progress(done, crash->states.count, crash->settings->context);
}

static int examine_all(struct crash *crash, struct problem *problem)
{
	int r = choose_states(crash, problem);

	if (r == 0)
		r = replay_init(
			&crash->replay, &crash->log, crash->recording.before_fd,
			crash->recording.image_fd,
			&(const struct crash_state) { .writes = (uint32_t)crash->log.write_count });
	set_up_examiner(crash);
	if (r == 0)
		r = start_examiner(crash, problem);
	for (size_t i = 0; r == 0 && i < crash->states.count; i++) {
		report_progress(crash, i);
		r = examine(crash, &crash->states.states[i], problem);
	}
	return r;
}

/* ---- what is kept ---- */

/* "FILESYSTEM-METHOD-CASE.SUFFIX", with the kernel if it was chosen.  NULL: out of memory. */
static char *kept_path(const struct crash *crash, const char *suffix)
{
	const struct plan_trial *trial = crash->trial;

	return text_format("%s/%s%s%s-%s-%s.%s", crash->settings->keep, trial->filesystem->name,
			   trial->kernel ? "-" : "", trial->kernel ? trial->kernel->label : "",
			   trial->method.name, crash->promise_case->name, suffix);
}

static int refuse_kept(const char *path, int error, struct problem *problem)
{
	return problem_set(problem, PROBLEM_USAGE, error,
			   "cannot create %s: %s; choose another directory with --keep", path,
			   strerror(error));
}

/* A file of an earlier run is noticed before the case runs. */
static int check_kept(const struct crash *crash, struct problem *problem)
{
	static const char *const suffixes[] = { kept_log, kept_before, kept_state };

	for (size_t i = 0; crash->settings->keep && i < ARRAY_SIZE(suffixes); i++) {
		CLEANUP(freep) char *path = kept_path(crash, suffixes[i]);

		if (!path)
			return -ENOMEM;
		if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return refuse_kept(path, EEXIST, problem);
	}
	return 0;
}

/* A new file with this state of the volume; NULL: with the log.  What is incomplete is removed. */
static int keep_file(struct crash *crash, const char *suffix, const struct crash_state *state,
		     struct problem *problem)
{
	CLEANUP(freep) char *path = kept_path(crash, suffix);
	CLEANUP(fd_closep)
	int fd = path ? open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666) : -1;
	int r;

	if (!path)
		return -ENOMEM;
	if (fd < 0)
		return refuse_kept(path, errno, problem);
	r = state ? replay_write(&crash->replay, state, fd) : crash_log_save(&crash->log, fd);
	if (r == 0)
		return 0;
	unlink(path);
	return refuse_kept(path, -r, problem);
}

/* The log, the volume before it, and the state that is shown, or the only one. */
static int keep_files(struct crash *crash, struct problem *problem)
{
	const struct crash_state *shown = crash->settings->state ? crash->states.states : NULL;
	int r = keep_file(crash, kept_log, NULL, problem);

	for (enum promise promise = 0; !shown && promise < PROMISE_COUNT; promise++)
		if (crash->outcome[promise].broken)
			shown = &crash->outcome[promise].state;
	if (r == 0)
		r = keep_file(crash, kept_before, &(const struct crash_state) { 0 }, problem);
	if (r == 0 && shown)
		r = keep_file(crash, kept_state, shown, problem);
	return r;
}

/* ---- records ---- */

static int conclude(const struct crash *crash, enum promise promise, struct record *record,
		    char state[static CRASH_STATE_TEXT_MAX])
{
	const struct outcome *outcome = &crash->outcome[promise];
	bool is_made = promise_is_made(promise, crash->trial->method.method);
	CLEANUP(freep) char *where = NULL;

	record->states = (int64_t)crash->states.count;
	record->states_possible = (int64_t)crash->states.possible;
	record->states_broken = (int64_t)outcome->broken;
	field_set_text(&record->counterexample, NULL);
	if (!outcome->broken)
		return field_set_text(&record->verdict, VERDICT_KEPT);
	where = crash_state_describe(&outcome->state, &crash->log);
	record->counterexample =
		where ? text_format("state %s: %s: %s", crash_state_print(&outcome->state, state),
				    where, outcome->reason)
		      : NULL;
	if (!record->counterexample)
		return -ENOMEM;
	return field_set_text(&record->verdict, is_made ? VERDICT_BROKEN : VERDICT_NOT_PROMISED);
}

static int send_record(const struct crash *crash, enum promise promise, struct record *record)
{
	char state[CRASH_STATE_TEXT_MAX] = "";
	int r = field_set_text(&record->promise, promise_table[promise].name);

	if (r == 0 && crash->states.count)
		r = conclude(crash, promise, record, state);
	return r < 0 ? r
		     : crash->settings->record(record, state[0] ? state : NULL,
					       crash->settings->context);
}

static int send_records(const struct crash *crash, struct record *record)
{
	int r = 0;

	for (enum promise promise = 0; r == 0 && promise < PROMISE_COUNT; promise++)
		if (crash->settings->promises & 1u << promise)
			r = send_record(crash, promise, record);
	return r;
}

static bool is_broken(const struct crash *crash)
{
	for (size_t i = 0; i < PROMISE_COUNT; i++)
		if (crash->outcome[i].broken)
			return true;
	return false;
}

/* One recording.  1: its records have been sent; 0: it does not show what it should; or -errno. */
static int run_once(struct crash *crash, bool is_last, struct problem *problem)
{
	const struct crash_settings *settings = crash->settings;
	CLEANUP(record_clear) struct record record;
	int r;

	record_init(&record);
	crash_log_init(&crash->log, -1, crash->trial->volume_bytes,
		       crash->session->testbed->drops_flushes);
	r = check_kept(crash, problem);
	if (r == 0)
		r = record_trial(crash, &record, problem);
	if (r == 0 && crash->log.write_count)
		r = examine_all(crash, problem);
	if (r == 0 && settings->state && crash->states.count && !is_broken(crash) && !is_last)
		return 0;
	if (r == 0 && settings->keep && crash->replay.log)
		r = keep_files(crash, problem);
	if (r == 0)
		r = send_records(crash, &record);
	return r < 0 ? r : 1;
}

/* A single state is that of a counterexample, but kernels do not always write in the same order. */
int crash_run(const struct testbed_session *session, const struct plan_trial *trial,
	      const struct promise_case *promise_case, const struct crash_settings *settings,
	      struct problem *problem)
{
	int r = 0;

	for (int i = 1; r == 0 && i <= RECORDINGS_MOST; i++) {
		CLEANUP(crash_clear)
		struct crash crash = {
			.session = session,
			.trial = trial,
			.promise_case = promise_case,
			.settings = settings,
			.recording = TESTBED_RECORDING_NONE,
		};

		r = run_once(&crash, i == RECORDINGS_MOST, problem);
	}
	return r < 0 ? r : 0;
}

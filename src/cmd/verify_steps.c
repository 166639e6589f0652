/* SPDX-License-Identifier: MIT */
/*
 * Every case of the chosen promises that applies, for each file system, kernel and method of the
 * plan.  Volumes are small: most cases fill theirs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "base/text.h"
#include "cmd/run.h"
#include "cmd/verify.h"
#include "promise/crash.h"
#include "testbed/recording.h"

#define VOLUME_LEAST ((uint64_t)64 << 20)
#define CRASH_FILE_BYTES ((uint64_t)1 << 20)
enum { VOLUME_FACTOR = 4 }; /* a volume to its file */

/* ---- which cases ---- */

static int refuse_promise(const char *word, struct problem *problem)
{
	CLEANUP(strbuf_clear) struct strbuf names = { 0 };
	const char *nearest = NULL;

	for (size_t i = 0; i < PROMISE_COUNT; i++) {
		strbuf_join(&names, ", ", promise_table[i].name);
		suggest_consider(word, promise_table[i].name, &nearest);
	}
	if (names.failed)
		return -ENOMEM;
	if (nearest)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "unknown promise \"%s\"; did you mean \"%s\"?", word, nearest);
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "unknown promise \"%s\": use %s, or a case of one, such as %s:%s", word,
			   names.text, promise_table[0].name, promise_cases[0]->name);
}

static int check_case(const char *word, struct problem *problem)
{
	size_t bytes = strcspn(word, ":");
	CLEANUP(freep) char *name = strndup(word, bytes);
	CLEANUP(problem_clear) struct problem ignored = { 0 };
	CLEANUP(strbuf_clear) struct strbuf cases = { 0 };
	enum promise promise;

	if (!name)
		return -ENOMEM;
	promise = promise_find(name);
	if (promise == PROMISE_COUNT)
		return refuse_promise(name, problem);
	if (!word[bytes] || promise_case_find(word, &promise, &ignored))
		return 0;
	for (size_t i = 0; promise_cases[i]; i++)
		if (promise_cases[i]->promises & 1u << promise)
			strbuf_join(&cases, ", ", promise_cases[i]->name);
	if (cases.failed)
		return -ENOMEM;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "unknown case \"%s\" of the promise %s; its cases are: %s",
			   word + bytes + 1, name, cases.bytes ? cases.text : "none");
}

int verify_check_promises(const struct verify *verify, struct problem *problem)
{
	int r = 0;

	if (verify->promises && !*verify->promises)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "no promise is given");
	for (char **word = verify->promises; r == 0 && word && *word; word++)
		r = check_case(*word, problem);
	return r;
}

/* Whether this case of this promise is wanted. */
static bool is_chosen(const struct verify *verify, const struct promise_case *promise_case,
		      enum promise promise)
{
	const char *name = promise_table[promise].name;
	size_t bytes = strlen(name);

	if (!(promise_case->promises & 1u << promise))
		return false;
	if (!verify->promises)
		return true;
	for (char **word = verify->promises; *word; word++)
		if (strncmp(*word, name, bytes) == 0 &&
		    ((*word)[bytes] == '\0' ||
		     ((*word)[bytes] == ':' && strcmp(*word + bytes + 1, promise_case->name) == 0)))
			return true;
	return false;
}

/* ---- steps ---- */

void verify_step_clear(struct verify_step *step)
{
	free(step->promise_name);
	filesystem_clear(&step->filesystem);
	free(step->title);
	free(step->repeat);
	for (size_t i = 0; i < step->record_count; i++)
		record_clear(&step->records[i]);
	free(step->records);
	problem_clear(&step->problem);
	*step = (struct verify_step) { 0 };
}

static int add_filesystem(struct verify_step *step, const struct filesystem *filesystem)
{
	const struct promise_options *options =
		promise_case_options(step->promise_case, filesystem->type);
	int r = filesystem_copy(filesystem, options ? options->mount : NULL,
				options ? options->mkfs : NULL, &step->filesystem);

	if (r == 0)
		step->trial.filesystem = &step->filesystem;
	return r;
}

static uint64_t volume_bytes(const struct verify_step *step)
{
	uint64_t least = step->filesystem.min_volume,
		 wanted = VOLUME_FACTOR * step->trial.file_bytes;

	if (least < VOLUME_LEAST)
		least = VOLUME_LEAST;
	return wanted < least ? least : wanted;
}

static char *title_of(const struct verify *verify, const struct verify_step *step)
{
	const struct plan_trial *trial = &step->trial;
	bool several = verify->run->trials.kernel_count > 1;

	return text_format("%s%s%s %s %s",
			   trial->filesystem ? trial->filesystem->name : verify->run->plan.on,
			   several ? " " : "", several ? trial->kernel->label : "",
			   trial->method.title, step->promise_name);
}

static void add_option(struct strbuf *to, const char *option, const char *value)
{
	CLEANUP(freep) char *word = value ? quote_name(value) : NULL;

	if (word)
		strbuf_printf(to, " --%s %s", option, word);
}

char *verify_repeat(const struct verify *verify, const struct verify_step *step,
		    const char *promise_name, const char *state)
{
	const struct plan_trial *trial = &step->trial;
	const struct plan *plan = &verify->run->plan;
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	char size[SIZE_TEXT_MAX];

	strbuf_puts(&text, "alloc-perf verify");
	add_option(&text, "on", plan->on);
	add_option(&text, "kernel", trial->kernel ? trial->kernel->name : NULL);
	add_option(&text, "modules", plan->modules);
	add_option(&text, "fs", trial->filesystem ? trial->filesystem->name : NULL);
	add_option(&text, "methods", trial->method.title);
	add_option(&text, "promise", promise_name);
	if (verify->size_bytes)
		add_option(&text, "size", size_name(trial->file_bytes, size));
	strbuf_printf(&text, " --seed %" PRIu64, trial->seed);
	add_option(&text, "state", state);
	return strbuf_take(&text);
}

/* Of the file: each of its parts has whole blocks, and each state is read as a whole. */
static uint64_t crash_bytes(uint64_t wanted)
{
	const uint64_t unit = PROMISE_PARTS * PROMISE_BLOCK_BYTES;
	uint64_t bytes = !wanted		      ? CRASH_FILE_BYTES
			 : wanted < PROMISE_FILE_MOST ? wanted
						      : PROMISE_FILE_MOST;

	return bytes / unit * unit;
}

static int fill_step(const struct verify *verify, const struct plan_trial *trial,
		     enum promise promise, const struct promise_case *promise_case,
		     struct verify_step *step)
{
	int r = 0;

	step->promise_case = promise_case;
	step->promise_name = text_format("%s:%s", promise_table[promise].name, promise_case->name);
	step->trial = *trial;
	step->trial.promise_name = step->promise_name;
	step->trial.seed = verify->seed;
	if (promise_case->crash)
		step->trial.file_bytes = crash_bytes(verify->size_bytes);
	if (trial->filesystem) {
		r = add_filesystem(step, trial->filesystem);
		step->trial.volume_bytes = volume_bytes(step);
	}
	if (r < 0)
		return r;
	step->title = title_of(verify, step);
	step->repeat = verify_repeat(verify, step, step->promise_name, NULL);
	return step->promise_name && step->title && step->repeat ? 0 : -ENOMEM;
}

/* Of this case: a crash case tests all its promises at once, others one. */
static unsigned chosen_promises(const struct verify *verify,
				const struct promise_case *promise_case, enum promise promise)
{
	unsigned promises = 0;

	if (!promise_case->crash)
		return 1u << promise;
	for (enum promise other = 0; other < PROMISE_COUNT; other++)
		if (is_chosen(verify, promise_case, other))
			promises |= 1u << other;
	return promises;
}

static int add_steps(struct verify *verify, const struct plan_trial *trial, enum promise promise)
{
	const char *type = trial->filesystem ? trial->filesystem->type : NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && promise_cases[i]; i++) {
		unsigned promises = chosen_promises(verify, promise_cases[i], promise);

		if (!is_chosen(verify, promise_cases[i], promise) ||
		    promises & ((1u << promise) - 1) ||
		    !promise_case_applies(promise_cases[i], type, trial->method.method))
			continue;
		if (promise_cases[i]->crash && !verify->run->session.testbed->records_writes) {
			verify->lacks_states = true;
			continue;
		}
		r = ARRAY_ADD(verify->steps, verify->count,
			      (struct verify_step) { .promises = promises });
		if (r == 0)
			r = fill_step(verify, trial, promise, promise_cases[i],
				      &verify->steps[verify->count - 1]);
	}
	return r;
}

/* The steps have their final address only now. */
static void settle_steps(struct verify *verify)
{
	for (size_t i = 0; i < verify->count; i++) {
		struct verify_step *step = &verify->steps[i];

		step->trial.place = i;
		if (step->trial.filesystem)
			step->trial.filesystem = &step->filesystem;
	}
}

int verify_expand(struct verify *verify, struct problem *problem)
{
	const struct trial_list *trials = &verify->run->trials;
	int r = 0;

	for (size_t i = 0; r == 0 && i < trials->count; i++)
		for (enum promise promise = 0; r == 0 && promise < PROMISE_COUNT; promise++)
			r = add_steps(verify, &trials->trial[i], promise);
	if (r < 0)
		return r;
	settle_steps(verify);
	if (verify->count == 0 && verify->lacks_states)
		return testbed_records(verify->run->session.testbed, problem);
	if (verify->count == 0)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"nothing to do: none of these cases applies to these file "
			"systems and methods; `alloc-perf list promises` shows the cases");
	return 0;
}

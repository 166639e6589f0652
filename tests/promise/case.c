/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "base/words.h"
#include "blockdev/mount.h"
#include "lack.h"
#include "loop.h"

enum { MIB = 1 << 20, FILE_BYTES = 16 * MIB };

static const struct volume {
	const char *type, *mkfs;
	uint64_t bytes;
} volumes[] = {
	{ "ext2", "mkfs.ext2 -q -F", 64 * MIB },    { "ext3", "mkfs.ext3 -q -F", 64 * MIB },
	{ "ext4", "mkfs.ext4 -q -F", 64 * MIB },    { "xfs", "mkfs.xfs -q -f", 300 * MIB },
	{ "btrfs", "mkfs.btrfs -q -f", 128 * MIB },
};

static const struct volume *find_volume(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(volumes); i++)
		if (strcmp(volumes[i].type, type) == 0)
			return &volumes[i];
	fail_msg("%s", type);
	return NULL;
}

struct method_choice case_method(const char *name)
{
	struct method_choice choice;

	assert_int_equal(method_parse(name, &choice, NULL), 0);
	return choice;
}

static void format(const struct volume *volume, const char *added, const char *device)
{
	CLEANUP(freep)
	char *command = text_format("%s %s %s", volume->mkfs, added ? added : "", device);
	CLEANUP(freep) char **words = words_split(command, " ");
	CLEANUP(freep) char *output = NULL;

	require_program(words[0]);
	if (child_run((const char *const *)words, -1, &output) != 0)
		fail_msg("%s: %s", command, output);
}

static char *join_options(const char *ours, const char *theirs)
{
	return text_format("%s%s%s", ours ? ours : "", ours && theirs ? "," : "",
			   theirs ? theirs : "");
}

static void mount_fresh(const char *device, const char *directory, const struct case_run *run,
			const char *options)
{
	int r = mount_volume(device, directory, run->type, options);

	if (r == -ENODEV || r == -EINVAL)
		skip_because("this kernel has no %s with the options \"%s\"", run->type, options);
	if (r < 0)
		lack("loop", "mounting a %s: %s", run->type, strerror(-r));
}

void case_run(const struct case_run *run, struct case_result *ret)
{
	const char *scratch = getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp";
	CLEANUP(freep) char *directory = text_format("%s/promise-XXXXXX", scratch);
	const struct volume *volume = find_volume(run->type);
	enum promise promise;
	const struct promise_case *promise_case = promise_case_find(run->name, &promise, NULL);
	const struct promise_options *added = promise_case_options(promise_case, run->type);
	CLEANUP(freep)
	char *options = join_options(run->mount_options, added ? added->mount : NULL);
	char device[LOOP_PATH_MAX];
	CLEANUP(fd_closep) int loop_fd = -1;
	struct promise_run state = {
		.method = run->method,
		.directory = directory,
		.device = device,
		.type = run->type,
		.mount_options = options,
		.file_bytes = FILE_BYTES,
		.seed = run->seed,
	};
	int r = loop_enter_namespace();

	if (r == 0)
		loop_fd = loop_open(scratch, volume->bytes, 0, device);
	if (r < 0 || loop_fd < 0)
		lack("loop", "no loop device here: %s", strerror(r < 0 ? -r : -loop_fd));
	format(volume, added ? added->mkfs : NULL, device);
	assert_non_null(mkdtemp(directory));
	mount_fresh(device, directory, run, options);
	r = promise_case->run(&state);
	assert_int_equal(mount_release(directory), 0);
	assert_int_equal(rmdir(directory), 0);
	if (r < 0)
		fail_msg("%s", state.text ? state.text : strerror(-r));
	ret->verdict = strdup(state.verdict);
	ret->text = state.text;
}

void case_result_clear(struct case_result *result)
{
	free(TAKE_PTR(result->verdict));
	free(TAKE_PTR(result->text));
}

/* ---- known verdicts ---- */

static void a_case_has_its_verdict(void **state)
{
	const struct case_row *row = *state;
	struct method_choice method = case_method(row->method);
	CLEANUP(case_result_clear) struct case_result result = { 0 };

	case_run(&(struct case_run) { row->type, row->name, &method, NULL, 1 }, &result);
	if (strcmp(result.verdict, row->verdict) != 0 || !result.text != !row->text ||
	    (row->text && !strstr(result.text, row->text)))
		fail_msg("%s: %s", result.verdict, result.text);
	if (result.text)
		print_message("# %s: %s\n", result.verdict, result.text);
}

int case_run_tests(const struct case_row *rows, size_t row_count, const struct CMUnitTest *others,
		   size_t other_count)
{
	CLEANUP(freep) struct CMUnitTest *tests = calloc(row_count + other_count, sizeof(*tests));
	const char *only = getenv("CASES");
	size_t count = 0;
	int r;

	if (!tests)
		return 99;
	for (size_t i = 0; i < row_count; i++) {
		char *title =
			text_format("%s: %s of %s", rows[i].type, rows[i].name, rows[i].method);

		if (only && !strstr(title, only))
			free(title);
		else
			tests[count++] = (struct CMUnitTest) { title, a_case_has_its_verdict, NULL,
							       NULL, (void *)&rows[i] };
	}
	memcpy(tests + count, others, other_count * sizeof(*others));
	r = _cmocka_run_group_tests("cases", tests, count + other_count, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		free((char *)tests[i].name);
	return r;
}

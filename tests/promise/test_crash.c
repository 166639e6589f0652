/* SPDX-License-Identifier: MIT */
/* Crash cases in a directory: what they mark, what is seen of them, and what is judged. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "promise/crash.h"
#include "promise/marker.h"
#include "tree.h"

enum { FILE_BYTES = 1 << 20, BLOCKS = FILE_BYTES / PROMISE_BLOCK_BYTES, SEED = 7 };

struct fixture {
	struct method_choice method;
	struct promise_run run;
	char marks[64];
};

static int note_mark(const char *mark, void *context)
{
	struct fixture *fixture = context;

	strcat(strcat(fixture->marks, mark), " ");
	return 0;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	tree_make(state);
	assert_int_equal(method_parse("prealloc", &fixture->method, NULL), 0);
	fixture->run = (struct promise_run) {
		.method = &fixture->method,
		.directory = tree,
		.file_bytes = FILE_BYTES,
		.seed = SEED,
		.mark = note_mark,
		.context = fixture,
	};
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	free(fixture->run.text);
	free(fixture);
	return tree_remove(state);
}

static const struct promise_case *find_case(const char *name)
{
	enum promise promise;
	const struct promise_case *promise_case = promise_case_find(name, &promise, NULL);

	assert_non_null(promise_case);
	assert_true(promise_case->crash);
	return promise_case;
}

static void run_case(struct fixture *fixture, const char *name)
{
	assert_int_equal(find_case(name)->run(&fixture->run), 0);
	assert_null(fixture->run.verdict);
}

/* Through JSON, as the host gets it. */
static void look(struct promise_finding *ret)
{
	struct promise_finding finding = { 0 };
	json_t *json;

	assert_int_equal(promise_look(tree, SEED, FILE_BYTES, &finding), 0);
	json = promise_finding_to_json(&finding);
	assert_int_equal(promise_finding_from_json(json, FILE_BYTES, ret), 0);
	assert_int_equal(ret->size_bytes, finding.size_bytes);
	json_decref(json);
	promise_finding_clear(&finding);
}

/* Whether the first `count` are that one, and the rest, up to `total`, the other. */
static void assert_blocks(const char *text, char first, size_t count, char other, size_t total)
{
	assert_int_equal(strlen(text), total);
	for (size_t i = 0; i < total; i++)
		assert_int_equal(text[i], i < count ? first : other);
}

static const struct promise_mark *last_mark(const char *name)
{
	const struct promise_mark *mark = promise_marks(find_case(name));

	while (mark[1].name)
		mark++;
	return mark;
}

static int judge(enum promise promise, const struct promise_mark *mark,
		 const struct promise_finding *finding, const char *reason)
{
	const struct promise_expectation expectation = { mark, FILE_BYTES, FILE_BYTES, false };
	CLEANUP(freep) char *text = NULL;
	int r = promise_judge(promise, &expectation, finding, &text);

	if (r == 0)
		assert_string_equal(text, reason);
	else
		assert_null(text);
	return r;
}

static void a_synced_case_is_seen_and_kept(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(promise_finding_clear) struct promise_finding finding = { 0 };

	run_case(fixture, "durable:synced");
	assert_string_equal(fixture->marks, "allocated written renamed ");
	look(&finding);
	assert_int_equal(finding.name, PROMISE_NAME_FINAL);
	assert_int_equal(finding.size_bytes, FILE_BYTES);
	assert_blocks(finding.contents, CONTENT_DATA, BLOCKS / 2, CONTENT_ZEROES, BLOCKS);
	if (finding.space)
		assert_blocks(finding.space, SPACE_ALLOCATED, BLOCKS, SPACE_HOLE, BLOCKS);
	assert_int_equal(judge(PROMISE_NO_STALE, last_mark("durable:synced"), &finding, NULL), 1);
	assert_int_equal(judge(PROMISE_DURABLE, last_mark("durable:synced"), &finding, NULL), 1);
}

static void each_loss_is_found(void **state)
{
	struct fixture *fixture = *state;
	const struct promise_mark *mark = last_mark("durable:synced");
	CLEANUP(promise_finding_clear) struct promise_finding finding = { 0 };

	run_case(fixture, "durable:synced");
	look(&finding);
	finding.contents[3] = CONTENT_TORN;
	assert_int_equal(
		judge(PROMISE_DURABLE, mark, &finding, "what was written at byte 12288 is lost"),
		0);
	assert_int_equal(judge(PROMISE_NO_STALE, mark, &finding, NULL), 1);
	finding.contents[3] = CONTENT_DATA;
	finding.name = PROMISE_NAME_FIRST;
	assert_int_equal(judge(PROMISE_DURABLE, mark, &finding, "the file has its old name"), 0);
	assert_int_equal(judge(PROMISE_DURABLE, mark - 1, &finding, NULL), 1);
	if (finding.space) {
		finding.space[BLOCKS - 1] = SPACE_HOLE;
		assert_int_equal(judge(PROMISE_DURABLE, mark - 1, &finding,
				       "the allocation has a hole at byte 1044480"),
				 0);
		finding.space[BLOCKS - 1] = SPACE_ALLOCATED;
	}
	finding.contents[BLOCKS - 1] = CONTENT_OLD;
	assert_int_equal(judge(PROMISE_NO_STALE, NULL, &finding,
			       "1 of 256 blocks show old data of the volume, the first at byte "
			       "1044480"),
			 0);
	finding.size_bytes = 5;
	assert_int_equal(judge(PROMISE_DURABLE, mark - 1, &finding,
			       "the file has 5 bytes instead of 1048576"),
			 0);
	finding.name = PROMISE_NAME_NONE;
	assert_int_equal(judge(PROMISE_DURABLE, mark, &finding, "the file does not exist"), 0);
	assert_int_equal(judge(PROMISE_DURABLE, NULL, &finding, NULL), 1);
	finding.mount_error = EUCLEAN;
	assert_int_equal(judge(PROMISE_DURABLE, NULL, &finding,
			       "the file system cannot be mounted: Structure needs cleaning"),
			 0);
}

static void libprealloc_keeps_what_was_there(void **state)
{
	static const struct {
		const char *name, *marks;
		size_t length;
	} cases[] = {
		{ "durable:append", "data allocated ", BLOCKS },
		{ "durable:cancelled", "data cancelled ", BLOCKS / 4 },
		{ "durable:killed", "data ", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture *fixture;
		CLEANUP(promise_finding_clear) struct promise_finding finding = { 0 };

		teardown(state);
		setup(state);
		fixture = *state;
		run_case(fixture, cases[i].name);
		assert_string_equal(fixture->marks, cases[i].marks);
		look(&finding);
		assert_int_equal(judge(PROMISE_DURABLE, last_mark(cases[i].name), &finding, NULL),
				 1);
		if (cases[i].length)
			assert_blocks(finding.contents, CONTENT_DATA, BLOCKS / 4, CONTENT_ZEROES,
				      cases[i].length);
	}
}

static void old_data_and_foreign_bytes_are_seen(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(promise_finding_clear) struct promise_finding finding = { 0 };
	CLEANUP(fd_closep) int fd = -1;
	CLEANUP(freep) char *path = NULL;

	run_case(fixture, "durable:synced");
	path = text_path(tree, "alloc-perf.final");
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, PROMISE_MARKER, PROMISE_MARKER_BYTES, 5 * 4096 + 512),
			 PROMISE_MARKER_BYTES);
	assert_int_equal(pwrite(fd, "foreign", 7, 6 * 4096), 7);
	assert_int_equal(pwrite(fd, (char[512]) { 0 }, 512, 7 * 4096), 512);
	look(&finding);
	assert_memory_equal(finding.contents, "dddddm?td", 9);
	assert_int_equal(judge(PROMISE_NO_STALE, NULL, &finding,
			       "2 of 256 blocks show old data of the volume, the first at byte "
			       "20480"),
			 0);
}

static void an_empty_directory_has_no_file(void **state)
{
	CLEANUP(promise_finding_clear) struct promise_finding finding = { 0 };

	(void)state;
	look(&finding);
	assert_int_equal(finding.name, PROMISE_NAME_NONE);
	assert_null(finding.contents);
	assert_int_equal(judge(PROMISE_NO_STALE, NULL, &finding, NULL), 1);
}

static void a_file_that_cannot_be_opened_is_lost(void **state)
{
	CLEANUP(promise_finding_clear) struct promise_finding finding = { 0 };

	(void)state;
	tree_put_link("alloc-perf.file", "alloc-perf.file");
	look(&finding);
	assert_int_equal(finding.open_error, ELOOP);
	assert_int_equal(judge(PROMISE_DURABLE, NULL, &finding, NULL), 1);
	assert_int_equal(judge(PROMISE_DURABLE, promise_marks(find_case("durable:synced")),
			       &finding,
			       "the file cannot be opened: Too many levels of symbolic links"),
			 0);
}

static void what_a_guest_cannot_have_seen_is_refused(void **state)
{
	static const char *const lines[] = {
		"{}",
		"{\"mount_error\":0,\"name\":0,\"size\":0,\"contents\":null,\"space\":null}",
		"{\"mount_error\":0,\"open_error\":0,\"name\":3,\"size\":0,\"contents\":null,"
		"\"space\":null}",
		"{\"mount_error\":0,\"open_error\":0,\"name\":1,\"size\":-1,\"contents\":\"\","
		"\"space\":null}",
		"{\"mount_error\":0,\"open_error\":0,\"name\":1,\"size\":0,\"contents\":null,"
		"\"space\":null}",
		"{\"mount_error\":0,\"open_error\":0,\"name\":1,\"size\":1,\"contents\":\"x\","
		"\"space\":null}",
		"{\"mount_error\":0,\"open_error\":0,\"name\":1,\"size\":1,\"contents\":\"0\","
		"\"space\":\"a\"}",
		"{\"mount_error\":0,\"open_error\":0,\"name\":1,\"size\":1,\"contents\":\"000\","
		"\"space\":null}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct promise_finding finding = { 0 };
		json_t *json = json_loads(lines[i], 0, NULL);

		assert_non_null(json);
		assert_int_equal(promise_finding_from_json(json, 8192, &finding), -EPROTO);
		assert_null(finding.contents);
		json_decref(json);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_synced_case_is_seen_and_kept),
		TEST(each_loss_is_found),
		TEST(libprealloc_keeps_what_was_there),
		TEST(old_data_and_foreign_bytes_are_seen),
		TEST(an_empty_directory_has_no_file),
		TEST(a_file_that_cannot_be_opened_is_lost),
		TEST(what_a_guest_cannot_have_seen_is_refused),
	};

	return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The input is what a guest sends about a disk state, whose kernel that state may have upset: JSON,
 * or bytes of which an answer is made.  It is refused, or can be judged by every promise and mark.
 */
#include <stdint.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "input.h"
#include "promise/crash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_BYTES = 16 * PROMISE_BLOCK_BYTES, TEXT_MAX = 24 };

static json_t *text(struct input *input)
{
	static const char characters[] = "0dtm?ea-x";
	char bytes[TEXT_MAX];
	size_t length = input_byte(input) % TEXT_MAX;

	if (length == TEXT_MAX - 1)
		return json_null();
	for (size_t i = 0; i < length; i++)
		bytes[i] = characters[input_byte(input) % (sizeof(characters) - 1)];
	return json_stringn(bytes, length);
}

static json_t *answer(struct input *input)
{
	int mount_error = (int8_t)input_byte(input) / 100;
	int open_error = (int8_t)input_byte(input) / 100;
	json_int_t length;

	input_take(input, &length, sizeof(length));
	return json_pack("{si si si sI so so}", "mount_error", mount_error, "open_error",
			 open_error, "name", input_byte(input) % 5 - 1, "size",
			 length >> input_byte(input) % 64, "contents", text(input), "space",
			 text(input));
}

static void judge(const struct promise_finding *finding, const struct promise_mark *mark)
{
	for (enum promise promise = 0; promise < PROMISE_COUNT; promise++) {
		const struct promise_expectation expectation = { mark, FILE_BYTES, FILE_BYTES,
								 false };
		CLEANUP(freep) char *reason = NULL;
		int r = promise_judge(promise, &expectation, finding, &reason);

		must((r == 0 && reason) || (r == 1 && !reason));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	CLEANUP(json_decrefp)
	json_t *json = size && data[0] == '{' ? json_loadb((const char *)data, size, 0, NULL)
					      : answer(&input);
	CLEANUP(promise_finding_clear) struct promise_finding finding = { 0 };

	if (!json || promise_finding_from_json(json, FILE_BYTES, &finding) < 0)
		return 0;
	judge(&finding, NULL);
	for (size_t i = 0; promise_cases[i]; i++)
		for (const struct promise_mark *mark = promise_marks(promise_cases[i]);
		     mark && mark->name; mark++)
			judge(&finding, mark);
	return 0;
}

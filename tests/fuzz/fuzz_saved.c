/* SPDX-License-Identifier: MIT */
/*
 * The input is what --diff is given as the result of another time: it is refused
 * with a sentence, or compared with itself, and with nothing.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "input.h"
#include "base/io.h"
#include "frag/show/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare_two(FILE *to, const json_t *before, const json_t *after)
{
	CLEANUP(saved_changes_clear) struct saved_changes changes = { 0 };
	CLEANUP(json_decrefp) json_t *json = NULL;

	must(saved_compare(before, after, &changes) == 0);
	must(saved_print(to, &changes) == 0);
	json = saved_json(&changes);
	must(json != NULL);
}

static void compare(json_t *saved)
{
	CLEANUP(file_closep) FILE *nowhere = fopen("/dev/null", "w");
	CLEANUP(json_decrefp) json_t *nothing = json_object();

	must(nowhere && nothing);
	compare_two(nowhere, saved, saved);
	compare_two(nowhere, saved, nothing);
	compare_two(nowhere, nothing, saved);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(fd_closep) int fd = memfd_create("saved", MFD_CLOEXEC);
	json_t *saved = NULL;
	char path[64];

	must(fd >= 0 && io_write_all(fd, data, size) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (saved_read(path, &saved, &problem) < 0) {
		must(problem.message != NULL);
		return 0;
	}
	compare(saved);
	json_decref(saved);
	return 0;
}

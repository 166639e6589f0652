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
#include "frag/show/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(json_t *saved)
{
	CLEANUP(file_closep) FILE *nowhere = fopen("/dev/null", "w");
	json_t *nothing = json_object();

	must(nowhere && nothing);
	saved_compare(nowhere, saved, saved);
	saved_compare(nowhere, saved, nothing);
	saved_compare(nowhere, nothing, saved);
	json_decref(nothing);
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

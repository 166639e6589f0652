/* SPDX-License-Identifier: MIT */
/*
 * The project's own library, called as by an application: without a callback, so in the fewest
 * calls.
 */
#include <prealloc.h>

#include "method/methods.h"

static int allocate(int fd, const struct method_request *req, struct method_outcome *ret)
{
	struct prealloc_result result = { .size = sizeof(result) };
	int r = prealloc(fd, 0, req->bytes, NULL, &result);

	ret->calls = result.calls;
	ret->written_bytes = result.written_bytes;
	if (result.native_error)
		outcome_fall_back(ret, "fallocate", result.native_error);
	if (r < 0)
		return outcome_refuse(ret, "prealloc", -r);
	ret->path = result.path == PREALLOC_NATIVE ? METHOD_PATH_NATIVE : METHOD_PATH_WRITTEN;
	return 0;
}

const struct method method_prealloc = {
	.name = "prealloc",
	.summary = "libprealloc: fallocate() if supported, else zeroes in the fastest way",
	.allocate = allocate,
	.keeps_data = 1,
};

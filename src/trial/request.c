/* SPDX-License-Identifier: MIT */
/* A request is described by a table of fields, like a record. */
#include "trial/trial.h"

#include <errno.h>

#include "base/cleanup.h"

#define ROW(member, kind, unit, meaning)                                                   \
	{                                                                                  \
#member, kind, unit, meaning, offsetof(struct trial_request, member), NULL \
	}

static const struct field request_fields[] = {
	ROW(method, FIELD_TEXT, "", "method with its parameters"),
	ROW(file_bytes, FIELD_COUNT, "bytes", "size of the file"),
	ROW(largest_run, FIELD_COUNT, "bytes", "longest run of the layout; 0: no limit"),
	ROW(device, FIELD_TEXT, "", "block device"),
	ROW(type, FIELD_TEXT, "", "type for mount(2)"),
	ROW(mount_options, FIELD_TEXT, "", "mount options"),
	ROW(directory, FIELD_TEXT, "", "mount point, or directory"),
	ROW(modules, FIELD_TEXT, "", "files of kernel modules in order"),
	ROW(counters, FIELD_TEXT, "", "sysfs stat file of the device"),
	ROW(workload, FIELD_TEXT, "", "phases"),
	ROW(files, FIELD_COUNT, "count", "number of files"),
	ROW(mixed, FIELD_COUNT, "1 or 0", "their sizes differ"),
	ROW(seed, FIELD_COUNT, "", "of random orders"),
	ROW(promise_case, FIELD_TEXT, "", "promise and case that is tested"),
	ROW(host_flushes, FIELD_COUNT, "1 or 0", "the host is to be asked for flushes"),
};

void trial_request_init(struct trial_request *request)
{
	field_init(request_fields, ARRAY_SIZE(request_fields), request);
}

void trial_request_clear(struct trial_request *request)
{
	field_clear(request_fields, ARRAY_SIZE(request_fields), request);
}

json_t *trial_request_to_json(const struct trial_request *request)
{
	json_t *json = json_object();

	if (json && field_to_json(request_fields, ARRAY_SIZE(request_fields), request, json) == 0)
		return json;
	json_decref(json);
	return NULL;
}

int trial_request_from_json(const json_t *json, struct trial_request *ret)
{
	int r = field_from_json(request_fields, ARRAY_SIZE(request_fields), ret, json, NULL);

	if (r < 0)
		return r;
	if (ret->files == FIELD_UNKNOWN)
		ret->files = 1;
	if (ret->seed == FIELD_UNKNOWN)
		ret->seed = 0;
	if (ret->files < 1 || ret->files > TRIAL_FILES_MAX || !ret->method || !ret->directory ||
	    ret->file_bytes <= 0 || (ret->device && !ret->type)) {
		trial_request_clear(ret);
		return -EINVAL;
	}
	return 0;
}

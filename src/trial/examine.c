/* SPDX-License-Identifier: MIT */
/*
 * Each state is mounted, which replays the log, looked at, and unmounted.  Then the kernel has
 * forgotten the device, and the next mount reads what the host has made of it.
 */
#include "trial/examine.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "blockdev/mount.h"
#include "promise/crash.h"
#include "trial/modules.h"

struct examination {
	const char *device, *directory, *type, *mount_options, *modules;
};

static int prepare(const struct examination *examination)
{
	CLEANUP(freep) char *failed = NULL;
	int r = modules_load(examination->modules, &failed);

	return r < 0 ? r : mount_await_device(examination->device, NULL);
}

/* -errno: the state cannot be left. */
static int look(const struct examination *examination, const json_t *request, json_t **ret)
{
	CLEANUP(promise_finding_clear) struct promise_finding finding = { 0 };
	json_int_t seed, file_bytes;
	int r;

	if (json_unpack((json_t *)request, "{sI sI}", "seed", &seed, "file_bytes", &file_bytes) <
		    0 ||
	    file_bytes < 0 || file_bytes > PROMISE_FILE_MOST)
		return -EPROTO;
	finding.mount_error = -mount_volume(examination->device, examination->directory,
					    examination->type, examination->mount_options);
	if (!finding.mount_error) {
		r = promise_look(examination->directory, (uint64_t)seed, (uint64_t)file_bytes,
				 &finding);
		if (mount_release(examination->directory) < 0)
			return -EBUSY;
		if (r < 0)
			finding.mount_error = -r;
	}
	*ret = promise_finding_to_json(&finding);
	return 0;
}

static int serve_one(const struct examination *examination, FILE *in, int out_fd)
{
	CLEANUP(json_decrefp) json_t *request = NULL;
	json_t *answer = NULL;
	int r = json_read_line(in, &request);

	if (r == 0)
		r = look(examination, json_object_get(request, "look"), &answer);
	return r < 0 ? r : json_write_line(out_fd, answer);
}

int examine_serve(const json_t *request, FILE *in, int out_fd)
{
	struct examination examination = { .mount_options = "", .modules = "" };
	int r;

	if (json_unpack((json_t *)request, "{ss ss ss s?s s?s}", "device", &examination.device,
			"directory", &examination.directory, "type", &examination.type,
			"mount_options", &examination.mount_options, "modules",
			&examination.modules) < 0)
		return -EPROTO;
	r = prepare(&examination);
	if (r < 0)
		return json_write_line(out_fd, json_pack("{si}", "error", -r));
	r = json_write_line(out_fd, json_object());
	while (r == 0)
		r = serve_one(&examination, in, out_fd);
	return r;
}

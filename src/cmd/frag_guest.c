/* SPDX-License-Identifier: MIT */
/* Scans an image in a guest, for file systems that only a kernel can read. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cmd/frag_request.h"
#include "frag/scan/image.h"
#include "frag/guest/guest.h"
#include "testbed/testbed.h"

struct guest_scan {
	struct frag_request *request;
	struct frag_guest guest;
};

static int take_line(const char *line, void *context)
{
	struct guest_scan *scan = context;

	return frag_guest_receive(&scan->guest, line);
}

static void tick(void *context)
{
	struct guest_scan *scan = context;

	frag_progress(scan->guest.files, scan->request);
}

/* The message when the guest failed. */
static int refused(const struct guest_scan *scan, const struct image *image, const char *kernel,
		   struct problem *problem)
{
	const char *path = scan->request->names[0], *why = strerror(scan->guest.error);

	if (strcmp(scan->guest.stage, "mount") == 0)
		return problem_set(problem, PROBLEM_VERDICT, scan->guest.error,
				   "%s: the guest's kernel (%s) cannot mount its %s: %s; it is "
				   "damaged, or has features that this kernel lacks",
				   path, kernel, image->type, why);
	return problem_set(problem, PROBLEM_VERDICT, scan->guest.error,
			   "%s: the guest (kernel %s) cannot read it (%s): %s", path, kernel,
			   scan->guest.stage, why);
}

/* Initialises the result with what is known before the guest reads the file system. */
static int begin(struct guest_scan *scan, int fd)
{
	struct frag_result *result = scan->guest.result;
	struct filesystem_facts facts;
	struct stat status;

	if (fstat(fd, &status) < 0 || filesystem_read(fd, &facts) < 0)
		return -errno;
	result->facts.is_flash =
		S_ISBLK(status.st_mode) ? filesystem_rotates(status.st_rdev) <= 0 : facts.is_flash;
	result->paths_inside = true;
	result->source = "guest";
	result->model = frag_model_for(scan->guest.settings, &result->facts);
	return frag_result_init(result, scan->guest.settings);
}

static int end(struct guest_scan *scan)
{
	struct frag_result *result = scan->guest.result;
	const char *path = scan->request->names[0];
	int r = 0;

	if (!result->facts.kind)
		result->facts.kind = filesystem_kind_find("other");
	totals_finish(&result->totals);
	if (image_is_mounted(path))
		r = frag_result_note(result, "The device is mounted, and was read while it may "
					     "change; name the mount point instead.");
	return r == 0 ? image_note_member(path, result) : r;
}

static int run(struct guest_scan *scan, int fd, const struct image *image, struct problem *problem)
{
	struct frag_result *result = scan->guest.result;
	const struct frag_settings *settings = scan->guest.settings;
	CLEANUP(json_decrefp) json_t *wanted = frag_guest_request(settings, &result->facts);
	CLEANUP(freep) char *kernel = NULL;
	int r;

	if (!wanted)
		return -ENOMEM;
	r = testbed_scan(&(struct testbed_scan) { .path = scan->request->names[0],
						  .fd = fd,
						  .start_bytes = image->start_bytes,
						  .bytes = image->bytes,
						  .type = image->type,
						  .settings = wanted,
						  .cancel_fd = settings->cancel_fd,
						  .line = take_line,
						  .tick = tick,
						  .context = scan },
			 &kernel, problem);
	result->partial = r == -ECANCELED;
	if (r < 0 && r != -ECANCELED)
		return r;
	return scan->guest.stage ? refused(scan, image, kernel, problem) : 0;
}

int frag_in_guest(struct frag_request *request, const struct image *image, struct frag_result *ret,
		  struct problem *problem)
{
	CLEANUP(fd_closep) int fd = open(request->names[0], O_RDONLY | O_CLOEXEC);
	struct guest_scan scan = {
		.request = request,
		.guest = { .settings = &request->settings, .result = ret },
	};
	int r;

	if (fd < 0)
		return problem_set(problem, PROBLEM_VERDICT, errno, "%s: cannot be opened: %s",
				   request->names[0], strerror(errno));
	request->in_guest = true;
	r = begin(&scan, fd);
	if (r == 0)
		r = run(&scan, fd, image, problem);
	frag_guest_clear(&scan.guest);
	return r < 0 ? r : end(&scan);
}

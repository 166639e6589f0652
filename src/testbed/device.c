/* SPDX-License-Identifier: MIT */
/*
 * A partition or a disk of the user's, as in 2009: realistic times, and all of its contents are
 * lost.  All facts are collected and judged again before each mkfs, by the same rules as at the
 * start.  Each trial leaves the device empty, so nothing that appeared on it meanwhile is
 * overwritten.
 *
 * The device that was judged is the one that is formatted: the descriptor of the claim stays open,
 * so its number cannot become that of another device. mkfs and mount use that descriptor through
 * /proc, not the user's path, which may be changed at any time.  A change is detected before the
 * next mkfs, and ends the run.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "testbed/testbed.h"
#include "testbed/device_facts.h"
#include "blockdev/sysfs.h"
#include "testbed/guard.h"
#include "base/io.h"
#include "testbed/local.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/text.h"

enum {
	/* What a killed trial left is written out and unmounted by the kernel after a while. */
	RELEASE_SECONDS = 60,
	RELEASE_PAUSE_MS = 50,
	SEEN_SECONDS = 2, /* after this time the user of the device is another program */
};

/* Bytes between two checks for cancellation; some disks take seconds for them. */
#define DISCARD_STEP_BYTES ((uint64_t)4 << 30)

struct device {
	struct device_facts facts; /* at the claim */
	int fd, lock_fd;
	int cancel_fd;
	int begun; /* it is empty except for the contents of our trial */
};

static int device_probe(const struct testbed_options *options, struct problem *problem)
{
	(void)options;
	return local_probe("device", problem);
}

/* ---- looking ---- */

/* The path of the results: a file, or its future directory. */
static char *results_place(const char *results)
{
	const char *slash = results ? strrchr(results, '/') : NULL;

	if (!results)
		return strdup(".");
	if (strcmp(results, "-") == 0)
		return strdup("/proc/self/fd/1");
	if (access(results, F_OK) == 0)
		return strdup(results);
	return slash ? strndup(results, (size_t)(slash - results) + 1) : strdup(".");
}

static int look(const struct testbed_session *session, struct device_facts *ret, int *ret_fd,
		struct problem *problem)
{
	CLEANUP(freep) char *results = results_place(session->results);
	const char *path = session->options.argument;
	const char *const system[] = { "/", "/boot", "/boot/efi", session->scratch, results, NULL };
	int r = results ? device_facts_gather(path, system, ret, ret_fd) : -ENOMEM;

	if (r == 0 || r == -ENOMEM)
		return r;
	return problem_set(
		problem, PROBLEM_LACK, -r,
		"cannot find out from /proc whether %s is mounted: %s; choose another testbed",
		path, strerror(-r));
}

static int device_claim(struct testbed_session *session, uint64_t least_bytes,
			struct problem *problem)
{
	struct device *device = calloc(1, sizeof(*device));
	int r;

	if (!device)
		return -ENOMEM;
	*device = (struct device) { .fd = -1, .lock_fd = -1, .cancel_fd = -1 };
	session->device = device;
	r = look(session, &device->facts, &device->fd, problem);
	if (r < 0)
		return r;
	device->facts.least_bytes = least_bytes;
	if (device->facts.disk)
		device->facts.locked = -device_lock(&device->facts, &device->lock_fd);
	r = guard_device(&device->facts, &session->options.consent, problem);
	session->volume_bytes = device->facts.bytes;
	return r;
}

static void device_release(struct testbed_session *session)
{
	struct device *device = session->device;

	device_facts_clear(&device->facts);
	fd_close(device->fd);
	fd_close(device->lock_fd);
	free(device);
	session->device = NULL;
}

/* ---- asking ---- */

/* Labels and models come from outside, and could move the cursor and hide the rest of the line. */
static char *question(const struct device_facts *facts)
{
	const struct signature *found = &facts->found;
	CLEANUP(freep) char *label = quote_name(found->label ? found->label : "none");
	CLEANUP(freep) char *model = quote_name(facts->model ? facts->model : "not known");
	char size[SIZE_TEXT_MAX], *text;

	if (!label || !model)
		return NULL;

	text = text_format(
		"All data on this device will be lost:\n"
		"  %s, which is %s, %s of %s%s%s\n"
		"  model: %s\n"
		"  serial: %s\n"
		"  found on it: %s (label: %s)\n"
		"Type its name, %s, to format it: ",
		facts->path, facts->name, facts->is_partition ? "a partition" : "a disk",
		size_human((double)facts->bytes, size), facts->is_partition ? " on " : "",
		facts->is_partition ? facts->disk : "", model,
		facts->serial ? facts->serial : "not known",
		found->type ? found->type : "nothing known to libblkid", label, facts->name);
	if (!text)
		return NULL;
	return text;
}

static int device_confirm(const struct testbed_session *session, struct problem *problem)
{
	const struct device_facts *facts = &session->device->facts;
	CLEANUP(freep) char *text = question(facts);
	CLEANUP(freep) char *typed = NULL;
	int r = guard_consent(facts, &session->options.consent, session->ask != NULL, problem);

	if (r < 0 || !session->ask)
		return r;
	if (!text)
		return -ENOMEM;
	r = session->ask(text, &typed, session->context);
	return r < 0 ? r : guard_typed(facts, typed, problem);
}

/* ---- emptying ---- */

static int is_cancelled(int cancel_fd)
{
	struct pollfd cancel = { .fd = cancel_fd, .events = POLLIN };

	return cancel_fd >= 0 && poll(&cancel, 1, 0) > 0;
}

/* A file system that the kernel is still unmounting is in no namespace any more. */
static int is_seen(const struct device *device)
{
	static const char *const nothing[] = { NULL };
	CLEANUP(device_facts_clear) struct device_facts now = { 0 };
	CLEANUP(fd_closep) int fd = -1;

	return device_facts_gather(device->facts.path, nothing, &now, &fd) < 0 || now.mounted ||
	       now.swap || now.holders;
}

/* Opens it exclusively for a moment; waits while the kernel is still unmounting. */
static int open_to_write(const struct device *device)
{
	const struct timespec pause = { .tv_nsec = RELEASE_PAUSE_MS * 1000000L };
	uint64_t start_ns = io_now_ns(), waited;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", device->fd);
	for (;;) {
		int fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC), r = fd < 0 ? -errno : fd;

		if (r != -EBUSY)
			return r;
		waited = (io_now_ns() - start_ns) / 1000000000u;
		if (waited >= RELEASE_SECONDS || (waited >= SEEN_SECONDS && is_seen(device)))
			return r;
		nanosleep(&pause, NULL);
	}
}

int device_discards(const struct device *device)
{
	return sysfs_count(device_roots.sys, device->facts.number, "queue/discard_max_bytes") > 0;
}

/* A device that refuses is formatted as it is. */
static void discard(const struct device *device, int fd)
{
	uint64_t range[2] = { 0, DISCARD_STEP_BYTES };

	for (; range[0] < device->facts.bytes && !is_cancelled(device->cancel_fd);
	     range[0] += range[1]) {
		if (range[1] > device->facts.bytes - range[0])
			range[1] = device->facts.bytes - range[0];
		if (ioctl(fd, BLKDISCARD, range) < 0)
			return;
	}
}

/*
 * Trims the device if supported, and removes all signatures, also those of an earlier file system
 * that mkfs left.
 */
static int empty(struct device *device)
{
	CLEANUP(fd_closep) int fd = open_to_write(device);
	int r;

	if (fd < 0)
		return fd;
	if (device_discards(device))
		discard(device, fd);
	r = signature_wipe(fd);
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

/* ---- trials ---- */

/* What the device is now; NULL: it is what was claimed. */
static char *change_of(const struct device_facts *claimed, const struct device_facts *now)
{
	char size[SIZE_TEXT_MAX], *text = NULL;

	if (now->number == claimed->number && now->bytes == claimed->bytes &&
	    now->sequence == claimed->sequence)
		return NULL;
	text = text_format("%s of %s", now->name ? now->name : "nothing known",
			   size_human((double)now->bytes, size));
	if (!text)
		return strdup("another");
	return text;
}

static int device_volume(const struct testbed_session *session, struct volume *ret,
			 struct problem *problem)
{
	CLEANUP(device_facts_clear) struct device_facts now = { 0 };
	CLEANUP(fd_closep) int fd = -1;
	struct guard_consent consent = session->options.consent;
	struct device *device = session->device;
	int r = look(session, &now, &fd, problem);

	if (r < 0)
		return r;
	if (!now.kind && !now.error)
		now.changed = change_of(&device->facts, &now);
	if (device->begun)
		consent.overwrite_signature = NULL;
	r = guard_device(&now, &consent, problem);
	if (r < 0)
		return r;
	device->cancel_fd = session->cancel_fd;
	if (!device->begun) {
		session->stage("discard", session->context);
		r = empty(device);
	}
	if (r < 0)
		return problem_set(problem, PROBLEM_VERDICT, -r, "cannot empty %s: %s",
				   session->options.argument, strerror(-r));
	device->begun = 1;
	*ret = (struct volume) { .fd = -1, .bytes = now.bytes, .device = device };
	snprintf(ret->path, sizeof(ret->path), "/proc/%d/fd/%d", getpid(), device->fd);
	return 0;
}

void device_vacate(struct device *device)
{
	empty(device);
}

static int device_start(const struct testbed_options *options, const struct volume *volume,
			struct trial_request *request, struct testbed_process *ret,
			struct problem *problem)
{
	(void)options;
	return local_start_on(volume->path, request, ret, problem);
}

const struct testbed testbed_device = {
	.name = "device",
	.argument = "PATH",
	.summary = "a partition or disk, whose data is lost; needs root",
	.start_seconds = 10,
	.probe = device_probe,
	.supports = local_supports,
	.start = device_start,
	.claim = device_claim,
	.confirm = device_confirm,
	.volume = device_volume,
	.release = device_release,
};

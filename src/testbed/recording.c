/* SPDX-License-Identifier: MIT */
/*
 * mkfs must not discard, or the marker is gone from the blocks that are free.  A small ext4 has
 * blocks of 1 KiB, unlike those that are in use.
 */
#include "testbed/recording.h"

#include <errno.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "promise/marker.h"
#include "testbed/volume.h"
#include "testbed/write_log.h"

enum { BUFFER_BYTES = 1 << 20 };

/* QEMU takes no log that grows. */
static const uint64_t log_bytes_most = UINT64_C(16) << 30;

int testbed_records(const struct testbed *testbed, struct problem *problem)
{
	if (testbed->records_writes)
		return 0;
	return problem_set(problem, PROBLEM_LACK, ENOTSUP,
			   "the states that a power cut can leave are found in guests only: use "
			   "--on uml or --on qemu instead of --on %s",
			   testbed->name);
}

void testbed_recording_clear(struct testbed_recording *recording)
{
	recording->before_fd = fd_close(recording->before_fd);
	recording->log_fd = fd_close(recording->log_fd);
	recording->image_fd = fd_close(recording->image_fd);
}

/* ---- the volume ---- */

static int no_room(const struct testbed_session *session, int error, struct problem *problem)
{
	return problem_set(problem, PROBLEM_LACK, -error,
			   "cannot write a volume with all of its space to %s: %s; choose another "
			   "directory with --scratch",
			   testbed_directory(session), strerror(-error));
}

static bool is_canceled(const struct testbed_session *session)
{
	struct pollfd cancel = { .fd = session->cancel_fd, .events = POLLIN };

	return poll(&cancel, 1, 0) > 0;
}

int recording_fill(const struct testbed_session *session, const struct volume *volume,
		   struct problem *problem)
{
	CLEANUP(freep) char *buffer = malloc(BUFFER_BYTES);
	uint64_t at = 0;
	int r = buffer ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < BUFFER_BYTES; i += PROMISE_MARKER_BYTES)
		memcpy(buffer + i, PROMISE_MARKER, PROMISE_MARKER_BYTES);
	while (r == 0 && at < volume->bytes) {
		uint64_t left = volume->bytes - at;
		size_t bytes = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;

		if (is_canceled(session))
			return -ECANCELED;
		r = io_write_all(volume->fd, buffer, bytes);
		at += bytes;
	}
	return r < 0 ? no_room(session, r, problem) : 0;
}

static int copy(int from_fd, uint64_t bytes, int to_fd)
{
	CLEANUP(freep) char *buffer = NULL;
	int r = 0;

	if (ioctl(to_fd, FICLONE, from_fd) == 0)
		return 0;
	buffer = malloc(BUFFER_BYTES);
	if (!buffer)
		return -ENOMEM;
	for (uint64_t at = 0; r == 0 && at < bytes; at += BUFFER_BYTES) {
		uint64_t left = bytes - at;
		size_t part = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;

		r = io_read_at(from_fd, at, buffer, part);
		if (r == 0)
			r = io_write_all(to_fd, buffer, part);
	}
	return r;
}

/* ---- mkfs ---- */

static const struct {
	const char *type;
	const char *keep; /* does not discard */
} mkfs_options[] = {
	{ "xfs", " -K" },
	{ "btrfs", " -K" },
	{ "nilfs2", " -K" },
	{ "f2fs", " -t 0" },
};

/* Only the last -E counts. */
static char *ext_mkfs(const char *mkfs)
{
	const char *blocks = strstr(mkfs, " -b ") ? "" : " -b 4096";
	const char *extended = strstr(mkfs, " -E "), *next;
	int head;

	if (!extended)
		return text_format("%s -E nodiscard%s", mkfs, blocks);
	while ((next = strstr(extended + 1, " -E ")))
		extended = next;
	extended += strlen(" -E ");
	head = (int)(extended - mkfs);
	return text_format("%.*snodiscard,%s%s", head, mkfs, extended, blocks);
}

char *recording_mkfs(const struct filesystem *filesystem)
{
	if (strncmp(filesystem->type, "ext", strlen("ext")) == 0)
		return ext_mkfs(filesystem->mkfs);
	for (size_t i = 0; i < ARRAY_SIZE(mkfs_options); i++)
		if (strcmp(mkfs_options[i].type, filesystem->type) == 0)
			return text_format("%s%s", filesystem->mkfs, mkfs_options[i].keep);
	return strdup(filesystem->mkfs);
}

/* ---- the log ---- */

int recording_log(const char *directory, struct problem *problem)
{
	CLEANUP(volume_clear) struct volume log = VOLUME_NONE;
	int r = volume_create(directory, log_bytes_most, 0, &log, problem);

	return r < 0 ? r : TAKE_FD(log.fd);
}

int recording_explain_log(int error, struct problem *problem)
{
	if (error == -ENODATA)
		return problem_set(problem, PROBLEM_LACK, ENODATA,
				   "the guest's writes were not recorded: the recorder is loaded "
				   "by the dynamic linker, so this User-Mode Linux may be linked "
				   "statically; use another one, or --on qemu");
	return problem_set(problem, PROBLEM_LACK, -error,
			   "the log of the guest's writes is incomplete: %s%s", strerror(-error),
			   error == -ENOSPC ? "; choose another directory with --scratch" : "");
}

int recording_open(const struct testbed_session *session, struct volume *volume,
		   struct testbed_recording *recording, struct problem *problem)
{
	CLEANUP(volume_clear) struct volume before = VOLUME_NONE;
	const char *directory = testbed_directory(session);
	int r = volume_create(directory, volume->bytes, 0, &before, problem);

	if (r < 0)
		return r;
	r = copy(volume->fd, volume->bytes, before.fd);
	if (r < 0)
		return no_room(session, r, problem);
	r = recording_log(directory, problem);
	if (r < 0)
		return r;
	volume->log_fd = recording->log_fd = r;
	recording->before_fd = TAKE_FD(before.fd);
	return 0;
}

int recording_close(struct volume *volume, struct testbed_recording *recording,
		    struct problem *problem)
{
	int r = write_log_finish(recording->log_fd);

	if (r < 0)
		return recording_explain_log(r, problem);
	recording->image_fd = TAKE_FD(volume->fd);
	return 0;
}

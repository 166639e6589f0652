/* SPDX-License-Identifier: MIT */
/*
 * An image is unnamed from the start (O_TMPFILE), so the kernel frees it when the last process
 * with it open ends, however that happens. mkfs and guests open it through /proc, and all mkfs
 * programs of the catalogue treat that as a regular file.  It is sparse and created for each
 * trial: every file system starts with the same empty volume, and a 20 GiB volume takes only the
 * space of what is written to it.
 */
#include "testbed/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "testbed/testbed.h"
#include "base/size.h"
#include "base/words.h"
#include "base/text.h"

/* For file systems without O_TMPFILE: the image has a name for a moment. */
static int open_and_unlink(const char *directory)
{
	CLEANUP(freep) char *path = NULL;
	int fd;

	path = text_format("%s/alloc-perf-XXXXXX", directory);
	if (!path)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0 && unlink(path) < 0)
		return fd_close(fd);
	return fd;
}

/* An image whose name was removed cannot be named again. */
static int open_unnamed(const char *directory, int to_keep)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || to_keep || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	return open_and_unlink(directory);
}

int volume_create(const char *directory, uint64_t bytes, int to_keep, struct volume *ret,
		  struct problem *problem)
{
	CLEANUP(volume_clear) struct volume volume = VOLUME_NONE;
	const char *option = to_keep ? "--keep-images" : "--scratch";
	char size[SIZE_TEXT_MAX];

	volume.fd = open_unnamed(directory, to_keep);
	if (volume.fd < 0)
		return problem_set(
			problem, PROBLEM_LACK, errno,
			"cannot create an image in %s: %s; choose another directory with %s",
			directory, strerror(errno), option);
	if (ftruncate(volume.fd, (off_t)bytes) < 0)
		return problem_set(problem, PROBLEM_LACK, errno,
				   "cannot create an image of %s in %s: %s; use a smaller "
				   "--volume, or another directory with %s",
				   size_name(bytes, size), directory, strerror(errno), option);
	volume.bytes = bytes;
	snprintf(volume.path, sizeof(volume.path), "/proc/%d/fd/%d", getpid(), volume.fd);
	*ret = volume;
	volume = VOLUME_NONE;
	return 0;
}

static int names_fault(const char *line)
{
	static const char *const words[] = { "invalid", "unrecognized", "unknown", "bad option" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasestr(line, words[i]))
			return 1;
	return 0;
}

/* The error message in the output: the line before a usage, or the last one.  Modifies `text`. */
static const char *telling_line(char *text)
{
	const char *last = "it printed nothing";
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (names_fault(line))
			return line;
		if (*line)
			last = line;
	}
	return last;
}

/* Dirty pages of mkfs would otherwise be flushed during the trial. */
int volume_flush(const struct volume *volume, struct problem *problem)
{
	CLEANUP(fd_closep) int fd = open(volume->path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fdatasync(fd) == 0)
		return 0;
	return problem_set(problem, PROBLEM_VERDICT, errno, "flushing the new volume: %s",
			   strerror(errno));
}

int volume_format(const struct volume *volume, const struct filesystem *filesystem, int cancel_fd,
		  struct problem *problem)
{
	CLEANUP(freep) char **words = words_split(filesystem->mkfs, " \t");
	CLEANUP(freep) const char **argv = NULL;
	CLEANUP(freep) char *output = NULL;
	size_t count;
	int r;

	if (!words)
		return -ENOMEM;
	count = words_count(words);
	argv = calloc(count + 2, sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	memcpy(argv, words, count * sizeof(*argv));
	argv[count] = volume->path;
	r = child_run(argv, cancel_fd, &output);
	if (r == 0 || r == -ECANCELED)
		return r;
	if (r < 0)
		return problem_set(problem, PROBLEM_LACK, -r, "cannot run %s: %s", words[0],
				   strerror(-r));
	return problem_set(problem, PROBLEM_VERDICT, filesystem->added_mkfs_options ? EINVAL : EIO,
			   "%s exited with status %d: %s", filesystem->mkfs, r,
			   output ? telling_line(output) : "");
}

int volume_keep(const struct volume *volume, const char *path, struct problem *problem)
{
	if (linkat(AT_FDCWD, volume->path, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0)
		return problem_set(problem, PROBLEM_VERDICT, errno,
				   "cannot keep the image as %s: %s; its trial is recorded, and "
				   "--resume continues with the others",
				   path, strerror(errno));
	return 0;
}

void volume_clear(struct volume *volume)
{
	if (volume->device)
		device_vacate(volume->device);
	volume->device = NULL;
	volume->fd = fd_close(volume->fd);
}

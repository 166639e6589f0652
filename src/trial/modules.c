/* SPDX-License-Identifier: MIT */
/*
 * The order and the dependencies are found by the host, which has modules.dep
 * and a library that reads it; here they are only handed to the kernel.
 */
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cleanup.h"
#include "words.h"

static const char host_directory[] = "/host";

static int load_one(const char *file)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(fd_closep) int fd = -1;

	if (asprintf(&path, "%s/%s", host_directory, file) < 0)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

int modules_load(const char *root, const char *files)
{
	CLEANUP(freep) char **words = words_split(files, " ");

	if (!words)
		return -ENOMEM;
	if (mkdir(host_directory, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (mount("none", host_directory, "hostfs", MS_RDONLY, root) < 0)
		return -errno;
	for (char **word = words; *word; word++) {
		int r = load_one(*word);

		if (r < 0)
			return r;
	}
	return umount(host_directory) < 0 ? -errno : 0;
}

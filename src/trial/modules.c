/* SPDX-License-Identifier: MIT */
/*
 * The host finds the dependencies and the order, since it has modules.dep and a library to read it;
 * here the modules are only passed to the kernel.
 */
#include "trial/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/words.h"

const char module_directory[] = "modules";

const char *module_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

static int module_load(const char *file)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(fd_closep) int fd = -1;

	path = text_format("/%s/%s", module_directory, module_name(file));
	if (!path)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

int modules_load(const char *files, char **ret_failed)
{
	CLEANUP(freep) char **words = words_split(files ? files : "", " ");
	char **file = words;
	int r = words ? 0 : -ENOMEM;

	for (; r == 0 && *file; file++) {
		r = module_load(*file);
		if (r == -ENODEV)
			r = 0;
		if (r < 0)
			*ret_failed = strdup(module_name(*file));
	}
	return r;
}

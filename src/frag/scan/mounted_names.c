/* SPDX-License-Identifier: MIT */
/*
 * Directories of a mounted file system tell the inode of each name, so that no
 * file is looked at.  Each is opened by its whole path: what lies deeper than the
 * kernel takes a path stays a number.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "frag/scan/names.h"
#include "frag/account/file.h"

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static DIR *open_directory(const struct mounted_directories *directories, const char *path)
{
	CLEANUP(fd_closep) int fd = frag_open(AT_FDCWD, path, false);
	struct stat status;
	DIR *dir;

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_dev != directories->device)
		return NULL;
	dir = fdopendir(fd);
	if (dir)
		(void)TAKE_FD(fd);
	return dir;
}

/* Old file systems do not tell in the directory what an entry is. */
static unsigned char type_of(DIR *dir, const struct dirent *entry)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN ||
	    fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return entry->d_type;
	return (unsigned char)IFTODT(status.st_mode);
}

static int read_directory(struct names *names, uint64_t directory, void *context)
{
	struct mounted_directories *directories = context;
	const char *path = names_path(names, directory, directories->path);
	CLEANUP(dir_closep) DIR *dir = path ? open_directory(directories, path) : NULL;
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && dir && (entry = readdir(dir))) {
		unsigned char type = type_of(dir, entry);

		if (type == DT_DIR || type == DT_REG)
			r = names_add(names, directory, entry->d_ino, entry->d_name,
				      strlen(entry->d_name), type == DT_DIR);
	}
	return r;
}

int mounted_names(struct mounted_directories *directories, const char *top,
		  struct names_source *ret)
{
	struct stat status;

	if (stat(top, &status) < 0)
		return -errno;
	directories->device = status.st_dev;
	*ret = (struct names_source) { read_directory, directories, status.st_ino, top };
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Directories tell the inode of each name, so that no file is looked at.  They
 * are read depth first, each by its whole path: what lies deeper than the kernel
 * takes a path stays a number.
 */
#include "names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "array.h"
#include "cleanup.h"

enum { FOLDERS_MAX = 1 << 16 };

struct search {
	uint64_t device;
	struct worst *worst;
	size_t missing;
	char **folders; /* still to be read */
	size_t folder_count;
};

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void search_clear(struct search *search)
{
	while (search->folder_count)
		free(search->folders[--search->folder_count]);
	free(search->folders);
}

static char *join(const char *folder, const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s%s%s", folder, strcmp(folder, "/") == 0 ? "" : "/", name) < 0)
		return NULL;
	return path;
}

static void look_at_name(struct search *search, const char *folder, const struct dirent *entry)
{
	for (size_t i = 0; i < search->worst->count; i++) {
		struct frag_file *file = &search->worst->file[i];

		if (file->inode != entry->d_ino || file->path)
			continue;
		file->path = join(folder, entry->d_name);
		search->missing -= file->path != NULL;
	}
}

/* What does not fit is left out: its files stay numbers. */
static void keep_folder(struct search *search, const char *folder, const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    search->folder_count >= FOLDERS_MAX ||
	    ARRAY_ROOM(search->folders, search->folder_count) < 0)
		return;
	search->folders[search->folder_count] = join(folder, name);
	search->folder_count += search->folders[search->folder_count] != NULL;
}

static DIR *open_folder(const struct search *search, const char *path)
{
	CLEANUP(fd_closep) int fd = frag_open(AT_FDCWD, path, false);
	struct stat status;
	DIR *dir;

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_dev != search->device)
		return NULL;
	dir = fdopendir(fd);
	if (dir)
		(void)TAKE_FD(fd);
	return dir;
}

static void read_folder(struct search *search, const char *path)
{
	CLEANUP(dir_closep) DIR *dir = open_folder(search, path);
	const struct dirent *entry;

	while (dir && search->missing && (entry = readdir(dir))) {
		if (entry->d_type == DT_DIR)
			keep_folder(search, path, entry->d_name);
		else
			look_at_name(search, path, entry);
	}
}

void names_find(const struct frag_settings *settings, const char *top, uint64_t device,
		struct worst *worst)
{
	struct pollfd cancel = { .fd = settings->cancel_fd, .events = POLLIN };
	CLEANUP(search_clear) struct search search = { .device = device, .worst = worst };

	for (size_t i = 0; i < worst->count; i++)
		search.missing += worst->file[i].path == NULL;
	if (search.missing)
		read_folder(&search, top);
	while (search.folder_count && search.missing && poll(&cancel, 1, 0) == 0) {
		CLEANUP(freep) char *folder = search.folders[--search.folder_count];

		read_folder(&search, folder);
	}
}

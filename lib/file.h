/* SPDX-License-Identifier: MIT */
/*
 * A copy of a struct prealloc_file: a file that is named by its path and opened when it is needed.
 */
#ifndef PREALLOC_FILE_H
#define PREALLOC_FILE_H

#include "prealloc.h"

struct file {
	char *path; /* absolute */
	uint64_t offset, length;
	struct prealloc_options options;
	void *tag;
	uint32_t mode;
};

/*
 * Copies a struct of any version of the header.  0, -EINVAL, -ENOMEM, or the -errno of getcwd(3).
 */
int file_take(struct file *ret, const struct prealloc_file *given);
void file_clear(struct file *file);

/* Opens the file for writing and creates it if it does not exist. fd or -errno. */
int file_create(const struct file *file, int *ret_created);

/* Removes a file that was created, if it is still empty.  Whether it was removed. */
int file_remove_empty(const struct file *file, int fd);

/* For CLEANUP(). */
void file_close(int *fd);

/* fsync() of the file.  0 or -errno. */
int file_sync(int fd);

/*
 * fsync() of the directory that contains the file.  0; -ENOENT: the directory was not found; or
 * -errno.
 */
int file_sync_directory(int fd);

#endif

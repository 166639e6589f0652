/* SPDX-License-Identifier: MIT */
/* A struct prealloc_file of the caller, copied: named by its path, opened when needed. */
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

/* Copies one of any version of the header.  0, -EINVAL, -ENOMEM, or -errno of getcwd(3). */
int file_take(struct file *ret, const struct prealloc_file *given);
void file_clear(struct file *file);

/* Opens it for writing, and creates it if it is not there.  The descriptor or -errno. */
int file_create(const struct file *file, int *ret_created);

/* Removes a file that was created, if nobody has put anything into it.  Was it? */
int file_remove_empty(const struct file *file, int fd);

/* For CLEANUP(). */
void file_close(int *fd);

/* fsync() of the file.  0 or -errno. */
int file_sync(int fd);

/* fsync() of the directory that holds it.  0, -ENOENT (not found), -errno. */
int file_sync_directory(int fd);

#endif

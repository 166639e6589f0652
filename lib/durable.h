/* SPDX-License-Identifier: MIT */
#ifndef PREALLOC_DURABLE_H
#define PREALLOC_DURABLE_H

/* fsync() of the file.  0 or -errno. */
int durable_file(int fd);

/* fsync() of the directory that holds it.  0, -ENOENT (not found), -errno. */
int durable_directory(int fd);

#endif

/* SPDX-License-Identifier: MIT */
/* Directories of the walk, and their paths. */
#ifndef FRAG_FOLDER_H
#define FRAG_FOLDER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* A directory.  Lives as long as something in it is still to be opened. */
struct folder {
	struct folder *parent; /* NULL: named by the user, relative to where we are */
	struct folder *below;  /* in the stack of work */
	atomic_uint users;     /* the children, and whoever reads it */
	int fd;		       /* -1: not opened yet */
	uint64_t device;
	char name[];
};

/* `parent` may be NULL.  NULL: out of memory. */
struct folder *folder_new(struct folder *parent, const char *name);

/* Gives back one use; NULL-safe. */
void folder_release(struct folder *folder);

/* Where a thread puts paths together. */
struct folder_path {
	char *text; /* of the folder in hand, with a slash behind it; free() it */
	size_t bytes, room;
	size_t root_bytes; /* of the topmost folder, as the user named it; the root: 0 */
};

/* The folder in hand; NULL: none, names stand for themselves.  0 or -ENOMEM. */
int folder_path_set(struct folder_path *path, const struct folder *folder);

/* Of a name in it; valid until the next call.  NULL: out of memory. */
const char *folder_path_of(struct folder_path *path, const char *name);

#endif

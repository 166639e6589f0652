/* SPDX-License-Identifier: MIT */
/* Directories of the walk, and their paths. */
#ifndef FRAG_DIRECTORY_H
#define FRAG_DIRECTORY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/* A directory.  Lives as long as something in it is still to be opened. */
struct directory {
	struct directory *parent; /* NULL: named by the user */
	struct directory *below;  /* in the stack of work: the one below */
	atomic_uint users;	  /* its children, and the threads that read it */
	int fd;			  /* -1: not opened yet */
	uint64_t device;
	char name[];
};

/* `parent` may be NULL.  NULL: out of memory. */
struct directory *directory_new(struct directory *parent, const char *name);

/* Gives back one use; NULL-safe. */
void directory_release(struct directory *directory);

/* The path of a thread's current directory. */
struct directory_path {
	struct strbuf text; /* strbuf_clear() it */
	size_t bytes;	    /* of the directory, with a slash at the end */
	size_t root_bytes;  /* of the topmost directory, as the user named it; the root: 0 */
};

/* Sets the current directory; NULL: none, names stay as they are.  0 or -ENOMEM. */
int directory_path_set(struct directory_path *path, const struct directory *directory);

/* The path of a name in it; valid until the next call.  NULL: out of memory. */
const char *directory_path_of(struct directory_path *path, const char *name);

#endif

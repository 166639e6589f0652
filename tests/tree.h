/* SPDX-License-Identifier: MIT */
/* A folder of a test's own, with the files that it writes there. */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include <stddef.h>

/* Its path, between the two. */
extern char tree[];

/* Setup and teardown of a test: the latter comes also after a failure or a skip. */
int tree_make(void **state);
int tree_remove(void **state);

/* The path of `name` in it; the caller frees. */
char *tree_path(const char *name);

/* Each makes the folders on the way to `name` as well. */
void tree_put_folder(const char *name);
void tree_put(const char *name, const char *text);
void tree_put_bytes(const char *name, const void *data, size_t bytes);
void tree_put_link(const char *name, const char *target);

#endif

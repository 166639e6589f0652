/* SPDX-License-Identifier: MIT */
/*
 * A directory has its name and its parent.  Paths are put together only to be shown: they may be
 * longer than the kernel accepts, so that nothing is opened by its path.
 */
#include "frag/scan/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct directory *directory_new(struct directory *parent, const char *name)
{
	size_t bytes = strlen(name) + 1;
	struct directory *directory = malloc(sizeof(*directory) + bytes);

	if (!directory)
		return NULL;
	*directory = (struct directory) { .parent = parent, .fd = -1 };
	atomic_init(&directory->users, 1);
	memcpy(directory->name, name, bytes);
	/* The root's name is its slash. */
	while (bytes > 2 && !parent && directory->name[bytes - 2] == '/')
		directory->name[--bytes - 1] = '\0';
	if (parent)
		atomic_fetch_add(&parent->users, 1);
	return directory;
}

void directory_release(struct directory *directory)
{
	while (directory && atomic_fetch_sub(&directory->users, 1) == 1) {
		struct directory *parent = directory->parent;

		fd_close(directory->fd);
		free(directory);
		directory = parent;
	}
}

/* ---- paths ---- */

static size_t length_of(const struct directory *directory)
{
	size_t bytes = 0;

	for (; directory; directory = directory->parent)
		bytes += strlen(directory->name) + 1;
	return bytes;
}

int directory_path_set(struct directory_path *path, const struct directory *directory)
{
	size_t end = length_of(directory);
	char *text;

	strbuf_cut(&path->text, 0);
	text = strbuf_reserve(&path->text, end);
	if (!text)
		return -ENOMEM;
	path->bytes = path->text.bytes = end;
	text[end] = '\0';
	path->root_bytes = 0;
	for (; directory; directory = directory->parent) {
		size_t bytes = strlen(directory->name);

		text[--end] = '/';
		end -= bytes;
		memcpy(text + end, directory->name, bytes);
		path->root_bytes = strcmp(directory->name, "/") == 0 ? 0 : bytes;
	}
	/* The user named "/": no second slash. */
	if (path->bytes > 1 && text[0] == '/' && text[1] == '/') {
		memmove(text, text + 1, path->bytes);
		path->text.bytes = --path->bytes;
	}
	return 0;
}

const char *directory_path_of(struct directory_path *path, const char *name)
{
	strbuf_cut(&path->text, path->bytes);
	strbuf_puts(&path->text, name);
	return path->text.failed ? NULL : path->text.text;
}

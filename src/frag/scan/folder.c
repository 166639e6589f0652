/* SPDX-License-Identifier: MIT */
/*
 * A directory knows its name and its parent, and paths are put together only for
 * who wants to see one: they may be longer than the kernel takes, so that nothing
 * is opened by them.
 */
#include "frag/scan/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct folder *folder_new(struct folder *parent, const char *name)
{
	size_t bytes = strlen(name) + 1;
	struct folder *folder = malloc(sizeof(*folder) + bytes);

	if (!folder)
		return NULL;
	*folder = (struct folder) { .parent = parent, .fd = -1 };
	atomic_init(&folder->users, 1);
	memcpy(folder->name, name, bytes);
	/* The root's name is its slash. */
	while (bytes > 2 && !parent && folder->name[bytes - 2] == '/')
		folder->name[--bytes - 1] = '\0';
	if (parent)
		atomic_fetch_add(&parent->users, 1);
	return folder;
}

void folder_release(struct folder *folder)
{
	while (folder && atomic_fetch_sub(&folder->users, 1) == 1) {
		struct folder *parent = folder->parent;

		fd_close(folder->fd);
		free(folder);
		folder = parent;
	}
}

/* ---- paths ---- */

static int reserve(struct folder_path *path, size_t bytes)
{
	char *larger;

	if (bytes <= path->room)
		return 0;
	larger = realloc(path->text, 2 * bytes);
	if (!larger)
		return -ENOMEM;
	path->text = larger;
	path->room = 2 * bytes;
	return 0;
}

static size_t length_of(const struct folder *folder)
{
	size_t bytes = 0;

	for (; folder; folder = folder->parent)
		bytes += strlen(folder->name) + 1;
	return bytes;
}

int folder_path_set(struct folder_path *path, const struct folder *folder)
{
	size_t end = length_of(folder);
	int r = reserve(path, end + 1);

	if (r < 0)
		return r;
	path->bytes = end;
	path->text[end] = '\0';
	path->root_bytes = 0;
	for (; folder; folder = folder->parent) {
		size_t bytes = strlen(folder->name);

		path->text[--end] = '/';
		end -= bytes;
		memcpy(path->text + end, folder->name, bytes);
		path->root_bytes = strcmp(folder->name, "/") == 0 ? 0 : bytes;
	}
	/* "/" was named: no second slash. */
	if (path->bytes > 1 && path->text[0] == '/' && path->text[1] == '/') {
		memmove(path->text, path->text + 1, path->bytes);
		path->bytes--;
	}
	return 0;
}

const char *folder_path_of(struct folder_path *path, const char *name)
{
	size_t bytes = strlen(name) + 1;

	if (reserve(path, path->bytes + bytes) < 0)
		return NULL;
	memcpy(path->text + path->bytes, name, bytes);
	return path->text;
}

/* SPDX-License-Identifier: MIT */
/*
 * The items of an inode contain its name and directory, and the tree of roots those of each
 * subvolume, so that a path is put together from its end.  Consecutive files are mostly in the
 * same directory: a few hundred paths of directories are remembered.
 *
 * On a damaged volume directories may contain one another; a path ends where its buffer does.
 */
#include <endian.h>
#include <errno.h>
#include <linux/btrfs_tree.h>
#include <stdlib.h>
#include <string.h>

#include "frag/btrfs/btrfs.h"
#include "base/cleanup.h"
#include "frag/frag.h"

enum { REMEMBERED = 256, PATH_BYTES = 1 << 16, REMEMBERED_BYTES = 8192 };

struct remembered {
	uint64_t tree, directory;
	char *path;   /* with a slash behind it; NULL: nothing here */
	bool is_lost; /* there is none */
};

struct btrfs_paths {
	int fd;
	void *buffer; /* for searches */
	uint64_t top_tree;
	const char *top;
	struct remembered remembered[REMEMBERED];
	size_t begin; /* of what is put together so far, in `path` */
	char path[PATH_BYTES];
};

/* ---- names ---- */

static int copy_name(const struct btree_item *item, size_t at, size_t bytes, struct btrfs_name *ret)
{
	const char *name = (const char *)item->data + at;

	if (bytes == 0 || bytes > BTRFS_NAME_BYTES || bytes > item->bytes - at ||
	    memchr(name, '\0', bytes) || memchr(name, '/', bytes))
		return 0;
	memcpy(ret->name, name, bytes);
	ret->name[bytes] = '\0';
	return 1;
}

int btrfs_name_take(const struct btree_item *item, struct btrfs_name *ret)
{
	struct btrfs_inode_extref extended;
	struct btrfs_inode_ref inode;
	struct btrfs_root_ref root;

	if (item->type == BTRFS_INODE_REF_KEY && item->bytes >= sizeof(inode)) {
		memcpy(&inode, item->data, sizeof(inode));
		ret->parent = item->offset;
		return copy_name(item, sizeof(inode), le16toh(inode.name_len), ret);
	}
	if (item->type == BTRFS_INODE_EXTREF_KEY && item->bytes >= sizeof(extended)) {
		memcpy(&extended, item->data, sizeof(extended));
		ret->parent = le64toh(extended.parent_objectid);
		return copy_name(item, sizeof(extended), le16toh(extended.name_len), ret);
	}
	if (item->type == BTRFS_ROOT_BACKREF_KEY && item->bytes >= sizeof(root)) {
		memcpy(&root, item->data, sizeof(root));
		ret->tree = item->offset;
		ret->parent = le64toh(root.dirid);
		return copy_name(item, sizeof(root), le16toh(root.name_len), ret);
	}
	return 0;
}

static int take_name(const struct btree_item *item, void *ret_name)
{
	return btrfs_name_take(item, ret_name);
}

/* ---- memory ---- */

static struct remembered *slot_of(struct btrfs_paths *paths, uint64_t tree, uint64_t directory)
{
	return &paths->remembered[(tree * 31 + directory) * 0x9e3779b97f4a7c15u >> 56];
}

static const char *recall(struct btrfs_paths *paths, uint64_t tree, uint64_t directory)
{
	const struct remembered *slot = slot_of(paths, tree, directory);

	return slot->tree == tree && slot->directory == directory ? slot->path : NULL;
}

static bool is_lost(struct btrfs_paths *paths, uint64_t tree, uint64_t directory)
{
	const struct remembered *slot = slot_of(paths, tree, directory);

	return slot->tree == tree && slot->directory == directory && slot->is_lost;
}

/* Without memory the path is looked up again. */
static void remember(struct btrfs_paths *paths, uint64_t tree, uint64_t directory, bool is_lost)
{
	struct remembered *slot = slot_of(paths, tree, directory);
	const char *path = paths->path + paths->begin;

	free(slot->path);
	*slot = (struct remembered) { .tree = tree, .directory = directory, .is_lost = is_lost };
	if (!is_lost && PATH_BYTES - paths->begin <= REMEMBERED_BYTES)
		slot->path = strdup(path);
}

struct btrfs_paths *btrfs_paths_new(int fd, uint64_t top_tree, const char *top)
{
	CLEANUP(btrfs_paths_freep) struct btrfs_paths *paths = calloc(1, sizeof(*paths));

	if (!paths)
		return NULL;
	paths->fd = fd;
	paths->buffer = btrfs_buffer_new();
	paths->top_tree = top_tree;
	paths->top = top;
	return paths->buffer ? TAKE_PTR(paths) : NULL;
}

void btrfs_paths_freep(struct btrfs_paths **paths)
{
	if (!*paths)
		return;
	for (size_t i = 0; i < REMEMBERED; i++)
		free((*paths)->remembered[i].path);
	free((*paths)->buffer);
	free(*paths);
}

/* ---- paths ---- */

static int prepend(struct btrfs_paths *paths, const char *text, const char *behind)
{
	size_t bytes = strlen(text), more = strlen(behind);

	if (bytes + more > paths->begin)
		return -ENAMETOOLONG;
	paths->begin -= bytes + more;
	memcpy(paths->path + paths->begin, text, bytes);
	memcpy(paths->path + paths->begin + bytes, behind, more);
	return 0;
}

/* 1: the start of the path was reached. */
static int leave_subvolume(struct btrfs_paths *paths, uint64_t *tree, uint64_t *directory)
{
	struct btrfs_name name = { 0 };
	char number[48];
	int r;

	if (*tree == paths->top_tree) {
		r = prepend(paths, strcmp(paths->top, "/") == 0 ? "" : paths->top, "/");
		return r < 0 ? r : 1;
	}
	if (btrfs_search(paths->fd, paths->buffer, BTRFS_ROOT_TREE_OBJECTID, *tree, *tree,
			 take_name, &name) <= 0) {
		snprintf(number, sizeof(number), FRAG_UNREACHABLE "%llu)",
			 (unsigned long long)*tree);
		r = prepend(paths, number, "/");
		return r < 0 ? r : 1;
	}
	*tree = name.tree;
	*directory = name.parent;
	return prepend(paths, name.name, "/");
}

/* Prepends the path of a directory, with a slash at its end. */
static int add_directory(struct btrfs_paths *paths, uint64_t tree, uint64_t directory)
{
	struct btrfs_name name;
	int r = 0;

	while (r == 0) {
		const char *known = recall(paths, tree, directory);

		if (known)
			return prepend(paths, known, "");
		if (directory == BTRFS_FIRST_FREE_OBJECTID) {
			r = leave_subvolume(paths, &tree, &directory);
			continue;
		}
		r = btrfs_search(paths->fd, paths->buffer, tree, directory, directory, take_name,
				 &name);
		if (r <= 0)
			return r < 0 ? r : -ENOENT;
		directory = name.parent;
		r = prepend(paths, name.name, "/");
	}
	return r < 0 ? r : 0;
}

const char *btrfs_path_of(struct btrfs_paths *paths, uint64_t tree, const struct btrfs_name *name)
{
	const char *known = recall(paths, tree, name->parent);
	size_t end;

	if (is_lost(paths, tree, name->parent))
		return NULL;
	paths->begin = PATH_BYTES - 1;
	if (!known) {
		int r = add_directory(paths, tree, name->parent);

		remember(paths, tree, name->parent, r < 0);
		if (r < 0)
			return NULL;
		known = paths->path + paths->begin;
	}
	end = strlen(known);
	memmove(paths->path, known, end);
	if (end + strlen(name->name) + 1 > PATH_BYTES)
		return NULL;
	strcpy(paths->path + end, name->name);
	return paths->path;
}

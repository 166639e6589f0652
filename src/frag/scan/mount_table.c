/* SPDX-License-Identifier: MIT */
/* A file of its own, since a guest, where one thing alone is mounted, has another. */
#include <errno.h>
#include <libmount.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "frag/scan/filesystem.h"

static void iter_freep(struct libmnt_iter **rows)
{
	mnt_free_iter(*rows);
}

static void table_unrefp(struct libmnt_table **table)
{
	mnt_unref_table(*table);
}

/* The row of the mount table that `fd` is below; it lives as long as the table. */
static struct libmnt_fs *mount_of(struct libmnt_table *table, int fd)
{
	CLEANUP(iter_freep) struct libmnt_iter *rows = mnt_new_iter(MNT_ITER_BACKWARD);
	struct libmnt_fs *mount;
	struct statx status;

	if (!table || !rows || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0 ||
	    !(status.stx_mask & STATX_MNT_ID))
		return NULL;
	while (mnt_table_next_fs(table, rows, &mount) == 0)
		if ((uint64_t)mnt_fs_get_id(mount) == status.stx_mnt_id)
			return mount;
	return NULL;
}

/*
 * The block device that is mounted; NULL: there is none.  What the table calls
 * the source of an overlay, of proc and so on is any word, and no path.
 */
static const char *source_of(struct libmnt_fs *mount, struct stat *ret)
{
	const char *source = mount ? mnt_fs_get_srcpath(mount) : NULL;

	if (!source || source[0] != '/' || stat(source, ret) < 0 || !S_ISBLK(ret->st_mode))
		return NULL;
	return source;
}

static int copy(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -ENOMEM : 0;
}

int filesystem_mount(int fd, struct filesystem_mount *ret)
{
	CLEANUP(table_unrefp)
	struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");
	struct libmnt_fs *row = mount_of(table, fd);
	const char *root = row ? mnt_fs_get_root(row) : NULL;
	struct filesystem_mount mount = { .is_whole = root && strcmp(root, "/") == 0 };
	struct stat status;

	if (row && (copy(source_of(row, &status), &mount.device) < 0 ||
		    copy(mnt_fs_get_target(row), &mount.point) < 0 ||
		    copy(mnt_fs_get_fstype(row), &mount.type) < 0)) {
		filesystem_mount_clear(&mount);
		return -ENOMEM;
	}
	*ret = mount;
	return 0;
}

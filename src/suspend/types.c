/* SPDX-License-Identifier: MIT */
/*
 * Only exceptions are listed: a type that is not here and has a block device is
 * frozen, and where the kernel refuses (EOPNOTSUPP), written out instead.
 */
#include "suspend/types.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

static const struct type {
	const char *name;
	enum type_nature nature;
} types[] = {
	{ "9p", TYPE_UNTOUCHED },	{ "afs", TYPE_UNTOUCHED },
	{ "autofs", TYPE_UNTOUCHED },	{ "bcachefs", TYPE_DISK },
	{ "beegfs", TYPE_UNTOUCHED },	{ "btrfs", TYPE_DISK },
	{ "ceph", TYPE_UNTOUCHED },	{ "cifs", TYPE_UNTOUCHED },
	{ "coda", TYPE_UNTOUCHED },	{ "ecryptfs", TYPE_STACKED },
	{ "exfat", TYPE_SYNC },		{ "fuse", TYPE_UNTOUCHED },
	{ "fuseblk", TYPE_UNTOUCHED },	{ "fusectl", TYPE_VIRTUAL },
	{ "gfs2", TYPE_SHARED },	{ "glusterfs", TYPE_UNTOUCHED },
	{ "gpfs", TYPE_UNTOUCHED },	{ "hfs", TYPE_SYNC },
	{ "hfsplus", TYPE_SYNC },	{ "jffs2", TYPE_SYNC },
	{ "lustre", TYPE_UNTOUCHED },	{ "msdos", TYPE_SYNC },
	{ "ncpfs", TYPE_UNTOUCHED },	{ "nfs", TYPE_UNTOUCHED },
	{ "nfs4", TYPE_UNTOUCHED },	{ "ntfs3", TYPE_SYNC },
	{ "ocfs2", TYPE_SHARED },	{ "orangefs", TYPE_UNTOUCHED },
	{ "overlay", TYPE_STACKED },	{ "pvfs2", TYPE_UNTOUCHED },
	{ "smb3", TYPE_UNTOUCHED },	{ "smbfs", TYPE_UNTOUCHED },
	{ "ubifs", TYPE_SYNC },		{ "udf", TYPE_SYNC },
	{ "vboxsf", TYPE_UNTOUCHED },	{ "vfat", TYPE_SYNC },
	{ "virtiofs", TYPE_UNTOUCHED }, { "zfs", TYPE_SYNC },
};

enum type_nature type_nature(const char *type, bool has_device)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].name, type) == 0)
			return types[i].nature;
	if (strcmp(type, TYPE_NAME_DEVICE) == 0)
		return TYPE_DEVICE;
	if (strncmp(type, "fuse.", 5) == 0)
		return TYPE_UNTOUCHED;
	return has_device ? TYPE_DISK : TYPE_VIRTUAL;
}

bool type_has_hidden_device(const char *type)
{
	return strcmp(type, "btrfs") == 0 || strcmp(type, "bcachefs") == 0;
}

/* SPDX-License-Identifier: MIT */
/* What is known of file systems by their type. */
#ifndef SUSPEND_TYPES_H
#define SUSPEND_TYPES_H

#include <stdbool.h>

enum type_nature {
	TYPE_DISK,	/* freezable, as far as is known */
	TYPE_SYNC,	/* on a disk, and the kernel cannot freeze it */
	TYPE_VIRTUAL,	/* nothing of it is on a disk */
	TYPE_STACKED,	/* its data is in other file systems: overlay, ecryptfs */
	TYPE_UNTOUCHED, /* opening it can hang: a daemon or a server answers */
	TYPE_SHARED,	/* other machines write to it as well */
	TYPE_DEVICE,	/* no file system: a device that nothing is mounted from */
};

#define TYPE_NAME_DEVICE "device"

/* `has_device`: the mount has a block device. */
enum type_nature type_nature(const char *type, bool has_device);

/* One that tells by its source, and not by its number, what device it is on. */
bool type_has_hidden_device(const char *type);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * This uses mount(2) without a library: the same code is in the init of a guest, which is linked
 * statically and small.
 */
#include "blockdev/mount.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "blockdev/storage.h"

enum { DEVICE_TRIES = 500, DEVICE_PAUSE_MS = 10, RELEASE_TRIES = 50, RELEASE_PAUSE_MS = 20 };

/* Options that are flags of mount(2); file systems reject them in their option string. */
static const struct {
	const char *word;
	unsigned long flag;
} mount_flags[] = {
	{ "ro", MS_RDONLY },
	{ "noatime", MS_NOATIME },
	{ "nodiratime", MS_NODIRATIME },
	{ "relatime", MS_RELATIME },
	{ "sync", MS_SYNCHRONOUS },
	{ "dirsync", MS_DIRSYNC },
	{ "lazytime", MS_LAZYTIME },
	{ "strictatime", MS_STRICTATIME },
	{ "nodev", MS_NODEV },
	{ "nosuid", MS_NOSUID },
	{ "noexec", MS_NOEXEC },
};

static unsigned long flag_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(mount_flags); i++)
		if (strcmp(mount_flags[i].word, word) == 0)
			return mount_flags[i].flag;
	return 0;
}

int mount_await_device(const char *device, struct stat *ret_status)
{
	const struct timespec pause = { .tv_nsec = DEVICE_PAUSE_MS * 1000000L };
	struct stat status;

	for (int i = 0; stat(device, &status) < 0; i++) {
		if (errno != ENOENT || i == DEVICE_TRIES)
			return -errno;
		nanosleep(&pause, NULL);
	}
	if (ret_status)
		*ret_status = status;
	return 0;
}

int mount_volume(const char *device, const char *directory, const char *type, const char *options)
{
	CLEANUP(freep) char **words = words_split(options, ",");
	CLEANUP(freep) char *data = calloc(1, strlen(options) + 1);
	unsigned long flags = 0;

	if (!words || !data)
		return -ENOMEM;
	for (char **word = words; *word; word++) {
		unsigned long flag = flag_of(*word);

		flags |= flag;
		if (flag || strcmp(*word, "defaults") == 0)
			continue;
		if (*data)
			strcat(data, ",");
		strcat(data, *word);
	}
	return mount(device, directory, type, flags, data) < 0 ? -errno : 0;
}

int mount_release(const char *directory)
{
	const struct timespec pause = { .tv_nsec = RELEASE_PAUSE_MS * 1000000L };

	for (int i = 0; umount(directory) < 0; i++) {
		if (errno != EBUSY || i == RELEASE_TRIES)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

char *mount_options_of(const char *directory)
{
	CLEANUP(storage_clear) struct storage storage = { 0 };

	return storage_find(directory, &storage) < 0 ? NULL : TAKE_PTR(storage.options);
}

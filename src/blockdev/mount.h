/* SPDX-License-Identifier: MIT */
/* Mounts a volume with options of the catalogue. */
#ifndef BLOCKDEV_MOUNT_H
#define BLOCKDEV_MOUNT_H

#include <sys/stat.h>

/*
 * Waits for a device, which its driver may still be detecting after its module was loaded.
 * `ret_status` may be NULL.  0 or -errno.
 */
int mount_await_device(const char *device, struct stat *ret_status);

/* Mounts a device.  0 or -errno. */
int mount_volume(const char *device, const char *directory, const char *type, const char *options);

/* Retries for a while if another process uses the volume (EBUSY).  0 or -errno. */
int mount_release(const char *directory);

/*
 * The options of the mount on that directory, as the kernel reports them.  The caller frees them;
 * NULL: not found.
 */
char *mount_options_of(const char *directory);

#endif

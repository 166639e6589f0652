/* SPDX-License-Identifier: MIT */
/* NFS inside a guest, without any of its programs. */
#ifndef TESTS_SERVED_H
#define TESTS_SERVED_H

/*
 * Has the kernel serve /mnt, and mounts that by NFS on `directory`: `version` is "3" or
 * "4.2".  For the init of a guest whose modules are loaded and which has /proc.  0 or -errno.
 */
int served_mount(const char *version, const char *directory);

/* Unmounts, and ends the server, so that /mnt is free.  0 or -errno. */
int served_unmount(const char *directory);

#endif

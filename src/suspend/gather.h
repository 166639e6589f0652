/* SPDX-License-Identifier: MIT */
/*
 * The root of the cgroup tree cannot be frozen.  Where processes are in it, as without
 * systemd, they are put into a cgroup of ours for the time.
 */
#ifndef SUSPEND_GATHER_H
#define SUSPEND_GATHER_H

#define GATHER_PATH "/suspend-freeze"

/* How many there are that could write, with the name of one; negative: -errno. */
int gather_count(const char *root, char ret_name[static 64]);

/* Makes the cgroup.  0 or -errno. */
int gather_prepare(const char *root);

/* Puts them there, also those that are started meanwhile.  0 or -errno. */
int gather_all(const char *root);

/* Puts them back, and removes the cgroup. */
void gather_release(const char *root);

#endif

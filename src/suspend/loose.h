/* SPDX-License-Identifier: MIT */
/* Block devices over files that nothing is mounted from: an image in use by a machine's emulator,
 * say. */
#ifndef SUSPEND_LOOSE_H
#define SUSPEND_LOOSE_H

struct devices;
struct mounts;

/*
 * Adds a line for each to the mount table, with TYPE_NAME_DEVICE, so that the plan has them in
 * its order.  0 or -ENOMEM.
 */
int loose_add(struct mounts *mounts, const struct devices *devices);

#endif

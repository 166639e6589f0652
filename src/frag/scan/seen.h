/* SPDX-License-Identifier: MIT */
/* Which inodes were met already: hard links and directories count once. */
#ifndef FRAG_SEEN_H
#define FRAG_SEEN_H

#include <stdint.h>

struct seen;

/* NULL: out of memory. */
struct seen *seen_new(void);
struct seen *seen_free(struct seen *seen);
void seen_freep(struct seen **seen);

/*
 * Adds an inode; safe to call from several threads.  Returns 1 if it is new, 0
 * if it was there, -ENOMEM.  Once the set is full (see seen_is_full()), those
 * that it cannot hold are always new.
 */
int seen_add(struct seen *seen, uint64_t device, uint64_t inode);

/* 1: some inodes could not be held, so files may have been counted twice. */
int seen_is_full(struct seen *seen);

#endif

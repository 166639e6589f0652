/* SPDX-License-Identifier: MIT */
/* Which inodes were met already: hard links and directories count once. */
#ifndef FRAG_LINK_SET_H
#define FRAG_LINK_SET_H

#include <stdint.h>

struct link_set;

/* NULL: out of memory. */
struct link_set *link_set_new(void);
struct link_set *link_set_free(struct link_set *set);
void link_set_freep(struct link_set **set);

/*
 * Adds an inode; safe to call from several threads.  Returns 1 if it is new, 0
 * if it was there, -ENOMEM.  Once the set is full (see link_set_is_full()), those
 * that it cannot hold are always new.
 */
int link_set_add(struct link_set *set, uint64_t device, uint64_t inode);

/* 1: some inodes could not be held, so files may have been counted twice. */
int link_set_is_full(struct link_set *set);

#endif

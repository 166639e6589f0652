/* SPDX-License-Identifier: MIT */
/* The counted inodes, so that files with hard links, and directories, count once. */
#ifndef FRAG_INODE_SET_H
#define FRAG_INODE_SET_H

#include <stdint.h>

struct inode_set;

/* NULL: out of memory. */
struct inode_set *inode_set_new(void);
struct inode_set *inode_set_free(struct inode_set *set);
void inode_set_freep(struct inode_set **set);

/*
 * Adds an inode; thread-safe.  1 if it is new, 0 if not, or -ENOMEM.  If the set is full (see
 * inode_set_is_full()), inodes that are not in it are always new.
 */
int inode_set_add(struct inode_set *set, uint64_t device, uint64_t inode);

/* 1: some inodes could not be added, so files may have been counted twice. */
int inode_set_is_full(struct inode_set *set);

#endif

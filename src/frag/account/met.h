/* SPDX-License-Identifier: MIT */
/*
 * The file systems that a scan met, for its advice: each file gets the command of
 * its own, and is worth rewriting only where the free space allows a better layout.
 * Free space is read when it is asked for first, and once.  Thread-safe.
 */
#ifndef FRAG_MET_H
#define FRAG_MET_H

#include <stdint.h>

struct free_space;

struct filesystem_facts;

struct met;

/* `cancel_fd`: once readable, no free space is read; -1: none.  NULL: out of memory. */
struct met *met_new(int cancel_fd);
void met_free(struct met *met);

/* The file system that `fd` is on, if there is room for it; `fd` is duplicated. */
void met_add(struct met *met, const struct filesystem_facts *facts, int fd);

/*
 * All files are on this one, whatever their device says.  `facts` and `space` have to
 * stay; `space` is NULL if the free space is not known.
 */
void met_set_whole(struct met *met, const struct filesystem_facts *facts,
		   const struct free_space *space);

/* NULL: not met. */
const struct filesystem_facts *met_facts(const struct met *met, uint64_t device);

/* The same free space as met_least_fragments() takes; NULL: not known, or nobody asked. */
const struct free_space *met_space(const struct met *met, uint64_t device);

/* The fewest fragments that a file of so many bytes can get now by being rewritten. */
#define MET_NOT_KNOWN UINT64_MAX
/* 0: it does not fit. */
uint64_t met_least_fragments(struct met *met, uint64_t device, uint64_t bytes);

#endif

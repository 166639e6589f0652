/* SPDX-License-Identifier: MIT */
/* What is left of the machine's memory, and of this process's share in it. */
#ifndef PREALLOC_MEMORY_H
#define PREALLOC_MEMORY_H

#include <stdint.h>

/* -ENOSPC if `bytes` more are known not to fit into memory and swap space, else 0. */
int memory_has_room(uint64_t bytes);

#endif

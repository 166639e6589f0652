/* SPDX-License-Identifier: MIT */
/* What is left of the machine's memory, and of this process's share in it. */
#ifndef PREALLOC_MEMORY_H
#define PREALLOC_MEMORY_H

#include <stdint.h>

/* The bytes that still fit into memory and swap space; UINT64_MAX: not known. */
uint64_t memory_room(void);

#endif

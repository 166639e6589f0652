/* SPDX-License-Identifier: MIT */
/* Free memory of the machine and of the cgroups of this process. */
#ifndef PREALLOC_MEMORY_H
#define PREALLOC_MEMORY_H

#include <stdint.h>

/* The bytes that still fit into memory and swap.  UINT64_MAX: unknown. */
uint64_t memory_room(void);

#endif

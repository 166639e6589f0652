/* SPDX-License-Identifier: MIT */
/*
 * A priority is lowered only if it can be raised again: a thread that was made a real
 * time one and then lost its privileges would not get its priority back.  So the
 * present priority is set once more first, which changes nothing.
 */
#include "priority.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "prealloc.h"

/* linux/ioprio.h came with Linux 5.15. */
enum {
	WHO_PROCESS = 1, /* with 0: the calling thread */
	CLASS_SHIFT = 13,
	CLASS_BEST_EFFORT = 2,
	CLASS_IDLE = 3,
	LEVEL_MASK = 7,
	UNCHANGED = -1,
};

static int set(int value)
{
	return (int)syscall(SYS_ioprio_set, WHO_PROCESS, 0, value);
}

/* The more, the lower. */
static int lowness(int value)
{
	int class = value >> CLASS_SHIFT;

	if (class == CLASS_IDLE)
		return LEVEL_MASK + 1;
	return class == CLASS_BEST_EFFORT ? value & LEVEL_MASK : 0;
}

int priority_lower(uint32_t wanted, int *ret_before)
{
	int value = wanted == PREALLOC_IO_IDLE ? CLASS_IDLE << CLASS_SHIFT
					       : CLASS_BEST_EFFORT << CLASS_SHIFT | LEVEL_MASK;
	int before;

	*ret_before = UNCHANGED;
	if (wanted == PREALLOC_IO_SAME)
		return 0;
	before = (int)syscall(SYS_ioprio_get, WHO_PROCESS, 0);
	if (before < 0)
		return 0;
	if (lowness(before) >= lowness(value))
		return 1;
	if (set(before) < 0 || set(value) < 0)
		return 0;
	*ret_before = before;
	return 1;
}

void priority_restore(int before)
{
	if (before != UNCHANGED)
		set(before);
}

/* SPDX-License-Identifier: MIT */
/* Arrays that grow by one element at a time, without a capacity to keep beside them. */
#ifndef UTIL_ARRAY_H
#define UTIL_ARRAY_H

#include <errno.h>
#include <stdlib.h>

/* Doubled whenever `count` is a power of two; NULL: out of memory, `array` is untouched. */
static inline void *array_room(void *array, size_t count, size_t element_bytes)
{
	if (count & (count - 1))
		return array;
	return reallocarray(array, count ? count * 2 : 1, element_bytes);
}

/* Makes room for element number `count` of an array that has `count` of them.  0 or -ENOMEM. */
#define ARRAY_ROOM(array, count)                                              \
	({                                                                    \
		void *room_ = array_room((array), (count), sizeof(*(array))); \
		if (room_)                                                    \
			(array) = room_;                                      \
		room_ ? 0 : -ENOMEM;                                          \
	})

#endif

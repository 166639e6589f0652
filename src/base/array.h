/* SPDX-License-Identifier: MIT */
/* The one vector: an array that grows by one element at a time, beside its count. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <errno.h>
#include <stdlib.h>

/* Doubles the array whenever `count` is a power of two.  NULL: out of memory; the array is intact.
 */
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

/* Appends an element and counts it.  0 or -ENOMEM. */
#define ARRAY_ADD(array, count, element)                   \
	({                                                 \
		int added_ = ARRAY_ROOM((array), (count)); \
		if (added_ == 0)                           \
			(array)[(count)++] = (element);    \
		added_;                                    \
	})

#endif

/* SPDX-License-Identifier: MIT */
/* Growing arrays.  The array and its count are two variables of the user. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <errno.h>
#include <stdlib.h>

/*
 * Doubles the array whenever `count` is a power of two.  NULL: out of memory, and the array is
 * unchanged.
 */
static inline void *array_room(void *array, size_t count, size_t element_bytes)
{
	if (count & (count - 1))
		return array;
	return reallocarray(array, count ? count * 2 : 1, element_bytes);
}

/* Makes room for one more element after the `count` present ones.  0 or -ENOMEM. */
#define ARRAY_ROOM(array, count)                                              \
	({                                                                    \
		void *room_ = array_room((array), (count), sizeof(*(array))); \
		if (room_)                                                    \
			(array) = room_;                                      \
		room_ ? 0 : -ENOMEM;                                          \
	})

/* Appends an element and increments the count.  0 or -ENOMEM. */
#define ARRAY_ADD(array, count, element)                   \
	({                                                 \
		int added_ = ARRAY_ROOM((array), (count)); \
		if (added_ == 0)                           \
			(array)[(count)++] = (element);    \
		added_;                                    \
	})

#endif

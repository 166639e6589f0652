/* SPDX-License-Identifier: MIT */
/* Random numbers that a seed determines: splitmix64 (Steele, Lea, Flood 2014). */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

/* Mixes a number: the results of neighbours have nothing in common. */
static inline uint64_t random_mix(uint64_t number)
{
	number += 0x9e3779b97f4a7c15;
	number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
	number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
	return number ^ (number >> 31);
}

/* The next number of the sequence.  Any state is valid as its start. */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t number = random_mix(*state);

	*state += 0x9e3779b97f4a7c15;
	return number;
}

#endif

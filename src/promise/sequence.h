/* SPDX-License-Identifier: MIT */
/* The names of the file of a crash case, by enum promise_name; private to this directory. */
#ifndef PROMISE_SEQUENCE_H
#define PROMISE_SEQUENCE_H

extern const char *const sequence_names[];

#endif

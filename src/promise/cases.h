/* SPDX-License-Identifier: MIT */
/* The cases of the table in promise.c; private to this directory. */
#ifndef PROMISE_CASES_H
#define PROMISE_CASES_H

#include "promise/promise.h"

extern const struct promise_case promise_reserved_overwrite;

#endif

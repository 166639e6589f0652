/* SPDX-License-Identifier: MIT */
/* The cases of the table in promise.c; private to this directory. */
#ifndef PROMISE_CASES_H
#define PROMISE_CASES_H

#include "promise/promise.h"

/* reserved.c */
extern const struct promise_case promise_reserved_overwrite, promise_reserved_mmap,
	promise_reserved_reopened, promise_reserved_hole, promise_reserved_reflink,
	promise_reserved_snapshot, promise_reserved_compress, promise_reserved_nocow,
	promise_reserved_nocow_snapshot, promise_reserved_quota_user, promise_reserved_quota_group,
	promise_reserved_quota_project;

/* as_before.c */
extern const struct promise_case promise_as_before_enospc, promise_as_before_edquot,
	promise_as_before_efbig, promise_as_before_cancel;

/* killed.c */
extern const struct promise_case promise_as_before_sigkill;

/* sequence.c */
extern const struct promise_case promise_crash_synced, promise_crash_unsynced, promise_crash_append,
	promise_crash_cancelled, promise_crash_killed;

#endif

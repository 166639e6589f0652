/* SPDX-License-Identifier: MIT */
/* Limits of users, groups and projects, by quotactl(2); private to this directory. */
#ifndef PROMISE_QUOTA_H
#define PROMISE_QUOTA_H

#include "promise/promise.h"

enum quota_kind { QUOTA_NONE, QUOTA_USER, QUOTA_GROUP, QUOTA_PROJECT };

/* Mount and mkfs options of file systems on which there are all of them. */
extern const struct promise_options quota_options[];

/*
 * Gives the file to the user, group and project of SUBJECT_USER.  0; n/a as the verdict if the
 * volume has no such quota; or -errno with run->text set.
 */
int quota_own(struct promise_run *run, int fd, enum quota_kind kind);

/* Limits them to what they use now and `more` bytes.  Likewise. */
int quota_limit(struct promise_run *run, enum quota_kind kind, uint64_t more);

#endif

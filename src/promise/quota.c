/* SPDX-License-Identifier: MIT */
/* The calls of the generic quotas; xfs has had them too since Linux 2.6.38. */
#include "promise/quota.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <unistd.h>

#include "promise/subject.h"

#ifndef PRJQUOTA
#define PRJQUOTA 2
#endif

enum { LIMIT_UNIT_BYTES = 1024 };

static const struct {
	const char *name;
	int type;
} kinds[] = {
	[QUOTA_USER] = { "user", USRQUOTA },
	[QUOTA_GROUP] = { "group", GRPQUOTA },
	[QUOTA_PROJECT] = { "project", PRJQUOTA },
};

const struct promise_options quota_options[] = {
	{ "ext4", "-I 256 -O quota,project", "usrquota,grpquota,prjquota" },
	{ "xfs", NULL, "uquota,gquota,pquota" },
	{ 0 },
};

static int call(const struct promise_run *run, int command, enum quota_kind kind,
		struct dqblk *usage)
{
	return quotactl(QCMD(command, kinds[kind].type), run->device, SUBJECT_USER, (void *)usage) <
			       0
		       ? -errno
		       : 0;
}

static int refuse(struct promise_run *run, enum quota_kind kind, int r)
{
	return promise_na(run, "the volume has no quota of a %s: %s", kinds[kind].name,
			  strerror(-r));
}

static int set_project(int fd)
{
	struct fsxattr attributes;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return -errno;
	attributes.fsx_projid = SUBJECT_USER;
	return ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0 ? -errno : 0;
}

int quota_own(struct promise_run *run, int fd, enum quota_kind kind)
{
	int r;

	if (!run->device)
		return promise_na(run, "a quota needs a volume: use --on loop or --on uml");
	r = kind == QUOTA_PROJECT ? set_project(fd) : 0;
	if (r < 0)
		return refuse(run, kind, r);
	return fchown(fd, SUBJECT_USER, SUBJECT_USER) < 0
		       ? promise_fault(run, errno, "changing the owner of the file")
		       : 0;
}

/* 0 would be no limit. */
static uint64_t limit_of(uint64_t bytes)
{
	uint64_t units = (bytes + LIMIT_UNIT_BYTES - 1) / LIMIT_UNIT_BYTES;

	return units ? units : 1;
}

int quota_limit(struct promise_run *run, enum quota_kind kind, uint64_t more)
{
	struct dqblk usage = { 0 };
	int r = call(run, Q_GETQUOTA, kind, &usage);

	if (r == 0) {
		usage.dqb_bhardlimit = limit_of(usage.dqb_curspace + more);
		usage.dqb_bsoftlimit = 0;
		usage.dqb_valid = QIF_BLIMITS;
		r = call(run, Q_SETQUOTA, kind, &usage);
	}
	return r < 0 ? refuse(run, kind, r) : 0;
}

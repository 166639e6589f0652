#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The library under the quotas of users, groups and projects, in guests: here it would be
# root's, whom quotas do not stop.

# shellcheck disable=SC2030,SC2031 # each test has an `output` of its own

bats_require_minimum_version 1.5.0
load elsewhere

# Of a user, of a group, and of a project, one after the other.
under_quotas() {
	# shellcheck disable=SC2034 # for `guest`
	for QUOTA in usrquota grpquota prjquota; do
		rm -rf guest image
		guest "$@"
	done
}

@test "elsewhere: quotas of ext4, in a guest" {
	under_quotas ext4 quota_v2 mkfs.ext4 -q -F -O quota,project
}

@test "elsewhere: quotas where zeroes are written, in a guest" {
	# Without extents there is no fallocate(), as with ext3.
	under_quotas ext4 quota_v2 mkfs.ext4 -q -F -O 'quota,project,^extent,^64bit'
}

@test "elsewhere: quotas of xfs, in a guest" {
	SIZE=300M under_quotas xfs quota_v2 mkfs.xfs -q -f
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Guests that sleep under load, wake and go on, or lose their power asleep.
load ../cli/helper

setup() {
	test_enter
	require qemu
	require_program e2fsck
	require_program xfs_logprint
	require_program btrfs
}

power_cut() { # OPTION...
	run "$ALLOC_PERF_SOURCE/bench/suspend-power-cut" "$@"
	echo "$output"
	assert_status 0
	assert_nothing_left
}

# verdicts WAY FILESYSTEM: the numbers of cuts, clean, replay, broken.
verdicts() {
	awk -v way="$1" -v fs="$2" '$1 == way && $2 == fs { print $3, $4, $5, $6 }' <<<"$output"
}

@test "not frozen: every log has to be replayed, and nothing fsynced is lost" {
	power_cut --ways none --cycles 3
	for fs in ext4 xfs btrfs; do
		[ "$(verdicts none $fs)" = "3 0 3 0" ]
	done
}

@test "frozen by the shell: clean, so the looks at the disks can tell" {
	power_cut --ways manual --cycles 1
	for fs in ext4 xfs btrfs; do
		[ "$(verdicts manual $fs)" = "1 1 0 0" ]
	done
}

@test "suspend-freeze: clean after each cut, and all go on after each wake" {
	power_cut --ways program --cycles 4 --naps 4
	for fs in ext4 xfs btrfs; do
		[ "$(verdicts program $fs)" = "4 4 0 0" ]
	done
	[ "$(verdicts program naps | xargs)" = 16 ]
}

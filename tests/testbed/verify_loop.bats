#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# alloc-perf verify on the running kernel: on loop devices, and in a directory.
load ../cli/helper

setup() {
	test_enter
	require loop
}

teardown() {
	umount "$WORK/small" 2>/dev/null || true
	test_leave
}

@test "verify on loop devices leaves none" {
	run alloc-perf verify --on loop --fs ext2,ext4 -m posix-fallocate --size 1M --promise reserved:overwrite -o verify.jsonl
	assert_status 0
	assert_nothing_left
	assert_output_has "promises; loop, Linux $(uname -r)"
	[ "$(jq -r 'select(.type == "trial") | .verdict' verify.jsonl | sort -u)" = kept ]
	[ "$(jq -r 'select(.type == "trial") | .file_bytes' verify.jsonl | sort -u)" = 1048576 ]
	[[ $(jq -r 'select(.filesystem == "ext4") | .repeat' verify.jsonl) = *" --size 1M --seed 1" ]]
}

@test "in a directory, the whole of a small and empty file system, which is empty again" {
	mkdir small
	mount -t tmpfs -o size=32M none small
	run alloc-perf verify --on "dir:$WORK/small" -m fallocate,ftruncate --size 1M --promise reserved:overwrite -o verify.jsonl
	assert_status 0
	[ "$(jq -r 'select(.type == "trial") | "\(.method) \(.verdict)"' verify.jsonl | tr '\n' ';')" = "fallocate kept;ftruncate not promised;" ]
	[ -z "$(ls -A small)" ]
	run alloc-perf verify --on "dir:$WORK/small" -o small/x.jsonl
	assert_status 2
	assert_output_has "the result file small/x.jsonl is in $WORK/small, where verify removes everything"
	[ -z "$(ls -A small)" ]
	touch small/mine
	run alloc-perf verify --on "dir:$WORK/small" -o verify2.jsonl
	assert_status 2
	assert_output_has "where a small and empty one is mounted"
	[ -e small/mine ]
	rm small/mine
	mount -o remount,size=2G small
	run alloc-perf verify --on "dir:$WORK/small" -o verify2.jsonl
	assert_status 2
	assert_output_has "which has 2 GiB; use one with at most 1 GiB"
}

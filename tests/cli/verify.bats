#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# alloc-perf verify: its options, and how its results are shown.  Real runs are in ../testbed.
load helper

refuses() { # SENTENCE OPTION...: a usage error, before anything is made
	local sentence=$1
	shift
	run alloc-perf verify -o refused.jsonl "$@"
	assert_status 2
	assert_output_has "$sentence"
	[ ! -e refused.jsonl ]
}

@test "verify --help has the options, and refuses arguments" {
	run alloc-perf verify --help
	assert_status 0
	for option in --fs --methods --promise --size --seed --on --kernel --modules --scratch --timeout --output --force --all --quiet; do
		assert_output_has "$option"
	done
	refuses "choose file systems with --fs and methods with --methods" ext4
}

@test "list promises shows the promises and their cases" {
	run alloc-perf list promises
	assert_status 0
	assert_output_has "a later write into the range cannot run out of space"
	run alloc-perf list --names promises
	assert_output_has "reserved:overwrite"
	for promise in reserved no-stale durable as-before; do
		[ "$(grep -c "^$promise$" <<<"$output")" = 1 ]
	done
}

@test "an unknown promise or case is named, with the nearest or all there are" {
	refuses 'unknown promise "reserve"; did you mean "reserved"?' --on dir:. --promise reserve
	refuses 'unknown promise "xyz": use reserved, no-stale, durable, as-before, or a case of one' --on dir:. --promise xyz
	refuses 'unknown case "nothing" of the promise reserved; its cases are: overwrite' --on dir:. --promise reserved:nothing
	refuses 'unknown promise "x"' --on dir:. --promise reserved,x:overwrite
}

@test "sizes, seeds and methods are checked" {
	refuses 'invalid size "4Q" for --size' --size 4Q
	refuses 'use at least 65536' --size 4K
	refuses 'invalid number "x" for --seed' --seed x
	refuses 'unknown method "falocate"' --on dir:. --methods falocate
}

@test "verify fills what it tests, so it takes no device and no directory of a large file system" {
	refuses "not on the testbed device; use --on loop" --on device:/dev/null
	refuses "verify fills the whole file system of $WORK; name the directory where a small file system is mounted" --on "dir:$WORK"
	refuses "--fs applies to testbeds that create file systems" --on "dir:$WORK" --fs ext4
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Ended at any moment, by any signal: no guest, no mount, no loop device and no
# scratch file is left, and the result file is whole.
load ../cli/helper

sweep() { # TESTBED SIGNAL STEPS OPTION...
	local on=$1 signal=$2 steps=$3 step pid status
	shift 3
	require "$on"
	for ((step = 0; step < steps; step++)); do
		rm -f result.jsonl
		alloc-perf run --on "$on" -o result.jsonl "$@" >out 2>err &
		pid=$!
		# Some before the first trial, some in each of its stages, some after it.
		sleep "$(awk -v step=$step 'BEGIN { print 0.01 + step * 0.237 }')"
		kill -"$signal" $pid 2>/dev/null || true
		status=0
		wait $pid || status=$?
		case $signal in
		KILL) [ "$status" = 137 ] || [ "$status" = 0 ] ;;
		*) [ "$status" = 130 ] || [ "$status" = 0 ] || [ "$status" -gt 128 ] || fail "status $status: $(cat err)" ;;
		esac
		assert_nothing_left
		# Nothing torn after a signal that can be handled; after SIGKILL the rest is readable.
		if [ -s result.jsonl ]; then
			alloc-perf run --resume result.jsonl --dry-run >/dev/null ||
				fail "step $step: $(cat result.jsonl)"
		fi
	done
}

@test "uml: SIGINT" {
	sweep uml INT 12 --fs ext4 -m chunk-4096,mmap -s 16M
}

@test "uml: SIGTERM" {
	sweep uml TERM 6 --fs xfs -m chunk-4096,mmap -s 16M
}

@test "uml: SIGKILL" {
	sweep uml KILL 12 --fs btrfs -m chunk-4096,mmap -s 16M
}

@test "loop: SIGINT" {
	sweep loop INT 10 --fs ext4 -m chunk-512,mmap -s 256M
}

@test "loop: SIGKILL" {
	sweep loop KILL 12 --fs ext4,xfs -m chunk-512,mmap -s 256M
}

@test "an interrupted run goes on where it was" {
	require uml
	alloc-perf run --on uml --fs ext2 -m ftruncate,fallocate,chunk-4096,chunk-8192 -s 4M -o result.jsonl >out 2>err &
	wait_until has_trials result.jsonl 1
	kill -INT $!
	status=0
	wait $! || status=$?
	assert_status 130
	grep -q "of 4 trials are done; continue with: alloc-perf run --resume result.jsonl" err
	run alloc-perf run --resume result.jsonl
	assert_status 0
	[ "$(alloc-perf report --format csv result.jsonl | cut -d, -f2 | sort -u | wc -l)" = 5 ]
	[ "$(alloc-perf report --format csv result.jsonl | wc -l)" = 5 ]
	assert_nothing_left
}

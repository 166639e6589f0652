#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# In a container: its filter of system calls.
load ../cli/helper

setup() {
	test_enter
	require uml
	cp "$ALLOC_PERF_BUILD/tests/testbed/sandbox" "$TEST_DIR/bin"
}

@test "a guest runs where neither clone3() nor a namespace is to be had" {
	run as_user sandbox alloc-perf run --fs ext4 -m fallocate -s 1M -o result.jsonl
	assert_status 0
	[ "$(value ext4 fallocate status)" = ok ]
	assert_nothing_left
}

@test "without a namespace, too, nothing is left after a signal" {
	for signal in KILL KILL INT TERM KILL INT; do
		rm -f result.jsonl
		sandbox alloc-perf run --fs ext4 -m mmap,chunk-512 -s 256M -o result.jsonl >out 2>&1 &
		for _ in {1..100}; do
			[ ! -s result.jsonl ] || break
			sleep 0.1
		done
		sleep "$(awk "BEGIN { print 0.1 + $RANDOM / 20000 }")"
		kill -$signal $!
		wait $! || true
		assert_nothing_left
	done
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# In a container: its filter of system calls, its small /dev/shm.
# shellcheck disable=SC2016 # the inner shells expand what is in single quotes
load ../cli/helper

setup() {
	test_enter
	require uml
	cp "$ALLOC_PERF_BUILD/tests/testbed/sandbox" "$TEST_DIR/bin"
}

@test "a guest runs where neither clone3() nor a namespace is to be had" {
	run as_user sandbox alloc-perf run --on uml --fs ext4 -m fallocate -s 1M -o result.jsonl
	assert_status 0
	[ "$(value ext4 fallocate status)" = ok ]
	assert_nothing_left
}

@test "without a namespace, too, nothing is left after a signal" {
	for signal in KILL KILL INT TERM KILL INT; do
		rm -f result.jsonl
		sandbox alloc-perf run --on uml --fs ext4 -m mmap,chunk-512 -s 256M -o result.jsonl >out 2>&1 &
		wait_until test -s result.jsonl
		sleep "$(awk "BEGIN { print 0.1 + $RANDOM / 20000 }")"
		kill -$signal $!
		wait $! || true
		assert_nothing_left
	done
}

# with_shm OPTIONS COMMAND...: in a /dev/shm of its own.
with_shm() {
	local options=$1
	shift
	require root
	unshare --mount -- bash -c 'mount -t tmpfs -o "$0" shm /dev/shm && exec "$@"' "$options" "$@"
}

@test "a /dev/shm that is too small or forbids programs is not used" {
	for options in size=64m noexec; do
		run with_shm "$options" alloc-perf run --on uml --fs ext4 -m chunk-4096 -s 96M -o result.jsonl --force
		assert_status 0
		[ "$(value ext4 chunk-4096 status)" = ok ]
	done
}

@test "no directory for a guest's memory" {
	require root
	# The program may lie below one of these: it is opened first.
	small='exec 9<"$0"
		for i in "$TMPDIR" /dev/shm /var/tmp /tmp; do mount -t tmpfs -o size=1m none "$i"; done
		exec /proc/self/fd/9 "$@"'
	run unshare --mount -- bash -c "$small" "$ALLOC_PERF" run --on uml --fs ext4 -m fallocate -s 1M -o result.jsonl
	assert_status 3
	assert_output_has "512 MiB"
}

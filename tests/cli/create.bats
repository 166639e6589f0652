#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

bats_require_minimum_version 1.5.0
load helper

teardown() {
	! mountpoint -q "$WORK/mnt" || umount "$WORK/mnt"
	[ ! -d "$WORK/append-only" ] || chattr -a "$WORK/append-only"
	test_leave
}

# interrupted COMMAND...: with a signal that is there before its first step, since it was blocked.
interrupted() {
	run python3 -c '
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
os.kill(os.getpid(), signal.SIGINT)
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
	assert_status 130
}

# In a folder that has fallocate().
require_native() {
	fallocate -l 4096 probe || skip "this folder's file system has no fallocate()"
	rm probe
}

@test "create makes files of the size, several at once" {
	run alloc-perf create one two 3M
	assert_status 0
	[ "$(stat -c %s one two)" = $'3145728\n3145728' ]
	[ "$(($(stat -c %b one) * 512))" -ge 3145728 ]
	[[ ${lines[0]} == "one: 3 MiB in "* ]]
}

@test "create keeps data, and never makes a file shorter" {
	printf data >file
	truncate -s 8M file
	run alloc-perf create --quiet file 2M
	assert_status 0
	[ -z "$output" ]
	[ "$(stat -c %s file)" = 8388608 ]
	[ "$(head -c 4 file)" = data ]
}

@test "create --keep-size leaves the length" {
	require_native
	run alloc-perf create --keep-size --durable --verify file 2M
	assert_status 0
	[ "$(stat -c %s file)" = 0 ]
	[ "$(($(stat -c %b file) * 512))" -ge 2097152 ]
}

@test "create --json tells what was done" {
	require_native
	alloc-perf create --json --require-native file 1M >result
	[ "$(jq -r '[.file, .size_bytes, .path, .reserved_bytes, .error] | join(" ")' result)" = \
		"file 1048576 native 1048576 " ]
	run -1 --separate-stderr alloc-perf create --json full 4E
	[ "$(jq -r .reserved_bytes <<<"$output")" = 0 ]
	[ "$(jq -r .error <<<"$output")" != null ]
}

@test "create leaves nothing of a file that does not fit, and goes on with the next" {
	run alloc-perf create huge 4E
	assert_status 1
	assert_output_has "cannot allocate huge: "
	[ ! -e huge ]
	run alloc-perf create none/file good 1M
	assert_status 1
	assert_output_has "cannot open none/file: No such file or directory"
	[ -e good ]
}

@test "create respects ulimit -f, without a signal" {
	run bash -c 'ulimit -f 1024; alloc-perf create file 2M'
	assert_status 1
	assert_output_has "File too large; check \`ulimit -f\`"
	[ ! -e file ]
}

@test "create takes only regular files" {
	run alloc-perf create /dev/null 1M
	assert_status 1
	assert_output_has "only regular files"
}

@test "create says whose permission is missing" {
	mkdir -m 755 closed
	touch closed/there
	chmod 555 closed
	run as_user alloc-perf create closed/new 1M
	assert_status 1
	assert_output_has "cannot open closed/new: Permission denied"
	chmod 444 closed/there
	run as_user alloc-perf create closed/there 1M
	assert_status 1
	assert_output_has "cannot open closed/there: Permission denied"
	chmod 755 closed
}

@test "create, interrupted, leaves nothing" {
	interrupted alloc-perf create file 1M
	assert_output_has "interrupted; file was restored"
	[ ! -e file ]
}

@test "create says that a new file is left where nothing can be removed" {
	require root
	mkdir append-only
	chattr +a append-only 2>/dev/null || skip "this file system has no append-only directories"
	run alloc-perf create append-only/huge 4E
	assert_status 1
	assert_output_has "cannot remove the new file append-only/huge: Operation not permitted; it was left empty"
	interrupted alloc-perf create append-only/file 1M
	assert_output_has "cannot remove the new file append-only/file: Operation not permitted; it was left empty"
	[[ $output != *restored* ]]
	[ "$(stat -c %s append-only/file)" = 0 ]
	# One that was there before is as it was.
	interrupted alloc-perf create append-only/file 1M
	assert_output_has "interrupted; append-only/file was restored"
}

@test "create, interrupted, leaves nothing on a FUSE file system that cannot rename" {
	require root
	mount_plainfs "$WORK/mnt" no-rename
	interrupted alloc-perf create mnt/file 1M
	assert_output_has "interrupted; mnt/file was restored"
	[ ! -e mnt/file ]
	run alloc-perf create mnt/file 1G
	assert_status 1
	assert_output_has "cannot allocate mnt/file: No space left on device"
	[ ! -e mnt/file ]
}

# Where fallocate() is not supported, a byte per second keeps it waiting for ever.
@test "create --rate and --idle keep to both, until interrupted" {
	require_program ionice
	echo '#include <errno.h>
	int fallocate64(int fd, int mode, long at, long bytes);
	int fallocate64(int fd, int mode, long at, long bytes) { errno = EOPNOTSUPP; return -1; }' |
		cc -shared -fPIC -x c -o no-fallocate.so -
	LD_PRELOAD=$PWD/no-fallocate.so alloc-perf create --rate 1 --idle file 1M 2>log &
	local pid=$!
	wait_until [ -s file ]
	[ "$(ionice -p $pid)" = idle ]
	[ "$(stat -c %s file)" -lt 1048576 ]
	kill -INT $pid
	wait $pid || [ $? = 130 ]
	grep -q interrupted log
	[ ! -e file ]
	run alloc-perf create --rate 512M --idle --quiet file 1M
	assert_status 0
	[ "$(stat -c %s file)" = 1048576 ]
}

@test "create --json of a name that is not UTF-8" {
	run alloc-perf create --json $'na\xefve' 1M
	assert_status 0
	[ "$(jq -r .file <<<"$output")" = $'na\xef\xbf\xbdve' ]
	[ "$(stat -c %s $'na\xefve')" = 1048576 ]
}

@test "create: wrong usage is said" {
	run alloc-perf create 4G
	assert_status 2
	assert_output_has "give a file and its size"
	run alloc-perf create file 4GB
	assert_status 2
	assert_output_has 'invalid size "4GB"'
	for rate in -1 fast 10MB; do
		run alloc-perf create --rate $rate file 1M
		assert_status 2
		assert_output_has "invalid size \"$rate\" for --rate: use a number with K, M, G or T, such as 10M"
	done
	run alloc-perf create --rate 0 file 1M
	assert_status 2
	assert_output_has 'invalid size "0" for --rate: use at least 1 byte'
	[ ! -e file ]
	run alloc-perf create file 0
	assert_status 2
	run alloc-perf create --help
	assert_status 0
	assert_output_has "Examples:"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

bats_require_minimum_version 1.5.0
load helper

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
	assert_output_has "File too large; see \`ulimit -f\`"
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
	# Blocked until it looks, the signal is there before the first step.
	run python3 -c '
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
os.kill(os.getpid(), signal.SIGINT)
os.execvp("alloc-perf", ["alloc-perf", "create", "file", "1M"])'
	assert_status 130
	assert_output_has "interrupted; file is as it was before"
	[ ! -e file ]
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
	assert_output_has '"4GB" is no size'
	run alloc-perf create file 0
	assert_status 2
	run alloc-perf create --help
	assert_status 0
	assert_output_has "Examples:"
}

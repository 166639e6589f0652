#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# alloc-perf verify: every state that a power cut can leave, in User-Mode Linux, and one in QEMU.
load ../cli/helper

setup() {
	test_enter
	require uml
}

# The verdicts of a promise and a case, one a line.
verdicts() { # PROMISE CASE
	jq -r --arg promise "$1" --arg case "$2" \
		'select(.promise == $promise and .promise_case == $case) | .verdict' result.jsonl
}

@test "what exposes old data is found, by a counterexample whose command repeats it" {
	local command state
	run as_user alloc-perf verify --on uml --fs ext3-writeback -m chunk-64K -p no-stale:unsynced \
		--max-states 60 -o result.jsonl
	assert_status 1
	[ "$(verdicts no-stale unsynced)" = broken ]
	[ "$(jq 'select(.promise) | .states' result.jsonl)" = 60 ]
	[ "$(jq 'select(.promise) | .states_broken > 20' result.jsonl)" = true ]
	[[ $(jq -r 'select(.promise) | .counterexample' result.jsonl) == *"show old data of the volume"* ]]

	command=$(jq -r 'select(.promise) | .repeat' result.jsonl)
	state=${command##*--state }
	[[ $command == *"--promise no-stale:unsynced --seed 1 --state $state" ]]
	mkdir -m 777 kept
	run as_user sh -c "$command -o again.jsonl --keep kept"
	assert_status 1
	[ "$(jq 'select(.promise) | .states_broken' again.jsonl)" = 1 ]
	[ "$(jq -r 'select(.promise) | .counterexample' again.jsonl)" = \
		"$(jq -r 'select(.promise) | .counterexample' result.jsonl)" ]

	# The kept state shows the old data without this program.
	[ "$(ls kept)" = "$(printf '%s\n' ext3-writeback-chunk-65536-unsynced.{before.img,log,state.img})" ]
	cp kept/*.state.img replayed.img
	e2fsck -fy replayed.img >/dev/null 2>&1 || [ $? = 1 ]
	debugfs -R 'dump /alloc-perf.file shown' replayed.img 2>/dev/null
	grep -aq 'OLD DATA MARKER' shown
	debugfs -R 'stat /alloc-perf.file' kept/*.before.img 2>&1 | grep -q 'File not found'
	run as_user sh -c "$command -o third.jsonl --keep kept"
	assert_status 2
	assert_output_has "File exists"
}

@test "each kernel has its own files of --keep" {
	local program
	program=$(command -v linux.uml)
	mkdir -m 777 kept
	run as_user alloc-perf verify --kernel "one=$program" --kernel "two=$program" --on uml --fs ext4 -m fallocate \
		-p durable:synced --max-states 2 -o result.jsonl --keep kept
	assert_status 0
	[ "$(ls kept)" = "$(printf '%s\n' ext4-{one,two}-fallocate-synced.{before.img,log})" ]
}

@test "sound file systems keep what fsync() has confirmed, in every state" {
	run as_user alloc-perf verify --on uml --fs ext4,xfs,btrfs -m fallocate,prealloc -p no-stale,durable \
		--max-states 40 -o result.jsonl
	assert_status 0
	[ "$(jq -r 'select(.promise) | .verdict' result.jsonl | sort -u)" = kept ]
	[ "$(jq -r 'select(.promise) | .promise_case' result.jsonl | sort -u | tr '\n' ' ')" = \
		"append cancelled killed synced unsynced " ]
	[ "$(jq 'select(.promise) | .states' result.jsonl | sort -u)" = 40 ]
	assert_nothing_left
}

@test "the state before the first write has no file, the last one is what the guest left" {
	run as_user alloc-perf verify --on uml --fs ext4 -m fallocate -p durable:synced --state 0 -o first.jsonl
	assert_status 0
	run as_user alloc-perf verify --on uml --fs ext4 -m fallocate -p durable:synced --state 999999 -o last.jsonl
	assert_status 2
	assert_output_has 999999
	run as_user alloc-perf verify --on uml --fs ext4 -m fallocate,prealloc -p durable:synced --state 0 -o both.jsonl
	assert_status 2
	assert_output_has "name one file system, one method and one case"
}

@test "flushes of QEMU make epochs, in which writes are lost and reordered" {
	require qemu
	run as_user alloc-perf verify --on qemu --fs ext4 -m fallocate -p durable:synced --max-states 25 -o result.jsonl
	assert_status 0
	[ "$(verdicts durable synced)" = kept ]
	[ "$(jq 'select(.promise) | .states_possible > .states' result.jsonl)" = true ]
	assert_nothing_left
}

@test "where writes are not recorded, power cuts are not tested, and that is said" {
	require loop
	run alloc-perf verify --on loop --fs ext4 -m fallocate -p durable -o result.jsonl
	assert_status 3
	assert_output_has "found in guests only"
}

@test "a full disk under --keep is told with the file, which does not stay as a part" {
	require root
	mkdir small
	mount -t tmpfs -o size=256K none small
	run alloc-perf verify --on uml --fs ext4 -m fallocate -p durable:synced --max-states 2 -o result.jsonl --keep small
	rm -f small/*.log
	[ -z "$(ls small)" ]
	umount small
	assert_status 2
	assert_output_has "cannot create small/ext4-fallocate-synced."
	assert_output_has "No space left on device; choose another directory with --keep"
}

@test "a crash case has its volume twice, for each of which there has to be room" {
	require root
	local workers
	workers=$(nproc)
	[ "$workers" -le 4 ] || workers=4
	mkdir small
	mount -t tmpfs -o size=100M none small
	run alloc-perf verify --on uml --fs ext4 -m fallocate -p durable:synced -o refused.jsonl --scratch small
	umount small
	assert_status 3
	assert_output_has "the run can need $((workers * 128)) MiB"
	[ ! -e refused.jsonl ]
}

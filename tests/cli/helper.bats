#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A harness that sees nothing would let everything pass.

load helper

@test "leftovers: nothing at first" {
	run leftovers
	assert_status 0
	[ -z "$output" ]
	assert_nothing_left
}

@test "leftovers: a scratch file" {
	touch "$SCRATCH/image"
	run leftovers
	assert_output_has "file $SCRATCH/image"
}

@test "leftovers: a process, by its environment and by an open file" {
	sleep 30 3>&- &
	local by_environment=$!
	env -u ALLOC_PERF_TEST_DIR sleep 30 <"$SCRATCH/." 3>&- &
	local by_file=$!
	wait_until grep -qx sleep "/proc/$by_environment/comm"
	wait_until grep -qx sleep "/proc/$by_file/comm"
	run leftovers
	kill "$by_environment" "$by_file"
	wait
	assert_output_has "process $by_environment sleep 30"
	assert_output_has "process $by_file sleep 30"
	assert_nothing_left
}

@test "leftovers: a loop device, its mount, and their end" {
	require loop
	local device
	truncate -s 16M "$WORK/image"
	mke2fs -q -F "$WORK/image"
	device=$(losetup --find --show "$WORK/image")
	mkdir "$WORK/mount"
	mount "$device" "$WORK/mount"
	run leftovers
	umount "$WORK/mount"
	losetup --detach "$device"
	assert_output_has "loop $device"
	assert_output_has "mount "
	assert_nothing_left
}

@test "as_user: is no root, and reaches its folders" {
	# shellcheck disable=SC2016 # for the inner shell
	run as_user sh -c 'id -u && touch "$TMPDIR/made" && test ! -w /'
	assert_status 0
	[ "$output" != 0 ]
	[ -e "$SCRATCH/made" ]
}

# Runs `require loop` as in a test that an ordinary user started.
require_loop_as_user() {
	cp "$BATS_TEST_DIRNAME/helper.bash" "$WORK"
	# bats would take a line that begins with its keyword for a test of this file.
	printf '%s\n' "load helper" "@""test inner { require loop; }" >"$WORK/inner.bats"
	run as_user env ALLOC_PERF_REQUIRE="$1" TMPDIR="$SCRATCH" bats --formatter tap "$WORK/inner.bats"
}

@test "require: skips with its reason" {
	require_loop_as_user ""
	assert_status 0
	assert_output_has "# skip loop devices need root"
}

@test "require: fails where it is demanded" {
	require_loop_as_user uml,loop
	assert_status 1
	assert_output_has "ALLOC_PERF_REQUIRE names loop"
}

@test "require_program: skips with its reason, and fails where programs are demanded" {
	cp "$BATS_TEST_DIRNAME/helper.bash" "$WORK"
	printf '%s\n' "load helper" "@""test inner { require_program no-such-program; }" >"$WORK/inner.bats"
	run env ALLOC_PERF_REQUIRE=loop bats --formatter tap "$WORK/inner.bats"
	assert_status 0
	assert_output_has "# skip no-such-program is not installed"
	run env ALLOC_PERF_REQUIRE=programs bats --formatter tap "$WORK/inner.bats"
	assert_status 1
	assert_output_has "ALLOC_PERF_REQUIRE names programs, but: no-such-program is not installed"
}

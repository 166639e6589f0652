#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a guest writes is recorded, and the states that a power cut leaves are examined: the log that
# is replayed by another program onto the volume as it was gives the volume as it is.
load ../cli/helper

setup() {
	test_enter
	require_program python3
}

# power_cuts TESTBED FILE-SYSTEM METHOD VOLUME: its output is in $output, its files are here.
power_cuts() {
	run as_user "$ALLOC_PERF_BUILD/tests/testbed/power-cuts" "$1" "$2" "$3" 4M "$4" "$WORK"
	assert_status 0
	assert_nothing_left
}

# The figure NAME of the output.
figure() {
	sed -n "s/^$1 //p" <<<"$output"
}

# Replays the log, and compares everything.
assert_replay() {
	python3 - "$(figure entries)" "$(figure flushes)" <<-'END'
		import struct, sys

		SECTOR, FLUSH, DISCARD = 512, 1, 4
		log, image = open("log", "rb").read(), bytearray(open("before", "rb").read())
		magic, version, count, size = struct.unpack_from("<QQQI", log)
		assert (magic, version, count, size) == (0x6a736677736872, 1, int(sys.argv[1]), SECTOR)
		at, flushes = SECTOR, 0
		for entry in range(count):
		    sector, sectors, flags, _ = struct.unpack_from("<QQQQ", log, at)
		    at += SECTOR
		    start, length = sector * SECTOR, sectors * SECTOR
		    flushes += flags & FLUSH
		    data = bytes(length)
		    if not flags & DISCARD:
		        data, at = log[at:at + length], at + length
		    assert len(data) == length and start + length <= len(image)
		    image[start:start + length] = data
		assert at == len(log) and flushes == int(sys.argv[2])
		for name in "after", "replayed", "undone":
		    assert image == open(name, "rb").read(), name
		# The free blocks hold what was there before mkfs.
		marker = b"OLD DATA MARKER\n" * 256
		free = sum(image[i:i + 4096] == marker for i in range(0, len(image), 4096))
		assert free > len(image) / 4096 / 2, free
	END
}

# Every prefix of the log could be mounted.
assert_states() { # AT-LEAST
	[ "$(figure states)" -ge "$1" ]
	[ "$(figure mounted)" = "$(figure states)" ]
}

@test "ext4 in User-Mode Linux: each write of 4 KiB is a state" {
	require uml
	power_cuts uml ext4 chunk-65536 64M
	assert_replay
	assert_states 1024
}

@test "xfs and btrfs in User-Mode Linux" {
	require uml
	power_cuts uml xfs fallocate 300M
	assert_replay
	assert_states 10
	power_cuts uml btrfs fallocate 128M
	assert_replay
	assert_states 10
}

@test "another User-Mode Linux with a C library of its own" {
	require newer_uml
	power_cuts "uml:$NEWER_UML/bin/linux.uml" ext4 fallocate 64M
	assert_replay
	assert_states 10
}

@test "ext4 in QEMU: the log has the flushes" {
	require qemu
	power_cuts qemu ext4 fallocate 64M
	assert_replay
	assert_states 5
	[ "$(figure flushes)" -ge 2 ]
}

@test "only guests can record" {
	run "$ALLOC_PERF_BUILD/tests/testbed/power-cuts" loop ext4 fallocate 4M 64M "$WORK"
	assert_status 1
	assert_output_has "in guests only: use --on uml or --on qemu instead of --on loop"
}

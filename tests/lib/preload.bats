#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Programs that nobody here wrote, under libprealloc-preload.so on ext2, where
# posix_fallocate() has to be emulated and fallocate() (aria2c) fails.  That the library did it is seen by
# RWF_APPEND, which none of them uses itself.

load ../cli/helper

bytes=$((24 << 20))

setup() {
	test_enter
	require loop
	require_program strace
	truncate -s 128M ext2.img
	mkfs.ext2 -q -F ext2.img
	mkdir mnt
	mount -o loop ext2.img mnt
}

teardown() {
	! mountpoint -q mnt || umount mnt
	test_leave
}

preloaded() {
	strace -f -qq -e trace=pwritev2 -o "$WORK/calls" -E "LD_PRELOAD=$PRELOAD" "$@"
}

# The file is long enough, has no hole, and was filled by the library.
assert_allocated() {
	grep -q 'RWF_APPEND' "$WORK/calls" || fail "the library did nothing"
	[ "$(stat -c %s "$1")" -ge "$bytes" ] || fail "$(stat -c %s "$1") bytes"
	[ "$(($(stat -c %b "$1") * 512))" -ge "$bytes" ] || fail "$(stat -c %b "$1") blocks"
}

@test "preload: fallocate --posix" {
	require_program fallocate
	preloaded fallocate --posix -l "$bytes" mnt/file
	assert_allocated mnt/file
}

@test "preload: qemu-img create -o preallocation=falloc" {
	require_program qemu-img
	preloaded qemu-img create -f raw -o preallocation=falloc mnt/file "$bytes"
	assert_allocated mnt/file
}

@test "preload: fio --fallocate=posix" {
	require_program fio
	preloaded fio --name=job --filename=mnt/file --fallocate=posix --rw=write --bs=64k \
		--size="$bytes" --number_ios=1
	assert_allocated mnt/file
}

@test "preload: aria2c --file-allocation=falloc" {
	require_program aria2c
	mkdir served
	head -c "$bytes" /dev/urandom >served/file
	python3 -u -m http.server --bind 127.0.0.1 --directory served 0 >server.log 2>&1 3>&- &
	local server=$! port
	wait_until grep -q ' port [0-9]* ' server.log
	port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' server.log)
	run preloaded aria2c --file-allocation=falloc --no-conf -d mnt "http://127.0.0.1:$port/file"
	kill "$server"
	assert_status 0
	assert_allocated mnt/file
	cmp served/file mnt/file
}

@test "preload: a full volume is an error, and nothing stays" {
	require_program fallocate
	# Its exit status says nothing: util-linux 2.38 takes only negative results for errors.
	run preloaded fallocate --posix -l 1G mnt/file
	[ "$(stat -c %s mnt/file)" = 0 ]
	[ "$(stat -c %b mnt/file)" = 0 ]
}

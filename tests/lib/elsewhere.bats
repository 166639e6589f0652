#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The library where its other tests cannot go: with another C library, on another
# processor, on an overlay, under a quota of btrfs.

# shellcheck disable=SC2030,SC2031 # each test has an `output` of its own

bats_require_minimum_version 1.5.0
load elsewhere

# Programs of 32 bits can be made, and this kernel runs them: not all do (CONFIG_IA32_EMULATION).
require_32_bits() {
	echo 'int main(void) { return 0; }' | cc -m32 -x c - -o a.out 2>/dev/null ||
		lack programs "no C library of 32 bits (Debian: gcc-multilib)"
	./a.out || skip "this kernel runs no programs of 32 bits"
}

@test "elsewhere: 32 bits" {
	require_32_bits
	build cc -m32
	volume 96M ext2 mkfs.ext2 -qF
	kept ./promises mnt
	rm -rf mnt/*
	umount mnt
	volume 96M ext4 mkfs.ext4 -qF
	kept ./promises mnt
}

@test "elsewhere: programs of 32 bits, and either off_t, under the preloaded library" {
	require_32_bits
	require_program strace
	local sources
	mapfile -t sources < <(find "$ALLOC_PERF_SOURCE/lib" -name '*.c' ! -name preload.c)
	for source in "${sources[@]}"; do
		cc -m32 -c -fPIC -fvisibility=hidden -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
			-I"$ALLOC_PERF_SOURCE/include" "$source"
	done
	cc -m32 -shared -fPIC -std=gnu17 -D_GNU_SOURCE -I"$ALLOC_PERF_SOURCE/include" "$ALLOC_PERF_SOURCE/lib/preload.c" ./*.o \
		-Wl,--wrap=fallocate64 -o preload.so -pthread
	cat >program.c <<-'END'
		#include <fcntl.h>
		int main(int argc, char **argv)
		{
			int fd = open(argv[argc - 1], O_RDWR | O_CREAT, 0600);
			return fd < 0 || posix_fallocate(fd, 1000, 8 << 20) || fallocate(fd, 0, 0, 9 << 20) ||
			       (sizeof(off_t) == 8 && posix_fallocate(fd, (off_t)5 << 30, 4096));
		}
	END
	volume 96M ext2 mkfs.ext2 -qF
	for bits in 32 64; do
		cc -m32 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=$bits program.c -o program
		run -0 ./program mnt/"$bits-without" || true
		run -0 env LD_PRELOAD="$PWD/preload.so" ./program mnt/$bits
		[ "$(($(stat -c %b mnt/$bits) * 512))" -ge $((9 << 20)) ]
	done
	[ "$(stat -c %s mnt/32)" = $((9 << 20)) ]
	[ "$(stat -c %s mnt/64)" = $(((5 << 30) + 4096)) ]
}

@test "elsewhere: musl" {
	require_program musl-gcc
	# Debian's has no headers of the kernel.
	build musl-gcc -static -idirafter /usr/include -idirafter "/usr/include/$(cc -print-multiarch)"
	volume 96M ext2 mkfs.ext2 -qF
	kept ./promises mnt
}

@test "elsewhere: aarch64, emulated" {
	local root=/usr/aarch64-linux-gnu
	require_program clang
	require_program qemu-aarch64
	require_program aarch64-linux-gnu-ld
	[ -e /usr/aarch64-linux-gnu/include/stdio.h ] || lack programs "no C library of aarch64 (Debian: libc6-dev-arm64-cross)"
	# Without what gcc adds, since its package for aarch64 excludes the one for 32 bits.
	build clang --target=aarch64-linux-gnu -mno-outline-atomics -isystem $root/include -L$root/lib -nostartfiles -nodefaultlibs \
		$root/lib/crt{1,i,n}.o -Wl,--no-as-needed -lc
	for type in ext2 ext4; do
		volume 96M $type mkfs.$type -qF
		kept qemu-aarch64 -L $root ./promises mnt
		umount mnt
	done
}

@test "elsewhere: overlayfs" {
	build cc
	for type in ext2 ext4; do
		volume 96M $type mkfs.$type -qF
		mkdir mnt/lower mnt/upper mnt/work merged
		mount -t overlay -o lowerdir=mnt/lower,upperdir=mnt/upper,workdir=mnt/work overlay merged ||
			skip "the kernel has no overlayfs"
		kept ./promises merged
		umount merged mnt
		rmdir merged
	done
}

@test "elsewhere: an overlay on ext2 that lacks room has nothing written" {
	volume 96M ext2 mkfs.ext2 -qF
	mkdir mnt/lower mnt/upper mnt/work merged
	chmod 777 mnt/upper
	mount -t overlay -o lowerdir=mnt/lower,upperdir=mnt/upper,workdir=mnt/work overlay merged ||
		skip "the kernel has no overlayfs"
	for runs_as in "" as_user; do
		# No room for the pointers to the blocks.
		run -1 --separate-stderr $runs_as alloc-perf create --json merged/file "$(($(stat -fc '%f * %S' merged)))"
		[ "$(jq -c '[.error, .written_bytes, .calls, .left_bytes]' <<<"$output")" = '["No space left on device",0,0,0]' ]
		run -0 $runs_as alloc-perf create merged/file "$(($(stat -fc '%f * %S' merged) - 1048576))"
		rm merged/file
	done
}

@test "elsewhere: a file of the lower layer of an overlay" {
	volume 96M ext4 mkfs.ext4 -qF
	mkdir mnt/lower mnt/upper mnt/work merged
	head -c 3000000 /dev/urandom >mnt/lower/file
	cp mnt/lower/file before
	mount -t overlay -o lowerdir=mnt/lower,upperdir=mnt/upper,workdir=mnt/work overlay merged ||
		skip "the kernel has no overlayfs"
	run alloc-perf create merged/file 10M
	assert_status 0
	cmp -n 3000000 before merged/file
	cmp before mnt/lower/file
}

@test "elsewhere: a quota of btrfs" {
	require_program btrfs
	volume 320M btrfs mkfs.btrfs -qf
	btrfs subvolume create mnt/sub >/dev/null
	btrfs quota enable mnt
	btrfs qgroup limit 16M mnt/sub
	echo data >mnt/sub/file
	run alloc-perf create mnt/sub/file 64M
	assert_status 1
	assert_output_has "cannot allocate mnt/sub/file: Disk quota exceeded"
	[ "$(stat -c %s mnt/sub/file)" = 5 ]
	[ "$(cat mnt/sub/file)" = data ]
}

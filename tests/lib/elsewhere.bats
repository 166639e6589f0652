#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The library where its other tests cannot go: on file systems that only a guest has,
# under a quota, on an overlay, with another C library, on another processor.
# `promises` (promises.c) is built anew for each, of nothing but the library's sources.

# shellcheck disable=SC2030,SC2031 # each test has an `output` of its own

bats_require_minimum_version 1.5.0
load ../cli/helper

setup() {
	test_enter
}

teardown() {
	for directory in merged mnt; do
		! mountpoint -q "$WORK/$directory" || umount "$WORK/$directory"
	done
	test_leave
}

# build COMPILER...: ./promises.  Without what the build found out, so with the least.
build() {
	local sources
	mapfile -t sources < <(find "$ALLOC_PERF_SOURCE/lib" -name '*.c' ! -name preload.c)
	"$@" -std=gnu17 -O1 -g -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DPREALLOC_VERSION='"0"' -Wall -Wextra \
		-Werror -I"$ALLOC_PERF_SOURCE/include" "$ALLOC_PERF_SOURCE/tests/lib/"{promises,served}.c \
		"${sources[@]}" -o promises -pthread
}

# can COMPILER...: does it make programs?
can() {
	echo 'int main(void) { return 0; }' | "$@" -x c - -o /dev/null 2>/dev/null
}

# volume SIZE TYPE MKFS...: mounted on mnt.
volume() {
	require loop
	local size=$1 type=$2
	shift 2
	truncate -s "$size" image
	"$@" image >/dev/null 2>&1
	mkdir -p mnt
	mount -o "loop${OPTIONS:+,$OPTIONS}" -t "$type" image mnt
}

# kept COMMAND...: all of its promises.
kept() {
	run "$@"
	[[ $output = *"1..11"* ]] || fail "$output"
	[ "$(grep -c '^ok' <<<"$output")" = 11 ] || fail "$output"
	[[ $output != *"not ok"* ]] || fail "$output"
}

@test "elsewhere: 32 bits" {
	can cc -m32 || lack programs "no C library of 32 bits (Debian: gcc-multilib)"
	build cc -m32
	volume 96M ext2 mkfs.ext2 -qF
	kept ./promises mnt
	rm -rf mnt/*
	umount mnt
	volume 96M ext4 mkfs.ext4 -qF
	kept ./promises mnt
}

@test "elsewhere: programs of 32 bits, and either off_t, under the preloaded library" {
	can cc -m32 || lack programs "no C library of 32 bits (Debian: gcc-multilib)"
	require_program strace
	local sources
	mapfile -t sources < <(find "$ALLOC_PERF_SOURCE/lib" -name '*.c' ! -name preload.c)
	for source in "${sources[@]}"; do
		cc -m32 -c -fPIC -fvisibility=hidden -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DPREALLOC_VERSION='"0"' \
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
	local target=aarch64-linux-gnu emulator
	# Neither is installed by scripts/setup: hardly a machine has them.
	emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || skip "no qemu-aarch64 (Debian: qemu-user)"
	can clang --target=$target -static -I/usr/$target/include || skip "no C library of aarch64 (Debian: libc6-dev-arm64-cross)"
	build clang --target=$target -static -I/usr/$target/include
	for type in ext2 ext4; do
		volume 96M $type mkfs.$type -qF
		kept "$emulator" ./promises mnt
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

# modules NAME,...: copies them and what they need into the guest, in the order of loading.
modules() {
	local root name line file
	root=/usr/lib/uml/modules/$(linux.uml --version)
	for name in ${1//,/ }; do
		line=$(grep "/$name.ko:" "$root/modules.dep") || skip "linux.uml has no $name"
		for file in $(tac -s ' ' <<<"${line/:/} " | tr -d '\n'); do
			! grep -qsx "/${file##*/}" guest/modules || continue
			cp "$root/$file" guest/
			echo "/${file##*/}" >>guest/modules
		done
	done
}

# guest TYPE MODULE,... MKFS...: in a guest, by an ordinary user.  QUOTA: usrquota, grpquota, prjquota;
# NFS: 3, 4.2; KEEP_ROOM: not filled.
guest() {
	require uml
	local type=$1 needed=$2
	shift 2
	require_program "$1"
	build cc -static
	mkdir -p guest/{dev,proc,mnt,nfs,var/lib/nfs/v4recovery}
	mv promises guest/init
	modules "$needed"
	(cd guest && find . | cpio --quiet -o -H newc) | gzip >guest.cpio
	truncate -s "${SIZE:-96M}" image
	"$@" image >/dev/null 2>&1
	chmod 666 image
	kept as_user env TMPDIR=/dev/shm timeout -k 5 600 linux.uml mem=256M initrd=guest.cpio ubdb=image \
		uml_dir=/dev/null/ con=null con0=null,fd:1 quiet panic=-1 "type=$type" ${QUOTA:+"quota=$QUOTA"} \
		${NFS:+"nfs=$NFS"} ${KEEP_ROOM:+keep_room=1} </dev/null
}

@test "elsewhere: jfs, in a guest" {
	guest jfs "" mkfs.jfs -q
}

@test "elsewhere: reiserfs, in a guest" {
	guest reiserfs "" mkfs.reiserfs -q -f
}

@test "elsewhere: f2fs, in a guest" {
	guest f2fs crc32_generic,f2fs mkfs.f2fs -q -f
}

@test "elsewhere: nilfs2, in a guest" {
	# Without its cleaner, which only its tools bring, a volume that was full remains so.
	SIZE=1G KEEP_ROOM=1 guest nilfs2 nilfs2 mkfs.nilfs2 -q -f
}

# Of a user, of a group, and of a project, one after the other.
under_quotas() {
	for QUOTA in usrquota grpquota prjquota; do
		rm -rf guest image
		guest "$@"
	done
}

@test "elsewhere: quotas of ext4, in a guest" {
	under_quotas ext4 quota_v2 mkfs.ext4 -q -F -O quota,project
}

@test "elsewhere: quotas where zeroes are written, in a guest" {
	# Without extents there is no fallocate(), as with ext3.
	under_quotas ext4 quota_v2 mkfs.ext4 -q -F -O 'quota,project,^extent,^64bit'
}

@test "elsewhere: quotas of xfs, in a guest" {
	SIZE=300M under_quotas xfs quota_v2 mkfs.xfs -q -f
}

@test "elsewhere: NFS 4.2, which has an ALLOCATE, in a guest" {
	NFS=4.2 guest ext4 nfsd,nfsv4 mkfs.ext4 -q -F
}

@test "elsewhere: NFS 4.2 over what cannot allocate, in a guest" {
	NFS=4.2 guest ext2 nfsd,nfsv4 mkfs.ext2 -q -F
}

@test "elsewhere: NFS 3, which has none, in a guest" {
	# Holes of less than 4 KiB beside data are not seen there.
	NFS=3 guest ext4 nfsd,nfsv3 mkfs.ext4 -q -F -b 4096
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

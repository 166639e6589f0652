#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2034,SC2153 # each test has variables of its own, some for device.bash
#
# What the testbed device must not format since it is no device, or since somebody uses it;
# each case looks at the reason.
bats_require_minimum_version 1.5.0
load device

# ---- what is no device ----

@test "refused: what is not a block device" {
	mkdir directory
	mkfifo fifo
	touch file
	ln -s nowhere dangling
	ln -s loop loop
	WHERE=directory refused "directory is a directory, not a block device"
	WHERE="file" refused "file is a file, not a block device"
	WHERE=fifo refused "fifo is a FIFO, not a block device"
	WHERE=/dev/null refused "/dev/null is a character device"
	WHERE=$IMAGE refused "is a file, not a block device"
	WHERE=missing refused "cannot use the device missing: No such file or directory"
	WHERE=dangling refused "No such file or directory"
	WHERE=loop refused "Too many levels of symbolic links"
	WHERE=file/x refused "Not a directory"
	WHERE=$NAME refused "No such file or directory"
	mknod number b 240 77
	WHERE=number refused "cannot use the device number: No such device or address"
	mknod zero b 0 0
	WHERE=zero refused "cannot use the device zero: No such device or address"
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
	WHERE=socket refused "not a block device"
}

@test "refused: an empty path, a path of options, a testbed that destroys nothing" {
	run measure --on device: --destroy "$ID"
	assert_status 2
	assert_output_has "the testbed device needs a PATH"
	run measure --on device --destroy "$ID"
	assert_status 2
	run measure --on loop --destroy "$DISK"
	assert_status 2
	assert_output_has "--destroy is for --on device:PATH; the testbed loop destroys nothing"
	run measure --on uml --overwrite-signature ext4
	assert_status 2
	run measure --on dir:. --same-disk
	assert_status 2
	refused "--volume applies to images" --volume 20M
	mkdir images
	refused "--keep-images applies to images" --keep-images images
}

@test "refused: an ordinary user" {
	local before
	before=$(b2sum <"$DISK")
	chmod 666 "$DISK"
	run as_user alloc-perf run --on "device:$DISK" --destroy "$ID" -f ext2 -m ftruncate -s 1M -o result.jsonl
	chmod 600 "$DISK"
	assert_status 3
	assert_output_has "the testbed device needs root"
	[ "$(b2sum <"$DISK")" = "$before" ]
}

# ---- in use ----

@test "refused: mounted, by whatever name" {
	# To read only: what else the kernel writes in its own time the hash would tell.
	mkfs.ext2 -q "$DISK"
	mkdir mnt other
	mount -o ro "$DISK" mnt
	refused "is mounted on $WORK/mnt" --overwrite-signature ext2
	ln -s "$DISK" link
	ln -s link link2
	mknod node b "$((0x$(stat -c %t "$DISK")))" "$((0x$(stat -c %T "$DISK")))"
	ln node hardlink
	touch bound
	mount --bind "$DISK" bound
	for WHERE in link link2 node hardlink bound "$BY_ID/$ID" "/dev/../dev/$NAME" "$(realpath --relative-to=. "$DISK")"; do
		refused "is mounted on $WORK/mnt" --overwrite-signature ext2
	done
	exec 7<"$DISK"
	WHERE=/proc/$$/fd/7 refused "is mounted on" --overwrite-signature ext2
	exec 7<&-
	umount bound
	mount --bind mnt other
	umount mnt
	WHERE=$DISK refused "is mounted on $WORK/other" --overwrite-signature ext2
	# A bind of a folder deep inside.
	mkdir -p mnt2
	mount --bind other/lost+found mnt2
	umount other
	refused "is mounted on $WORK/mnt2" --overwrite-signature ext2
	umount mnt2
}

@test "refused: mounted in another mount namespace" {
	mkfs.ext4 -q "$DISK"
	hold unshare -m sh -c "mount -o ro $DISK /mnt && echo ready && exec sleep 1000"
	refused "is mounted on /mnt, in the mount namespace of process" --overwrite-signature ext4
	kill -KILL "$HOLDER"
}

@test "refused: mounted where no process is" {
	mkfs.ext4 -q "$DISK"
	mkdir mnt
	mount -o ro "$DISK" mnt
	exec 7<mnt/lost+found
	umount -l mnt
	refused "is in use by the kernel or by another program" --overwrite-signature ext4
	exec 7>&-
}

@test "refused: mounted btrfs and xfs, which have numbers of their own" {
	make_disk 320M
	mkfs.btrfs -q "$DISK"
	mkdir mnt
	mount -o ro "$DISK" mnt
	refused "is mounted on $WORK/mnt" --overwrite-signature btrfs
	umount mnt
	mkfs.xfs -q -f "$DISK"
	mount -o ro "$DISK" mnt
	refused "is mounted on $WORK/mnt" --overwrite-signature xfs
	umount mnt
}

@test "refused: the second device of a mounted btrfs" {
	local first=$DISK
	losetup -d "$first"
	make_disk 128M
	first=$DISK
	make_disk 128M
	mkfs.btrfs -q -m raid1 -d raid1 "$first" "$DISK"
	mkdir mnt
	mount -o "ro,device=$DISK" "$first" mnt
	refused "is in use by a mounted btrfs" --overwrite-signature btrfs
	umount mnt
}

@test "refused: swap" {
	mkswap "$DISK"
	refused "is not empty (swap)"
	refused "contains swap, but --overwrite-signature names \"ext4\"" --overwrite-signature ext4
	swapon "$DISK"
	refused "is in use as swap: $DISK" --overwrite-signature swap
	ln -s "$DISK" link
	WHERE="link" refused "is in use as swap: $DISK" --overwrite-signature swap
	swapoff "$DISK"
}

@test "refused: opened exclusively, or to write, or locked" {
	hold python3 -c 'import os, sys, time; f = os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL); print(flush=True); time.sleep(1000)' "$DISK"
	refused "is in use by the kernel or by another program"
	kill -KILL "$HOLDER"
	wait "$HOLDER" || true
	hold python3 -c 'import os, sys, time; f = os.open(sys.argv[1], os.O_RDWR); print(flush=True); time.sleep(1000)' "$DISK"
	refused "is open for writing in python3 (process "
	kill -KILL "$HOLDER"
	wait "$HOLDER" || true
	hold flock -F "$DISK" sh -c 'echo; exec sleep 1000'
	refused "the disk $NAME is locked by another program"
	kill -KILL "$HOLDER"
	wait "$HOLDER" || true
	# What it is made of.
	hold python3 -c 'import os, sys, time; f = os.open(sys.argv[1], os.O_WRONLY); print(flush=True); time.sleep(1000)' "$IMAGE"
	refused "is open for writing in python3 (process "
}

@test "refused: below a loop device, above another device, beside another loop device" {
	local below=$DISK above
	above=$(losetup --find --show "$DISK")
	refused "is also used through ${above#/dev/}"
	WHERE=$above refused "is only another name for $NAME"
	losetup -d "$above"
	above=$(losetup --find --show "$IMAGE")
	refused "is also used through ${above#/dev/}, which is made from the same file"
	WHERE=$above refused "is also used through $NAME, which is made from the same file"
	losetup -d "$above"
	# A part of it is enough.
	above=$(losetup --find --show --offset 1M "$below")
	refused "is also used through ${above#/dev/}"
	losetup -d "$above"
}

@test "refused: of a disk its partitions count, and of a partition its disk" {
	local whole=$DISK
	make_partitions
	refused "has partitions: ${NAME}p"
	mkfs.ext2 -q "${DISK}p1"
	mkdir mnt
	mount -o ro "${DISK}p1" mnt
	refused "is mounted on $WORK/mnt (its partition ${NAME}p1)"
	umount mnt
	mkswap "${DISK}p1"
	swapon "${DISK}p1"
	refused "is in use as swap: ${DISK}p1 (its partition ${NAME}p1)"
	swapoff "${DISK}p1"
	hold python3 -c 'import os, sys, time; f = os.open(sys.argv[1], os.O_RDWR); print(flush=True); time.sleep(1000)' "$DISK"
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "is open for writing in python3"
	kill -KILL "$HOLDER"
	wait "$HOLDER" || true
	hold flock -F "$DISK" sh -c 'echo; exec sleep 1000'
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "the disk $NAME is locked by another program"
	kill -KILL "$HOLDER"
	wait "$HOLDER" || true
	wipefs -qa "${DISK}p1"
	# The disk itself is a member of something, of which the partitions are a view.
	put $((24 * 1024 * 1024 - 65536)) '\xfc\x4e\x2b\xa9\0\0\0\0\x5a\0\0\0'
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "a disk with a signature of its own (linux_raid_member)"
	delpart "$whole" 1
	delpart "$whole" 2
	mkfs.ext2 -q "$DISK"
	mount -o ro "$DISK" mnt
	addpart "$DISK" 2 20480 16384
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "is mounted on $WORK/mnt (its disk $NAME)"
	umount mnt
}

@test "refused: partitions that overlap" {
	make_partitions
	addpart "$DISK" 3 30000 16384 || skip "this kernel refuses such partitions"
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "shares sectors with ${NAME}p3"
	delpart "$DISK" 3
}

# ---- what it is ----

@test "refused: read-only, too small, without a medium" {
	blockdev --setro "$DISK"
	refused "is read-only"
	blockdev --setrw "$DISK"
	refused "is too small: it has 24 MiB and the run needs 25 MiB" -s 25M
	refused "is too small: it has 24 MiB and the run needs 300 MiB" -f xfs
	refused "and the run needs 4 GiB" -s 4G
	make_spare
	WHERE=/dev/loop$SPARE refused "has no medium"
}

@test "refused: a read-only loop device, whatever its file" {
	make_disk 24M --read-only
	refused "is read-only"
}

@test "refused: the disk that holds scratch folder or results" {
	make_partitions
	mkfs.ext4 -q "${DISK}p1"
	mkdir mnt
	mount "${DISK}p1" mnt
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "is on $NAME, the disk that contains $WORK/mnt" --scratch "$WORK/mnt"
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "is on $NAME, the disk that contains mnt/" -o mnt/new.jsonl
	[ ! -e mnt/new.jsonl ]
	touch mnt/old.jsonl
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "the disk that contains mnt/old.jsonl" -o mnt/old.jsonl --force
	(cd mnt && WHERE=$PARTITION AGREED=$PARTITION_ID refused "the disk that contains ." -o new.jsonl)
	run bash -c "alloc-perf run -f ext2 -m ftruncate -s 1M --on device:$PARTITION --destroy $PARTITION_ID -o - >mnt/out"
	assert_status 2
	assert_output_has "the disk that contains /proc/self/fd/1"
	# Through a loop device over a file there.
	truncate -s 8M mnt/image
	mkfs.ext2 -q -F mnt/image
	mkdir inner
	mount -o loop mnt/image inner
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "the disk that contains $WORK/inner" --scratch "$WORK/inner"
	umount inner
	# The option is for that alone.
	run measure --on "device:$PARTITION" --destroy "$PARTITION_ID" --scratch "$WORK/mnt" --same-disk
	assert_status 0
	[ -e mnt/old.jsonl ]
	umount mnt
}

@test "refused: the disk of the machine" {
	local disk
	disk=$(findmnt -no SOURCE /)
	[ -b "$disk" ] || skip "/ is on not a block device"
	# Only looked at.
	run alloc-perf run --on "device:$disk" -f ext2 -m ftruncate -s 1M -o result.jsonl --dry-run
	assert_status 2
	assert_output_has "is mounted on /"
}

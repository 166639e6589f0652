#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test has variables of its own
#
# The testbed device, with loop devices over image files of the test as disks.
# Most of it is about what must not be formatted: each such case looks at the
# reason, and at all of what is on the device before and after.
bats_require_minimum_version 1.5.0
load ../cli/helper

BY_ID=/dev/disk/by-id

setup() {
	test_enter
	require loop
	BY_ID_MADE=
	[ -d $BY_ID ] || BY_ID_MADE=1
	mkdir -p $BY_ID
	make_disk 24M
}

teardown() {
	local disk
	[ -z "${HOLDER:-}" ] || kill -KILL "$HOLDER" 2>/dev/null || true
	rm -f $BY_ID/alloc-perf-test-$$-*
	cut -d' ' -f5 /proc/self/mountinfo | grep "^$TEST_DIR/" | tac | xargs -r umount -l
	[ -z "${BY_ID_MADE:-}" ] || rmdir -p $BY_ID 2>/dev/null || true
	# By the images, so that no other's device is ever meant.
	losetup --list --noheadings --output NAME,BACK-FILE | awk -v dir="$TEST_DIR/" 'index($2, dir) == 1 { print $1 }' |
		while read -r disk; do
			swapoff "$disk" 2>/dev/null || true
			delpart "$disk" 1 2>/dev/null || true
			delpart "$disk" 2 2>/dev/null || true
			losetup -d "$disk" || true
		done
	test_leave
}

# make_disk SIZE [losetup's OPTION...]: DISK and IMAGE are a new one, ID its name in /dev/disk/by-id.
make_disk() {
	local size=$1
	shift
	IMAGE=$(mktemp "$TEST_DIR/disk.XXXXXX")
	truncate -s "$size" "$IMAGE"
	DISK=$(losetup --find --show "$@" "$IMAGE")
	NAME=${DISK#/dev/}
	ID=alloc-perf-test-$$-$NAME
	ln -sfn "../../$NAME" "$BY_ID/$ID"
}

# make_partitions: two of 8 MiB on DISK, as only the kernel knows them.
make_partitions() {
	addpart "$DISK" 1 2048 16384
	addpart "$DISK" 2 20480 16384
	PARTITION=${DISK}p2
	PARTITION_ID=alloc-perf-test-$$-${NAME}p2
	ln -sfn "../../${NAME}p2" "$BY_ID/$PARTITION_ID"
}

# put OFFSET BYTES: on DISK; BYTES as printf reads them.
put() {
	# shellcheck disable=SC2059 # that is the meaning
	printf "$2" | dd of="$DISK" bs=1 seek="$1" conv=notrunc,fsync status=none
}

# In the background until the end of the test; waits until it is ready.
hold() {
	mkfifo ready
	"$@" >ready 2>hold.err 3>&- &
	HOLDER=$!
	read -r _ <ready || fail "$* did not start: $(cat hold.err)"
	rm ready
}

measure() { # OPTION...: the smallest run there is
	alloc-perf run -f ext2 -m ftruncate -s 1M -o result.jsonl "$@"
}

# refused REASON OPTION...: for WHERE, DISK if not set; nothing on DISK or anywhere else changes.
refused() {
	local reason=$1 where=${WHERE:-$DISK} before
	shift
	before=$(b2sum "$DISK")
	run measure --on "device:$where" --destroy "${AGREED:-$ID}" "$@"
	[ "$status" = 2 ] || [ "$status" = 3 ] || fail "status $status for \"$reason\": $output"
	assert_output_has "$reason"
	[ "$(b2sum "$DISK")" = "$before" ] || fail "$where was changed"
	[ ! -e result.jsonl ] || fail "there is a result"
	[ -z "${LOOK:-}" ] || return 0
	# Without --destroy, and only looked at: the same.
	run measure --on "device:$where" --dry-run "$@"
	[ "$status" = 2 ] || [ "$status" = 3 ] || fail "--dry-run: status $status for \"$reason\": $output"
	[ "$(b2sum "$DISK")" = "$before" ] || fail "$where was changed by --dry-run"
}

# ---- what is no device ----

@test "refused: what is no block device" {
	mkdir directory
	mkfifo fifo
	touch file
	ln -s nowhere dangling
	ln -s loop loop
	WHERE=directory refused "directory is a directory and no block device"
	WHERE="file" refused "file is a file and no block device"
	WHERE=fifo refused "fifo is a FIFO and no block device"
	WHERE=/dev/null refused "/dev/null is a character device"
	WHERE=$IMAGE refused "is a file and no block device"
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
	WHERE=socket refused "no block device"
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
	refused "--volume is for images" --volume 20M
	mkdir images
	refused "--keep-images is for images" --keep-images images
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
	refused "has something on it (swap)"
	refused "has swap on it and not ext4" --overwrite-signature ext4
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
	refused "is also used through ${above#/dev/}, which is made of the same file"
	WHERE=$above refused "is also used through $NAME, which is made of the same file"
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
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "which as a whole has something on it (linux_raid_member)"
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

# ---- what is on it ----

signature() { # TYPE [OFFSET BYTES]...
	local type=$1
	shift
	while [ $# -gt 0 ]; do
		put "$1" "$2"
		shift 2
	done
	[ "$(blkid -p -o value -s TYPE "$DISK")" = "$type" ] || skip "this libblkid knows no $type by that"
}

empty() {
	blkdiscard -f "$DISK"
}

@test "refused: file systems, and any other type than theirs" {
	for type in ext2 ext3 ext4; do
		mkfs.$type -q -F -L precious "$DISK"
		refused "has something on it ($type); choose another device, or let it be overwritten by --overwrite-signature $type"
		refused "has $type on it and not xfs" --overwrite-signature xfs
		refused "has $type on it and not ext" --overwrite-signature ext
		refused "has $type on it and not " --overwrite-signature ""
		empty
	done
	signature iso9660 32768 '\x01CD001'
	refused "(iso9660)"
	empty
	signature squashfs 0 hsqs 28 '\x04'
	refused "(squashfs)"
	empty
	signature f2fs 1024 '\x10\x20\xf5\xf2\x01'
	refused "has f2fs on it and not btrfs" --overwrite-signature btrfs
	empty
	signature btrfs 65600 _BHRfS_M
	refused "(btrfs)"
	empty
	signature exfat 3 'EXFAT   '
	refused "(exfat)"
	empty
	mke2fs -q -O journal_dev "$DISK"
	refused "(jbd)"
	empty
	mkfs.minix "$DISK"
	refused "(minix)"
}

@test "refused: members, whatever is said" {
	signature linux_raid_member 4096 '\xfc\x4e\x2b\xa9\x01' 4240 '\x08'
	refused "is a member of something larger (linux_raid_member)" --overwrite-signature linux_raid_member
	empty
	signature linux_raid_member $((24 * 1024 * 1024 - 65536)) '\xfc\x4e\x2b\xa9\0\0\0\0\x5a'
	refused "is a member of something larger (linux_raid_member)" --overwrite-signature linux_raid_member
	empty
	signature DM_snapshot_cow 0 'SnAp\x01\0\0\0\x01\0\0\0\x08'
	refused "is a member of something larger (DM_snapshot_cow)" --overwrite-signature DM_snapshot_cow
	empty
	signature DM_verity_hash 0 'verity\0\0\x01'
	refused "is a member of something larger (DM_verity_hash)" --overwrite-signature DM_verity_hash
	empty
	signature ceph_bluestore 0 'bluestore block device'
	refused "is a member of something larger (ceph_bluestore)" --overwrite-signature ceph_bluestore
	empty
	signature vdo 0 dmvdo001
	refused "is a member of something larger (vdo)" --overwrite-signature vdo
	empty
	signature swsuspend 4086 'S1SUSPEND\0'
	refused "is a member of something larger (swsuspend)" --overwrite-signature swsuspend
}

@test "refused: LVM, ZFS, bcache" {
	python3 - "$DISK" <<-'END'
		import struct, sys
		def crc(data):
		    crc = 0xf597a6cf
		    for byte in data:
		        crc ^= byte
		        for _ in range(8):
		            crc = (crc >> 1) ^ (0xedb88320 if crc & 1 else 0)
		    return crc
		rest = struct.pack("<I8s32s", 32, b"LVM2 001", b"a" * 32) + bytes(512 - 20 - 44)
		label = b"LABELONE" + struct.pack("<QI", 1, crc(rest)) + rest
		with open(sys.argv[1], "r+b") as disk:
		    disk.seek(512)
		    disk.write(label)
	END
	signature LVM2_member
	refused "is a member of something larger (LVM2_member)" --overwrite-signature LVM2_member
	# Damaged ones, too.
	put 700 x
	refused "LVM2_member"
	make_disk 80M
	python3 - "$DISK" <<-'END'
		import struct, sys
		with open(sys.argv[1], "r+b") as disk:
		    for label in (0, 1):
		        for i in range(0, 128):
		            disk.seek(label * 262144 + 131072 + i * 1024)
		            disk.write(struct.pack("<QQQ", 0x00bab10c, 5000, 1))
	END
	[ "$(blkid -p -o value -s TYPE "$DISK")" = zfs_member ]
	refused "is a member of something larger (zfs_member)" --overwrite-signature zfs_member
}

@test "refused: an encrypted one, but for its very name" {
	signature crypto_LUKS 0 'LUKS\xba\xbe\0\x02'
	refused "(crypto_LUKS)"
	refused "has crypto_LUKS on it and not luks" --overwrite-signature luks
}

@test "refused: signatures that contradict each other" {
	mkfs.ext2 -q -F "$DISK"
	put 65600 _BHRfS_M
	refused "has several signatures that contradict each other"
	refused "has several signatures that contradict each other" --overwrite-signature ext2
	refused "has several signatures that contradict each other" --overwrite-signature btrfs
}

@test "refused: partition tables, also damaged ones" {
	put 510 '\x55\xaa'
	put 446 '\0\0\x02\0\x83\0\0\0\0\x08\0\0\0\x10\0\0'
	refused "has a partition table (dos)"
	refused "has a partition table (dos)" --overwrite-signature dos
	empty
	python3 - "$DISK" <<-'END'
		import struct, sys, zlib
		sectors = 24 * 2048
		entries = (b"\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4" + b"u" * 16 +
		           struct.pack("<QQQ", 2048, 4095, 0)).ljust(128, b"\0") + bytes(127 * 128)
		def header(own, other, table):
		    body = b"EFI PART" + struct.pack("<IIIIQQQQ16sQIII", 0x10000, 92, 0, 0, own, other, 34,
		                                     sectors - 34, b"g" * 16, table, 128, 128, zlib.crc32(entries))
		    return body[:16] + struct.pack("<I", zlib.crc32(body)) + body[20:]
		with open(sys.argv[1], "r+b") as disk:
		    disk.seek(446)
		    disk.write(struct.pack("<BBBBBBBBII", 0, 0, 2, 0, 0xee, 255, 255, 255, 1, sectors - 1))
		    disk.seek(510)
		    disk.write(b"\x55\xaa")
		    disk.seek(512)
		    disk.write(header(1, sectors - 1, 2).ljust(512, b"\0") + entries)
		    disk.seek((sectors - 33) * 512)
		    disk.write(entries + header(sectors - 1, 1, sectors - 33))
	END
	refused "has a partition table (gpt)"
	refused "has a partition table (gpt)" --overwrite-signature gpt
	# Only the copy at the end is left.
	dd if=/dev/zero of="$DISK" bs=512 count=34 conv=notrunc,fsync status=none
	refused "has a partition table (gpt)"
	empty
	# In a partition.
	make_partitions
	put $((20480 * 512 + 510)) '\x55\xaa'
	put $((20480 * 512 + 446)) '\0\0\x02\0\x83\0\0\0\0\x08\0\0\0\x10\0\0'
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "has a partition table (dos)"
}

@test "refused: named in fstab or crypttab" {
	mkfs.ext4 -q -L "name$$" "$DISK"
	local uuid line
	uuid=$(blkid -p -o value -s UUID "$DISK")
	cp -a /etc/fstab fstab.saved 2>/dev/null || touch fstab.saved
	mkdir etc
	for line in "UUID=$uuid" "LABEL=name$$" "$DISK" "$BY_ID/$ID"; do
		printf '# a comment %s\n%s /precious ext4 noauto 0 0\n' "$DISK" "$line" >etc/fstab
		# In a namespace of the test, so that the machine's own is left alone.
		run unshare -m sh -c "touch /etc/fstab; mount --bind etc/fstab /etc/fstab && exec alloc-perf run -f ext2 -m ftruncate -s 1M -o result.jsonl --on device:$DISK --destroy $ID --overwrite-signature ext4"
		assert_status 2
		assert_output_has "belongs to the system by /etc/fstab: $line"
		[ "$(blkid -p -o value -s UUID "$DISK")" = "$uuid" ]
	done
	[ ! -e result.jsonl ]
}

# ---- what it is ----

@test "refused: read-only, too small, without a medium" {
	blockdev --setro "$DISK"
	refused "is read-only"
	blockdev --setrw "$DISK"
	refused "is too small: it has 24 MiB and the run needs 25 MiB" -s 25M
	refused "is too small: it has 24 MiB and the run needs 300 MiB" -f xfs
	refused "and the run needs 4 GiB" -s 4G
	local free
	free=$(losetup --find)
	WHERE=$free refused "has no medium"
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
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "is on $NAME, the disk that holds $WORK/mnt" --scratch "$WORK/mnt"
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "is on $NAME, the disk that holds mnt/" -o mnt/new.jsonl
	[ ! -e mnt/new.jsonl ]
	touch mnt/old.jsonl
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "the disk that holds mnt/old.jsonl" -o mnt/old.jsonl --force
	(cd mnt && WHERE=$PARTITION AGREED=$PARTITION_ID refused "the disk that holds ." -o new.jsonl)
	run bash -c "alloc-perf run -f ext2 -m ftruncate -s 1M --on device:$PARTITION --destroy $PARTITION_ID -o - >mnt/out"
	assert_status 2
	assert_output_has "the disk that holds /proc/self/fd/1"
	# Through a loop device over a file there.
	truncate -s 8M mnt/image
	mkfs.ext2 -q -F mnt/image
	mkdir inner
	mount -o loop mnt/image inner
	WHERE=$PARTITION AGREED=$PARTITION_ID refused "the disk that holds $WORK/inner" --scratch "$WORK/inner"
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
	[ -b "$disk" ] || skip "/ is on no block device"
	# Only looked at.
	run alloc-perf run --on "device:$disk" -f ext2 -m ftruncate -s 1M -o result.jsonl --dry-run
	assert_status 2
	assert_output_has "is mounted on /"
}

# ---- what the user says ----

@test "refused: without a terminal all but the name of that very device" {
	local other LOOK=no
	make_partitions
	delpart "$DISK" 1
	delpart "$DISK" 2
	for AGREED in "$DISK" "$NAME" "$ID-part1" "${ID%?}" "$PARTITION_ID" "${ID^^}" "$BY_ID/../by-id/$ID" "/dev/disk/by-id" \
		"./$ID" yes 1 '*' "$BY_ID/" "${IMAGE}" "$BY_ID/$ID/"; do
		refused "--destroy $AGREED does not name $DISK"
	done
	AGREED=''
	run measure --on "device:$DISK" --destroy ""
	assert_status 2
	run measure --on "device:$DISK"
	assert_status 2
	assert_output_has "all that is on $DISK would be lost; if it may be, add --destroy '$ID'"
	# The name of another disk.
	other=$ID
	make_disk 24M
	AGREED=$other refused "--destroy $other does not name $DISK"
	# A name of this one that was given to the other.
	ln -sfn "$(readlink "$BY_ID/$ID")" "$BY_ID/$other"
	ln -sfn "../../null" "$BY_ID/$ID"
	AGREED=$ID refused "--destroy $ID does not name $DISK"
	rm "$BY_ID/$ID" "$BY_ID/$other"
	AGREED=$ID refused "has neither a name in $BY_ID/ nor a serial number of its own"
}

# on_terminal ANSWER OPTION...: with a terminal, on which ANSWER is typed when it asks.
on_terminal() {
	"$ALLOC_PERF_SOURCE/tests/cli/terminal.py" "to have it formatted: " "$1" -- "${@:2}"
}

@test "refused: on a terminal all but the name that is shown" {
	local before command
	before=$(b2sum <"$DISK")
	command="alloc-perf run --on device:$DISK -f ext2 -m ftruncate -s 1M -o result.jsonl"
	for answer in '\n' 'y\n' 'yes\n' "$DISK\n" "${NAME}x\n" "x$NAME\n" ' \n' '\x04' "${NAME^^}\n"; do
		# shellcheck disable=SC2086 # words
		run on_terminal "$answer" $command --destroy "$DISK"
		assert_status 2
		assert_output_has "that is not $NAME; nothing was written to $DISK"
		[ "$(b2sum <"$DISK")" = "$before" ]
	done
	# Neither the option nor the answer does alone.
	# shellcheck disable=SC2086
	run on_terminal "$NAME\n" $command
	assert_status 2
	assert_output_has "add --destroy '$DISK'"
	# shellcheck disable=SC2086
	run on_terminal "$NAME\n" $command --destroy "$NAME"
	assert_status 2
	assert_output_has "does not name $DISK"
	# An answer that is no terminal's.
	# shellcheck disable=SC2086
	run bash -c "yes $NAME | $command --destroy $DISK"
	assert_status 2
	[ "$(b2sum <"$DISK")" = "$before" ]
	[ ! -e result.jsonl ]
}

@test "refused: mkfs and mount options that name another device" {
	local other=$DISK other_hash line
	make_disk 24M
	other_hash=$(b2sum <"$other")
	for line in "mkfs = mkfs.ext4 -F -q -J device=$other" "mkfs = mkfs.btrfs -f $other" "mkfs = mkfs.ext4 -q -d /etc" \
		"mkfs = mkfs.ext4 -q -J device=UUID=1234" $'mkfs = mkfs.ext4 -q\nmount = journal_path='"$other"; do
		printf '[plan]\nfilesystems = x\nmethods = ftruncate\nsizes = 1M\n[x]\ntype = ext4\n%s\n' "$line" >plan.ini
		run alloc-perf run --plan plan.ini --on "device:$DISK" --destroy "$ID" -o result.jsonl
		assert_status 2
		assert_output_has "names something besides the volume"
		[ "$(b2sum <"$other")" = "$other_hash" ]
	done
}

# ---- in the course of a run ----

# The trial number COUNT of a run in the background has ended.
wait_for_trials() { # COUNT
	for _ in {1..600}; do
		[ "$(grep -c '"type": *"trial"' result.jsonl 2>/dev/null)" -ge "$1" ] 2>/dev/null && return
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	fail "trial $1 did not end: $(cat err)"
}

start_long() { # WHERE OPTION...
	local where=$1
	shift
	alloc-perf run --on "device:$where" --destroy "$ID" -f ext2,ext4 -m chunk-4096,ftruncate,mmap -s 8M -r 50 \
		-o result.jsonl "$@" >out 2>err &
	pid=$!
}

ended() { # STATUS SENTENCE
	status=0
	wait "$pid" || status=$?
	[ "$status" = "$1" ] || fail "status $status: $(cat err)"
	grep -qF -- "$2" err || fail "no \"$2\" in: $(cat err)"
}

@test "a path that names another disk in the course of the run" {
	local first=$DISK first_id=$ID hash
	make_disk 24M
	mkfs.ext4 -q -F -L precious "$DISK"
	hash=$(b2sum <"$DISK")
	ln -s "$first" link
	ID=$first_id start_long link
	wait_for_trials 3
	ln -sfn "$DISK" link2
	mv -T link2 link
	ended 2 "link is no longer what it was when the run began, but $NAME of 24 MiB; nothing was written to that"
	[ "$(b2sum <"$DISK")" = "$hash" ]
}

@test "the same name for another disk, as after unplugging" {
	local old=$IMAGE hash
	cp "$IMAGE" "$TEST_DIR/disk.new"
	mkfs.ext4 -q -F -L precious "$TEST_DIR/disk.new"
	hash=$(b2sum <"$TEST_DIR/disk.new")
	start_long "$DISK"
	wait_for_trials 3
	# The device stays as long as the run has it open; then the name is free.
	losetup -d "$DISK"
	losetup "$DISK" "$TEST_DIR/disk.new" 2>/dev/null && fail "the device was free"
	kill -TERM "$pid"
	ended 130 "interrupted"
	[ "$(b2sum <"$TEST_DIR/disk.new")" = "$hash" ]
	[ -e "$old" ]
}

@test "a size that changes in the course of the run" {
	start_long "$DISK"
	wait_for_trials 2
	truncate -s 48M "$IMAGE"
	losetup -c "$DISK"
	ended 2 "is no longer what it was when the run began, but $NAME of 48 MiB"
}

@test "somebody else mounts or swaps on it in the course of the run" {
	mkdir mnt
	start_long "$DISK"
	wait_for_trials 1
	for _ in {1..2000}; do
		mount "$DISK" mnt 2>/dev/null && break
	done
	mountpoint -q mnt || fail "could not mount in between"
	touch mnt/precious
	status=0
	wait "$pid" || status=$?
	[ "$status" != 0 ] || fail "the run went on: $(cat err)"
	[ -e mnt/precious ]
	umount mnt
}

@test "a path that vanishes in the course of the run" {
	ln -s "$DISK" link
	start_long link
	wait_for_trials 2
	rm link
	ended 3 "cannot use the device link: No such file or directory"
}

# ---- good runs ----

@test "ext4, xfs and btrfs on a disk, which is empty before and after" {
	make_disk 400M
	run alloc-perf run --on "device:$DISK" --destroy "$ID" -f ext4,xfs,btrfs -m fallocate,chunk-4096 -s 16M -o result.jsonl
	assert_status 0
	for fs in ext4 xfs btrfs; do
		[ "$(value $fs chunk-4096 status)" = ok ]
		[ "$(value $fs chunk-4096 volume_bytes)" = 419430400 ]
		[ "$(value $fs chunk-4096 caches_dropped)" = 1 ]
		[ "$(value $fs chunk-4096 kernel)" = "$(uname -r)" ]
		jq -se 'map(select(.filesystem == "'$fs'" and .method == "chunk-4096"))[0] |
			.allocate_written_bytes + .sync_written_bytes + .unmount_written_bytes >= 16777216' result.jsonl
	done
	[ -z "$(wipefs --noheadings "$DISK")" ] || fail "$(wipefs "$DISK")"
	# Trimmed: the file system and its data are gone from the image.
	[ "$(stat -c %b "$IMAGE")" -lt 2048 ] || fail "$(stat -c %b "$IMAGE") blocks"
	# So it can be used again at once.
	run measure --on "device:$DISK" --destroy "$BY_ID/$ID" --force
	assert_status 0
	jq -se 'map(select(.type == "environment"))[0] | .device == "'"$DISK"'" and .disk_bytes == 419430400 and .testbed == "device"
		and .logical_sector_bytes >= 512 and .physical_sector_bytes >= 512 and .discard == 1 and .write_cache != null
		and .rotational != null and .partition_start_bytes == null' result.jsonl
	assert_no_mount
}

assert_no_mount() {
	! grep -q "$NAME" /proc/mounts || fail "$(grep "$NAME" /proc/mounts)"
	! grep -q "$TEST_DIR" /proc/mounts
}

@test "a partition, whose neighbours stay as they are" {
	local before
	make_partitions
	mkfs.ext2 -q -L precious "${DISK}p1"
	before=$(b2sum <"${DISK}p1")
	dd if=/dev/urandom of="$DISK" bs=512 seek=36864 count=12288 conv=notrunc,fsync status=none
	dd if=/dev/urandom of="$DISK" bs=512 seek=18432 count=2048 conv=notrunc,fsync status=none
	rest() {
		dd if="$DISK" bs=512 count=20480 status=none | b2sum
		dd if="$DISK" bs=512 skip=36864 status=none | b2sum
	}
	local around
	around=$(rest)
	run measure --on "device:$PARTITION" --destroy "$PARTITION_ID" -f ext2,ext4 -m chunk-4096
	assert_status 0
	[ "$(b2sum <"${DISK}p1")" = "$before" ]
	[ "$(rest)" = "$around" ]
	jq -se 'map(select(.type == "environment"))[0] | .partition_start_bytes == 10485760 and .disk_bytes == 25165824' result.jsonl
}

@test "a signature that is named is overwritten, once" {
	mkfs.ext4 -q -F "$DISK"
	run measure --on "device:$DISK" --destroy "$ID" --overwrite-signature ext4 -f ext2,ext4
	assert_status 0
	mkswap "$DISK"
	run measure --on "device:$DISK" --destroy "$ID" --overwrite-signature swap --force
	assert_status 0
}

@test "on a terminal the name is typed" {
	mkfs.ext4 -q -F -L scratch "$DISK"
	run on_terminal "$NAME\n" alloc-perf run --on "device:$DISK" --destroy "$DISK" --overwrite-signature ext4 \
		-f ext2 -m ftruncate -s 1M -o result.jsonl
	assert_status 0
	assert_output_has "$DISK, which is $NAME, a disk of 24 MiB"
	assert_output_has "found on it: ext4 (label: scratch)"
	[ "$(value ext2 ftruncate status)" = ok ]
}

@test "--dry-run shows each command and touches nothing" {
	local before
	before=$(b2sum <"$DISK")
	run alloc-perf run --on "device:$DISK" -f ext2,ext4-nodelalloc -m ftruncate -s 1M -o result.jsonl --dry-run
	assert_status 0
	assert_output_has "blkdiscard $DISK; wipefs --all $DISK; mkfs.ext2 -F -q $DISK; mount -t ext2 $DISK"
	assert_output_has "mount -t ext4 -o nodelalloc $DISK"
	[ "$(b2sum <"$DISK")" = "$before" ]
	[ ! -e result.jsonl ]
}

@test "a failed mkfs is a failed trial, and the run goes on" {
	printf '[plan]\nfilesystems = bad,ext2\nmethods = ftruncate\nsizes = 1M\n[bad]\ntype = ext4\nmkfs = mkfs.ext4 -q -b 77\n' >plan.ini
	run alloc-perf run --plan plan.ini --on "device:$DISK" --destroy "$ID" -o result.jsonl
	assert_status 1
	[ "$(value bad ftruncate stage)" = format ]
	[ "$(value ext2 ftruncate status)" = ok ]
}

@test "an interrupted run goes on, with the device agreed to once more" {
	start_long "$DISK"
	wait_for_trials 2
	kill -KILL "$pid"
	wait "$pid" || true
	sleep 0.3
	local type
	run alloc-perf run --resume result.jsonl -q
	assert_status 2
	type=$(blkid -p -o value -s TYPE "$DISK" || true)
	[ -z "$type" ] || assert_output_has "let it be overwritten by --overwrite-signature $type"
	alloc-perf run --resume result.jsonl --destroy "$ID" --overwrite-signature "${type:-ext2}" >out 2>err &
	pid=$!
	wait_for_trials 8
	kill -TERM "$pid"
	ended 130 "interrupted"
	run alloc-perf run --resume result.jsonl --destroy "$ID" --dry-run
	assert_status 0
	# Another disk is no place to go on.
	make_disk 32M
	sed -i "s,device:/dev/loop[0-9]*,device:$DISK,g" result.jsonl
	run alloc-perf run --resume result.jsonl --destroy "$ID"
	assert_status 2
	assert_output_has "was begun on a volume of 24M"
}

@test "killed at any moment: nothing is mounted, and other disks are untouched" {
	local first=$DISK first_id=$ID hash step signal
	make_disk 24M
	mkfs.ext4 -q -F "$DISK"
	hash=$(b2sum <"$DISK")
	for signal in KILL TERM INT; do
		for step in 1 2 3 4 5 6 7 8; do
			ID=$first_id start_long "$first" --force --overwrite-signature ext4
			sleep "$(awk -v step=$step 'BEGIN { print 0.013 + step * 0.071 }')"
			kill -$signal "$pid" 2>/dev/null || true
			wait "$pid" || true
			for _ in {1..100}; do
				flock -n "$first" true && ! grep -q "^$first" /proc/*/mounts 2>/dev/null && break
				sleep 0.05
			done
			! grep -q "^$first " /proc/*/mounts 2>/dev/null || fail "$signal, step $step: mounted"
			flock -n "$first" true || fail "$signal, step $step: locked"
			[ "$signal" = KILL ] || [ -z "$(wipefs --noheadings "$first")" ] || fail "$signal, step $step: not empty"
			wipefs -qa "$first"
		done
	done
	[ "$(b2sum <"$DISK")" = "$hash" ]
	[ -z "$(ours)" ] || fail "$(ours)"
}

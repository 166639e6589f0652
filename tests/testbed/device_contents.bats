#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2034,SC2153 # each test has variables of its own, some for device.bash
#
# What is on a device, and how little of that the testbed device may overwrite.
bats_require_minimum_version 1.5.0
load device

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
		refused "is not empty ($type); choose another device, or overwrite it with --overwrite-signature $type"
		refused "contains $type, but --overwrite-signature names \"xfs\"" --overwrite-signature xfs
		refused "contains $type, but --overwrite-signature names \"ext\"" --overwrite-signature ext
		refused "contains $type, but --overwrite-signature names \"\"" --overwrite-signature ""
		empty
	done
	signature iso9660 32768 '\x01CD001'
	refused "(iso9660)"
	empty
	signature squashfs 0 hsqs 28 '\x04'
	refused "(squashfs)"
	empty
	signature f2fs 1024 '\x10\x20\xf5\xf2\x01'
	refused "contains f2fs, but --overwrite-signature names \"btrfs\"" --overwrite-signature btrfs
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
	refused "is a member of a larger volume (linux_raid_member)" --overwrite-signature linux_raid_member
	empty
	signature linux_raid_member $((24 * 1024 * 1024 - 65536)) '\xfc\x4e\x2b\xa9\0\0\0\0\x5a'
	refused "is a member of a larger volume (linux_raid_member)" --overwrite-signature linux_raid_member
	empty
	signature DM_snapshot_cow 0 'SnAp\x01\0\0\0\x01\0\0\0\x08'
	refused "is a member of a larger volume (DM_snapshot_cow)" --overwrite-signature DM_snapshot_cow
	empty
	signature DM_verity_hash 0 'verity\0\0\x01'
	refused "is a member of a larger volume (DM_verity_hash)" --overwrite-signature DM_verity_hash
	empty
	signature ceph_bluestore 0 'bluestore block device'
	refused "is a member of a larger volume (ceph_bluestore)" --overwrite-signature ceph_bluestore
	empty
	signature vdo 0 dmvdo001
	refused "is a member of a larger volume (vdo)" --overwrite-signature vdo
	empty
	signature swsuspend 4086 'S1SUSPEND\0'
	refused "is a member of a larger volume (swsuspend)" --overwrite-signature swsuspend
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
	refused "is a member of a larger volume (LVM2_member)" --overwrite-signature LVM2_member
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
	refused "is a member of a larger volume (zfs_member)" --overwrite-signature zfs_member
}

@test "refused: an encrypted one, but for its very name" {
	signature crypto_LUKS 0 'LUKS\xba\xbe\0\x02'
	refused "(crypto_LUKS)"
	refused "contains crypto_LUKS, but --overwrite-signature names \"luks\"" --overwrite-signature luks
}

@test "refused: signatures that contradict each other" {
	mkfs.ext2 -q -F "$DISK"
	put 65600 _BHRfS_M
	refused "has several contradictory signatures"
	refused "has several contradictory signatures" --overwrite-signature ext2
	refused "has several contradictory signatures" --overwrite-signature btrfs
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
		assert_output_has "is listed in /etc/fstab: $line"
		[ "$(blkid -p -o value -s UUID "$DISK")" = "$uuid" ]
	done
	[ ! -e result.jsonl ]
}

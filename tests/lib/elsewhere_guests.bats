#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The library on file systems that only a guest has.

# shellcheck disable=SC2030,SC2031 # each test has an `output` of its own

bats_require_minimum_version 1.5.0
load elsewhere

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

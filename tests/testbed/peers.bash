# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the tests share that put our readers beside others.  Each file system of the
# running kernel is made once a file, on an image beside the folder that it is mounted
# on, and is filled by the file's make_filesystem NAME IMAGE and make_files FOLDER.
# Run by private.sh.

load ../cli/helper

filesystems="ext2 ext3 ext4 xfs btrfs"

setup_file() {
	VOLUMES=$(mktemp -d "${TMPDIR:-/var/tmp}/alloc-perf-test.XXXXXX")
	export VOLUMES
	chmod 755 "$VOLUMES"
	[ -z "$(lacking loop)" ] || return 0
	for name in $filesystems; do
		local folder=$VOLUMES/$name
		mkdir "$folder"
		truncate -s 1G "$folder.img"
		if {
			make_filesystem "$name" "$folder.img" &&
				mount_again "$name" &&
				make_files "$folder"
		} >"$folder.log" 2>&1; then
			touch "$folder.made"
		fi
	done
}

teardown_file() {
	for name in $filesystems; do
		! mountpoint -q "$VOLUMES/$name" || umount "$VOLUMES/$name"
	done
	rm -rf --one-file-system "$VOLUMES"
}

# A test may leave unmounted what it has unmounted.
teardown() {
	for name in $filesystems; do
		[ ! -e "$VOLUMES/$name.made" ] || mountpoint -q "$VOLUMES/$name" || mount_again "$name"
	done
	test_leave
}

mount_again() { # FILESYSTEM
	mount -o loop "$VOLUMES/$1.img" "$VOLUMES/$1"
}

need() { # FILESYSTEM
	require loop
	[ ! -e "$VOLUMES/$1.made" ] || return 0
	cat "$VOLUMES/$1.log"
	require_program "mkfs.$1"
	grep -qw "$1" /proc/filesystems || skip "this kernel has no $1"
	lack loop "$1 cannot be made or mounted here: $(tail -n 1 "$VOLUMES/$1.log")"
}

same() { # WHAT FILE FILE
	cmp -s "$2" "$3" && return
	echo "$1:"
	diff "$2" "$3" | head -n 20
	return 1
}

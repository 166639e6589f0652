#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# alloc-perf frag on file systems that the running kernel may lack, in one
# User-Mode Linux guest as an ordinary user, against filefrag and against FIBMAP
# block by block (frag_guest.sh).  Then alloc-perf frag --volume reads the same images in guests
# of its own, and others that the guest left without unmounting them.
load ../cli/helper

bats_require_minimum_version 1.5.0

filesystems="reiserfs jfs f2fs nilfs2"
logs="xfs btrfs ext4" # with a log to be replayed

setup_file() {
	command -v linux.uml >/dev/null || return 0
	FRAG_GUEST=$(mktemp -d "${TMPDIR:-/var/tmp}/alloc-perf-guest.XXXXXX")
	export FRAG_GUEST
	chmod 755 "$FRAG_GUEST"
	mkdir -m 1777 "$FRAG_GUEST/answers"
	cp "$ALLOC_PERF" "$ALLOC_PERF_SOURCE/tests/testbed/frag_guest.sh" "$FRAG_GUEST"
	boot >"$FRAG_GUEST/console" 2>&1 || true
}

teardown_file() {
	[ -z "${FRAG_GUEST:-}" ] || rm -rf --one-file-system "$FRAG_GUEST"
}

make_image() { # NAME IMAGE
	case $1 in
	reiserfs) mkreiserfs -q -f "$2" ;;
	f2fs | xfs | btrfs) "mkfs.$1" -q -f "$2" ;;
	ext4) mkfs.ext4 -q -F "$2" ;;
	*) "mkfs.$1" -q "$2" ;;
	esac
}

# A device for each file system whose image can be made.
boot() {
	local name letter=b volumes='' devices=() image
	for name in $filesystems $logs; do
		image=$FRAG_GUEST/$name.img
		truncate -s 320M "$image"
		chmod 666 "$image"
		make_image "$name" "$image" >"$FRAG_GUEST/$name.mkfs" 2>&1 || continue
		volumes+=${volumes:+,}ubd$letter:$name
		devices+=("ubd$letter=$image")
		letter=$(tr a-y b-z <<<"$letter")
	done
	WORK=$FRAG_GUEST/answers as_user timeout 300 linux.uml mem=256M root=/dev/root rootfstype=hostfs rootflags=/ ro quiet uml_dir="$FRAG_GUEST/answers/" \
		con=null con0=null,fd:1 "${devices[@]}" init="$FRAG_GUEST/frag_guest.sh" FOLDER="$FRAG_GUEST/answers" \
		PROGRAM="$FRAG_GUEST/alloc-perf" VOLUMES="$volumes" LOGS="${logs// /,}" </dev/null
}

need() { # NAME
	require uml
	[ ! -e "$FRAG_GUEST/answers/$1.done" ] || return 0
	if grep -qs 'command not found' "$FRAG_GUEST/$1.mkfs"; then
		lack programs "its mkfs is not installed"
	fi
	cat "$FRAG_GUEST/$1.mkfs" "$FRAG_GUEST/answers/$1.log" "$FRAG_GUEST/console" || true
	fail "$1 was not looked at in the guest"
}

answer() { # NAME KIND
	cat "$FRAG_GUEST/answers/$1.$2"
}

# Files that have blocks: path below the volume, fragments, bytes.
fragments() { # NAME
	answer "$1" each | jq -r --arg top "/mnt/$1/" 'select(.mapped_bytes > .inline_bytes) |
		[(.path | ltrimstr($top)), .fragments, .mapped_bytes] | @tsv' | sed 's|^tiny\t|folder/hard\t|' | sort
}

blocks() { # NAME
	answer "$1" blocks | awk -F '\t' '$3 > 0 && $1 != "tiny"' | sort
}

in_pieces() { # NAME
	[ "$(answer "$1" each | jq -s '[.[] | select(.path | test("/folder/o"))] | length == 2 and all(.fragments >= 6)')" = true ]
}

@test "reiserfs: fragments as FIBMAP tells them, block by block" {
	need reiserfs
	[ "$(fragments reiserfs)" = "$(blocks reiserfs)" ] || fail "$(fragments reiserfs) instead of $(blocks reiserfs)"
	in_pieces reiserfs
}

@test "jfs: fragments as FIBMAP tells them, block by block" {
	need jfs
	[ "$(fragments jfs)" = "$(blocks jfs)" ] || fail "$(fragments jfs) instead of $(blocks jfs)"
	in_pieces jfs
}

@test "f2fs: --verbose is what filefrag prints, and fragments are as FIBMAP tells them" {
	need f2fs
	[ "$(answer f2fs verbose)" = "$(answer f2fs filefrag)" ] || fail "$(diff <(answer f2fs verbose) <(answer f2fs filefrag))"
	[ "$(fragments f2fs)" = "$(blocks f2fs)" ] || fail "$(fragments f2fs) instead of $(blocks f2fs)"
}

@test "nilfs2: --verbose is what filefrag prints" {
	need nilfs2
	[ "$(answer nilfs2 verbose)" = "$(answer nilfs2 filefrag)" ] || fail "$(diff <(answer nilfs2 verbose) <(answer nilfs2 filefrag))"
	[ "$(answer nilfs2 each | jq -s 'map(select(.path | endswith("/.nilfs") | not)) | length')" = 6 ]
}

@test "volumes that no reader knows are walked over" {
	local name files
	for name in $filesystems; do
		need "$name"
		files=6
		# It has a file of its own.
		[ "$name" != nilfs2 ] || files=7
		[ "$(answer "$name" volume | jq -c '[.source, .all.files + .unknown.files, .counters.directories, .counters.linked_again]')" = '["walk",'$files',2,1]' ] ||
			fail "$name: $(answer "$name" volume)"
	done
}

# ---- images, read in a guest that alloc-perf starts ----

# Paths, sizes and fragments of all files, below no matter what.
rows() { # TOP
	jq -r --arg top "$1" '[(.path | ltrimstr($top)), .size_bytes, .mapped_bytes, .fragments, .extents] | @tsv' |
		sed 's|^/tiny\t|/folder/hard\t|' | sort
}

# As an ordinary user, who may only read the image.
read_image() { # NAME FRAG-OPTION...
	local name=$1
	shift
	chmod 444 "$FRAG_GUEST/$name.img"
	as_user "$FRAG_GUEST/alloc-perf" frag --volume "$@" "$FRAG_GUEST/$name.img"
}

@test "images of reiserfs, jfs, f2fs and nilfs2 are read as what is mounted, and not written" {
	local name before
	for name in $filesystems; do
		need "$name"
		before=$(sha256sum <"$FRAG_GUEST/$name.img")
		read_image "$name" --each --exact | rows "" >image
		answer "$name" each | rows "/mnt/$name" >mounted
		[ "$(wc -l <image)" -ge 6 ]
		diff mounted image || fail "$name"
		[ "$(sha256sum <"$FRAG_GUEST/$name.img")" = "$before" ] || fail "$name was written"
	done
	assert_nothing_left
}

@test "images with a dirty log: it is replayed, and the image is not written" {
	local name before
	for name in $logs; do
		need "$name"
		before=$(sha256sum <"$FRAG_GUEST/$name.img")
		read_image "$name" --json >json
		jq -e --arg name "$name" '.filesystem == $name and .note == null and .partial == false and .free_space.bytes > 10000000' json ||
			fail "$name: $(cat json)"
		# What was made last is in the log alone.
		read_image "$name" --each | rows "" | cut -f 1,2 >image
		grep -qx $'/last\t81920' image || fail "$name: $(cat image)"
		[ "$(grep -c $'^/folder/o[a-z]*\t245760$' image)" = 2 ] || fail "$name: $(cat image)"
		[ "$(sha256sum <"$FRAG_GUEST/$name.img")" = "$before" ] || fail "$name was written"
	done
	assert_nothing_left
}

@test "tables, csv, names and maps of an image are those of what is mounted" {
	need xfs
	run -0 read_image xfs --map
	assert_output_has "on xfs (source: xfs-bulkstat)"
	assert_output_has "Free space: "
	assert_output_has "Location on the volume; a cell is "
	assert_output_has " 0 %##"
	[ "$(read_image xfs --csv | tail -n +2 | wc -l)" = "$(read_image xfs --each | wc -l)" ]
	run -0 read_image xfs --names
	[ -z "$output" ]
	read_image xfs --json --min-size 100K >json
	jq -e '.counters.filtered_files > 0 and .counters.directories == 2 and .counters.special_files == 1' json
	read_image xfs -d 1 --json | jq -e '[.by_directory[].path] | sort == ["/", "/folder"]'
}

# A table of two partitions, at 1 MiB and at 400 MiB, of 320 MiB each.
make_disk() { # IMAGE FIRST SECOND
	truncate -s 800M "$1"
	dd if="$2" of="$1" bs=1M seek=1 conv=notrunc,sparse status=none
	dd if="$3" of="$1" bs=1M seek=400 conv=notrunc,sparse status=none
	{
		printf '\0\0\0\0\x83\0\0\0\0\x08\0\0\0\0\x0a\0'
		printf '\0\0\0\0\x83\0\0\0\0\x80\x0c\0\0\0\x0a\0'
	} | dd of="$1" bs=1 seek=446 conv=notrunc status=none
	printf '\x55\xaa' | dd of="$1" bs=1 seek=510 conv=notrunc status=none
}

@test "the image of a whole disk takes --partition" {
	local before
	need reiserfs
	need ext4
	make_disk disk "$FRAG_GUEST/reiserfs.img" "$FRAG_GUEST/ext4.img"
	before=$(sha256sum <disk)
	alloc-perf frag --volume --partition 1 --each --exact disk | rows "" >partition
	answer reiserfs each | rows /mnt/reiserfs | diff - partition
	alloc-perf frag --volume --partition 2 --json disk | jq -e '.filesystem == "ext4" and .note == null'
	alloc-perf frag --volume --partition 2 --each disk | rows "" | grep -q ^/last
	[ "$(sha256sum <disk)" = "$before" ]
	run -1 alloc-perf frag --volume disk
	assert_output_has "choose one of its partitions with --partition"
}

@test "one device of a btrfs on two is read, since metadata are on both" {
	require uml
	require_program mkfs.btrfs
	truncate -s 300M one two
	mkfs.btrfs -q -f -m raid1 -d single one two >/dev/null 2>&1
	run -0 alloc-perf frag --volume --json one
	jq -e '.filesystem == "btrfs" and .note == null' <<<"$output"
}

@test "an image that the guest's kernel refuses is one error" {
	need xfs
	cp --sparse=always "$FRAG_GUEST/xfs.img" image
	# The roots of the inode trees: a superblock that libblkid takes, and the kernel does not.
	printf XX | dd of=image bs=1 seek=56 conv=notrunc status=none
	run alloc-perf frag --volume image
	assert_status 1
	assert_output_has "image: the guest's kernel ("
	assert_output_has "cannot mount its xfs: "
	[ "${#lines[@]}" = 1 ]
	assert_nothing_left
}

# A stand-in for linux.uml, as in guest_faults.bats.
stand_in() { # SCRIPT
	local real
	rm -f "$TEST_DIR/bin/linux.uml"
	hash -r
	real=$(command -v linux.uml)
	# shellcheck disable=SC2016 # the stand-in expands what is in single quotes
	printf '#!/bin/bash\n[ "$1" = --version ] && exec %s --version\nfor word; do\n%s\ndone\n%s\n' "$real" \
		'case $word in ssl0=*) line=${word#ssl0=fd:}; in=${line%%,*}; out=${line##*:} ;; esac' "$1" >"$TEST_DIR/bin/linux.uml"
	chmod 755 "$TEST_DIR/bin/linux.uml"
}

# shellcheck disable=SC2016
@test "a guest whose kernel crashes on the image, or that sends nonsense, is one error" {
	need xfs
	chmod 444 "$FRAG_GUEST/xfs.img"
	local ready='printf "{\"event\":\"ready\"}\n" >&"$out"; read -r request <&"$in"'
	stand_in "$ready; echo 'Kernel panic - not syncing: XFS: bad tree'; exit 1"
	run alloc-perf frag --volume "$FRAG_GUEST/xfs.img"
	assert_status 1
	assert_output_has "the guest's kernel crashed on it (XFS: bad tree)"
	[ "${#lines[@]}" = 1 ]
	stand_in "$ready; exit 1"
	run alloc-perf frag --volume "$FRAG_GUEST/xfs.img"
	assert_status 1
	assert_output_has "the guest ended before it had read all of it"
	local line
	for line in rubbish '[]' '["/file",1,2,3,4]' '{"event":"result"}' '{"event":"failed"}' '{"event":"volume","kind":"xfs","volume_bytes":9000000000000000000}'; do
		stand_in "$ready; printf '%s\n' '$line' >&\"\$out\"; sleep 100"
		run alloc-perf frag --volume "$FRAG_GUEST/xfs.img"
		assert_status 1
		assert_output_has "what the guest sends makes no sense"
	done
	assert_nothing_left
}

@test "Ctrl-C while a guest starts ends it" {
	need xfs
	local status=0
	chmod 444 "$FRAG_GUEST/xfs.img"
	stand_in "touch '$WORK/begun'; sleep 1000"
	alloc-perf frag --volume "$FRAG_GUEST/xfs.img" >out 2>&1 3>&- &
	wait_until test -e begun
	kill -INT $!
	wait $! || status=$?
	[ "$status" = 130 ] || fail "status $status: $(cat out)"
	assert_nothing_left
}

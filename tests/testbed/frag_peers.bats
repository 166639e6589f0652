#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# alloc-perf frag against independent readers (filefrag, e2freefrag, debugfs,
# xfs_db, xfs_spaceman), and its own readers of whole volumes against its walk, on
# the file systems of the running kernel.  Run by private.sh.

bats_require_minimum_version 1.5.0

load peers

make_filesystem() { # NAME IMAGE
	case $1 in
	ext4) mkfs.ext4 -q -F -O inline_data "$2" ;;
	ext*) "mkfs.$1" -q -F "$2" ;;
	xfs) mkfs.xfs -q -f "$2" ;;
	btrfs) mkfs.btrfs -q -f "$2" ;;
	esac
}

# What a file system cannot do, its files lack; the rows have to agree anyway.
make_files() ( # FOLDER
	cd "$1" || exit 1
	: >empty
	: >attributes
	python3 -c 'import os; os.setxattr("attributes", b"user.long", 3000 * b"x")'
	truncate -s 64M sparse
	printf hello >tiny
	dd if=/dev/zero of=odd bs=10001 count=3 status=none
	fallocate -l 60M unwritten || rm -f unwritten
	[ ! -e unwritten ] || dd if=/dev/zero of=unwritten bs=64K seek=40 count=3 conv=notrunc status=none
	dd if=/dev/zero of=keep-size bs=4096 count=5 status=none
	fallocate -n -o 1M -l 3M keep-size
	dd if=/dev/zero of=holes bs=4096 count=20 status=none
	dd if=/dev/zero of=holes bs=4096 seek=700 count=20 conv=notrunc status=none
	dd if=/dev/zero of=holes bs=4096 seek=100000 count=1 conv=notrunc status=none
	"$STRIPES" write striped 3000
	dd if=/dev/zero of=punched bs=1M count=20 status=none
	dd if=/dev/zero of=large bs=1M count=150 status=none
	sync
	"$STRIPES" punch punched 2500 || rm punched
	mkdir -p sub/folder
	for ((i = 0; i < 60; i++)); do
		for file in sub/a sub/b; do
			dd if=/dev/zero of=$file bs=8192 count=1 oflag=append conv=notrunc,fsync status=none
		done
	done
	for ((i = 0; i < 300; i++)); do
		echo "$i" >"sub/folder/$i"
	done
	echo odd >$'sub/new\nline'
	echo odd >$'sub/bad\xff'
	ln sub/a sub/hard
	ln -s tiny sub/link
	mkfifo sub/fifo
	cp --reflink=always sub/a shared || rm -f shared
	touch compressed packed
	if chattr +c compressed packed; then
		yes | head -c 1M >compressed
		yes | head -c 2M >packed
		sync
		for ((i = 0; i < 24; i++)); do
			yes "$i" | dd of=packed bs=16K seek=$((i * 37 % 128)) count=1 iflag=fullblock conv=notrunc,fsync status=none
		done
	fi
	sync
)

# What the kernel remembers of a file may be dropped between two looks, and comes
# back in other pieces: another look has to agree.
agrees_with_filefrag() { # FILESYSTEM
	need "$1"
	local file count=0 try
	while IFS= read -r -d '' file; do
		for try in 1 2 3; do
			filefrag -v "$file" >theirs
			alloc-perf frag -v "$file" >ours
			! cmp -s theirs ours || break
		done
		same "$file ($try)" theirs ours
		count=$((count + 1))
	done < <(find "$VOLUMES/$1" -xdev -type f ! -path '*/folder/*' -print0)
	[ "$count" -ge 12 ]
}

# Of each file, whoever reads it; extents are left out where they depend on caches.
rows() { # alloc-perf frag ARGUMENT...
	"$@" --each --exact | jq -r '[.inode, .size_bytes, .disk_bytes, .mapped_bytes, .fragments,
		.ideal_fragments, .largest_bytes, .gap_bytes, .unwritten_bytes, .encoded_bytes,
		.inline_bytes, .holes, .extra_seconds] | @tsv' | sort
}

# Inodes with the names that they have in `find`, hard links left out.
volume_knows_names() { # FILESYSTEM
	need "$1"
	find "$VOLUMES/$1" -xdev -type f -links 1 ! -name $'bad\xff' -printf '%i\t%p\0' | tr '\n\0' '?\n' | sort >theirs
	alloc-perf frag --each --volume "$VOLUMES/$1" | jq -r '[.inode, .path] | "\(.[0])\t\(.[1] | gsub("\n"; "?"))"' | sort >ours
	[ -z "$(comm -23 theirs ours)" ] || { comm -23 theirs ours | head && return 1; }
}

@test "ext2, ext4, xfs, btrfs: the volume knows all names" {
	volume_knows_names ext2
	volume_knows_names ext4
	volume_knows_names xfs
	volume_knows_names btrfs
}

volume_agrees_with_walk() { # FILESYSTEM SOURCE
	need "$1"
	sync -f "$VOLUMES/$1"
	rows alloc-perf frag "$VOLUMES/$1" >walk
	rows alloc-perf frag --volume "$VOLUMES/$1" >volume
	[ "$(wc -l <walk)" -ge 300 ]
	same "$1" walk volume
	# The order of files does not depend on the threads.
	for threads in 1 7 16; do
		alloc-perf frag --each --exact --threads $threads --volume "$VOLUMES/$1" | jq -r .inode >"order-$threads"
	done
	same "$1, order" order-1 order-7
	same "$1, order" order-1 order-16
	[ "$(alloc-perf frag --json --volume "$VOLUMES/$1" | jq -r .source)" = "$2" ]
	# What is not opened is what it would be.
	for way in "" --volume; do
		alloc-perf frag --json $way "$VOLUMES/$1" | jq -c '.all | [.files, .fragments, .mapped_bytes]' >unopened
		alloc-perf frag --json --exact $way "$VOLUMES/$1" | jq -c '.all | [.files, .fragments, .mapped_bytes]' >opened
		same "$1 $way" opened unopened
	done
	# The worst are found again by their names.
	alloc-perf frag --json --volume "$VOLUMES/$1" | jq -e --arg top "$VOLUMES/$1/" \
		'.worst | length > 2 and all(.path | startswith($top))'
	[ -z "$(alloc-perf frag --json --volume "$VOLUMES/$1" | jq -r '.worst[].path' | xargs -d '\n' ls 2>&1 >/dev/null)" ]
}

# From the items of FILE as another program prints them: an extent goes on where the last one
# ended on the disk, or is the same one.
fragments_in_tree() { # FILE
	local inode
	inode=$(stat -c %i "$VOLUMES/btrfs/$1")
	btrfs inspect-internal dump-tree -t 5 "$VOLUMES/btrfs.img" | awk -v inode="$inode" '
		/^\titem/ { ours = $4 == "(" inode && $5 == "EXTENT_DATA" }
		ours && /extent data disk byte/ { at = $5; length_there = $7 }
		ours && /extent data offset/ { offset = $4; length_here = $6 }
		ours && /extent compression/ && at {
			if ($3 == 0) { at += offset; length_there = length_here }
			fragments += at != end && at != start
			start = at; end = at + length_there; at = 0
		}
		END { print fragments }'
}

@test "btrfs: compressed files are exact for root, a lower bound for others" {
	need btrfs
	require_program btrfs
	local file=$VOLUMES/btrfs/packed expected least way
	sync -f "$file"
	expected=$(fragments_in_tree packed)
	[ "$expected" -gt 10 ]
	fragments() { alloc-perf frag --each "$@" | jq "select(.size_bytes == 2097152) | .fragments"; }
	[ "$(fragments "$file")" = "$expected" ]
	[ "$(fragments "$VOLUMES/btrfs")" = "$expected" ]
	[ "$(fragments --volume "$VOLUMES/btrfs")" = "$expected" ]
	chmod 644 "$file"
	chmod 755 "$VOLUMES/btrfs"
	run -0 as_user alloc-perf frag --each "$file"
	least=$(jq .fragments_at_least <<<"$output")
	[ "$(jq .fragments <<<"$output")" = null ]
	[ "$least" -gt 2 ] && [ "$least" -le "$expected" ]
	run -0 as_user alloc-perf frag "$file"
	assert_output_has " >=$least "
	assert_output_has "nknown for 1 of 1 files"
}

@test "--verbose of files of 10^8 blocks and more is what filefrag prints" {
	need xfs
	local file=$VOLUMES/xfs/wide blocks
	for blocks in 99999999 100000000 999999999 1000000000; do
		truncate -s "$((4096 * blocks))" "$file"
		dd if=/dev/zero of="$file" bs=4096 count=1 seek=$((blocks - 1)) conv=notrunc,fsync status=none
		filefrag -v "$file" >theirs
		alloc-perf frag -v "$file" >ours
		same "$blocks" theirs ours
	done
	rm "$file"
}

@test "no verdict over files whose fragments are not known" {
	need ext4
	# These are on the tmpfs of private.sh.
	df --output=fstype . | grep -qx tmpfs || skip "there is no tmpfs here"
	mkdir silent
	head -c 64K /dev/zero >silent/one
	run -0 alloc-perf frag silent
	assert_output_has "Verdict: unknown for 1 of 1 files"
	run -1 alloc-perf frag silent/one "$VOLUMES/ext4/tiny"
	assert_output_has "unknown for 1 of 2 files; the others are fine"
	# A busy machine may write it out at once.
	dd if=/dev/zero of="$VOLUMES/ext4/fresh" bs=64K count=16 status=none
	run -0 alloc-perf frag "$VOLUMES/ext4/fresh"
	rm "$VOLUMES/ext4/fresh"
	[[ $output != *n/a* ]] || assert_output_has "Verdict: unknown for 1 of 1 files"
}

@test "ext2: --verbose is what filefrag prints" {
	agrees_with_filefrag ext2
}

@test "ext3: --verbose is what filefrag prints" {
	agrees_with_filefrag ext3
}

@test "ext4: --verbose is what filefrag prints" {
	agrees_with_filefrag ext4
}

@test "xfs: --verbose is what filefrag prints" {
	agrees_with_filefrag xfs
}

@test "btrfs: --verbose is what filefrag prints" {
	agrees_with_filefrag btrfs
}

@test "ext2: the volume agrees with the walk, mounted" {
	volume_agrees_with_walk ext2 ext
}

@test "ext3: the volume agrees with the walk, mounted" {
	volume_agrees_with_walk ext3 ext
}

@test "ext4: the volume agrees with the walk, mounted" {
	volume_agrees_with_walk ext4 ext
}

@test "xfs: the volume agrees with the walk" {
	volume_agrees_with_walk xfs xfs-bulkstat
}

@test "btrfs: the volume agrees with the walk" {
	volume_agrees_with_walk btrfs btrfs-search
}

# Read in a guest, by somebody who may read the image and nothing else.
image_agrees_with_mounted() { # FILESYSTEM SOURCE
	need "$1"
	require uml
	local image=$VOLUMES/$1.img
	sync -f "$VOLUMES/$1"
	rows alloc-perf frag --volume "$VOLUMES/$1" >mounted
	alloc-perf frag --each --volume "$VOLUMES/$1" | jq -r '[.inode, .path] | @tsv' | sed "s|$VOLUMES/$1||" | sort >mounted-names
	umount "$VOLUMES/$1"
	chmod 644 "$image"
	sha256sum <"$image" >before
	rows as_user alloc-perf frag --volume "$image" >unmounted
	as_user alloc-perf frag --each --volume "$image" | jq -r '[.inode, .path] | @tsv' | sort >image-names
	as_user alloc-perf frag --json --volume "$image" >json
	sha256sum <"$image" >after
	mount_again "$1"
	same "$1" mounted unmounted
	same "$1, names" mounted-names image-names
	same "$1, the image itself" before after
	[ "$(jq -r .source json)" = "$2" ]
	alloc-perf frag --json --volume "$VOLUMES/$1" | jq .free_space >mounted-free
	jq .free_space json >image-free
	same "$1, free space" mounted-free image-free
}

@test "btrfs: the image agrees with the mounted volume, subvolumes and snapshots included" {
	need btrfs
	require_program btrfs
	btrfs subvolume create "$VOLUMES/btrfs/sub/volume"
	cp "$VOLUMES/btrfs/sub/a" "$VOLUMES/btrfs/sub/volume/inside.dat"
	btrfs subvolume snapshot "$VOLUMES/btrfs" "$VOLUMES/btrfs/snapshot"
	image_agrees_with_mounted btrfs btrfs-search
	[ "$(grep -c inside.dat image-names)" = 1 ]
	[ "$(grep -c /striped image-names)" = 2 ]
	btrfs subvolume delete "$VOLUMES/btrfs/sub/volume" "$VOLUMES/btrfs/snapshot"
	btrfs subvolume sync "$VOLUMES/btrfs"
}

# Mounted anew, since only then the kernel lets go of what it has allocated in advance.
@test "xfs: the image agrees with the mounted volume" {
	need xfs
	umount "$VOLUMES/xfs"
	mount_again xfs
	image_agrees_with_mounted xfs xfs-bulkstat
	alloc-perf frag --each --exact --volume "$VOLUMES/xfs" | jq '[.inode, .shared_bytes, .extents]' -c | sort >mounted
	umount "$VOLUMES/xfs"
	alloc-perf frag --each --exact --volume "$VOLUMES/xfs.img" | jq '[.inode, .shared_bytes, .extents]' -c | sort >image
	same "shared and extents" mounted image
}

# Names that are in the log alone, since it was not unmounted.
names_of_dirty_copy() { # FILESYSTEM
	date >"$VOLUMES/$1/fresh"
	sync -f "$VOLUMES/$1"
	cp --sparse=always "$VOLUMES/$1.img" "$VOLUMES/dirty.img"
	rm "$VOLUMES/$1/fresh"
	alloc-perf frag --each --volume "$VOLUMES/dirty.img" 2>errors | jq -r .path
	cat errors
	rm "$VOLUMES/dirty.img"
}

@test "xfs: the log of an image is replayed, and a device that is mounted is called that" {
	need xfs
	require uml
	run -0 names_of_dirty_copy xfs
	[[ $output == */fresh* && $output != *"out of date"* ]] || fail "$output"
	run -0 alloc-perf frag --volume "$(findmnt -no SOURCE "$VOLUMES/xfs")"
	[[ $output == *"is mounted"* ]]
}

@test "ext4: the journal of an image is replayed, and a device that is mounted is read as it is" {
	need ext4
	require uml
	run -0 names_of_dirty_copy ext4
	[[ $output == */fresh* && $output != *"out of date"* ]] || fail "$output"
	run -0 alloc-perf frag --volume "$(findmnt -no SOURCE "$VOLUMES/ext4")"
	[[ $output != *"out of date"* ]] || fail "$output"
	run -0 alloc-perf frag --volume "$VOLUMES/ext4"
	[[ $output != *"out of date"* ]] || fail "$output"
}

# Everything that changes where things lie; compared with the mounted volume, where the kernel mounts it.
@test "xfs: images of several makes" {
	need xfs
	require uml
	require_program xfs_db
	local make count=0 folder=$VOLUMES/make
	mkdir -p "$folder"
	for make in "-b size=1024" "-m rmapbt=1,reflink=0" "-m crc=0 -b size=512"; do
		rm -f "$folder.img"
		truncate -s 320M "$folder.img"
		# shellcheck disable=SC2086 # words
		mkfs.xfs -q -f $make "$folder.img" 2>/dev/null || continue
		mount -o loop "$folder.img" "$folder" 2>/dev/null || continue
		(cd "$folder" && "$STRIPES" write striped 600 && mkdir sub && for i in {1..300}; do echo "$i" >"sub/$i"; done && rm sub/2*)
		umount "$folder"
		mount -o loop "$folder.img" "$folder"
		rows alloc-perf frag --volume "$folder" >mounted
		umount "$folder"
		rows alloc-perf frag --volume "$folder.img" >image
		same "$make" mounted image
		[ "$(alloc-perf frag --json --volume "$folder.img" | jq .all.extents)" = "$(xfs_db -r -c 'frag -f' "$folder.img" | sed -n 's/actual \([0-9]*\),.*/\1/p')" ]
		count=$((count + 1))
	done
	rm -f "$folder.img"
	[ "$count" -ge 2 ]
}

@test "xfs: extents as xfs_db counts them" {
	need xfs
	require_program xfs_db
	umount "$VOLUMES/xfs"
	run -0 xfs_db -r -c 'frag -f' "$VOLUMES/xfs.img"
	mount_again xfs
	local theirs=${output#actual }
	[ "$(alloc-perf frag --json --volume "$VOLUMES/xfs" | jq .all.extents)" = "${theirs%%,*}" ]
}

@test "xfs: free space as xfs_spaceman counts it" {
	need xfs
	require_program xfs_spaceman
	run -0 xfs_spaceman -c 'freesp -s' "$VOLUMES/xfs"
	local theirs
	theirs=$(awk '/^total free extents/ { runs = $4 } /^total free blocks/ { print runs, 4096 * $4 }' <<<"$output")
	run -0 alloc-perf frag --json --volume "$VOLUMES/xfs"
	[ "$(jq -r '.free_space | "\(.runs) \(.bytes)"' <<<"$output")" = "$theirs" ]
}

free_agrees_with_e2freefrag() { # FILESYSTEM
	need "$1"
	require_program e2freefrag
	umount "$VOLUMES/$1"
	local theirs ours
	theirs=$(e2freefrag "$VOLUMES/$1.img" | awk '/^Free blocks/ { free = $3 } /^Num. free/ { runs = $4 } /^Max. free/ { most = $4 }
		END { print free * 4096, runs, most * 1024 }')
	ours=$(alloc-perf frag --json --volume "$VOLUMES/$1.img" | jq -r '.free_space | "\(.bytes) \(.runs) \(.largest_bytes)"')
	mount_again "$1"
	[ "$ours" = "$theirs" ] || fail "$ours instead of $theirs"
}

@test "ext2, ext3, ext4: free space as e2freefrag counts it" {
	free_agrees_with_e2freefrag ext2
	free_agrees_with_e2freefrag ext3
	free_agrees_with_e2freefrag ext4
}

@test "ext4: extents of the image as debugfs shows them" {
	need ext4
	umount "$VOLUMES/ext4"
	local theirs ours
	theirs=$(debugfs -R 'dump_extents -l /striped' "$VOLUMES/ext4.img" 2>/dev/null | grep -c '^ *[0-9]*/')
	ours=$(alloc-perf frag --each --volume "$VOLUMES/ext4.img" | jq 'select(.size_bytes == 24571904) | .extents')
	[ "$ours" = "$theirs" ]
}

@test "an image is read by an ordinary user, and is not changed" {
	need ext4
	local image=$VOLUMES/ext4.img before
	umount "$VOLUMES/ext4"
	before=$(sha256sum <"$image")
	chmod 644 "$image"
	alloc-perf frag --json --volume "$image" | jq . >root
	as_user alloc-perf frag --json --volume "$image" | jq . >user
	[ -s root ]
	same "as user" root user
	[ "$(sha256sum <"$image")" = "$before" ]
}

@test "an overlay is walked: its source is no file of that name here" {
	need ext4
	grep -qw overlay /proc/filesystems || modprobe overlay || skip "this kernel has no overlay"
	local top=$VOLUMES/ext4/overlay
	mkdir -p "$top"/{lower,upper,work,mounted}
	"$STRIPES" write "$top/lower/striped" 50
	sync -f "$top"
	mount -t overlay overlay -o "lowerdir=$top/lower,upperdir=$top/upper,workdir=$top/work" "$top/mounted"
	cp --sparse=always "$VOLUMES/ext2.img" overlay
	run alloc-perf frag --volume --json "$top/mounted"
	umount "$top/mounted"
	rm -r "$top" overlay
	assert_status 0
	jq -e '.source == "walk" and .all.files == 1 and .all.fragments == 50' <<<"$output"
}

# free_is_what_fits DATA-PROFILE SIZE...: of a btrfs with a device of each size, empty.
free_is_what_fits() {
	local profile=$1 folder=$VOLUMES/devices size devices=() free most=0 more=0
	shift
	for size in "$@"; do
		truncate -s "$size" "$folder.${#devices[@]}"
		devices+=("$(losetup --find --show "$folder.${#devices[@]}")")
	done
	mkdir -p "$folder"
	mkfs.btrfs -q -f -d "$profile" -m raid1 "${devices[@]}" >/dev/null && mount "${devices[0]}" "$folder" || most=$?
	# Those in use go when they are no longer.
	losetup -d "${devices[@]}"
	[ "$most" = 0 ]
	sync -f "$folder"
	free=$(alloc-perf frag --json --volume "$folder" | jq .free_space.bytes)
	run alloc-perf frag --volume "$folder"
	fallocate -l $((free * 96 / 100)) "$folder/most" || most=$?
	fallocate -l $((free * 8 / 100)) "$folder/more" || more=$?
	umount "$folder"
	rm -r "$folder" "$folder".[0-9]
	echo "$profile: $free bytes"
	[ "$most" = 0 ] && [ "$more" != 0 ]
	assert_output_has "A file of 1 GiB would get 1 fragment at best"
}

@test "btrfs: what several devices have not given to any chunk is free, as the profile has it" {
	need btrfs
	free_is_what_fits raid1 20G 20G
	free_is_what_fits raid1 20G 10G 6G
	free_is_what_fits single 20G 10G
	free_is_what_fits raid0 10G 20G
	free_is_what_fits raid10 10G 10G 10G 10G
	free_is_what_fits raid5 10G 10G 20G
	free_is_what_fits raid1c3 10G 10G 10G 10G
}

@test "reflinked extents are counted once" {
	need xfs
	run -0 alloc-perf frag --json "$VOLUMES/xfs"
	jq -e '.counters.shared_bytes == 2 * .shared_distinct_bytes and .shared_distinct_bytes == 491520' <<<"$output"
	need btrfs
	run -0 alloc-perf frag --json "$VOLUMES/btrfs"
	jq -e '.counters.shared_bytes == 2 * .shared_distinct_bytes and .shared_distinct_bytes == 491520' <<<"$output"
}

# frag_with_inside FOLDER ARGUMENT...: of ext4, while FOLDER is mounted inside of it, too.
frag_with_inside() {
	mkdir "$VOLUMES/ext4/inside"
	mount --bind "$1" "$VOLUMES/ext4/inside"
	run alloc-perf frag --json "${@:2}" "$VOLUMES/ext4"
	umount "$VOLUMES/ext4/inside"
	rmdir "$VOLUMES/ext4/inside"
	assert_status 0
}

@test "a mount of the tree inside of itself is no loop" {
	need ext4
	local files
	files=$(alloc-perf frag --json "$VOLUMES/ext4" | jq .all.files)
	frag_with_inside "$VOLUMES/ext4"
	[ "$(jq .all.files <<<"$output")" = "$files" ]
}

# Its paths are those inside of the volume, since the others have none here.
directory_mounted_alone() { # FILESYSTEM
	need "$1"
	mkdir -p bound
	mount --bind "$VOLUMES/$1/sub" bound
	alloc-perf frag --volume --each bound | jq -r .path | sort >paths
	umount bound
	alloc-perf frag --volume --each "$VOLUMES/$1" | jq -r .path | sed "s|^$VOLUMES/$1||" | sort >expected
	same "$1" expected paths
	grep -qx /sub/a paths
}

@test "ext4, btrfs: a directory of the volume mounted alone is not taken for its top" {
	directory_mounted_alone ext4
	directory_mounted_alone btrfs
}

@test "btrfs: subvolumes that are not mounted are left out of --names, and this is told" {
	need btrfs
	btrfs subvolume create "$VOLUMES/btrfs/seen" >/dev/null
	for ((i = 0; i < 60; i++)); do
		for file in seen/file unseen; do
			dd if=/dev/zero of="$VOLUMES/btrfs/$file" bs=256K count=1 oflag=append conv=notrunc,fsync status=none
		done
	done
	mkdir subvolume
	mount -o loop,subvol=seen "$VOLUMES/btrfs.img" subvolume
	alloc-perf frag --volume --model disk --names subvolume >names 2>errors || true
	umount subvolume
	btrfs subvolume delete "$VOLUMES/btrfs/seen" >/dev/null
	rm "$VOLUMES/btrfs/unseen"
	[ "$(cat names)" = "$PWD/subvolume/file" ]
	grep -q 'worth rewriting omitted' errors
}

# An ext4 with free space in runs of 128 KiB, 1 MiB apart, and a file that is in such pieces, too.
make_crowded() { # DIR
	truncate -s 1G crowded.img
	mkfs.ext4 -q -F -b 4096 -m 0 crowded.img
	mkdir -m 755 "$1"
	mount -o loop crowded.img "$1"
	rmdir "$1/lost+found"
	local at free
	free=$(($(stat -f -c '%a * %S' "$1") - (1 << 20)))
	fallocate -l "$free" "$1/filling"
	sync -f "$1"
	for ((at = 0; at < free; at += 9 << 17)); do
		fallocate -p -o "$at" -l 128K "$1/filling"
	done
	sync -f "$1"
	dd if=/dev/zero of="$1/big" bs=1M count=60 status=none
	sync -f "$1"
}

@test "ext4: the verdict knows when e4defrag would not help, of trees, files and volumes, for everybody" {
	require loop
	require_program e4defrag
	make_crowded crowded
	local before who fragments
	before=$(alloc-perf frag --json crowded/big | jq .files[0].fragments)
	[ "$before" -gt 200 ]
	for who in "" as_user; do
		for fragments in "crowded" "crowded/big" "--volume crowded"; do
			# shellcheck disable=SC2086 # words
			run -0 $who alloc-perf frag --model disk $fragments
			assert_output_has "Verdict: rewriting would not help now"
			assert_output_has "big: 60 MiB in $before fragments; still 480 at best: the largest free run has 128 KiB"
			# shellcheck disable=SC2086
			[ -z "$(alloc-perf frag --model disk --names $fragments)" ]
		done
	done
	# Whether it calls that a success depends on how much is free.
	e4defrag crowded/big >defragmented 2>&1 || true
	sync -f crowded
	[ "$(alloc-perf frag --json crowded/big | jq .files[0].fragments)" = "$before" ]
	# With room it is worth it, and it helps.
	fallocate -p -o 100M -l 64M crowded/filling
	sync -f crowded
	run -0 as_user alloc-perf frag --model disk crowded
	assert_output_has "    e4defrag crowded/big"
	e4defrag crowded/big >defragmented
	sync -f crowded
	[ "$(alloc-perf frag --json crowded/big | jq .files[0].fragments)" -lt "$((before / 2))" ]
	umount crowded
}

@test "a tree over two file systems: each file has the command of its own" {
	need btrfs
	require_program mkfs.ext4
	local i file
	make_crowded "$VOLUMES/btrfs/other"
	fallocate -p -o 100M -l 64M "$VOLUMES/btrfs/other/filling"
	for ((i = 0; i < 60; i++)); do
		for file in one two; do
			dd if=/dev/zero of="$VOLUMES/btrfs/$file" bs=256K count=1 oflag=append conv=notrunc,fsync status=none
		done
	done
	run -0 alloc-perf frag --model disk -n 20 "$VOLUMES/btrfs"
	# The command is one that works.
	local before command
	before=$(alloc-perf frag --json "$VOLUMES/btrfs/one" | jq .files[0].fragments)
	command=$(grep -m 1 "^    btrfs .*/one$" <<<"$output")
	$command >/dev/null
	sync -f "$VOLUMES/btrfs"
	[ "$(alloc-perf frag --json "$VOLUMES/btrfs/one" | jq .files[0].fragments)" -lt "$((before / 2))" ]
	umount "$VOLUMES/btrfs/other"
	rm -r "$VOLUMES"/btrfs/{other,one,two}
	assert_output_has "btrfs filesystem defragment -v -t 32M $VOLUMES/btrfs/one"
	assert_output_has "e4defrag $VOLUMES/btrfs/other/big"
}

@test "ext4, xfs, btrfs: sums by directory of the volume are those of the walk" {
	local name
	for name in ext4 xfs btrfs; do
		need $name
		sync -f "$VOLUMES/$name"
		alloc-perf frag --json --exact -d 2 "$VOLUMES/$name" | jq -S '.by_directory | sort_by(.path) | map(del(.extents) | .extra_seconds |= (. * 1e6 | round) | .sequential_seconds |= (. * 1e6 | round))' >walk
		alloc-perf frag --json --exact -d 2 --volume "$VOLUMES/$name" | jq -S '.by_directory | sort_by(.path) | map(del(.extents) | .extra_seconds |= (. * 1e6 | round) | .sequential_seconds |= (. * 1e6 | round))' >volume
		[ "$(jq length walk)" = 3 ]
		[ "$(jq 'map(.files) | add' walk)" = "$(alloc-perf frag --json "$VOLUMES/$name" | jq .all.files)" ]
		same $name walk volume
	done
}

@test "ext4: --directories agrees with filefrag, volume and walk" {
	need ext4
	local directory
	# Two that grow by turns, side by side.
	python3 - "$VOLUMES/ext4" <<-'END'
		import os, sys
		for name in "one", "two":
		    os.makedirs(f"{sys.argv[1]}/many/{name}")
		for i in range(1000):
		    for name in "one", "two":
		        open(f"{sys.argv[1]}/many/{name}/{'n' * 200}{i}", "w").close()
	END
	sync -f "$VOLUMES/ext4"
	directory=$VOLUMES/ext4/many/one
	alloc-perf frag --json --directories -n 1000 "$VOLUMES/ext4" | jq -S '.worst_directories | map([.inode, .fragments, .mapped_bytes]) | sort' >walk
	alloc-perf frag --json --directories -n 1000 --volume "$VOLUMES/ext4" | jq -S '.worst_directories | map([.inode, .fragments, .mapped_bytes]) | sort' >volume
	same ext4 walk volume
	[ "$(jq length walk)" -ge 2 ]
	[ "$(filefrag "$directory" | sed 's/.*: \([0-9]*\) extents* found/\1/')" = \
		"$(alloc-perf frag --json --directories "$VOLUMES/ext4" | jq ".worst_directories[] | select(.inode == $(stat -c %i "$directory")).fragments")" ]
	alloc-perf frag --json --directories "$VOLUMES/ext4" | jq -e '.own_directories.files == .counters.directories'
	rm -r "$VOLUMES/ext4/many"
}

# In which sixteenth of the file the breaks lie that filefrag marks by an "expected" block.
breaks_by_part() { # FILE
	filefrag -v "$1" | awk '/^File size/ { for (i = 1; i < NF; i++) if ($i ~ /^\(/) blocks = substr($i, 2) }
		$1 ~ /^[0-9]+:$/ && ($1 == "0:" || $7 ~ /^[0-9]+:$/) { count[int($2 / int((blocks + 15) / 16))]++ }
		END { for (i = 0; i < 16; i++) printf "%d ", count[i] }'
}

@test "ext4, xfs, btrfs: --where agrees with filefrag" {
	local name file
	for name in ext4 xfs btrfs; do
		need $name
		file=$VOLUMES/$name/sub/a
		[ "$(alloc-perf frag --json "$file" | jq '.files[0].holes')" = 0 ]
		[ "$(alloc-perf frag --json --where "$file" | jq -j '[.files[0].parts[].fragments] + [range(16) | 0] | .[:16][] | "\(.) "')" = \
			"$(breaks_by_part "$file")" ] || fail "$name: $(filefrag -v "$file"; alloc-perf frag --where "$file")"
	done
}

make_swap() { # FILE
	touch "$1"
	chattr +C "$1" 2>/dev/null || true
	fallocate -l 8M "$1"
	chmod 600 "$1"
	mkswap -q "$1"
	sync "$1"
}

# FILESYSTEM COMMAND...: what else prints the offset.
swap_offset_is() {
	need "$1"
	require_program mkswap
	local file=$VOLUMES/$1/swapfile
	make_swap "$file"
	run -0 alloc-perf frag "$file"
	assert_output_has "usable as swap; to resume from hibernation: resume=/dev/loop"
	assert_output_has " resume_offset=$("${@:2}" "$file")"
	[ "$(alloc-perf frag --json "$file" | jq .files[0].swap.resume_offset)" = "$("${@:2}" "$file")" ]
	rm "$file"
}

# The physical block that the first extent starts with, in pages.
first_page() { # FILE
	filefrag -v "$1" | awk -v page="$(getconf PAGESIZE)" '/blocks* of/ { sub(/.*of /, ""); block = $1 + 0 }
		$1 == "0:" { print int($4) * block / page }'
}

@test "ext4, xfs: resume_offset of a swap file is the first page that filefrag shows" {
	swap_offset_is ext4 first_page
	swap_offset_is xfs first_page
}

@test "btrfs: resume_offset of a swap file is what btrfs map-swapfile prints, and for root only" {
	need btrfs
	btrfs inspect-internal map-swapfile --help >/dev/null 2>&1 || lack programs "this btrfs has no map-swapfile"
	swap_offset_is btrfs btrfs inspect-internal map-swapfile -r
	make_swap "$VOLUMES/btrfs/swapfile"
	chmod 644 "$VOLUMES/btrfs/swapfile"
	run -0 as_user alloc-perf frag --swap "$VOLUMES/btrfs/swapfile"
	assert_output_has "no resume_offset: btrfs reports it to root only"
	: >"$VOLUMES/btrfs/copied"
	dd if=/dev/zero of="$VOLUMES/btrfs/copied" bs=1M count=8 status=none
	sync "$VOLUMES/btrfs/copied"
	run -0 alloc-perf frag --swap "$VOLUMES/btrfs/copied"
	assert_output_has "is copied on write (btrfs: chattr +C while it is empty): not usable as swap"
	rm "$VOLUMES/btrfs/swapfile" "$VOLUMES/btrfs/copied"
}

@test "--one-file-system stays" {
	need ext4
	need xfs
	local files
	files=$(alloc-perf frag --json "$VOLUMES/ext4" | jq .all.files)
	frag_with_inside "$VOLUMES/xfs"
	[ "$(jq .all.files <<<"$output")" -gt "$files" ]
	frag_with_inside "$VOLUMES/xfs" -x
	jq -e --argjson files "$files" '.all.files == $files and .counters.skipped_mounts == 1' <<<"$output"
}

@test "a file that is being written to has delayed bytes, unless --sync" {
	need ext4
	local try
	# A busy machine may write it out at once.
	for try in 1 2 3 4 5; do
		rm -f "$VOLUMES/ext4/fresh"
		dd if=/dev/zero of="$VOLUMES/ext4/fresh" bs=64K count=16 status=none
		run -0 alloc-perf frag --json "$VOLUMES/ext4/fresh"
		[ "$(jq '.files[0].delayed_bytes > 0' <<<"$output")" != true ] || break
	done
	jq -e '.files[0] | .delayed_bytes > 0 and .fragments == null' <<<"$output" || fail "try $try: $output"
	run -0 alloc-perf frag --json --sync "$VOLUMES/ext4/fresh"
	jq -e '.files[0] | .delayed_bytes == 0 and .fragments >= 1' <<<"$output"
	rm "$VOLUMES/ext4/fresh"
}

@test "a tree is as another one on the same disk, also for an ordinary user" {
	need xfs
	chmod 755 "$VOLUMES/xfs" "$VOLUMES/xfs/sub"
	alloc-perf frag --json "$VOLUMES/xfs" | jq -c '.all | del(.sequential_seconds, .extra_seconds)' >root
	as_user alloc-perf frag --json --volume "$VOLUMES/xfs" >user
	[ "$(jq -r .source user)" = walk ]
	jq -c '.all | del(.sequential_seconds, .extra_seconds)' user >user-sums
	same "as user" root user-sums
}

# The kernel is asked for the first chunks of names in any case.
tables_agree_with_kernel() { # FILESYSTEM
	need "$1"
	local folder=$VOLUMES/$1 unsettled delayed try
	mkdir -p "$folder/many"
	chmod 755 "$folder" "$folder/many" "$folder/sub"
	seq 12000 | split -l 1 -a 4 - "$folder/many/"
	sync -f "$folder"

	rows alloc-perf frag "$folder/many" "$folder" >by-tables
	rows as_user alloc-perf frag "$folder/many" "$folder" >by-kernel
	same "$1" by-kernel by-tables
	[ "$(wc -l <by-tables)" -gt 12300 ]

	by_tables() { alloc-perf frag --json "$folder/many" "$folder" | jq .counters.table_files; }
	[ "$(by_tables)" -gt 1000 ]
	# What has no place yet is in no table: then the kernel is asked for all.  A busy
	# machine may write it out at once.
	for try in 1 2 3 4 5; do
		dd if=/dev/zero of="$folder/many/late$try" bs=64K count=1 status=none
		unsettled=$(by_tables)
		delayed=$(alloc-perf frag --json "$folder/many/late$try" | jq .counters.delayed_bytes)
		[ "$delayed" = 0 ] || break
	done
	sync -f "$folder"
	rm -r "$folder/many"
	[ "$unsettled" = 0 ] || [ "$delayed" = 0 ]
}

@test "ext2: inode tables tell a walk what the kernel tells" {
	tables_agree_with_kernel ext2
}

@test "ext3: inode tables tell a walk what the kernel tells" {
	tables_agree_with_kernel ext3
}

@test "ext4: inode tables tell a walk what the kernel tells" {
	tables_agree_with_kernel ext4
}

# ---- sources of xfs and btrfs ----

# Each file's own row, extents and what is shared included.
full_rows() { # ARGUMENT...
	alloc-perf frag --each --exact "$@" | jq -r '[.path, .inode, .size_bytes, .disk_bytes, .mapped_bytes, .extents,
		.fragments, .ideal_fragments, .largest_bytes, .gap_bytes, .unwritten_bytes, .shared_bytes,
		.encoded_bytes, .delayed_bytes, .inline_bytes, .holes, .extra_seconds] | @tsv' | sort
}

# Two names of one inode: which one is met first is not told.
by_kernel() { # FOLDER
	find "$1" -type f -print0 | full_rows -0 --files-from - | cut -f 2- | sort
}

# Files that are named are left to the kernel, those of a tree to the source.  While data are
# being written out a file passes through states that are neither the first nor the last, so
# what counts is a reading with the same state before and after it.
same_as_kernel() { # WHAT FOLDER
	local try
	for try in 1 2 3 4 5; do
		by_kernel "$2" >before
		full_rows --threads 1 "$2" | cut -f 2- | sort >by-source
		by_kernel "$2" >after
		cmp -s before after && break
	done
	same "$1, before and after" before after
	same "$1" before by-source
}

by_source() { alloc-perf frag --threads 1 --json "$1" | jq .counters.table_files; }

write_files() { # FOLDER
	head -c 24000000 /dev/urandom | split -b 9000 -a 4 - "$1/"
}

# The source of xfs leaves a file to the kernel whose data are in another allocation group than its
# inode: a busy machine that finds a group locked takes the next one.
by_source_at_least() { # FOLDER FILES
	local try count
	for try in 1 2 3 4 5 6; do
		sync -f "$1"
		count=$(by_source "$1")
		[ "$count" -le "$2" ] || return 0
		write_files "$1/many"
	done
	fail "$count files by the source"
}

source_agrees_with_kernel() { # FOLDER FILES-AT-LEAST
	local folder=$1/many i
	mkdir -p "$folder/sub"
	write_files "$folder"
	seq 3000 | split -l 1 -a 4 - "$folder/sub/"
	dd if=/dev/zero of="$folder/twins" bs=64K count=2 status=none
	for ((i = 0; i < 20; i++)); do
		fallocate -l $((4096 * i + 100)) "$folder/unwritten$i"
		cp --reflink=always "$folder/twins" "$folder/shared$i"
		truncate -s 1M "$folder/sparse$i"
		dd if=/dev/zero of="$folder/sparse$i" bs=10000 seek=$((i + 3)) count=2 conv=notrunc status=none
	done
	dd if=/dev/zero of="$folder/twice" bs=128K count=8 status=none
	sync -f "$1"
	dd if=/dev/zero of="$folder/twice" bs=4096 seek=33 count=5 conv=notrunc status=none
	sync -f "$1"
	same_as_kernel "settled" "$1"
	by_source_at_least "$1" "$2"

	# What waits to be allocated, was appended, cloned or cut a moment ago.
	for ((i = 0; i < 20; i++)); do
		dd if=/dev/zero of="$folder/late$i" bs=70000 count=1 status=none
	done
	same_as_kernel "written" "$1"
	for ((i = 0; i < 20; i++)); do
		dd if=/dev/zero of="$folder/unwritten$i" bs=300000 count=1 oflag=append conv=notrunc status=none
	done
	same_as_kernel "appended" "$1"
	sync -f "$1"
	for ((i = 0; i < 20; i++)); do
		cp --reflink=always "$folder/late$i" "$folder/sub/late$i"
		truncate -s 100 "$folder/shared$i"
	done
	same_as_kernel "cloned" "$1"
	rm -r "$1/many"
	sync -f "$1"
}

@test "xfs: inodes by bulkstat tell a walk what the kernel tells" {
	need xfs
	source_agrees_with_kernel "$VOLUMES/xfs" 1000
}

@test "xfs: extents by their owners tell a walk what the kernel tells" {
	need xfs
	truncate -s 600M "$VOLUMES/owners.img"
	mkfs.xfs -q -f -m rmapbt=1 "$VOLUMES/owners.img" || lack loop "mkfs.xfs knows no rmapbt"
	mkdir "$VOLUMES/owners"
	mount -o loop "$VOLUMES/owners.img" "$VOLUMES/owners" || lack loop "this kernel knows no rmapbt"
	source_agrees_with_kernel "$VOLUMES/owners" 3500
	umount "$VOLUMES/owners"
}

@test "btrfs: trees tell a walk what the kernel tells" {
	need btrfs
	source_agrees_with_kernel "$VOLUMES/btrfs" 4000
}

@test "btrfs: what a snapshot shares is told" {
	need btrfs
	mkdir -p "$VOLUMES/btrfs/many"
	head -c 24000000 /dev/urandom | split -b 9000 -a 4 - "$VOLUMES/btrfs/many/"
	sync -f "$VOLUMES/btrfs"
	btrfs subvolume snapshot "$VOLUMES/btrfs" "$VOLUMES/btrfs/of-walk"
	same_as_kernel "with a snapshot" "$VOLUMES/btrfs"
	dd if=/dev/zero of="$VOLUMES/btrfs/many/aaaa" bs=4096 seek=1 count=1 conv=notrunc status=none
	sync -f "$VOLUMES/btrfs"
	same_as_kernel "after a change" "$VOLUMES/btrfs"
	btrfs subvolume delete "$VOLUMES/btrfs/of-walk"
	rm -r "$VOLUMES/btrfs/many"
	sync -f "$VOLUMES/btrfs"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# alloc-perf frag against independent readers (filefrag, e2freefrag, debugfs,
# xfs_db, xfs_spaceman), and its own readers of whole volumes against its walk, on
# the file systems of the running kernel.  Run by private.sh.

bats_require_minimum_version 1.5.0

filesystems="ext2 ext3 ext4 xfs btrfs"

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
	touch compressed
	if chattr +c compressed; then
		yes | head -c 1M >compressed
	fi
	sync
)

setup_file() {
	for name in $filesystems; do
		local folder=$TMPDIR/$name
		mkdir "$folder"
		truncate -s 800M "$folder.img"
		{
			make_filesystem "$name" "$folder.img" &&
				mount -o loop "$folder.img" "$folder" &&
				make_files "$folder"
		} >"$folder.log" 2>&1 || touch "$folder.missing"
	done
}

teardown_file() {
	for name in $filesystems; do
		! mountpoint -q "$TMPDIR/$name" || umount "$TMPDIR/$name"
	done
}

need() { # FILESYSTEM
	[ -e "$TMPDIR/$1.missing" ] || return 0
	cat "$TMPDIR/$1.log"
	case ",$ALLOC_PERF_REQUIRE," in
	*,loop,*) return 1 ;;
	esac
	skip "$1 cannot be made or mounted here: $(tail -n 1 "$TMPDIR/$1.log")"
}

need_program() { # NAME
	command -v "$1" >/dev/null && return
	[[ ",$ALLOC_PERF_REQUIRE," != *,programs,* ]] || return 1
	skip "$1 is not installed"
}

frag() {
	"$ALLOC_PERF" frag "$@"
}

same() { # WHAT FILE FILE
	cmp -s "$2" "$3" && return
	echo "$1:"
	diff "$2" "$3" | head -n 20
	return 1
}

# What the kernel remembers of a file may be dropped between two looks, and comes
# back in other pieces: another look has to agree.
agrees_with_filefrag() { # FILESYSTEM
	need "$1"
	local file count=0 try
	while IFS= read -r -d '' file; do
		for try in 1 2 3; do
			filefrag -v "$file" >"$TMPDIR/theirs"
			frag -v "$file" >"$TMPDIR/ours"
			! cmp -s "$TMPDIR/theirs" "$TMPDIR/ours" || break
		done
		same "$file ($try)" "$TMPDIR/theirs" "$TMPDIR/ours"
		count=$((count + 1))
	done < <(find "$TMPDIR/$1" -xdev -type f ! -path '*/folder/*' -print0)
	[ "$count" -ge 12 ]
}

# Of each file, whoever reads it; extents are left out where they depend on caches.
rows() { # ARGUMENT...
	frag --each --exact "$@" | jq -r '[.inode, .size_bytes, .disk_bytes, .mapped_bytes, .fragments,
		.ideal_fragments, .largest_bytes, .gap_bytes, .unwritten_bytes, .encoded_bytes,
		.inline_bytes, .holes, .extra_seconds] | @tsv' | sort
}

# Inodes with the names that they have in `find`, hard links left out.
volume_knows_names() { # FILESYSTEM
	need "$1"
	find "$TMPDIR/$1" -xdev -type f -links 1 ! -name $'bad\xff' -printf '%i\t%p\0' | tr '\n\0' '?\n' | sort >"$TMPDIR/theirs"
	frag --each --volume "$TMPDIR/$1" | jq -r '[.inode, .path] | "\(.[0])\t\(.[1] | gsub("\n"; "?"))"' | sort >"$TMPDIR/ours"
	[ -z "$(comm -23 "$TMPDIR/theirs" "$TMPDIR/ours")" ] || { comm -23 "$TMPDIR/theirs" "$TMPDIR/ours" | head && return 1; }
}

@test "ext2, ext4, xfs, btrfs: the volume knows all names" {
	volume_knows_names ext2
	volume_knows_names ext4
	volume_knows_names xfs
	volume_knows_names btrfs
}

volume_agrees_with_walk() { # FILESYSTEM SOURCE
	need "$1"
	sync -f "$TMPDIR/$1"
	rows "$TMPDIR/$1" >"$TMPDIR/walk"
	rows --volume "$TMPDIR/$1" >"$TMPDIR/volume"
	[ "$(wc -l <"$TMPDIR/walk")" -ge 300 ]
	same "$1" "$TMPDIR/walk" "$TMPDIR/volume"
	[ "$(frag --json --volume "$TMPDIR/$1" | jq -r .source)" = "$2" ]
	# The worst are found again by their names.
	frag --json --volume "$TMPDIR/$1" | jq -e --arg top "$TMPDIR/$1/" \
		'.worst | length > 2 and all(.path | startswith($top))'
	[ -z "$(frag --json --volume "$TMPDIR/$1" | jq -r '.worst[].path' | xargs -d '\n' ls 2>&1 >/dev/null)" ]
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

# Read without being mounted, by somebody who may read the image and nothing else.
image_agrees_with_mounted() { # FILESYSTEM SOURCE
	need "$1"
	sync -f "$TMPDIR/$1"
	rows --volume "$TMPDIR/$1" >"$TMPDIR/mounted"
	frag --each --volume "$TMPDIR/$1" | jq -r '[.inode, .path] | @tsv' | sed "s|$TMPDIR/$1||" | sort >"$TMPDIR/mounted-names"
	umount "$TMPDIR/$1"
	chmod 755 "$TMPDIR"
	chmod 644 "$TMPDIR/$1.img"
	cp "$ALLOC_PERF" "$TMPDIR/alloc-perf"
	sha256sum <"$TMPDIR/$1.img" >"$TMPDIR/before"
	as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$TMPDIR/alloc-perf" frag "$@"; }
	(
		frag() { as_nobody "$@"; }
		rows --volume "$TMPDIR/$1.img"
	) >"$TMPDIR/image"
	as_nobody --each --volume "$TMPDIR/$1.img" | jq -r '[.inode, .path] | @tsv' | sort >"$TMPDIR/image-names"
	as_nobody --json --volume "$TMPDIR/$1.img" >"$TMPDIR/json"
	sha256sum <"$TMPDIR/$1.img" >"$TMPDIR/after"
	mount -o loop "$TMPDIR/$1.img" "$TMPDIR/$1"
	same "$1" "$TMPDIR/mounted" "$TMPDIR/image"
	same "$1, names" "$TMPDIR/mounted-names" "$TMPDIR/image-names"
	same "$1, the image itself" "$TMPDIR/before" "$TMPDIR/after"
	[ "$(jq -r .source "$TMPDIR/json")" = "$2" ]
	frag --json --volume "$TMPDIR/$1" | jq .free_space >"$TMPDIR/mounted-free"
	jq .free_space "$TMPDIR/json" >"$TMPDIR/image-free"
	same "$1, free space" "$TMPDIR/mounted-free" "$TMPDIR/image-free"
}

@test "btrfs: the image agrees with the mounted volume, subvolumes and snapshots included" {
	need btrfs
	need_program btrfs
	btrfs subvolume create "$TMPDIR/btrfs/sub/volume"
	cp "$TMPDIR/btrfs/sub/a" "$TMPDIR/btrfs/sub/volume/inside.dat"
	btrfs subvolume snapshot "$TMPDIR/btrfs" "$TMPDIR/btrfs/snapshot"
	image_agrees_with_mounted btrfs btrfs-image
	[ "$(grep -c inside.dat "$TMPDIR/image-names")" = 1 ]
	[ "$(grep -c /striped "$TMPDIR/image-names")" = 2 ]
	btrfs subvolume delete "$TMPDIR/btrfs/sub/volume" "$TMPDIR/btrfs/snapshot"
	btrfs subvolume sync "$TMPDIR/btrfs"
}

# Mounted anew, since only then the kernel lets go of what it has allocated in advance.
@test "xfs: the image agrees with the mounted volume" {
	need xfs
	umount "$TMPDIR/xfs"
	mount -o loop "$TMPDIR/xfs.img" "$TMPDIR/xfs"
	image_agrees_with_mounted xfs xfs-image
	frag --each --exact --volume "$TMPDIR/xfs" | jq '[.inode, .shared_bytes, .extents]' -c | sort >"$TMPDIR/mounted"
	umount "$TMPDIR/xfs"
	frag --each --volume "$TMPDIR/xfs.img" | jq '[.inode, .shared_bytes, .extents]' -c | sort >"$TMPDIR/image"
	mount -o loop "$TMPDIR/xfs.img" "$TMPDIR/xfs"
	same "shared and extents" "$TMPDIR/mounted" "$TMPDIR/image"
}

@test "xfs: an image whose log is not empty is called out of date, a clean one is not" {
	need xfs
	date >"$TMPDIR/xfs/fresh"
	sync -f "$TMPDIR/xfs"
	cp --sparse=always "$TMPDIR/xfs.img" "$TMPDIR/dirty.img"
	run -0 frag --volume "$TMPDIR/dirty.img"
	[[ $output == *"log was not replayed"* ]]
	rm "$TMPDIR/dirty.img" "$TMPDIR/xfs/fresh"
	run -0 frag --volume "$(findmnt -no SOURCE "$TMPDIR/xfs")"
	[[ $output == *"is mounted"* ]]
	umount "$TMPDIR/xfs"
	run -0 frag --volume "$TMPDIR/xfs.img"
	mount -o loop "$TMPDIR/xfs.img" "$TMPDIR/xfs"
	[[ $output != *"out of date"* ]]
}

# Everything that changes where things lie; compared with the mounted volume, where the kernel mounts it.
@test "xfs: images of all makes" {
	need xfs
	need_program xfs_db
	local make count=0 folder=$TMPDIR/make
	mkdir -p "$folder"
	for make in "-b size=1024" "-i size=2048" "-i nrext64=1" "-m bigtime=0 -i sparse=0" "-m rmapbt=1,reflink=0" \
		"-s size=4096" "-b size=2048 -n size=8192" "-b size=32768" "-m crc=0" "-m crc=0 -b size=512"; do
		rm -f "$folder.img"
		truncate -s 320M "$folder.img"
		# shellcheck disable=SC2086 # words
		mkfs.xfs -q -f $make "$folder.img" 2>/dev/null || continue
		mount -o loop "$folder.img" "$folder" 2>/dev/null || continue
		(cd "$folder" && "$STRIPES" write striped 600 && mkdir sub && for i in {1..300}; do echo "$i" >"sub/$i"; done && rm sub/2*)
		umount "$folder"
		mount -o loop "$folder.img" "$folder"
		rows --volume "$folder" >"$TMPDIR/mounted"
		umount "$folder"
		rows --volume "$folder.img" >"$TMPDIR/image"
		same "$make" "$TMPDIR/mounted" "$TMPDIR/image"
		[ "$(frag --json --volume "$folder.img" | jq .all.extents)" = "$(xfs_db -r -c 'frag -f' "$folder.img" | sed -n 's/actual \([0-9]*\),.*/\1/p')" ]
		count=$((count + 1))
	done
	rm -f "$folder.img"
	[ "$count" -ge 6 ]
}

@test "xfs: extents as xfs_db counts them" {
	need xfs
	need_program xfs_db
	umount "$TMPDIR/xfs"
	run -0 xfs_db -r -c 'frag -f' "$TMPDIR/xfs.img"
	mount -o loop "$TMPDIR/xfs.img" "$TMPDIR/xfs"
	local theirs=${output#actual }
	[ "$(frag --json --volume "$TMPDIR/xfs" | jq .all.extents)" = "${theirs%%,*}" ]
}

@test "xfs: free space as xfs_spaceman counts it" {
	need xfs
	need_program xfs_spaceman
	run -0 xfs_spaceman -c 'freesp -s' "$TMPDIR/xfs"
	local theirs
	theirs=$(awk '/^total free extents/ { runs = $4 } /^total free blocks/ { print runs, 4096 * $4 }' <<<"$output")
	run -0 frag --json --volume "$TMPDIR/xfs"
	[ "$(jq -r '.free_space | "\(.runs) \(.bytes)"' <<<"$output")" = "$theirs" ]
}

free_agrees_with_e2freefrag() { # FILESYSTEM
	need "$1"
	need_program e2freefrag
	umount "$TMPDIR/$1"
	local theirs ours
	theirs=$(e2freefrag "$TMPDIR/$1.img" | awk '/^Free blocks/ { free = $3 } /^Num. free/ { runs = $4 } /^Max. free/ { most = $4 }
		END { print free * 4096, runs, most * 1024 }')
	ours=$(frag --json --volume "$TMPDIR/$1.img" | jq -r '.free_space | "\(.bytes) \(.runs) \(.largest_bytes)"')
	mount -o loop "$TMPDIR/$1.img" "$TMPDIR/$1"
	[ "$ours" = "$theirs" ] || { echo "$ours instead of $theirs" && return 1; }
}

@test "ext2, ext3, ext4: free space as e2freefrag counts it" {
	free_agrees_with_e2freefrag ext2
	free_agrees_with_e2freefrag ext3
	free_agrees_with_e2freefrag ext4
}

@test "ext4: extents of the image as debugfs shows them" {
	need ext4
	umount "$TMPDIR/ext4"
	local theirs
	theirs=$(debugfs -R 'dump_extents -l /striped' "$TMPDIR/ext4.img" 2>/dev/null | grep -c '^ *[0-9]*/')
	local ours
	ours=$(frag --each --volume "$TMPDIR/ext4.img" | jq 'select(.size_bytes == 24571904) | .extents')
	mount -o loop "$TMPDIR/ext4.img" "$TMPDIR/ext4"
	[ "$ours" = "$theirs" ]
}

@test "an image is read by an ordinary user, and is not changed" {
	need ext4
	umount "$TMPDIR/ext4"
	local before after
	before=$(sha256sum <"$TMPDIR/ext4.img")
	frag --json --volume "$TMPDIR/ext4.img" | jq . >"$TMPDIR/root"
	chmod 755 "$TMPDIR"
	chmod 644 "$TMPDIR/ext4.img"
	cp "$ALLOC_PERF" "$TMPDIR/alloc-perf"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$TMPDIR/alloc-perf" frag --json --volume "$TMPDIR/ext4.img" | jq . >"$TMPDIR/user"
	after=$(sha256sum <"$TMPDIR/ext4.img")
	mount -o loop "$TMPDIR/ext4.img" "$TMPDIR/ext4"
	same "as user" "$TMPDIR/root" "$TMPDIR/user"
	[ "$after" = "$before" ]
}

@test "reflinked extents are counted once" {
	need xfs
	run -0 frag --json "$TMPDIR/xfs"
	jq -e '.counters.shared_bytes == 2 * .shared_distinct_bytes and .shared_distinct_bytes == 491520' <<<"$output"
	need btrfs
	run -0 frag --json "$TMPDIR/btrfs"
	jq -e '.counters.shared_bytes == 2 * .shared_distinct_bytes and .shared_distinct_bytes == 491520' <<<"$output"
}

@test "a mount of the tree inside of itself is no loop" {
	need ext4
	local files
	files=$(frag --json "$TMPDIR/ext4" | jq .all.files)
	mkdir "$TMPDIR/ext4/again"
	mount --bind "$TMPDIR/ext4" "$TMPDIR/ext4/again"
	run -0 frag --json "$TMPDIR/ext4"
	umount "$TMPDIR/ext4/again"
	rmdir "$TMPDIR/ext4/again"
	[ "$(jq .all.files <<<"$output")" = "$files" ]
}

@test "--one-file-system stays" {
	need ext4
	need xfs
	local files
	files=$(frag --json "$TMPDIR/ext4" | jq .all.files)
	mkdir "$TMPDIR/ext4/other"
	mount --bind "$TMPDIR/xfs" "$TMPDIR/ext4/other"
	run -0 frag --json "$TMPDIR/ext4"
	[ "$(jq .all.files <<<"$output")" -gt "$files" ]
	run -0 frag --json -x "$TMPDIR/ext4"
	umount "$TMPDIR/ext4/other"
	rmdir "$TMPDIR/ext4/other"
	jq -e --argjson files "$files" '.all.files == $files and .counters.skipped_mounts == 1' <<<"$output"
}

@test "a file that is being written to has delayed bytes, unless --sync" {
	need ext4
	dd if=/dev/zero of="$TMPDIR/ext4/fresh" bs=64K count=16 status=none
	run -0 frag --json "$TMPDIR/ext4/fresh"
	jq -e '.files[0] | .delayed_bytes > 0 and .fragments == null' <<<"$output"
	run -0 frag --json --sync "$TMPDIR/ext4/fresh"
	jq -e '.files[0] | .delayed_bytes == 0 and .fragments >= 1' <<<"$output"
	rm "$TMPDIR/ext4/fresh"
}

@test "a tree is as another one on the same disk, also for an ordinary user" {
	need xfs
	chmod 755 "$TMPDIR" "$TMPDIR/xfs" "$TMPDIR/xfs/sub"
	cp "$ALLOC_PERF" "$TMPDIR/alloc-perf"
	frag --json "$TMPDIR/xfs" | jq -c '.all | del(.sequential_seconds, .extra_seconds)' >"$TMPDIR/root"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$TMPDIR/alloc-perf" frag --json --volume "$TMPDIR/xfs" >"$TMPDIR/user"
	[ "$(jq -r .source "$TMPDIR/user")" = walk ]
	jq -c '.all | del(.sequential_seconds, .extra_seconds)' "$TMPDIR/user" >"$TMPDIR/user-sums"
	same "as user" "$TMPDIR/root" "$TMPDIR/user-sums"
}

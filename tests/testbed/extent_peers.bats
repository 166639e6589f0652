#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Our extents against independent readers, on the file systems of the running
# kernel: filefrag -v row by row, debugfs block by block.  Each file system is
# made once and holds the same set of files.  Run by private.sh.

bats_require_minimum_version 1.5.0

load peers

make_filesystem() { # NAME IMAGE
	case $1 in
	# Without backup superblocks a file can be contiguous over 128 MiB.
	ext4) mkfs.ext4 -q -F -b 4096 -O inline_data,sparse_super2 -E num_backup_sb=0 "$2" ;;
	ext*) "mkfs.$1" -q -F -b 4096 "$2" ;;
	xfs) mkfs.xfs -q -f "$2" ;;
	btrfs) mkfs.btrfs -q -f "$2" ;;
	esac
}

# Two files that grow in turn, so that both end up in pieces.
interleave() { # FILE FILE ROUNDS
	for ((i = 0; i < $3; i++)); do
		for file in "$1" "$2"; do
			dd if=/dev/zero of="$file" bs=8192 count=1 oflag=append \
				conv=notrunc,fsync status=none
		done
	done
}

# What a file system cannot do, its files lack; the rows have to agree anyway.
make_files() ( # FOLDER
	cd "$1" || exit 1
	case $1 in
	*/ext4)
		fallocate -l 140M large
		dd if=/dev/zero of=large bs=1M count=140 conv=notrunc status=none
		;;
	esac
	: >empty
	truncate -s 64M sparse
	printf hello >tiny
	dd if=/dev/zero of=odd bs=10001 count=3 status=none
	if fallocate -l 200M unwritten; then
		dd if=/dev/zero of=unwritten bs=64K seek=40 count=3 conv=notrunc status=none
	else
		rm -f unwritten
	fi
	dd if=/dev/zero of=keep-size bs=4096 count=5 status=none
	fallocate -n -o 1M -l 3M keep-size
	fallocate -n -l 3M empty-keep-size
	dd if=/dev/zero of=holes bs=4096 count=20 status=none
	dd if=/dev/zero of=holes bs=4096 seek=700 count=20 conv=notrunc status=none
	dd if=/dev/zero of=holes bs=4096 seek=100000 count=1 conv=notrunc status=none
	fallocate -p -o 8192 -l 12288 holes
	interleave pieces-a pieces-b 60
	"$STRIPES" write striped 10000
	dd if=/dev/zero of=punched bs=1M count=80 status=none
	sync
	"$STRIPES" punch punched 10000 || rm punched
	cp --reflink=always pieces-a shared || rm -f shared
	touch compressed
	if chattr +c compressed; then
		yes | head -c 1M >compressed
	fi
	sync
)

files_of() { # FOLDER
	find "$1" -xdev -type f | sort
}

# filefrag -v in our words: logical physical bytes flags.  What it adds (eof) and
# what we leave out (not_aligned) goes.
filefrag_rows() { # FILE
	filefrag -v -b1 "$1" | awk -F: '
		/^ *[0-9]+: +[0-9]+\.\./ {
			sub(/\.\..*/, "", $2); sub(/\.\..*/, "", $3)
			flags = ""
			count = split($NF, words, ",")
			for (i = 1; i <= count; i++) {
				gsub(/ /, "", words[i])
				if (words[i] != "" && words[i] != "eof" && words[i] != "not_aligned")
					flags = flags (flags == "" ? "" : ",") words[i]
			}
			printf "%d %d %d %s\n", $2, $3, $4, flags == "" ? "-" : flags
		}'
}

# From rows of `logical physical bytes flags`: extents fragments mapped unwritten holes.
figures_of_rows() {
	awk '
		{ known = $4 !~ /inline|encoded|delalloc|unknown_loc/ }
		known && !(before_known && $2 == physical_end) { fragments++ }
		!known && (NR == 1 || before_known) { fragments++ }
		$1 > logical_end { holes++ }
		$4 ~ /unwritten/ { unwritten += $3 }
		{ mapped += $3; logical_end = $1 + $3; physical_end = $2 + $3; before_known = known }
		END { printf "%d %d %d %d %d\n", NR, fragments, mapped, unwritten, holes }'
}

# Joins rows of `logical physical blocks unwritten` that go on, so that it does not
# matter how a reader cuts them.
join_rows() {
	awk '
		function flush() { if (n) print l, p, n, u }
		n && $1 == l + n && $2 == p + n && $4 == u { n += $3; next }
		{ flush(); l = $1; p = $2; n = $3; u = $4 }
		END { flush() }'
}

to_blocks() {
	awk '$4 !~ /inline/ { print $1 / 4096, $2 / 4096, $3 / 4096, $4 ~ /unwritten/ }'
}

# debugfs prints (0-11):600-611, (IND):612, (12[u]-20[u]):613-621: data blocks only.
debugfs_blocks() { # IMAGE PATH
	debugfs -R "stat $2" "$1" 2>/dev/null | tr , '\n' | awk '
		match($0, /\([0-9]+(\[u\])?(-[0-9]+(\[u\])?)?\):[0-9]+/) {
			text = substr($0, RSTART + 1, RLENGTH - 1)
			unwritten = text ~ /\[u\]/
			gsub(/\[u\]/, "", text)
			split(text, sides, "):")
			ends = split(sides[1], range, "-")
			print range[1], sides[2], range[ends] - range[1] + 1, unwritten
		}'
}

agrees_with_filefrag() { # FILESYSTEM
	need "$1"
	local file count=0
	while read -r file; do
		# The first FIEMAP after the caches were dropped (by whomever) shows ext4's
		# splits, the next ones do not.
		"$EXTENT_ROWS" "$file" >/dev/null
		"$EXTENT_ROWS" "$file" >ours
		filefrag_rows "$file" >theirs
		same "$file" ours theirs
		"$EXTENT_ROWS" --batch=1 "$file" >one-by-one
		same "$file, an extent a call" ours one-by-one
		"$EXTENT_ROWS" --figures "$file" >ours-figures
		figures_of_rows <theirs >figures
		same "$file, figures" ours-figures figures
		count=$((count + 1))
	done < <(files_of "$VOLUMES/$1")
	[ "$count" -ge 9 ]
	[ "$("$EXTENT_ROWS" "$VOLUMES/$1/striped" | wc -l)" -ge 10000 ]
	[ -z "$("$EXTENT_ROWS" "$VOLUMES/$1/empty")" ]
	[ -z "$("$EXTENT_ROWS" "$VOLUMES/$1/sparse")" ]
}

agrees_with_debugfs() { # FILESYSTEM
	need "$1"
	local folder=$VOLUMES/$1 file count=0
	mkdir blocks
	while read -r file; do
		"$EXTENT_ROWS" "$file" | to_blocks | join_rows >"blocks/${file##*/}"
	done < <(files_of "$folder")
	umount "$folder"
	for file in blocks/*; do
		debugfs_blocks "$folder.img" "/${file##*/}" | join_rows >theirs
		same "${file##*/}" "$file" theirs
		[ ! -s "$file" ] || count=$((count + 1))
	done
	[ "$count" -ge 7 ]
}

# FIBMAP sees no unwritten ranges, and nothing past the end of the file.
fibmap_agrees_with_fiemap() { # FILESYSTEM
	need "$1"
	local file
	while read -r file; do
		"$EXTENT_ROWS" --fibmap "$file" >rows
		to_blocks <rows | join_rows >by-block
		"$EXTENT_ROWS" "$file" | grep -v unwritten | to_blocks | join_rows >by-extent
		same "$file" by-block by-extent
		[ ! -s rows ] || tail -n 1 rows | grep -q ' last,merged$'
	done < <(files_of "$VOLUMES/$1")
}

has_row() { # FILE FLAGS
	"$EXTENT_ROWS" "$1" | grep -qE " ([a-z_]+,)*$2(,[a-z_]+)*$"
}

@test "ext2: rows and figures agree with filefrag" {
	agrees_with_filefrag ext2
}

@test "ext3: rows and figures agree with filefrag" {
	agrees_with_filefrag ext3
}

@test "ext4: rows and figures agree with filefrag" {
	agrees_with_filefrag ext4
}

@test "xfs: rows and figures agree with filefrag" {
	agrees_with_filefrag xfs
}

@test "btrfs: rows and figures agree with filefrag" {
	agrees_with_filefrag btrfs
}

@test "ext2: blocks agree with debugfs after unmount" {
	agrees_with_debugfs ext2
}

@test "ext3: blocks agree with debugfs after unmount" {
	agrees_with_debugfs ext3
}

@test "ext4: blocks agree with debugfs after unmount" {
	agrees_with_debugfs ext4
}

@test "ext2: FIBMAP agrees with FIEMAP" {
	fibmap_agrees_with_fiemap ext2
}

@test "ext3: FIBMAP agrees with FIEMAP" {
	fibmap_agrees_with_fiemap ext3
}

@test "ext4: FIBMAP agrees with FIEMAP" {
	fibmap_agrees_with_fiemap ext4
}

@test "ext4: inline, unwritten and past the end are told apart" {
	need ext4
	has_row "$VOLUMES/ext4/tiny" inline
	has_row "$VOLUMES/ext4/unwritten" unwritten
	[ "$(stat -c %s "$VOLUMES/ext4/keep-size")" = 20480 ]
	"$EXTENT_ROWS" "$VOLUMES/ext4/keep-size" | grep '^1048576 .* 3145728 last,unwritten$'
}

@test "ext4: its split at 128 MiB is no break" {
	need ext4
	# Linux 6.18 joins the two in its cache: only the first FIEMAP after a mount shows them.
	umount "$VOLUMES/ext4"
	mount_again ext4
	run -0 "$EXTENT_ROWS" --figures "$VOLUMES/ext4/large"
	[ "$output" = "2 1 146800640 0 0" ]
}

@test "btrfs: inline, compressed and shared extents are told apart" {
	need btrfs
	has_row "$VOLUMES/btrfs/tiny" inline
	has_row "$VOLUMES/btrfs/compressed" encoded
	has_row "$VOLUMES/btrfs/shared" shared
}

@test "xfs: shared extents are told apart" {
	need xfs
	has_row "$VOLUMES/xfs/shared" shared
}

@test "btrfs: FIBMAP is not supported" {
	need btrfs
	run -1 "$EXTENT_ROWS" --fibmap "$VOLUMES/btrfs/odd"
	[[ $output == *"Operation not supported"* ]]
}

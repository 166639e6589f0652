#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The testbed loop: the running kernel's file systems.
load ../cli/helper

setup() {
	test_enter
	require loop
}

@test "loop measures on the running kernel and leaves no device" {
	run alloc-perf run --on loop --fs ext2,ext4,xfs,btrfs -m posix-fallocate,chunk-4096,mmap,uring-65536-4 -s 32M -o result.jsonl
	assert_status 0
	[ "$(value ext2 posix-fallocate path)" = emulated ]
	[ "$(value xfs posix-fallocate path)" = native ]
	[ "$(value xfs chunk-4096 kernel)" = "$(uname -r)" ]
	[ "$(value ext4 chunk-4096 caches_dropped)" = 1 ]
	assert_nothing_left
}

@test "variants with options, where a refused option is the file system's own row of -" {
	run alloc-perf run --on loop --fs ext2,ext4,xfs -m chunk-4096 -s 1M -r 1 --seed 1 -o result.jsonl \
		--mount-options "" --mount-options nodelalloc --mkfs-options "" --mkfs-options "-b 1024"
	assert_status 0
	for name in ext2 ext2+-b1024 ext4 ext4+-b1024 ext4+nodelalloc ext4+nodelalloc+-b1024 xfs; do
		[ "$(value $name chunk-4096 status)" = ok ]
	done
	[[ "$(value ext4+nodelalloc+-b1024 chunk-4096 mount_options)" = *nodelalloc* ]]
	[ "$(value ext4+nodelalloc+-b1024 chunk-4096 base_filesystem)" = ext4 ]
	[ "$(value ext4+nodelalloc+-b1024 chunk-4096 added_mount_options)" = nodelalloc ]
	[ "$(value ext4+nodelalloc+-b1024 chunk-4096 added_mkfs_options)" = "-b 1024" ]
	for name in ext2+nodelalloc xfs+nodelalloc xfs+-b1024; do
		[ "$(value $name chunk-4096 status)" = unsupported ]
	done
	[ "$(value xfs+-b1024 chunk-4096 stage)" = format ]
	assert_output_has "unsupported: the kernel refuses mount -t xfs -o nodelalloc: Invalid argument"
	run alloc-perf diff --by mount-options --only filesystem=ext4,ext4+nodelalloc,xfs,xfs+nodelalloc --measure written result.jsonl
	assert_status 1
	grep -Eq '^filesystem +method +file +default +nodelalloc ' <<<"$output"
	grep -Eq '^ext4 +chunk-4096 +1M ' <<<"$output"
	assert_output_has "xfs chunk-4096 1M: worse: cannot be made with nodelalloc (the kernel refuses mount -t xfs -o nodelalloc"
	# A resumed run makes the variants that are missing.
	head -n 6 result.jsonl >cut.jsonl
	run alloc-perf run --resume cut.jsonl
	assert_status 0
	fields() { jq -r 'select(.type == "trial") | .filesystem + " " + .status' "$1" | sort; }
	diff <(fields result.jsonl) <(fields cut.jsonl)
	assert_nothing_left
}

@test "mkfs that refuses an added option says which" {
	run alloc-perf run --on loop --fs xfs,ext4 -m mmap -s 1M -r 1 --mkfs-options "-m foo=1" -o result.jsonl
	assert_status 0
	assert_output_has "mkfs.xfs -f -q -m foo=1 exited with status 1: unknown option -m foo=1"
	[ "$(value xfs+-mfoo=1 mmap status)" = unsupported ]
	[ "$(value ext4+-mfoo=1 mmap status)" = unsupported ]
}

@test "--volume: a table for each size, and --resume knows them apart" {
	mkdir images
	alloc-perf run -q --on loop --fs ext2 -m mmap -s 1M --volume 20M,40M -r 2 --seed 1 --keep-images images -o result.jsonl
	[ "$(ls images)" = "ext2-mmap-1M-on-20M-1.img
ext2-mmap-1M-on-20M-2.img
ext2-mmap-1M-on-40M-1.img
ext2-mmap-1M-on-40M-2.img" ]
	head -n 3 result.jsonl >cut.jsonl
	run alloc-perf run --resume cut.jsonl
	assert_status 0
	assert_output_has "1 MiB file on a 20 MiB volume"
	assert_output_has "1 MiB file on a 40 MiB volume"
	assert_output_has "mmap 1M on 40M, run 2: "
	volumes() { jq -r 'select(.type == "trial") | [.volume_bytes, .run] | join(" ")' "$1" | sort; }
	[ "$(volumes cut.jsonl)" = "$(volumes result.jsonl)" ]
	[ "$(volumes cut.jsonl | wc -l)" = 4 ]
}

@test "--prepare gets the volume with its file system" {
	mkdir mnt images
	# shellcheck disable=SC2016 # the variables are for the command
	run alloc-perf run -q --on loop --fs ext4 -m fallocate -s 4M -r 1 -o result.jsonl --mount-options noatime \
		--keep-images images --prepare '
		mount -o loop "$ALLOC_PERF_VOLUME" mnt && echo it is >mnt/there && umount mnt &&
		echo $ALLOC_PERF_FILESYSTEM $ALLOC_PERF_TYPE $ALLOC_PERF_MOUNT_OPTIONS >told'
	assert_status 0
	[ "$(cat told)" = "ext4+noatime ext4 noatime" ]
	[ "$(value ext4+noatime fallocate status)" = ok ]
	[ "$(debugfs -R 'cat /there' images/ext4+noatime-fallocate-4M-1.img 2>/dev/null)" = "it is" ]
	assert_nothing_left
}

@test "what the running kernel lacks is a row of -" {
	grep -qw reiserfs /proc/filesystems && skip "this kernel has reiserfs"
	printf '[plan]\nfilesystems = reiserfs,ext2\nmethods = ftruncate\nsizes = 1M\n' >plan.ini
	run alloc-perf run --on loop --plan plan.ini -o result.jsonl
	assert_status 0
	[ "$(value reiserfs ftruncate status)" = unsupported ]
	[ "$(value ext2 ftruncate status)" = ok ]
	assert_output_has "the running kernel has no reiserfs; use --on uml"
	run alloc-perf run --on loop --fs reiserfs -m ftruncate -s 1M -o other.jsonl
	assert_status 3
}

@test "a run does not go on under another kernel, nor under another build of it" {
	alloc-perf run -q --on loop --fs ext2 -m ftruncate,fallocate -s 1M -o result.jsonl
	head -n 2 result.jsonl >cut.jsonl
	sed "s/\"kernel\":\"$(uname -r)\"/\"kernel\":\"6.0.0\"/" cut.jsonl >older.jsonl
	run alloc-perf run --resume older.jsonl
	assert_status 3
	assert_output_has "older.jsonl was started on Linux 6.0.0, but this is $(uname -r)"
	sed 's/"kernel_build":"[^"]*"/"kernel_build":"#0 of yesterday"/' cut.jsonl >rebuilt.jsonl
	run alloc-perf run --resume rebuilt.jsonl
	assert_status 3
	assert_output_has "rebuilt.jsonl was started on another build of Linux $(uname -r) (#0 of yesterday, but this is #"
	for file in older rebuilt; do
		[ "$(wc -l <$file.jsonl)" = 2 ]
	done
	run alloc-perf run --resume cut.jsonl
	assert_status 0
}

@test "zeroes by the device: written extents, or refused where it cannot unmap to zeroes" {
	alloc-perf run -q --on loop --fs ext4 -m fallocate-write-zeroes -s 4M -o result.jsonl
	if [ "$(value ext4 fallocate-write-zeroes status)" = ok ]; then
		[ "$(value ext4 fallocate-write-zeroes mapped_bytes)" = 4194304 ]
		[ "$(value ext4 fallocate-write-zeroes unwritten_bytes)" = 0 ]
	else
		[ "$(value ext4 fallocate-write-zeroes status)" = unsupported ]
		[ "$(value ext4 fallocate-write-zeroes refused_by)" = fallocate ]
	fi
}

@test "kept images agree with filefrag" {
	mkdir images
	run alloc-perf run --on loop --fs ext2,ext3-ordered,ext4,xfs,btrfs -m chunk-4096,fallocate,direct-4K -s 40M --keep-images images -o result.jsonl
	assert_status 0
	cat >look <<-'END'
		mount --make-rprivate / && mount -o loop,ro "$1" /mnt && filefrag -v /mnt/alloc-perf.file
	END
	local image fs method rows
	for image in images/*.img; do
		fs=$(basename "$image" | sed 's/-\(chunk\|fallocate\|direct\).*//')
		method=$(basename "$image" | sed "s/^$fs-//; s/-40M-1.img//")
		rows=$(unshare -m sh look "$image" | awk '
			/^ *[0-9]+:/ { gsub(/[:.]+/, " "); if ($4 != end + 1) n++; end = $5 } END { print n + 0 }')
		[ "$rows" = "$(value "$fs" "$method" fragments)" ] ||
			[ "$(value "$fs" "$method" status)" = unsupported ] ||
			fail "$fs $method: filefrag has $rows fragments, the record $(value "$fs" "$method" fragments)"
	done
	assert_nothing_left || fail "the test's own images count as files of WORK only"
}

@test "files that phases wrote are as filefrag sees them, and were read from the device" {
	mkdir images
	run alloc-perf run --on loop --fs ext4,xfs,btrfs -m none,fallocate-step-64K,fallocate-ahead-1M,fallocate,extsize-256K \
		-s 4M --files 3 --runs 1 --then write-seq-16K --then overwrite-rand-4K-x50+fsync/7 --then read-seq-256K \
		--keep-images images -o result.jsonl
	assert_status 0
	cat >look <<-'END'
		mount --make-rprivate / && mount -o loop,ro "$1" /mnt && filefrag -v /mnt/alloc-perf.file*
	END
	local fs method rows
	for fs in ext4 xfs btrfs; do
		for method in none fallocate-step-65536 fallocate-ahead-1048576 fallocate; do
			rows=$(unshare -m sh look "images/$fs-$method-4M-1.img" | awk '
				/^File size/ { end = "" }
				/^ *[0-9]+:/ { gsub(/[:.]+/, " "); if ($4 != end + 1 || end == "") n++; end = $5 } END { print n + 0 }')
			[ "$rows" = "$(value $fs $method fragments)" ] ||
				fail "$fs $method: filefrag has $rows fragments, the record $(value $fs $method fragments)"
			[ "$(value $fs $method verified_bytes)" = $((3 * 4194304)) ]
			[ "$(value $fs $method phases | jq -c '[.[].cold]')" = "[null,null,1]" ]
			[ "$(value $fs $method phases | jq '.[0].written_bytes >= 12582912')" = true ]
		done
	done
	# Files that grow in turn get in one another's way, unless they get their space ahead.
	[ "$(value ext4 fallocate fragments)" -le 6 ]
	[ "$(value ext4 fallocate-step-65536 fragments)" -gt "$(value ext4 fallocate-ahead-1048576 fragments)" ]
	for fs in ext4 btrfs; do
		[ "$(value $fs extsize-262144 status)" = unsupported ]
	done
	[ "$(value xfs extsize-262144 status)" = ok ]
	[ "$(value ext4 fallocate-ahead-1048576 size_bytes)" = $((3 * 4194304)) ]
	rm images/*
	assert_nothing_left
}

@test "reads of a file that was written in part are cold, and have a rate" {
	run alloc-perf run --on loop --fs ext4,xfs -m none,fallocate -s 8M --runs 1 --then append-64K-x40 \
		--then read-seq-256K --then read-rand-4K -o result.jsonl
	assert_status 0
	for fs in ext4 xfs; do
		for method in none fallocate; do
			[ "$(value $fs $method phases | jq -c '[.[].cold]')" = "[null,1,1]" ]
		done
	done
	run alloc-perf report --measure read-rate result.jsonl
	assert_output_has "iB/s"
	[[ $output != *n/a* ]]
}

@test "a phase that finds the volume full fails its trial" {
	run alloc-perf run --on loop --fs ext4 -m none -s 60M --volume 64M --runs 1 --then write-seq-64K -o result.jsonl
	assert_status 1
	[ "$(value ext4 none error)" = 28 ]
	[ "$(value ext4 none stage)" = write-seq-64K ]
	assert_nothing_left
}

@test "a scenario: zeroes written beforehand save bytes of the log of ext4" {
	run alloc-perf run --on loop --scenario log --fs ext4 -m none,chunk-128K -s 256K --runs 1 -o result.jsonl
	assert_status 0
	[ "$(value ext4 none scenario)" = log ]
	run alloc-perf report --format json --measure per-byte,fragments result.jsonl
	assert_status 0
	[ "$(jq '[.conditions[0].cells[].figures["per-byte"].median] | .[0] > 4 and .[1] < 3' <<<"$output")" = true ] ||
		fail "$output"
	assert_nothing_left
}

@test "a full volume is ENOSPC for every method on every file system" {
	run alloc-perf run --on loop --fs ext2,ext4,btrfs -m mmap,chunk-65536,direct-65536 -s 140M --volume 140M -o result.jsonl
	assert_status 1
	for fs in ext2 ext4 btrfs; do
		for method in mmap chunk-65536 direct-65536; do
			[ "$(value $fs $method error)" = 28 ] ||
				fail "$fs $method: $(value $fs $method status) $(value $fs $method error)"
		done
	done
	assert_nothing_left
}

@test "--keep-images is refused where an image can get no name" {
	mount_plainfs mnt
	run alloc-perf run --on loop --fs ext2 -m ftruncate -s 1M --keep-images mnt -o result.jsonl
	umount mnt
	assert_status 3
	assert_output_has "cannot create an image in mnt: Operation not supported; choose another directory with --keep-images"
}

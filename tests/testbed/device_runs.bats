#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2034,SC2153 # each test has variables of its own, some for device.bash
#
# Runs on the testbed device, to their end and otherwise; other disks stay as they are.
bats_require_minimum_version 1.5.0
load device

# ---- in the course of a run ----

# The trial number COUNT of a run in the background has ended.
wait_for_trials() { # COUNT
	for _ in {1..2000}; do
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

# Nobody has locked or mounted it any more: what a killed run has started ends in its own time.
is_released() { # DISK
	flock -n "$1" true && ! grep -qs "^$1 " /proc/[0-9]*/mounts
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
	ended 2 "link has changed since the start of the run; now it is $NAME of 24 MiB; nothing was written to it"
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
	ended 2 "has changed since the start of the run; now it is $NAME of 48 MiB"
}

@test "somebody else mounts or swaps on it in the course of the run" {
	mkdir mnt
	start_long "$DISK"
	wait_for_trials 1
	while kill -0 "$pid" 2>/dev/null; do
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
	wait_until is_released "$DISK"
	local type
	run alloc-perf run --resume result.jsonl -q
	assert_status 2
	type=$(blkid -p -o value -s TYPE "$DISK" || true)
	[ -z "$type" ] || assert_output_has "overwrite it with --overwrite-signature $type"
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
	assert_output_has "was started on a volume of 24M"
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
			wait_until is_released "$first" || fail "$signal, step $step: mounted or locked"
			[ "$signal" = KILL ] || [ -z "$(wipefs --noheadings "$first")" ] || fail "$signal, step $step: not empty"
			wipefs -qa "$first"
		done
	done
	[ "$(b2sum <"$DISK")" = "$hash" ]
	[ -z "$(ours)" ] || fail "$(ours)"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2034,SC2153 # each test has variables of its own, some for device.bash
#
# The testbed device formats what the user names in so many words, and nothing else.
bats_require_minimum_version 1.5.0
load device

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
	assert_output_has "all data on $DISK would be lost; to confirm that, add --destroy '$ID'"
	# The name of another disk.
	other=$ID
	make_disk 24M
	AGREED=$other refused "--destroy $other does not name $DISK"
	# A name of this one that was given to the other.
	ln -sfn "$(readlink "$BY_ID/$ID")" "$BY_ID/$other"
	ln -sfn "../../null" "$BY_ID/$ID"
	AGREED=$ID refused "--destroy $ID does not name $DISK"
	rm "$BY_ID/$ID" "$BY_ID/$other"
	AGREED=$ID refused "has neither a name in $BY_ID/ nor a unique serial number"
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
		assert_output_has "names another file or device than the volume"
		[ "$(b2sum <"$other")" = "$other_hash" ]
	done
}

# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # set for, and by, those who load it
#
# What the tests of the testbed device share: loop devices over image files of the test
# as disks, and looking at all of what is on one before and after.

load ../cli/helper

BY_ID=/dev/disk/by-id

setup() {
	test_enter
	require loop
	# One at a time: the folder of names is the machine's.
	exec 8</dev
	flock 8
	BY_ID_MADE=
	[ -d $BY_ID ] || BY_ID_MADE=1
	mkdir -p $BY_ID
	make_disk 24M
}

teardown() {
	local disk
	[ -z "${HOLDER:-}" ] || kill -KILL "$HOLDER" 2>/dev/null || true
	rm -f $BY_ID/alloc-perf-test-$$-*
	cut -d' ' -f5 /proc/self/mountinfo | grep "^$TEST_DIR/" | tac | xargs -r umount -l
	[ -z "${SPARE:-}" ] || change_loops LOOP_CTL_REMOVE || true
	[ -z "${BY_ID_MADE:-}" ] || rmdir -p $BY_ID 2>/dev/null || true
	# By the images, so that no other's device is ever meant.
	losetup --list --noheadings --output NAME,BACK-FILE | awk -v dir="$TEST_DIR/" 'index($2, dir) == 1 { print $1 }' |
		while read -r disk; do
			swapoff "$disk" 2>/dev/null || true
			delpart "$disk" 1 2>/dev/null || true
			delpart "$disk" 2 2>/dev/null || true
			losetup -d "$disk" || true
		done
	test_leave
}

# make_disk SIZE [losetup's OPTION...]: DISK and IMAGE are a new one, ID its name in /dev/disk/by-id.
make_disk() {
	local size=$1
	shift
	IMAGE=$(mktemp "$TEST_DIR/disk.XXXXXX")
	truncate -s "$size" "$IMAGE"
	DISK=$(losetup --find --show "$@" "$IMAGE")
	NAME=${DISK#/dev/}
	ID=alloc-perf-test-$$-$NAME
	ln -sfn "../../$NAME" "$BY_ID/$ID"
}

# change_loops CALL: LOOP_CTL_ADD or LOOP_CTL_REMOVE of the loop device number $SPARE.
change_loops() {
	python3 -c 'import fcntl, sys
calls = {"LOOP_CTL_ADD": 0x4C80, "LOOP_CTL_REMOVE": 0x4C81}
with open("/dev/loop-control") as control:
    fcntl.ioctl(control, calls[sys.argv[1]], int(sys.argv[2]))' "$1" "$SPARE"
}

# make_spare: a loop device without a file, which others do not take: they get the first free one.
make_spare() {
	SPARE=$((10000 + $$ % 10000))
	change_loops LOOP_CTL_ADD
	wait_until [ -b "/dev/loop$SPARE" ]
}

# make_partitions: two of 8 MiB on DISK, as only the kernel knows them.
make_partitions() {
	addpart "$DISK" 1 2048 16384
	addpart "$DISK" 2 20480 16384
	PARTITION=${DISK}p2
	PARTITION_ID=alloc-perf-test-$$-${NAME}p2
	ln -sfn "../../${NAME}p2" "$BY_ID/$PARTITION_ID"
}

# put OFFSET BYTES: on DISK; BYTES as printf reads them.
put() {
	# shellcheck disable=SC2059 # that is the meaning
	printf "$2" | dd of="$DISK" bs=1 seek="$1" conv=notrunc,fsync status=none
}

# In the background until the end of the test; waits until it is ready.
hold() {
	mkfifo ready
	"$@" >ready 2>hold.err 3>&- &
	HOLDER=$!
	read -r _ <ready || fail "$* did not start: $(cat hold.err)"
	rm ready
}

measure() { # OPTION...: the smallest run there is
	alloc-perf run -f ext2 -m ftruncate -s 1M -o result.jsonl "$@"
}

# refused REASON OPTION...: for WHERE, DISK if not set; nothing on DISK or anywhere else changes.
refused() {
	local reason=$1 where=${WHERE:-$DISK} before
	shift
	before=$(b2sum "$DISK")
	run measure --on "device:$where" --destroy "${AGREED:-$ID}" "$@"
	[ "$status" = 2 ] || [ "$status" = 3 ] || fail "status $status for \"$reason\": $output"
	assert_output_has "$reason"
	[ "$(b2sum "$DISK")" = "$before" ] || fail "$where was changed"
	[ ! -e result.jsonl ] || fail "there is a result"
	[ -z "${LOOK:-}" ] || return 0
	# Without --destroy, and only looked at: the same.
	run measure --on "device:$where" --dry-run "$@"
	[ "$status" = 2 ] || [ "$status" = 3 ] || fail "--dry-run: status $status for \"$reason\": $output"
	[ "$(b2sum "$DISK")" = "$before" ] || fail "$where was changed by --dry-run"
}

# on_terminal ANSWER OPTION...: with a terminal, on which ANSWER is typed when it asks.
on_terminal() {
	"$ALLOC_PERF_SOURCE/tests/cli/terminal.py" "to format it: " "$1" -- "${@:2}"
}

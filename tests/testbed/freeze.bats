#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# suspend-freeze freezes file systems: on loop devices over images that are made here,
# and nothing else of this machine.  Each call names them by --only and stops no
# processes (--no-cgroups).  Whatever fails, teardown thaws them.

bats_require_minimum_version 1.5.0
load ../cli/helper

: "${SUSPEND_FREEZE:=$ALLOC_PERF_BUILD/src/suspend/suspend-freeze}"
STATE=/run/suspend-freeze/state

setup() {
	test_enter
	require loop
	require_program fsfreeze
	cp "$SUSPEND_FREEZE" "$TEST_DIR/bin/suspend-freeze"
	suspend-freeze status >/dev/null || skip "somebody holds file systems of this machine frozen"
	mkdir -p /run/suspend-freeze
	chmod 700 /run/suspend-freeze
	# /run is no tmpfs in some containers.
	[ "$(stat -f -c %T /run/suspend-freeze)" = tmpfs ] ||
		mount -t tmpfs -o mode=700,size=1m suspend-state /run/suspend-freeze
	make_volume a
	A=$WORK/a
	ONLY=(--only "$A" --no-cgroups)
	run suspend-freeze freeze --for 20 "${ONLY[@]}"
	[[ $output != *"cannot determine whether"* && $output != *"private mount"* && $output != *"a container"* ]] || skip "$output"
	assert_status 0
	suspend-freeze thaw
}

teardown() {
	local point
	for point in "$WORK/b" "$WORK/a"; do
		mountpoint -q "$point" || continue
		timeout 5 fsfreeze -u "$point" 2>/dev/null || :
		umount "$point" || umount -l "$point"
	done
	umount /run/suspend-freeze 2>/dev/null || rm -f "$STATE" /run/suspend-freeze/lock
	rmdir /run/suspend-freeze 2>/dev/null || :
	test_leave
}

# make_volume NAME [TYPE] [FOLDER]: a file system on FOLDER/NAME.img, mounted on NAME.
make_volume() {
	local image=${3:-$WORK}/$1.img
	rm -f "$image"
	truncate -s 32M "$image"
	case ${2:-ext4} in
	xfs) truncate -s 300M "$image" && mkfs.xfs -q "$image" ;;
	btrfs) truncate -s 120M "$image" && mkfs.btrfs -q "$image" >/dev/null ;;
	vfat) mkfs.vfat "$image" >/dev/null ;;
	*) "mkfs.${2:-ext4}" -q -F "$image" ;;
	esac
	mkdir -p "$WORK/$1"
	mount -o loop "$image" "$WORK/$1"
}

# frozen POINT: whether writers wait: one does not end, and lies in the kernel whenever one looks
# (not merely ready to run on a busy machine).  It goes on when it is thawed.
frozen() {
	local writer looks=0
	touch "$1/asked" &
	writer=$!
	while [ $looks -lt 10 ]; do
		case $(sed 's/.*) //' "/proc/$writer/stat" 2>/dev/null) in
		D*) looks=$((looks + 1)) ;;
		'' | Z*) return 1 ;;
		*) looks=0 ;;
		esac
		sleep 0.05
	done
}

holder() { awk '$1 == "holder" { print $2 }' "$STATE"; }
watchdog() { awk '$1 == "watchdog" { print $2 }' "$STATE"; }
has_other_watchdog() { [ "$(watchdog)" != "$1" ]; }

# Allows some seconds.
assert_thawed() {
	for _ in {1..50}; do
		if ! frozen "$1"; then
			for _ in {1..50}; do
				[ -e "$STATE" ] || return 0
				sleep 0.1
			done
			fail "the state was left: $(cat "$STATE")"
		fi
	done
	fail "$1 is still frozen"
}

@test "freeze and thaw: each kind of file system, one freeze each" {
	for type in ext4 ext3 ext2 xfs btrfs; do
		grep -qw "$type" /proc/filesystems && command -v "mkfs.$type" >/dev/null || continue
		make_volume b "$type"
		suspend-freeze freeze --for 20 --only "$WORK/b" --no-cgroups
		frozen "$WORK/b" || fail "$type is not frozen"
		! frozen "$A" || fail "more than was named"
		run suspend-freeze status
		assert_status 1
		assert_output_has "frozen       $type on $WORK/b"
		suspend-freeze thaw
		assert_thawed "$WORK/b"
		run suspend-freeze status
		assert_status 0
		umount "$WORK/b"
	done
}

@test "a bind mount is no second freeze" {
	mkdir b
	mount --bind a b
	suspend-freeze freeze --for 20 --only "$WORK/b" --no-cgroups
	[ "$(grep -c ' superblock ' "$STATE")" = 1 ]
	frozen "$A"
	suspend-freeze thaw
	assert_thawed "$A"
}

@test "mounted in another namespace only" {
	umount a
	# shellcheck disable=SC2016
	unshare --mount --propagation private sh -c 'mount -o loop "$0" "$1" && echo there >"$2" && exec sleep 60' \
		"$WORK/a.img" "$A" "$WORK/ready" 3>&- &
	local pid=$!
	wait_until test -e ready
	run suspend-freeze plan
	assert_output_has "on /proc/$pid/root$A"
	suspend-freeze freeze --for 20 --only "/proc/$pid/root$A" --no-cgroups
	frozen "/proc/$pid/root$A"
	suspend-freeze thaw
	assert_thawed "/proc/$pid/root$A"
	kill "$pid"
}

@test "freeze --for: thawed when the time is up" {
	suspend-freeze freeze --for 10 "${ONLY[@]}"
	frozen "$A"
	assert_thawed "$A"
}

@test "run: frozen for the time of the command, whose status it has" {
	run suspend-freeze run "${ONLY[@]}" -- sh -c "cat $STATE; exit 7"
	assert_status 7
	assert_output_has "F superblock"
	assert_thawed "$A"
	run suspend-freeze run "${ONLY[@]}" -- sh -c 'kill -9 $$'
	assert_status 137
	assert_thawed "$A"
}

@test "run: the command gets no descriptor and no blocked signal" {
	# shellcheck disable=SC2016
	run suspend-freeze run "${ONLY[@]}" -- bash -c 'ls -l /proc/$$/fd | grep -c suspend-freeze; grep -E "SigBlk|SigIgn" /proc/$$/status'
	assert_output_has "SigBlk:	0000000000000000"
	[ "${lines[0]}" = 0 ]
}

@test "run --for: thawed in time, also if the command goes on" {
	# It would wait for ever otherwise.
	run suspend-freeze run --for 1 "${ONLY[@]}" -- sh -c "touch $A/waits; echo went on"
	assert_status 125
	assert_output_has "went on"
	assert_output_has "the time limit expired before the command ended"
	assert_thawed "$A"
}

@test "run: SIGTERM thaws and is handed on" {
	suspend-freeze run "${ONLY[@]}" -- sleep 60 3>&- &
	local pid=$!
	wait_until grep -q '^F superblock' "$STATE"
	frozen "$A"
	kill -TERM "$pid"
	wait "$pid" || [ $? = 143 ]
	assert_thawed "$A"
}

@test "run right after thaw finds nobody at work" {
	for _ in {1..20}; do
		suspend-freeze freeze --for 5 "${ONLY[@]}"
		suspend-freeze thaw
		suspend-freeze run "${ONLY[@]}" -- true
	done
	assert_thawed "$A"
}

@test "thaw during run: the command goes on" {
	suspend-freeze run "${ONLY[@]}" -- sh -c "until [ -e $WORK/thawed ]; do sleep 0.1; done; exit 3" 3>&- 2>errors &
	local pid=$! status=0
	wait_until grep -q '^F superblock' "$STATE"
	suspend-freeze thaw
	run frozen "$A"
	assert_status 1
	touch thawed
	wait "$pid" || status=$?
	[ "$status" = 3 ]
	grep -q "thawed by .suspend-freeze thaw. before" errors
}

@test "an image on a frozen file system: the upper first, thaw in reverse" {
	make_volume b ext4 "$A"
	run suspend-freeze plan --only "$A" --only "$WORK/b"
	assert_status 0
	assert_output_has "its data is stored in ext4 on $A"
	suspend-freeze run --only "$A" --only "$WORK/b" --no-cgroups -- cat "$STATE" >state
	[ "$(sed -n 's/.* superblock .* \(\/[^ ]*\) -$/\1/p' state)" = "$WORK/b"$'\n'"$A" ]
	assert_thawed "$A"
	assert_thawed "$WORK/b"
}

@test "only the lower one: what lies on it does not hinder thawing" {
	make_volume b ext4 "$A"
	suspend-freeze freeze --for 20 "${ONLY[@]}"
	dd if=/dev/zero of=b/data bs=64k count=40 2>/dev/null &
	sleep 0.5
	suspend-freeze thaw
	assert_thawed "$A"
	wait
}

@test "a file system that is full" {
	dd if=/dev/zero of=a/full bs=64k 2>/dev/null || :
	run suspend-freeze run "${ONLY[@]}" -- true
	assert_status 0
	assert_thawed "$A"
}

@test "read-only: left as it is" {
	mount -o remount,ro a
	run suspend-freeze plan "${ONLY[@]}"
	assert_output_has "read-only: nothing can change"
	run suspend-freeze run "${ONLY[@]}" -- cat "$STATE"
	assert_status 0
	[[ $output != *superblock* ]]
}

@test "vfat is written out" {
	require_program mkfs.vfat
	grep -qw vfat /proc/filesystems || modprobe -q vfat || skip "this kernel has no vfat"
	make_volume b vfat
	run suspend-freeze run --only "$WORK/b" --no-cgroups -- sh -c "touch $WORK/b/x; cat $STATE"
	assert_status 0
	assert_output_has "d sync"
}

@test "overlay: its upper layer's file system is frozen" {
	mkdir -p a/up a/work b low
	mount -t overlay -o "lowerdir=$WORK/low,upperdir=$A/up,workdir=$A/work" overlay b || skip "no overlay here"
	run suspend-freeze plan --only "$A"
	assert_output_has "its writes go to ext4 on $A, and stop with that one"
	suspend-freeze freeze --for 20 "${ONLY[@]}"
	frozen "$WORK/b"
	suspend-freeze thaw
	assert_thawed "$WORK/b"
}

@test "somebody else's freeze is reported and left" {
	fsfreeze -f a
	run suspend-freeze run "${ONLY[@]}" -- true
	assert_status 0
	assert_output_has "$A was already frozen by another program"
	fsfreeze -u a || fail "it was thawed"
}

@test "somebody else's thaw does no harm" {
	suspend-freeze freeze --for 20 "${ONLY[@]}"
	fsfreeze -u a
	suspend-freeze thaw
	assert_thawed "$A"
}

@test "a second suspend-freeze is refused" {
	suspend-freeze freeze --for 20 "${ONLY[@]}"
	run suspend-freeze run "${ONLY[@]}" -- true
	assert_status 125
	assert_output_has "another suspend-freeze is running"
	run suspend-freeze freeze --for 1 "${ONLY[@]}"
	assert_status 1
	suspend-freeze thaw
	assert_thawed "$A"
}

@test "the holder is killed: the watchdog thaws" {
	suspend-freeze freeze --for 60 "${ONLY[@]}"
	frozen "$A"
	kill -9 "$(holder)"
	assert_thawed "$A"
}

@test "the watchdog is killed: there is a new one, and thaw works" {
	suspend-freeze freeze --for 60 "${ONLY[@]}"
	local old
	old=$(watchdog)
	kill -9 "$old"
	wait_until has_other_watchdog "$old"
	frozen "$A"
	kill -9 "$(holder)"
	assert_thawed "$A"
}

@test "the holder is stopped: the watchdog thaws in time" {
	suspend-freeze freeze --for 10 "${ONLY[@]}"
	local pid
	pid=$(holder)
	kill -STOP "$pid"
	for _ in {1..60}; do
		frozen "$A" || break
	done
	! frozen "$A" || fail "still frozen"
	kill -CONT "$pid"
	assert_thawed "$A"
}

gone() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

# Stopped first, so that neither sees the other's end.
kill_holder_and_watchdog() {
	local first second
	first=$(holder) second=$(watchdog)
	kill -STOP "$first" "$second"
	kill -9 "$first" "$second"
	wait_until gone "$first"
	wait_until gone "$second"
}

kill_both() {
	kill_holder_and_watchdog
	frozen "$A" || fail "it is not frozen any more"
}

@test "both are killed: nothing new is frozen, recover thaws" {
	suspend-freeze freeze --for 60 "${ONLY[@]}"
	kill_both
	run suspend-freeze status
	assert_status 1
	assert_output_has "gone"
	run suspend-freeze freeze --for 1 "${ONLY[@]}"
	assert_status 1
	assert_output_has "run \`suspend-freeze recover\`"
	run suspend-freeze recover
	assert_status 0
	assert_thawed "$A"
	run suspend-freeze recover
	assert_status 0
}

@test "both are killed: thaw does it, too" {
	suspend-freeze freeze --for 60 "${ONLY[@]}"
	kill_both
	suspend-freeze thaw
	assert_thawed "$A"
}

@test "both are killed and it is unmounted: recover finds the superblock" {
	local device
	device=$(findmnt -no SOURCE a)
	suspend-freeze freeze --for 60 "${ONLY[@]}"
	kill_holder_and_watchdog
	umount a
	losetup "$device" >/dev/null || skip "the device went with the mount"
	run suspend-freeze recover
	assert_status 0
	mount "$device" a || mount -o loop a.img a
	assert_thawed "$A"
}

@test "recover DEVICE: what somebody else froze and unmounted" {
	local device
	device=$(findmnt -no SOURCE a)
	fsfreeze -f a
	umount a
	losetup "$device" >/dev/null || skip "the device went with the mount"
	run suspend-freeze recover "$device"
	assert_status 0
	mount -o loop a.img a
	run frozen "$A"
	assert_status 1
	run suspend-freeze recover "$WORK/no-such-device"
	assert_status 1
	assert_output_has "cannot mount"
}

@test "killed at each of its system calls: nothing stays frozen" {
	require_program strace
	local call when kills=0
	strace -o trace suspend-freeze run "${ONLY[@]}" -- true
	# strace counts each kind of call for itself.  Before the state is written, nothing can be frozen.
	awk -F'(' '/^[a-z]/ { count[$1]++ } /state.new.*O_CREAT/ { on = 1 } on && /^[a-z]/ { print $1, count[$1] }' trace >calls
	[ "$(wc -l <calls)" -gt 50 ]
	while read -r call when; do
		run strace -qq -o killed -e "inject=$call:signal=KILL:when=$when" suspend-freeze run "${ONLY[@]}" -- true
		# Mount tables that change meanwhile take more or fewer calls to read.
		! grep -q 'killed by SIGKILL' killed || kills=$((kills + 1))
		suspend-freeze recover
		assert_thawed "$A" || fail "killed at $call $when"
	done <calls
	[ "$kills" -gt $(($(wc -l <calls) * 3 / 4)) ] || fail "only $kills of $(wc -l <calls) calls came"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# suspend-freeze in a guest where things go wrong.
# shellcheck disable=SC2016 # the guest's shell expands what is in single quotes
load ../cli/helper
load guest

setup_file() {
	require qemu
	boot_guest
}

@test "killed before each system call: the watchdog thaws" {
	# Before the first fork, which starts the watchdog, nothing can be frozen.
	in_guest '
		kill_and_look() {
			faults "$@" suspend-freeze run -- true || return
			faults writable $DISKS && suspend-freeze recover && await nobody_at_work &&
				[ "$(cat $SESSION/cgroup.freeze)" = 0 ] && return
			echo "frozen after $*"
			exit 1
		}
		for n in 1 200 400 600; do kill_and_look kill-at $n || break; done
		for n in $(seq 1000); do kill_and_look kill-after $n || break; done
		echo "$n calls"
		[ $n -gt 40 ] && [ $n -lt 1000 ] && assert_thawed'
}

@test "the watchdog is killed: there is another, and that one thaws" {
	in_guest '
		hold --for 60 -- sleep 60 && first=$(watchdog) && kill -KILL $first
		other() { second=$(watchdog); [ "$second" != $first ] && ! gone "$second"; }
		await other && frozen /mnt/ext4 && kill -KILL $(holder) && await nothing_held && assert_thawed'
}

@test "both are killed: recover" {
	in_guest '
		in_root sleep 1000
		echo $! >/run/in_root
		hold --for 60 -- sleep 60 && kill_both && frozen $DISKS'
	guest sh 'suspend-freeze status'
	assert_status 1
	assert_output_has "gone"
	guest sh 'suspend-freeze run -- true'
	assert_status 125
	assert_output_has "suspend-freeze recover"
	in_guest '
		suspend-freeze recover && assert_thawed && is_in_root $(cat /run/in_root) && kill $(cat /run/in_root) &&
		suspend-freeze run -- true'
}

@test "both are killed, then it is unmounted: recover finds the superblock" {
	in_guest '
		hold --for 60 -- sleep 60 && kill_both && umount $DISKS && suspend-freeze recover &&
		mount -t ext4 /dev/vda /mnt/ext4 && mount -t xfs /dev/vdb /mnt/xfs && mount -t btrfs /dev/vdc /mnt/btrfs &&
		assert_thawed'
}

@test "both are killed, and a process that thaws for them waits for another one: recover" {
	in_guest '
		mount -t ext4 /dev/vdd /mnt/other && truncate -s 64M /mnt/other/image &&
		mke2fs -F /mnt/other/image >/dev/null 2>&1 && mount -o loop -t ext4 /mnt/other/image /mnt/loop &&
		hold --for 60 -- sleep 60 && kill_both && frozen /mnt/other &&
		{ faults lock /run/suspend-freeze/lock fsfreeze --unfreeze /mnt/loop & } &&
		await blocked $! && suspend-freeze recover && assert_thawed /mnt/loop /mnt/other $DISKS &&
		umount /mnt/loop && umount /mnt/other'
}

@test "frozen by another program, then unmounted: recover DEVICE" {
	in_guest '
		fsfreeze --freeze /mnt/ext4 && umount /mnt/ext4 && suspend-freeze recover /dev/vda &&
		mount -t ext4 /dev/vda /mnt/ext4 && assert_thawed'
}

@test "killed at random, whoever it is: recover at most" {
	in_guest '
		for n in $(seq 15); do
			suspend-freeze run --for 20 -- sleep 1 >/dev/null 2>&1 &
			usleep $((RANDOM * 25))
			for round in 1 2 3; do
				set -- $(ps -o pid,comm | awk "/suspend-/ { print \$1 }")
				[ $# = 0 ] && break
				shift $((RANDOM % $#))
				kill -KILL $1 2>/dev/null
				usleep $((RANDOM % 2 * RANDOM))
			done
			await nobody_at_work && suspend-freeze recover && assert_thawed >/dev/null || exit
		done'
}

@test "a writer outside of what is stopped: the suspend fails, everything is thawed, it goes on" {
	in_guest '
		while true; do echo x >>/mnt/ext4/log; done &
		writer=$!
		await_writes /mnt/ext4/log || return
		suspend-freeze run -- sh -c "$SUSPEND_IN_VAIN"
		status=$?
		await_writes /mnt/ext4/log && kill $writer && assert_thawed && [ $status = 1 ]'
	assert_output_has "Device or resource busy"
}

@test "a page fault outside of what is stopped: the same" {
	in_guest '
		rm -f /mnt/xfs/page
		faults dirty /mnt/xfs/page &
		await test -s /mnt/xfs/page || return
		suspend-freeze run -- sh -c "$SUSPEND_IN_VAIN"
		status=$?
		kill $! && assert_thawed && [ $status = 1 ]'
	assert_output_has "Device or resource busy"
}

@test "writers and page faults in a session: it sleeps, and they go on" {
	sleeps '
		in_session sh -c "while true; do echo x >>/mnt/ext4/log; done"
		rm -f /mnt/xfs/page
		in_session faults dirty /mnt/xfs/page
		await_writes /mnt/ext4/log && await test -s /mnt/xfs/page || return
		suspend-freeze run -- sh -c "$SUSPEND" && assert_thawed
		status=$?
		await_writes /mnt/ext4/log && end_session && return $status'
}

@test "a writer in the root of the cgroup tree: it sleeps, and he goes on there" {
	sleeps '
		in_root sh -c "while true; do echo x >>/mnt/ext4/log; done"
		writer=$!
		await_writes /mnt/ext4/log || return
		suspend-freeze run -- sh -c "$SUSPEND" && assert_thawed && is_in_root $writer
		status=$?
		await_writes /mnt/ext4/log && kill $writer && return $status'
}

@test "a process that cannot be stopped: nothing is frozen" {
	in_guest '
		mkdir -p /mnt/deaf
		in_session faults deaf-fuse /mnt/deaf
		mounted() { grep -q " /mnt/deaf " /proc/mounts; }
		await mounted && in_session cat /mnt/deaf/file
		await blocked $! || return
		suspend-freeze run --wait 2 -- true
		status=$?
		assert_thawed && end_session && umount /mnt/deaf && [ $status = 125 ]'
	assert_output_has "/user.slice"
}

@test "FUSE that does not answer is not even opened" {
	in_guest '
		mkdir -p /mnt/deaf
		in_session faults deaf-fuse /mnt/deaf
		mounted() { grep -q " /mnt/deaf " /proc/mounts; }
		await mounted
		timeout 20 suspend-freeze plan | grep -A 1 "/mnt/deaf" && timeout 20 suspend-freeze run -- true &&
		end_session && umount /mnt/deaf && assert_thawed'
	assert_output_has "not opened"
}

@test "a loop file system on a frozen one, twice" {
	sleeps '
		mount -t ext4 /dev/vdd /mnt/other && mkdir -p /mnt/loop2 &&
		truncate -s 64M /mnt/other/image && mke2fs -F /mnt/other/image >/dev/null 2>&1 &&
		mount -o loop -t ext4 /mnt/other/image /mnt/loop &&
		truncate -s 16M /mnt/loop/image && mke2fs -F /mnt/loop/image >/dev/null 2>&1 &&
		mount -o loop -t ext4 /mnt/loop/image /mnt/loop2 &&
		suspend-freeze plan | sed -n "s/.* on \(.*\)/\1/p" >/run/order &&
		in_session sh -c "while true; do echo x >>/mnt/loop2/log; done" &&
		suspend-freeze run -- sh -c "$SUSPEND" && assert_thawed /mnt/loop2 /mnt/loop /mnt/other
		status=$?
		end_session && umount /mnt/loop2 && umount /mnt/loop && umount /mnt/other &&
		cat /run/order && [ $status = 0 ]'
	[[ $output == *"/mnt/loop2"*"/mnt/loop"*"/mnt/other"* ]]
}

@test "hidden by another mount: told, and what it lies in is not frozen either" {
	sleeps '
		mount -t ext4 /dev/vdd /mnt/other && truncate -s 64M /mnt/other/image &&
		mke2fs -F /mnt/other/image >/dev/null 2>&1 && mount -o loop -t ext4 /mnt/other/image /mnt/loop &&
		in_session sh -c "exec >>/mnt/loop/log; while true; do echo x; usleep 1000; done"
		await test -s /mnt/loop/log && mount -t tmpfs none /mnt/loop &&
		suspend-freeze run --for 20 -- sh -c "suspend-freeze status >/run/frozen; $SUSPEND" && assert_thawed
		status=$?
		umount /mnt/loop
		await_writes /mnt/loop/log && end_session && umount /mnt/loop && umount /mnt/other && cat /run/frozen && return $status'
	assert_output_has "warning: ext4 on /mnt/loop will not be frozen: cannot be accessed"
	assert_output_has "warning: ext4 on /mnt/other will not be frozen: it stores a file system that is not frozen"
	assert_output_has "frozen       xfs on /mnt/xfs"
	assert_output_has "written out  ext4 on /mnt/other"
	[[ $output != *"frozen       ext4 on /mnt/loop"* ]]
}

@test "a device over a frozen file, not mounted, with somebody who writes to it: written out" {
	sleeps '
		mount -t ext4 /dev/vdd /mnt/other && truncate -s 64M /mnt/other/image &&
		device=$(losetup -f) && losetup $device /mnt/other/image &&
		in_session sh -c "exec 3<>$device; while true; do cat /init >&3; echo >/run/wrote; usleep 1000; done 2>/dev/null"
		await test -s /run/wrote || return
		suspend-freeze plan | grep -A 2 "device *$device" &&
		suspend-freeze run --for 20 -- sh -c "$SUSPEND" && assert_thawed /mnt/other $DISKS
		status=$?
		end_session && losetup -d $device && umount /mnt/other && return $status'
	assert_output_has "not mounted, but a process that has it open can have written to it; its data is stored in ext4 on /mnt/other"
}

@test "an overlay and a bind mount: one freeze a superblock" {
	sleeps '
		mount -t ext4 /dev/vdd /mnt/other && mkdir -p /mnt/other/upper /mnt/other/work /mnt/xfs/lower /mnt/overlay /mnt/bind &&
		mount -t overlay -o lowerdir=/mnt/xfs/lower,upperdir=/mnt/other/upper,workdir=/mnt/other/work overlay /mnt/overlay &&
		mount --bind /mnt/xfs/lower /mnt/bind &&
		in_session sh -c "while true; do echo x >>/mnt/overlay/log; done" &&
		suspend-freeze run -- sh -c "$SUSPEND" && assert_thawed /mnt/overlay /mnt/bind /mnt/other $DISKS
		status=$?
		end_session && umount /mnt/overlay && umount /mnt/bind && umount /mnt/other && [ $status = 0 ]'
}

@test "a second freezer, by another mount: theirs is left, and told" {
	in_guest '
		mkdir -p /mnt/bind /mnt/xfs/lower && mount --bind /mnt/xfs/lower /mnt/bind && fsfreeze --freeze /mnt/bind &&
		suspend-freeze run -- true
		frozen /mnt/xfs && fsfreeze --unfreeze /mnt/xfs && umount /mnt/bind && assert_thawed'
	assert_output_has "another program"
	[[ $output == *"/mnt/xfs is frozen"* ]]
}

@test "read-only: left alone" {
	sleeps '
		mount -o remount,ro /mnt/btrfs && suspend-freeze run -- sh -c "$SUSPEND"
		status=$?
		mount -o remount,rw /mnt/btrfs && assert_thawed && [ $status = 0 ]'
}

@test "a full file system with a writer" {
	sleeps '
		mount -t ext4 /dev/vdd /mnt/other
		dd if=/dev/zero of=/mnt/other/fill bs=1M 2>/dev/null
		in_session sh -c "while true; do echo x >>/mnt/other/log; done 2>/dev/null"
		await test -e /mnt/other/log || return
		suspend-freeze run -- sh -c "$SUSPEND"
		status=$?
		end_session && rm /mnt/other/fill && assert_thawed /mnt/other $DISKS && umount /mnt/other && [ $status = 0 ]'
}

@test "vfat: written out" {
	sleeps '
		mkdosfs /dev/vdd >/dev/null && mount -t vfat /dev/vdd /mnt/other && echo x >/mnt/other/file &&
		suspend-freeze run -- sh -c "$SUSPEND" && faults writable /mnt/other && umount /mnt/other && mke2fs -F /dev/vdd >/dev/null 2>&1'
}

@test "the command fails: everything is thawed, the status is the command's" {
	guest sh 'suspend-freeze run -- sh -c "exit 7"'
	assert_status 7
	in_guest 'suspend-freeze run -- /no/such/program; [ $? = 127 ]'
	in_guest assert_thawed
}

@test "the time is up: thawed, though the command still runs" {
	guest sh '
		suspend-freeze run --for 10 -- sh -c "touch /run/begun; until [ -e /run/enough ]; do usleep 50000; done" &
		await test -e /run/begun && frozen /mnt/ext4 && await nothing_held && assert_thawed
		status=$?
		touch /run/enough
		wait $!
		echo "run: $?"
		[ $status = 0 ]'
	assert_status 0
	assert_output_has "run: 125"
}

@test "freeze --for: returns, and thaws by itself" {
	in_guest 'suspend-freeze freeze --for 10 && frozen /mnt/ext4 && await nothing_held && assert_thawed'
	in_guest 'suspend-freeze freeze --for 60 && frozen /mnt/ext4 && suspend-freeze thaw && assert_thawed'
}

@test "asked to end by a signal: thawed" {
	in_guest 'hold --for 60 -- sleep 60 && kill -TERM $(holder) && await nothing_held && assert_thawed'
}

@test "a private mount namespace is refused" {
	guest sh 'unshare -m suspend-freeze run -- true'
	assert_status 125
	assert_output_has "private mount namespace"
}

@test "in another mount namespace, on a loop upon a frozen one: frozen too" {
	sleeps '
		mount -t ext4 /dev/vdd /mnt/other && truncate -s 64M /mnt/other/image && mke2fs -F /mnt/other/image >/dev/null 2>&1 &&
		in_session unshare -m sh -c "mount --make-rprivate / && mount -o loop -t ext4 /mnt/other/image /mnt/loop &&
			while true; do echo x >>/mnt/loop/log; done"
		await test -s /proc/$!/root/mnt/loop/log || return
		suspend-freeze plan && suspend-freeze run --for 20 -- sh -c "$SUSPEND"
		status=$?
		end_session && assert_thawed && umount /mnt/other && [ $status = 0 ]'
	[[ $output == *"/mnt/loop"*"/mnt/other"* ]]
}

@test "the power fails asleep, with a loop and with a full file system: both are clean" {
	in_guest '
		mount -t ext4 /dev/vdd /mnt/other && truncate -s 64M /mnt/other/image && mke2fs -F /mnt/other/image >/dev/null 2>&1 &&
		mount -o loop -t ext4 /mnt/other/image /mnt/loop &&
		in_session sh -c "while true; do echo x >>/mnt/loop/log; done"
		in_session sh -c "while true; do cat /init >>/mnt/other/fill; done 2>/dev/null"
		full() { [ "$(stat -f -c %a /mnt/other)" -lt 10 ]; }
		dd if=/dev/zero of=/mnt/other/most bs=1M 2>/dev/null
		await full'
	cut_asleep 'suspend-freeze run -- sh -c "$SUSPEND"'
	e2fsck -fn "$GUEST/spare"
	debugfs -R "dump /image $WORK/inner" "$GUEST/spare"
	e2fsck -fn "$WORK/inner"
	debugfs -R "stat /log" "$WORK/inner" | grep -q 'Type: regular'
}

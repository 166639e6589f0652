#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# suspend-freeze on a kernel that can freeze file systems by itself when it suspends.
# shellcheck disable=SC2016 # the guest's shell expands what is in single quotes
load ../cli/helper
load guest

setup_file() {
	local reason
	reason=$(lacking knob)
	[ -z "$reason" ] || lack kernels "$reason"
	export ALLOC_PERF_GUEST_ROOT=$NEWER
	boot_guest --add "$ALLOC_PERF_BUILD/tests/suspend/load" --add "$ALLOC_PERF_BUILD/tests/suspend/release.so"
}

@test "plan: the kernel does it, and no process is stopped" {
	in_guest 'suspend-freeze plan'
	assert_output_has "freezes file systems itself, by /sys/power/freeze_filesystems"
	[[ $output != *cgroups* && $output != *warning* ]]
	[[ $output == *"btrfs"*"xfs"*"ext4"* ]]
	in_guest 'suspend-freeze plan --only /mnt/xfs'
	assert_output_has "takes no names"
	assert_output_has "cgroups"
	guest sh 'suspend-freeze run --way kernel --only /mnt/xfs -- true'
	assert_status 125
	assert_output_has "takes no names; omit --way"
	# It needs no path to a file system, as we do.
	in_guest 'mount -t tmpfs none /mnt/xfs; suspend-freeze plan; suspend-freeze plan --way self; umount /mnt/xfs'
	[[ $output == *"xfs  "*"not frozen:"*"warning: xfs on /mnt/xfs will not be frozen"* ]]
}

@test "run: sets it, and puts back what it was" {
	for former in 0 1; do
		in_guest "
			echo $former >\$KNOB
			suspend-freeze run -- sh -c \"cat \$KNOB; suspend-freeze status; true\" && knob_is $former"
		[[ $output == "1"*"1 of 1 frozen"*"set "*"was $former"* ]]
	done
	in_guest 'echo 0 >$KNOB; suspend-freeze run -- false; [ $? = 1 ] && knob_is 0'
}

@test "run is killed: the watchdog puts it back, and so does recover" {
	for former in 0 1; do
		in_guest "
			echo $former >\$KNOB
			hold --for 60 -- sleep 60 && kill -KILL \$(holder) && await nothing_held && knob_is $former &&
				await nobody_at_work
			hold --for 60 -- sleep 60 && kill_both && knob_is 1 && suspend-freeze recover && knob_is $former &&
				suspend-freeze status"
	done
	in_guest 'echo 0 >$KNOB'
}

@test "run is killed while the machine sleeps" {
	sleeps '
		suspend-freeze run -- sh -c "echo \$PPID >/run/victim; $SUSPEND; sleep 60" &
		await test -s /run/victim
		# Both are stopped and woken together.
		kill -STOP $(cat /run/victim) && kill -KILL $(cat /run/victim)
		await nothing_held && knob_is 0 && assert_thawed'
}

@test "it sleeps with writers anywhere, and they go on" {
	sleeps '
		in_session sh -c "while true; do echo x >>/mnt/ext4/log; done"
		rm -f /mnt/xfs/page
		in_session faults dirty /mnt/xfs/page
		in_root sh -c "while true; do echo x >>/mnt/btrfs/log; done"
		writer=$!
		await_writes /mnt/ext4/log && await_writes /mnt/btrfs/log && await test -s /mnt/xfs/page || return
		suspend-freeze run -- sh -c "$SUSPEND" && assert_thawed && knob_is 0
		status=$?
		await_writes /mnt/ext4/log && kill $writer && end_session && return $status'
}

@test "the suspend fails: everything is thawed, and it is put back" {
	in_guest '
		in_session faults restless
		await blocked $! || return
		suspend-freeze run -- sh -c "$SUSPEND_IN_VAIN"
		status=$?
		assert_thawed && knob_is 0 && end_session && [ $status = 1 ]'
	assert_output_has "Device or resource busy"
}

@test "a kernel with the defect: a warning, and frozen without it" {
	defective() { # VERB...
		in_guest "LD_PRELOAD=/bin/release.so RELEASE=6.18.2 suspend-freeze $*"
	}
	defective plan
	assert_output_has "warning: /sys/power/freeze_filesystems is inverted in Linux 6.18"
	assert_output_has "its own freezing is defective"
	defective 'run -- sh -c "cat $KNOB; suspend-freeze status | grep superblock; faults frozen /mnt/ext4"'
	assert_output_has "warning: /sys/power/freeze_filesystems is inverted in Linux 6.18"
	[[ $output == *$'\n0\n'*"/mnt/ext4 is frozen"* ]]
	defective 'freeze --for 60 && faults frozen /mnt/xfs; suspend-freeze thaw'
	assert_output_has "warning: /sys/power/freeze_filesystems is inverted in Linux 6.18"
	assert_output_has "/mnt/xfs is frozen"
	in_guest 'assert_thawed && suspend-freeze plan'
	[[ $output != *warning* ]]
}

@test "the power fails asleep, under load: clean" {
	in_guest '
		for kind in ext4 xfs btrfs; do in_session load /mnt/$kind /run/$kind; done
		under_way() { for kind in ext4 xfs btrfs; do [ "$(cat /run/$kind)" -gt 3 ] || return; done; }
		await under_way'
	cut_asleep 'suspend-freeze run --way kernel -- sh -c "$SUSPEND"'
	for kind in ext4 xfs btrfs; do
		run verdict_of $kind
		[[ $output == clean* ]] || fail "$kind: $output"
	done
}

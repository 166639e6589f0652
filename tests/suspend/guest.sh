# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2009,SC2034,SC2086
# What the commands in the guest share; the host puts it there.
SUSPEND='echo mem >/sys/power/state'
# One that fails takes 20 seconds for it otherwise, which one that succeeds may need on a busy machine.
SUSPEND_IN_VAIN="echo 2000 >/sys/power/pm_freeze_timeout; $SUSPEND"
echo 20000 >/sys/power/pm_freeze_timeout
DISKS='/mnt/ext4 /mnt/xfs /mnt/btrfs'
SESSION=/sys/fs/cgroup/user.slice
KNOB=/sys/power/freeze_filesystems

# in_session COMMAND...: where a user's processes are, which are to be stopped.
in_session() {
	(
		echo 0 >$SESSION/load/cgroup.procs
		exec "$@"
	) >/dev/console 2>&1 &
}

end_session() {
	echo 1 >$SESSION/cgroup.kill
	while grep -q 'populated 1' $SESSION/cgroup.events; do usleep 50000; done
}

# in_root COMMAND...: where all processes are if nobody made cgroups.
in_root() {
	(
		echo 0 >/sys/fs/cgroup/cgroup.procs
		exec "$@"
	) >/dev/console 2>&1 &
}

is_in_root() { # PID
	grep -qx '0::/' "/proc/$1/cgroup"
}

holder() {
	suspend-freeze status | sed -n 's/.*holder: process \([0-9]*\).*/\1/p'
}

watchdog() {
	suspend-freeze status | sed -n 's/.*watchdog: process \([0-9]*\).*/\1/p'
}

await() { # COMMAND...: for a minute, which a busy machine may need
	for _ in $(seq 600); do
		"$@" && return
		usleep 100000
	done
	echo "in vain: $*"
	return 1
}

longer_than() { # BYTES FILE
	[ "$(stat -c %s "$2" 2>/dev/null || echo 0)" -gt "$1" ]
}

# Somebody writes to FILE, now.
await_writes() { # FILE
	await longer_than "$(stat -c %s "$1" 2>/dev/null || echo 0)" "$1"
}

# Waits in the kernel whenever one looks.
blocked() { # PID
	for _ in 1 2 3 4 5; do
		grep -q '^State:.[SD]' "/proc/$1/status" || return
		usleep 50000
	done
}

everything_held() {
	suspend-freeze status | head -n 1 | grep -q '^\([0-9]*\) of \1 frozen'
}

nothing_held() {
	suspend-freeze status >/dev/null
}

# hold OPTION...: returns when everything is frozen.
hold() {
	suspend-freeze run "$@" >/run/said 2>&1 &
	await everything_held
}

# As when the machine runs out of memory at the worst moment: nobody is left to thaw.
kill_both() {
	set -- "$(holder)" "$(watchdog)"
	kill -STOP "$1"
	kill -KILL "$2" "$1"
	await gone "$1" && await gone "$2"
}

gone() { # PID
	! grep -q '^State:.[^ZX]' "/proc/$1/status" 2>/dev/null
}

knob_is() { # VALUE
	[ "$(cat $KNOB)" = "$1" ] && return
	echo "$KNOB is $(cat $KNOB)"
	return 1
}

frozen() { # DIRECTORY...
	for directory; do
		faults frozen "$directory" || return
	done
}

# Its processes live a moment longer than what they held.
nobody_at_work() {
	! ps -o comm | grep -q suspend-
}

# Nothing is left frozen, stopped or written down.
assert_thawed() { # DIRECTORY...
	[ $# != 0 ] || set -- $DISKS
	faults writable "$@" && grep -qx 'frozen 0' $SESSION/cgroup.events && suspend-freeze status
}

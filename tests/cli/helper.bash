# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the command-line tests share; `load helper` in each .bats file.
#
# A test gets a folder of its own, which is also the TMPDIR of what it starts.
# Other tests (and other people's guests) may run on the same machine, so that
# "nothing is left behind" is asked about this folder only: whatever alloc-perf
# starts has a file, a mount, a loop device or an environment that points there.

# Set by meson; these are for calling bats by hand.
: "${ALLOC_PERF_SOURCE:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${ALLOC_PERF_BUILD:=$ALLOC_PERF_SOURCE/build}"
: "${ALLOC_PERF:=$ALLOC_PERF_BUILD/alloc-perf}"
SECOND=$ALLOC_PERF_BUILD/kernel
NEWER=$ALLOC_PERF_BUILD/kernel-6.16
NEWER_UML=$ALLOC_PERF_BUILD/uml-6.13

setup() {
	test_enter
}

teardown() {
	test_leave
}

# For files that have a setup() of their own.
test_enter() {
	TEST_DIR=$(mktemp -d "${TMPDIR:-/var/tmp}/alloc-perf-test.XXXXXX")
	chmod 755 "$TEST_DIR"
	# The build may lie where only root can go.
	mkdir -m 755 "$TEST_DIR/bin"
	if [ -x "$ALLOC_PERF" ]; then
		cp "$ALLOC_PERF" "$TEST_DIR/bin/alloc-perf"
		chmod 755 "$TEST_DIR/bin/alloc-perf"
	fi
	SCRATCH=$TEST_DIR/scratch
	WORK=$TEST_DIR/work
	mkdir -m 1777 "$SCRATCH" "$WORK"
	# A run of a test is one round, unless it says otherwise.
	export ALLOC_PERF_TEST_DIR=$TEST_DIR TMPDIR=$SCRATCH LC_ALL=C ALLOC_PERF_RUNS=1
	unset COLUMNS
	PATH=$TEST_DIR/bin:$PATH
	cd "$WORK" || return
}

test_leave() {
	cd / && rm -rf --one-file-system "${TEST_DIR:?}"
}

# as_user COMMAND...: as an ordinary user, also where the tests run as root.
as_user() {
	if [ "$(id -u)" != 0 ]; then
		"$@"
		return
	fi
	HOME=$WORK setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs -- "$@"
}

# Reason why WHAT cannot be used here; empty: it can.
lacking() { # uml|newer_uml|loop|qemu|kernels|knob|root|chromium
	case $1 in
	uml)
		command -v linux.uml >/dev/null || echo "no linux.uml (Debian: user-mode-linux)"
		;;
	newer_uml) # one that no longer has reiserfs
		[ -e "$NEWER_UML/bin/linux.uml" ] || echo "no User-Mode Linux 6.13 (scripts/fetch-kernel --uml $NEWER_UML 6.13)"
		;;
	loop)
		if [ "$(id -u)" != 0 ]; then
			echo "loop devices need root"
		elif ! losetup --find >/dev/null 2>&1; then
			echo "no loop device is to be had"
		fi
		;;
	kernels) # two: one in /boot, and another that scripts/fetch-kernel has put into $SECOND
		lacking qemu
		compgen -G "$SECOND/boot/vmlinuz-*" >/dev/null || echo "no second kernel (scripts/fetch-kernel $SECOND)"
		;;
	knob) # one that can freeze file systems by itself
		lacking qemu
		compgen -G "$NEWER/boot/vmlinuz-*" >/dev/null || echo "no kernel of Linux 6.16 (scripts/fetch-kernel $NEWER 6.16)"
		;;
	qemu)
		if ! command -v python3 >/dev/null; then
			echo "no python3, which drives the guest"
		else
			"$ALLOC_PERF_SOURCE/tests/suspend/guest.py" lacking
		fi
		;;
	root)
		[ "$(id -u)" = 0 ] || echo "this needs root"
		;;
	chromium)
		command -v chromium >/dev/null || echo "no chromium"
		command -v python3 >/dev/null || echo "no python3, which drives chromium"
		;;
	*)
		echo "unknown requirement $1"
		;;
	esac
}

# lack WHAT REASON: skips the test, or fails it where ALLOC_PERF_REQUIRE (a comma list) says that
# WHAT must be there.  What no set-up can give a machine, as a file system of its kernel, is
# a plain skip with its reason.
lack() {
	case ",${ALLOC_PERF_REQUIRE:-}," in
	*",$1,"*) fail "ALLOC_PERF_REQUIRE names $1, but: $2" ;;
	*) skip "$2" ;;
	esac
}

# require uml|loop|qemu|kernels|knob|root|chromium: lacks it where that cannot be used.
require() {
	local reason
	reason=$(lacking "$1")
	[ -z "$reason" ] || lack "$1" "$reason"
}

# require_program NAME: the same for one of the "programs" that scripts/setup installs.
require_program() {
	command -v "$1" >/dev/null || lack programs "$1 is not installed"
}

# What of this test is on the machine besides the test itself, one thing a line.
leftovers() {
	local pid
	find "$SCRATCH" -mindepth 1 -printf 'file %p\n' 2>/dev/null
	awk -v dir="$TEST_DIR" 'index($0, dir) { print "mount " $0 }' /proc/self/mountinfo
	if [ "$(id -u)" = 0 ]; then
		losetup --list --noheadings --output NAME,BACK-FILE 2>/dev/null |
			awk -v dir="$TEST_DIR" 'index($0, dir) { print "loop " $0 }'
	fi
	ours | while read -r pid; do
		printf 'process %s %s\n' "$pid" "$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
	done
}

# The processes that come from this test, without the test and what runs it.
ours() {
	local pid found line ancestors=" " ancestor=$BASHPID
	while [ "${ancestor:-0}" -gt 1 ]; do
		ancestors="$ancestors$ancestor "
		while read -r line; do
			[[ $line != PPid:* ]] || ancestor=${line##*[[:space:]]}
		done <"/proc/$ancestor/status"
	done
	found=$(
		grep -lsazF "ALLOC_PERF_TEST_DIR=$TEST_DIR" /proc/[0-9]*/environ
		find /proc/[0-9]*/fd -lname "$TEST_DIR/*" 2>/dev/null
	) || true
	cut -d/ -f3 <<<"$found" | sort -un | while read -r pid; do
		# What looked is gone by now.
		[[ -z $pid || $ancestors == *" $pid "* || ! -d /proc/$pid ]] || echo "$pid"
	done
}

# The kernel detaches loop devices and reaps in its own time: allows 20 seconds.
assert_nothing_left() {
	local left
	for _ in {1..200}; do
		left=$(leftovers)
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	printf 'left behind:\n%s\n' "$left" >&2
	return 1
}

fail() {
	echo "$*" >&2
	return 1
}

# options_of PROGRAM VERB: its long options by its help.  --help, --usage and --version go without
# saying.
options_of() {
	# shellcheck disable=SC2086 # words
	"$1" $2 --help | sed -n 's/^  .*--\([a-z-]*\)[= ].*/\1/p; s/^  .*--\([a-z-]*\)$/\1/p' |
		grep -vxE 'help|usage|version|' | sort -u
}

# options_in_page PAGE: long options that the built page has a text for.
options_in_page() {
	[ -e "$ALLOC_PERF_BUILD/man/$1" ] || lack programs "the manual pages were built without scdoc"
	# scdoc 1.11.5 escapes hyphens, 1.11.2 does not.
	sed -n 's/\\-/-/g; /^\\fB-/s/\\fB--\([a-z-]*\)\\fR/\n\1\n/gp' "$ALLOC_PERF_BUILD/man/$1" |
		grep -xE '[a-z-]+' | grep -vx help | sort -u
}

# wait_until COMMAND...: until it succeeds.  A busy machine is given a minute.
wait_until() {
	for _ in {1..600}; do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	fail "this did not come to pass in a minute: $*"
}

# mount_plainfs FOLDER [KIND]: a FUSE file system that can do little (tests/lib/plainfs.c).
mount_plainfs() {
	local plainfs=$ALLOC_PERF_BUILD/tests/lib/plainfs
	[ -x "$plainfs" ] || lack programs "built without fuse3"
	[ -e /dev/fuse ] || skip "this kernel has no fuse"
	mkdir -p "$1"
	"$plainfs" "$@" 3>&- &
	wait_until mountpoint -q "$1"
}

# has_trials FILE COUNT: at least so many.
has_trials() {
	[ "$(grep -c '"type": *"trial"' "$1")" -ge "$2" ]
}

# These look at what bats' `run` left, and show it where it is not as it should be.
# shellcheck disable=SC2154 # status and output are set by run
assert_status() {
	[ "$status" -eq "$1" ] && return
	printf 'exit status %s instead of %s; output:\n%s\n' "$status" "$1" "$output" >&2
	return 1
}

# shellcheck disable=SC2154
assert_output_has() {
	[[ $output == *"$1"* ]] && return
	printf 'no "%s" in the output:\n%s\n' "$1" "$output" >&2
	return 1
}

# value FILESYSTEM METHOD FIELD: of the one such trial in result.jsonl.
value() {
	jq -r --arg fs "$1" --arg method "$2" --arg field "$3" \
		'select(.type == "trial" and .filesystem == $fs and .method == $method)[$field]' result.jsonl
}

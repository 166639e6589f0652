#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# suspend-freeze where nothing is to be frozen: what it says, what it refuses, and what
# it writes for systemd.  What it freezes is looked at on loop devices made for it
# (tests/testbed/freeze.bats) and in guests.

bats_require_minimum_version 1.5.0
load helper
load completes

: "${SUSPEND_FREEZE:=$ALLOC_PERF_BUILD/src/suspend/suspend-freeze}"

setup() {
	test_enter
	cp "$SUSPEND_FREEZE" "$TEST_DIR/bin/suspend-freeze"
	chmod 755 "$TEST_DIR/bin/suspend-freeze"
	MANUAL=$ALLOC_PERF_SOURCE/man/suspend-freeze.8.scd
}

verbs() {
	suspend-freeze --help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' | grep -vx suspend
}

# A system in which systemd-sleep is, and nothing else.
fake_system() {
	mkdir -p root/usr/lib/systemd
	printf '#!/bin/sh\n' >root/usr/lib/systemd/systemd-sleep
	chmod 755 root/usr/lib/systemd/systemd-sleep
	HOOK=root/etc/systemd/system/systemd-suspend.service.d/suspend-freeze.conf
}

@test "suspend-freeze help: every verb has one, with examples and statuses" {
	[ "$(verbs | wc -l)" -eq 8 ]
	for verb in $(verbs); do
		run suspend-freeze "$verb" --help
		assert_status 0
		assert_output_has "Examples:"
		assert_output_has "  suspend-freeze $verb"
		assert_output_has "Exit status:"
	done
}

@test "suspend-freeze manual: has every verb and every option, and no others" {
	for verb in $(verbs); do
		grep -qE "^\*$verb\*|, \*$verb\*$" "$MANUAL" || fail "$verb is not in the manual"
		options_of suspend-freeze "$verb"
	done | sort -u >in-help
	[ "$(wc -l <in-help)" -ge 9 ]
	options_in_page suspend-freeze.8 >in-manual
	diff in-help in-manual
}

@test "suspend-freeze: wrong usage has status 2 and says what is right" {
	run suspend-freeze
	assert_status 2
	run suspend-freeze plna
	assert_status 2
	[ "$output" = 'suspend-freeze: unknown command "plna"; did you mean "plan"?' ]
	run suspend-freeze freeze
	assert_status 2
	assert_output_has "give a time, such as --for 30"
	run suspend-freeze freeze --for 0
	assert_status 2
	run suspend-freeze freeze --for 5 --way kernel
	assert_status 2
	assert_output_has "only during a suspend"
	run suspend-freeze run
	assert_status 2
	assert_output_has "give the command that suspends"
	run suspend-freeze plan --only srv
	assert_status 2
	assert_output_has "not a mount point; use an absolute path"
	run suspend-freeze plan --way up
	assert_status 2
	run suspend-freeze plan --only /no/such/place
	assert_status 2
	assert_output_has "nothing is mounted on /no/such/place"
	for verb in thaw status install; do
		run suspend-freeze "$verb" something
		assert_status 2
	done
}

@test "suspend-freeze --version" {
	run suspend-freeze --version
	assert_status 0
	[[ $output =~ ^suspend-freeze\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "suspend-freeze plan: shows this machine, and opens and freezes nothing" {
	require_program strace
	# The C library would search that path.
	run --separate-stderr env -u LD_LIBRARY_PATH strace -f -o trace suspend-freeze plan --all
	assert_status 0
	assert_output_has "in this order; thaw in the reverse"
	[[ $output =~ proc\ +proc\ on\ /proc ]]
	# Asking whether standard output is a terminal is an ioctl(), too.
	run bash -c "grep -vE 'ioctl\([0-9]+, TCGETS2?,' trace | grep -E 'ioctl\(|syncfs\(|sync\(|mount\(|O_(WRONLY|RDWR|CREAT)'"
	[ -z "$output" ] || fail "$output"
	# Nothing but proc, sysfs, cgroups and what the C library itself reads.
	run bash -c "grep -oE 'open(at)?\((AT_FDCWD, )?\"[^\"]*' trace | sed 's/.*\"//' |
		grep -vE '^/(proc|sys|dev/null|etc/ld.so|lib|usr/lib)'"
	[ -z "$output" ] || fail "$output"
}

@test "suspend-freeze plan: warns of a file system that is hidden by another mount" {
	require loop
	truncate -s 16M image
	mkfs.ext4 -q -F image
	mkdir over
	# In a namespace of its own, which the loop device goes with.
	run unshare --mount --propagation private sh -c \
		"mount -o loop image over && mount -t tmpfs none over && suspend-freeze plan --way self"
	assert_status 0
	assert_output_has "warning: ext4 on $WORK/over will not be frozen: cannot be accessed"
}

@test "suspend-freeze plan: an ordinary user can look, too" {
	run as_user suspend-freeze plan
	assert_status 0
	assert_output_has "not frozen:"
}

@test "suspend-freeze: what freezes and thaws refuses an ordinary user" {
	for command in "freeze --for 1" "run -- true" thaw recover; do
		# shellcheck disable=SC2086 # words
		run as_user suspend-freeze $command
		[ "$status" -eq 3 ] || [ "$status" -eq 125 ] || fail "$command: $status"
		assert_output_has "only root can freeze and thaw file systems"
	done
}

# Are the tests themselves in a PID namespace that is not the first one?
in_container() {
	[ "$(readlink /proc/self/ns/pid)" != "pid:[$((0xEFFFFFFC))]" ]
}

@test "suspend-freeze: refuses a private mount namespace and a container" {
	require root
	unshare --mount true 2>/dev/null || lack loop "mount namespaces are not permitted here"
	for command in "freeze --for 1" "run -- true" thaw recover; do
		# shellcheck disable=SC2086
		run unshare --mount suspend-freeze $command
		[ "$status" -eq 3 ] || [ "$status" -eq 125 ] || fail "$command: $status"
		[[ $output == *"private mount namespace"* || $output == *"cannot determine whether"* ]] ||
			{ in_container && [[ $output == *"this is a container"* ]]; } || fail "$output"
		# shellcheck disable=SC2086
		run unshare --pid --fork --mount-proc suspend-freeze $command
		[ "$status" -eq 3 ] || [ "$status" -eq 125 ] || fail "$command: $status"
		assert_output_has "this is a container"
	done
}

@test "suspend-freeze run: a program that is not there has status 127, before anything is frozen" {
	run -127 suspend-freeze run -- no-such-program
	assert_output_has "the program no-such-program does not exist"
}

@test "suspend-freeze run --anyway: the command runs where nothing can be frozen, with its status" {
	run as_user suspend-freeze run --anyway -- sh -c 'echo here; exit 7'
	assert_status 7
	assert_output_has "only root can freeze"
	assert_output_has "running the command without freezing"
	assert_output_has "here"
	run as_user suspend-freeze run -- echo here
	assert_status 125
	[[ $output != *here* ]]
}

@test "suspend-freeze install: shows, writes, keeps, removes" {
	fake_system
	run suspend-freeze install --dry-run --root root
	assert_status 0
	assert_output_has "would write $HOOK"
	assert_output_has "run --anyway -- /usr/lib/systemd/systemd-sleep suspend"
	[ ! -e root/etc ]

	run suspend-freeze install --root root
	assert_status 0
	grep -qx 'ExecStart=' "$HOOK"
	grep -qx "ExecStart=$TEST_DIR/bin/suspend-freeze run --anyway -- /usr/lib/systemd/systemd-sleep suspend" "$HOOK"
	grep -qx "ExecStopPost=-$TEST_DIR/bin/suspend-freeze recover" "$HOOK"
	[ "$(stat -c %a "$HOOK")" = 644 ]
	cp "$HOOK" first

	run suspend-freeze install --root root
	assert_status 0
	assert_output_has "is already installed"
	cmp "$HOOK" first

	run suspend-freeze uninstall --dry-run --root root
	assert_status 0
	[ -e "$HOOK" ]
	run suspend-freeze uninstall --root root
	assert_status 0
	[ ! -e "${HOOK%/*}" ]
	run suspend-freeze uninstall --root root
	assert_status 0
	assert_output_has "$HOOK does not exist"
}

@test "suspend-freeze install: what it wrote before is brought up to date, what others wrote is left alone" {
	fake_system
	suspend-freeze install --root root
	sed -i 's/--anyway //' "$HOOK"
	suspend-freeze install --root root
	grep -q -- --anyway "$HOOK"

	printf '[Service]\nExecStart=\n' >"$HOOK"
	for verb in install uninstall; do
		run suspend-freeze "$verb" --root root
		assert_status 1
		assert_output_has "was not written by suspend-freeze and is not changed"
	done
	[ "$(wc -l <"$HOOK")" -eq 2 ]

	rm "$HOOK"
	suspend-freeze install --root root
	touch "${HOOK%/*}/other.conf"
	suspend-freeze uninstall --root root
	[ -e "${HOOK%/*}/other.conf" ]
}

@test "suspend-freeze install: systemd takes what it wrote" {
	require_program systemd-analyze
	fake_system
	mkdir -p root/etc/systemd/system root/bin
	cp "$TEST_DIR/bin/suspend-freeze" root/bin/suspend-freeze
	suspend-freeze install --root root
	{
		printf '[Service]\nType=oneshot\nExecStart=/usr/lib/systemd/systemd-sleep suspend\n'
		cat "$HOOK"
	} >unit.service
	run systemd-analyze verify --man=no ./unit.service
	[[ $output != *unit.service* ]] || fail "$output"
}

@test "suspend-freeze install: without systemd it says what to do instead" {
	mkdir root
	run suspend-freeze install --root root
	assert_status 3
	assert_output_has "systemd-sleep does not exist below root"
}

@test "completion for bash: commands, and the options that --help has" {
	# shellcheck source=/dev/null
	source "$ALLOC_PERF_BUILD/completion/suspend-freeze"
	COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
	completes "suspend-freeze he" help
	completes "suspend-freeze --v" --version
	completes "suspend-freeze help un" uninstall
	for verb in $(verbs); do
		complete_line "suspend-freeze $verb --"
		diff <(printf '%s\n' "${COMPREPLY[@]#--}" | grep -vxE "help|version" | sort) <(options_of suspend-freeze "$verb")
	done
	completes "suspend-freeze re" recover
	completes "suspend-freeze un" uninstall
	completes "suspend-freeze run --an" --anyway
	completes "suspend-freeze freeze --an"
	completes "suspend-freeze install --d" --dry-run
	completes "suspend-freeze plan --way=s" self
	completes "suspend-freeze plan --way k" kernel
	mkdir -p "$TEST_DIR/folder"
	completes "suspend-freeze plan --only $TEST_DIR/fol" "$TEST_DIR/folder"
	printf '#!/bin/sh\n' >"$TEST_DIR/bin/that-suspends"
	chmod 755 "$TEST_DIR/bin/that-suspends"
	completes "suspend-freeze run -- that-susp" that-suspends
}

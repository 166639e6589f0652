#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# scripts/bare-system: what is in its systems, and what it leaves behind.  Run by
# scripts/test-bare, since it needs root and the archive of Debian.

bats_require_minimum_version 1.5.0
load ../cli/helper

setup_file() {
	"$ALLOC_PERF_SOURCE/scripts/bare-system" trixie true
	"$ALLOC_PERF_SOURCE/scripts/bare-system" --no-compiler trixie true
}

# A cache of its own, with the systems of the real one: other runs may be at work there.
setup() {
	test_enter
	CACHE=$WORK/cache
	mkdir "$CACHE"
	ln -s "${ALLOC_PERF_BARE:-/var/cache/alloc-perf/bare}"/trixie.*????-??-?? "$CACHE"
	export ALLOC_PERF_BARE=$CACHE
}

bare() {
	run "$ALLOC_PERF_SOURCE/scripts/bare-system" "$@"
}

# The systems of runs, a line each.
copies() {
	find "$CACHE" -maxdepth 1 -name 'run.*' ! -name '*.lock'
}

nothing_is_left() {
	[ -z "$(copies)" ] || fail "left: $(copies)"
	! grep -F "$CACHE/run." /proc/self/mountinfo || fail "there are mounts left"
}

# start: a run that only waits, as $runner.
start() {
	# A shell has what it starts in the background ignore INT.
	env --default-signal=INT "$ALLOC_PERF_SOURCE/scripts/bare-system" trixie sh -c 'echo begun; exec sleep 600' >"$WORK/begun" 3>&- &
	runner=$!
	wait_until grep -q begun "$WORK/begun"
	[ -n "$(copies)" ]
}

@test "bare-system: a clone of HEAD, gcc and make, no more" {
	bare trixie sh -c 'pwd; id -u; ls meson.build; gcc --version && make --version && ! command -v meson git python3'
	assert_status 0
	[ "${lines[0]}" = /root/alloc-perf ] && [ "${lines[1]}" = 0 ]
	nothing_is_left
}

@test "bare-system: / is a mount point, and user namespaces can be had" {
	bare trixie sh -c 'mountpoint / && unshare --user true && unshare --mount mount -t tmpfs none /mnt'
	assert_status 0
}

@test "bare-system: the status is the command's, arguments are as given" {
	bare trixie sh -c 'exit 7'
	assert_status 7
	# shellcheck disable=SC2016 # as it is
	bare trixie printf '<%s>' 'a b' '$c'
	assert_output_has "<a b><\$c>"
}

@test "bare-system: an ordinary user, with sudo and without" {
	bare --user trixie sh -c 'id -un; pwd; sudo -n id -un'
	assert_status 0
	[[ $output == *builder*/home/builder/alloc-perf*root ]]
	bare --user --no-sudo --first 'touch made-by-root' trixie sh -c 'id -un; ! command -v sudo; ls made-by-root'
	assert_status 0
	[[ $output == *builder*made-by-root ]]
}

@test "bare-system: files go in and come out; without a compiler" {
	echo content >"$WORK/given"
	bare --no-compiler --add "$WORK/given" --fetch "made:$WORK/out" trixie sh -c '! command -v cc gcc make; mkdir made; cp given made/'
	assert_status 0
	[ "$(cat "$WORK/out/made/given")" = content ]
}

@test "bare-system: nothing is left after TERM, INT and KILL" {
	local signal
	for signal in TERM INT KILL; do
		start
		kill -$signal "$runner"
		! wait "$runner" || fail "no failure after $signal"
		# The namespace goes at once; after KILL the next run removes the copy.
		if [ $signal = KILL ]; then
			wait_until no_sleeper
			bare trixie true
			assert_status 0
		fi
		nothing_is_left
	done
}

# Nobody works in a copy any more.
no_sleeper() {
	local copy
	for copy in $(copies); do
		flock -n "$copy.lock" true || return 1
	done
	! grep -qsF "$CACHE/run." /proc/[0-9]*/mountinfo
}

@test "bare-system: wrong usage, and a suite that there is not" {
	bare
	assert_status 2
	bare trixie
	assert_status 2
	bare --no-sudo trixie true
	assert_status 2
	bare --nonsense trixie true
	assert_status 2
	assert_output_has "unknown option --nonsense"
	bare ../etc true
	assert_status 2
	bare --help
	assert_status 0
	assert_output_has "Usage: scripts/bare-system"
	bare no-such-suite true
	assert_status 125
	assert_output_has "debootstrap cannot make a system of no-such-suite"
	[ ! -e "$CACHE/no-such-suite.new" ]
}

@test "bare-system: who is not root is told so" {
	run as_user "$ALLOC_PERF_SOURCE/scripts/bare-system" trixie true
	assert_status 125
	assert_output_has "needs root"
}

# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For .bats files of which all tests are served by one guest, each of which leaves it as it was.
# `load ../cli/helper` comes before.  The guest has ext4, xfs and btrfs mounted below /mnt, an
# ext2 on /dev/vdd that is not, and what guest.sh defines.

# boot_guest OPTION...: for setup_file(); the options are of guest.py.
boot_guest() {
	local kind disks=() tests=$ALLOC_PERF_SOURCE/tests/suspend
	export GUEST=$BATS_FILE_TMPDIR/guest
	mkdir "$GUEST"
	for kind in ext4 xfs btrfs; do
		PYTHONPATH=$tests python3 -c "import volumes; volumes.make('$kind', '$GUEST/$kind')"
		disks+=(--disk "$GUEST/$kind")
	done
	truncate -s 320M "$GUEST/spare"
	"$tests/guest.py" boot "$GUEST" "${disks[@]}" --disk "$GUEST/spare" \
		--add "$ALLOC_PERF_BUILD/tests/suspend/faults" --add "$ALLOC_PERF_BUILD/src/suspend/suspend-freeze" "$@" \
		</dev/null >/dev/null 2>&1 3>&- &
	"$tests/guest.py" ready "$GUEST"
	"$tests/guest.py" sh "$GUEST" "cat >/run/lib.sh <<'END'
$(cat "$tests/guest.sh")
END
mkdir -p /mnt/ext4 /mnt/xfs /mnt/btrfs /mnt/other /mnt/loop
mount -t ext4 /dev/vda /mnt/ext4 && mount -t xfs /dev/vdb /mnt/xfs && mount -t btrfs /dev/vdc /mnt/btrfs || exit
mke2fs -F /dev/vdd >/dev/null 2>&1"
}

setup() {
	test_enter
	# One that waits for ever takes the agent with it: say so, instead of waiting in each test.
	timeout 60 "$ALLOC_PERF_SOURCE/tests/suspend/guest.py" sh "$GUEST" true ||
		fail "the guest does not answer after the test before"
}

teardown_file() {
	[ ! -e "$GUEST/pid" ] || "$ALLOC_PERF_SOURCE/tests/suspend/guest.py" cut "$GUEST"
}

# guest sh|nap COMMAND
# shellcheck disable=SC2154 # set by run
guest() {
	run timeout 200 "$ALLOC_PERF_SOURCE/tests/suspend/guest.py" "$1" "$GUEST" ". /run/lib.sh; $2"
	echo "$output"
}

# in_guest COMMAND: which has to end well.
in_guest() {
	guest sh "$1"
	assert_status 0
}

sleeps() { # COMMAND: it suspends, is woken, and has to end well
	guest nap "$1"
	assert_status 0
}

# cut_asleep COMMAND: which suspends.
cut_asleep() {
	"$ALLOC_PERF_SOURCE/tests/suspend/guest.py" cut "$GUEST" ". /run/lib.sh; $1"
}

# verdict_of KIND: what the cut has left on its disk.
verdict_of() {
	PYTHONPATH=$ALLOC_PERF_SOURCE/tests/suspend python3 -c "import volumes; print(*volumes.look('$1', '$GUEST/$1'))"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# FALLOC_FL_WRITE_ZEROES takes a device that unmaps blocks and promises that they read as
# zeroes.  Loop devices, virtio disks and QEMU's nvme are none, so that it is refused wherever the
# other tests try it; the kernel's own scsi_debug is one, in memory.
# shellcheck disable=SC2016 # the guest's shell expands what is in single quotes
load ../cli/helper

GUEST_PY=$ALLOC_PERF_SOURCE/tests/suspend/guest.py

setup() {
	test_enter
	local reason release
	reason=$(lacking knob)
	[ -z "$reason" ] || lack kernels "$reason"
	release=$(basename "$NEWER"/boot/vmlinuz-*)
	release=${release#vmlinuz-}
	[ "$(printf '%s\n' 6.17 "$release" | sort -V | head -n 1)" = 6.17 ] || skip "it came with Linux 6.17, and $NEWER has $release"
	[ -n "$(find "$NEWER/lib/modules/$release" -name 'scsi_debug.ko*')" ] || skip "the kernel $release has no scsi_debug"
}

teardown() {
	[ ! -e "$WORK/guest/pid" ] || "$GUEST_PY" cut "$WORK/guest"
	test_leave
}

in_guest() { # COMMAND
	run timeout 300 "$GUEST_PY" sh guest "$1"
	echo "$output"
	assert_status 0
}

@test "fallocate-write-zeroes: written extents, without a byte from us" {
	export ALLOC_PERF_GUEST_ROOT=$NEWER
	"$GUEST_PY" boot guest --add "$TEST_DIR/bin/alloc-perf" --add "$(PATH=$PATH:/usr/sbin:/sbin command -v mkfs.ext4)" \
		--module scsi_debug --module sd_mod </dev/null >/dev/null 2>&1 3>&- &
	"$GUEST_PY" ready guest
	in_guest '
		while read -r module; do insmod $module; done </modules.sd_mod
		while read -r module; do
			case $module in
			*scsi_debug*) insmod $module dev_size_mb=64 lbpws=1 lbprz=1 lbpu=1 ;;
			*) grep -q "^$(basename $module .ko) " /proc/modules || insmod $module ;;
			esac
		done </modules.scsi_debug
		for _ in $(seq 600); do [ ! -b /dev/sda ] || break; usleep 100000; done
		mkfs.ext4 -q -O extent -E lazy_itable_init=0,nodiscard /dev/sda && mkdir -p /mnt/sda && mount -t ext4 /dev/sda /mnt/sda
		cat /sys/block/sda/queue/write_zeroes_unmap_max_hw_bytes'
	[ "${lines[-1]}" -gt 0 ]
	in_guest '
		mkdir -p /tmp && mount -t tmpfs none /tmp && cd /tmp &&
			alloc-perf run --runs 1 --on dir:/mnt/sda -m fallocate-write-zeroes,fallocate -s 16M -o result.jsonl >/dev/null 2>&1
		cat result.jsonl'
	printf '%s\n' "${lines[@]}" >result.jsonl
	[ "$(value dir fallocate-write-zeroes status)" = ok ]
	[ "$(value dir fallocate-write-zeroes path)" = native ]
	[ "$(value dir fallocate-write-zeroes submitted_bytes)" = 0 ]
	[ "$(value dir fallocate-write-zeroes mapped_bytes)" = 16777216 ]
	[ "$(value dir fallocate-write-zeroes unwritten_bytes)" = 0 ]
	[ "$(value dir fallocate unwritten_bytes)" = 16777216 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A QEMU guest that does not do what it should is one failed trial, and the run
# goes on.  A stand-in for QEMU starts the real one: the first guest gets an agent
# that misbehaves as it is told, the second the true one.
# shellcheck disable=SC2016 # the stand-in expands what is in single quotes
load ../cli/helper

setup() {
	test_enter
	require qemu
	real=$(command -v qemu-system-x86_64)
	cp "$ALLOC_PERF_BUILD/tests/testbed/bad-agent" init
	echo init | cpio --quiet -o -H newc >bad.cpio
}

# qemu SCRIPT: what is done before the real one starts; $count guests were started before.
qemu() {
	cat >"$TEST_DIR/bin/qemu-system-x86_64" <<-END
		#!/bin/bash
		count=\$(wc -l <$WORK/count)
		# The proof of KVM is no guest of a trial.
		[[ " \$* " != *" -accel kvm "* ]] || exit 1
		echo >>$WORK/count
		$1
		exec $real "\$@"
	END
	chmod 755 "$TEST_DIR/bin/qemu-system-x86_64"
	: >"$WORK/count"
}

# told WORD [SCRIPT]: the first guest's agent does WORD.
told() {
	qemu '[ $count != 0 ] || for ((i = 1; i < $#; i++)); do
		next=$((i + 1))
		case ${!i} in
		-initrd) set -- "${@:1:i}" '"$WORK/bad.cpio"' "${@:i + 2}" ;;
		-append) set -- "${@:1:i}" "${!next} bad='"$1"'" "${@:i + 2}" ;;
		esac
	done
	'"${2-}"
}

fails_with() { # REASON OPTION...
	local reason=$1
	shift
	run alloc-perf run --on qemu --fs ext4 -m ftruncate,fallocate --seed 1 -s 1M -o result.jsonl "$@"
	assert_status 1
	assert_output_has "$reason"
	assert_output_has "1 of 2 trials failed"
	[ "$(jq -r 'select(.type == "trial").status' result.jsonl)" = $'failed\nok' ]
	[ "$(wc -l <<<"$(console)")" -le 20 ]
	assert_nothing_left
}

console() {
	jq -r 'select(.status == "failed").console // empty' result.jsonl
}

@test "a guest that panics" {
	told panic
	fails_with "the kernel panicked: sysrq triggered crash"
	# The trace is longer than what is kept.
	console | grep -q "RIP: "
	grep -q '"stage": *"allocate"' result.jsonl
}

@test "a guest whose init ends" {
	told end
	fails_with "the kernel panicked: Attempted to kill init! exitcode=0x00000300"
}

@test "a guest that runs out of memory" {
	told memory
	fails_with "the kernel panicked: System is deadlocked on memory"
}

@test "a guest that hangs in its trial" {
	told hang
	fails_with "the trial took too long" --timeout 30
}

@test "a guest that never gets ready" {
	told silence
	run alloc-perf run --on qemu --fs ext4 -m fallocate -s 1M -o result.jsonl --timeout 3
	assert_status 1
	assert_output_has "failed in start: the agent did not start in time"
	assert_nothing_left
}

@test "a guest that says rubbish" {
	told rubbish
	fails_with "the agent sent an invalid event"
}

@test "a qemu that cannot start" {
	qemu '[ $count != 0 ] || set -- "$@" -device nonsense'
	fails_with "exited with status 1 without a result"
	console | grep -q "'nonsense' is not a valid device model name"
}

@test "a qemu that is killed" {
	# It would go on for ever otherwise.
	told hang '[ $count != 0 ] || { '"$real"' "$@" <&0 & sleep 3; kill -9 $!; wait $!; exit $?; }'
	fails_with "exited with status 137 without a result"
}

@test "a file that is no kernel" {
	echo "no kernel" >vmlinuz
	run alloc-perf run --kernel ./vmlinuz --fs ext4 -o result.jsonl
	assert_status 3
	assert_output_has "./vmlinuz is not a kernel that QEMU can boot"
	[ ! -e result.jsonl ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The testbed qemu: kernels of the user's choice.  Small files and few methods: the
# guests are emulated.
load ../cli/helper

setup() {
	test_enter
	require qemu
	# The newest, which is what the program takes by itself.
	first=$(find /boot -name 'vmlinuz-*' -printf '%f\n' | sort -V | tail -n 1)
	first=${first#vmlinuz-}
}

# The full kernel of Debian 12 has it, for one.
need_kernel_without_reiserfs() {
	! grep -qs '/reiserfs\.ko' "/lib/modules/$first"/modules.{dep,builtin} || skip "the kernel $first has reiserfs"
}

run_qemu() {
	run alloc-perf run -o result.jsonl -s 4M "$@"
	assert_status 0
	assert_nothing_left
}

environment() { # FIELD
	head -n 1 result.jsonl | jq -r ".$1"
}

# kernel_of FILESYSTEM METHOD: of all such trials, in the order of the alphabet
kernels_of() {
	jq -r --arg fs "$1" --arg method "$2" \
		'select(.type == "trial" and .filesystem == $fs and .method == $method and .status == "ok").kernel' \
		result.jsonl | sort
}

@test "an ordinary user measures on the newest kernel of /boot, whose drivers are modules" {
	run as_user alloc-perf run --on qemu --fs ext4,xfs,btrfs -m posix-fallocate,chunk-4096 -s 4M -o result.jsonl
	assert_status 0
	assert_output_has "Measured in a QEMU guest"
	# Some distributions let everybody use KVM.
	if ! as_user test -w /dev/kvm; then
		assert_output_has "so the guest's processor is emulated (TCG)"
		assert_output_has "Emulated (TCG): times are comparable only with each other."
		[ "$(environment accelerator)" = tcg ]
	fi
	assert_nothing_left
	for fs in ext4 xfs btrfs; do
		[ "$(value $fs posix-fallocate path)" = native ]
		[ "$(value $fs posix-fallocate fragments)" = 1 ]
		[ "$(value $fs posix-fallocate allocate_written_bytes)" -lt 1048576 ]
		[ "$(value $fs chunk-4096 calls)" = 1024 ]
		[ "$(value $fs chunk-4096 submitted_bytes)" = 4194304 ]
		[ "$(value $fs chunk-4096 extent_source)" = fiemap ]
	done
	[ "$(environment drive)" = "virtio-blk, cache=writeback" ]
	[ "$(environment testbed)" = qemu ]
	[ -e "/boot/vmlinuz-$(environment guest_kernel)" ]
	[ "$(value ext4 chunk-4096 kernel)" = "$(environment guest_kernel)" ]
}

@test "two kernels in one matrix, the modules of one of them compressed" {
	require kernels
	run_qemu --kernel "$first" --kernel second="$(echo "$SECOND"/boot/vmlinuz-*)" --fs ext4,xfs -m chunk-4096 --runs 2
	[ "$(kernels_of ext4 chunk-4096 | uniq -c | awk '{ print $1, $2 }')" = "2 $first"$'\n'"2 second" ]
	[ "$(kernels_of xfs chunk-4096 | uniq | wc -l)" = 2 ]
	[ "$(environment guest_kernel)" = "$first, second" ]
	assert_output_has "qemu, Linux $first"
	run alloc-perf diff --measure written result.jsonl
	assert_output_has "second"
	# The plan has them, so that a run which was cut goes on with both.
	head -n 4 result.jsonl >cut.jsonl
	run alloc-perf run --resume cut.jsonl --dry-run
	assert_output_has "5 trials on qemu"
	# Eight runs of which the last of the second kernel took a minute; one of the first is still to be made.
	head -n 1 result.jsonl | sed 's/runs = 2/runs = 8/' >eight.jsonl
	jq -c 'select(.type == "trial" and .run == 1) | . as $trial | range(1; 9) |
		. as $run | $trial | .run = $run | .allocate_ns = 1000000 + $run |
		if $run == 8 and .kernel == "second" then .allocate_ns = 60000000000 else . end |
		select(.kernel == "second" or .filesystem == "ext4" or $run < 8)' \
		result.jsonl >>eight.jsonl
	run alloc-perf run --resume eight.jsonl
	assert_status 0
	run jq -r 'select(.type == "warning" and .kind == "outliers").text' eight.jsonl
	assert_output_has "the times of some runs differ widely from the others: "
	[[ $output == *"ext4 chunk-4"*" second 1 of 8, "*"xfs chunk-4"*" second 1 of 8; was"* ]]
}

@test "a kernel is named in /boot, by its path, and behind the testbed" {
	for on in "--on=qemu:$first" "--on=qemu:vmlinuz-$first" "--kernel=/boot/vmlinuz-$first"; do
		run alloc-perf run "$on" --fs ext4 -m fallocate -s 1M --dry-run
		assert_status 0
		assert_output_has "ext4 $first fallocate 1M, run 1"
	done
	run alloc-perf run --on "qemu:mine=/boot/vmlinuz-$first" --fs ext4 -m fallocate -s 1M --dry-run
	assert_output_has "ext4 mine fallocate 1M, run 1"
}

# with_boot FOLDER COMMAND...: where that folder is /boot
with_boot() {
	local folder=$1
	shift
	# shellcheck disable=SC2016 # the inner shell expands it
	unshare --mount -- bash -c 'mount --bind "$0" /boot && "$@"' "$folder" "$@"
}

@test "a run that goes on does so with the kernel that it was begun with" {
	require root
	local newer=99.0.0
	run_qemu --on qemu --fs ext2 -m ftruncate,fallocate -s 1M
	head -n 2 result.jsonl >cut.jsonl
	[[ $(environment plan) == *"kernels = /boot/vmlinuz-$first"* ]]
	[[ $(environment kernel_build) == "#"* ]]
	# A newer one is installed meanwhile.
	mkdir boot
	cp "/boot/vmlinuz-$first" boot
	sed "s/$first (/$newer (/" "/boot/vmlinuz-$first" >"boot/vmlinuz-$newer"
	run with_boot boot alloc-perf run --on qemu --fs ext2 -m ftruncate --dry-run
	assert_output_has "ext2 $newer ftruncate"
	run with_boot boot alloc-perf run --resume cut.jsonl --dry-run
	assert_status 0
	assert_output_has "ext2 $first "
	assert_output_has "1 trials on qemu"
	# A plan that leaves it open does not go on with another.
	sed 's/kernels = [^\\]*\\n//' cut.jsonl >open.jsonl
	run with_boot boot alloc-perf run --resume open.jsonl
	assert_status 3
	assert_output_has "open.jsonl was started on Linux $first, but this is $newer"
	# Nor does a name of the user's own with another build.
	sed "s|kernels = [^\\]*|kernels = mine=$WORK/mine|; s/$first/mine/g" cut.jsonl >mine.jsonl
	cp "/boot/vmlinuz-$first" mine
	run alloc-perf run --resume mine.jsonl --dry-run
	assert_status 0
	assert_output_has "1 trials on qemu"
	sed "s/#1 SMP/#2 SMP/" "/boot/vmlinuz-$first" >mine
	run alloc-perf run --resume mine.jsonl --dry-run
	assert_status 3
	assert_output_has "mine.jsonl was started on another build of Linux mine (#1 SMP "
}

@test "modules from another folder, and without any" {
	mkdir -p other/lib/modules
	cp "/boot/vmlinuz-$first" other/kernel
	cp -R "/lib/modules/$first" other/lib/modules
	run_qemu --kernel other/kernel --modules other --fs xfs -m fallocate
	[ "$(value xfs fallocate status)" = ok ]
	mkdir none
	run alloc-perf run --kernel other/kernel --modules none --fs xfs -m fallocate -s 4M -o other.jsonl
	assert_status 3
	assert_output_has "none has no modules of the kernel $first"
	# As a package is unpacked: nothing has called depmod yet.
	mkdir -p new/usr/lib/modules
	cp -R "/lib/modules/$first" new/usr/lib/modules
	rm "new/usr/lib/modules/$first"/modules.*.bin
	run alloc-perf run --kernel other/kernel --modules new --fs xfs -m fallocate -s 4M -o other.jsonl
	assert_status 3
	assert_output_has "depmod has not seen the modules in $WORK/new/usr/lib/modules/$first"
	${output##*run: }
	run alloc-perf run --kernel other/kernel --modules new --fs xfs -m fallocate -s 4M --dry-run
	assert_status 0
	# Debian has the list of what is built in in another package.
	rm "new/usr/lib/modules/$first"/modules.builtin*
	depmod -b new/usr "$first"
	run alloc-perf run --kernel other/kernel --modules new --fs ext4 -m fallocate -s 4M --dry-run
	assert_status 3
	assert_output_has "the kernel $first has no module ext4, and $WORK/new/usr/lib/modules/$first has no modules.builtin"
	[ ! -e other.jsonl ]
}

@test "a file system that the kernel has not is said before anything is made" {
	need_kernel_without_reiserfs
	run alloc-perf run --kernel "$first" --fs reiserfs -m fallocate -s 4M -o result.jsonl
	assert_status 3
	assert_output_has "the kernel $first has no reiserfs"
	[ ! -e result.jsonl ]
}

@test "--drive-throttle slows the disk down and is told above the table" {
	run_qemu --on qemu --drive-throttle iops=100,bps=2M --fs ext2 -m chunk-65536
	assert_output_has "iops=100,bps=2M."
	[ "$(environment drive_throttle)" = iops=100,bps=2M ]
	# 4 MiB at 2 MiB a second, of which a tenth may come at once.
	local ns=0
	for stage in allocate sync unmount; do
		((ns += $(value ext2 chunk-65536 ${stage}_ns))) || true
	done
	[ $ns -gt 1500000000 ]
}

@test "what does not fit together is refused" {
	refused() { # STATUS SENTENCE ARGUMENT...
		local expected=$1 sentence=$2
		shift 2
		run alloc-perf run -o result.jsonl --fs ext4 -s 1M "$@"
		assert_status "$expected"
		assert_output_has "$sentence"
		[ ! -e result.jsonl ]
	}
	refused 2 "--kernel is for guests of the testbeds qemu and uml; the testbed is loop" --on loop --kernel x
	refused 2 "--modules is for guests of the testbeds qemu and uml" --on loop --modules .
	refused 2 "--drive-throttle is for guests of the testbed qemu" --on uml --drive-throttle iops=1
	refused 2 "the kernel is given twice" --on "qemu:$first" --kernel "$first"
	refused 2 "the kernel \"$first\" is given twice" --kernel "$first" --kernel "$first"
	refused 2 "are both $first; give them different names" --kernel "$first" --kernel "/boot/vmlinuz-$first"
	refused 3 "there is no kernel \"7.7\"; name a bzImage by its path, or one in /boot, as " --kernel 7.7
	refused 3 "cannot read the kernel ./missing: No such file or directory" --kernel ./missing
	refused 2 "invalid drive limit" --on qemu --drive-throttle slow
	refused 2 "invalid drive limit" --on qemu --drive-throttle iops=0
	refused 2 "invalid drive limit" --on qemu --drive-throttle bps=4KB
	refused 2 "invalid kernel" --kernel a,b
	refused 2 "invalid kernel" --kernel =x
}

@test "a kernel that the user may not read" {
	require root
	mkdir -m 755 closed
	install -m 600 "/boot/vmlinuz-$first" closed/kernel
	run as_user alloc-perf run --kernel closed/kernel --fs ext4 -s 1M -o result.jsonl
	assert_status 3
	assert_output_has "this user may not read closed/kernel"
}

# ---- KVM ----

# kvm SCRIPT: what a guest on KVM does; anything else is the real QEMU.
kvm() {
	require root
	[ -w /dev/kvm ] || skip "no /dev/kvm"
	cat >"$TEST_DIR/bin/qemu-system-x86_64" <<-END
		#!/bin/bash
		[[ " \$* " != *" -accel kvm "* ]] || { echo >>$WORK/kvm; $1; }
		exec $(command -v qemu-system-x86_64) "\$@"
	END
	chmod 755 "$TEST_DIR/bin/qemu-system-x86_64"
}

@test "a guest that hangs on KVM costs five seconds, once a run" {
	kvm 'exec sleep 100'
	run_qemu --on qemu --fs ext2 -m ftruncate,fallocate
	assert_output_has "a guest on /dev/kvm did not start within 5 s, so its processor is emulated (TCG)"
	[ "$(wc -l <kvm)" = 1 ]
	[ "$(environment accelerator)" = tcg ]
	# Whoever wants quiet gets it.
	run alloc-perf run -q --on qemu --fs ext2 -m ftruncate -s 1M -o quiet.jsonl
	[ -z "$output" ]
}

@test "where a guest on KVM comes up, it is used, and auto takes it" {
	# The proof comes up at once, the trial in truth is emulated.
	# shellcheck disable=SC2016 # the stand-in expands it
	kvm '[ "$(wc -l <'"$WORK"'/kvm)" != 1 ] || { echo ready; exec sleep 100; }; set -- "${@/kvm/tcg}"'
	: >kvm
	chmod 666 kvm
	run with_kvm_for_all as_user alloc-perf run --fs ext2 -m ftruncate -s 1M -o result.jsonl
	assert_status 0
	assert_output_has "alloc-perf: testbed qemu (a kernel at almost full speed, by KVM; not loop: the testbed loop needs root to mount)"
	assert_output_has "times include QEMU"
	[ "$(environment accelerator)" = kvm ]
	[ "$(wc -l <kvm)" = 2 ] # the proof and the trial
}

# Where everybody may open /dev/kvm, which is a plain file there.
with_kvm_for_all() {
	touch anything
	chmod 666 anything
	export -f as_user
	# shellcheck disable=SC2016 # the inner shell expands it
	unshare --mount -- bash -c 'mount --bind anything /dev/kvm && "$@"' bash "$@"
}

# ---- auto ----

@test "auto is loop for root" {
	require loop
	run alloc-perf run --fs ext4 -m ftruncate -s 1M --dry-run
	assert_status 0
	assert_output_has "alloc-perf: testbed loop (the running kernel)"
	assert_output_has "1 trials on loop"
}

@test "auto is uml for root of a container" {
	require loop
	require uml
	run setpriv --bounding-set -sys_admin --inh-caps -sys_admin alloc-perf run --fs ext4 -m ftruncate -s 1M --dry-run
	assert_status 0
	assert_output_has "alloc-perf: testbed uml (the remaining testbed; not loop: the testbed loop needs a private mount namespace: Operation not permitted; not qemu: "
}

@test "auto is uml where loop lacks a file system, and says which" {
	require loop
	require uml
	grep -qw reiserfs /proc/filesystems && skip "this kernel has reiserfs"
	need_kernel_without_reiserfs
	run alloc-perf run --fs ext4,reiserfs -m ftruncate -s 1M --dry-run
	assert_status 0
	assert_output_has "alloc-perf: testbed uml (the remaining testbed; not loop: the running kernel has no reiserfs; not qemu: the kernel $first has no reiserfs)"
}

@test "auto is uml for an ordinary user without KVM" {
	require uml
	[ ! -w /dev/kvm ] || [ "$(id -u)" = 0 ] || skip "KVM may work here"
	run as_user alloc-perf run --fs ext4 -m ftruncate -s 1M --dry-run
	assert_status 0
	assert_output_has "alloc-perf: testbed uml (the remaining testbed; not loop: the testbed loop needs root to mount; not qemu: /dev/kvm cannot be used: "
	run as_user alloc-perf run -q --fs ext4 -m ftruncate -s 1M --dry-run
	[[ $output != *testbed* ]]
	run alloc-perf run --on auto --fs ext4 -m ftruncate -s 1M --dry-run
	assert_status 0
}

# ---- ended at any moment ----

@test "nothing is left after a signal" {
	local signal step=0
	for signal in INT KILL TERM KILL INT KILL; do
		rm -f result.jsonl
		alloc-perf run --on qemu --fs ext4 -m chunk-512,mmap -s 16M -o result.jsonl >out 2>&1 &
		sleep "$(awk -v step=$step 'BEGIN { print 0.1 + step * 0.9 }')"
		step=$((step + 1))
		kill -$signal $! 2>/dev/null || true
		wait $! || true
		assert_nothing_left
	done
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The testbed uml: real file systems in a guest, as an ordinary user.
load ../cli/helper

setup() {
	test_enter
	require uml
}

run_user() {
	run as_user alloc-perf run --on uml -o result.jsonl "$@"
	assert_status 0
	assert_nothing_left
}

@test "an ordinary user measures file systems that the machine may lack" {
	run_user --fs ext4,reiserfs,jfs,f2fs,nilfs2 -m posix-fallocate,chunk-4096 -s 16M
	assert_output_has "User-Mode Linux guest"
	[ "$(value ext4 posix-fallocate path)" = native ]
	[ "$(value f2fs posix-fallocate path)" = native ]
	for fs in reiserfs jfs nilfs2; do
		[ "$(value $fs posix-fallocate path)" = emulated ]
	done
	[ "$(value reiserfs chunk-4096 extent_source)" = fibmap ]
	[ "$(value jfs chunk-4096 extent_source)" = fibmap ]
	[ "$(value ext4 chunk-4096 extent_source)" = fiemap ]
	[ "$(value nilfs2 chunk-4096 calls)" = 4096 ]
	[ "$(value nilfs2 chunk-4096 submitted_bytes)" = 16777216 ]
	[[ $(value ext4 chunk-4096 kernel) != "$(uname -r)" ]]
}

@test "phases run in the guest, where synced writes have bytes but no times" {
	run_user --fs ext4 -m none,fallocate -s 2M --files 2 --runs 1 --then append-64K+fdatasync --then overwrite-rand-4K-x20 \
		--then read-seq-64K
	for method in none fallocate; do
		[ "$(value ext4 $method verified_bytes)" = 4194304 ]
		phases=$(value ext4 $method phases)
		[ "$(jq -c '[.[].calls]' <<<"$phases")" = "[64,20,64]" ]
		[ "$(jq -c '[.[] | .wall_ns == null and .latency == null]' <<<"$phases")" = "[true,false,false]" ]
		[[ "$(jq -r '.[0].latency_refused' <<<"$phases")" = "flushes of this guest do not reach the host's disk"* ]]
		[ "$(jq '.[0].written_bytes >= 4194304' <<<"$phases")" = true ]
		[ "$(jq '.[2].cold' <<<"$phases")" = 1 ]
	done
	run alloc-perf report result.jsonl
	assert_output_has "No times and latencies of synced writes: flushes of this guest do not reach the host's disk"
}

@test "the shape of 2009: posix_fallocate() is at once and whole on xfs and btrfs" {
	run_user --fs ext4,xfs,btrfs -m posix-fallocate,chunk-4096 -s 32M
	for fs in ext4 xfs btrfs; do
		[ "$(value $fs posix-fallocate fragments)" = 1 ]
		[ "$(value $fs posix-fallocate unwritten_bytes)" = 33554432 ]
		[ "$(value $fs posix-fallocate allocate_written_bytes)" -lt 1048576 ]
	done
}

@test "the shape of 2009: reiserfs is as fragmented by it as by chunks, and less by mmap" {
	run_user --fs reiserfs -m posix-fallocate,mmap,chunk-4096 -s 160M
	local native chunks mapped
	native=$(value reiserfs posix-fallocate fragments)
	chunks=$(value reiserfs chunk-4096 fragments)
	mapped=$(value reiserfs mmap fragments)
	[ "$native" = "$chunks" ]
	[ "$mapped" -lt "$chunks" ]
}

@test "the shape of 2009: ext2 is the same for all four" {
	run_user --fs ext2 -m posix-fallocate,mmap,chunk-4096,chunk-8192 -s 32M
	local chunks difference
	chunks=$(value ext2 chunk-4096 fragments)
	[ "$chunks" -gt 1 ]
	for method in posix-fallocate mmap chunk-8192; do
		# An indirect block may come before or after its first data block.
		difference=$(($(value ext2 $method fragments) - chunks))
		[ "${difference#-}" -le 2 ]
	done
}

@test "what reaches the device: next to nothing by fallocate, the file by chunks" {
	run_user --fs ext4 -m fallocate,chunk-4096,ftruncate -s 32M
	local sum
	for method in fallocate ftruncate; do
		sum=0
		for stage in allocate sync close unmount; do
			((sum += $(value ext4 $method ${stage}_written_bytes))) || true
		done
		[ "$sum" -lt 1048576 ]
	done
	sum=0
	for stage in allocate sync close unmount; do
		((sum += $(value ext4 chunk-4096 ${stage}_written_bytes))) || true
	done
	[ "$sum" -ge 33554432 ]
	[ "$sum" -lt 35651584 ]
}

@test "ext3-guarded is refused by the kernel" {
	run_user --fs ext3-guarded -m fallocate -s 4M
	grep -Eq "^ext3-guarded +fallocate +refused +\\[1\\] +- +-$" <<<"$output"
	assert_output_has "the kernel refuses mount -t ext3 -o data=guarded: Invalid argument"
}

@test "every variant of the catalogue can be made and mounted" {
	run_user --fs "$(alloc-perf list filesystems --names | grep -v guarded | paste -sd,)" -m chunk-65536 -s 4M
	[ "$(alloc-perf report --format csv result.jsonl | grep -c ',ok,')" = 17 ]
}

@test "a full volume is ENOSPC for every method, mmap among them" {
	run alloc-perf run --on uml --fs ext4 -m mmap,chunk-4096,fallocate,posix-fallocate -s 100M --volume 100M -o result.jsonl
	assert_status 1
	for method in mmap chunk-4096 fallocate posix-fallocate; do
		[ "$(value ext4 $method status)" = failed ]
		[ "$(value ext4 $method error)" = 28 ]
	done
	assert_output_has "No space left on device"
	assert_nothing_left
}

@test "a variant of one's own comes from a plan file" {
	cat >plan.ini <<-'END'
		[ext4-small-blocks]
		type = ext4
		mkfs = mkfs.ext4 -F -q -b 1024
		mount = noatime,nodelalloc
		[plan]
		filesystems = ext4-small-blocks
		methods = fallocate
		sizes = 4M
	END
	run_user --plan plan.ini
	[ "$(value ext4-small-blocks fallocate mkfs)" = "mkfs.ext4 -F -q -b 1024" ]
	grep -q '"mount_options": *"[^"]*noatime[^"]*nodelalloc' result.jsonl
}

@test "mkfs that fails is a failed trial, and the run goes on" {
	printf '[bad]\ntype = ext4\nmkfs = mkfs.ext4 --nonsense\n' >plan.ini
	run alloc-perf run --on uml --plan plan.ini --fs bad,ext2 -m ftruncate -s 1M -o result.jsonl
	assert_status 1
	[ "$(value bad ftruncate status)" = failed ]
	[ "$(value bad ftruncate stage)" = format ]
	[ "$(value ext2 ftruncate status)" = ok ]
	assert_output_has "1 of 2 trials failed"
}

@test "kept images hold what the records say" {
	require_program debugfs
	mkdir images
	run alloc-perf run --on uml --fs ext2,ext4 -m chunk-4096,fallocate,posix-fallocate -s 20M --keep-images images -o result.jsonl
	assert_status 0
	local image fs method blocks fragments
	for fs in ext2 ext4; do
		for method in chunk-4096 posix-fallocate; do
			image=images/$fs-$method-20M-1.img
			e2fsck -fn "$image"
			# The data blocks in the order of the file, without those of the tree.
			blocks=$(debugfs -R 'blocks /alloc-perf.file' "$image" 2>/dev/null)
			[ -n "$blocks" ]
			fragments=$(debugfs -R 'stat /alloc-perf.file' "$image" 2>/dev/null |
				sed -n '/^BLOCKS:\|^EXTENTS:/,$p' | tr ',' '\n' | grep -v 'IND\|ETB' |
				sed -n 's/.*):\([0-9]*\)\(-\([0-9]*\)\)\{0,1\}.*/\1 \3/p' |
				awk '{ last = $2 ? $2 : $1; if ($1 != end + 1) n++; end = last } END { print n }')
			[ "$fragments" = "$(value $fs $method fragments)" ]
		done
	done
	[ "$(find images -name '*.img' | wc -l)" = 6 ]
}

@test "an image that exists is not overwritten" {
	mkdir images
	echo precious >images/ext4-fallocate-1M-1.img
	run alloc-perf run --on uml --fs ext4 -m fallocate -s 1M --keep-images images -o result.jsonl
	assert_status 2
	assert_output_has "images/ext4-fallocate-1M-1.img exists"
	[ "$(cat images/ext4-fallocate-1M-1.img)" = precious ]
}

@test "an image that cannot be kept ends the run, and its trial is recorded" {
	require uml
	mkdir images
	# The name is taken when it is too late to refuse the trial, the first one by this seed.
	cat >"$TEST_DIR/bin/mkfs.ext2" <<-END
	#!/bin/sh
	[ "\$1" = -V ] || touch $WORK/images/ext2-chunk-8192-1M-1.img
	exec $(command -v mkfs.ext2) "\$@"
	END
	chmod 755 "$TEST_DIR/bin/mkfs.ext2"
	run alloc-perf run --on uml --fs ext2 -m chunk-8192,chunk-4096 -s 1M --seed 1 --keep-images images -o result.jsonl
	assert_status 1
	assert_output_has "cannot keep the image as images/ext2-chunk-8192-1M-1.img: File exists; its trial is recorded"
	[ "$(value ext2 chunk-8192 status)" = ok ]
	[ ! -s images/ext2-chunk-8192-1M-1.img ]
	rm "$TEST_DIR/bin/mkfs.ext2"
	run alloc-perf run --resume result.jsonl --keep-images images
	assert_status 0
	[ "$(value ext2 chunk-4096 status)" = ok ]
	[ -s images/ext2-chunk-4096-1M-1.img ]
}

@test "a trial without a guest has its true start, and the kernel of the others" {
	require uml
	# shellcheck disable=SC2016 # $1 is of the stand-in
	printf '#!/bin/sh\n[ "$1" = -V ] || sleep 2\nexit 1\n' >"$TEST_DIR/bin/mkfs.xfs"
	chmod 755 "$TEST_DIR/bin/mkfs.xfs"
	run alloc-perf run --on uml --fs xfs -m fallocate -s 1M -o result.jsonl
	end=$(date +%s)
	assert_status 1
	[ "$(value xfs fallocate kernel)" = "$(head -n 1 result.jsonl | jq -r .guest_kernel)" ]
	[ $((end - $(date -d "$(value xfs fallocate started)" +%s))) -ge 2 ]
}

@test "a run does not go on with another linux.uml" {
	require uml
	alloc-perf run -q --on uml --fs ext2 -m ftruncate,fallocate -s 1M -o result.jsonl
	head -n 2 result.jsonl >cut.jsonl
	local release
	release=$(head -n 1 result.jsonl | jq -r .guest_kernel)
	sed "s/\"$release\"/\"5.0.0\"/" cut.jsonl >older.jsonl
	run alloc-perf run --resume older.jsonl
	assert_status 3
	assert_output_has "older.jsonl was started on Linux 5.0.0, but this is $release"
	# The machine's own kernel does not matter there.
	sed "s/\"kernel\":\"$(uname -r)\"/\"kernel\":\"6.0.0\"/" cut.jsonl >moved.jsonl
	run alloc-perf run --resume moved.jsonl
	assert_status 0
}

@test "reiserfs packs the tail of a short file" {
	require uml
	require_program mkfs.reiserfs
	run alloc-perf run --on uml --fs reiserfs -m chunk-4096 -s 511 -o result.jsonl
	assert_status 0
}

@test "what is synced in the guest is flushed on the host, which its kernel does not do" {
	local fs format
	SYNCS=$WORK/syncs LD_PRELOAD=$ALLOC_PERF_BUILD/tests/testbed/syncs.so \
		alloc-perf run -q --on uml --fs ext4,ext2 -m chunk-65536 -s 8M --seed 1 -o result.jsonl
	# The new volume, the end of sync, the end of unmount; of both trials.
	[ "$(grep -c '^alloc-perf fdatasync .* (deleted)$' syncs)" = 6 ]
	# If this fails, the kernel of the guest passes flushes on, and ours are one too many.
	run grep "^linux.uml .*$SCRATCH" syncs
	[ -z "$output" ]
	for fs in ext4 ext2; do
		[ "$(value $fs chunk-65536 host_flush_ns)" -gt 0 ]
		[ "$(value $fs chunk-65536 host_flush_ns)" -le $(($(value $fs chunk-65536 sync_ns) + $(value $fs chunk-65536 unmount_ns))) ]
	done
	for format in table markdown html json; do
		run alloc-perf report --format $format result.jsonl
		[[ ${output//$'\n  '/ } == *"so the host flushes the image at the end of sync and unmount"* ]] || fail "$format"
	done
}

# ---- a kernel of the user's choice ----

# Laid out as scripts/fetch-kernel --uml does.
copy_uml() { # FOLDER
	mkdir -p "$1/bin" "$1/lib/uml/modules"
	cp "$(command -v linux.uml)" "$1/bin/linux.uml"
	cp -R "/usr/lib/uml/modules/$(linux.uml --version)" "$1/lib/uml/modules/"
	chmod -R a+rX "$1"
}

@test "a program of one's own, whose modules are beside it or where --modules says" {
	copy_uml other
	run_user --kernel linux.uml --kernel mine=other/bin/linux.uml --fs f2fs -m fallocate -s 4M
	[ "$(jq -r 'select(.type == "trial").kernel' result.jsonl | sort | xargs)" = "$(linux.uml --version) mine" ]
	[ "$(jq -r 'select(.type == "trial").status' result.jsonl | xargs)" = "ok ok" ]
	assert_output_has "uml, kernel mine"
	# The plan has it, so that a run which was cut goes on with it.
	head -n 2 result.jsonl >cut.jsonl
	run alloc-perf run --resume cut.jsonl --dry-run
	assert_output_has "1 trials on uml"
	rm result.jsonl
	mv other/lib/uml/modules other/elsewhere
	run_user --on uml:other/bin/linux.uml --modules other/elsewhere --fs f2fs -m fallocate -s 4M
	[ "$(value f2fs fallocate status)" = ok ]
	mkdir none
	run alloc-perf run --on uml --modules none --fs f2fs -s 4M --dry-run
	assert_status 3
	assert_output_has "none has no modules of the kernel $(linux.uml --version)"
}

@test "a User-Mode Linux of a newer release, with its own C library" {
	local reason
	reason=$(lacking newer_uml)
	[ -z "$reason" ] || lack kernels "$reason"
	cp -R "$NEWER_UML/bin" "$NEWER_UML/lib" .
	patchelf --set-interpreter "$WORK/lib/ld-linux-x86-64.so.2" --set-rpath "$WORK/lib" bin/linux.uml
	chmod -R a+rX bin lib
	# Of an ordinary user mkfs.btrfs wants to see the image below each mounted loop device of the machine.
	run alloc-perf run --on uml -o result.jsonl --kernel bin/linux.uml --fs ext4,xfs,btrfs,f2fs -m fallocate,chunk-65536 -s 16M
	assert_status 0
	[ "$(jq -r 'select(.type == "trial").status' result.jsonl | uniq -c | xargs)" = "8 ok" ]
	[ "$(value ext4 fallocate kernel)" = "$(bin/linux.uml --version)" ]
	run alloc-perf run --on uml --kernel bin/linux.uml --fs reiserfs -s 4M --dry-run
	assert_status 3
	assert_output_has "the kernel $(bin/linux.uml --version) has no reiserfs"
}

@test "what is no User-Mode Linux is refused with what it said" {
	refused() { # SENTENCE KERNEL
		run alloc-perf run --on uml --kernel "$2" --fs ext4 -s 1M -o result.jsonl
		assert_status 3
		assert_output_has "$1"
		[ ! -e result.jsonl ]
	}
	refused "there is no User-Mode Linux \"nonsense\" to execute; name the program by its path" nonsense
	printf '#!/bin/sh\necho "version GLIBC_2.99 not found"\nexit 1\n' >older
	chmod 755 older
	refused "./older cannot be used as User-Mode Linux: \`./older --version\` fails: version GLIBC_2.99 not found" ./older
	run alloc-perf run --on uml --drive-throttle iops=1 --fs ext4 -s 1M
	assert_status 2
	assert_output_has "--drive-throttle is for guests of the testbed qemu; the testbed is uml"
	require qemu
	run alloc-perf run --kernel ./older --fs ext4 -s 1M -o result.jsonl
	assert_status 3
	assert_output_has "(for User-Mode Linux add --on uml)"
}

@test "promises: an owner writes within a quota what is allocated, and no more" {
	run_user_verify() { run as_user alloc-perf verify --on uml --force -o result.jsonl "$@"; }
	run_user_verify --fs ext4,xfs --methods fallocate,ftruncate --promise reserved:quota-user,reserved:quota-project
	assert_status 0
	for kind in user project; do
		for fs in ext4 xfs; do
			[ "$(jq -r "select(.filesystem == \"$fs\" and .promise_case == \"quota-$kind\") | .method + \" \" + .verdict" \
				result.jsonl | sort)" = "fallocate kept
ftruncate not promised" ] || fail "$fs $kind: $output"
		done
	done
	run_user_verify --fs ext4 --methods prealloc,chunk-64K --promise as-before:edquot
	assert_status 0
	[ "$(jq -r 'select(.verdict) | .method + " " + .verdict' result.jsonl | sort)" = "chunk-65536 not promised
prealloc kept" ] || fail "$output"
	assert_nothing_left
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

@test "list shows methods, file systems, testbeds, scenarios and programs" {
	run alloc-perf list
	assert_status 0
	for word in posix-fallocate mmap chunk-BYTES uring-BYTES ext3-guarded reiserfs nilfs2 auto uml loop qemu dir:PATH vm-image postgresql-wal; do
		assert_output_has "$word"
	done
}

@test "each list can be had alone, and as names" {
	run alloc-perf list testbeds --names
	assert_status 0
	[ "$output" = $'auto\numl[:KERNEL]\nloop\nqemu[:KERNEL]\ndevice:PATH\ndir:PATH' ]
	run alloc-perf list filesystems --names
	[ "${#lines[@]}" = 18 ]
	run alloc-perf list methods --names
	assert_output_has "fallocate-write-zeroes"
	[[ $output != *Testbeds* ]]
}

@test "scenarios and programs are listed with what they stand for" {
	run alloc-perf list scenarios --names
	assert_status 0
	[ "$output" = $'torrent\ndownload\nvm-image\nwal\ndatabase\nlog\ncopy' ]
	run alloc-perf list scenarios
	assert_output_has "pieces of 1 MiB in random order into 8 files at once"
	assert_output_has "methods: none, ftruncate, fallocate, chunk-256K; then: write-rand-1M, read-seq-1M"
	[[ $output != *rtorrent* ]]
	run alloc-perf list programs
	grep -Eq "^  rtorrent +torrent +allocates each file with fallocate\(\)$" <<<"$output" || fail "$output"
	assert_output_has "methods: none, fallocate-step-72K"
	# A name is a scenario or a program, not both.
	[ "$(alloc-perf list --names scenarios programs | sort | uniq -d)" = "" ]
}

@test "several lists can be had at once" {
	run alloc-perf list methods filesystems
	assert_status 0
	assert_output_has "posix-fallocate"
	assert_output_has "ext3-guarded"
	[[ $output != *Testbeds* ]]
	run alloc-perf list testbeds methods --names
	[ "$output" = "$(alloc-perf list --names methods; alloc-perf list --names testbeds)" ]
	run alloc-perf list methods file-systems
	assert_status 2
}

@test "--on applies to file systems, also as names" {
	run alloc-perf list methods --on dir:.
	assert_status 2
	assert_output_has "--on applies to file systems"
	run alloc-perf list filesystems --on dir:.
	assert_status 2
	assert_output_has "the testbed dir creates no file systems"
	grep -qw reiserfs /proc/filesystems && skip "this kernel has reiserfs"
	run alloc-perf list filesystems --names --on loop
	assert_status 0
	[[ $output != *reiserfs* ]] || fail "$output"
	[ "$output" = "$(alloc-perf list filesystems --on loop | sed -n 's/^[* ] \([^ ]*\) *loop .*/\1/p')" ]
}

@test "what is missing is said, with what to install" {
	run as_user alloc-perf list testbeds
	assert_status 0
	assert_output_has "the testbed loop needs root"
	mkdir empty
	run env PATH="$TEST_DIR/bin:$WORK/empty" alloc-perf list testbeds
	command -v linux.uml >/dev/null && [ "$(dirname "$(command -v linux.uml)")" = /usr/sbin ] ||
		assert_output_has "linux.uml is missing; install user-mode-linux"
}

# Of reiserfs and jfs those whose mkfs is here, and which the running kernel has not; not every
# suite has both.
lacked_by_kernel() {
	local name
	for name in reiserfs jfs; do
		PATH=$PATH:/usr/sbin:/sbin command -v "mkfs.$name" >/dev/null || continue
		grep -qw "$name" /proc/filesystems || echo "$name"
	done | paste -sd,
}

@test "what the running kernel lacks is said" {
	local lacked
	lacked=$(lacked_by_kernel)
	[ -n "$lacked" ] || skip "this kernel has what can be formatted here"
	run alloc-perf list filesystems --on loop
	assert_status 0
	grep -Eq "^  not on loop: the running kernel has no ${lacked//,/, }(, .*)?; use --on uml$" <<<"$output" || fail "$output"
}

@test "a reason is told once, with all that it concerns" {
	local lacked
	lacked=$(lacked_by_kernel)
	[ -n "$lacked" ] || skip "this kernel has what can be formatted here"
	run alloc-perf list filesystems
	assert_status 0
	[ "$(grep -c "the running kernel has no" <<<"$output")" = 1 ] || fail "$output"
	grep -Eq "^  not on loop, device: the running kernel has no ${lacked//,/, }(, .*)?; use --on uml$" <<<"$output"
	# A program that is missing concerns all variants, everywhere.
	unshare --mount true 2>/dev/null || lack loop "mount namespaces are not permitted here"
	run unshare --mount --propagation private sh -c 'mount -t tmpfs none /usr/sbin; exec alloc-perf list filesystems'
	assert_output_has "  not on uml, loop, qemu, device: ext4, ext4-nodelalloc, ext4-bigalloc, ext4-no-extents: mkfs.ext4 is missing; install e2fsprogs"
}

# marked SECTION: the names with a "*" before them.
marked() {
	alloc-perf list "$1" | sed -n 's/^\* \([^ ]*\)  .*/\1/p' | paste -sd,
}

@test "what a plain run takes here is marked, and is what it takes" {
	[ "$(marked methods)" = "posix-fallocate,mmap,chunk-BYTES,direct-BYTES,fallocate" ]
	[ "$(marked filesystems)" = "ext2,ext3-ordered,ext4,xfs,btrfs" ]
	alloc-perf run --dry-run >plan 2>/dev/null
	local name
	for name in posix-fallocate mmap chunk-4096 direct-1M fallocate ext2 ext3-ordered ext4 xfs btrfs; do
		grep -qw -- "$name" plan || fail "no $name"
	done
	local testbed
	testbed=$(marked testbeds)
	# Whether a guest in QEMU runs well enough takes booting one.
	[ -n "$testbed" ] || skip "it depends on KVM here"
	grep -q "trials on ${testbed%%[[:]*};" plan || fail "$testbed; $(tail -n 1 plan)"
	[ "$testbed" != loop ] || [ "$(id -u)" = 0 ]
}

@test "wrong words are refused, with the nearest" {
	run alloc-perf list file-systems
	assert_status 2
	assert_output_has 'did you mean "filesystems"?'
	run alloc-perf list moons
	assert_status 2
	assert_output_has 'invalid argument "moons": use methods, filesystems, testbeds, workloads, scenarios, programs or promises'
	run alloc-perf list methods --on uml
	assert_status 2
	assert_output_has "--on applies to file systems; add filesystems"
	run alloc-perf list --on moon
	assert_status 2
	run alloc-perf lsit
	assert_status 2
	assert_output_has 'unknown command "lsit"; did you mean "list"?'
	run alloc-perf
	assert_status 2
}

@test "--version and --help" {
	run alloc-perf --version
	assert_status 0
	[[ $output =~ ^alloc-perf\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	run alloc-perf --help
	assert_status 0
	assert_output_has "Examples:"
	run alloc-perf list --help
	assert_output_has "--names"
}

@test "list: no line is wider than the terminal" {
	require_program script
	script -qec "stty cols 80; alloc-perf list; alloc-perf report --list-measures" out >/dev/null
	[ "$(wc -l <out)" -gt 40 ]
	[ "$(tr -d '\r' <out | grep -v '^Script ' | awk 'length > 80')" = "" ]
	# Elsewhere a sentence is one line, unless COLUMNS says how wide it is.
	[ "$(alloc-perf list | awk 'length > 80' | wc -l)" -gt 0 ]
	[ "$(COLUMNS=80 alloc-perf list | awk 'length > 80')" = "" ]
	[ "$(COLUMNS=nonsense alloc-perf list | awk 'length > 80' | wc -l)" -gt 0 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# alloc-perf run --then: what is done to files after their allocation, in a directory.
load helper

refused() { # SENTENCE ARGUMENT...
	local sentence=$1
	shift
	run alloc-perf run -o result.jsonl "$@"
	assert_status 2
	assert_output_has "$sentence"
	[ ! -e result.jsonl ]
	[ -z "$(leftovers)" ]
}

in_directory() { # ARGUMENT...
	run alloc-perf run --on "dir:$WORK" --runs 1 -o result.jsonl "$@"
	assert_status 0
	[ -z "$(leftovers)" ]
}

trial() { # JQ-EXPRESSION
	jq -r "select(.type == \"trial\") | $1" result.jsonl
}

@test "phases that make no sense are refused" {
	refused 'unknown phase "write-rnd-1M"; did you mean "write-rand-N"?' --then write-rnd-1M
	# shellcheck disable=SC2016 # a backquote is one
	refused 'unknown phase "qqq"; `alloc-perf list workloads` shows them all' --then qqq
	refused 'it needs the bytes of a call, as in write-seq-64K' --then write-seq
	refused 'nothing has been written before; put a phase such as write-seq-1M before it' --then read-seq-1M
	refused 'the file is full after the phases before it' --then write-seq-1M --then append-8K
	refused 'direct I/O needs a multiple of 512 bytes per call' --then write-seq-72-direct
	refused 'direct I/O needs a file size that is a multiple of 512 bytes' --then write-seq-4K-direct -s 1000001
	refused 'a phase that reads has nothing to sync' --then write-seq-4K --then read-seq-4K+fsync
}

@test "numbers of files that make no sense are refused" {
	refused 'invalid number of files "0": use 1 to 1000, or mixed-N for N files of different sizes' --files 0
	refused 'invalid number of files "mixed"' --files mixed
	refused 'invalid number of files "1001"' --writers 1001
	refused 'files of different sizes need a --size of at least 32K' --files mixed-8 -s 16K
	refused '8 files of 64M do not fit on a volume of 256M' --files 8 -s 64M -v 256M
}

@test "each phase is in the record with its calls, bytes and latencies" {
	in_directory -m none -s 1M --then append-8K-x100+fdatasync/10 --then append-4096 \
		--then overwrite-rand-64K-direct --then read-seq-16K
	[ "$(trial .workload)" = "append-8192-x100+fdatasync/10,append-4096,overwrite-rand-65536-direct,read-seq-16384" ]
	[ "$(trial '[.phases[].phase] | join(",")')" = "$(trial .workload)" ]
	[ "$(trial '[.phases[].calls] | join(",")')" = 100,56,16,64 ]
	[ "$(trial '[.phases[].bytes] | join(",")')" = 819200,229376,1048576,1048576 ]
	[ "$(trial '[.phases[].syncs] | join(",")')" = 10,0,0,0 ]
	[ "$(trial .user_bytes)" = $((2 * 1048576)) ]
	[ "$(trial .verified_bytes)" = 1048576 ]
	[ "$(trial .size_bytes)" = 1048576 ]
	# Each call is in the histogram once, between the shortest and the longest.
	[ "$(trial '[.phases[] | .calls == (.latency | [.[range(1; length; 2)]] | add)] | all')" = true ]
	[ "$(trial '[.phases[] | .latency_min_ns >= .latency[0] and .latency_max_ns >= .latency[-2]] | all')" = true ]
	[ "$(trial '[.phases[] | .sync_ns != null] | join(",")')" = true,true,true,false ]
}

@test "a file that is filled in part is read as far as it was written" {
	in_directory -m none,ftruncate -s 1M --then append-8K-x5 --then read-rand-4K --then read-seq-512-direct
	[ "$(trial '[.phases[].calls] | join(",")' | sort -u)" = 5,10,80 ]
	[ "$(trial '[.phases[].bytes] | join(",")' | sort -u)" = 40960,40960,40960 ]
}

@test "what is overwritten is what was written, and the file can grow further" {
	in_directory -m none -s 1M --then append-8K-x5 --then overwrite-rand-4K+fdatasync --then append-8K-x3
	[ "$(trial '[.phases[].calls] | join(",")')" = 5,10,3 ]
	[ "$(trial .size_bytes)" = 65536 ]
	[ "$(trial .verified_bytes)" = 65536 ]
}

@test "a phase for which the phases before it left no block fails the trial" {
	run alloc-perf run --on "dir:$WORK" --runs 1 -m none -s 64K --then append-64-x1 --then read-seq-512-direct -o result.jsonl
	assert_status 1
	[ "$(trial .reason)" = "read-seq-512-direct: the phases before it left it no block to use" ]
	[ "$(trial .stage)" = read-seq-512-direct ]
}

# with_fault RULE ARGUMENT...: of a trial on files in a directory whose calls fail as the rule says.
with_fault() {
	local rule=$1
	shift
	run env LD_PRELOAD="$ALLOC_PERF_BUILD/tests/fake/fake.so" FAKE_CALLS="$rule" \
		ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}" \
		alloc-perf run --on "dir:$WORK" --runs 1 -o result.jsonl "$@"
	assert_status 1
	[ "$(trial .status)" = failed ]
	[ "$(trial .stage)" = verify ]
	assert_output_has "failed in verify: $(trial .reason)"
	[ -z "$(leftovers)" ]
}

@test "a wrong byte fails the trial, which names the file, the byte and the phase" {
	# Of two files with four blocks each, calls 1 to 8 write all, and call 12 the second half of file 2 again.
	with_fault "pwrite@$WORK/*:12:flip" -m fallocate -s 16K --files 2 --then write-seq-4K --then overwrite-seq-8K
	[[ $(trial .reason) =~ ^file\ 2\ has\ 0x[0-9a-f]{2}\ at\ byte\ 8192,\ where\ overwrite-seq-8192\ wrote\ 0x[0-9a-f]{2}$ ]]
}

@test "a write that was lost fails the trial" {
	with_fault "pwrite@$WORK/*:3:lost" -m fallocate -s 64K --then append-4K+fdatasync --then read-seq-4K
	[[ $(trial .reason) =~ ^file\ 1\ has\ 0x00\ at\ byte\ 8192,\ where\ append-4096\+fdatasync\ wrote\ 0x[0-9a-f]{2}$ ]]
}

@test "several files grow in turn, each in steps" {
	in_directory -m fallocate-step-64K,none -s 256K --files 4 --then write-seq-16K
	[ "$(jq -r 'select(.method == "fallocate-step-65536").calls' result.jsonl)" = 16 ]
	[ "$(jq -r 'select(.method == "none").calls' result.jsonl)" = 0 ]
	[ "$(trial '.phases[0].calls' | uniq)" = 64 ]
	[ "$(trial .files | uniq)" = 4 ]
	[ "$(trial .size_bytes | uniq)" = 1048576 ]
	[ "$(trial .verified_bytes | uniq)" = 1048576 ]
	assert_output_has "4 files of 256 KiB, then write-seq-16K"
}

@test "mixed sizes add up, and differ" {
	in_directory -m fallocate -s 256K --files mixed-4 --then write-rand-4K
	[ "$(trial .mixed_sizes)" = 1 ]
	[ "$(trial .size_bytes)" = 1048576 ]
	[ "$(trial .verified_bytes)" = 1048576 ]
	assert_output_has "4 files of different sizes around 256 KiB"
}

@test "files are allocated without a workload as well" {
	in_directory -m fallocate,chunk-64K -s 128K --files 3
	[ "$(trial .size_bytes | uniq)" = 393216 ]
	[ "$(trial .phases | uniq)" = null ]
	[ "$(jq -r 'select(.method == "chunk-65536").calls' result.jsonl)" = 6 ]
}

@test "--dry-run shows what is done to the files" {
	run alloc-perf run -n --on "dir:$WORK" -m none -s 1M --files 2 --then write-seq-64K --then read-seq-64K
	assert_status 0
	assert_output_has "none 2 x 1M, then write-seq-64K, then read-seq-64K in $WORK"
}

@test "the plan keeps files and phases, and --resume continues with them" {
	in_directory -m none,fallocate -s 128K --files 2 --then write-seq-16K --then read-seq-16K
	cp result.jsonl whole.jsonl
	grep -v '"method": "none"' whole.jsonl >result.jsonl
	run alloc-perf run --resume result.jsonl
	assert_status 0
	[ "$(trial .workload | uniq)" = write-seq-16384,read-seq-16384 ]
	[ "$(trial .files | uniq)" = 2 ]
	[ "$(trial .method | sort | tr '\n' ' ')" = "fallocate none " ]
}

@test "a plan file has workloads" {
	printf '%s\n' '[plan]' 'methods = none' 'sizes = 128K' 'files = 2' 'workload = write-seq-16K' \
		'	read-seq-16K' >plan.ini
	in_directory --plan plan.ini
	[ "$(trial .workload)" = write-seq-16384,read-seq-16384 ]
}

@test "results of different workloads are not put together" {
	in_directory -m none,fallocate -s 128K --then write-seq-16K
	mv result.jsonl first.jsonl
	in_directory -m none,fallocate -s 128K --then write-rand-16K
	run alloc-perf report first.jsonl result.jsonl
	assert_status 0
	assert_output_has "then write-seq-16K"
	assert_output_has "then write-rand-16K"
	run alloc-perf diff first.jsonl result.jsonl
	assert_status 0
	assert_output_has "nothing to compare: no cell has a value in both"
	assert_output_has "only in OLD: dir none 128K write-seq-16K, dir fallocate 128K write-seq-16K"
}

@test "list shows the phases, and their names for completion" {
	run alloc-perf list workloads
	assert_status 0
	assert_output_has "overwrite-rand-BYTES"
	run alloc-perf list workloads --names
	assert_status 0
	[ "${lines[0]}" = write-seq-BYTES ]
}

@test "diff, trends and charts compare the whole life of files" {
	alloc-perf run --on "dir:$WORK" -m none,fallocate -s 256K --then write-seq-4K --runs 2 -q -o both.jsonl
	run alloc-perf diff --by method both.jsonl
	assert_output_has "time from the empty file to the last byte on disk"
	assert_output_has "bytes written to the device for each byte of the user"
	[[ $output != *"time until on disk"* ]]
	# So do a trend, and a chart of no measure that was named.
	alloc-perf history add --store h.sqlite both.jsonl
	run alloc-perf history trend --store h.sqlite --fs dir
	assert_status 0
	assert_output_has "dir, time from the empty file to the last byte on disk; "
	run alloc-perf report --script both.jsonl
	assert_output_has "time from the empty file to the last byte on disk"
	run alloc-perf diff --by method --measure written both.jsonl
	[[ $output != *"time from the empty file"* ]]
}

@test "history: allocations and workloads have their own times in one trend" {
	alloc-perf run --on "dir:$WORK" -m fallocate -s 64K -r 1 -q -o plain.jsonl
	alloc-perf run --on "dir:$WORK" -m fallocate -s 64K -r 1 --then write-seq-4K -q -o used.jsonl
	alloc-perf history add --store h.sqlite plain.jsonl used.jsonl
	run alloc-perf history trend --store h.sqlite --fs dir
	assert_output_has "dir, time until on disk; "
	assert_output_has "dir, time from the empty file to the last byte on disk; "
	run alloc-perf history trend --store h.sqlite --fs dir --measure time
	[[ $output != *"from the empty file"* ]]
	require_program gnuplot
	run alloc-perf history trend --store h.sqlite --fs dir --chart
	assert_status 0
	assert_output_has "time until on disk"
	assert_output_has "from the empty file"
	alloc-perf history trend --store h.sqlite --fs dir -o t.svg
	grep -q "from the empty file" t.svg
}

# Four steps that one file system halves the fragments with, and one method without steps.
steps() {
	local step filesystem
	echo '{"type":"environment","schema":1,"testbed":"loop"}'
	for filesystem in ext4 xfs; do
		for step in fallocate-step-65536 fallocate-step-131072 fallocate-step-262144 fallocate-step-524288 none; do
			printf '{"type":"trial","filesystem":"%s","method":"%s","file_bytes":8388608,"volume_bytes":1073741824,"run":1,"testbed":"loop","kernel":"6.1","status":"ok","path":"native","allocate_ns":5000000,"sync_ns":0,"fragments":%d,"addresses_known":1}\n' \
				"$filesystem" "$step" "$([ "$step" = none ] && echo 7 || echo $((8388608 / ${step##*-} / (1 + ${#filesystem} % 2))))"
		done
	done
}

@test "a chart of a parameter's values is a curve" {
	steps >steps.jsonl
	run alloc-perf report --chart fragments --script steps.jsonl
	assert_status 0
	assert_output_has "set xlabel 'fallocate-step-SIZE'"
	assert_output_has $'65536 128 128 128\n131072 64 64 64\n262144 32 32 32\n524288 16 16 16'
	assert_output_has $'65536 64 64 64\n'
	[[ $output != *"with boxes"* ]]
	run alloc-perf report --chart fragments --chart-style bars --script steps.jsonl
	assert_output_has "with boxes"
	grep -v fallocate-step-65536 steps.jsonl | grep -v fallocate-step-131072 >few.jsonl
	run alloc-perf report --chart fragments --chart-style curve --script few.jsonl
	assert_status 2
	assert_output_has "no curve to draw: it takes methods that differ in one parameter, with at least 3 values"
	run alloc-perf report --chart-style curve steps.jsonl
	assert_status 2
	assert_output_has "give --chart MEASURE"
	run alloc-perf report --chart fragments --chart-style lines steps.jsonl
	assert_status 2
	assert_output_has 'invalid value "lines" for --chart-style: use bars or curve'
	require_program gnuplot
	run env LC_ALL=C alloc-perf report --chart fragments steps.jsonl
	assert_status 0
	assert_output_has "fallocate-step-SIZE"
	assert_output_has "xfs, none"
	[ "$(LC_ALL=C grep -c '[^ -~]' <<<"$output")" = 0 ]
	local form
	for form in svg png pdf; do
		alloc-perf report --chart fragments -o curve.$form steps.jsonl
		[ -s curve.$form ]
	done
}

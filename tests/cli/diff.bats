#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# alloc-perf diff: verdicts and exit status, on results written here.

bats_require_minimum_version 1.5.0
load helper

# result FILE: the environment of a result file.
result() {
	echo '{"type":"environment","schema":1,"testbed":"loop"}' >"$1"
}

# add FILE METHOD FRAGMENTS MILLISECONDS...: a trial of 1 MiB on xfs for each time.
add() {
	local file=$1 method=$2 fragments=$3 run=0 ms
	shift 3
	for ms; do
		run=$((run + 1))
		printf '{"type":"trial","filesystem":"xfs","method":"%s","file_bytes":1048576,"volume_bytes":536870912,"run":%d,"testbed":"%s","kernel":"%s","status":"ok","allocate_ns":%d000000,"sync_ns":0,"allocate_written_bytes":1048576,"sync_written_bytes":4096,"fragments":%d,"addresses_known":1}\n' \
			"$method" $run "${TESTBED:-loop}" "${KERNEL:-6.1}" "$ms" "$fragments" >>"$file"
	done
}

fast="100 101 102 103 104 105 106 107"
slow="120 121 122 123 124 125 126 127"

# Two results: mmap slower, fallocate in fewer pieces, chunk-4096 the same.
setup() {
	test_enter
	result old.jsonl
	result new.jsonl
	# shellcheck disable=SC2086 # lists of words
	{
		add old.jsonl mmap 1 $fast
		add new.jsonl mmap 1 $slow
		add old.jsonl fallocate 34 $fast
		add new.jsonl fallocate 2 $fast
		add old.jsonl chunk-4096 1 $fast
		add new.jsonl chunk-4096 1 $fast
	}
}

@test "--help shows options and examples" {
	run alloc-perf diff --help
	assert_status 0
	assert_output_has "--threshold"
	assert_output_has "Examples:"
}

@test "what got slower is worse, and the status is 1" {
	run alloc-perf diff old.jsonl new.jsonl
	assert_status 1
	grep -Eq '^xfs +mmap +1M +104 ms \+-4 % +124 ms \+-3 % +\+19 % +[0-9.]+ +worse$' <<<"$output"
	grep -Eq '^xfs +fallocate +1M +34 +2 +-94 % +[0-9.]+ +better$' <<<"$output"
	grep -Eq '^xfs +chunk-4096 +1M +104 ms \+-4 % +104 ms \+-4 % +0 % +1 +same$' <<<"$output"
	assert_output_has "9 comparisons: 1 worse, 1 better, 7 same"
	assert_output_has "Holm's correction for 4 tests"
}

@test "the other way round it is better, and the status is 1 for the fragments" {
	run alloc-perf diff --measure time new.jsonl old.jsonl
	assert_status 0
	assert_output_has "better"
	run alloc-perf diff --measure fragments new.jsonl old.jsonl
	assert_status 1
}

@test "no difference is a verdict" {
	run alloc-perf diff old.jsonl old.jsonl
	assert_status 0
	assert_output_has "no difference: 9 of 9 comparisons are the same"
	[[ $output != *could\ hide* ]]
	run alloc-perf diff --unclear=fail old.jsonl old.jsonl
	assert_status 0
}

@test "--threshold says what matters" {
	run alloc-perf diff --measure time --threshold 25 old.jsonl new.jsonl
	assert_status 0
	assert_output_has "no difference: 3 of 3"
	run alloc-perf diff --measure time --threshold 15% old.jsonl new.jsonl
	assert_status 1
}

@test "too few runs are unknown, with how many it takes" {
	result few.jsonl
	result fewer.jsonl
	add few.jsonl mmap 1 100 101 102
	add fewer.jsonl mmap 1 200 201 202
	run alloc-perf diff --measure time few.jsonl fewer.jsonl
	assert_status 0
	assert_output_has "unknown"
	assert_output_has "at least 4 per side are needed (--runs 4)"
	add few.jsonl mmap 1 103
	add fewer.jsonl mmap 1 203
	run alloc-perf diff --measure time few.jsonl fewer.jsonl
	assert_status 1
}

@test "noise in which a change could hide is unclear, and a gate can fail of it" {
	result one.jsonl
	add one.jsonl mmap 1 100 120 140 160 180 200 220 240
	run alloc-perf diff --measure time one.jsonl one.jsonl
	assert_status 0
	grep -Eq '^xfs +mmap .* unclear$' <<<"$output"
	assert_output_has "1 comparison: 1 unclear"
	assert_output_has "unclear: too noisy to detect a 5 % change"
	[[ $output != *"no difference"* ]]
	# shellcheck disable=SC2086 # a list of words
	add one.jsonl fallocate 1 $fast
	run alloc-perf diff --measure time one.jsonl one.jsonl
	assert_status 0
	assert_output_has "2 comparisons: 1 same, 1 unclear"
	run alloc-perf diff --unclear=fail --measure time one.jsonl one.jsonl
	assert_status 1
	run alloc-perf diff --unclear fail --format markdown --measure time one.jsonl one.jsonl
	assert_status 1
	assert_output_has "| unclear |"
	run alloc-perf diff --unclear=pass --format json --measure time one.jsonl one.jsonl
	assert_status 0
	[ "$(jq -c .verdicts <<<"$output")" = '{"same":1,"better":0,"worse":0,"unclear":1,"unknown":0}' ]
	[ "$(jq -r '.comparisons[].verdict' <<<"$output")" = $'unclear\nsame' ]
	run alloc-perf diff --unclear=fail --measure time --threshold 60 one.jsonl one.jsonl
	assert_status 0
	run alloc-perf diff --unclear=maybe one.jsonl one.jsonl
	assert_status 2
	assert_output_has 'invalid value "maybe" for --unclear: use pass or fail'
}

@test "with --unclear=fail neither too few runs nor nothing at all pass" {
	result few.jsonl
	add few.jsonl mmap 1 100 101
	run alloc-perf diff --measure time few.jsonl few.jsonl
	assert_status 0
	assert_output_has "1 comparison: 1 unknown"
	run alloc-perf diff --unclear=fail --measure time few.jsonl few.jsonl
	assert_status 1
	result other.jsonl
	add other.jsonl ftruncate 1 100
	run alloc-perf diff --unclear=fail old.jsonl other.jsonl
	assert_status 1
	assert_output_has "nothing to compare"
}

@test "what can no longer be made is worse, and the reason is told" {
	result broken.jsonl
	echo '{"type":"trial","filesystem":"xfs","method":"mmap","file_bytes":1048576,"volume_bytes":536870912,"run":1,"testbed":"loop","kernel":"6.1","status":"failed","stage":"mount","reason":"mount: wrong | superblock"}' >>broken.jsonl
	run alloc-perf diff old.jsonl broken.jsonl
	assert_status 1
	assert_output_has "xfs mmap 1M: worse: cannot be made in NEW (mount: wrong | superblock)"
	assert_output_has "not compared: 2 cells only in OLD and 0 only in NEW"
	run alloc-perf diff broken.jsonl old.jsonl
	assert_status 0
	assert_output_has "better: cannot be made in OLD"
	run alloc-perf diff --format markdown old.jsonl broken.jsonl
	assert_status 1
	assert_output_has 'wrong \| superblock'
}

@test "results of different kernels are compared" {
	result other.jsonl
	# shellcheck disable=SC2086
	KERNEL=6.12 add other.jsonl mmap 1 $slow
	run alloc-perf diff --measure time old.jsonl other.jsonl
	assert_status 1
	assert_output_has "NEW: other.jsonl (loop, Linux 6.12"
}

@test "results of different testbeds do not compare, which is told" {
	result other.jsonl
	# shellcheck disable=SC2086
	TESTBED=uml add other.jsonl mmap 1 $fast
	run alloc-perf diff --measure fragments old.jsonl other.jsonl
	assert_status 0
	assert_output_has "the times of OLD and NEW are not comparable: they were measured on loop and uml"
}

@test "--by testbed: kernels that differ with it are told" {
	result other.jsonl
	# shellcheck disable=SC2086
	TESTBED=uml KERNEL=6.12 add other.jsonl mmap 1 $fast
	run alloc-perf diff --by testbed --only method=mmap --measure fragments old.jsonl other.jsonl
	assert_status 0
	assert_output_has $'\nthe times of loop and uml are not comparable\nloop and uml also differ in: kernel\n'
	# Where both have a testbed, it is matched.
	# shellcheck disable=SC2086
	KERNEL=6.12 add other.jsonl mmap 1 $fast
	run alloc-perf diff --measure fragments old.jsonl other.jsonl
	assert_status 0
	[[ $output != *"not comparable"* ]]
}

@test "a kernel that both sides have is matched; several without a common one are refused" {
	KERNEL=6.12 add new.jsonl mmap 1 100
	run alloc-perf diff old.jsonl new.jsonl
	assert_status 1
	grep -Eq '^xfs +mmap +1M +6.1 +104 ms' <<<"$output"
	assert_output_has "not compared: 0 cells only in OLD and 1 only in NEW"
	assert_output_has "only in NEW: xfs mmap 1M 6.12"
	result other.jsonl
	KERNEL=7.0 add other.jsonl mmap 1 100
	run alloc-perf diff other.jsonl new.jsonl
	assert_status 2
	assert_output_has "NEW (new.jsonl) contains results of more than one kernel (6.1; 6.12), and OLD has none of them (7.0): select one of each by --only kernel=NAME,NAME"
	run alloc-perf diff --only kernel=7.0,6.12 other.jsonl new.jsonl
	assert_status 0
}

# Three kernels in one file, the newest first, as random rounds may have it.
three_kernels() {
	result three.jsonl
	# shellcheck disable=SC2086
	{
		KERNEL=6.12 add three.jsonl mmap 1 $slow
		KERNEL=6.9 add three.jsonl mmap 1 $fast
	}
	head -n 1 three.jsonl >two.jsonl
	grep '"kernel"' three.jsonl >>two.jsonl
	# shellcheck disable=SC2086
	KERNEL=7.0 add three.jsonl mmap 1 $fast
}

@test "one file with two kernels is both sides, in the order of their versions" {
	three_kernels
	run alloc-perf diff two.jsonl
	assert_status 1
	assert_output_has "6.9: two.jsonl (loop, Linux 6.9,"
	assert_output_has "6.12: two.jsonl (loop, Linux 6.12,"
	grep -Eq '^filesystem +method +file +6.9 +6.12 +change +p +verdict$' <<<"$output"
	run alloc-perf diff --by kernel --old 6.12 --measure time two.jsonl
	assert_status 0
	assert_output_has $'6.12: two.jsonl (loop, Linux 6.12, medians of 8 runs)\n6.9: two.jsonl'
	assert_output_has better
	run alloc-perf diff --format json - <two.jsonl
	assert_status 1
	[ "$(jq -r '.old_conditions[].kernel, .new_conditions[].kernel' <<<"$output")" = $'6.9\n6.12' ]
}

@test "of three kernels two have to be chosen" {
	three_kernels
	run alloc-perf diff three.jsonl
	assert_status 2
	assert_output_has "contains results of 3 conditions; select two of them with --old and --new: loop, 6.9; loop, 6.12; loop, 7.0"
	run alloc-perf diff --by kernel three.jsonl --new 7.0
	assert_status 0
	grep -Eq '^filesystem +method +file +6.9 +7.0 ' <<<"$output"
	run alloc-perf diff --by kernel three.jsonl --old 6.9 --new 7.0
	assert_status 0
	assert_output_has "no difference"
	run alloc-perf diff three.jsonl --old "loop, 6.9" --new 6.12
	assert_status 1
	run alloc-perf diff three.jsonl --old 6.9 --new 6.10
	assert_status 2
	assert_output_has 'three.jsonl contains no condition "6.10", only: loop, 6.9; loop, 6.12; loop, 7.0'
	run alloc-perf diff three.jsonl --old loop --new 7.0
	assert_status 2
	assert_output_has '"loop" matches more than one condition; three.jsonl contains: loop, 6.9'
	run alloc-perf diff three.jsonl --old 7.0 --new 7.0
	assert_status 2
	assert_output_has "are the same"
}

@test "one file is no two sides where that is not clear" {
	run alloc-perf diff old.jsonl
	assert_status 2
	assert_output_has "old.jsonl contains results of only one condition (loop, 6.1)"
	run alloc-perf diff --by label old.jsonl
	assert_status 2
	assert_output_has "only one label (no label)"
	result empty.jsonl
	run alloc-perf diff empty.jsonl
	assert_status 2
	assert_output_has "empty.jsonl contains no trial"
	run alloc-perf diff --only method=mmap empty.jsonl old.jsonl
	assert_status 0
	assert_output_has "nothing to compare"
	run alloc-perf diff --only method=mmap empty.jsonl
	assert_status 2
	assert_output_has "empty.jsonl contains no trial"
	run alloc-perf diff --old 6.1 old.jsonl new.jsonl
	assert_status 2
	assert_output_has "--old and --new select parts of a single result file"
	# Two testbeds under one of the kernels.
	three_kernels
	TESTBED=uml KERNEL=6.9 add two.jsonl mmap 1 100
	run alloc-perf diff --by kernel two.jsonl
	assert_status 1
	assert_output_has "only in 6.9: xfs mmap 1M uml"
}

@test "--by compares each other value with the first, in the order of the plan or as given" {
	three_kernels
	run alloc-perf diff --by kernel --measure time three.jsonl
	assert_status 1
	assert_output_has ": 6.12 compared with 6.9"
	assert_output_has ": 7.0 compared with 6.9"
	# One correction for both tests.
	assert_output_has "Holm's correction for 2 tests"
	assert_output_has "2 comparisons: 1 worse, 1 same"
	run alloc-perf diff --by kernel=7.0,6.9 --measure time three.jsonl
	assert_status 0
	grep -Eq '^filesystem +method +file +7.0 +6.9 ' <<<"$output"
	run alloc-perf diff --by kernel=7.0 --measure time three.jsonl
	assert_status 1
	assert_output_has ": 6.9 compared with 7.0"
	assert_output_has ": 6.12 compared with 7.0"
	run --separate-stderr alloc-perf diff --by kernel -f json --measure time three.jsonl
	assert_status 1
	[ "$(jq -c '.by, [.sides[].name], [.comparisons[] | .old_name, .new_name, .verdict]' <<<"$output")" = \
		$'["kernel"]\n["6.9","6.12","7.0"]\n["6.9","6.12","worse","6.9","7.0","same"]' ]
	[ "$(jq -c '[.old, .sides[0].file, (.sides[0].conditions | length)]' <<<"$output")" = '[null,"three.jsonl",1]' ]
}

@test "--by filesystem: cells that differ in nothing else" {
	result fs.jsonl
	# shellcheck disable=SC2086
	{
		add fs.jsonl mmap 1 $fast
		add fs.jsonl fallocate 1 $fast
	}
	sed 's/"xfs"/"ext4"/; /"mmap"/s/_ns":10/_ns":12/; s/,"method":"fallocate"/,"method":"chunk-4096"/' fs.jsonl | tail -n +2 >rest
	cat rest >>fs.jsonl
	run alloc-perf diff --by filesystem --measure time fs.jsonl
	assert_status 1
	grep -Eq '^method +file +xfs +ext4 +change +p +verdict$' <<<"$output"
	grep -Eq '^mmap +1M +104 ms \+-4 % +124 ms \+-3 % +\+19 % +[0-9.]+ +worse$' <<<"$output"
	assert_output_has "xfs, ext4: fs.jsonl (loop, Linux 6.1, medians of 8 runs)"
	assert_output_has "not compared: 1 cell only in xfs and 1 only in ext4"
	assert_output_has "only in xfs: fallocate 1M"
	assert_output_has "only in ext4: chunk-4096 1M"
	run alloc-perf diff --by filesystem=ext4,xfs --measure time fs.jsonl
	assert_status 0
	run alloc-perf diff --by filesystem -f markdown --measure time fs.jsonl
	assert_output_has '| method | file | xfs | ext4 | change |'
	assert_output_has '- only in xfs: fallocate 1M'
	run alloc-perf diff --by filesystem -f json --measure time fs.jsonl
	[ "$(jq -c '[.sides[1].only_baseline[0].method, .sides[1].only_here[0].method, .only_old, .new]' <<<"$output")" = \
		'["fallocate","chunk-4096",1,"fs.jsonl"]' ]
	run alloc-perf diff --by filesystem -f csv --measure time fs.jsonl
	assert_status 1
	[ "${lines[0]%%,filesystem*}" = old_name,new_name ]
	[[ ${lines[1]} == xfs,ext4,xfs,,,mmap,1M,512M,,,loop,,,6.1,,,time,seconds,0.1035,*,8,0.1235,*,worse, ]]
	[ "${#lines[@]}" = 2 ]
	run alloc-perf diff --by filesystem=ext4,xsf fs.jsonl
	assert_status 2
	assert_output_has 'fs.jsonl contains no filesystem "xsf"; did you mean "xfs"? All: xfs; ext4'
	run alloc-perf diff --by filesystem=ext4,ext4 fs.jsonl
	assert_status 2
	assert_output_has 'filesystem "ext4" is given twice'
}

@test "--by method and size, with --only" {
	result sizes.jsonl
	# shellcheck disable=SC2086
	{
		add sizes.jsonl direct-1048576 1 $fast
		add sizes.jsonl mmap 1 $slow
	}
	sed 's/"file_bytes":1048576,"volume_bytes":536870912/"file_bytes":2097152,"volume_bytes":1073741824/' sizes.jsonl |
		tail -n +2 >rest
	cat rest >>sizes.jsonl
	run alloc-perf diff --by method=mmap,direct-1024K --measure time sizes.jsonl
	assert_status 0
	grep -Eq '^filesystem +file +volume +mmap +direct-1M ' <<<"$output"
	grep -Eq '^xfs +2M +1G +124 ms .* better$' <<<"$output"
	run alloc-perf diff --by size=2048K,1m --only method=mmap --measure time sizes.jsonl
	assert_status 0
	assert_output_has "2M and 1M also differ in: volume"
	grep -Eq '^filesystem +method +2M +1M ' <<<"$output"
	assert_output_has "1 of 1 comparisons"
	run alloc-perf diff --by size --only method=mmapp sizes.jsonl
	assert_status 2
	assert_output_has 'contains no method "mmapp"; did you mean "mmap"?'
	run alloc-perf diff --by size --only method=mmap --only size=1M sizes.jsonl
	assert_status 2
	assert_output_has "sizes.jsonl contains results of only one size (1M)"
	run alloc-perf diff --by size --only method= sizes.jsonl
	assert_status 2
	assert_output_has "--only method= needs a value"
	run alloc-perf diff --by size= sizes.jsonl
	assert_status 2
	assert_output_has '--by size= has no value'
	run alloc-perf diff --by size=1M,2M --old 1M sizes.jsonl
	assert_status 2
	assert_output_has "omit --old and --new"
}

@test "--by mount-options and mkfs-options: the same file system with the same other options" {
	local name mount mkfs
	result options.jsonl
	# As run --mount-options and --mkfs-options name them.
	while read -r name mount mkfs; do
		add options.jsonl mmap 1 100 101 102 103
		sed -i "s/\"filesystem\":\"xfs\"/\"filesystem\":\"$name\",\"base_filesystem\":\"${name%%+*}\",\"added_mount_options\":$mount,\"added_mkfs_options\":$mkfs/" options.jsonl
	done <<-'EOF'
		ext4 null null
		ext4+noatime+lazytime "noatime,lazytime" null
		ext4+-b1024 null "-b 1024"
		ext4+noatime+lazytime+-b1024 "noatime,lazytime" "-b 1024"
		btrfs null null
		btrfs+noatime "noatime" null
	EOF
	run alloc-perf diff --by mount-options --measure fragments options.jsonl
	assert_status 0
	grep -Eq '^filesystem +mkfs +method +file +default +noatime,lazytime ' <<<"$output"
	grep -Eq '^ext4 +-b 1024 +mmap +1M ' <<<"$output"
	assert_output_has ": noatime compared with default"
	grep -Eq '^btrfs +default +mmap +1M ' <<<"$output"
	run alloc-perf diff --by mount-options=noatime,lazytime,default --only filesystem=ext4,ext4+noatime+lazytime --measure fragments options.jsonl
	assert_status 0
	grep -Eq '^filesystem +method +file +noatime,lazytime +default ' <<<"$output"
	run alloc-perf diff --by mkfs-options --measure fragments options.jsonl
	assert_status 0
	grep -Eq '^ext4 +noatime,lazytime +mmap +1M ' <<<"$output"
	assert_output_has "only in default: btrfs default mmap 1M, btrfs noatime mmap 1M"
	run alloc-perf diff --by mount-options=default,noatme options.jsonl
	assert_status 2
	assert_output_has 'contains no mount-options "noatme"; did you mean "noatime"? All: default; noatime,lazytime; noatime'
	# Of a version that could not add any: as the kernel reported them.
	sed -i 's/"base_filesystem":"[a-z0-9]*",/"filesystem_type":"ext4","mount_options":"rw",/; s/"added_mount_options":"/"added_mount_options":"rw,/' options.jsonl
	run alloc-perf diff --by mount-options options.jsonl
	assert_status 2
	assert_output_has "contains results of only one mount-options (rw)"
}

@test "--by label compares files by what they were labelled" {
	local name
	for name in before "after, tuned" later; do
		result "$name.jsonl"
		# shellcheck disable=SC2086
		add "$name.jsonl" mmap 1 $fast
		sed -i "s/\"kernel\":\"6.1\"/\"kernel\":\"6.1\",\"label\":\"$name\"/" "$name.jsonl"
	done
	run alloc-perf diff --by label=before,after,\ tuned --measure time before.jsonl after*.jsonl later.jsonl
	assert_status 0
	grep -Eq '^filesystem +method +file +before +after, tuned ' <<<"$output"
	assert_output_has 'before: before.jsonl (loop, Linux 6.1, "before", medians of 8 runs)'
	# Labels of two files head their columns without --by.
	run alloc-perf diff --measure time before.jsonl later.jsonl
	assert_status 0
	grep -Eq '^filesystem +method +file +before +later ' <<<"$output"
	run alloc-perf diff --measure time before.jsonl later.jsonl after*.jsonl
	assert_status 2
	assert_output_has 'without --by, diff takes one or two result files'
}

@test "every key of --by is in the manual" {
	local key
	run alloc-perf diff --by colour old.jsonl
	output=${output##*: use }
	for key in $(tr -d , <<<"${output/ or / }"); do
		grep -Fq "*$key*" "$ALLOC_PERF_SOURCE/man/alloc-perf-diff.1.scd" || fail "$key"
		grep -Fq "\`$key\`" "$ALLOC_PERF_SOURCE/doc/reading-results.md" || fail "$key"
	done
	[ "$key" = date ]
}

@test "unknown keys of --by are refused with the nearest" {
	run alloc-perf diff --by filesystme old.jsonl
	assert_status 2
	assert_output_has 'invalid value "filesystme" for --by; did you mean "filesystem"?'
	run alloc-perf diff --by colour old.jsonl
	assert_status 2
	assert_output_has 'invalid value "colour" for --by: use filesystem, mkfs-options, mount-options, method'
	run alloc-perf diff --only colour=red old.jsonl
	assert_status 2
	assert_output_has 'invalid value "colour" for --only: use filesystem, mkfs-options'
	# As an option of `run` has it.
	local pair
	for pair in fs:filesystem mkfs:mkfs-options mount:mount-options on:testbed then:workload; do
		run alloc-perf diff --by "${pair%:*}" old.jsonl
		assert_status 2
		assert_output_has "invalid value \"${pair%:*}\" for --by; did you mean \"${pair#*:}\"?"
	done
	run alloc-perf diff --only fs=ext4 old.jsonl
	assert_output_has 'invalid value "fs" for --only; did you mean "filesystem"?'
}

@test "labels of one kernel are told apart by their names" {
	result one.jsonl
	# shellcheck disable=SC2086
	{
		add one.jsonl mmap 1 $fast
		add one.jsonl mmap 1 $slow
	}
	# The second half of the trials.
	sed -i '10,$s/"kernel":"6.1"/"kernel":"6.1","label":"patched"/; 2,9s/"kernel":"6.1"/"kernel":"6.1","label":"plain"/' one.jsonl
	run alloc-perf diff --measure time one.jsonl
	assert_status 1
	assert_output_has 'plain: one.jsonl (loop, Linux 6.1, "plain",'
	run alloc-perf diff --measure time --old patched one.jsonl
	assert_status 0
}

@test "nothing in common is said" {
	result other.jsonl
	add other.jsonl ftruncate 1 100
	run alloc-perf diff old.jsonl other.jsonl
	assert_status 0
	assert_output_has "nothing to compare: no cell has a value in both"
	assert_output_has "3 cells only in OLD and 1 only in NEW"
	assert_output_has "only in OLD: xfs mmap 1M, xfs fallocate 1M, xfs chunk-4096 1M"
	assert_output_has "only in NEW: xfs ftruncate 1M"
}

@test "--format markdown is a table for a patch's description" {
	run alloc-perf diff --format markdown old.jsonl new.jsonl
	assert_status 1
	assert_output_has "9 comparisons: 1 worse, 1 better, 7 same"
	assert_output_has "| xfs | mmap | 1M | 104 ms +-4 % | 124 ms +-3 % | +19 % |"
	grep -q '^| --- | --- |' <<<"$output"
}

@test "--format json holds the verdicts" {
	require_program python3
	run --separate-stderr alloc-perf diff --format json old.jsonl new.jsonl
	assert_status 1
	python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["schema"] == 1 and d["kind"] == "diff"
assert d["verdicts"] == {"same": 7, "better": 1, "worse": 1, "unclear": 0, "unknown": 0}
row = [c for c in d["comparisons"] if c["method"] == "mmap" and c["measure"] == "time"][0]
assert row["verdict"] == "worse" and row["old"]["count"] == 8 and row["unit"] == "seconds"
assert abs(row["old"]["median"] - 0.1035) < 1e-9 and abs(row["change"] - 20 / 103.5) < 1e-9
# All of one below all of the other: 2 of 12870 divisions.
assert abs(row["p"] - 2 / 12870) < 1e-12
' <<<"$output"
}

@test "-o writes to a file, and - reads standard input" {
	run alloc-perf diff -o diff.txt old.jsonl new.jsonl
	assert_status 1
	[ -z "$output" ]
	grep -q worse diff.txt
	run alloc-perf diff - new.jsonl <old.jsonl
	assert_status 1
	run alloc-perf diff -o missing/diff.txt old.jsonl new.jsonl
	assert_status 2
	assert_output_has "cannot write missing/diff.txt"
}

@test "wrong usage is told in a sentence" {
	run alloc-perf diff
	assert_status 2
	assert_output_has "give two result files, OLD and NEW, or one that contains both"
	run alloc-perf diff old.jsonl new.jsonl old.jsonl
	assert_status 2
	assert_output_has 'unexpected argument "old.jsonl"'
	run alloc-perf diff - -
	assert_status 2
	assert_output_has "only one of the files can be standard input"
	run alloc-perf diff --format jsn old.jsonl new.jsonl
	assert_status 2
	assert_output_has 'invalid value "jsn" for --format; did you mean "json"?'
	run alloc-perf diff --measure tme old.jsonl new.jsonl
	assert_status 2
	assert_output_has 'invalid value "tme" for --measure; did you mean "time"?'
	for wrong in x -1 5x nan; do
		run alloc-perf diff --threshold=$wrong old.jsonl new.jsonl
		assert_status 2
		assert_output_has "invalid percentage \"$wrong\" for --threshold: use 0 to 1000"
	done
}

@test "what is no result file is refused, by its name" {
	run alloc-perf diff missing.jsonl new.jsonl
	assert_status 2
	assert_output_has "cannot read missing.jsonl: No such file or directory"
	echo nonsense >other.jsonl
	run alloc-perf diff old.jsonl other.jsonl
	assert_status 2
	assert_output_has "other.jsonl is not a result file"
	printf '{"type":"trial","cut' >>new.jsonl
	run alloc-perf diff old.jsonl new.jsonl
	assert_status 1
	assert_output_has "the last line of new.jsonl is incomplete"
}

@test "two real results of the same thing" {
	for name in one two; do
		alloc-perf run --on "dir:$WORK" -m ftruncate -s 1M --runs 6 -o $name.jsonl -q
	done
	run alloc-perf diff --measure extents,unwritten one.jsonl two.jsonl
	assert_status 0
	assert_output_has "no difference"
}

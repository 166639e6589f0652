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
	assert_output_has "OLD was measured on loop and NEW on uml: their times are not comparable"
}

@test "a side with several kernels is refused" {
	KERNEL=6.12 add new.jsonl mmap 1 100
	run alloc-perf diff old.jsonl new.jsonl
	assert_status 2
	assert_output_has "NEW, new.jsonl, contains results of several testbeds, kernels or labels (loop, 6.1; loop, 6.12)"
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
	assert_output_has "OLD: two.jsonl (loop, Linux 6.9,"
	assert_output_has "NEW: two.jsonl (loop, Linux 6.12,"
	run alloc-perf diff --by kernel --old 6.12 --measure time two.jsonl
	assert_status 0
	assert_output_has "NEW: two.jsonl (loop, Linux 6.9,"
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
	assert_status 2
	assert_output_has "3 kernels"
	run alloc-perf diff --by kernel three.jsonl --old 6.9 --new 7.0
	assert_status 0
	assert_output_has "no difference"
	run alloc-perf diff three.jsonl --old "loop, 6.9" --new 6.12
	assert_status 1
	run alloc-perf diff three.jsonl --old 6.9 --new 6.10
	assert_status 2
	assert_output_has 'contains no condition "6.10"; it contains: loop, 6.9; loop, 6.12; loop, 7.0'
	run alloc-perf diff three.jsonl --old loop --new 7.0
	assert_status 2
	assert_output_has '"loop" matches more than one condition'
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
	assert_output_has "only one label (none)"
	result empty.jsonl
	run alloc-perf diff empty.jsonl
	assert_status 2
	assert_output_has "empty.jsonl contains no trial"
	run alloc-perf diff --by kernel old.jsonl new.jsonl
	assert_status 2
	assert_output_has "select parts of a single result file"
	run alloc-perf diff --by method old.jsonl
	assert_status 2
	assert_output_has 'invalid value "method" for --by: use testbed, accelerator, throttle, kernel or label'
	# Two testbeds under one of the kernels.
	three_kernels
	TESTBED=uml KERNEL=6.9 add two.jsonl mmap 1 100
	run alloc-perf diff --by kernel two.jsonl
	assert_status 2
	assert_output_has "OLD, two.jsonl, contains results of several testbeds"
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
	assert_output_has 'OLD: one.jsonl (loop, Linux 6.1, "plain",'
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
	assert_output_has "only one of OLD and NEW"
	run alloc-perf diff --format jsn old.jsonl new.jsonl
	assert_status 2
	assert_output_has 'unknown format "jsn"; did you mean "json"?'
	run alloc-perf diff --measure tme old.jsonl new.jsonl
	assert_status 2
	assert_output_has 'unknown measure "tme"; did you mean "time"?'
	for wrong in x -1 5x nan; do
		run alloc-perf diff --threshold=$wrong old.jsonl new.jsonl
		assert_status 2
		assert_output_has "invalid threshold \"$wrong\""
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

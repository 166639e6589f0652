#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# alloc-perf history: what it takes and refuses, and how a figure went.
load helper

setup() {
	test_enter
	export XDG_DATA_HOME=$WORK/data
}

# results KERNEL SECONDS [LABEL]: a result file with two methods on ext4, on standard output.
results() {
	local kernel=$1 seconds=$2 label=null method day=${1##*.}
	[ -z "${3:-}" ] || label="\"$3\""
	printf '{"type":"environment","schema":1,"started":"2009-04-%02dT00:00:00Z","testbed":"uml","kernel":"%s","label":%s}\n' \
		"$day" "$kernel" "$label"
	for method in fallocate mmap; do
		printf '{"type":"trial","filesystem":"ext4","method":"%s","file_bytes":4294967296,"run":1,' $method
		printf '"testbed":"uml","kernel":"%s","label":%s,"started":"2009-04-%02dT00:00:01Z","status":"ok",' \
			"$kernel" "$label" "$day"
		printf '"allocate_ns":%s000000000,"sync_ns":0,"fragments":%s}\n' "$seconds" "$seconds"
	done
}

some_history() {
	# In another order than that of their versions.
	results 2.6.29 80 >one.jsonl
	results 2.6.9 40 >two.jsonl
	results 2.6.30 88 >three.jsonl
	alloc-perf history add one.jsonl two.jsonl three.jsonl
}

@test "history: a file is added once" {
	results 2.6.29 80 >one.jsonl
	run alloc-perf history add one.jsonl
	assert_status 0
	[ "$output" = "1 run and 2 trials added" ]
	run alloc-perf history add one.jsonl
	assert_status 0
	[ "$output" = "0 runs and 0 trials added; 2 trials were already stored" ]
	[ -f data/alloc-perf/history.sqlite ]
}

@test "history: what dir: measured can be added and shown, with its layout" {
	alloc-perf run --on "dir:$WORK" -m fallocate -s 1M -q -o result.jsonl
	alloc-perf history add --store own.sqlite - <result.jsonl
	[ ! -e data ]
	run alloc-perf history show --store own.sqlite 1
	assert_status 0
	assert_output_has "time until on disk"
	run alloc-perf history show --store own.sqlite 1 --format html
	assert_status 0
	assert_output_has '"layout":{"words":"1 fragment, from '
}

@test "history: list tells what it holds" {
	some_history
	run alloc-perf history list
	assert_status 0
	[ "${#lines[@]}" = 4 ]
	[[ ${lines[0]} == *id*started*kernel*trials* ]]
	[[ ${lines[2]} == *" 2  2009-04-09T00:00:00Z "*" uml "*" 2.6.9 "*" 2" ]]
	for line in "${lines[@]}"; do
		[ "${#line}" -le 80 ] || fail "$line"
	done
}

@test "history: kernels stand in the order of their versions, with the change" {
	some_history
	run alloc-perf history trend --fs ext4 --method fallocate
	assert_status 0
	[ "$output" = "ext4, time until on disk; 4 GiB file; uml, one run

fallocate
kernel  runs  figure
2.6.9      1  40 s
2.6.29     1  80 s  +100 %
2.6.30     1  88 s  +10 %" ]
}

@test "history: by date, of all methods, of another measure" {
	some_history
	run alloc-perf history trend --fs ext4 --by date --measure fragments
	assert_status 0
	assert_output_has $'fallocate\ndate        runs  figure\n2009-04-09     1  40\n2009-04-29     1  80  +100 %'
	assert_output_has $'mmap\ndate '
}

@test "history: labels are lines, or conditions of their own" {
	results 2.6.29 80 plain >one.jsonl
	results 2.6.30 60 "desktop on" >two.jsonl
	alloc-perf history add one.jsonl two.jsonl
	run alloc-perf history trend --fs ext4 -m mmap --by date
	assert_output_has '4 GiB file; uml, "plain"'
	assert_output_has '4 GiB file; uml, "desktop on"'
	results 2.6.29 20 "2" | sed 's/-29T/-30T/' >three.jsonl
	alloc-perf history add three.jsonl
	run alloc-perf history trend --fs ext4 -m mmap --by label
	assert_output_has $'plain, 2.6.29          1  80 s\ndesktop on, 2.6.30     1  60 s  -25 %\n2, 2.6.29              1  20 s  -67 %'
}

# Two kernels in one run, as `run --kernel A --kernel B` writes them: a label for each.
two_kernels() { # LABEL LABEL
	results 2.6.29 80 "$1" >two.jsonl
	results 2.6.30 60 "$2" | sed 's/T00:00:01/T00:00:02/; s/2.6.30-30T/2.6.29-29T/; s/04-30T/04-29T/' | tail -n +2 >>two.jsonl
	alloc-perf history add two.jsonl
}

@test "history: two kernels in one run are told apart" {
	two_kernels 2.6.29 2.6.30
	run alloc-perf history list
	[[ ${lines[1]} == *" 2 kernels "*" 4 "* ]]
	run alloc-perf history trend --fs ext4 -m mmap
	[ "$output" = "ext4, time until on disk; 4 GiB file; uml, one run

mmap
kernel  runs  figure
2.6.29     1  80 s
2.6.30     1  60 s  -25 %" ]
	run alloc-perf history trend --fs ext4 -m mmap --by date
	assert_output_has $'2009-04-29, 2.6.29     1  80 s\n2009-04-29, 2.6.30     1  60 s  -25 %'
	run alloc-perf history show 1
	assert_output_has "uml, Linux 2.6.29"
	assert_output_has "uml, Linux 2.6.30"
}

@test "history: labels of two kernels are lines of one trend" {
	two_kernels plain patched
	run alloc-perf history trend --fs ext4 -m mmap --by label
	assert_output_has $'plain, 2.6.29       1  80 s\npatched, 2.6.30     1  60 s  -25 %'
	# Of one label under several kernels there is a trend for each.
	results 2.6.30 20 plain >three.jsonl
	alloc-perf history add three.jsonl
	run alloc-perf history trend --fs ext4 -m mmap --by label
	assert_output_has "4 GiB file; uml, Linux 2.6.29"
	assert_output_has "4 GiB file; uml, Linux 2.6.30"
}

@test "history: the order of a trend is not that of a plan" {
	local kernel
	for kernel in 2.6.9:1 2.6.10:0; do
		results "${kernel%:*}" 10 | sed "s/\"run\":1/\"run\":1,\"place\":${kernel#*:}/" >one.jsonl
		alloc-perf history add one.jsonl
	done
	run alloc-perf history trend --fs ext4 -m mmap
	assert_output_has $'2.6.9      1  10 s\n2.6.10     1  10 s'
}

@test "history: a trend can be narrowed" {
	some_history
	run alloc-perf history trend --fs ext4 --size 4G --on uml
	assert_status 0
	run alloc-perf history trend --fs ext4 --size 1G
	assert_status 1
	assert_output_has "the history contains no such trial on ext4; check --method, --on and --size"
	run alloc-perf history trend --fs ext4 --on loop
	assert_status 1
	run alloc-perf history trend --fs etx4
	assert_status 1
}

@test "history: a trend is drawn, to a file and on the terminal" {
	require_program gnuplot
	some_history
	alloc-perf history trend --fs ext4 -o trend.svg
	grep -q 'ext4, time until on disk' trend.svg
	grep -q '2\.6\.29' trend.svg
	alloc-perf history trend --fs ext4 -m mmap -o trend.png
	run alloc-perf history trend --fs ext4 --chart
	assert_status 0
	assert_output_has "2.6.30"
	run alloc-perf history trend --fs ext4 -o "$WORK/nowhere/trend.svg"
	assert_status 2
	assert_output_has "cannot write $WORK/nowhere/trend.svg: No such file or directory"
}

@test "history: without gnuplot a chart is refused, and a table is not" {
	some_history
	mkdir empty
	run env PATH="$TEST_DIR/bin:$WORK/empty" alloc-perf history trend --fs ext4
	assert_status 0
	[ -x /usr/sbin/gnuplot ] || [ -x /sbin/gnuplot ] && skip "gnuplot is where PATH does not matter"
	run env PATH="$TEST_DIR/bin:$WORK/empty" alloc-perf history trend --fs ext4 -o x.svg
	assert_status 3
	assert_output_has "install the package gnuplot"
	[ ! -e x.svg ]
}

@test "history: foreign text cannot move the cursor" {
	results 2.6.29 80 'a\u001b[31mb' >one.jsonl
	alloc-perf history add one.jsonl
	run alloc-perf history list
	assert_output_has "a [31mb"
	run alloc-perf history trend --fs ext4 --by label
	assert_output_has "a [31mb"
}

# ---- wrong usage, wrong files ----

refused() { # STATUS SENTENCE ARGUMENT...
	local wanted=$1 sentence=$2
	shift 2
	run alloc-perf history "$@"
	assert_status "$wanted"
	assert_output_has "$sentence"
}

@test "history: wrong usage gets a sentence" {
	# shellcheck disable=SC2016 # backquotes in a message
	refused 2 'no command given; `alloc-perf history --help` lists them'
	refused 2 'did you mean "trend"?' trned
	# shellcheck disable=SC2016 # backquotes in a message
	refused 2 'unknown history command "xyzzyx"; `alloc-perf history --help` lists them' xyzzyx
	refused 2 "no result file given" add
	refused 2 "takes none" list x
	refused 2 "give one ID" show
	refused 2 'invalid ID "x"' show x
	refused 2 'invalid ID "0"' show 0
	refused 2 'invalid ID "99999999999999999999"' show 99999999999999999999
	refused 2 'invalid value "tabel" for --format; did you mean "table"?' show 1 --format tabel
	refused 2 "give a file system with --fs NAME" trend
	refused 2 "takes none" trend --fs ext4 x
	refused 2 'did you mean "fragments"?' trend --fs ext4 --measure fragmenst
	refused 2 "use kernel, label or date" trend --fs ext4 --by day
	refused 2 'invalid size "4KB" for --size' trend --fs ext4 --size 4KB
	refused 2 "must end in .svg, .png or .pdf" trend --fs ext4 -o trend.txt
	refused 2 "use only one" trend --fs ext4 --chart -o trend.svg
	[ ! -e data ]
}

@test "history: there is none yet" {
	refused 1 "the history $WORK/data/alloc-perf/history.sqlite does not exist" list
	refused 1 "create it with" show 1
	refused 1 "create it with" trend --fs ext4
	[ ! -e data ]
	some_history
	# shellcheck disable=SC2016 # backquotes in a message
	refused 1 'contains no run 7; `alloc-perf history list` shows the stored runs' show 7
}

@test "history: a bad result file adds nothing, not even the good ones beside it" {
	results 2.6.29 80 >one.jsonl
	echo "no result" >bad.jsonl
	refused 2 "bad.jsonl is not a result file" add one.jsonl bad.jsonl
	refused 2 "cannot read missing.jsonl" add one.jsonl missing.jsonl
	[ ! -e data ]
}

@test "history: the torn end of a killed run is left out, with a word" {
	results 2.6.29 80 | head -c -9 >torn.jsonl
	run alloc-perf history add torn.jsonl
	assert_status 0
	assert_output_has "the last line of torn.jsonl is incomplete"
	assert_output_has "1 run and 1 trial added"
	results 2.6.29 80 >torn.jsonl
	run alloc-perf history add torn.jsonl
	assert_output_has "0 runs and 1 trial added; 1 trial was already stored"
}

@test "history: what is no store is left as it is" {
	results 2.6.29 80 >one.jsonl
	cp one.jsonl store
	refused 2 "store is not a history of alloc-perf; choose another file with --store" add --store store one.jsonl
	cmp one.jsonl store
	refused 2 "not a history of alloc-perf" list --store store
	refused 2 "Is a directory" list --store .
	refused 2 "cannot open" list --store /dev/null
}

@test "history: a damaged store is left as it is" {
	some_history
	local store=data/alloc-perf/history.sqlite
	dd if=/dev/urandom of=$store bs=4096 seek=2 count=4 conv=notrunc status=none
	cp $store before
	refused 2 "is damaged" add one.jsonl
	cmp before $store
}

@test "history: two processes add at once" {
	local day pids=()
	for day in 1 2 3 4 5 6; do
		results "2.6.$day" $day >"$day.jsonl"
		alloc-perf history add "$day.jsonl" &
		pids+=($!)
	done
	for day in "${pids[@]}"; do
		wait "$day"
	done
	run alloc-perf history list
	[ "${#lines[@]}" = 7 ]
}

@test "history: a pipe that is closed early is no failure" {
	some_history
	run bash -c "set -o pipefail; alloc-perf history list | head -n 1"
	assert_status 0
}

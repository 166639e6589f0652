#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# alloc-perf report: forms of output, on results written here.

bats_require_minimum_version 1.5.0
load helper

# trial FILESYSTEM METHOD SECONDS FRAGMENTS [KERNEL]
trial() {
	printf '{"type":"trial","filesystem":"%s","method":"%s","file_bytes":4294967296,"volume_bytes":21474836480,"run":1,"testbed":"loop","kernel":"%s","status":"ok","allocate_ns":%d000000000,"sync_ns":0,"fragments":%d,"addresses_known":1}\n' \
		"$1" "$2" "${5:-6.1}" "$3" "$4"
}

setup() {
	test_enter
	{
		echo '{"type":"environment","schema":1,"testbed":"loop","testbed_note":"A | note."}'
		trial ext2 mmap 15 4
		trial ext2 chunk-4096 10 2
		trial zfs mmap 7 1
		trial ext2 direct-1048576 5 1
		echo '{"type":"trial","filesystem":"xfs","method":"mmap","file_bytes":4294967296,"volume_bytes":21474836480,"run":1,"testbed":"loop","kernel":"6.1","status":"failed","stage":"mount","reason":"mount: <bad>"}'
	} >result.jsonl
}

@test "--format markdown is the table with its footnotes" {
	run alloc-perf report --format markdown --measure time result.jsonl
	assert_status 0
	assert_output_has '| filesystem | mmap | chunk-4096 | direct-1M |'
	assert_output_has '| --- | ---: | ---: | ---: |'
	assert_output_has '| ext2 | 15 s (one run) | 10 s (one run) | 5 s (one run) |'
	assert_output_has '- A \| note.'
	assert_output_has 'failed in mount: mount: \<bad\>'
	[ "$(grep -c '^|' <<<"$output")" = 5 ]
}

@test "one table has time, bytes and fragments, and the last line is the command for a patch" {
	run alloc-perf report result.jsonl
	assert_status 0
	[ "$(grep -A6 '^time until on disk; ' <<<"$output")" = "$(
		cat <<-END
			time until on disk; bytes written to the device; fragments of the file
			filesystem  method        time             written  fragments
			ext2        mmap          15 s  (one run)      n/a          4
			ext2        chunk-4096    10 s  (one run)      n/a          2
			ext2        direct-1M      5 s  (one run)      n/a          1
			zfs         mmap           7 s  (one run)      n/a          1
			xfs         mmap        failed  [1]              -          -
		END
	)" ] || fail "$output"
	[ "$(grep -c 'maximal runs' <<<"$output")" = 0 ]
	[ "${lines[-1]}" = "for a patch's description: $(command -v alloc-perf) report --format markdown result.jsonl" ] ||
		[ "${lines[-1]}" = "for a patch's description: alloc-perf report --format markdown result.jsonl" ]
	local form
	cp result.jsonl "it's.jsonl"
	run alloc-perf report result.jsonl "it's.jsonl"
	run bash -c "${lines[-1]#*: }"
	assert_status 0
	assert_output_has '| ext2 | mmap |'
	# Not where it cannot be right, or is in the way.
	for form in "--measure time" "--format markdown" "--format csv"; do
		# shellcheck disable=SC2086 # an option and its value
		run alloc-perf report $form result.jsonl
		[[ $output != *"for a patch"* ]] || fail "$form: $output"
	done
	run alloc-perf report - <result.jsonl
	[[ $output != *"for a patch"* ]]
	alloc-perf report -o table.txt result.jsonl
	[ "$(grep -c 'for a patch' table.txt)" = 0 ]
}

@test "the summary of the JSON names every method by its key" {
	sed 's/"method":"direct-1048576"/&,"path":"sparse"/' result.jsonl >sparse.jsonl
	run alloc-perf report --format json sparse.jsonl
	[ "$(jq -c '.conditions[0].summary.excluded' <<<"$output")" = '[{"method":"direct-1048576","reason":"reserves no space"}]' ] || fail "$output"
	run alloc-perf report sparse.jsonl
	assert_output_has "Not compared: direct-1M (reserves no space)."
	alloc-perf report -o page.html sparse.jsonl
	grep -q '"excluded":\[{"method":"direct-1M"' page.html
}

@test "--all adds a table of each measure and every warning" {
	local i
	for i in {1..10}; do
		echo '{"type":"warning","kind":"load","text":"reason '"$i"'"}'
	done >>result.jsonl
	run alloc-perf report result.jsonl
	assert_output_has "10 warnings (10 load); --all shows them."
	[[ $output != *"reason 1"* && $output != *"peak memory"* ]]
	run alloc-perf report --all result.jsonl
	assert_status 0
	[ "$(grep -c '^Warning: reason' <<<"$output")" = 10 ]
	assert_output_has "time of the allocation alone ("
	assert_output_has "peak memory ("
	assert_output_has "filesystem  method"
	run alloc-perf report --all --format markdown result.jsonl
	assert_output_has "**peak memory** ("
	run alloc-perf report --all --measure time result.jsonl
	assert_status 2
	assert_output_has "give --all or --measure, not both"
	run alloc-perf report --all --format csv result.jsonl
	assert_status 2
	assert_output_has "--all goes with the formats table, markdown, html and json; csv always has"
	run alloc-perf report --all --chart time result.jsonl
	assert_status 2
	assert_output_has "--format, --measure and --all do not apply to a chart"
}

@test "--format json is one document with every figure" {
	require_program python3
	run alloc-perf report --format json result.jsonl
	assert_status 0
	python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["schema"] == 1 and d["kind"] == "report"
assert d["units"]["time"] == "seconds" and d["units"]["fragments"] == "count"
(c,) = d["conditions"]
assert c["kernel"] == "6.1" and c["file_bytes"] == 4 << 30
cells = {(x["filesystem"], x["method"]): x for x in c["cells"]}
assert len(cells) == 5
figure = cells["ext2", "mmap"]["figures"]["time"]
assert figure == {"count": 1, "median": 15.0, "lower": None, "upper": None, "minimum": 15.0, "maximum": 15.0}
assert cells["xfs", "mmap"]["ok_runs"] == 0
assert cells["xfs", "mmap"]["not_ok_reason"] == "mount: <bad>"
assert cells["xfs", "mmap"]["figures"]["time"]["median"] is None
' <<<"$output"
	run alloc-perf report --format json --measure time result.jsonl
	[[ $output != *'"gap": {'* ]]
}

@test "a method is printed as people type it, and its key stays what it was" {
	local form
	for form in table markdown html; do
		run alloc-perf report --format $form result.jsonl
		assert_output_has "direct-1M"
		[[ $output != *1048576* ]] || fail "$form: $output"
	done
	for form in json csv; do
		run alloc-perf report --format $form result.jsonl
		assert_output_has "direct-1048576"
		[[ $output != *direct-1M* ]] || fail "$form: $output"
	done
	run alloc-perf diff --format json result.jsonl result.jsonl
	assert_output_has '"method": "direct-1048576"'
	run alloc-perf diff result.jsonl result.jsonl
	assert_output_has "direct-1M"
	alloc-perf history add --store h.sqlite result.jsonl
	for typed in direct-1M direct-1048576; do
		run alloc-perf history trend --store h.sqlite --fs ext2 --method $typed
		assert_status 0
		assert_output_has "direct-1M"
	done
	run alloc-perf run --dry-run --on dir:. -m direct-1M,uring-1M,chunk-4K
	assert_output_has "direct-1M "
	assert_output_has "uring-1M-8 "
	assert_output_has "chunk-4096 "
}

@test "--with 2009 sets ratios beside ours, where both have figures" {
	run alloc-perf report --with 2009 --measure time,fragments result.jsonl
	assert_status 0
	assert_output_has "compared with 2009 (4 GiB file on a 20 GiB volume): time until on disk"
	grep -Eq '^ext2 +here, one run +15 s \(1\.50\) +10 s \(1\.00\)$' <<<"$output"
	# 96 / 77 and 85 / 73 of the tables of that time.
	grep -Eq '^ext2 +2009, desktop on +96 s \(1\.25\) +77 s \(1\.00\)$' <<<"$output"
	grep -Eq '^ext2 +2009, single user +85 s \(1\.16\) +73 s \(1\.00\)$' <<<"$output"
	grep -Eq '^ext2 +2009, desktop on +39 \(1\.00\) +39 \(1\.00\)$' <<<"$output"
	# Neither what was not measured then nor what failed here.
	[ "$(grep -Ec '^(zfs|xfs) .*(here|2009)' <<<"$output")" = 0 ]
	run alloc-perf report --with 2009 --format markdown result.jsonl
	assert_output_has '| ext2 | 2009, desktop on | 96 s (1.25) | 77 s (1.00) |'
	run alloc-perf report --with 2009 --format json result.jsonl
	assert_output_has '"beside_2009": ['
}

@test "--with 2009 says where there is nothing to set beside" {
	run alloc-perf report --with 2009 --measure gap result.jsonl
	assert_status 0
	assert_output_has "2009: none of this was measured then"
}

@test "--with is refused where it means nothing" {
	run alloc-perf report --with 2008 result.jsonl
	assert_status 2
	assert_output_has 'invalid value "2008" for --with; did you mean "2009"?'
	for form in "--format csv" "--format 2009" "--chart time" "-o chart.svg"; do
		# shellcheck disable=SC2086 # an option and its value
		run alloc-perf report --with 2009 $form result.jsonl
		assert_status 2
		assert_output_has "--with 2009 goes with the formats table, markdown, html and json"
	done
}

@test "where there is no terminal, COLUMNS says how wide a table may be" {
	local methods
	for methods in {10..29}; do trial ext2 "chunk-$methods" 3 1; done >>result.jsonl
	run alloc-perf report --measure time result.jsonl
	[ "$(awk 'length > 60' <<<"$output" | wc -l)" -gt 0 ]
	run env COLUMNS=60 alloc-perf report --measure time result.jsonl
	[ "$(awk 'length > 60' <<<"$output")" = "" ]
	COLUMNS=60 alloc-perf report --measure time -o table.txt result.jsonl
	[ "$(cat table.txt)" = "$output" ]
	# A terminal knows it itself.
	require_program script
	script -qec "stty cols 90; COLUMNS=60 alloc-perf report --measure time result.jsonl" out >/dev/null
	[ "$(awk 'length > 60' <out | wc -l)" -gt 0 ]
}

@test "--measure is refused where it means nothing" {
	for form in csv 2009; do
		run alloc-perf report --format $form --measure time result.jsonl
		assert_status 2
		assert_output_has "--measure goes with the formats table, markdown, html and json; $form"
	done
}

@test "a chart has a title, a size and an order of file systems" {
	require_program gnuplot
	trial jfs mmap 2 9 >>result.jsonl
	run alloc-perf report --chart time --order value --title "a 'disk'" result.jsonl
	assert_status 0
	assert_output_has "a 'disk'"
	[[ $output != *"time until on disk"* ]]
	[ "$(sed -n 's/^ \([a-z0-9]\{3,\}\) .*/\1/p' <<<"$output" | paste -sd ,)" = jfs,ext2,zfs,xfs ]
	run alloc-perf report --chart fragments --order name result.jsonl
	[ "$(sed -n 's/^ \([a-z0-9]\{3,\}\) .*/\1/p' <<<"$output" | paste -sd ,)" = ext2,jfs,xfs,zfs ]
	run alloc-perf report --chart time --order plan result.jsonl
	[ "$(sed -n 's/^ \([a-z0-9]\{3,\}\) .*/\1/p' <<<"$output" | paste -sd ,)" = ext2,zfs,xfs,jfs ]
	grep -q 'mmap *failed$' <<<"$output"
	alloc-perf report --chart time --chart-size 500x300 -o chart.svg result.jsonl
	grep -q 'viewBox="0 0 500 300"' chart.svg
	for wrong in 500 500x 5x300 500x300x 99999x300; do
		run alloc-perf report --chart time --chart-size "$wrong" result.jsonl
		assert_status 2
		assert_output_has "invalid size \"$wrong\" for --chart-size"
	done
	run alloc-perf report --chart time --order speed result.jsonl
	assert_status 2
	assert_output_has 'invalid value "speed" for --order: use plan, name or value'
	for option in --title=x --chart-size=500x300 --order=name; do
		run alloc-perf report "$option" result.jsonl
		assert_status 2
		assert_output_has "give --chart MEASURE"
	done
}

@test "a sentence replaces a chart whose bars would all be the same" {
	require_program gnuplot
	{
		echo '{"type":"environment","schema":1,"testbed":"loop"}'
		trial ext2 mmap 15 4
		trial xfs mmap 10 4
	} >same.jsonl
	run alloc-perf report --chart fragments same.jsonl
	assert_status 0
	[ "$output" = "fragments of the file: 4 in every trial" ]
	alloc-perf report --chart fragments -o same.svg same.jsonl
	grep -q "fragments of the file: 4 in every trial" same.svg
	run alloc-perf report --chart time same.jsonl
	assert_output_has "15 s"
}

@test "several result files go into one chart" {
	require_program gnuplot
	{
		echo '{"type":"environment","schema":1,"testbed":"loop"}'
		trial ext2 mmap 30 4 6.12
		trial ext2 chunk-4096 20 2 6.12
	} >newer.jsonl
	run alloc-perf report --chart time result.jsonl newer.jsonl
	assert_status 0
	[ "$(grep -c 'time until on disk' <<<"$output")" = 1 ]
	grep -Eq 'mmap, 6\.1 .* 15 s' <<<"$output"
	grep -Eq 'mmap, 6\.12 .* 30 s' <<<"$output"
	for form in svg png pdf; do
		run alloc-perf report --chart fragments -o chart.$form result.jsonl newer.jsonl
		assert_status 0
		[ -s chart.$form ]
	done
	[ "$(grep -c 'mmap, 6.12' chart.svg)" -ge 1 ]
	# Tables stay apart, those of 2009 as well.
	run alloc-perf report --measure time result.jsonl newer.jsonl
	[ "$(grep -c 'time until on disk' <<<"$output")" = 2 ]
	run alloc-perf report --format 2009 result.jsonl newer.jsonl
	assert_output_has "# 4GiB file, loop, Linux 6.1"$'\n'
	assert_output_has "# 4GiB file, loop, Linux 6.12"
	run alloc-perf report --format 2009 result.jsonl
	[ "${lines[0]}" = "# 4GiB file" ]
}

@test "where the terminal shows no more than ASCII, nothing else is printed" {
	local run
	for run in 2 3 4 5 6; do
		trial ext2 mmap 1$run 4 | sed "s/\"run\":1/\"run\":$run/" >>result.jsonl
	done
	run env LC_ALL=C alloc-perf report --measure time result.jsonl
	assert_output_has '+- their 95 % confidence'
	assert_output_has ' s +-'
	[ "$(LC_ALL=C grep -c '[^ -~]' <<<"$output")" = 0 ]
	run env LC_ALL=C.UTF-8 alloc-perf report --measure time result.jsonl
	assert_output_has ' s ±'
	# A page says which characters it is made of.
	run env LC_ALL=C alloc-perf report --format html result.jsonl
	assert_output_has ' s ±'
}

@test "every form shows what falsified a run" {
	{
		echo '{"type":"warning","kind":"load","text":"the load was <high>"}'
		echo '{"type":"environment","schema":1,"testbed":"loop"}'
		trial ext2 mmap 30 4 6.12
		echo '{"type":"warning","kind":"full","text":"it was full"}'
	} >>result.jsonl
	run alloc-perf report --measure time result.jsonl
	assert_status 0
	# Each belongs to the trials of its own run.
	[ "$(grep -c '^Warning: ' <<<"$output")" = 2 ]
	grep -A3 'Linux 6.1, one run$' <<<"$output" | grep -q '^Warning: the load was <high>'
	grep -A3 'Linux 6.12' <<<"$output" | grep -q '^Warning: it was full'
	run alloc-perf report --format markdown --measure time result.jsonl
	assert_output_has '- Warning: the load was \<high\>'
	run alloc-perf report --format html result.jsonl
	assert_output_has '<p>Warning: the load was &lt;high&gt;</p>'
	assert_output_has '{"kind":"full","text":"it was full"}'
	run alloc-perf report --format json result.jsonl
	[ "$(jq -c '[.conditions[].warnings[].kind]' <<<"$output")" = '["load","full"]' ]
	run alloc-perf diff --measure time result.jsonl
	assert_output_has "6.1: warning: the load was <high>"
	assert_output_has "6.12: warning: it was full"
	run alloc-perf history add --store history.sqlite result.jsonl result.jsonl
	assert_status 0
	run alloc-perf history show --store history.sqlite 2
	assert_output_has "Warning: it was full"
	[[ $output != *"the load"* ]]
}

@test "outliers of a resumed run are told once, with all of its runs" {
	{
		head -n 1 result.jsonl | sed 's/}$/,"plan":"[plan]"}/'
		trial ext2 mmap 15 4
		echo '{"type":"warning","kind":"outliers","text":"1 of 6"}'
		head -n 1 result.jsonl | sed 's/}$/,"plan":"[plan]"}/'
		trial ext2 mmap 15 4 | sed 's/"run":1/"run":2/'
		echo '{"type":"warning","kind":"outliers","text":"2 of 8"}'
	} >resumed.jsonl
	run alloc-perf report resumed.jsonl
	[[ $output == *"Warning: 2 of 8"* && $output != *"1 of 6"* ]]
}

@test "outliers stay told when a run was resumed and made no trial" {
	{
		head -n 1 result.jsonl | sed 's/}$/,"plan":"[plan]"}/'
		trial ext2 mmap 15 4
		echo '{"type":"warning","kind":"outliers","text":"1 of 6"}'
		head -n 1 result.jsonl | sed 's/}$/,"plan":"[plan]"}/'
		echo '{"type":"warning","kind":"load","text":"the load of now"}'
		echo '{"type":"warning","kind":"outliers","text":"again 1 of 6"}'
	} >resumed.jsonl
	run alloc-perf report resumed.jsonl
	assert_output_has "Warning: 1 of 6"
	[[ $output != *"of now"* ]]
}

@test "a warning that is none is refused" {
	echo '{"type":"warning","kind":"load"}' >>result.jsonl
	run alloc-perf report result.jsonl
	assert_status 2
	assert_output_has "result.jsonl:7: a warning without its kind or text"
}

@test "a kernel that was given a name goes by it" {
	sed -i 's/"kernel":"6.1"/"kernel":"patched"/' result.jsonl
	run alloc-perf report --measure time result.jsonl
	assert_output_has "loop, kernel patched"
}

@test "a label that only repeats the kernel is not shown" {
	sed -i 's/"kernel":"6.1"/"kernel":"6.1","label":"6.1"/' result.jsonl
	run alloc-perf report --measure time result.jsonl
	assert_output_has "loop, Linux 6.1"
	[[ $output != *'"6.1"'* ]]
}

@test "an unknown format is named, with those that exist" {
	run alloc-perf report --format markdwn result.jsonl
	assert_status 2
	assert_output_has 'invalid value "markdwn" for --format; did you mean "markdown"?'
	run alloc-perf report --format xyz result.jsonl
	assert_output_has "use table, markdown, html, json, 2009 or csv"
}

# recomputed FILE: its figures by another program are the same; says how many.
recomputed() {
	alloc-perf report --format json "$1" >figures.json
	alloc-perf report --format csv "$1" >table.csv
	"$ALLOC_PERF_SOURCE/tests/cli/recompute.py" "$1" figures.json table.csv
}

@test "figures are those that another program computes from the same lines" {
	require_program python3
	alloc-perf run --on "dir:$WORK" -m fallocate,chunk-4096 -s 256K --runs 13 -q -o real.jsonl
	run recomputed real.jsonl
	assert_status 0
	[ "$output" = "120 figures, 26 rows and 1 summaries agree" ]
	# All numbers of runs, two kernels, ties, failures, and what is not known.
	python3 - >made.jsonl <<-'END'
		import json, random
		random.seed(2009)
		print(json.dumps({"type": "environment", "schema": 1}))
		for runs in range(1, 41):
		    for method, slowness in ("mmap", 1), ("sparse-file", 1), ("fallocate", runs % 3 + 1), ("direct-1048576", 4):
		        for run in range(runs if method == "mmap" else runs // 2):
		            trial = {"type": "trial", "filesystem": "fs-%d" % runs, "method": method, "run": run + 1,
		                     "file_bytes": 4096, "kernel": "6.%d" % (runs % 2), "status": "ok"}
		            for stage in ("allocate", "sync", "close", "unmount"):
		                if random.random() > 0.05:
		                    trial[stage + "_ns"] = slowness * random.randrange(2 * 10 ** 8, 10 ** 9)
		                    trial[stage + "_written_bytes"] = random.randrange(10 ** 6)
		            if method == "sparse-file":
		                trial["path"] = "sparse"
		            trial["fragments"] = random.randrange(5)
		            trial["addresses_known"] = int(random.random() > 0.1)
		            if random.random() < 0.1:
		                trial.update(status="failed", reason="a, \"quoted\" one")
		            print(json.dumps(trial))
	END
	run recomputed made.jsonl
	assert_status 0
	[ "$output" = "9420 figures, 2020 rows and 40 summaries agree" ]
	# It would tell.
	jq '.conditions[0].summary.filesystems[-1] |= (.best += .slower | .slower = [])' figures.json >other.json
	run "$ALLOC_PERF_SOURCE/tests/cli/recompute.py" made.jsonl other.json table.csv
	assert_status 1
	sed -i '0,/"median": [0-9]/s//&9/' figures.json
	run "$ALLOC_PERF_SOURCE/tests/cli/recompute.py" made.jsonl figures.json table.csv
	assert_status 1
}

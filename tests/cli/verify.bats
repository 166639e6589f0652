#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# alloc-perf verify: its options, and how its results are shown.  Real runs are in ../testbed.
load helper

refuses() { # SENTENCE OPTION...: a usage error, before anything is made
	local sentence=$1
	shift
	run alloc-perf verify -o refused.jsonl "$@"
	assert_status 2
	assert_output_has "$sentence"
	[ ! -e refused.jsonl ]
}

@test "verify --help has the options, and refuses arguments" {
	run alloc-perf verify --help
	assert_status 0
	for option in --fs --methods --promise --size --seed --on --kernel --modules --scratch --timeout --output --force --all --quiet; do
		assert_output_has "$option"
	done
	refuses "choose file systems with --fs and methods with --methods" ext4
}

@test "list promises shows the promises and their cases" {
	run alloc-perf list promises
	assert_status 0
	assert_output_has "a later write into the range cannot run out of space"
	run alloc-perf list --names promises
	assert_output_has "reserved:overwrite"
	for promise in reserved no-stale durable as-before; do
		[ "$(grep -c "^$promise$" <<<"$output")" = 1 ]
	done
}

@test "an unknown promise or case is named, with the nearest or all there are" {
	refuses 'unknown promise "reserve"; did you mean "reserved"?' --on dir:. --promise reserve
	refuses 'unknown promise "xyz": use reserved, no-stale, durable, as-before, or a case of one' --on dir:. --promise xyz
	refuses 'unknown case "nothing" of the promise reserved; its cases are: overwrite' --on dir:. --promise reserved:nothing
	refuses 'unknown promise "x"' --on dir:. --promise reserved,x:overwrite
	refuses 'no promise is given' --on dir:. --promise ,
}

@test "sizes, seeds and methods are checked" {
	refuses 'invalid size "4Q" for --size' --size 4Q
	refuses 'use at least 65536' --size 4K
	refuses 'invalid number "x" for --seed' --seed x
	refuses 'unknown method "falocate"' --on dir:. --methods falocate
}

@test "verify fills what it tests, so it takes no device and no directory of a large file system" {
	refuses "not on the testbed device; use --on loop" --on device:/dev/null
	refuses "verify fills the whole file system of $WORK; name the directory where a small and empty one is mounted" --on "dir:$WORK"
	refuses "--fs applies to testbeds that create file systems" --on "dir:$WORK" --fs ext4
}

@test "an existing result file is kept, and --resume is not advised, which verify lacks" {
	require uml
	echo precious >result.jsonl
	run alloc-perf verify --on uml --promise reserved -o result.jsonl
	assert_status 2
	assert_output_has "result.jsonl exists; overwrite it with --force, or choose another one with --output"
	[ "$(cat result.jsonl)" = precious ]
}

@test "a directory for what is kept has to be there" {
	touch file
	refuses "cannot write into missing: No such file or directory; create it" --on dir:. --keep missing
	refuses "cannot write into file: Not a directory" --on dir:. --keep file
}

# ---- results ----

environment() { # KERNEL
	jq -nc --arg kernel "$1" '{type: "environment", schema: 1, version: "0", testbed: "uml", guest_kernel: $kernel,
		command: "alloc-perf verify -o x.jsonl"}'
}

tested() { # KERNEL FILESYSTEM METHOD PROMISE CASE VERDICT [WORDS]
	jq -nc --arg kernel "$1" --arg fs "$2" --arg method "$3" --arg promise "$4" --arg case "$5" --arg verdict "$6" --arg words "${7-}" \
		'{type: "trial", filesystem: $fs, method: $method, file_bytes: 16777216, volume_bytes: 67108864, run: 1, testbed: "uml",
		kernel: $kernel, promise: $promise, promise_case: $case, verdict: $verdict, seed: 7, status: "ok",
		counterexample: (if $words == "" then null else $words end),
		repeat: "alloc-perf verify --on uml --fs \($fs) --methods \($method) --promise \($promise):\($case) --seed 7"}'
}

verified() { # KERNEL: two file systems, with each verdict
	environment "$1"
	tested "$1" ext4 fallocate reserved overwrite kept
	tested "$1" ext4 fallocate reserved reflink n/a "no reflinks"
	tested "$1" ext4 fallocate as-before enospc "not promised" "3 blocks remain"
	tested "$1" btrfs fallocate reserved overwrite broken "block 1 of 4096: No space left on device, after a long time"
	tested "$1" btrfs fallocate reserved mmap broken "block 2: SIGBUS"
	tested "$1" btrfs chunk-65536 reserved overwrite n/a "no room"
	tested "$1" btrfs chunk-65536 reserved mmap n/a "no room"
	tested "$1" btrfs fallocate as-before enospc kept
}

@test "report: a cell is the worst verdict of its cases, and notes have the words" {
	verified 6.1.0 >one.jsonl
	run alloc-perf report one.jsonl
	assert_status 0
	assert_output_has "promises; uml, Linux 6.1.0"
	assert_output_has "reserved: a later write into the range cannot run out of space"
	assert_output_has "filesystem  method     reserved   as-before"
	assert_output_has "ext4        fallocate  kept[1]    not promised[2]"
	assert_output_has "btrfs       fallocate  broken[3]  kept"
	assert_output_has "btrfs       chunk-64K  n/a[4]     -"
	assert_output_has "[1] not tested: reflink: no reflinks"
	assert_output_has "[2] enospc: 3 blocks remain"
	assert_output_has "[3] mmap: block 2: SIGBUS; also: overwrite"
	assert_output_has "    alloc-perf verify --on uml --fs btrfs --methods fallocate --promise reserved:mmap --seed 7"
	assert_output_has "[4] no room"
	[[ $output != *"no method reserved the space"* ]]
	[[ $output != *"reserved:overwrite"* ]]
	run alloc-perf report --all one.jsonl
	assert_output_has "btrfs       fallocate  reserved:overwrite  broken["
	assert_output_has "ext4        fallocate  reserved:overwrite  kept"
}

@test "report: the table fits 80 columns, with file systems above their methods" {
	{
		environment 6.1.0
		for method in posix-fallocate prealloc; do
			tested 6.1.0 ext3-writeback $method reserved overwrite broken "no space"
			tested 6.1.0 ext3-writeback $method no-stale synced broken "block 1 is old"
			tested 6.1.0 ext3-writeback $method durable synced "not promised" "it is gone"
			tested 6.1.0 ext3-writeback $method as-before enospc "not promised" "4 blocks remain"
		done
	} >wide.jsonl
	COLUMNS=80 alloc-perf report wide.jsonl >wide.txt
	[ "$(grep -v '^ *alloc-perf verify\|^for a patch' wide.txt | awk '{ if (length > widest) widest = length } END { print widest }')" -le 80 ]
	grep -q '^ext3-writeback$' wide.txt
	grep -q '^  prealloc ' wide.txt
}

@test "report: markdown, csv, json and the page have them, too" {
	verified 6.1.0 >one.jsonl
	run alloc-perf report --format markdown one.jsonl
	assert_output_has '| btrfs | fallocate | broken\[3\] | kept |'
	# shellcheck disable=SC2016 # a backquote is one
	assert_output_has '`` alloc-perf verify --on uml --fs btrfs --methods fallocate --promise reserved:mmap --seed 7 ``'
	alloc-perf report --format csv one.jsonl >one.csv
	[ "$(wc -l <one.csv)" = 9 ]
	grep -q 'not promised,3 blocks remain' one.csv
	alloc-perf report --format json one.jsonl >one.json
	[ "$(jq '.conditions | length' one.json)" = 0 ]
	[ "$(jq -r '.promises[0].cells[] | select(.filesystem == "btrfs" and .promise == "reserved" and .method == "fallocate").verdict' one.json)" = broken ]
	[ "$(jq '[.promises[0].cells[].cases[]] | length' one.json)" = 8 ]
	[ "$(jq '.promises[0].cells[0].cases[0].seed' one.json)" = 7 ]
	alloc-perf report -o one.html one.jsonl
	grep -q '<td>broken\[3\]</td>' one.html
	grep -q '<pre>alloc-perf verify --on uml --fs btrfs --methods fallocate --promise reserved:mmap --seed 7</pre>' one.html
	grep -q '<title>Promises - alloc-perf' one.html
}

@test "report: nothing in a damaged record reaches the terminal, or is taken for a number" {
	{
		environment 6.1.0
		tested 6.1.0 ext4 fallocate reserved overwrite broken "no space" |
			jq -c '.repeat = "echo one\n\u001b[2Jtwo `` <b>" | .counterexample = "\u001b]0;x\u0007y\u009b31m\u00e4" | .states = 3'
	} >damaged.jsonl
	run alloc-perf report --all damaged.jsonl
	assert_status 0
	assert_output_has "    echo one  [2Jtwo"
	assert_output_has "overwrite:  ]0;x y 31mä"
	assert_output_has "broken states"
	[[ $output != *[$'\e\a']* ]]
	[[ $output != *" of 3"* ]]
	run alloc-perf report --format markdown damaged.jsonl
	assert_output_has "x y 31mä: \`\`\` echo one  [2Jtwo \`\` <b> \`\`\`"
}

@test "measurements and promises can be in one file, and neither counts as the other" {
	local measured
	measured=$(jq -nc '{type: "trial", filesystem: "ext4", method: "fallocate", file_bytes: 16777216, volume_bytes: 67108864, run: 1,
		testbed: "uml", kernel: "6.1.0", status: "ok", path: "native", fragments: 1, allocate_wall_ns: 1000000}')
	{
		verified 6.1.0
		echo "$measured"
	} >both.jsonl
	run alloc-perf report both.jsonl
	assert_status 0
	assert_output_has "16 MiB file on a 64 MiB volume; uml, Linux 6.1.0, one run"
	assert_output_has "btrfs       fallocate  broken[3]"
	[ "$(alloc-perf report --format json both.jsonl | jq '[.conditions[].cells[].runs] | add')" = 1 ]
	run alloc-perf history add --store history.db both.jsonl
	assert_status 0
	assert_output_has "1 run and 1 trial added"
	run alloc-perf diff both.jsonl both.jsonl
	assert_status 0
	assert_output_has "promises: none of 5 verdicts changed from OLD to NEW"
}

@test "what is only for measurements says so" {
	verified 6.1.0 >one.jsonl
	run alloc-perf history add --store history.db one.jsonl
	assert_status 2
	assert_output_has "the history stores measurements"
	run alloc-perf run --resume one.jsonl
	assert_status 2
	assert_output_has "one.jsonl contains results of alloc-perf verify, which cannot be resumed"
	for options in "--chart time" "--format 2009"; do
		# shellcheck disable=SC2086
		run alloc-perf report $options one.jsonl
		assert_status 1
		assert_output_has "there are only results of alloc-perf verify"
	done
}

@test "diff: the verdicts that changed, and status 1 if one is broken now" {
	verified 6.1.0 >old.jsonl
	verified 6.1.0 | jq -c 'if .filesystem == "ext4" and .promise == "reserved" then .verdict = "broken" | .counterexample = "block 9" else . end' >new.jsonl
	run alloc-perf diff old.jsonl old.jsonl
	assert_status 0
	assert_output_has "promises: none of 5 verdicts changed from OLD to NEW"
	run alloc-perf diff old.jsonl new.jsonl
	assert_status 1
	assert_output_has "promises: 1 of 5 verdicts changed from OLD to NEW"
	assert_output_has "ext4        fallocate  reserved  kept  broken"
	assert_output_has "ext4 fallocate reserved: block 9"
	run alloc-perf diff new.jsonl old.jsonl
	assert_status 0
	assert_output_has "ext4        fallocate  reserved  broken  kept"
	run alloc-perf diff --format markdown old.jsonl new.jsonl
	assert_output_has "| ext4 | fallocate | reserved | kept | broken |"
	[ "$(alloc-perf diff --format json old.jsonl new.jsonl | jq -r '.promises[0].changes[0].new')" = broken ]
	[ "$(alloc-perf diff --format csv old.jsonl new.jsonl | tail -n 1 | cut -d, -f3-8)" = ext4,fallocate,,reserved,kept,broken ]
	grep -v '"btrfs"' old.jsonl >fewer.jsonl
	run alloc-perf diff old.jsonl fewer.jsonl
	assert_output_has "3 verdicts only in OLD"
}

@test "diff: two kernels in one file, and any two by a key" {
	verified 6.1.0 >kernels.jsonl
	verified 6.12.0 | jq -c 'if .filesystem == "btrfs" and .method == "fallocate" then .verdict = "kept" else . end' >>kernels.jsonl
	for by in "" "--by kernel"; do
		# shellcheck disable=SC2086
		run alloc-perf diff $by kernels.jsonl
		assert_status 0
		assert_output_has "promises: 1 of 5 verdicts changed from 6.1.0 to 6.12.0"
		assert_output_has "btrfs       fallocate  reserved  broken  kept"
	done
	run alloc-perf report kernels.jsonl
	assert_output_has "promises; uml, Linux 6.12.0"
	run alloc-perf diff --by filesystem=btrfs,ext4 --only kernel=6.1.0 kernels.jsonl
	assert_output_has "fallocate  reserved   broken  kept"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What `-o` replaces, and what not.

bats_require_minimum_version 1.5.0
load helper

setup() {
	test_enter
	alloc-perf run --on dir:. -m fallocate,chunk-4096 -s 1M -q -o a.jsonl
	alloc-perf run --on dir:. -m fallocate,chunk-4096 -s 1M -q -o b.jsonl
	alloc-perf history add --store h.sqlite a.jsonl
	alloc-perf frag --json a.jsonl >saved.json
	# One file has many names.
	ln a.jsonl hard.jsonl
	ln a.jsonl a.svg
	ln -s a.jsonl soft.jsonl
	ln h.sqlite h.svg
	ln saved.json saved.svg
	printf '[plan]\nmethods = fallocate\n' >plan.ini
	md5sum -- *.jsonl h.sqlite saved.json plan.ini >sums
}

# refuses TEXT COMMAND...: with status 2, and nothing was touched.
refuses() {
	local text=$1
	shift
	run alloc-perf "$@"
	assert_status 2
	assert_output_has "$text"
	md5sum --quiet -c sums
}

@test "an output that is an input is refused, by whatever name, with --force as well" {
	local same="is the same file as the input"
	for name in a.jsonl ./a.jsonl hard.jsonl soft.jsonl "$PWD/a.jsonl"; do
		refuses "$same" report -o "$name" a.jsonl
		refuses "$same" report --force a.jsonl b.jsonl -o "$name"
		refuses "$same" report --format html a.jsonl -o "$name"
		refuses "$same" diff a.jsonl b.jsonl -o "$name"
		refuses "$same" diff --force b.jsonl a.jsonl -o "$name"
	done
	refuses "$same" report --chart time a.jsonl -o a.svg
	refuses "$same" frag --map -o a.svg a.jsonl
	refuses "$same" frag --map --force -o a.svg b.jsonl hard.jsonl
	refuses "$same" frag --map --diff saved.json -o saved.svg b.jsonl
	refuses "$same" frag --map --files-from a.jsonl -o a.svg
	refuses "$same" history trend --fs dir --store h.sqlite -o h.svg --force
	refuses "$same" run --on dir:. -s 1M --plan plan.ini -o plan.ini --force
}

@test "standard input and output are files as well" {
	run bash -c 'alloc-perf report - -o hard.jsonl <a.jsonl'
	assert_status 2
	assert_output_has "is the same file as the input (standard input)"
	run bash -c 'alloc-perf report a.jsonl >>soft.jsonl'
	assert_status 2
	assert_output_has "the output (standard output) is the same file as the input a.jsonl"
	run bash -c 'alloc-perf diff a.jsonl b.jsonl >>b.jsonl'
	assert_status 2
	md5sum --quiet -c sums
}

@test "what only measuring brings back is replaced with --force alone" {
	local command
	refuses "b.jsonl is a result file and would be replaced" report a.jsonl -o b.jsonl
	refuses "a.svg is a result file" report --chart time b.jsonl -o a.svg
	refuses "b.jsonl is a result file" diff a.jsonl a.jsonl -o b.jsonl
	refuses "h.sqlite is a history" report a.jsonl -o h.sqlite
	refuses "saved.json is what \`alloc-perf frag --json\` printed" report a.jsonl -o saved.json
	refuses "a.svg is a result file" frag --map -o a.svg b.jsonl
	refuses "a.svg is a result file" history trend --fs dir --store h.sqlite -o a.svg
	refuses "b.jsonl exists" run --on dir:. -s 1M -o b.jsonl
	for command in "report --format table a.jsonl" "diff --format table a.jsonl a.jsonl" \
		"run --on dir:. -m fallocate -s 1M"; do
		cp a.jsonl old.jsonl
		# shellcheck disable=SC2086 # words
		run alloc-perf $command -o old.jsonl --force
		assert_status 0
		! cmp -s a.jsonl old.jsonl || fail "$command"
	done
	cp a.jsonl old.svg
	run alloc-perf frag --map -o old.svg --force b.jsonl
	assert_status 0
	grep -q "<svg" old.svg
}

@test "what was printed before is replaced as ever" {
	alloc-perf report --format json a.jsonl -o report.json
	run alloc-perf report --format json b.jsonl -o report.json
	assert_status 0
	run alloc-perf report a.jsonl -o /dev/null
	assert_status 0
}

@test "the ending of an output's name is its format" {
	local ending
	local -A begins=([html]="<!DOCTYPE html>" [HTM]="<!DOCTYPE html>" [csv]="filesystem," [json]="{" [md]="- 1 MiB"
		[markdown]="- 1 MiB" [txt]="1 MiB file")
	for ending in "${!begins[@]}"; do
		alloc-perf report a.jsonl -o "page.$ending"
		[[ $(head -n 1 "page.$ending") == "${begins[$ending]}"* ]] || fail "$ending: $(head -n 1 "page.$ending")"
	done
	alloc-perf report a.jsonl -o no.such.folder/x 2>&1 | grep -q "cannot write"
	for ending in page .page a.b/page ./page; do
		mkdir -p a.b
		alloc-perf report a.jsonl -o $ending
		[[ $(head -n 1 $ending) == "1 MiB file"* ]] || fail "$ending"
	done
	alloc-perf diff a.jsonl b.jsonl -o d.json
	[ "$(jq -r .kind d.json)" = diff ]
	alloc-perf diff a.jsonl b.jsonl -o d.csv
	grep -q "^old_name,new_name," d.csv
	alloc-perf diff a.jsonl b.jsonl -o d.md
	grep -q "^| filesystem" d.md
	# What --format says holds.
	alloc-perf report --format csv a.jsonl -o c.json
	[[ $(head -n 1 c.json) == filesystem,* ]]
	alloc-perf diff --format json a.jsonl b.jsonl -o d.html
	[ "$(jq -r .kind d.html)" = diff ]
}

@test "an ending that names no format is refused, and so is one of another command" {
	for name in a.xls page.jsonl report.7 a.gp; do
		run alloc-perf report a.jsonl -o $name
		assert_status 2
		assert_output_has "cannot determine a format from the name $name"
		run alloc-perf diff a.jsonl b.jsonl -o $name
		assert_status 2
		assert_output_has "cannot determine a format from the name $name"
	done
	for name in d.html d.svg; do
		run alloc-perf diff a.jsonl b.jsonl -o $name
		assert_status 2
	done
	for name in a.svg a.html a.csv a.json; do
		run alloc-perf report --chart time --script b.jsonl -o new-$name
		assert_status 2
		assert_output_has "--script writes a script for gnuplot"
	done
	for name in r.html r.csv r.md r.svg r.PNG r.pdf; do
		run alloc-perf run --on dir:. -m fallocate -s 1M -o $name
		assert_status 2
		assert_output_has "run writes JSON Lines; use a name that ends in .jsonl instead of $name"
		[ ! -e $name ]
	done
}

@test "a block device is no output" {
	require loop
	truncate -s 1M "$SCRATCH/image"
	local loop
	loop=$(losetup --find --show "$SCRATCH/image")
	run alloc-perf report a.jsonl -o "$loop" --force
	losetup -d "$loop"
	assert_status 2
	assert_output_has "$loop is a block device"
	cmp -n 1048576 "$SCRATCH/image" /dev/zero
	rm "$SCRATCH/image"
}

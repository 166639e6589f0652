#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Streams that are closed or full.
bats_require_minimum_version 1.5.0
load helper

setup() {
	test_enter
	cp "${SUSPEND_FREEZE:-$ALLOC_PERF_BUILD/src/suspend/suspend-freeze}" "$TEST_DIR/bin/"
	chmod 755 "$TEST_DIR/bin/suspend-freeze"
}

@test "with closed streams nothing is printed into the result file" {
	alloc-perf run --on dir:. -m fallocate -s 1M -o result.jsonl <&- >&- 2>&- || status=$?
	[ "$status" = 1 ] # the table could not be printed
	[ "$(grep -c '"type":"trial"' result.jsonl)" = 1 ]
	jq -e . result.jsonl >/dev/null
}

@test "results to a closed standard output" {
	alloc-perf run --on dir:. -m fallocate -s 1M -q -o - 2>err >&- || status=$?
	[ "$status" = 1 ]
	grep -q "Bad file descriptor" err
}

# cannot_print COMMAND...: its output goes to a full device, which it says, with status 1.
cannot_print() {
	local status=0
	"$@" 2>err >/dev/full || status=$?
	[ "$status" = 1 ] || fail "$*: status $status"
	grep -q "cannot print: No space left on device" err || fail "$*: $(cat err)"
	[ "$(grep -c "cannot print" err)" = 1 ] || fail "$*: $(cat err)"
}

@test "what cannot be printed is status 1 of every command" {
	alloc-perf run --on dir:. -m fallocate -s 1M -q -o result.jsonl
	alloc-perf history add --store h.sqlite result.jsonl
	cannot_print alloc-perf list
	cannot_print alloc-perf list --names
	cannot_print alloc-perf report result.jsonl
	cannot_print alloc-perf report --format json result.jsonl
	cannot_print alloc-perf report --list-measures
	cannot_print alloc-perf diff result.jsonl result.jsonl
	cannot_print alloc-perf create file 1M
	cannot_print alloc-perf create --json file 1M
	cannot_print alloc-perf run --dry-run --on dir:.
	cannot_print alloc-perf run --on dir:. -m fallocate -s 1M -o other.jsonl
	cannot_print alloc-perf history list --store h.sqlite
	cannot_print alloc-perf history show 1 --store h.sqlite
	cannot_print alloc-perf history trend --fs dir --store h.sqlite
	cannot_print alloc-perf history add --store h.sqlite result.jsonl
	cannot_print suspend-freeze status
	cannot_print suspend-freeze plan
	cannot_print suspend-freeze install --dry-run
}

@test "help and version that cannot be printed are status 1 of every command" {
	local program verb option
	for program in alloc-perf suspend-freeze; do
		for option in --help -h help --version -V version; do
			cannot_print $program $option
		done
		for verb in $($program --help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' | grep -vx "${program%-*}"); do
			cannot_print $program help "$verb"
			for option in --help -h '-?' --usage --version -V; do
				cannot_print $program "$verb" "$option"
			done
		done
	done
	for verb in add list show trend; do
		cannot_print alloc-perf history "$verb" --help
		cannot_print alloc-perf help history "$verb"
	done
}

@test "a file that cannot be written is status 1, one that cannot be opened 2, of every command" {
	local command
	alloc-perf run --on dir:. -m fallocate -s 1M -q -o result.jsonl
	for command in "report result.jsonl" "report --format json result.jsonl" \
		"report --chart time --script result.jsonl" "diff result.jsonl result.jsonl" \
		"run --on dir:. -m fallocate -s 1M -q --force"; do
		# shellcheck disable=SC2086 # words
		run alloc-perf $command -o /dev/full
		assert_status 1
		assert_output_has "/dev/full: No space left on device"
		# shellcheck disable=SC2086
		run alloc-perf $command -o "$WORK/missing/a"
		assert_status 2
		assert_output_has "cannot write $WORK/missing/a: No such file or directory"
	done
	# SQLite writes to no device; more than 8 KiB are not allowed here.
	run bash -c 'ulimit -f 8; exec alloc-perf history add --store h.sqlite result.jsonl'
	assert_status 1
	assert_output_has "the history h.sqlite: "
	ln -s /dev/full full.svg
	run alloc-perf frag --map -o full.svg result.jsonl
	assert_status 1
	assert_output_has "cannot write full.svg: No space left on device"
	run alloc-perf frag --map -o missing/a.svg result.jsonl
	assert_status 2
	assert_output_has "cannot write missing/a.svg: No such file or directory"
	require_program gnuplot
	run alloc-perf report -o full.svg result.jsonl
	assert_status 1
	assert_output_has "cannot write full.svg: No space left on device"
	run alloc-perf report -o missing/a.svg result.jsonl
	assert_status 2
}

@test "whoever closes a pipe has seen enough" {
	mkdir tree
	for ((i = 0; i < 3000; i++)); do echo >"tree/a-file-with-a-rather-long-name-$i"; done
	local form status
	for form in --each --csv --json ''; do
		# shellcheck disable=SC2086 # none or one
		alloc-perf frag $form tree 2>err | head -n 1 >/dev/null
		status=${PIPESTATUS[0]}
		[ "$status" = 0 ] || fail "frag $form: status $status"
		[ ! -s err ] || fail "frag $form: $(cat err)"
	done
}

@test "figures that cannot be printed" {
	local form
	for form in --each --csv --json ''; do
		# shellcheck disable=SC2086 # none or one
		cannot_print alloc-perf frag $form .
	done
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Streams that are closed or full.
load helper

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

@test "a list that cannot be printed" {
	alloc-perf list 2>err >/dev/full || status=$?
	[ "$status" = 1 ]
	grep -q "cannot print: No space left on device" err
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
	local form status
	for form in --each --csv --json ''; do
		# shellcheck disable=SC2086 # none or one
		! alloc-perf frag $form . 2>err >/dev/full || fail "frag $form"
		grep -q "cannot print: " err || fail "frag $form: $(cat err)"
	done
}

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

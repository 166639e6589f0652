#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# alloc-perf verify in guests: verdicts that are known, in their order, and what an interrupt leaves.
load ../cli/helper

setup() {
	test_enter
	require uml
}

verdict() { # FS METHOD CASE
	jq -r --arg fs "$1" --arg method "$2" --arg case "$3" \
		'select(.type == "trial" and .filesystem == $fs and .method == $method and "\(.promise):\(.promise_case)" == $case) | .verdict' verify.jsonl
}

@test "an ordinary user learns what fallocate() is worth on btrfs and ext4" {
	run as_user alloc-perf verify --on uml --fs ext4,btrfs -m fallocate,chunk-64K --promise reserved:overwrite,reserved:nocow -o verify.jsonl
	assert_status 1
	assert_nothing_left
	[ "$(verdict ext4 fallocate reserved:overwrite)" = kept ]
	[ "$(verdict ext4 chunk-65536 reserved:overwrite)" = kept ]
	[ "$(verdict btrfs fallocate reserved:overwrite)" = broken ]
	[ "$(verdict btrfs fallocate reserved:nocow)" = kept ]
	[ "$(verdict ext4 fallocate reserved:nocow)" = "" ]
	[[ $output =~ [0-9]" of 6 cases show a broken promise" ]]
	# In the order of the table, whichever ended first.
	[ "$(jq -r 'select(.type == "trial") | .place' verify.jsonl | tr '\n' ' ')" = "0 1 2 3 4 5 " ]
	[ "$(jq -r 'select(.type == "environment") | .plan' verify.jsonl)" = null ]
	# Small volumes, the smallest of btrfs.
	[ "$(jq -r 'select(.filesystem == "ext4") | .volume_bytes' verify.jsonl | sort -u)" = 67108864 ]
	[ "$(jq -r 'select(.filesystem == "btrfs") | .volume_bytes' verify.jsonl | sort -u)" = 134217728 ]
}

@test "the command of a counterexample repeats just that" {
	run as_user alloc-perf verify --on uml --fs btrfs -m fallocate --promise reserved:overwrite --seed 11 -q -o verify.jsonl
	assert_status 1
	local again first
	again=$(jq -r 'select(.verdict == "broken") | .repeat' verify.jsonl)
	first=$(jq -r 'select(.verdict == "broken") | .counterexample' verify.jsonl)
	[ "$again" = "alloc-perf verify --on uml --fs btrfs --methods fallocate --promise reserved:overwrite --seed 11" ]
	run as_user sh -c "$again -q -o again.jsonl"
	assert_status 1
	[ "$(jq -r 'select(.type == "trial") | .counterexample' again.jsonl)" = "$first" ]
}

@test "what a kernel refuses is n/a with its reason, and is no failure" {
	run as_user alloc-perf verify --on uml --fs ext2 -m fallocate,ftruncate --promise reserved:overwrite -o verify.jsonl
	assert_status 0
	[ "$(verdict ext2 fallocate reserved:overwrite)" = n/a ]
	[ "$(verdict ext2 ftruncate reserved:overwrite)" = "not promised" ]
	assert_output_has "fallocate: Operation not supported"
	run as_user alloc-perf verify --on uml --fs xyz -o refused.jsonl
	assert_status 2
	[ ! -e refused.jsonl ]
}

@test "an interrupt keeps what is known, says what is missing, and leaves no guest" {
	local command status=0
	alloc-perf verify --on uml --fs ext4 -m fallocate,chunk-64K,chunk-128K,chunk-256K --promise reserved:overwrite -o verify.jsonl 2>rest &
	command=$!
	wait_until grep -qs '"type": *"trial"' verify.jsonl
	kill -INT "$command"
	wait "$command" || status=$?
	[ "$status" = 130 ]
	grep -q "alloc-perf: interrupted; [1-3] of 4 cases are done, [1-3] are missing; show the results with: alloc-perf report verify.jsonl" rest
	[ "$(verdict ext4 fallocate reserved:overwrite)" = kept ]
	assert_nothing_left
	run alloc-perf report verify.jsonl
	assert_status 0
	assert_output_has "fallocate"
}

children() { # PROCESS: the oldest first
	cat "/proc/$1/task/$1/children"
}

has_one_child() { # PROCESS: twice, since one worker follows another
	[ "$(children "$1" | wc -w)" = 1 ] && sleep 1 && [ "$(children "$1" | wc -w)" = 1 ]
}

has_two_children() { # PROCESS
	[ "$(children "$1" | wc -w)" -ge 2 ]
}

@test "a worker that is killed takes no result of the others with it" {
	local command status=0 first
	[ "$(nproc)" -gt 1 ] || skip "one processor has one worker"
	alloc-perf verify --on uml --fs ext4 -m fallocate,chunk-64K,chunk-128K --promise reserved:overwrite -o verify.jsonl 2>rest &
	command=$!
	wait_until has_two_children "$command"
	first=$(children "$command")
	first=${first%% *}
	kill -STOP "$first"
	wait_until has_one_child "$command"
	kill -KILL "$first"
	wait "$command" || status=$?
	[ "$status" = 1 ]
	grep -q "the process for ext4 fallocate reserved:overwrite ended without a result (signal 9)" rest
	[ "$(jq -r 'select(.type == "trial") | .method' verify.jsonl | tr '\n' ' ')" = "chunk-65536 chunk-131072 " ]
	assert_nothing_left
}

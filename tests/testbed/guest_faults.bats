#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A guest that does not do what it should is one failed trial: a stand-in for
# linux.uml that ends, hangs or babbles.  It finds its serial line as the real
# one does, in ssl0=fd:IN,fd:OUT.
# shellcheck disable=SC2016 # the stand-in expands what is in single quotes
load ../cli/helper

setup() {
	test_enter
	require uml
	real=$(command -v linux.uml)
}

# guest SCRIPT: `say TEXT` writes to the serial line, `hear` reads one line from it.
guest() {
	cat >"$TEST_DIR/bin/linux.uml" <<-END
		#!/bin/bash
		[ "\$1" = --version ] && exec $real --version
		for word; do
			case \$word in ssl0=*) line=\${word#ssl0=fd:}; in=\${line%%,*}; out=\${line##*:} ;; esac
		done
		say() { printf '%s\n' "\$1" >&"\$out"; }
		hear() { read -r request <&"\$in"; }
		$1
	END
	chmod 755 "$TEST_DIR/bin/linux.uml"
}

fails_with() { # REASON OPTION...
	local reason=$1
	shift
	run alloc-perf run --on uml --fs ext4 -m fallocate,mmap -s 1M -o result.jsonl "$@"
	assert_status 1
	assert_output_has "$reason"
	assert_output_has "2 of 2 trials failed"
	assert_nothing_left
}

@test "a guest that ends at once" {
	guest 'echo "Kernel panic - not syncing: no init"; exit 3'
	fails_with "the kernel panicked: no init"
	grep -q 'Kernel panic - not syncing: no init' result.jsonl
}

@test "a guest that ends without a word" {
	guest 'exit 3'
	fails_with "exited with status 3 without a result"
}

@test "a guest whose console is no text" {
	guest 'printf "one\0two\377\n\200three\n"; exit 3'
	fails_with "exited with status 3 without a result"
	grep -q 'two.*three' result.jsonl
}

@test "a guest that is killed" {
	# The first process of a namespace is immune to its own signals; this one lets a child do it.
	guest 'say "{\"event\": \"ready\"}"; hear; exit 137'
	fails_with "without a result"
}

@test "a guest that says rubbish" {
	guest 'head -c 3000 /dev/urandom | tr -d "\n" >&$out; say ""; sleep 100'
	fails_with "the agent sent an invalid event"
}

@test "a guest that never ends its line" {
	guest 'tr "\0" x </dev/zero >&$out'
	fails_with "without a newline"
}

@test "a guest that gives the record before the request" {
	guest 'say "{\"event\": \"record\", \"record\": {}}"; sleep 100'
	fails_with "at the wrong time"
}

@test "a guest that asks for a flush before the request" {
	guest 'say "{\"event\": \"flush\"}"; sleep 100'
	fails_with "the agent sent \"flush\" at the wrong time"
}

@test "a guest that is answered each time that it asks for a flush" {
	guest 'say "{\"event\": \"ready\"}"; hear
		for i in 1 2 3; do say "{\"event\": \"flush\"}"; hear; echo "$i: $request"; done; exit 3'
	fails_with "exited with status 3 without a result"
	for i in 1 2 3; do
		grep -q "$i: {.*flush_ns.*: [0-9]*}" result.jsonl
	done
}

@test "a guest whose record is none" {
	guest 'say "{\"event\": \"ready\"}"; hear; say "{\"event\": \"record\", \"record\": {\"fragments\": \"many\"}}"; sleep 100'
	fails_with "record cannot be read"
}

@test "a guest that hangs after the request" {
	guest 'say "{\"event\": \"ready\"}"; hear; say "{\"event\": \"stage\", \"stage\": \"allocate\"}"; sleep 100'
	fails_with "the trial took too long" --timeout 3
	grep -q '"stage": *"allocate"' result.jsonl
}

@test "a guest that floods its console" {
	guest 'say "{\"event\": \"ready\"}"; hear; yes "the console is full of this"'
	fails_with "the trial took too long" --timeout 3
	[ "$(wc -c <result.jsonl)" -lt 20000 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A guest that cannot be recorded, or that does not answer about a state, is one clear error.  A
# stand-in for linux.uml starts the real one for the recording.
# shellcheck disable=SC2016 # the stand-in expands what is in single quotes
load ../cli/helper

setup() {
	test_enter
	require uml
	real=$(command -v linux.uml)
}

# examiner SCRIPT: what the second guest does; `say TEXT` writes to its serial line, `hear` reads one
# line from it.
examiner() {
	cat >"$TEST_DIR/bin/linux.uml" <<-END
		#!/bin/bash
		[ "\$1" != --version ] || exec $real --version
		echo >>$WORK/guests
		[ "\$(wc -l <$WORK/guests)" != 1 ] || exec $real "\$@"
		for word; do
			case \$word in ssl0=*) line=\${word#ssl0=fd:}; in=\${line%%,*}; out=\${line##*:} ;; esac
		done
		say() { printf '%s\n' "\$1" >&"\$out"; }
		hear() { read -r request <&"\$in"; }
		$1
	END
	chmod 755 "$TEST_DIR/bin/linux.uml"
	rm -f "$WORK/guests"
}

fails_with() { # REASON
	run "$ALLOC_PERF_BUILD/tests/testbed/power-cuts" uml ext4 fallocate 1M 64M "$WORK" 2
	assert_status 1
	assert_output_has "$1"
	assert_nothing_left
}

begin='say "{\"event\": \"ready\"}"; hear; say "{}"; hear;'

@test "a linux.uml that takes no recorder" {
	examiner
	sed -i '/^echo/i unset LD_PRELOAD' "$TEST_DIR/bin/linux.uml"
	fails_with "record: the guest's writes were not recorded: the recorder is loaded by the dynamic linker"
}

@test "a guest that cannot examine" {
	examiner 'say "{\"event\": \"ready\"}"; hear; say "{\"error\": 19}"; sleep 100'
	fails_with "the guest that is to examine disk states cannot be used: No such device"
	examiner 'exit 1'
	fails_with "the guest that is to examine disk states cannot be used: the guest ended"
}

@test "a state on which the kernel panics" {
	examiner "$begin"' echo "Kernel panic - not syncing: EXT4: bad block"; exit 1'
	fails_with "a state: the kernel panicked: EXT4: bad block"
}

@test "a state on which the guest hangs, ends or sends rubbish" {
	examiner "$begin sleep 100"
	fails_with "a state: the kernel hung: no answer for 2 s"
	examiner "$begin exit 1"
	fails_with "a state: the guest ended"
	for line in rubbish '[]' '{'; do
		examiner "$begin say '$line'; sleep 100"
		fails_with "a state: the guest sent no answer"
	done
}

@test "a cancelled run ends at once, whatever it does" {
	examiner "$begin"' touch '"$WORK"'/asked; sleep 100'
	mkfifo cancel
	"$ALLOC_PERF_BUILD/tests/testbed/power-cuts" uml ext4 fallocate 1M 64M "$WORK" 60 cancel \
		<>cancel >output 2>&1 &
	wait_until test -e asked
	echo >cancel
	status=0
	wait $! || status=$?
	[ "$status" = 1 ]
	grep -q "a state: Operation canceled" output
	# Before it has begun.
	run "$ALLOC_PERF_BUILD/tests/testbed/power-cuts" uml ext4 fallocate 1M 64M "$WORK" 60 cancel </dev/null
	assert_status 1
	assert_output_has "record: Operation canceled"
	rm cancel
	assert_nothing_left
}

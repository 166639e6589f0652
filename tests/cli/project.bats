#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Promises that the project makes about its own tree.

bats_require_minimum_version 1.5.0
load helper

setup() {
	test_enter
	cd "$ALLOC_PERF_SOURCE" || return
}

# Files of the project, with neither git's nor what was built.
project_files() {
	find . -name .git -prune -o -path './build*' -prune -o -type f "$@" -print
}

@test "scripts: shellcheck has nothing to say" {
	require_program shellcheck
	local scripts
	mapfile -t scripts < <(project_files -exec grep -qE '^#!.*\b(sh|bash|bats)$' {} \;)
	[ "${#scripts[@]}" -gt 3 ]
	mapfile -t -O "${#scripts[@]}" scripts < <(project_files -name '*.bash')
	shellcheck -x "${scripts[@]}"
}

@test "scripts: are executable" {
	for script in .ci/run scripts/*; do
		[ -x "$script" ] || fail "$script is not"
	done
}

@test "sources: formatted as .clang-format says" {
	require_program clang-format
	local version
	version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
	# Each release breaks some lines otherwise.
	[ "$version" = 14 ] || skip "the tree is formatted by clang-format 14, here is $version"
	project_files -name '*.[ch]' | xargs clang-format --dry-run -Werror
}

@test "sources: have a licence line, and nothing is left to do" {
	run find src tests scripts completion -name '*.[ch]' -exec grep -L 'SPDX-License-Identifier: MIT' {} +
	[ -z "$output" ] || fail "$output"
	run grep -rnE 'TO''DO|FIX''ME' --exclude-dir=.git --exclude-dir='build*' --exclude='*.bats' .
	[ -z "$output" ] || fail "$output"
}

@test "includes: by directory, as doc/design.md allows, and not deep" {
	run tests/cli/includes.py .
	assert_status 0
	[ -z "$output" ] || fail "$output"
	# It does find what is wrong.
	mkdir -p "$WORK/doc" "$WORK/src/base"
	cp doc/design.md "$WORK/doc/"
	printf '#include "frag/frag.h"\n#include "io.h"\n' >"$WORK/src/base/x.c"
	run tests/cli/includes.py "$WORK"
	assert_status 1
	assert_output_has 'src/base/x.c: "io.h" is not below src/'
	assert_output_has 'doc/design.md: there is no src/frag'
}

@test "counting: cases, and programs that die before their plan is through" {
	mkdir -p "$WORK/one/meson-logs"
	cat >"$WORK/one/meson-logs/testlog.json" <<-'END'
		{"name": "p:unit / good", "result": "OK"}
		{"name": "p:unit / bad", "result": "FAIL", "stdout": "not ok 1 - a\n# line 7: 3 is not 4\nok 2 - b\n# fine\n"}
		{"name": "p:unit / died", "result": "ERROR"}
		{"name": "p:unit / slow", "result": "TIMEOUT"}
	END
	cat >"$WORK/one/meson-logs/testlog.junit.xml" <<-'END'
		<testsuites>
		<testsuite name="p.p:unit / good"><testcase name="1 - a"/><testcase name="2 - b"><skipped/>
		<system-out>no root</system-out></testcase></testsuite>
		<testsuite name="p.p:unit / bad"><testcase name="1 - a"><failure/></testcase>
		<testcase name="2 - b"/></testsuite>
		<testsuite name="p.p:unit / died"><testcase name="1 - a"/></testsuite>
		</testsuites>
	END
	run scripts/count-tests "$WORK/one"
	assert_status 1
	assert_output_has "failed: p:unit / died: ERROR"
	assert_output_has "# line 7: 3 is not 4"
	[[ $output != *"# fine"* ]]
	assert_output_has "2 - b: no root"
	run --separate-stderr scripts/count-tests "$WORK/one"
	[ "$output" = "3 passed, 3 failed, 1 skipped" ]
}

@test "counting: a case that cmocka skipped is no failure, a program that died is one" {
	cat >"$WORK/program" <<-'END'
		#!/bin/sh
		printf '1..3\nok 1 - a\n# loop: this needs root\nnot ok 2 # SKIP b\nnot ok 3 - c\n'
		exit 5
	END
	chmod 755 "$WORK/program"
	run tests/tap "$WORK/program"
	assert_status 5
	[ "${lines[1]}" = "ok 1 - a" ]
	[ "${lines[3]}" = "ok 2 - b # SKIP loop: this needs root" ]
	[ "${lines[4]}" = "not ok 3 - c" ]
	run tests/tap sh -c 'kill -SEGV $$'
	[ "$status" -ge 128 ]
}

@test "counting: a build without tests is a failure" {
	mkdir "$WORK/empty"
	run --separate-stderr scripts/count-tests "$WORK/empty"
	assert_status 1
	[ "$output" = "0 passed, 1 failed, 0 skipped" ]
}

@test "manual: scdoc takes every page, and every page is installed" {
	require_program scdoc
	for page in man/*.scd; do
		scdoc <"$page" >"$WORK/page"
		grep -qF "'$(basename "$page" .scd)'" man/meson.build
	done
}

@test "packaging: build dependencies are what scripts/setup installs for the build" {
	# These come with every build, or with Debian itself.
	sed -n 's/^build [a-z]* *[^ ]* *\([^ ]*\) .*/\1/p' scripts/setup |
		grep -vxE 'gcc|libc6-dev|gzip' | sort >"$WORK/installed"
	sed -n '/^Build-Depends:/,/^$/s/^ \([a-z0-9-]*\),$/\1/p' packaging/debian/control | sort >"$WORK/declared"
	diff "$WORK/installed" "$WORK/declared"
}

@test "packaging: version and symbols are those of the build" {
	local version
	version=$(sed -n "s/^  version: '\(.*\)',/\1/p" meson.build)
	[ "$(sed -n '1s/^alloc-perf (\(.*\)) .*/\1/p' packaging/debian/changelog)" = "$version" ]
	sed -n 's/^\t\(prealloc[a-z_]*\);$/\1/p' lib/prealloc.map | sort >"$WORK/exported"
	[ -s "$WORK/exported" ]
	sed -n 's/^ \(prealloc[a-z_]*\)@.*/\1/p' packaging/debian/libprealloc0.symbols | sort >"$WORK/packaged"
	diff "$WORK/exported" "$WORK/packaged"
}

@test "packaging: suspend-freeze and the library have a manual page in some package, each page in one" {
	local page pattern packages
	for page in man/*.scd; do
		page=$(basename "$page" .scd)
		packages=0
		while read -r pattern; do
			# shellcheck disable=SC2053 # a pattern
			[[ usr/share/man/man${page##*.}/$page == ${pattern%/} ||
				usr/share/man/man${page##*.} == ${pattern%/} ]] && packages=$((packages + 1))
		done < <(cat packaging/debian/*.install)
		[ "$packages" = 1 ] || fail "$page is in $packages packages"
	done
}

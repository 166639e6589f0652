#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What users read keeps to plain words and to the standard order of manual pages.

bats_require_minimum_version 1.5.0
load helper

: "${SUSPEND_FREEZE:=$ALLOC_PERF_BUILD/src/suspend/suspend-freeze}"

setup() {
	test_enter
	cd "$ALLOC_PERF_SOURCE" || return
	LANGUAGE=tests/cli/language.py
}

pages() {
	local built=("$ALLOC_PERF_BUILD"/man/*.[1-8])
	[ -e "${built[0]}" ] || lack programs "no manual pages were built"
	printf '%s\n' "${built[@]}"
}

# Each --help of a program, and those of its commands and of their commands.
help_of() { # PROGRAM
	local command
	"$1" --help
	for command in $("$1" --help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p'); do
		"$1" "$command" --help || true
	done
}

@test "language: a phrase that users should not read is found" {
	printf 'A page.\n\nOne object a\nline; the kernel goes on.\n' >"$WORK/page"
	run "$LANGUAGE" "$WORK/page"
	assert_status 1
	assert_output_has '"object a line" (write: per)'
	assert_output_has '"goes on" (write: continue)'
	cat >"$WORK/source.c" <<-'END'
		/* a verb of a comment */
		const char *text = "there is no "
				   "order \"%s\"";
	END
	run "$LANGUAGE" "$WORK/source.c"
	assert_status 1
	assert_output_has "source.c:2: \"there is no order\""
	[ "${#lines[@]}" -eq 1 ]
	run "$LANGUAGE" /dev/null
	assert_status 3
}

@test "language: the library's header and the manual pages" {
	local list
	list=$(pages)
	mapfile -t list <<<"$list"
	"$LANGUAGE" include/prealloc.h "${list[@]}"
}

@test "language: every help" {
	help_of "$ALLOC_PERF" >"$WORK/help"
	help_of "$SUSPEND_FREEZE" >>"$WORK/help"
	for command in add list show trend; do
		"$ALLOC_PERF" history "$command" --help
	done >>"$WORK/help"
	[ "$(grep -c '^Usage:' "$WORK/help")" -ge 18 ]
	"$LANGUAGE" "$WORK/help"
}

@test "language: texts in the sources" {
	find src lib -name '*.c' | sort >"$WORK/sources"
	[ "$(wc -l <"$WORK/sources")" -gt 100 ]
	xargs "$LANGUAGE" <"$WORK/sources"
}

@test "manual: sections are the standard ones, in the standard order" {
	local page
	printf '%s\n' NAME SYNOPSIS DESCRIPTION OPTIONS "EXIT STATUS" "RETURN VALUE" ERRORS \
		ENVIRONMENT FILES CAVEATS EXAMPLES "SEE ALSO" >"$WORK/order"
	for page in man/*.scd; do
		sed -n 's/^# //p' "$page" >"$WORK/sections"
		grep -xF -f "$WORK/sections" "$WORK/order" | diff - "$WORK/sections" || fail "$page"
	done
}

@test "manual: mandoc and groff have nothing to say against the pages" {
	local page list
	list=$(pages)
	require_program mandoc
	require_program groff
	for page in $list; do
		mandoc -T lint -W warning "$page" || echo "mandoc: status $? for $page"
		groff -man -t -Tutf8 -ww -z "$page" || echo "groff: status $? for $page"
	done >"$WORK/said" 2>&1
	[ ! -s "$WORK/said" ] || fail "$(cat "$WORK/said")"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the program says of itself, what its manual says, and what a shell
# completes have to be the same.

bats_require_minimum_version 1.5.0
load helper
load completes

verbs() {
	alloc-perf --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | grep -vx alloc
}

@test "help: every verb has one, with examples" {
	[ "$(verbs | wc -l)" -ge 3 ]
	for verb in $(verbs); do
		run alloc-perf "$verb" --help
		assert_status 0
		assert_output_has "Examples:"
		assert_output_has "alloc-perf $verb"
	done
}

@test "manual: every verb has a page, and every page is of a verb" {
	for verb in $(verbs); do
		[ -e "$ALLOC_PERF_SOURCE/man/alloc-perf-$verb.1.scd" ] || fail "no page for $verb"
		grep -qF "*$verb*" "$ALLOC_PERF_SOURCE/man/alloc-perf.1.scd" || fail "$verb is not in alloc-perf(1)"
	done
	for page in "$ALLOC_PERF_SOURCE"/man/alloc-perf-*.1.scd; do
		verb=${page##*/alloc-perf-}
		verbs | grep -qx "${verb%.1.scd}" || fail "$page is about no verb"
	done
}

# leaves VERB: the commands below it, or itself.
leaves() {
	if [ "$1" = history ]; then
		printf 'history %s\n' add list show trend
	else
		echo "$1"
	fi
}

@test "manual: has every option, and no others" {
	for verb in $(verbs); do
		leaves "$verb" | while read -r leaf; do
			options_of alloc-perf "$leaf"
		done | sort -u >"$WORK/in-help"
		options_in_page "alloc-perf-$verb.1" >"$WORK/in-manual"
		[ -s "$WORK/in-help" ]
		diff "$WORK/in-help" "$WORK/in-manual" || fail "$verb"
	done
}

@test "completion: has every verb and every option, and no others" {
	# shellcheck source=/dev/null
	source "$ALLOC_PERF_BUILD/completion/alloc-perf"
	COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
	for verb in $(verbs); do
		while read -r leaf; do
			complete_line "alloc-perf $leaf --"
			printf '%s\n' "${COMPREPLY[@]#--}" | grep -vxE "help|version" | sort -u >"$WORK/in-bash"
			options_of alloc-perf "$leaf" >"$WORK/in-help"
			[ -s "$WORK/in-help" ]
			diff "$WORK/in-help" "$WORK/in-bash" || fail "$leaf in bash"
			sed -n "/^\t'$leaf')/,/;;/p" "$ALLOC_PERF_BUILD/completion/_alloc-perf" |
				grep -oE -- "--[a-z0-9-]+(=?\[|=?})" | tr -d '=[}' | sed 's/^--//' |
				grep -vxE "help|version" | sort -u >"$WORK/in-zsh"
			diff "$WORK/in-help" "$WORK/in-zsh" || fail "$leaf in zsh"
		done < <(leaves "$verb")
	done
}

@test "list --names: one name a line, all of them in the manual" {
	for section in methods filesystems testbeds scenarios programs; do
		run alloc-perf list --names "$section"
		assert_status 0
		[ "${#lines[@]}" -ge 3 ]
		[[ $output != *" "* ]] || fail "$output"
	done
	for method in $(alloc-perf list --names methods | sed 's/[A-Z[].*//'); do
		grep -qF -- "*$method*" "$ALLOC_PERF_SOURCE/man/alloc-perf-run.1.scd" ||
			fail "$method is not in alloc-perf-run(1)"
	done
	for testbed in $(alloc-perf list --names testbeds | sed 's/[A-Z[].*//'); do
		grep -qF -- "*--on* *$testbed*" "$ALLOC_PERF_SOURCE/man/alloc-perf-run.1.scd" ||
			fail "$testbed is not in alloc-perf-run(1)"
	done
}

@test "report --list-measures: all of them in the manual" {
	for measure in $(alloc-perf report --list-measures | cut -d' ' -f1); do
		grep -qx -- "\*$measure\*" "$ALLOC_PERF_SOURCE/man/alloc-perf-report.1.scd" ||
			fail "$measure is not in alloc-perf-report(1)"
	done
}

@test "report --format: all of them in the manual" {
	local formats
	formats=$(sed -n 's/^option\treport\tformat\tf\tFORM\t\([^\t]*\).*/\1/p' "$ALLOC_PERF_BUILD/alloc-perf.table")
	[[ $formats == *" json "* ]]
	for format in $formats; do
		grep -qxF -- "*-f*, *--format* *$format*" "$ALLOC_PERF_SOURCE/man/alloc-perf-report.1.scd" ||
			fail "$format is not in alloc-perf-report(1)"
	done
}

@test "manual: the plan files of the examples are right" {
	awk '/^```$/ { inside = !inside; count += inside; next } inside { print >"plan" count ".ini" }' \
		"$ALLOC_PERF_SOURCE/man/alloc-perf-plan.5.scd"
	run alloc-perf run --plan plan1.ini --dry-run
	assert_status 0
	assert_output_has "ext4-many-inodes"
	assert_output_has "mkfs.ext4 -F -q -i 4096"
	run alloc-perf run --plan plan2.ini --dry-run
	assert_status 0
	assert_output_has "xfs+lazytime+-b1024 "
	[ ! -e plan3.ini ]
}

@test "manual: the commands of the examples are taken" {
	local command
	while read -r command; do
		case $command in
		# These need more than a machine on which nothing was run yet.
		*--resume* | *dir:* | *device:*) continue ;;
		esac
		run bash -c "$command --dry-run"
		[ "$status" -eq 0 ] || [ "$status" -eq 3 ] || fail "$command: $output"
	done < <(sed -n 's/^	\(alloc-perf run .*\)/\1/p' "$ALLOC_PERF_SOURCE"/man/alloc-perf*.scd)
}

@test "--version" {
	run alloc-perf --version
	assert_status 0
	[[ $output =~ ^alloc-perf\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "an unknown verb: the nearest is suggested, status 2" {
	run alloc-perf rnu
	assert_status 2
	[ "$output" = 'alloc-perf: unknown command "rnu"; did you mean "run"?' ]
	run alloc-perf
	assert_status 2
}

@test "what a plan file could not hold is refused as --label or --on" {
	for label in 'a ; b' $'two\nlines' "$(printf 'x%.0s' {1..300})"; do
		run alloc-perf run --on dir:. -m fallocate -s 1M --label "$label" -o result.jsonl
		assert_status 2
		assert_output_has "the label "
	done
	mkdir $'b\xffad'
	run alloc-perf run --on "dir:"$'b\xffad' -m fallocate -s 1M -o result.jsonl
	assert_status 2
	assert_output_has "not UTF-8"
	[ ! -e result.jsonl ]
}

@test "a plan cannot name an image out of its folder, nor leave out mkfs" {
	printf '[../x]\ntype = ext4\nmkfs = mkfs.ext4\n' >plan.ini
	run alloc-perf run --plan plan.ini --dry-run
	assert_status 2
	assert_output_has "plan.ini:2: [../x] is not a valid name of a file system"
	printf '[x]\ntype = ext4\nmkfs =\n' >plan.ini
	run alloc-perf run --plan plan.ini --dry-run
	assert_status 2
	assert_output_has "[x] has no mkfs"
}

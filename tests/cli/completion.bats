#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load completes

setup() {
	test_enter
	# Names that only a program asked at that moment can know.
	cat >"$TEST_DIR/bin/alloc-perf" <<-'END'
		#!/bin/sh
		case "$1 $2" in
		"list --names") ;;
		"report --list-measures") printf '%s (%s)\n' time seconds written bytes fragments pieces ;;
		*) exit 2 ;;
		esac
		case $3 in
		filesystems) printf '%s\n' ext4 ext4-bigalloc xfs ;;
		methods) printf '%s\n' mmap chunk-BYTES 'uring-BYTES[-DEPTH]' posix-fallocate ;;
		testbeds) printf '%s\n' auto uml loop 'qemu[:KERNEL]' dir:PATH ;;
		scenarios) printf '%s\n' torrent vm-image ;;
		programs) printf '%s\n' rsync rtorrent ;;
		esac
	END
	chmod 755 "$TEST_DIR/bin/alloc-perf"
	COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
	# shellcheck source=/dev/null
	source "$ALLOC_PERF_BUILD/completion/alloc-perf"
}

@test "bash: verbs" {
	completes "alloc-perf " run verify report diff frag history list create help version --help --version
	completes "alloc-perf he" help
	completes "alloc-perf ve" verify version
	completes "alloc-perf help " run verify report diff frag history list create
	completes "alloc-perf help history t" trend
	completes "alloc-perf help run "
	completes "alloc-perf version "
	completes "alloc-perf re" report
}

@test "bash: options of each verb" {
	completes "alloc-perf run --ke" --kernel --keep-images
	completes "alloc-perf run --quiet --f" --fs --files --force
	completes "alloc-perf report --s" --script
	completes "alloc-perf list --n" --names
	completes "alloc-perf create --k" --keep-size
	completes "alloc-perf create --r" --require-native --rate
	completes "alloc-perf create --i" --idle
	completes "alloc-perf diff --t" --threshold
	completes "alloc-perf diff --by te" testbed
	completes "alloc-perf run --measure time,fr" time,fragments
	completes "alloc-perf frag --sort e" extents
	completes "alloc-perf history trend --by d" date
	completes "alloc-perf run --pre" --precision --preset --prepare
	completes "alloc-perf run --ver" --version
	completes "alloc-perf history " add list show trend help version --help --version
	completes "alloc-perf history trend --me" --method --measure
	completes "alloc-perf history trend --by k" kernel
	completes "alloc-perf history show --f" --format
}

@test "bash: names come from the program, also within a comma list" {
	completes "alloc-perf run --fs ext" ext4 ext4-bigalloc
	completes "alloc-perf run --fs xfs,ext4-" xfs,ext4-bigalloc
	completes "alloc-perf run --methods m" mmap
	completes "alloc-perf run --methods=mmap,ch" mmap,chunk-
	completes "alloc-perf run -m u" uring-
}

@test "bash: testbeds, and directories behind dir:" {
	mkdir "$WORK/here"
	completes "alloc-perf run --on l" loop
	completes "alloc-perf run --on d" dir:
	completes "alloc-perf run --on q" qemu
	completes "alloc-perf run --on dir:$WORK/he" "$WORK/here"
}

@test "bash: kernels in /boot, and files" {
	touch "$WORK/bzImage"
	unshare --mount true 2>/dev/null || lack loop "mount namespaces are not permitted here"
	cat >"$TEST_DIR/ask" <<-END
		mount -t tmpfs none /boot
		source "$ALLOC_PERF_BUILD/completion/alloc-perf"
		_alloc_perf_kernel ""
		printf '<%s>' "\${COMPREPLY[@]}"
		touch /boot/vmlinuz-6.1.0 /boot/vmlinuz-6.12.0
		_alloc_perf_kernel 6
		printf '<%s>' "\${COMPREPLY[@]}"
	END
	run unshare --mount --propagation private bash "$TEST_DIR/ask"
	[ "$output" = "<bzImage><6.1.0><6.12.0>" ] || fail "$output"
}

@test "bash: fixed values and files" {
	touch "$WORK/result.jsonl"
	completes "alloc-perf run --preset " default demo 2009
	completes "alloc-perf run --scenario vm" vm-image
	completes "alloc-perf run --as rt" rtorrent
	completes "alloc-perf list s" scenarios
	completes "alloc-perf report --format c" csv
	completes "alloc-perf diff --format m" markdown
	completes "alloc-perf run --runs " auto
	completes "alloc-perf diff res" result.jsonl
	completes "alloc-perf report --chart fr" fragments
	completes "alloc-perf report --measure time,wr" time,written
	completes "alloc-perf report -m fragments,w" fragments,written
	completes "alloc-perf report -f 2" 2009
	completes "alloc-perf list f" filesystems
	completes "alloc-perf report res" result.jsonl
	completes "alloc-perf report --format csv res" result.jsonl
}

@test "bash: an unknown verb offers nothing" {
	completes "alloc-perf nonsense --"
}

# bash_shows LINE TEXT: types LINE and two tabs at bash, until TEXT is there: the same through
# readline itself, with all that it does to "=" and ":".
bash_shows() {
	printf '%s\n' "PS1='ready: '" "source '$ALLOC_PERF_BUILD/completion/alloc-perf'" >rc
	# Ctrl-U takes the line back.
	"$ALLOC_PERF_SOURCE/tests/cli/terminal.py" "ready: " "$1\\t\\t" "$2" '\025exit\n' -- bash --rcfile rc -i
}

@test "bash: typed at a prompt" {
	mkdir -p "$WORK/a-folder-of-mine"
	bash_shows "alloc-perf run --on dir:$WORK/a-fol" "dir:$WORK/a-folder-of-mine"
	bash_shows "alloc-perf vers" "alloc-perf version"
	bash_shows "alloc-perf hel" "alloc-perf help"
	bash_shows "alloc-perf run --fs=xfs,ext4-" "--fs=xfs,ext4-bigalloc"
	bash_shows "alloc-perf run --methods chunk-4096,po" "chunk-4096,posix-fallocate"
}

@test "zsh: the syntax is right" {
	require_program zsh
	zsh -n "$ALLOC_PERF_BUILD/completion/_alloc-perf"
	zsh -n "$ALLOC_PERF_BUILD/completion/_suspend-freeze"
}

# zsh_shows LINE TEXT: types LINE and two tabs at zsh, and prints what it shows, until TEXT is there.
zsh_shows() {
	zsh -f -c '
		zmodload zsh/zpty
		zpty shell zsh -f -i
		zpty -w shell "PS1=; fpath=($1/completion \$fpath); autoload -Uz compinit; compinit -D -u"
		zpty -w shell "LISTMAX=9999; setopt no_always_last_prompt no_beep"
		zpty -w -n shell "$2"$'"'\t\t'"'
		# Until what is looked for is there, or a minute.
		for ((i = 0; i < 600; i++)); do
			while zpty -r -t shell part; do shown+=$part; done
			[[ $shown != *$3* ]] || break
			sleep 0.1
		done
		print -r -- "$shown"
		zpty -d shell
	' zsh "$ALLOC_PERF_BUILD" "$1" "$2"
}

@test "zsh: completes a name that the program told" {
	require_program zsh
	run zsh_shows "alloc-perf run --fs ext4-" ext4-bigalloc
	assert_output_has "ext4-bigalloc"
}

@test "zsh: completes a verb and an option" {
	require_program zsh
	run zsh_shows "alloc-perf run -m mmap,uri" mmap,uring-
	assert_output_has "mmap,uring-"
	run zsh_shows "alloc-perf repo" "alloc-perf report"
	assert_output_has "alloc-perf report"
	run zsh_shows "alloc-perf vers" "alloc-perf version"
	assert_output_has "alloc-perf version"
	run zsh_shows "alloc-perf help his" "alloc-perf help history"
	assert_output_has "alloc-perf help history"
	run zsh_shows "alloc-perf report --chart fr" "--chart fragments"
	assert_output_has "--chart fragments"
	run zsh_shows "alloc-perf run --keep" "--keep-images"
	assert_output_has "--keep-images"
}

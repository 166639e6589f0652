#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# alloc-perf frag on file systems that the running kernel may lack, in one
# User-Mode Linux guest as an ordinary user, against filefrag and against FIBMAP
# block by block (frag_guest.sh).
load ../cli/helper

bats_require_minimum_version 1.5.0

filesystems="reiserfs jfs f2fs nilfs2"

setup_file() {
	command -v linux.uml >/dev/null || return 0
	FRAG_GUEST=$(mktemp -d "${TMPDIR:-/var/tmp}/alloc-perf-guest.XXXXXX")
	export FRAG_GUEST
	chmod 755 "$FRAG_GUEST"
	mkdir -m 1777 "$FRAG_GUEST/answers"
	cp "$ALLOC_PERF" "$ALLOC_PERF_SOURCE/tests/testbed/frag_guest.sh" "$FRAG_GUEST"
	boot >"$FRAG_GUEST/console" 2>&1 || true
}

teardown_file() {
	[ -z "${FRAG_GUEST:-}" ] || rm -rf --one-file-system "$FRAG_GUEST"
}

make_image() { # NAME IMAGE
	case $1 in
	reiserfs) mkreiserfs -q -f "$2" ;;
	f2fs) mkfs.f2fs -q -f "$2" ;;
	*) "mkfs.$1" -q "$2" ;;
	esac
}

# A device for each file system whose image can be made.
boot() {
	local name letter=b volumes='' devices=() image
	for name in $filesystems; do
		image=$FRAG_GUEST/$name.img
		truncate -s 200M "$image"
		chmod 666 "$image"
		make_image "$name" "$image" >"$FRAG_GUEST/$name.mkfs" 2>&1 || continue
		volumes+=${volumes:+,}ubd$letter:$name
		devices+=("ubd$letter=$image")
		letter=$(tr a-y b-z <<<"$letter")
	done
	WORK=$FRAG_GUEST/answers as_user timeout 120 linux.uml mem=256M root=/dev/root rootfstype=hostfs rootflags=/ ro quiet uml_dir="$FRAG_GUEST/answers/" \
		con=null con0=null,fd:1 "${devices[@]}" init="$FRAG_GUEST/frag_guest.sh" FOLDER="$FRAG_GUEST/answers" \
		PROGRAM="$FRAG_GUEST/alloc-perf" VOLUMES="$volumes" </dev/null
}

need() { # NAME
	require uml
	[ ! -e "$FRAG_GUEST/answers/$1.done" ] || return 0
	if grep -qs 'command not found' "$FRAG_GUEST/$1.mkfs"; then
		lack programs "its mkfs is not installed"
	fi
	cat "$FRAG_GUEST/$1.mkfs" "$FRAG_GUEST/answers/$1.log" "$FRAG_GUEST/console" || true
	fail "$1 was not looked at in the guest"
}

answer() { # NAME KIND
	cat "$FRAG_GUEST/answers/$1.$2"
}

# Files that have blocks: path below the volume, fragments, bytes.
fragments() { # NAME
	answer "$1" each | jq -r --arg top "/mnt/$1/" 'select(.mapped_bytes > .inline_bytes) |
		[(.path | ltrimstr($top)), .fragments, .mapped_bytes] | @tsv' | sed 's|^tiny\t|folder/hard\t|' | sort
}

blocks() { # NAME
	answer "$1" blocks | awk -F '\t' '$3 > 0 && $1 != "tiny"' | sort
}

in_pieces() { # NAME
	[ "$(answer "$1" each | jq -s '[.[] | select(.path | test("/folder/o"))] | length == 2 and all(.fragments >= 6)')" = true ]
}

@test "reiserfs: fragments as FIBMAP tells them, block by block" {
	need reiserfs
	[ "$(fragments reiserfs)" = "$(blocks reiserfs)" ] || fail "$(fragments reiserfs) instead of $(blocks reiserfs)"
	in_pieces reiserfs
}

@test "jfs: fragments as FIBMAP tells them, block by block" {
	need jfs
	[ "$(fragments jfs)" = "$(blocks jfs)" ] || fail "$(fragments jfs) instead of $(blocks jfs)"
	in_pieces jfs
}

@test "f2fs: --verbose is what filefrag prints, and fragments are as FIBMAP tells them" {
	need f2fs
	[ "$(answer f2fs verbose)" = "$(answer f2fs filefrag)" ] || fail "$(diff <(answer f2fs verbose) <(answer f2fs filefrag))"
	[ "$(fragments f2fs)" = "$(blocks f2fs)" ] || fail "$(fragments f2fs) instead of $(blocks f2fs)"
}

@test "nilfs2: --verbose is what filefrag prints" {
	need nilfs2
	[ "$(answer nilfs2 verbose)" = "$(answer nilfs2 filefrag)" ] || fail "$(diff <(answer nilfs2 verbose) <(answer nilfs2 filefrag))"
	[ "$(answer nilfs2 each | jq -s 'map(select(.path | endswith("/.nilfs") | not)) | length')" = 6 ]
}

@test "volumes that no reader knows are walked over" {
	local name files
	for name in $filesystems; do
		need "$name"
		files=6
		# It has a file of its own.
		[ "$name" != nilfs2 ] || files=7
		[ "$(answer "$name" volume | jq -c '[.source, .all.files + .unknown.files, .counters.directories, .counters.linked_again]')" = '["walk",'$files',2,1]' ] ||
			fail "$name: $(answer "$name" volume)"
	done
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# scripts/fetch-kernel against archives that are made up here: folders of control files and packages.
# The stand-ins for apt-get and apt-cache know the machine's own archive, or the one that
# APT_CONFIG turns them to.

# shellcheck disable=SC2016 # the fakes' own variables
load helper

setup() {
	test_enter
	require_program dpkg-deb
	ARCHIVES=$TEST_DIR/archives LOG=$TEST_DIR/log EXPIRED=''
	export ARCHIVES LOG EXPIRED
	: >"$LOG"
	local suite
	for suite in own stable-backports unstable; do
		mkdir -p "$ARCHIVES/$suite"
	done
	fake apt-get <<-'END'
		suite=own
		[ -z "${APT_CONFIG:-}" ] || suite=$(sed 's/.* \([^ ]*\) main$/\1/' "$(sed -n 's/.*SourceList "\(.*\)";/\1/p' "$APT_CONFIG")")
		while [ "${1#-}" != "$1" ]; do case $1 in -o) shift 2 ;; *) shift ;; esac; done
		echo "$suite $*" >>"$LOG"
		case $1 in
		indextargets) cat "$ARCHIVES/uri" 2>/dev/null ;;
		update)
			grep -q 'Valid-Until "false"' "$APT_CONFIG" || [ "$suite" != "$EXPIRED" ] || exit 100
			[ ! -e "$ARCHIVES/$suite/unreachable" ] || exit 100
			;;
		download)
			shift
			for package; do cp "$ARCHIVES/$suite/$package.deb" . || exit 100; done
			;;
		esac
	END
	fake apt-cache <<-'END'
		suite=own
		[ -z "${APT_CONFIG:-}" ] || suite=$(sed 's/.* \([^ ]*\) main$/\1/' "$(sed -n 's/.*SourceList "\(.*\)";/\1/p' "$APT_CONFIG")")
		cat "$ARCHIVES/$suite/$2.$1" 2>/dev/null
	END
	fake dpkg-query <<<'echo 6.1um1'
	fake depmod <<<'touch "$2/lib/modules/$3/modules.dep.bin"'
	fake patchelf <<<'echo "patchelf $*" >>"$LOG"; while [ $# -gt 2 ]; do shift; done; touch "$LIBRARIES/../bin/linux.uml"'
}

fake() { # NAME, with the body on standard input
	{
		echo '#!/bin/sh'
		cat
	} >"$TEST_DIR/bin/$1"
	chmod 755 "$TEST_DIR/bin/$1"
}

# package SUITE NAME VERSION DEPENDS FILE...: offers one.
package() {
	local at=$ARCHIVES/$1/$2 root=$TEST_DIR/root name=$2 depends=$4 file
	printf '%s:\n  Installed: (none)\n  Candidate: %s\n' "$name" "$3" >"$at.policy"
	for file in $depends; do echo "  Depends: $file"; done >"$at.depends"
	mkdir -p "$root/DEBIAN"
	printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: nobody\nDescription: none\n' "$name" 1 >"$root/DEBIAN/control"
	shift 4
	for file; do
		mkdir -p "$root/$(dirname "$file")"
		echo "$name" >"$root/$file"
	done
	dpkg-deb --build "$root" "$at.deb" >/dev/null
	rm -rf "$root"
}

# kernel SUITE RELEASE: as it was packaged before Linux 6.19.
kernel() {
	package "$1" linux-image-cloud-amd64 1 "linux-image-$2"
	package "$1" "linux-image-$2" 1 "" "boot/vmlinuz-$2" "lib/modules/$2/kernel/ext4.ko"
}

# split_kernel SUITE RELEASE: as it has been since.
split_kernel() {
	package "$1" linux-image-cloud-amd64 1 "linux-image-$2"
	package "$1" "linux-image-$2" 1 "linux-base-$2 linux-binary-$2 linux-modules-$2"
	package "$1" "linux-base-$2" 1 "" "usr/lib/modules/$2/modules.builtin"
	package "$1" "linux-binary-$2" 1 "" "usr/lib/modules/$2/vmlinuz"
	package "$1" "linux-modules-$2" 1 "" "usr/lib/modules/$2/kernel/ext4.ko"
}

uml() { # SUITE RELEASE
	local libraries=usr/lib/x86_64-linux-gnu
	package "$1" user-mode-linux "${2%.*}um1" "" usr/bin/linux.uml "usr/lib/uml/modules/$2/modules.dep.bin"
	package "$1" libc6 2.43 "" $libraries/ld-linux-x86-64.so.2 $libraries/libc.so.6
}

fetch() {
	run "$ALLOC_PERF_SOURCE/scripts/fetch-kernel" "$@"
	echo "$output"
	assert_status 0
}

@test "fetch-kernel: the machine's own packages come first, and it is no kernel of /boot" {
	kernel own 99.1.0-cloud-amd64
	kernel stable-backports 99.2.0-cloud-amd64
	fetch kernels
	[ "$(ls kernels/boot)" = vmlinuz-99.1.0-cloud-amd64 ]
	[ -e kernels/lib/modules/99.1.0-cloud-amd64/kernel/ext4.ko ]
	[ -e kernels/lib/modules/99.1.0-cloud-amd64/modules.dep.bin ]
	run grep update "$LOG"
	[ -z "$output" ]
	# What is there is not fetched again.
	: >"$LOG"
	fetch kernels
	[ ! -s "$LOG" ]
}

@test "fetch-kernel: one that is new enough, from backports whose list has expired" {
	kernel own 6.1.0-cloud-amd64
	split_kernel stable-backports 7.2.11-cloud-amd64
	EXPIRED=stable-backports
	fetch kernels 6.16
	[ "$(ls kernels/boot)" = vmlinuz-7.2.11-cloud-amd64 ]
	[ -e kernels/lib/modules/7.2.11-cloud-amd64/modules.builtin ]
	[ -e kernels/lib/modules/7.2.11-cloud-amd64/kernel/ext4.ko ]
}

@test "fetch-kernel: lists that were never fetched, as in a container" {
	kernel stable-backports 99.2.0-cloud-amd64
	fetch kernels
	[ "$(ls kernels/boot)" = vmlinuz-99.2.0-cloud-amd64 ]
}

@test "fetch-kernel: unstable where the backports are too old, or do not answer, or lack a file" {
	split_kernel unstable 7.3.1-cloud-amd64
	kernel stable-backports 6.12.0-cloud-amd64
	fetch kernels 7.0
	[ "$(ls kernels/boot)" = vmlinuz-7.3.1-cloud-amd64 ]
	rm -r kernels
	touch "$ARCHIVES/stable-backports/unreachable"
	echo http://mirror.example/debian >"$ARCHIVES/uri"
	fetch kernels 7.0
	assert_output_has "the list of stable-backports cannot be fetched from http://mirror.example/debian"
	[ "$(ls kernels/boot)" = vmlinuz-7.3.1-cloud-amd64 ]
	rm -r kernels "$ARCHIVES/stable-backports/unreachable"
	split_kernel stable-backports 7.2.0-cloud-amd64
	rm "$ARCHIVES/stable-backports/linux-binary-7.2.0-cloud-amd64.deb"
	fetch kernels 7.0
	assert_output_has "it cannot be fetched"
	[ "$(ls kernels/boot)" = vmlinuz-7.3.1-cloud-amd64 ]
}

@test "fetch-kernel: a User-Mode Linux comes with its modules and its C library" {
	uml own 6.1.1
	uml unstable 7.2.7
	export LIBRARIES=$WORK/uml/lib
	fetch --uml uml
	[ -e uml/lib/uml/modules/7.2.7/modules.dep.bin ]
	grep -q "^patchelf --set-interpreter $LIBRARIES/ld-linux-x86-64.so.2 --set-rpath $LIBRARIES " "$LOG"
	[ "$(cat uml/lib/libc.so.6)" = libc6 ]
	rm -r uml
	fetch --uml uml 6.1
	[ -e uml/lib/uml/modules/6.1.1 ]
}

@test "fetch-kernel: nothing that fits, and a program that is missing, are said" {
	kernel own 6.1.0-cloud-amd64
	fetch kernels 6.16
	assert_output_has "fetch-kernel: no kernel of Linux 6.16 or later is offered here"
	fetch --uml uml 7.2
	assert_output_has "fetch-kernel: no User-Mode Linux 7.2 or later is offered here"
	[ -z "$(ls)" ]
	local program
	mkdir few
	for program in sh apt-get apt-cache dpkg dpkg-deb; do
		ln -s "$(command -v $program)" few
	done
	sed "s,^PATH=.*,PATH=$WORK/few," "$ALLOC_PERF_SOURCE/scripts/fetch-kernel" >fetch-kernel
	run sh fetch-kernel kernels
	assert_status 0
	[ "$output" = "fetch-kernel: depmod is missing, so no second kernel can be fetched; run: scripts/setup test" ]
	run sh fetch-kernel --uml uml
	[ "$output" = "fetch-kernel: patchelf is missing, so no other User-Mode Linux can be fetched; run: scripts/setup test" ]
}

@test "fetch-kernel: wrong usage" {
	local arguments
	for arguments in "" "--uml" "one 1 2" "--nonsense one"; do
		# shellcheck disable=SC2086 # words
		run "$ALLOC_PERF_SOURCE/scripts/fetch-kernel" $arguments
		assert_status 2
		assert_output_has "Usage: scripts/fetch-kernel [--uml] FOLDER [LEAST]"
	done
}

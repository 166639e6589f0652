#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# scripts/setup against package managers that are made up here: each writes down
# what it was asked to do, and "installs" by making files.

# shellcheck disable=SC2016 # the fakes' own variables
load helper

setup() {
	test_enter
	FAKE=$TEST_DIR/fake
	LOG=$TEST_DIR/log
	mkdir "$FAKE"
	: >"$LOG"
	export FAKE LOG USER_ID=0
	local program
	for program in sh env find head cat basename; do
		ln -s "$(command -v "$program")" "$FAKE/$program"
	done
	printf '#!/bin/sh\necho "$USER_ID"\n' >"$FAKE/id"
	chmod 755 "$FAKE/id"
	# The script adds the sbin folders by itself; the copy sees the fakes alone.
	sed 's,^PATH=.*,PATH=$FAKE,' "$ALLOC_PERF_SOURCE/scripts/setup" >"$TEST_DIR/setup"
}

# fake NAME: a program whose body is read from standard input.
fake() {
	{
		echo '#!/bin/sh'
		echo 'echo "$(basename "$0") $*" >>"$LOG"'
		cat
	} >"$FAKE/$1"
	chmod 755 "$FAKE/$1"
}

# setup_here ARGUMENT...: scripts/setup where only the fakes are to be seen.
setup_here() {
	run "$FAKE/sh" "$TEST_DIR/setup" "$@" </dev/null
}

# Debian: $1 are packages that do not exist there.
fake_debian() {
	fake dpkg-query <<<'exit 1'
	fake apt-cache <<-END
		case " $1 " in *" \$2 "*) exit 100 ;; esac
		echo "Package: \$2"
	END
	fake pkg-config <<<'[ -e "$FAKE/$2" ]'
	fake apt-get <<-'END'
		case " $* " in
		*" update "*) exit 0 ;;
		*broken*) exit 100 ;;
		esac
		for package; do :> "$FAKE/$package"; done
		for program in cc meson ninja scdoc cpio gzip; do
			printf '#!/bin/sh\n' >"$FAKE/$program"
			/bin/chmod 755 "$FAKE/$program"
		done
		for module in jansson inih blkid mount libkmod libarchive liburing ext2fs com_err gsl sqlite3; do
			: >"$FAKE/$module"
		done
	END
}

everything_is_there() {
	fake_debian ''
	"$FAKE/apt-get" install
	: >"$LOG"
}

@test "setup: silent and idle when all is there" {
	everything_is_there
	setup_here build
	assert_status 0
	[ -z "$output" ]
	run grep -E 'apt-get|dpkg' "$LOG"
	[ -z "$output" ]
}

@test "setup: says what it installs, and installs only what is missing" {
	everything_is_there
	rm "$FAKE/meson" "$FAKE/inih"
	setup_here build
	assert_status 0
	assert_output_has "setup: installing: meson libinih-dev"
	run grep -c 'apt-get .*--no-install-recommends .*install meson libinih-dev$' "$LOG"
	[ "$output" = 1 ]
}

@test "setup: --dry-run installs nothing" {
	everything_is_there
	rm "$FAKE/meson"
	setup_here --dry-run build
	assert_status 0
	assert_output_has "would install: meson"
	run grep apt-get "$LOG"
	[ -z "$output" ]
}

@test "setup: an optional package that does not exist is a warning" {
	everything_is_there
	fake_debian scdoc
	rm "$FAKE/scdoc"
	setup_here build
	assert_status 0
	assert_output_has "not found, left out: scdoc"
}

@test "setup: an optional package that others only mention is left out" {
	everything_is_there
	fake apt-cache <<<'[ "$2" = scdoc ] || echo "Package: $2"'
	rm "$FAKE/scdoc" "$FAKE/meson"
	setup_here build
	assert_status 0
	assert_output_has "not found, left out: scdoc"
	assert_output_has "installing: meson"
}

@test "setup: an optional package that cannot be installed keeps no other away" {
	everything_is_there
	rm "$FAKE"/{linux.uml,mkfs.xfs} 2>/dev/null || true
	fake apt-get <<-'END'
		case " $* " in
		*" user-mode-linux "*) exit 100 ;;
		esac
		for package; do :> "$FAKE/$package"; done
	END
	fake mke2fs <<<''
	fake gnuplot <<<''
	setup_here run
	assert_status 0
	assert_output_has "could not be installed, left out: user-mode-linux"
	[ -e "$FAKE/xfsprogs" ] && [ -e "$FAKE/btrfs-progs" ]
}

@test "setup: a needed package that cannot be had is an error" {
	everything_is_there
	rm "$FAKE/meson"
	fake apt-get <<<'exit 100'
	setup_here build
	assert_status 3
	assert_output_has "apt-get could not install: meson"
	# It tried again with new lists before it gave up.
	run grep -c 'apt-get .*update' "$LOG"
	[ "$output" -ge 1 ]
}

@test "setup: no root and no sudo is told in a sentence" {
	everything_is_there
	rm "$FAKE/meson"
	USER_ID=1000 setup_here build
	assert_status 3
	assert_output_has "missing: meson; this is neither root nor has it sudo; as root, run: scripts/setup build"
}

@test "setup: without root, what is optional stops nobody" {
	everything_is_there
	rm "$FAKE/scdoc"
	USER_ID=1000 setup_here build
	assert_status 0
	assert_output_has "left out: scdoc"
}

@test "setup: an ordinary user goes through sudo" {
	everything_is_there
	rm "$FAKE/meson"
	fake sudo <<-'END'
		[ "$1" != -n ] || shift
		: >"$FAKE/as-root"
		exit 1
	END
	USER_ID=1000 setup_here build
	assert_status 3
	[ -e "$FAKE/as-root" ]
	run grep -c '^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get' "$LOG"
	[ "$output" -ge 1 ]
}

@test "setup: the other distributions' names and commands" {
	fake pkg-config <<<'exit 1'
	fake rpm <<<'exit 1'
	fake dnf <<<''
	setup_here build
	run cat "$LOG"
	assert_output_has "dnf -y -q --setopt=install_weak_deps=False install"
	assert_output_has " ninja-build jansson-devel inih-devel "
	rm "$FAKE/dnf" "$LOG"

	fake pacman <<<''
	setup_here build
	run cat "$LOG"
	assert_output_has "pacman -S --needed --noconfirm"
	assert_output_has " ninja jansson libinih util-linux-libs "
	rm "$FAKE/pacman" "$LOG"

	fake zypper <<<''
	setup_here build
	run cat "$LOG"
	assert_output_has "zypper -n -q install --no-recommends"
	assert_output_has " ninja libjansson-devel libinih-devel "
}

@test "setup: no known package manager" {
	fake pkg-config <<<'exit 1'
	setup_here build
	assert_status 3
	assert_output_has "no apt-get, dnf, pacman or zypper here"
}

@test "setup: wrong usage" {
	run "$ALLOC_PERF_SOURCE/scripts/setup"
	assert_status 2
	run "$ALLOC_PERF_SOURCE/scripts/setup" nonsense
	assert_status 2
	assert_output_has "Usage:"
}

@test "setup: the table holds the libraries that the build asks for, and no others" {
	cd "$ALLOC_PERF_SOURCE"
	# threads is a part of the C library.
	find . -name meson.build -not -path './build*' -exec grep -oh "dependency('[^']*'" {} + | cut -d\' -f2 |
		grep -vx threads | sort -u >"$WORK/asked"
	sed -n 's/^build .* \([^ /]*\)\.pc .*/\1/p; s/^test .* \([^ /]*\)\.pc .*/\1/p' scripts/setup |
		sort -u >"$WORK/installed"
	diff "$WORK/asked" "$WORK/installed"
}

@test "setup: the table has a name or a dash for every distribution" {
	run awk '/^table=/ { inside = 1; next }
		inside && /^.$/ { exit }
		inside && (NF < 8 || $1 !~ /^(build|run|test|deb|bare)$/ || $2 !~ /^(needed|optional)$/)' \
		"$ALLOC_PERF_SOURCE/scripts/setup"
	[ -z "$output" ]
}

# What the program and its tests call, and a file that does: each has its row, so that a row that
# is lost is noticed where everything is installed already.
uses='
cpio            scripts/pack-guest
scdoc           man/meson.build
mke2fs          tests/fuzz/make-ext-image
gnuplot         src/report/gnuplot.c
linux.uml       src/testbed/kernel.c
cmocka.pc       tests/meson.build
fuse3.pc        tests/lib/meson.build
bats            tests/meson.build
clang           scripts/test
losetup         tests/cli/helper.bash
jq              tests/cli/helper.bash
xz              tests/suspend/guest.py
depmod          tests/testbed/qemu.bats
busybox         tests/suspend/guest.py
chromium        tests/cli/browse.py
qemu-system-x86_64 src/testbed/qemu.c
/usr/aarch64-linux-gnu/include/stdio.h tests/lib/elsewhere.bats
/boot/vmlinuz-* src/testbed/kernel.c
debootstrap     scripts/bare-system
git             scripts/bare-system
bats            scripts/test-bare
lintian         scripts/build-deb
mandoc          tests/cli/language.bats
groff           tests/cli/language.bats
dpkg-buildpackage scripts/build-deb
autopkgtest     scripts/test-bare
'

# has_row PROOF: in the table of scripts/setup.
has_row() {
	awk -v proof="$1" '$3 == proof { found = 1 } END { exit !found }' "$ALLOC_PERF_SOURCE/scripts/setup" ||
		fail "scripts/setup has no row for $1"
}

@test "setup: what the program and its tests call has a row" {
	cd "$ALLOC_PERF_SOURCE"
	local proof file word
	while read -r proof file; do
		[ -n "$proof" ] || continue
		word=${proof%.pc}
		word=${word%-\*}
		word=${word#/boot/}
		grep -qF -- "$word" "$file" || fail "$file does not use $proof any more"
		has_row "$proof"
	done <<<"$uses"
	# Programs of packages that other rows stand for.
	local by_others=" mkswap mkfs.ext4 mkfs.ext2 btrfs btrfs-image debugfs e4defrag e2freefrag e2fsck fallocate filefrag fsfreeze ionice python3 script xfs_db xfs_logprint xfs_spaceman no-such-program "
	while read -r proof; do
		[[ $by_others == *" $proof "* ]] || has_row "$proof"
	done < <(grep -rhoE 'require_program [a-z0-9_.-]+' tests | cut -d' ' -f2 | sort -u)
	while read -r proof; do
		# One package makes them all.
		[[ $proof == mkfs.ext[234] ]] || has_row "$proof"
	done < <(sed -n 's/^mkfs = \([^ ]*\).*/\1/p' data/filesystems.ini | sort -u)
}

@test "setup: packages whose proof says nothing have their rows" {
	for package in gcc-multilib libclang-rt-dev build-essential; do
		awk -v package="$package" '$3 == "-" && $4 == package { found = 1 } END { exit !found }' \
			"$ALLOC_PERF_SOURCE/scripts/setup" || fail "scripts/setup has no row for $package"
	done
}

@test "setup: nothing is missing where all tests must run" {
	case ",${ALLOC_PERF_REQUIRE:-}," in
	*,programs,*) ;;
	*) skip "ALLOC_PERF_REQUIRE does not name programs" ;;
	esac
	run "$ALLOC_PERF_SOURCE/scripts/setup" --dry-run build run test
	assert_status 0
	[[ $output == *"would install"* ]] || return 0
	# What the distribution has no package of cannot be missed.
	local package
	for package in ${output#*would install:}; do
		[ -z "$(apt-cache show "$package" 2>/dev/null)" ] || fail "$output"
	done
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The library alone, installed, found by pkg-config, and used by the example as a
# stranger would.

load ../cli/helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	meson setup -Dprogram=false --prefix=/usr --libdir=lib build "$ALLOC_PERF_SOURCE" >log
	DESTDIR=$BATS_FILE_TMPDIR/root meson install -C build >>log
}

setup() {
	test_enter
	root=$BATS_FILE_TMPDIR/root
	export PKG_CONFIG_PATH=$root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
}

teardown() {
	test_leave
}

# build ARGUMENTS...: both examples, against what is installed.
build() {
	local name
	for name in example queue-example; do
		# shellcheck disable=SC2046 # words are what pkg-config prints
		cc -Wall -Wextra -Werror "$ALLOC_PERF_SOURCE/examples/prealloc-$name.c" -o $name "$@" \
			$(pkg-config --cflags --libs libprealloc)
	done
}

# list COUNT: lines for the queue's example, files of mixed sizes in the directory.
list() {
	local i
	for ((i = 1; i <= $1; i++)); do
		echo "$((i * 977 % 50000 + 1)) file $i"
	done
}

@test "install: the library alone, with header, pkg-config file and manual" {
	(cd "$root/usr" && find . -type f -o -type l) | sort >found
	for file in include/prealloc.h lib/libprealloc.a lib/libprealloc.so lib/libprealloc.so.0 \
		lib/libprealloc-preload.so lib/pkgconfig/libprealloc.pc; do
		grep -qx "./$file" found || fail "no $file"
	done
	run grep bin/ found
	[ -z "$output" ]
	[ "$(pkg-config --modversion libprealloc)" = "$("$ALLOC_PERF" --version | cut -d' ' -f2)" ]
}

@test "install: needs nothing but the C library" {
	run readelf -d "$root/usr/lib/libprealloc.so"
	[ "$(grep -c NEEDED <<<"$output")" = 1 ]
	assert_output_has "[libc.so"
	assert_output_has "[libprealloc.so.0]"
}

@test "install: exports what the header declares, versioned, and no more" {
	nm -D --defined-only "$root/usr/lib/libprealloc.so" |
		sed -n 's/.* T \([a-z_]*\)@@PREALLOC_[12]$/\1/p' | sort >exported
	grep -o '\bprealloc[a-z_]*(' "$root/usr/include/prealloc.h" | tr -d '(' | sort -u |
		grep -vx prealloc_progress_fn >declared
	diff declared exported
	nm -g --defined-only "$root/usr/lib/libprealloc-preload.so" -D |
		sed -n 's/.* T //p' | sort >exported
	[ "$(cat exported)" = $'fallocate\nfallocate64\nposix_fallocate\nposix_fallocate64' ]
}

@test "install: every exported call has a page" {
	compgen -G "$root/usr/share/man/man3/*" >/dev/null || lack programs "built without scdoc"
	for call in $(nm -D --defined-only "$root/usr/lib/libprealloc.so" | sed -n 's/.* T \([a-z_]*\)@@.*/\1/p'); do
		[ -e "$root/usr/share/man/man3/$call.3" ] || fail "no page for $call"
	done
}

@test "install: the example, shared" {
	build
	run env LD_LIBRARY_PATH="$root/usr/lib" ./example file 3
	[ "$status" = 0 ]
	assert_output_has "file: 3145728 bytes reserved"
	[ "$(stat -c %s file)" = 3145728 ]
}

@test "install: the example, static" {
	build -static
	run ./example file 3
	[ "$status" = 0 ]
	assert_output_has "file: 3145728 bytes reserved"
	run ./example file
	[ "$status" = 2 ]
	run ./example none/file 1
	[ "$status" = 1 ]
}

@test "install: the queue's example, 1000 files with few descriptors" {
	build
	ulimit -n 32
	list 1000 | LD_LIBRARY_PATH=$root/usr/lib ./queue-example >out
	[ "$(tail -1 out)" = "$(list 1000 | awk '{ sum += $1 } END { print sum " of " sum " bytes" }')" ]
	list 1000 | while read -r bytes name; do
		[ "$(stat -c %s "$name")" = "$bytes" ] || fail "$name is not $bytes long"
	done
}

@test "install: the queue's example, what does not fit and what fails" {
	build -static
	run ./queue-example <<<$'1000 small\n9000000000000000000 large'
	[ "$status" = 1 ]
	grep -Eqx 'small: 9000000000[0-9]+ bytes needed, [0-9]+ available' <<<"$output"
	[ ! -e small ]
	run ./queue-example <<<$'1000 none/file\n4096 good'
	[ "$status" = 1 ]
	assert_output_has "none/file: No such file or directory"
	[ "$(stat -c %s good)" = 4096 ]
	run ./queue-example </dev/null
	[ "$status" = 0 ]
}

@test "install: the queue's example, interrupted, leaves no half-made file" {
	build
	list 6000 >files
	# It cannot end before somebody reads all that it says.
	mkfifo out
	LD_LIBRARY_PATH=$root/usr/lib ./queue-example <files >out 3>&- &
	local pid=$! line=
	exec 7<out
	while [[ $line != [1-9]* ]]; do
		read -r line <&7
	done
	kill -INT $pid
	cat <&7 >/dev/null
	exec 7<&-
	wait $pid || :
	while read -r bytes name; do
		[ ! -e "$name" ] || [ "$(stat -c %s "$name")" = "$bytes" ] || fail "$name is half made"
	done <files
}

@test "install: the header is C++ too" {
	local compiler
	compiler=$(command -v c++ || command -v clang++) || lack programs "no C++ compiler"
	# shellcheck disable=SC2046
	echo '#include <prealloc.h>
int main() { return prealloc_version() == nullptr; }' |
		"$compiler" -x c++ -Wall -Wextra -Werror -o cpp - $(pkg-config --cflags --libs libprealloc)
	LD_LIBRARY_PATH=$root/usr/lib ./cpp
}

@test "install: no compiler complains about the header" {
	local standard
	echo '#include <prealloc.h>
#if PREALLOC_VERSION < PREALLOC_MAKE_VERSION(PREALLOC_VERSION_MAJOR, 0, 0)
#error the preprocessor cannot compare versions
#endif
int main(void) { return prealloc_version() == 0; }' >strict.c
	for standard in c89 c17 c2x; do
		# shellcheck disable=SC2046
		cc -std=$standard -pedantic-errors -Wall -Wextra -Werror -c strict.c $(pkg-config --cflags libprealloc)
	done
	command -v c++ >/dev/null || lack programs "no C++ compiler"
	for standard in c++98 c++17; do
		# shellcheck disable=SC2046
		c++ -std=$standard -pedantic-errors -Wall -Wextra -Werror -x c++ -c strict.c $(pkg-config --cflags libprealloc)
	done
}

@test "install: valgrind finds nothing" {
	require_program valgrind
	build -g
	LD_LIBRARY_PATH=$root/usr/lib valgrind -q --error-exitcode=9 --leak-check=full ./example file 3
	list 20 | LD_LIBRARY_PATH=$root/usr/lib valgrind -q --error-exitcode=9 --leak-check=full ./queue-example
}

# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # `output` is of bats
#
# What elsewhere*.bats share: `promises` (promises.c) is built anew for each place, of
# nothing but the library's sources, and run there.

load ../cli/helper

setup() {
	test_enter
}

teardown() {
	for directory in merged mnt; do
		! mountpoint -q "$WORK/$directory" || umount "$WORK/$directory"
	done
	test_leave
}

# build COMPILER...: ./promises.  Without what the build found out, so with the least.
build() {
	local sources
	mapfile -t sources < <(find "$ALLOC_PERF_SOURCE/lib" -name '*.c' ! -name preload.c)
	"$@" -std=gnu17 -O1 -g -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Wall -Wextra \
		-Werror -I"$ALLOC_PERF_SOURCE/include" "$ALLOC_PERF_SOURCE/tests/lib/"{promises,served}.c \
		"${sources[@]}" -o promises -pthread
}

# volume SIZE TYPE MKFS...: mounted on mnt.
volume() {
	require loop
	local size=$1 type=$2
	shift 2
	truncate -s "$size" image
	"$@" image >/dev/null 2>&1
	mkdir -p mnt
	mount -o "loop${OPTIONS:+,$OPTIONS}" -t "$type" image mnt
}

# kept COMMAND...: all of its promises.
kept() {
	run "$@"
	[[ $output = *"1..12"* ]] || fail "$output"
	[ "$(grep -c '^ok' <<<"$output")" = 12 ] || fail "$output"
	[[ $output != *"not ok"* ]] || fail "$output"
}

# modules NAME,...: copies them and what they need into the guest, in the order of loading.
modules() {
	local root name line file
	root=/usr/lib/uml/modules/$(linux.uml --version)
	for name in ${1//,/ }; do
		line=$(grep "/$name.ko:" "$root/modules.dep") || skip "linux.uml has no $name"
		for file in $(tac -s ' ' <<<"${line/:/} " | tr -d '\n'); do
			! grep -qsx "/${file##*/}" guest/modules || continue
			cp "$root/$file" guest/
			echo "/${file##*/}" >>guest/modules
		done
	done
}

# guest TYPE MODULE,... MKFS...: in a guest, by an ordinary user.  QUOTA: usrquota, grpquota, prjquota;
# NFS: 3, 4.2; KEEP_ROOM: not filled.
guest() {
	require uml
	local type=$1 needed=$2 memory=/dev/shm
	shift 2
	require_program "$1"
	# That of a container has 64 MiB.
	(($(stat -f -c '%a * %S' $memory) > 300 << 20)) || memory=$SCRATCH
	build cc -static
	mkdir -p guest/{dev,proc,mnt,nfs,var/lib/nfs/v4recovery}
	mv promises guest/init
	modules "$needed"
	(cd guest && find . | cpio --quiet -o -H newc) | gzip >guest.cpio
	truncate -s "${SIZE:-96M}" image
	"$@" image >/dev/null 2>&1
	chmod 666 image
	kept as_user env TMPDIR="$memory" timeout -k 5 600 linux.uml mem=256M initrd=guest.cpio ubdb=image \
		uml_dir=/dev/null/ con=null con0=null,fd:1 quiet panic=-1 "type=$type" ${QUOTA:+"quota=$QUOTA"} \
		${NFS:+"nfs=$NFS"} ${KEEP_ROOM:+keep_room=1} </dev/null
}

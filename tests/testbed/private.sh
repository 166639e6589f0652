#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs a test that mounts things: private.sh FOLDER COMMAND...
#
# It gets mount and PID namespaces of its own and a tmpfs on FOLDER as TMPDIR, so
# that whatever way it ends, the kernel kills its processes, unmounts, detaches the
# loop devices (mount makes them autoclear) and frees the images.

unavailable() {
	case ",$ALLOC_PERF_REQUIRE," in
	*,loop,*)
		echo "Bail out! loop is required, but $1"
		exit 1
		;;
	esac
	echo "1..0 # SKIP $1"
	exit 0
}

folder=$1
shift
[ "$(id -u)" = 0 ] || unavailable "loop mounts need root"
unshare --mount true 2>/dev/null || unavailable "mount namespaces are not permitted here"
losetup --find >/dev/null 2>&1 || unavailable "there are no loop devices here"
mkdir -p "$folder" || exit 1

# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc sh -c '
	mount -t tmpfs -o size=1500m,mode=700 scratch "$0" || exit 1
	TMPDIR=$0 PATH=$PATH:/usr/sbin:/sbin
	export TMPDIR PATH
	exec "$@"
' "$folder" "$@"

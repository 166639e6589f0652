#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs a test that mounts things: private.sh COMMAND...
#
# It gets mount and PID namespaces of its own and a tmpfs as TMPDIR, so that whatever
# way it ends, the kernel kills its processes, unmounts, detaches the loop devices
# (mount makes them autoclear) and frees the images.

# By an ordinary user: the test says itself what it lacks.
unshare --mount true 2>/dev/null || exec "$@"

folder=$(mktemp -d "${TMPDIR:-/var/tmp}/alloc-perf-test.XXXXXX") || exit 1
# shellcheck disable=SC2016 # expanded by the inner shell
unshare --mount --propagation private --pid --fork --kill-child --mount-proc sh -c '
	mount -t tmpfs -o size=1500m,mode=755 scratch "$0" || exit 1
	TMPDIR=$0 PATH=$PATH:/usr/sbin:/sbin
	export TMPDIR PATH
	exec "$@"
' "$folder" "$@"
status=$?
rmdir "$folder"
exit "$status"

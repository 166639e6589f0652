# SPDX-License-Identifier: MIT
"""Images of file systems, and what a power cut left of them.

A verdict is one of
	clean   nothing had to be repaired or replayed: as after an unmount
	replay  whole, once the log is replayed
	broken  something is wrong that the log does not mend
with what the verdict is made from.  Nothing is mounted here, the tools read the image.
"""
import os
import re
import subprocess

SIZE = 320 << 20  # mkfs.xfs refuses less than 300 MiB

MKFS = {
    "ext3": ["mkfs.ext3", "-q", "-F"],
    "ext4": ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
    "xfs": ["mkfs.xfs", "-q", "-f"],
    "btrfs": ["mkfs.btrfs", "-q", "-f"],
}

# xfs_repair has no quiet mode: what it says of a file system that lacks nothing.
XFS_REPAIR_ROUTINE = re.compile(
    r"Phase |\s+- |No modify flag|ALERT: The filesystem has valuable metadata|ignored because the -n"
    r"|which may be resolved by first|Cannot get host|Repair may fail|the image and the host")
# Counters in the superblock that xfs counts anew when it mounts without an unmount record.  They
# leave out what is reserved for delayed allocation, which is nowhere on the disk.
XFS_SUMMARY = re.compile(r"sb_(fdblocks|icount|ifree) \d+, counted \d+")


def make(kind, path):
    with open(path, "wb") as file:
        file.truncate(SIZE)
    subprocess.run(MKFS[kind] + [path], check=True, stdout=subprocess.DEVNULL)


def ask(*command):
    """What a tool says, and its status."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", stdin=subprocess.DEVNULL)
    return done.stdout, done.returncode


def look_at_ext(path):
    features = re.search(r"^Filesystem features:.*", ask("dumpe2fs", "-h", path)[0], re.M)[0]
    if "needs_recovery" not in features:
        said, status = ask("e2fsck", "-fn", path)
        return ("broken" if status or "Fix?" in said else "clean"), said
    copy = path + ".replayed"
    ask("cp", "--sparse=always", path, copy)
    ask("e2fsck", "-y", "-E", "journal_only", copy)
    said, status = ask("e2fsck", "-fn", copy)
    os.unlink(copy)
    return ("broken" if status else "replay"), features + "\n" + said


def look_at_xfs(path):
    """A freeze leaves the superblock in the log, on purpose: only other items have to be replayed.
    Those can be judged after a mount, no tool replays them."""
    log, status = ask("xfs_logprint", "-t", path)
    items = re.findall(r"^\t[A-Z]+: .*", log, re.M)
    others = [item for item in items if not re.search(r"BUF: .* start blkno:0x0 ", item)]
    if status or not re.search(r"state: <(CLEAN|DIRTY)>", log):
        return "broken", log
    if others:
        return "replay", "%d items besides the superblock in the log" % len(others)
    said, _ = ask("xfs_repair", "-n", path)
    wrong = [line for line in said.splitlines()
             if not XFS_REPAIR_ROUTINE.match(line) and not XFS_SUMMARY.match(line)]
    return ("broken" if wrong else "clean"), "\n".join(wrong)


def look_at_btrfs(path):
    """A log tree holds what was fsynced since the last transaction."""
    said, status = ask("btrfs", "check", "--readonly", path)
    log_root = re.search(r"^log_root\s+(\d+)", ask("btrfs", "inspect-internal", "dump-super", path)[0], re.M)
    if status or not log_root:
        return "broken", said
    return ("clean" if log_root[1] == "0" else "replay"), "log_root " + log_root[1]


LOOK = {"ext3": look_at_ext, "ext4": look_at_ext, "xfs": look_at_xfs, "btrfs": look_at_btrfs}


def look(kind, path):
    return LOOK[kind](path)

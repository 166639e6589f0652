#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command on a terminal of its own and types when it is asked.

	terminal.py [WAIT TYPE]... -- COMMAND...

Once WAIT was shown, TYPE is typed (with \\n and the like), and the next WAIT is looked for
behind it.  Prints all that was shown; the status is the command's.  What does not come in a
minute ends it.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


def read_some(terminal):
    """What was shown meanwhile; empty at its end."""
    if not select.select([terminal], [], [], 60)[0]:
        return b""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def main(arguments):
    at = arguments.index("--")
    script, command = arguments[:at], arguments[at + 1:]
    pid, terminal = pty.fork()
    if pid == 0:
        # Wide enough that no line is broken.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 24, 1000, 0, 0))
        os.execvp(command[0], command)
    seen, looked = b"", 0
    while got := read_some(terminal):
        seen += got
        while script and script[0].encode() in seen[looked:]:
            looked = len(seen)
            os.write(terminal, script[1].encode().decode("unicode_escape").encode("latin-1"))
            script = script[2:]
    sys.stdout.buffer.write(seen)
    if script:
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


sys.exit(main(sys.argv[1:]))

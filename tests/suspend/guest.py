#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest that can be put to sleep, woken, and cut off from its power.

User-Mode Linux wakes at once from a suspend and so cannot show what a power cut leaves
behind; QEMU really stops, and says so.  It emulates the processor (TCG), since a test that
only runs where KVM works is one that most machines skip.

	guest.py boot FOLDER [--disk IMAGE]... [--add PROGRAM]... [--module NAME]...   until it ends
	guest.py ready FOLDER          waits until it takes commands
	guest.py sh FOLDER COMMAND     by its shell; the output and the status are the command's
	guest.py nap FOLDER COMMAND    COMMAND suspends to RAM; wakes the guest once it sleeps
	guest.py cut FOLDER [COMMAND]  kills it, as when the battery is empty; COMMAND suspends before
	guest.py lacking               why no guest can be had here; nothing: it can

FOLDER is the guest's own: its sockets, its pid, what its console said.  A disk is a file; in
the guest it is /dev/vda and so on, in the order given.  The kernel is the newest with a name in
/boot and modules in /lib/modules, both below $ALLOC_PERF_GUEST_ROOT if that is set.  A module
that is named is not loaded: /modules.NAME in the guest lists its file after those that it needs.
"""
import argparse
import base64
import ctypes
import glob
import json
import lzma
import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get("ALLOC_PERF_GUEST_ROOT", "/")
MODULES = ["virtio_pci", "virtio_blk", "ext4", "xfs", "crc32c", "btrfs", "vfat", "nls_cp437", "nls_ascii",
           "nls_iso8859-1", "nls_utf8", "overlay", "loop", "fuse", "autofs4", "dm-mod"]
END = b"\x1e"
READY = "agent: ready"
# A guest on a busy machine: an answer that never comes is what this is for.
PATIENCE_S = 180
# Linux 7.2 now and then dies while it patches itself at boot, on a QEMU 7.2 that emulates two processors.
STARTS_MAX = 4
PR_SET_PDEATHSIG = 1

os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"


class GuestError(Exception):
    """It did not do what it should; the text is for the reader of the test."""


def kernel():
    """Path and release of the newest kernel whose modules are there, too."""
    def age(path):
        return [int(number) for number in re.findall(r"\d+", os.path.basename(path))]

    for path in sorted(glob.glob(os.path.join(ROOT, "boot/vmlinuz-*")), key=age, reverse=True):
        release = os.path.basename(path)[len("vmlinuz-"):]
        if os.path.exists(os.path.join(ROOT, "lib/modules", release, "modules.dep")):
            return path, release
    return None


def lacking():
    for program, package in (("qemu-system-x86_64", "qemu-system-x86"), ("busybox", "busybox-static"),
                             ("modprobe", "kmod"), ("setpriv", "util-linux")):
        if not shutil.which(program):
            return "no %s (Debian: %s)" % (program, package)
    if not kernel():
        return "no kernel with its modules below %s (Debian: linux-image-cloud-amd64)" % ROOT
    return ""


class Archive:
    """An initramfs: cpio's format newc, written by hand because its members come from everywhere."""

    def __init__(self):
        self.data = bytearray()
        self.names = {""}

    def member(self, name, mode, data=b""):
        name = name.strip("/")
        if name in self.names:
            return
        if os.path.dirname(name) not in self.names:
            self.member(os.path.dirname(name), stat.S_IFDIR | 0o755)
        self.names.add(name)
        self.entry(name, mode, data)

    def entry(self, name, mode, data):
        name = name.encode() + b"\0"
        fields = (len(self.names), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        for part in (b"070701" + b"".join(b"%08x" % field for field in fields) + name, data):
            self.data += part
            self.data += bytes(-len(self.data) % 4)

    def file(self, name, path):
        with open(path, "rb") as file:
            data = file.read()
        if path.endswith(".xz"):
            name, data = name[:-len(".xz")], lzma.decompress(data)
        self.member(name, stat.S_IFREG | 0o755, data)
        return name

    def program(self, path):
        """Into /bin, with the libraries that it needs."""
        self.file("bin/" + os.path.basename(path), path)
        listed = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", listed):
            self.file(library, library)

    def modules(self, release, names, listed):
        """Those of NAMES that are no part of this kernel, and what they need, in order."""
        order = []
        for module in names:
            shown = subprocess.run(
                ["modprobe", "-d", ROOT, "-S", release, "--ignore-install", "--show-depends", module],
                capture_output=True, text=True).stdout
            for path in re.findall(r"^insmod (\S+)", shown, re.M):
                name = self.file("modules.d/" + os.path.basename(path), path)
                if name not in order:
                    order.append(name)
        self.member(listed, stat.S_IFREG | 0o644, "".join("/%s\n" % name for name in order).encode())

    def finish(self, path):
        self.entry("TRAILER!!!", 0, b"")
        with open(path, "wb") as file:
            file.write(self.data)


def make_initramfs(path, release, programs, modules):
    archive = Archive()
    for program in [shutil.which("busybox")] + programs:
        archive.program(program)
    archive.member("bin/sh", stat.S_IFLNK | 0o777, b"busybox")
    archive.file("init", os.path.join(HERE, "init"))
    archive.modules(release, MODULES, "modules")
    for module in modules:
        archive.modules(release, [module], "modules." + module)
    archive.finish(path)


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Qmp:
    """QEMU's monitor.  It takes one client at a time, so a connection is not held for long."""

    def __init__(self, path):
        self.socket = connect(path, PATIENCE_S)
        self.pending = b""
        self.call("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read(self, unless=None):
        """The next message.  A command that should suspend may end without: `unless` is its answer."""
        while b"\n" not in self.pending:
            readable = select.select([self.socket] + ([unless] if unless else []), [], [], PATIENCE_S)[0]
            if not readable:
                raise GuestError("nothing happens")
            if unless in readable and unless.receive():
                raise GuestError("it did not sleep: %s(status %d)" % unless.rest())
            if self.socket in readable:
                self.pending += receive(self.socket)
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line)

    def call(self, command):
        self.socket.sendall(json.dumps({"execute": command}).encode() + b"\n")
        while True:
            answer = self.read()
            if "error" in answer:
                raise GuestError("%s: %s" % (command, answer["error"]["desc"]))
            if "return" in answer:
                return answer["return"]

    def await_event(self, name, unless):
        while self.read(unless).get("event") != name:
            pass


def connect(path, patience_s):
    deadline = time.monotonic() + patience_s
    while True:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(patience_s)
        try:
            connection.connect(path)
            return connection
        except OSError:
            connection.close()
        if time.monotonic() > deadline:
            raise GuestError("nobody listens at " + path)
        time.sleep(0.1)


def receive(connection):
    try:
        data = connection.recv(65536)
    except TimeoutError:
        data = b""
    if not data:
        raise GuestError("QEMU says no more")
    return data


class Answer:
    """Of the agent in the guest: what the command says, a byte that no text has, the status."""

    def __init__(self, path, command):
        self.socket = connect(path, PATIENCE_S)
        self.socket.sendall(base64.b64encode(command.encode()) + b"\n")
        self.said = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def fileno(self):
        return self.socket.fileno()

    def receive(self):
        """Some of it; is that all?"""
        self.said += receive(self.socket)
        return self.is_complete()

    def is_complete(self):
        return re.search(END + rb"\d+\n$", self.said)

    def rest(self):
        try:
            while not self.is_complete():
                self.receive()
        except GuestError:
            raise GuestError("no answer but: " + self.said.decode(errors="replace"))
        output, _, status = self.said.rpartition(END)
        return output.decode(errors="replace"), int(status)


class Guest:
    def __init__(self, folder):
        self.folder = folder
        self.process = None
        self.starts = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, disks=(), programs=(), modules=()):
        """Dies with the caller, whatever happens to that."""
        os.makedirs(self.folder, exist_ok=True)
        image, release = kernel()
        initramfs = self.path("initramfs")
        if not os.path.exists(initramfs):
            make_initramfs(initramfs, release, list(programs), modules)
        for name in ("agent", "qmp", "pid", "console"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        # QEMU's other machine, q35, sleeps only once: the second suspend returns at once (7.2).
        # At boot Linux waits some milliseconds for the timer and takes it for broken where the machine
        # is too busy to emulate it in time; what it does instead need not outlive a suspend.
        command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-M", "pc", "-cpu", "max",
                   "-smp", "2", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot",
                   "-kernel", image, "-initrd", initramfs,
                   "-append", "console=ttyS0 panic=-1 loglevel=4 no_timer_check",
                   "-serial", "file:" + self.path("console"),
                   "-serial", "unix:%s,server=on,wait=off" % self.path("agent"),
                   "-qmp", "unix:%s,server=on,wait=off" % self.path("qmp"),
                   "-pidfile", self.path("pid")]
        for disk in disks:
            command += ["-drive", "if=virtio,format=raw,cache=writeback,file=" + disk]
        self.process = subprocess.Popen(command, preexec_fn=die_with_parent, stdin=subprocess.DEVNULL)
        self.parts = (disks, programs, modules)
        self.starts += 1
        return self

    def start_again(self):
        """If its kernel died at boot, with nothing mounted yet; says whether."""
        died = READY not in self.said() and "Kernel panic" in self.said()
        if died and self.starts < STARTS_MAX:
            self.start(*self.parts)
            return True
        return False

    def ready(self, patience_s=PATIENCE_S):
        """The console is a file, so it does not matter whether anybody listened in time."""
        deadline = time.monotonic() + patience_s
        while READY not in self.said():
            if time.monotonic() > deadline:
                raise GuestError("it does not become ready\n" + self.said()[-1500:])
            if self.process and self.process.poll() is not None:
                self.start_again()
            time.sleep(0.1)

    def state(self):
        """For who wonders why it is silent."""
        try:
            with Qmp(self.path("qmp")) as qmp:
                status = "QEMU says that it is " + qmp.call("query-status")["status"]
        except GuestError as error:
            status = str(error)
        return "%s; the end of its console:\n%s" % (status, self.said()[-1500:])

    def rest_of(self, answer):
        try:
            return answer.rest()
        except GuestError as error:
            raise GuestError("%s\n%s" % (error, self.state()))

    def do(self, command):
        """Returns what COMMAND said and its status."""
        with Answer(self.path("agent"), command) as answer:
            return self.rest_of(answer)

    def sleep(self, command):
        """Does COMMAND and returns when the guest sleeps: the answer, which is still to come."""
        with Qmp(self.path("qmp")) as qmp:
            answer = Answer(self.path("agent"), command)
            qmp.await_event("SUSPEND", unless=answer)
        return answer

    def nap(self, command):
        """The same, and wakes it; returns what COMMAND said and its status."""
        with self.sleep(command) as answer:
            with Qmp(self.path("qmp")) as qmp:
                qmp.call("system_wakeup")
            return self.rest_of(answer)

    def cut(self):
        """Nothing that the guest has not written is written from here on."""
        try:
            with open(self.path("pid")) as file:
                process = os.pidfd_open(int(file.read()))
        except (FileNotFoundError, ProcessLookupError):
            return
        signal.pidfd_send_signal(process, signal.SIGKILL)
        select.select([process], [], [])
        os.close(process)
        if self.process:
            self.process.wait()

    def said(self):
        """On its console."""
        try:
            with open(self.path("console"), errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("verb", choices=["boot", "ready", "sh", "nap", "cut", "lacking"])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("command", nargs="?")
    parser.add_argument("--disk", action="append", default=[])
    parser.add_argument("--add", action="append", default=[])
    parser.add_argument("--module", action="append", default=[])
    options = parser.parse_args()
    guest = Guest(options.folder)
    if options.verb == "lacking":
        print(lacking(), end="")
    elif options.verb == "boot":
        die_with_parent()
        guest.start(options.disk, options.add, options.module).process.wait()
        while guest.start_again():
            guest.process.wait()
    elif options.verb == "ready":
        guest.ready()
    elif options.verb == "cut":
        if options.command:
            guest.sleep(options.command)
        guest.cut()
    else:
        output, status = (guest.nap if options.verb == "nap" else guest.do)(options.command)
        print(output, end="")
        return status
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GuestError as error:
        sys.exit("guest.py: %s" % error)

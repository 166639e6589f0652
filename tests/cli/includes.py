#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the includes of src/ with the table in doc/design.md.  Prints what breaks a rule.

- An own header is included by its directory: "base/io.h".
- A directory includes itself, what its row of the table names, and what those include.
- A chain of includes is at most DEPTH files long.
"""
import pathlib
import re
import sys

DEPTH = 5
ANYTHING = "all"
ROW = re.compile(r"^\| `src/([a-z]+)/` \|.*\| ([^|]*) \|$", re.M)
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def allowed_by(table, directory, found=None):
    """The directories that DIRECTORY may include, itself among them."""
    found = set() if found is None else found
    if directory not in found:
        found.add(directory)
        for other in re.findall(r"[a-z]+", table.get(directory, "")):
            allowed_by(table, other, found)
    return found


def depth(header, includes, trail=()):
    if header in trail:
        return DEPTH + 1
    return 1 + max((depth(h, includes, trail + (header,)) for h in includes.get(header, ())), default=0)


def main():
    source = pathlib.Path(sys.argv[1])
    table = dict(ROW.findall((source / "doc/design.md").read_text()))
    includes = {}
    wrong = []
    for file in sorted((source / "src").rglob("*.[ch]")):
        name = str(file.relative_to(source / "src"))
        includes[name] = [h for h in INCLUDE.findall(file.read_text()) if h != "prealloc.h"]
        directory = name.split("/")[0]
        if directory not in table:
            wrong.append(f"src/{directory}: has no row in doc/design.md")
        allowed = allowed_by(table, directory)
        for header in includes[name]:
            if not (source / "src" / header).exists():
                wrong.append(f"src/{name}: \"{header}\" is not below src/")
            elif header.split("/")[0] not in allowed and table.get(directory) != ANYTHING:
                wrong.append(f"src/{name}: may not include \"{header}\"")
    for directory in sorted(table):
        if not (source / "src" / directory).is_dir():
            wrong.append(f"doc/design.md: there is no src/{directory}")
    for name in sorted(includes):
        if depth(name, includes) > DEPTH + 1 - name.endswith(".h"):
            wrong.append(f"src/{name}: includes more than {DEPTH} levels deep")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong or not includes else 0


sys.exit(main())

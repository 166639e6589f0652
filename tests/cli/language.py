#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""language.py FILE...: finds words and phrases that texts for users avoid, and says what to write.

Of a C source, its string literals are read; of any other file, all of it.  Exit status 1 if
something was found, 3 if there was nothing to read.
"""

import re
import sys

TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|\'(?:\\.|[^\'\\\n])+\'|"(?:\\.|[^"\\\n])*"', re.DOTALL)

# A pattern, and what to write instead.  Words with a unit, a field's or a file's name are not meant.
AVOID = [
    (r"\bfolders?\b", "directory"),
    (r"\bverbs?\b", "command"),
    (r"\bfrom begin\b|\b(the|its) begin\b|\bbegin of\b|\bbegin another\b", "start"),
    (r"\b(bytes|files|requests|lines?|fragments|several|one|object|row|name|byte|runs?|trial) "
     r"an? (second|call|line|trial|file|hole|block|byte|day|processor|name)\b", "per"),
    (r"\bfigures a \w+|\b(line|block|row|object) a \w+", "per"),
    (r"\bwould do\b|\bwill do\b", "minimum; is sufficient"),
    (r"\bideal\b", "minimum"),
    (r"\bgiven (its|their) places?\b", "delayed allocation"),
    (r"\bthat look\b|\bis looked at\b|\blook(s|ed)? (into|at)\b", "scan, read, examine"),
    (r"\b(is|are|be|been|was) told\b|\btells? (more|us)\b|\b(do|does|can)(es)? not tell\b|\bcannot tell\b|\btells? only\b",
     "report, show, determine"),
    (r"\bthere is no (order|model|list|preset|size|program)\b", "unknown or invalid ..."),
    (r"(?<![Tt]here )\b(is|are) no (?!longer|more|other)[a-z]+", "is not a ..."),
    (r"\band not \\?\"", "invalid value ...: use ..."),
    (r"\bcannot \\?\"%s", "unknown command"),
    (r"\b(that|which) (is|are) none\b", "is not valid"),
    (r"\bsee to it\b", "make sure"),
    (r"\bto tell\b|\bhad been\b.*\bcan\b", "to determine"),
    (r"\bquiet(er)? machine\b", "an idle machine"),
    (r"\bhow (a figure|they|it) went\b", "how a statistic changed over time"),
    (r"\bdear\b", "expensive"),
    (r"\brubbish\b|\bbabbled\b", "invalid output"),
    (r"\bof one'?s own\b|\bof your own\b", "..."),
    (r"\blacks? something\b", "a prerequisite is missing"),
    (r"\bneither[.;,)]|\btoo[.;)]|, too\b", "also"),
    (r"\btakes from the other\b", "also frees space of the other"),
    (r"\bno matter of\b|\bnone of the \w+' doing\b", "..."),
    (r"\bso that one who\b|\bnot believed\b|\brather frozen\b", "..."),
    (r"\bthat is there has\b", "is fixed"),
    (r"\b(goes|go|went|going) on\b", "continue"),
    (r"\b(do|does) not compare\b|\bcompares? only\b", "are not comparable"),
    (r"\bwrong usage\b", "invalid usage"),
    (r"\bheld frozen\b|\bsomebody else", "frozen; another program"),
    (r"\bunless given\b|\bif not given\b", "default: ..."),
    (r"\bshall\b", "must, or will"),
    (r"(?<!line )\bbreaks?\b(?! the lease| a lease)", "discontinuity"),
    (r"\bbeside\b", "baseline; next to"),
    (r"\bwish(es)?\b", "requirement"),
    (r"\bpast the page cache\b", "without the page cache"),
    (r"\b(bytes|sizes?), as [0-9]", "such as"),
]


def literals(text):
    """String literals with the number of their first line; adjacent ones are one."""
    found, end = [], None
    for match in TOKENS.finditer(text):
        token = match.group()
        line_start = text.rfind("\n", 0, match.start()) + 1
        if not token.startswith('"') or text[line_start:].lstrip().startswith("#include"):
            continue
        if end is not None and not text[end:match.start()].strip():
            found[-1][1] += token[1:-1]
        else:
            found.append([text.count("\n", 0, match.start()) + 1, token[1:-1]])
        end = match.end()
    return [(line, part.replace('\\"', '"')) for line, literal in found
            for part in re.split(r"\\[nvt]", literal)]


def plain(text):
    """Paragraphs, so that a phrase is found across the end of a line; without what roff adds."""
    line = 1
    text = re.sub(r"\\f[BIR]|\\&", "", re.sub(r"(?m)^[.'].*$", "", text))
    for paragraph in re.split(r"\n\s*\n", text):
        yield line, " ".join(re.sub(r"^\s*\*(?= |$)", "", row) for row in paragraph.split("\n"))
        line += paragraph.count("\n") + 2


def main():
    found = read = 0
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            text = file.read()
        for line, part in literals(text) if name.endswith(".c") else plain(text):
            part = " ".join(part.split())
            read += bool(part)
            for pattern, instead in AVOID:
                match = re.search(pattern, part)
                if match and " " in part:
                    found = 1
                    print(f"{name}:{line}: \"{match.group()}\" (write: {instead}) in: {part[:160]}")
    return 3 if not read else found


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Computes the figures of a result file once more, from its lines alone and in the
# plainest way, and compares them with what was reported of it:
#
#	recompute.py RESULT.jsonl REPORT.json TABLE.csv

import csv
import json
import math
import sys

ON_DISK = ("allocate", "sync", "close", "unmount")


def until_on_disk(trial, suffixes, unit):
    """The sum over the stages that took place; None where one of them does not know."""
    stages = [stage for stage in ON_DISK if trial.get(stage + "_ns") is not None]
    if "sync" not in stages and "unmount" not in stages:
        return None
    parts = [trial.get(stage + suffix) for stage in stages for suffix in suffixes]
    return None if None in parts else sum(parts) * unit


def field(name, unit=1, addressed=False):
    def of(trial):
        if trial.get(name) is None or (addressed and trial.get("addresses_known") == 0):
            return None
        return trial[name] * unit
    return of


MEASURES = {
    "time": lambda trial: until_on_disk(trial, ("_ns",), 1e-9),
    "allocate": field("allocate_ns", 1e-9),
    "written": lambda trial: until_on_disk(trial, ("_written_bytes",), 1),
    "fragments": field("fragments", addressed=True),
    "extents": field("extents"),
    "cpu": lambda trial: until_on_disk(trial, ("_user_ns", "_system_ns"), 1e-9),
    "memory": field("peak_memory_bytes"),
    "unwritten": field("unwritten_bytes"),
    "gap": field("gap_bytes", addressed=True),
    "largest": field("largest_fragment_bytes", addressed=True),
}


def median(values):
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def interval(values):
    """From the r-th smallest to the r-th largest: as far in as holds the median with 95 %."""
    count, rank, missed = len(values), 0, 0.0
    while True:
        missed += math.comb(count, rank) / 2 ** count
        if missed > 0.025:
            break
        rank += 1
    return (values[rank - 1], values[count - rank]) if rank else (None, None)


def figure_of(trials, measure):
    values = sorted(value for trial in trials if trial["status"] == "ok"
                    for value in [measure(trial)] if value is not None)
    if not values:
        return {"count": 0, "median": None, "lower": None, "upper": None, "minimum": None, "maximum": None}
    lower, upper = interval(values)
    return {"count": len(values), "median": median(values), "lower": lower, "upper": upper,
            "minimum": values[0], "maximum": values[-1]}


def same(one, other):
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-15)


def check_report(trials, report):
    checked = 0
    for condition in report["conditions"]:
        for cell in condition["cells"]:
            own = [trial for trial in trials
                   if all(trial.get(key) == condition[key] for key in
                          ("testbed", "kernel", "label", "file_bytes", "volume_bytes"))
                   and trial["filesystem"] == cell["filesystem"] and trial["method"] == cell["method"]]
            assert len(own) == cell["runs"] > 0, cell
            assert set(cell["figures"]) == set(MEASURES), cell["figures"].keys()
            for name, measure in MEASURES.items():
                wanted, got = figure_of(own, measure), cell["figures"][name]
                for key, value in wanted.items():
                    assert same(value, got[key]), (cell["filesystem"], cell["method"], name, key, value, got[key])
                    checked += 1
    return checked


def check_table(trials, rows):
    """Every field of every trial, as it was recorded."""
    left = list(trials)
    for row in rows:
        trial = next(trial for trial in left if all(
            ("" if trial.get(key) is None else str(trial[key])) == text for key, text in row.items()))
        left.remove(trial)
    assert not left, "not in the table: %s" % left
    return len(trials)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        trials = [line for line in map(json.loads, file) if line["type"] == "trial"]
    with open(sys.argv[2], encoding="utf-8") as file:
        figures = check_report(trials, json.load(file))
    with open(sys.argv[3], encoding="utf-8", newline="") as file:
        rows = check_table(trials, list(csv.DictReader(file)))
    print("%d figures and %d rows agree" % (figures, rows))


main()

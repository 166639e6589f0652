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


# ---- the summary: which methods are slower than the fastest ----

LEVEL = 0.025  # of the two tests
NEARLY = 1.05
FAR_APART = 2


def doubled_ranks(samples):
    """Of all values together, and sum(t^3 - t) of the ties."""
    values = sorted(value for sample in samples for value in sample)
    ranks = {value: 2 * values.index(value) + 1 + values.count(value) for value in values}
    ties = sum(values.count(value) ** 3 - values.count(value) for value in set(values))
    return [[ranks[value] for value in sample] for sample in samples], ties


def rank_chance(one, other):
    """Mann and Whitney, two-sided, by counting all divisions of the ranks."""
    (first, second), _ = doubled_ranks([one, other])
    sums = {(0, 0): 1}
    for rank in first + second:
        for (chosen, total), ways in list(sums.items()):
            if chosen < len(first):
                key = (chosen + 1, total + rank)
                sums[key] = sums.get(key, 0) + ways
    ways = {total: count for (chosen, total), count in sums.items() if chosen == len(first)}
    mean = len(first) * (len(first) + len(second) + 1)
    far = sum(count for total, count in ways.items() if abs(total - mean) >= abs(sum(first) - mean))
    return far / sum(ways.values())


def chi_squared_above(x, degrees):
    """The upper tail, by the series of the incomplete gamma function."""
    a, x = degrees / 2, x / 2
    if x <= 0:
        return 1.0
    term = total = 1 / a
    n = a
    while term > total * 1e-16:
        n += 1
        term *= x / n
        total += term
    return max(1 - total * math.exp(-x + a * math.log(x) - math.lgamma(a)), 0.0)


def together_chance(samples):
    """Kruskal and Wallis."""
    ranks, ties = doubled_ranks(samples)
    count = sum(map(len, ranks))
    uneven = 12 / (count * (count + 1)) * sum((sum(own) / 2) ** 2 / len(own) for own in ranks) - 3 * (count + 1)
    correction = 1 - ties / (count ** 3 - count)
    return chi_squared_above(uneven / correction, len(samples) - 1) if correction > 0 else 1.0


def holm(chances):
    order, corrected, largest = sorted(range(len(chances)), key=chances.__getitem__), {}, 0.0
    for place, i in enumerate(order):
        largest = max(largest, min(chances[i] * (len(chances) - place), 1))
        corrected[i] = largest
    return [corrected[i] for i in range(len(chances))]


def runs_for(level):
    runs = 1
    while min(2 / math.comb(2 * runs, runs), 1) > level * (1 + 1e-9):
        runs += 1
    return runs


def slower_than_first(times):
    """Which of the samples, the fastest first, are slower than the first one."""
    needed = runs_for(LEVEL / max(len(times) - 1, 1))
    medians = [median(sorted(sample)) for sample in times]
    if min(map(len, times)) < needed:
        return [len(sample) >= 3 and len(times[0]) >= 3 and min(sample) >= FAR_APART * max(times[0])
                and i > 0 for i, sample in enumerate(times)]
    if len(times) < 2 or not together_chance(times) < LEVEL:
        return [False] * len(times)
    chances = holm([rank_chance(times[0], sample) for sample in times[1:]])
    return [False] + [chance < LEVEL and medians[i + 1] > medians[0] * NEARLY for i, chance in enumerate(chances)]


def competes(trials):
    return not any(trial.get("path") == "sparse" or (trial.get("size_bytes") == 0 and trial["file_bytes"] > 0)
                   for trial in trials if trial["status"] == "ok")


def check_summary(trials, condition):
    checked, excluded = 0, set()
    for summary in condition["summary"]["filesystems"]:
        samples = {}
        for trial in trials:
            if (trial["filesystem"] == summary["filesystem"] and trial["status"] == "ok"
                    and all(trial.get(key) == condition[key] for key in
                            ("testbed", "kernel", "label", "file_bytes", "volume_bytes"))):
                samples.setdefault(trial["method"], []).append(trial)
        excluded.update(method for method, own in samples.items() if not competes(own))
        times = {method: [time for time in map(MEASURES["time"], own) if time is not None]
                 for method, own in samples.items() if competes(own)}
        times = {method: own for method, own in times.items() if own}
        order = sorted(times, key=lambda method: median(sorted(times[method])))
        if not order:
            assert summary["verdict"] == "none", summary
            continue
        slower = slower_than_first([times[method] for method in order])
        assert set(summary["slower"]) == {method for method, is_slower in zip(order, slower) if is_slower}, (summary, times)
        assert set(summary["best"]) == {method for method, is_slower in zip(order, slower) if not is_slower}, summary
        ratio = summary["over_slowest"]
        if ratio:
            ratios = sorted(one / other for one in times[ratio["method"]] for other in times[summary["best"][0]])
            assert same(median(ratios), ratio["ratio"]), (summary, median(ratios))
        checked += 1
    assert {one["method"] for one in condition["summary"]["excluded"]} == excluded, condition["summary"]["excluded"]
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
        report = json.load(file)
    figures = check_report(trials, report)
    summaries = sum(check_summary(trials, condition) for condition in report["conditions"])
    with open(sys.argv[3], encoding="utf-8", newline="") as file:
        rows = check_table(trials, list(csv.DictReader(file)))
    print("%d figures, %d rows and %d summaries agree" % (figures, rows, summaries))


main()

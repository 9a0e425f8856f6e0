"""The short file: key figures, the table of six columns and the verdicts of each set of test cells."""

import re

from .comparison import check_seconds
from .report import points

# Sets that the short file shows.
SETS = 3
WORDS = {
    "inconclusive", "better", "worse", "equivalent", "equivalent, better", "equivalent, worse", "not inferior", "not converged",
}


def short(checker, report, sections):
    """Compares the sections of report.md."""
    key_figures(checker, report, sections)
    tables = [one for one in sections if one.title.lstrip("# ") == "Configurations"]
    shown = report.sets[:SETS]
    if len(tables) != len(shown):
        checker.mismatch("report.md", "Configurations", "", f"{len(tables)} tables", f"{len(shown)} sets")
    verdicts = [one for one in sections if one.title.lstrip("# ") == "Differences"]
    compared = [one for one in shown if any(pair.first in one.members for pair in report.pairs)]
    if len(verdicts) != len(compared):
        checker.mismatch("report.md", "Differences", "", f"{len(verdicts)} tables", f"{len(compared)} sets")
    for section, set_ in zip(tables, shown):
        configurations(checker, report, section.tables()[0], set_)
    for section, set_ in zip(verdicts, compared):
        matrix(checker, report, section.tables()[0], set_)


def key_figures(checker, report, sections):
    title = "report.md, key figures"
    lines = [line for one in sections for text in one.texts() for line in text.split("\n") if re.match(r"- (Accuracy|AUC|Trained)", line)]
    if not report.sets:
        return
    set_ = report.sets[0]
    best = set_.best_other or set_.best
    baseline = set_.baseline if set_.baseline is not best else None
    accuracy = lambda one: [100 * one.quality("accuracy")[0], *(points(one.interval) if one.interval else [])]
    expected = [accuracy(best)]
    own = best.first["trainable_parameters"]
    if baseline:
        all_ = baseline.first["trainable_parameters"]
        expected += [accuracy(baseline), [100 * own / all_, own, all_]]
    else:
        expected += [[best.quality("auc")[0]]] if best.quality("auc") else []
        expected.append([own, best.first["frozen_parameters"]])
    if len(lines) != len(expected):
        checker.mismatch(title, "", "", lines, f"{len(expected)} figures")
    for line, values in zip(lines, expected):
        name, _, shown = line.partition(": **") if "**" in line else (line, "", "")
        if name.startswith("- AUC"):
            shown = shown.partition("(")[0]
        checker.numbers(title, name.lstrip("- "), "", shown.replace("*", ""), values)


def pair_of(report, first, second):
    return next((one for one in report.pairs if one.first is first and one.second is second), None)


def configurations(checker, report, table, set_):
    title = "report.md, configurations"
    reference = set_.baseline or set_.best
    accuracy = lambda one: one.quality("accuracy")[0] if one.quality("accuracy") else float("-inf")
    members = sorted(set_.members, key=accuracy, reverse=True)
    if len(table.rows) != min(len(members), 40):
        checker.mismatch(title, "", "", f"{len(table.rows)} rows", f"{len(members)} configurations")
    for cells, one in zip(table.rows, members):
        pair = pair_of(report, one, reference)
        quality = one.quality("accuracy")
        values = [
            quality and [100 * quality[0], *(points(one.interval) if one.interval else [])],
            pair and [100 * pair.difference.value, *points(pair.difference.interval)],
            one.quality("auc") and [one.quality("auc")[0]],
            [one.first["trainable_parameters"]],
        ]
        for column, shown, value in zip(table.columns[1:], cells[1:], values):
            checker.cell(title, one.name, column, shown, value)
        check_seconds(checker, title, one.name, table.columns[5], cells[5], one.measure("train_seconds"))


def named(set_, text):
    """The configuration that a row names by all of its name, its rank or its layers."""
    for one in set_.members:
        if text in (one.name, f"rank {one.first['rank']}"):
            return one
    return next((one for one in set_.members if text == one.first["layers"]), None)


def matrix(checker, report, table, set_):
    title = "report.md, differences"
    for cells in table.rows:
        one = named(set_, cells[0])
        if one is None:
            checker.mismatch(title, cells[0], "", "no such configuration", "")
            continue
        for column, shown in zip(table.columns[1:], cells[1:]):
            reference = set_.baseline if column.startswith("against the baseline") else set_.best
            pair = pair_of(report, one, reference)
            word, _, number = shown.partition(" (")
            checker.cell(title, one.name, column, number.rstrip(")") or shown, pair and [100 * pair.difference.value])
            if pair:
                verdict(checker, report, title, one, column, word, pair)


def verdict(checker, report, title, one, column, word, pair):
    word = word.removesuffix(", these networks")
    possible = pair.verdicts(report.options.alpha)
    plain = "inconclusive" if word == "not inferior" else word
    if word not in WORDS or (word != "not converged" and plain not in possible):
        checker.mismatch(title, one.name, column, word, possible)



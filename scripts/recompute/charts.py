"""What the descriptions of charts say in numbers, as far as tables do not hold it already."""

import re

import numpy as np

from .measures import average_precision, calibration_error
from .ranges import mean
from .shown import unescaped

SECTION = "Charts"


def chart(checker, report, section):
    """One chart of several configurations, by the first words of its title."""
    title = section.title.removeprefix("### ")
    description = next((unescaped(text) for text in section.texts() if text.startswith("![")), None)
    if description is None:
        return
    description = re.sub(r"\]\(figures/[^)]*\)$", "", description.removeprefix("![")).removeprefix(title).removeprefix(": ")
    for start, check in (
        ("Differences in accuracy", differences), ("ROC curves", areas), ("Precision-recall curves", precisions),
        ("Reliability", calibration_errors), ("Errors by patient", errors_by_patient), ("Test accuracy against rank", by_rank),
        ("Validation accuracy by epoch", by_epoch),
    ):
        if title.startswith(start):
            check(checker, report, title, description)


def differences(checker, report, title, description):
    found = re.findall(r"(?:^|\. )(.+?) minus (.+?): (\S+) points, (\S+) to (\S+?)(?=\.$|\. )", description)
    if not found:
        checker.mismatch(SECTION, title, "", description, "differences")
    for first, second, *shown in found:
        pair = next((one for one in report.pairs if (one.first.name, one.second.name) == (first, second)), None)
        if pair is None:
            checker.mismatch(SECTION, title, f"{first} minus {second}", description, "no such comparison")
            continue
        values = [100 * value for value in (pair.difference.value, *pair.difference.interval)]
        checker.numbers(SECTION, title, f"{first} minus {second}", " to ".join(shown), values)


def legends(checker, report, title, description, label, value):
    found = re.findall(rf"(?:^|[.] )((?:(?![.] ).)+?), {label} (\d\.\d+): ", description)
    if not found:
        checker.mismatch(SECTION, title, label, description, "a number for each configuration")
    for name, shown in found:
        one = next((one for one in report.configurations if one.name == name), None)
        if one is None:
            checker.mismatch(SECTION, title, name, description, "no such configuration")
        else:
            checker.numbers(SECTION, title, f"{name}, {label}", shown, [value(one.tested)])


def areas(checker, report, title, description):
    legends(checker, report, title, description, "AUC", lambda tested: mean(tested.qualities["auc"]))


def precisions(checker, report, title, description):
    of = lambda tested: mean(average_precision(tested.labels, repeat) for repeat in tested.repeats)
    legends(checker, report, title, description, "AP", of)


def calibration_errors(checker, report, title, description):
    of = lambda tested: calibration_error(np.tile(tested.labels, len(tested.repeats)), np.concatenate(tested.repeats))
    legends(checker, report, title, description, "ECE", of)


def errors_by_patient(checker, report, title, description):
    """Patients with an error, and the share of the worst one's cells, averaged over configurations."""
    number = re.search(r"test set (\d+)", title)
    members = report.sets[int(number[1]) - 1 if number else 0].members
    key = lambda one: (-one.validation[0], one.validation[1]) if one.validation else (1.0, 0.0)
    drawn = re.search(r"over (\d+) configuration", description)
    # Of many configurations those with the best validation figures are drawn.
    leading = sorted((one for one in members if one.tested), key=key)[: int(drawn[1]) if drawn else None]
    tested = [one.tested for one in leading]
    patients = sorted(set(tested[0].patients))
    shares = {
        patient: mean(1 - float(np.mean(one.correctness[one.patients == patient])) for one in tested) for patient in patients
    }
    found = re.match(r"(\S+) patients? with any error of (\S+); most in (.+?), (\S+) % of its cells over (\d+) configurations?", description)
    if not found:
        checker.mismatch(SECTION, title, "", description, "patients with errors")
        return
    worst = max(shares.values())
    values = [sum(share > 1e-12 for share in shares.values()), len(patients), 100 * worst]
    checker.numbers(SECTION, title, "patients", f"{found[1]} of {found[2]}, {found[4]}", values)
    if abs(shares.get(found[3], -1) - worst) > 1e-9:
        checker.mismatch(SECTION, title, "the worst patient", found[3], max(shares, key=shares.get))


def by_rank(checker, report, title, description):
    """The first and the last point of each line."""
    number = re.search(r"test set (\d+)", title)
    members = report.sets[int(number[1]) - 1 if number else 0].members
    for key in {one.without_rank for one in members if one.first["rank"]}:
        own = sorted((one for one in members if one.first["rank"] and one.without_rank == key), key=lambda one: one.first["rank"])
        found = re.search(rf"(?:^|\. ){re.escape(key)}: (.+?)(?=\.$|\. )", description)
        if not found:
            continue
        ends = own[:1] + own[-1:] if len(own) > 1 else own
        values = [value for one in ends for value in (100 * one.quality("accuracy")[0], one.first["rank"])]
        checker.numbers(SECTION, title, key, found[1], values)


def by_epoch(checker, report, title, description):
    for one in report.configurations:
        found = re.search(rf"(?:^|\. ){re.escape(one.name)}: (.+?)(?=\.$|\. )", description)
        if found:
            checker.numbers(SECTION, title, one.name, found[1], ends_of(one.first, "validation_accuracy", 100))


def ends_of(run, metric, factor=1):
    """Value and epoch of the first and of the last epoch."""
    values = [(row["value"] * factor, row["epoch"]) for row in run.epochs if row["metric"] == metric and row["value"] is not None]
    return [number for end in (values[:1] + values[-1:] if len(values) > 1 else values) for number in end]


def learning_curves(checker, title, name, run, section):
    """The descriptions of a run's curves."""
    for line in (line for text in section.texts() if text.startswith("![") for line in text.split("\n")):
        line = unescaped(line)
        metric, factor = ("loss", 1) if line.startswith("![Loss") else ("accuracy", 100)
        for word, column in (("training", f"train_{metric}"), ("validation", f"validation_{metric}")):
            found = re.search(rf"\. {word}: (.+?)(?=\.\]|\. )", line)
            if found:
                checker.numbers(title, name, f"{metric} of {word}", found[1], ends_of(run, column, factor))

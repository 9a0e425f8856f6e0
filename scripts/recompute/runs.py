"""Galleries, runs in detail and what was run, recomputed and compared."""

import re

import numpy as np

from . import conformity
from .areas import area
from .charts import learning_curves
from .clinical import AIMS, applied
from .comparison import check_bytes, check_seconds
from .convergence import signs
from .measures import average_precision, calibration_error, log_loss
from .reading import sets_of_cells
from .shown import unescaped

# The counts of the posts' Tables 1 and 2 (crates/report/src/analysis/published.rs names the source): printed, not recomputed.
PUBLISHED = {"model_4": (1286, 14, 46, 1254), "model_5": (1264, 36, 15, 1285)}


def counts_of(run):
    called, positive = run.test.probabilities >= 0.5, run.test.labels == 1
    return tuple(int(np.sum(one)) for one in (called & positive, ~called & positive, called & ~positive, ~called & ~positive))


def report_rows(counts):
    """scikit-learn's classification report: rows of precision, recall, F1 and support."""
    hits, misses, alarms, rejections = counts
    ratio = lambda part, whole: part / whole if whole else 0.0
    negative = (ratio(rejections, rejections + misses), ratio(rejections, rejections + alarms), ratio(2 * rejections, 2 * rejections + misses + alarms), rejections + alarms)
    positive = (ratio(hits, hits + alarms), ratio(hits, hits + misses), ratio(2 * hits, 2 * hits + misses + alarms), hits + misses)
    all_ = sum(counts)
    averages = [
        tuple(one * weight + other * (1 - weight) for one, other in zip(negative[:3], positive[:3])) + (all_,)
        for weight in (0.5, negative[3] / all_)
    ]
    return [negative, positive, ("", "", (hits + rejections) / all_, all_), *averages]


def in_detail(checker, report, section):
    """One run: heading, classification report, counts and facts."""
    heading = re.match(r"### Run (\d+): (.*?) — ([\d.]+|—)", section.title)
    number = int(heading[1])
    run = next((one for one in report.runs if one["id"] == number), None)
    title, name = "Runs in detail", f"run {number}"
    if run is None:
        checker.mismatch(title, name, "", section.title, "no finished run of this report")
        return
    names = [one.name for one in report.configurations if any(run is other for other in one.runs)]
    fold = f" · fold {run['fold']}" if run["fold"] is not None else ""
    checker.text(title, name, "heading", heading[2], f"{(names or [run['label']])[0]} · seed {run['seed']}{fold}")
    counts = counts_of(run)
    hits, misses, alarms, rejections = counts
    checker.cell(title, name, "accuracy", heading[3], [100 * (hits + rejections) / sum(counts)])
    tables = section.tables()
    own, published = report_rows(counts), report_rows(PUBLISHED[run["model"]])
    if len(tables[0].rows) != 5:
        checker.mismatch(title, name, "report", len(tables[0].rows), 5)
    for cells, mine, theirs in zip(tables[0].rows, own, published):
        values = [*mine, *theirs] if len(cells) > 5 else mine
        for column, shown, value in zip(tables[0].columns[1:], cells[1:], values):
            checker.cell(title, name, f"{cells[0]}, {column}", shown, value if value == "" else [value])
    negative, positive = rejections + alarms, hits + misses
    matrix = [[(rejections, negative), (alarms, negative)], [(misses, positive), (hits, positive)]]
    for cells, row in zip(tables[1].rows, matrix):
        for column, shown, (count, whole) in zip(tables[1].columns[1:], cells[1:], row):
            checker.cell(title, name, f"{cells[0]}, {column}", shown, [count, 100 * count / max(whole, 1)])
    learning_curves(checker, title, name, run, section)
    facts = facts_of(section)
    check_facts(checker, report, title, name, run, counts, facts)
    warnings = [unescaped(text).partition(" — ")[2] for text in section.texts() if "**NOT CONVERGED**" in text]
    check_signs(checker, title, name, run, warnings)


def facts_of(section):
    """The facts of a list: names and lines."""
    found = {}
    for text in section.texts():
        if not text.startswith("- **"):
            continue
        for line in text.split("\n"):
            fact = re.match(r"- \*\*(.+?):\*\*\s*(.*)", line)
            if fact:
                last = found.setdefault(fact[1], [])
                last += [unescaped(fact[2])] if fact[2] else []
            else:
                last.append(unescaped(line.strip().removeprefix("- ")))
    return found


def check_facts(checker, report, title, name, run, counts, facts):
    test, row = run.test, run.row
    hits, misses, alarms, rejections = counts
    labels, probabilities = test.labels, test.probabilities
    sensitivity, specificity = hits / max(hits + misses, 1), rejections / max(rejections + alarms, 1)
    bottom = np.sqrt(float(hits + alarms)) * np.sqrt(float(misses + rejections)) * np.sqrt(float(hits + misses)) * np.sqrt(float(rejections + alarms))
    matthews = (hits * rejections - alarms * misses) / bottom if bottom else 0.0
    losses = [log_loss(labels, probabilities), area(labels, probabilities)]
    told = {
        "Seed": [row["seed"]],
        "Best epoch": [row["best_epoch"], row["epochs"]],
        "Of the counts": [50 * (sensitivity + specificity), matthews],
        "Of the probabilities": [
            average_precision(labels, probabilities), float(np.mean((probabilities - labels) ** 2)), losses[0],
            calibration_error(labels, probabilities), 10,
        ],
        "Parameters": [row["trainable_parameters"], row["adapter_parameters"], row["frozen_parameters"]],
    }
    for fact, values in told.items():
        for line in facts.pop(fact, ["no such fact"]):
            checker.numbers(title, name, fact, line, values)
    loss, _, auc = facts.pop("Test loss and AUC")[0].partition(" and ")
    # The loss of training is computed in single precision; from the stored probabilities it may differ in the last digit.
    checker.numbers(title, name, "test loss", loss, [row["test_loss"]])
    checker.numbers(title, name, "AUC", auc, [losses[1]])
    parts = re.match(r"(.*) for trunk features, (.*) for training, (.*) for testing", facts.pop("Time")[0])
    for shown, column in zip(parts.groups(), ("feature_seconds", "train_seconds", "test_seconds")):
        check_seconds(checker, title, name, column, shown, row[column])
    speed, memory = re.match(r"(.*) training images/s, (.*) at the peak", facts.pop("Speed and memory")[0]).groups()
    checker.cell(title, name, "images/s", speed, [row["images_per_second"]])
    check_bytes(checker, title, name, "memory", memory, row["peak_memory_bytes"])
    checker.numbers(title, name, "Leakage", facts.pop("Leakage")[0], audit(row))
    check_errors(checker, title, name, run, facts.pop("Errors")[0])
    lines = facts.pop("Operating points")
    if len(run.validation):
        for (aim, words), line in zip(AIMS, lines):
            check_point(checker, report, title, name, line, words, applied([run], aim, report.options.level))
    checker.text(title, name, "Configuration hash", facts.pop("Configuration hash")[0], row["config_hash"])
    checker.text(title, name, "Model hash", facts.pop("Model hash")[0], row["model_hash"])
    checker.text(title, name, "Weights hash", facts.pop("Weights hash")[0], row["weights_hash"])
    moment = lambda text: text[:19].replace("T", " ") + " UTC"
    when = f"{moment(row['started_at'])} to {moment(row['ended_at'])}, process {row['process']}"
    checker.text(title, name, "When", facts.pop("When")[0], when)
    for fact in facts:
        checker.mismatch(title, name, fact, facts[fact], "no such fact is known")


def check_point(checker, report, title, name, line, words, point):
    if not line.startswith(words + ": "):
        checker.mismatch(title, name, "operating points", line, words)
        return
    line = line.removeprefix(words + ": ")
    if point is None:
        if not line.startswith("none"):
            checker.mismatch(title, name, words, line, "none")
        return
    threshold, rest = re.match(r"from a probability of (\S+) on, (.*)", line).groups()
    rates = [100 * value for rate in ("sensitivity", "specificity") for value in point[2][rate]]
    checker.numbers(title, name, f"{words}: threshold", threshold, [point[0]])
    checker.numbers(title, name, words, rest, rates)


def audit(row):
    if row["shared_patients"] == 0:
        return [row["test_patients"]]
    who = [row["test_patients"]] if row["shared_patients"] == row["test_patients"] else [row["shared_patients"], row["test_patients"]]
    return [*who, row["shared_test_images"], row["test_images"]]


def check_errors(checker, title, name, run, shown):
    wrong = (run.test.probabilities >= 0.5) != (run.test.labels == 1)
    patients = {}
    for patient, is_wrong in zip(run.test.patients, wrong):
        own = patients.setdefault(patient, [0, 0])
        own[0] += int(is_wrong)
        own[1] += 1
    worst = min(patients.items(), key=lambda one: (-one[1][0], one[1][1], one[0]))
    values = [int(wrong.sum()), sum(one[0] > 0 for one in patients.values())]
    if wrong.any():
        name_of_worst = f"most in patient {worst[0]}"
        if name_of_worst not in shown:
            checker.mismatch(title, name, "Errors", shown, name_of_worst)
        shown = shown.replace(name_of_worst, "")
        values += worst[1]
    checker.numbers(title, name, "Errors", shown, values)


# --- signs that a run did not converge -----------------------------------------------------------------------------------


def check_signs(checker, title, name, run, warnings):
    found = signs(run)
    if len(found) != len(warnings):
        checker.mismatch(title, name, "not converged", warnings, found)
        return
    for text, (word, values) in zip(warnings, found):
        if word not in text:
            checker.mismatch(title, name, "not converged", text, word)
        # What is advised comes after the semicolon.
        checker.numbers(title, name, "not converged", text.partition(";")[0], values)


def convergence_banner(checker, report, section):
    """The warning above all results: which runs, and the reasons of the first."""
    found = [run for one in report.configurations for run in one.runs if signs(run)]
    texts = [unescaped(text) for text in section.texts() if "**NOT CONVERGED**" in text]
    if bool(found) != bool(texts):
        checker.mismatch("Warnings", "", "not converged", texts, [run["id"] for run in found])
    if not found or not texts:
        return
    listed, _, reasons = texts[0].partition(" — ")[2].partition(". Run ")
    more = [len(found) - 4] if len(found) > 4 else []
    values = [len(found), sum(len(one.runs) for one in report.configurations), *(run["id"] for run in found[:4]), *more]
    checker.numbers("Warnings", "not converged", "", listed, values)
    number, _, reasons = reasons.partition(": ")
    checker.numbers("Warnings", "not converged", "first run", number, [found[0]["id"]])
    for (word, values), reason in zip(signs(found[0]), re.split(r"(?<=[^.])\. (?=[A-Za-z]|\d+\.\d+ %)", reasons)):
        checker.numbers("Warnings", "not converged", word, reason.partition(";")[0], values)


# --- galleries ---------------------------------------------------------------------------------------------------------


def gallery(checker, report, section):
    title = section.title
    members = max(sets_of_cells(report.configurations), key=len)
    key = lambda one: (-one.validation[0], one.validation[1]) if one.validation else (1.0, 0.0)
    order = sorted(members, key=key)[:6]
    first = members[0].tested
    right = sum(one.tested.right.sum(axis=0) for one in members)
    repeats = sum(len(one.tested.repeats) for one in members)
    is_wrong = "every run" in title
    chosen = [place for place in range(len(first.labels)) if (right[place] == 0 if is_wrong else 0 < right[place] < repeats)]
    probability = lambda one, place: float(np.mean([repeat[place] for repeat in one.tested.repeats]))

    def sureness(place):
        average = float(np.mean([probability(one, place) for one in members]))
        return 1 - average if first.labels[place] else average

    keys = {place: (0 if is_wrong else abs(2 * (repeats - right[place]) - repeats), -sureness(place)) for place in chosen}
    chosen.sort(key=keys.get)
    table = section.tables()[0]
    places = {first.images[place]: place for place in chosen}
    expected = [places.get(cells[0]) for cells in table.rows]
    # Cells that are equal but for rounding may stand in any order.
    near = lambda one, other: keys[one][0] == keys[other][0] and abs(keys[one][1] - keys[other][1]) < 1e-9
    if len(expected) != min(len(chosen), 24) or None in expected or not all(map(near, expected, chosen)):
        checker.mismatch(title, "", "cells", [cells[0] for cells in table.rows], [first.images[place] for place in chosen[:24]])
        return
    for cells, place in zip(table.rows, expected):
        wrong = int(repeats - right[place])
        by = re.sub(r"^Patient .*?, ", "", cells[1])
        values = [repeats] if wrong == repeats and repeats > 1 else [wrong, repeats] if wrong < repeats else []
        checker.numbers(title, cells[0], "truth and call", by, values)
        for column, shown, one in zip(table.columns[2:], cells[2:], order):
            if not column.startswith(one.name):
                checker.mismatch(title, cells[0], column, column, one.name)
            checker.cell(title, cells[0], column, shown, [100 * probability(one, place)])
    values = [len(chosen), len(members), len(first.labels), repeats] + ([24] if len(chosen) > 24 else [])
    checker.numbers(title, "caption", "", unescaped(section.texts()[-1]), values)


# --- what was run ------------------------------------------------------------------------------------------------------


def what_was_run(checker, report, section):
    title, facts = section.title, facts_of(section)
    runs = report.runs
    if report.sweep:
        line = facts.pop("Sweep")[0]
        trials = report.database.execute("SELECT count(*) FROM trials WHERE sweep_id = ?", (report.sweep["id"],)).fetchone()[0]
        finished = report.database.execute("SELECT finished FROM sweep_progress WHERE sweep = ?", (report.sweep["id"],)).fetchone()[0]
        line = line.removeprefix(report.sweep["name"])
        head, _, tail = line.partition(", first asked for ")
        checker.numbers(title, "Sweep", "", head, [report.sweep["id"]])
        checker.numbers(title, "Sweep", "", tail.partition(";")[2], [finished, trials])
        checker.text(title, "Command", "", facts.pop("Command")[0].strip("`"), report.sweep["command"])
    told = {
        "Parts": lambda row: [row["train_images"], row["validation_images"], row["test_images"]],
        "Leakage audit": audit,
        "Images": lambda row: [row["images"], row["image_size"], row["image_size"], row["duplicate_images"], row["unreadable_images"]]
        + ([row["contradicting_images"]] if row["contradicting_images"] else []) + ([row["skipped_files"]] if row["skipped_files"] else []),
        "Split": lambda row: ([row["fold"]] if row["fold"] is not None else []) + [row["split_seed"]],
        "Training": lambda row: [row["epochs"], row["batch_size"], row["learning_rate"]],
        "Seeds": lambda row: [row["seed"]],
    }
    for fact, of in told.items():
        lines = facts.pop(fact, [])
        known = []
        for run in runs:
            value = (of(run.row), run["split_hash"] if fact == "Split" else run["optimizer"] if fact == "Training" else None)
            place = next((one for one in known if one[0] == value), None)
            if place:
                place[1] += 1
            else:
                known.append([value, 1])
        if len(lines) != min(len(known), 8) + (len(known) > 8):
            checker.mismatch(title, fact, "", lines, [value for value, _ in known])
            continue
        for line, (value, count) in zip(lines, known[:8]):
            line = re.sub(r"split [0-9a-f]{12}", "split", line)
            checker.numbers(title, fact, "", line, value[0] + ([count] if len(known) > 1 else []))
        if len(known) > 8:
            checker.numbers(title, fact, "", lines[8], [len(known) - 8])
    looks = facts.pop("Looks", None)
    if looks:
        checker.numbers(title, "Looks", "", looks[0], [conformity.looks(report), report.options.plan["looks"]])
    left_out = facts.pop("Left out", None)
    expected = [row["id"] for row in conformity.left_out(report)]
    if bool(left_out) != bool(expected):
        checker.mismatch(title, "Left out", "", left_out, expected)
    elif left_out:
        checker.numbers(title, "Left out", "", left_out[0], conformity.listed(expected))
    unknown = facts.pop("Patients", None)
    if unknown:
        names = {image for run in runs for image, known in zip(run.test.images, run.test.known) if not known}
        checker.numbers(title, "Patients", "", unknown[0], [len(names), len({image for run in runs for image in run.test.images})])
    plan = facts.pop("Analysis plan", None)
    if plan:
        for key, value in re.findall(r"([a-z_]+)=([\d.]+)(?= )", plan[0].partition(" (plan ")[0] + " "):
            checker.numbers(title, "Analysis plan", key, value, [report.options.plan[key]])
        if f"(plan {report.sweep['analysis_plan_hash'][:12]})" not in plan[0]:
            checker.mismatch(title, "Analysis plan", "", plan[0], report.sweep["analysis_plan_hash"])
    for fact in ("Models", "Dataset", "Trunk weights", "Device", "Code"):
        facts.pop(fact, None)
    for fact in facts:
        checker.mismatch(title, fact, "", facts[fact], "no such fact is known")


def all_runs(checker, report, section):
    title, table = section.title, section.tables()[0]
    names = {run["id"]: one for one in report.configurations for run in one.runs}
    if len(table.rows) != len(report.runs):
        checker.mismatch(title, "", "", len(table.rows), len(report.runs))
    for cells, run in zip(table.rows, report.runs):
        hits, misses, alarms, rejections = counts_of(run)
        name = f"run {run['id']}"
        checker.text(title, name, "configuration", cells[1], names[run["id"]].name if run["id"] in names else run["label"])
        values = [
            [run["id"]], None, None, [run["seed"]], None if run["fold"] is None else [run["fold"]],
            [100 * (hits + rejections) / (hits + misses + alarms + rejections)], [area(run.test.labels, run.test.probabilities)],
            [run["test_loss"]], [run["best_epoch"]],
        ]
        for place, (column, shown) in enumerate(zip(table.columns[:9], cells[:9])):
            if place not in (1, 2):
                checker.cell(title, name, column, shown, values[place])
        check_seconds(checker, title, name, "training", cells[9], run["train_seconds"])
    checker.numbers(title, "caption", "", unescaped(section.texts()[0]), [len(report.runs)], constants=(48,))


def without_result(checker, report, section):
    title, table = section.title, section.tables()[0]
    if len(table.rows) != len(report.without):
        checker.mismatch(title, "", "", len(table.rows), len(report.without))
    for cells, (label, run) in zip(table.rows, report.without):
        checker.text(title, label, "trial", cells[0], label)
        checker.cell(title, label, "run", cells[1], None if run is None else [run["id"]])
        checker.text(title, label, "status", cells[2], run["status"] if run else "planned")

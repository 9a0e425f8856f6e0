"""Whether a report keeps to the plan of its sweep, by the list in docs/reports.md."""

import hashlib
import re

from .shown import unescaped

SECTION = "Conformity"
LISTED = 8


def left_out(report):
    """Finished runs on the same cells that are no repetition of a shown one, as rows."""
    cells = {(run["image_set_hash"], run["split_hash"]) for run in report.runs}
    hashes = {run["config_hash"] for run in report.runs}
    rows = report.database.execute("SELECT id, ended_at, image_set_hash, split_hash, config_hash FROM finished_runs ORDER BY id")
    return [row for row in rows if (row["image_set_hash"], row["split_hash"]) in cells and row["config_hash"] not in hashes]


def listed(ids):
    """The numbers of a list of runs: how many, the first ones, how many more."""
    return [len(ids), *ids[:LISTED]] + ([len(ids) - LISTED] if len(ids) > LISTED else [])


def looks(report):
    """Different sets of finished runs that reports have shown, this one included."""
    rows = report.database.execute("SELECT runs FROM looks WHERE sweep_id = ?", (report.sweep["id"],))
    own = "[" + ",".join(str(id_) for id_ in sorted(run["id"] for run in report.runs)) + "]"
    return len({row["runs"] for row in rows} | {own})


def times(number):
    """`once` and `twice` are no numbers."""
    return [number] if number > 2 else []


def deviations(report):
    """Each deviation as words and numbers, in the order of the report."""
    found, sweep, plan, options = [], report.sweep, report.options.plan, report.options
    if sweep is None:
        found.append(("chosen by hand", [len(report.runs) + len(report.without)]))
    elif not plan:
        found.append(("without an analysis plan", []))
    else:
        changes = report.database.execute("SELECT count(*) FROM plan_changes WHERE sweep_id = ?", (sweep["id"],)).fetchone()[0]
        if changes:
            found.append(("the plan was changed", times(changes)))
        before = [run["id"] for run in report.runs if run["ended_at"] < sweep["created_at"]]
        if before:
            found.append(("had finished before the plan", listed(before)))
        for of, used, planned in (
            ("accuracy", options.margin, plan["margin"]), ("sensitivity", options.sensitivity_margin, plan["sensitivity_margin"]),
            ("specificity", options.specificity_margin, plan["specificity_margin"]),
        ):
            if used != planned / 100:
                found.append((f"margin of {of}", [100 * used, planned]))
        if options.baseline != plan["baseline"]:
            found.append((f"baseline is {options.baseline} instead of {plan['baseline']}", []))
        seeds = {}
        for run in report.runs:
            seeds.setdefault((*sorted(run.own_settings.items()), run["split_hash"]), set()).add(run["seed"])
        fewest = min((len(one) for one in seeds.values()), default=None)
        if plan["planned_seeds"] and fewest is not None and fewest < plan["planned_seeds"]:
            found.append(("a configuration has", [fewest, plan["planned_seeds"]]))
        if looks(report) > plan["looks"]:
            found.append(("were looked at", times(looks(report)) + times(plan["looks"])))
    if report.without:
        found.append(("no result", [len(report.without), len(report.without) + len(report.runs)]))
    known = [row["id"] for row in left_out(report) if sweep is None or row["ended_at"] < sweep["created_at"]]
    if known:
        found.append(("leaves out", listed(known)))
    return found


def line(checker, report, section):
    """The first line of a report."""
    text = unescaped(section.texts()[0])
    found = deviations(report)
    word = "Exploratory" if found else "Confirmatory"
    if not text.startswith(f"**{word}:** "):
        checker.mismatch(SECTION, "first line", "", text, (word, found))
        return
    for words, _ in found:
        if words not in text:
            checker.mismatch(SECTION, "first line", "", text, words)
    if report.options.plan:
        hash_ = hashlib.sha256(report.sweep["analysis_plan"].encode()).hexdigest()[:12]
        shown = re.search(r"\(plan ([0-9a-f]{12})\)", text)
        checker.text(SECTION, "first line", "plan", shown and shown[1], hash_)
    text = re.sub(r"\(plan [0-9a-f]{12}\)", "", text)
    checker.numbers(SECTION, "first line", "", text, [number for _, values in found for number in values])

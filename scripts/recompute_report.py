"""Recomputes the figures of a report from the runs database alone, and compares them with what report.md and details.md show.

    recompute_report.py DATABASE REPORT.md [--runs 1,2] [--baseline TEXT] [--margin POINTS] [--prevalence PERCENT] …

Options are those that the report was written with; margins and baseline are the sweep's plan without them. A shown number
agrees where the recomputed one lies within half a unit of its last digit. Figures that rest on random draws agree within five
standard errors of the draws of either side. Needs numpy and scipy.

Exits with 1 where a figure differs, a section is not known, or nothing was compared.
"""

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from recompute import charts, clinical, comparison, conformity, in_short, pairs, reading, runs, short, shown  # noqa: E402
from recompute.report import Report  # noqa: E402

# Each section by its heading. None: nothing in it is compared.
SECTIONS = {
    "## In short": in_short.in_short,
    "## What was run": runs.what_was_run,
    "## Comparison": comparison.comparison,
    "## Against each other": pairs.against_each_other,
    "## Random against patient split": pairs.both_splits,
    "## Operating points": clinical.operating_points,
    "## Clinical measures": clinical.introduction,
    "### Per patient": clinical.per_patient,
    "### Predictive values": clinical.predictive_values,
    "### Calibration": clinical.calibration,
    "### Decision curve": clinical.decision_curve,
    "## Cells to look at": None,
    "### Cells that every run gets wrong": runs.gallery,
    "### Cells on which runs disagree": runs.gallery,
    "## All runs": runs.all_runs,
    "## Runs in detail": None,
    "## Without a result": runs.without_result,
}
# Sections of a report with finished runs that must be there.
WANTED = ("## In short", "## What was run", "## Comparison")


def arguments():
    parser = argparse.ArgumentParser(description="Compare a report with its figures recomputed from the database.")
    parser.add_argument("database", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("--runs", help="ids of the runs that the report was made of")
    parser.add_argument("--baseline")
    for name in ("margin", "sensitivity-margin", "specificity-margin", "prevalence"):
        parser.add_argument(f"--{name}", type=float)
    return parser.parse_args()


def main():
    given = arguments()
    text = given.report.with_name("details.md").read_text(encoding="utf-8")
    database = reading.opened(given.database)
    sweep = None
    if given.runs:
        finished, without = reading.chosen_runs(database, [int(run) for run in given.runs.split(",")])
    else:
        number = re.match(r"# Sweep (\d+):", text)
        if not number:
            sys.exit("error: the report is of no sweep; give its runs with --runs")
        sweep = database.execute("SELECT * FROM sweeps WHERE id = ?", (int(number[1]),)).fetchone()
        finished, without = reading.runs_of_sweep(database, sweep["id"])
    options = reading.Options(sweep and sweep["analysis_plan"], given)
    report = Report(database, sweep, finished, without, options)
    checker = shown.Checker()
    compare(checker, report, shown.sections(text))
    short.short(checker, report, shown.sections(given.report.read_text(encoding="utf-8")))
    for section, count in checker.compared.items():
        print(f"{count:6} {section.lstrip('# ')}")
    for section, row, column, seen, recomputed in checker.mismatches:
        print(f"MISMATCH in {section.lstrip('# ')}, {row}, {column}\n  shown:      {seen}\n  recomputed: {recomputed}")
    total = sum(checker.compared.values())
    print(f"{given.report}: {total} figures compared, {len(checker.mismatches)} mismatches")
    sys.exit(1 if checker.mismatches or not total else 0)


def compare(checker, report, found):
    in_charts = False
    titles = [section.title for section in found]
    for wanted in WANTED:
        if wanted not in titles:
            checker.mismatch(wanted, "", "", "no such section", "")
    if report.pairs and "## Against each other" not in titles:
        checker.mismatch("## Against each other", "", "", "no such section", f"{len(report.pairs)} comparisons")
    if report.splits and "## Random against patient split" not in titles:
        checker.mismatch("## Random against patient split", "", "", "no such section", f"{len(report.splits)} pairs")
    for section in found:
        if section.title.startswith("## "):
            in_charts = section.title == "## Charts"
        if section.title.startswith("# "):
            conformity.line(checker, report, section)
            runs.convergence_banner(checker, report, section)
        elif in_charts:
            charts.chart(checker, report, section)
        elif section.title == "" or section.title.startswith("### Net benefit by"):
            continue
        elif section.title.startswith("### Run "):
            runs.in_detail(checker, report, section)
        elif section.title not in SECTIONS:
            checker.mismatch(section.title, "", "", "a section that is not known", "")
        elif SECTIONS[section.title]:
            before = sum(checker.compared.values())
            SECTIONS[section.title](checker, report, section)
            if sum(checker.compared.values()) == before:
                checker.mismatch(section.title, "", "", "nothing was compared", "")


if __name__ == "__main__":
    main()

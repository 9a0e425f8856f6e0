"""Keeps measured jobs in results.json and shows them as a table."""

import json
import statistics

import jobs

EXPLANATION = """\
Medians (and smallest to largest value) of fresh processes run alternately; a ratio above 1 is in ranklab's
favour. bench/README.md says what each job is. `peak_memory` is the process' own peak (ru_maxrss), imports
and mapped files included, children not; most of the peers' is PyTorch's and PEFT's import, with the package
index's PyTorch, which carries CUDA. `peak_memory_above_import` takes the peers' import off and nothing off
ours. Other work is how many cores were busy with something else while a job's processes ran, at most.
"""


def side(values):
    return {"median": statistics.median(values), "values": values}


def entry(job, figures, session):
    """A job's record: both sides' raw values, or why there are none."""
    record = {
        "figure": job.figure, "wanted": job.wanted, "failed": figures.failure,
        "other_cores": round(figures.other_cores, 3), "session": session,
    }
    if figures.failure is None:
        record["ours"], record["theirs"] = side(figures.ours), side(figures.theirs)
        record["ratio"] = jobs.ratio(job.figure, record["ours"]["median"], record["theirs"]["median"])
    return record


def read(page):
    """The records of earlier runs, by job."""
    try:
        return json.loads(page.with_name("results.json").read_text())["jobs"] if page else {}
    except FileNotFoundError:
        return {}


def write(page, records):
    if page:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.with_name("results.json").write_text(json.dumps({"jobs": records}, indent=1) + "\n")
        page.write_text(markdown(records))


def number(figure, value):
    if figure in (jobs.PEAK, jobs.PEAK_ABOVE_IMPORT):
        return f"{value / 2**20:,.0f} MiB"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}" + ("/s" if figure == jobs.PER_SECOND else " s")


def shown(figure, measured):
    values = measured["values"]
    text = number(figure, measured["median"])
    if len(values) == 1:
        return f"{text} (one run)"
    return f"{text} ({number(figure, min(values))} to {number(figure, max(values))})"


def row(name, record):
    wanted = "" if record["wanted"] is None else f"{record['wanted']:g}"
    if record["failed"] is not None:
        return [name, "failed", record["failed"].replace("|", "\\|"), "", wanted, "", ""]
    reached = "" if record["wanted"] is None else "yes" if record["ratio"] >= record["wanted"] else "no"
    sides = [shown(record["figure"], record[which]) for which in ("ours", "theirs")]
    return [name, *sides, f"{record['ratio']:.2f}", wanted, reached, f"{record['other_cores']:.2f}"]


def table(records):
    """A Markdown table that also reads well as plain text."""
    rows = [["job", "ranklab", "peer", "ratio", "wanted", "reached", "other work"]]
    rows += [row(job.name, records[job.name]) for job in jobs.JOBS if job.name in records]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |" for cells in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def sessions(records):
    """Where, when and how the jobs were measured, once for all jobs of one run."""
    groups = []
    for job in jobs.JOBS:
        if job.name not in records:
            continue
        session = records[job.name]["session"]
        for known, names in groups:
            if known == session:
                names.append(job.name)
                break
        else:
            groups.append((session, [job.name]))
    text = ""
    for session, names in groups:
        text += f"\n**{', '.join(names)}**\n\n"
        text += "".join(f"- {key}: {value}\n" for key, value in session.items())
    return text


def markdown(records):
    return f"# Results of bench/run.py\n\n{EXPLANATION}\n{table(records)}{sessions(records)}"

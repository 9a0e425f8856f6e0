"""Keeps measured jobs in results.json and shows them as a table."""

import json
import statistics

import jobs

EXPLANATION = """\
Medians (and smallest to largest value) of fresh processes run alternately; a ratio above 1 is in ranklab's
favour. Where several peers do a job, the best one is compared. bench/README.md says what each job is. `peak_memory` is the process' own peak (ru_maxrss), imports
and mapped files included, children not; most of the peers' is PyTorch's and PEFT's import, with the package
index's PyTorch, which carries CUDA. `peak_memory_above_import` takes the peers' import off and nothing off
ours. Other work is how many cores were busy with something else while a job's processes ran, at most.
"""


def side(values):
    return {"median": statistics.median(values), "values": values}


def failure(job, figures):
    """Why a job has no ratio: ours failed, or every peer did."""
    if job.ours in figures.failures:
        return f"our side: {figures.failures[job.ours]}"
    if all(key in figures.failures for key in job.theirs):
        return f"{job.theirs[0]}: {figures.failures[job.theirs[0]]}"
    return None


def entry(job, figures, session):
    """A job's record: all sides' raw values, or why there are none. The best peer is the one that is compared."""
    record = {
        "figure": job.figure, "wanted": job.wanted, "failed": failure(job, figures),
        "other_cores": round(figures.other_cores, 3), "session": session,
    }
    if record["failed"] is None:
        ours = side(figures.values[job.ours])
        peers = {key: side(figures.values[key]) for key in job.theirs if key not in figures.failures}
        ratios = {key: jobs.ratio(job.figure, ours["median"], peer["median"]) for key, peer in peers.items()}
        best = min(ratios, key=ratios.get)
        record |= {"ours": ours, "theirs": peers[best], "peer": best, "peers": peers, "ratio": ratios[best]}
        record["failed_peers"] = {key: text for key, text in figures.failures.items() if key != job.ours}
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
    if "peer" in record:
        sides[1] = f"{record['peer']}: {sides[1]}"
    return [name, *sides, f"{record['ratio']:.2f}", wanted, reached, f"{record['other_cores']:.2f}"]


def table(records):
    """A Markdown table that also reads well as plain text."""
    rows = [["job", "ranklab", "peer", "ratio", "wanted", "reached", "other work"]]
    rows += [row(job.name, records[job.name]) for job in jobs.JOBS if job.name in records]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |" for cells in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def other_peers(records):
    """What the peers that are not the best gave."""
    lines = []
    for name, record in records.items():
        for peer, measured in record.get("peers", {}).items():
            if peer != record["peer"]:
                lines.append(f"- {name}: {peer}, {shown(record['figure'], measured)}")
        lines += [f"- {name}: {peer} failed: {text}" for peer, text in record.get("failed_peers", {}).items()]
    return "\n".join(["\nOther peers of the same jobs:\n", *lines]) + "\n" if lines else ""


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
    return f"# Results of bench/run.py\n\n{EXPLANATION}\n{table(records)}{other_peers(records)}{sessions(records)}"

"""Measures reports and queries of a thousand generated runs, and writes bench/REPORT_SCALE.md."""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import environment
from process import Failed, measure

SHAPES = {
    "mixed": "50 configurations by random split and in folds, with seeds",
    "repeats": "one configuration, a run per seed",
    "families": "a configuration per run",
}
VIEWS = ("runs_summary", "leaderboard", "rank_comparison")
MIB = 1 << 20


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--predictions", type=int, default=2600, help="test cells of each run")
    parser.add_argument("--repeat", type=int, default=5, help="measurements, of which the median counts")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--keep", help="a folder for the databases; those that it holds are used again")
    return parser.parse_args()


def database(generator, options, shape, folder):
    """The folder of a database of this shape, which is filled if it is not there."""
    sizes = [str(size) for size in (options.runs, options.epochs, options.predictions)]
    folder = pathlib.Path(folder, "-".join([shape, *sizes]))
    if not (folder / "ranklab.db").exists():
        print(f"filling {folder}", file=sys.stderr, flush=True)
        command = [generator, folder, shape, *sizes]
        if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
            raise Failed(f"{generator} failed")
    return folder


def times(command, options):
    """Measurements of a command that prints one line of JSON at its end."""
    return [measure([str(part) for part in command], ".") for _ in range(options.repeat)]


def answer_seconds(command):
    """Wall-clock seconds of a process whose answer nobody reads."""
    started = time.perf_counter()
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        raise Failed(f"{' '.join(map(str, command))} failed")
    return time.perf_counter() - started


def median(found):
    return statistics.median(one.wall_seconds for one in found)


def row(ranklab, generator, options, shape, folder):
    runs = database(generator, options, shape, folder)
    reports = pathlib.Path(folder, "reports")
    folders = ["--runs-folder", runs, "--reports-folder", reports]
    found = times([ranklab, "report", "--json", *folders], options)
    page = pathlib.Path(found[0].figures["html"]).stat().st_size
    memory = max(one.peak_memory_bytes for one in found)
    cells = [
        f"{shape}: {SHAPES[shape]}",
        f"{median(found):.2f}",
        f"{statistics.median(one.processor_seconds for one in found):.2f}",
        f"{memory / MIB:.0f}",
        f"{page / 1e6:.1f}",
        f"{(runs / 'ranklab.db').stat().st_size / MIB:.0f}",
    ]
    for view in VIEWS:
        command = [ranklab, "query", "--format", "csv", f"select * from {view}", *folders]
        cells.append(f"{statistics.median(answer_seconds(command) for _ in range(options.repeat)) * 1000:.0f}")
    print("  ".join(cells), file=sys.stderr, flush=True)
    return f"| {' | '.join(cells)} |", statistics.mean(one.other_cores for one in found)


def main():
    options = arguments()
    ranklab = environment.build("ranklab")
    generator = environment.build("scale_database")
    with tempfile.TemporaryDirectory(prefix="ranklab-report-") as temporary:
        folder = options.keep or temporary
        rows = [row(ranklab, generator, options, shape, folder) for shape in options.shapes.split(",")]
    busy = max(other for _, other in rows)
    titles = ["runs", "report, s", "processor time, s", "peak memory, MiB", "page, MB", "database, MiB"]
    titles += [f"`{view}`, ms" for view in VIEWS]
    lines = [
        "# How reports grow",
        "",
        f"`just bench-report`: one report over {options.runs:,} generated runs of {options.epochs} epochs and "
        f"{options.predictions:,} predictions each. {environment.machine()}; commit {environment.commit()}.",
        "",
        f"| {' | '.join(titles)} |",
        f"|{'---|' * len(titles)}",
        *(line for line, _ in rows),
        "",
        f"Medians of {options.repeat}; memory is the largest of them. Times are of whole processes, queries with all their "
        f"rows as CSV. Up to {busy:.1f} cores did other work meanwhile.",
        "",
        "Of more than 48 runs the 48 with the best validation figures are shown in detail, and of more than 100 comparisons",
        "those of the configurations with the best validation figures. The report says so where it is so.",
    ]
    pathlib.Path(__file__).with_name("REPORT_SCALE.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    try:
        main()
    except Failed as problem:
        sys.exit(f"error: {problem}")

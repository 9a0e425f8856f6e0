"""Measures ranklab against PyTorch, PEFT and MLflow, alternately, and writes the table of medians."""

import argparse
import datetime
import os
import pathlib
import shlex
import sys

import environment
import jobs
import results
from process import Failed

# Other work above this many cores while a job ran can change its figures by whole factors.
QUIET = 0.1


def without_paths(arguments):
    """The arguments but for those that say where things lie on this machine."""
    kept, rest = [], iter(arguments)
    for argument in rest:
        name, given, _ = argument.partition("=")
        if name in ("--zip", "--weights", "--venv", "--results", "--ranklab", "--peer-jobs"):
            if not given:
                next(rest, None)
        else:
            kept.append(argument)
    return kept


class Ingredients:
    """What commands are filled with, each prepared when it is first needed; a failure is kept as well."""

    def __init__(self, arguments):
        folders = environment.data_folders()
        self.prepare = {
            "zip": lambda: environment.find(arguments.zip, "cell_images.zip", folders),
            "weights": lambda: environment.find(arguments.weights, "vgg16_imagenet.safetensors", folders),
            "python": lambda: environment.peer_python(arguments.venv),
            "ranklab": lambda: environment.build("ranklab"),
            "peer_jobs": lambda: environment.build("peer_jobs"),
        }
        self.prepared = dict(jobs.QUICK_SIZES) if arguments.quick else jobs.SIZES | {"images": arguments.images}
        for name in ("ranklab", "peer_jobs"):
            if given := getattr(arguments, name):
                self.prepared[name] = pathlib.Path(given).absolute()

    def with_folder(self, folder):
        """The same for one round, whose runs are kept in `folder`."""
        self.prepared["folder"] = folder
        return self

    def __getitem__(self, name):
        if name not in self.prepared:
            try:
                self.prepared[name] = self.prepare[name]()
            except Failed as problem:
                self.prepared[name] = problem
        found = self.prepared[name]
        if isinstance(found, Failed):
            raise found
        return found

    def attempt(self, name):
        """Prepares it now; a failure is told and comes back when the thing is used."""
        try:
            return self[name]
        except Failed as problem:
            print(f"{name}: {problem}", file=sys.stderr, flush=True)
            return None


def chosen_jobs(text):
    names = [job.name for job in jobs.JOBS]
    wanted = text.split(",")
    for name in wanted:
        if name not in names:
            raise argparse.ArgumentTypeError(f"{name} is no job: {', '.join(names)}")
    return [job for job in jobs.JOBS if job.name in wanted]


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="processes per side and job (default: 5)")
    parser.add_argument("--naive-rounds", type=int, default=1, help="runs of the slow naive sweep (default: 1)")
    parser.add_argument("--only", type=chosen_jobs, default=list(jobs.JOBS), metavar="JOB,JOB")
    parser.add_argument("--images", type=int, default=3000, help="images to decode and to sweep over")
    parser.add_argument("--zip", metavar="PATH", help="the cell images")
    parser.add_argument("--weights", metavar="PATH", help="VGG16's trunk")
    parser.add_argument("--venv", metavar="PATH", help="the peers' virtual environment")
    parser.add_argument("--results", metavar="PATH", help="default: bench/RESULTS.md; results.json lies beside it")
    parser.add_argument("--quick", action="store_true", help="one tiny round; writes results only where --results says")
    parser.add_argument("--peer-jobs", help=argparse.SUPPRESS)
    parser.add_argument("--ranklab", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if min(arguments.rounds, arguments.naive_rounds) < 1:
        parser.error("give at least one round")
    if arguments.quick:
        arguments.rounds = 1
    return arguments


class Figures:
    """What a job's rounds gave so far."""

    def __init__(self):
        # Values and failures by the command that gave them.
        self.values, self.failures, self.other_cores = {}, {}, 0.0

    def add(self, job, key, measurements, round_number):
        label = f"{job.name}, round {round_number + 1}, {key}"
        try:
            measurement = measurements.get(key, round_number)
            figure = jobs.value(job.figure, measurement)
        except Failed as problem:
            self.failures[key] = str(problem)
            print(f"{label}: failed: {problem}", file=sys.stderr, flush=True)
            return
        self.values.setdefault(key, []).append(figure)
        self.other_cores = max(self.other_cores, measurement.other_cores)
        disturbed = f", while {measurement.other_cores:.2f} cores did other work" * (measurement.other_cores > QUIET)
        print(f"{label}: {results.number(job.figure, figure)}{disturbed}", file=sys.stderr, flush=True)


def measure_group(group, measurements, arguments):
    """Figures by job."""
    figures = {job.name: Figures() for job in group}
    for round_number in range(arguments.rounds):
        for job in group:
            keys = [job.ours, *job.theirs]
            # Taking turns in going first, so that no side always finds the machine warmer.
            for key in keys if round_number % 2 == 0 else reversed(keys):
                slow = key in jobs.NAIVE_SWEEP and round_number >= arguments.naive_rounds
                if not slow and key not in figures[job.name].failures:
                    figures[job.name].add(job, key, measurements, round_number)
        measurements.end_round()
    return figures


def main():
    arguments = parse()
    load = os.getloadavg()[0]
    page = None
    if arguments.results or not arguments.quick:
        page = pathlib.Path(arguments.results or environment.REPOSITORY / "bench" / "RESULTS.md")
    kept = results.read(page)

    ingredients = Ingredients(arguments)
    # Before the first measurement, so that no compiler runs between two rounds.
    python = ingredients.attempt("python")
    for name in sorted({"ranklab" if job.group == "sweep" else "peer_jobs" for job in arguments.only}):
        ingredients.attempt(name)
    session = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": environment.commit(),
        "machine": environment.machine(),
        "peers": environment.versions(python) if python else "not installed",
        "load average before": f"{load:.2f}",
        "command": shlex.join(["python3", "bench/run.py", *without_paths(sys.argv[1:])]),
    }

    measurements = jobs.Measurements(ingredients)
    fresh = {}
    for name in dict.fromkeys(job.group for job in arguments.only):
        group = [job for job in arguments.only if job.group == name]
        try:
            figures = measure_group(group, measurements, arguments)
        finally:
            measurements.end_round()
        fresh |= {job.name: results.entry(job, figures[job.name], session) for job in group}
        # After every group: an interrupted benchmark keeps what it measured.
        results.write(page, kept | fresh)
    print(results.table(fresh), end="")
    return 1 if any(record["failed"] is not None for record in fresh.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

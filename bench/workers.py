"""Trials per hour with one and with two workers on this machine, beside one process, in one sitting.

Each turn registers a sweep of cached trials in a new runs folder and times the workers that train it, in random order.
"""

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time

import environment


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="postgres://…/NAME: an empty database for each turn, NAME1, NAME2, …")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--turns", type=int, default=3)
    return environment.take_data(parser)


def turn(ranklab, options, kind, number):
    """Seconds of a whole sweep by one process, or by workers of a registered one; features are cached before."""
    with tempfile.TemporaryDirectory(prefix="ranklab-workers-") as folder:
        words = ["--runs-folder", f"{folder}/runs"]
        if options.database:
            words += ["--database", f"{options.database}{number}"]
        common = [f"limit={options.images}", f"dataset={options.zip}", f"weights={options.weights}"]
        run = lambda *more: subprocess.run([ranklab, *more, *words], check=True, stdout=subprocess.DEVNULL)
        run("sweep", "-q", "rank=64", *common, "epochs=1")
        settings = ["rank=1,2,4,8", f"seed=0..{options.trials // 4 - 1}", *common, "epochs=2"]
        started = time.monotonic()
        if kind == "process":
            run("sweep", "-q", *settings)
        else:
            run("sweep", "-q", *settings, "--register")
            workers = [
                subprocess.Popen([ranklab, "work", "latest", "--wait", "-q", *words], stdout=subprocess.DEVNULL)
                for _ in range(int(kind))
            ]
            assert all([worker.wait() == 0 for worker in workers]), "a worker failed"
        seconds = time.monotonic() - started
        query = "select count(*) as trials from runs where status = 'finished'"
        answer = subprocess.run([ranklab, "query", query, "--json", *words], check=True, capture_output=True)
        trained = json.loads(answer.stdout)[0]["trials"] - 1
        assert trained == options.trials // 4 * 4, f"{trained} trials were trained"
        return trained / seconds * 3600


def main():
    options = arguments()
    ranklab = environment.build("ranklab")
    found = {"process": [], "1": [], "2": []}
    number = 0
    for _ in range(options.turns):
        for kind in random.sample(list(found), len(found)):
            number += 1
            found[kind].append(turn(ranklab, options, kind, number))
    print(f"{environment.machine()}; commit {environment.commit()}; {options.trials} trials of {options.images} images")
    print("| trained by | trials per hour, median (all) | ratio to one process |")
    print("|---|---|---|")
    base = statistics.median(found["process"])
    for kind, name in [("process", "one process"), ("1", "one worker"), ("2", "two workers")]:
        rates = sorted(found[kind])
        middle = statistics.median(rates)
        print(f"| {name} | {middle:,.0f} ({', '.join(f'{rate:,.0f}' for rate in rates)}) | {middle / base:.2f} |")


if __name__ == "__main__":
    main()

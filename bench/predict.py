"""Measures `ranklab predict` beside the trunk that its networks run through, and prints both in images per second."""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time
import zipfile

import environment

NETWORKS = {"model_5 · rank 5": ["model=model_5", "rank=5"], "model_4": ["model=model_4"]}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5000, help="images to predict")
    parser.add_argument("--rounds", type=int, default=3)
    return environment.take_data(parser)


def unpack(source, count, folder):
    """Writes the first images of a zip into a folder."""
    with zipfile.ZipFile(source) as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")][:count]
        archive.extractall(folder, names)
    return len(names)


def train(ranklab, options, runs, settings):
    """Trains a network shortly: how good it is does not matter here."""
    settings = [*settings, "epochs=1", "limit=400", f"dataset={options.zip}", f"weights={options.weights}"]
    subprocess.run([ranklab, "sweep", "-q", *settings, *runs], check=True, stdout=subprocess.DEVNULL)


def trunk(jobs, options):
    """Images per second of the trunk up to block4_pool, as in `just bench`."""
    command = [jobs, "trunk", "--weights", options.weights, "--images", "2048"]
    answer = subprocess.run([str(word) for word in command], check=True, capture_output=True)
    return json.loads(answer.stdout)["per_second"]


def predict(ranklab, runs, run, folder, count):
    """Images per second of the whole command, from its start to its end."""
    started = time.perf_counter()
    command = [ranklab, "predict", "-q", str(run), str(folder), "--format", "csv", *runs]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return count / (time.perf_counter() - started)


def main():
    options = arguments()
    ranklab, jobs = environment.build("ranklab"), environment.build("peer_jobs")
    with tempfile.TemporaryDirectory(prefix="ranklab-predict-") as folder:
        images, runs = pathlib.Path(folder, "images"), ["--runs-folder", f"{folder}/runs"]
        count = unpack(options.zip, options.images, images)
        for settings in NETWORKS.values():
            train(ranklab, options, runs, settings)
        found = {name: [] for name in ["trunk", *NETWORKS]}
        for _ in range(options.rounds):
            found["trunk"].append(trunk(jobs, options))
            for run, name in enumerate(NETWORKS, start=1):
                found[name].append(predict(ranklab, runs, run, images, count))
    print(f"{environment.machine()}; commit {environment.commit()}; {count:,} images, {options.rounds} rounds")
    rate = statistics.median(found["trunk"])
    print(f"trunk up to block4_pool: {rate:.0f} images/s")
    for name in NETWORKS:
        median = statistics.median(found[name])
        print(f"predict with {name}: {median:.0f} images/s, {median / rate:.2f} of the trunk's")


if __name__ == "__main__":
    main()

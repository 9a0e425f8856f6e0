"""Measures how a sweep's cost grows with images and with trials, and writes bench/SCALING.md."""

import argparse
import json
import pathlib
import subprocess
import tempfile

import environment

IMAGES = (1000, 2000, 4000, 8000, 15000)
TRIALS = (1, 2, 4, 8)
TRIAL_IMAGES = 1000
RANKS = (1, 2, 4, 5, 8, 16, 32, 64)
QUERY = "select sum(feature_seconds) as features, sum(train_seconds) as training from runs"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    return environment.take_data(parser)


def sweep(ranklab, options, images, trials):
    """Seconds of trunk features and of training, of one cold sweep of one epoch."""
    with tempfile.TemporaryDirectory(prefix="ranklab-scaling-") as folder:
        runs = ["--runs-folder", f"{folder}/runs"]
        ranks = ",".join(str(rank) for rank in RANKS[:trials])
        settings = [f"rank={ranks}", "epochs=1", f"limit={images}", f"dataset={options.zip}"]
        command = [ranklab, "sweep", "-q", *settings, f"weights={options.weights}", *runs]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        answer = subprocess.run([ranklab, "query", QUERY, "--json", *runs], check=True, capture_output=True)
        return json.loads(answer.stdout)[0]


def row(count, found, work):
    """One line: what was varied, seconds, and images (or images × trials) per second of each part."""
    features, training = found["features"], found["training"]
    return f"| {count:,} | {features:.1f} | {work[0] / features:.0f} | {training:.1f} | {work[1] / training:.0f} |"


def main():
    options = arguments()
    ranklab = environment.build("ranklab")
    header = "| {} | trunk features, s | images/s | training and validation, s | images × trials/s |\n|---|---|---|---|---|"
    lines = [
        "# How the cost of a sweep grows",
        "",
        f"`just bench-scaling`: cold sweeps of one epoch, model_5. {environment.machine()}; "
        f"commit {environment.commit()}.",
        "",
        header.format("images, one trial"),
    ]
    for images in IMAGES:
        lines.append(row(images, sweep(ranklab, options, images, 1), (images, images)))
        print(lines[-1], flush=True)
    lines += ["", header.format(f"trials on {TRIAL_IMAGES:,} images")]
    for trials in TRIALS:
        found = sweep(ranklab, options, TRIAL_IMAGES, trials)
        lines.append(row(trials, found, (TRIAL_IMAGES, TRIAL_IMAGES * trials)))
        print(lines[-1], flush=True)
    lines += ["", "Trunk features are computed once, however many trials there are. The split keeps 10 % of the"]
    lines += ["images for testing; they are counted in the speeds all the same."]
    pathlib.Path(__file__).with_name("SCALING.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

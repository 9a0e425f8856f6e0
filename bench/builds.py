"""Measures two builds of ranklab against each other, alternately: did a change cost speed?

    just bench-builds BEFORE AFTER

Each folder holds the programs `ranklab` and `peer_jobs` of one build. Images and weights are found as by `just bench`.
"""

import argparse
import pathlib
import statistics
import sys

import environment
import jobs
from process import Failed

JOBS = {
    "decode": "our decode",
    "trunk": "our trunk",
    "model_5": "our model_5",
    "three_ranks": "our three ranks",
    "model_4": "our model_4",
    "cold_sweep": "our cold sweep",
}


class Programs:
    """What commands are filled with for one build."""

    def __init__(self, folder, arguments):
        folders = environment.data_folders()
        self.prepared = dict(jobs.SIZES) | {
            "ranklab": pathlib.Path(folder, "ranklab").absolute(),
            "peer_jobs": pathlib.Path(folder, "peer_jobs").absolute(),
            "zip": environment.find(arguments.zip, "cell_images.zip", folders),
            "weights": environment.find(arguments.weights, "vgg16_imagenet.safetensors", folders),
        }

    def with_folder(self, folder):
        """The same for one round, whose runs are kept in `folder`."""
        self.prepared["folder"] = folder
        return self

    def __getitem__(self, name):
        return self.prepared[name]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", help="folder of the earlier build's programs")
    parser.add_argument("after", help="folder of the later build's programs")
    parser.add_argument("--rounds", type=int, default=5, help="processes per build and job (default: 5)")
    parser.add_argument("--only", default=",".join(JOBS), metavar="JOB,JOB")
    parser.add_argument("--zip", metavar="PATH", help="the cell images")
    parser.add_argument("--weights", metavar="PATH", help="VGG16's trunk")
    return parser.parse_args()


def main():
    arguments = parse()
    builds = [Programs(folder, arguments) for folder in (arguments.before, arguments.after)]
    sides = [jobs.Measurements(build) for build in builds]
    names = arguments.only.split(",")
    found = {name: ([], []) for name in names}
    disturbed = {name: 0.0 for name in names}
    for number in range(arguments.rounds):
        for name in names:
            # Taking turns in going first, so that neither build always finds the machine warmer.
            for side in (0, 1) if number % 2 == 0 else (1, 0):
                measurement = sides[side].get(JOBS[name], number)
                figure = jobs.SECONDS if name == "cold_sweep" else jobs.PER_SECOND
                found[name][side].append(jobs.value(figure, measurement))
                disturbed[name] = max(disturbed[name], measurement.other_cores)
        for side in sides:
            side.end_round()
        print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
    print("| job | before | after | ratio of medians | ratios of rounds | other cores |")
    print("|---|---|---|---|---|---|")
    for name, (before, after) in found.items():
        figure = jobs.SECONDS if name == "cold_sweep" else jobs.PER_SECOND
        ratios = [jobs.ratio(figure, new, old) for old, new in zip(before, after)]
        medians = [statistics.median(values) for values in (before, after)]
        overall = jobs.ratio(figure, medians[1], medians[0])
        each = ", ".join(f"{ratio:.3f}" for ratio in ratios)
        print(f"| {name} | {medians[0]:.1f} | {medians[1]:.1f} | {overall:.3f} | {each} | {disturbed[name]:.2f} |")


if __name__ == "__main__":
    try:
        main()
    except Failed as problem:
        sys.exit(f"error: {problem}")

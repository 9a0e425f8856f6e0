"""Compares two files of predictions of the same images: python -m round_trip.same NAME FOLDER OURS THEIRS."""

import sys

from round_trip import predictions
from round_trip.compare import ALLOWED


def main():
    name, folder, ours, theirs = sys.argv[1:]
    ours, theirs = (dict(predictions.read(path, folder)) for path in (ours, theirs))
    if ours.keys() != theirs.keys():
        sys.exit(f"{name}: not the same images")
    paths = sorted(ours)
    values = ([side[path] for path in paths] for side in (ours, theirs))
    if not predictions.largest_difference(name, *values, ALLOWED):
        sys.exit(1)


if __name__ == "__main__":
    main()

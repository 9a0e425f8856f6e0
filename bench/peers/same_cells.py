"""Trains model_5 at rank 5 with PyTorch and PEFT and tests it on the very cells of one of ranklab's runs.

The cells come from `ranklab query "select image from predictions where run_id = 1" --format csv > cells.csv`.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import pathlib
import zipfile

import torch

import images
import sweep


def cell(name):
    """Class and file name, however deep the folders are."""
    return tuple(name.strip().strip('"').split("/")[-2:])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("zip", "weights", "cells"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.mode, arguments.engine, arguments.precision, arguments.memory = "cached", "pytorch", "f32", "channels_last"
    torch.set_num_threads(2)
    with zipfile.ZipFile(arguments.zip) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".png"))
    chosen = {cell(line) for line in pathlib.Path(arguments.cells).read_text().splitlines() if ".png" in line}
    labels = torch.tensor([int("/Parasitized/" in name) for name in names])
    test = torch.tensor([place for place, name in enumerate(names) if cell(name) in chosen])
    rest = torch.tensor([place for place, name in enumerate(names) if cell(name) not in chosen])
    rest = rest[torch.randperm(len(rest), generator=torch.Generator().manual_seed(arguments.seed))]
    validation = len(rest) // 10
    parts = rest[validation:], rest[:validation], test
    print(*(len(part) for part in parts), "images for training, validation and test", flush=True)
    features = sweep.extract(arguments, images.decode(arguments.zip, names)).permute(0, 3, 1, 2)
    print("accuracy", sweep.train(arguments, 5, features.__getitem__, labels, parts))


if __name__ == "__main__":
    main()

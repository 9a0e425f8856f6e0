"""What ranklab predicts, and what others say of the same images."""

import importlib.util
import json
import pathlib
import sys


def read(path, folder):
    """Image files and ranklab's probability of the positive class, from `ranklab predict --format json`."""
    rows = json.loads(pathlib.Path(path).read_text())
    if isinstance(rows, dict):
        rows = rows["predictions"]
    if not rows:
        sys.exit(f"{path} holds no predictions")
    return [(found(folder, row["image"]), row["probability"]) for row in rows]


def found(folder, name):
    """The file of an image that is named by its path, or by the end of it."""
    folder = pathlib.Path(folder)
    for path in (pathlib.Path(name), folder / name):
        if path.is_file():
            return path
    # A name may begin with the folder's own.
    parts = pathlib.PurePath(name).parts
    for start in range(1, len(parts)):
        path = folder.joinpath(*parts[start:])
        if path.is_file():
            return path
    sys.exit(f"no image {name} in {folder}")


def module(path):
    """The Python module that an export wrote."""
    specification = importlib.util.spec_from_file_location("modeling", path)
    loaded = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(loaded)
    return loaded


def largest_difference(what, ours, theirs, allowed):
    """Prints the largest difference between probabilities; whether it is allowed."""
    differences = [abs(our - their) for our, their in zip(ours, theirs, strict=True)]
    largest = max(differences)
    holds = largest <= allowed
    spread = f"probabilities {min(ours):.4f} to {max(ours):.4f}"
    print(f"{what}: largest difference {largest:.1e} of {len(ours)} images, {spread}{'' if holds else '  TOO LARGE'}")
    return holds

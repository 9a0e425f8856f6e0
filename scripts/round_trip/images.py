"""Draws a folder of images of two classes, of which the second has a dark spot: python -m round_trip.images FOLDER."""

import argparse
import pathlib

import numpy
from PIL import Image

CLASSES = ("clear", "spotted")


def drawn(generator, side, spotted):
    """One image as uint8 [side, side, 3]: a bright disc, with or without a dark spot in it."""
    y, x = numpy.mgrid[0:side, 0:side]
    centre = side / 2 + generator.normal(0, side / 16, 2)
    distance = numpy.hypot(y - centre[0], x - centre[1])
    colour = generator.uniform(120, 220, 3)
    pixels = numpy.where((distance < side * generator.uniform(0.3, 0.45))[..., None], colour, generator.uniform(0, 60))
    if spotted:
        spot = centre + generator.normal(0, side / 12, 2)
        pixels[numpy.hypot(y - spot[0], x - spot[1]) < side / 8] *= 0.4
    return (pixels + generator.normal(0, 8, pixels.shape)).clip(0, 255).astype(numpy.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--side", type=int, required=True, help="side in pixels; that of the network needs no resizing")
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--groups", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    generator = numpy.random.default_rng(arguments.seed)
    for number in range(arguments.images):
        label = number % 2
        folder = arguments.folder / CLASSES[label]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = drawn(generator, arguments.side, label == 1)
        Image.fromarray(pixels).save(folder / f"g{number // 2 % arguments.groups}_{number}.png")


if __name__ == "__main__":
    main()

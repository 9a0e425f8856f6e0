"""The data set's images for the peers: which ones, their labels and their pixels."""

import concurrent.futures
import zipfile

import cv2
import numpy
import torch

THREADS = 2
CLASSES = ("Uninfected", "Parasitized")


def choose(path, count):
    """The first names of each class, half of the images each, and their labels: 1 is parasitized."""
    with zipfile.ZipFile(path) as archive:
        images = sorted(name for name in archive.namelist() if name.endswith(".png"))
    names, labels = [], []
    for label, folder in enumerate(CLASSES):
        chosen = [name for name in images if f"/{folder}/" in name][: count // 2]
        names += chosen
        labels += [label] * len(chosen)
    return names, labels


def decode(path, names):
    """uint8 [images, 64, 64, 3] in BGR. zlib and OpenCV let other threads run, so threads are enough."""
    cv2.setNumThreads(1)
    pixels = numpy.empty((len(names), 64, 64, 3), numpy.uint8)

    def part(places):
        # A handle each: one shared ZipFile would make the threads wait for each other.
        with zipfile.ZipFile(path) as archive:
            for place in places:
                image = cv2.imdecode(numpy.frombuffer(archive.read(names[place]), numpy.uint8), cv2.IMREAD_COLOR)
                cv2.resize(image, (64, 64), dst=pixels[place], interpolation=cv2.INTER_LINEAR)

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(part, [range(first, len(names), THREADS) for first in range(THREADS)]))
    return torch.from_numpy(pixels)

"""A whole sweep over ranks of model_5 with PyTorch and PEFT, from the zip to test accuracies."""

import concurrent.futures
import zipfile

import cv2
import numpy
import torch

import networks
import training

THREADS = 2
TRUNK_BATCH = 64
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


def extract(weights, pixels):
    """The trunk's features at model_5's cut, [images, height, width, channels]."""
    convolutions, (channels, height, width) = networks.CUTS["model_5"]
    frozen = networks.trunk(weights, convolutions)
    # Made outside inference mode: autograd refuses to keep inference tensors for a backward pass.
    features = torch.empty(len(pixels), height, width, channels)
    with torch.inference_mode():
        for start in range(0, len(pixels), TRUNK_BATCH):
            batch = networks.preprocess(pixels[start : start + TRUNK_BATCH])
            features[start : start + TRUNK_BATCH] = frozen(batch).permute(0, 2, 3, 1)
    return features


def split(count, seed):
    """A tenth for testing, a tenth of the rest for validation."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    test = count // 10
    validation = (count - test) // 10
    return order[test + validation :], order[test : test + validation], order[:test]


def train(arguments, rank, batch_of, labels, parts):
    """The test accuracy of the epoch with the best validation accuracy."""
    training_part, validation_part, test_part = parts
    torch.manual_seed(arguments.seed)
    model, _ = networks.network("model_5", arguments.weights, rank, whole=arguments.mode == "naive")
    optimizer = training.optimizer(model)
    best, best_state = -1.0, None
    for _ in range(arguments.epochs):
        model.train()
        order = training_part[torch.randperm(len(training_part))]
        for indices in order.split(arguments.batch):
            training.step(model, optimizer, batch_of(indices), labels[indices])
        accuracy = training.accuracy(model, batch_of, labels, validation_part)
        if accuracy > best:
            best, best_state = accuracy, training.trained_state(model)
    model.load_state_dict(best_state, strict=False)
    return training.accuracy(model, batch_of, labels, test_part)


def run(arguments):
    """Test accuracies by rank."""
    names, labels = choose(arguments.zip, arguments.images)
    labels = torch.tensor(labels)
    pixels = decode(arguments.zip, names)
    if arguments.mode == "cached":
        features = extract(arguments.weights, pixels).permute(0, 3, 1, 2)
        batch_of = features.__getitem__
    else:
        batch_of = lambda indices: networks.preprocess(pixels[indices])
    parts = split(len(names), arguments.seed)
    return {rank: train(arguments, rank, batch_of, labels, parts) for rank in arguments.ranks}

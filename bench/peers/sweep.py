"""A whole sweep over ranks of model_5 with PyTorch and PEFT, from the zip to test accuracies."""

import argparse

import numpy
import torch

import images
import networks
import training

TRUNK_BATCH = 64


def frozen_trunk(arguments, convolutions):
    """A function from a batch of pixels to features [images, channels, height, width]."""
    if arguments.engine == "pytorch":
        kind = torch.bfloat16 if arguments.precision == "bf16" else torch.float32
        frozen = networks.trunk(arguments.weights, convolutions, arguments.memory).to(kind)
        return lambda batch: frozen(batch.to(kind))
    # Only here, so that others need not install it.
    import trunk_engines

    options = argparse.Namespace(
        precision=arguments.engine.removeprefix("openvino_"), weights=arguments.weights, zip=arguments.zip,
        batch=TRUNK_BATCH, layers=convolutions,
    )
    run = trunk_engines.openvino_trunk(options)

    def whole(batch):
        # The compiled engine takes whole batches: the last one is filled up.
        filled = numpy.zeros((TRUNK_BATCH, *batch.shape[1:]), numpy.float32)
        filled[: len(batch)] = batch.numpy()
        return torch.from_numpy(run(filled)[: len(batch)])

    return whole


def extract(arguments, pixels):
    """The trunk's features at model_5's cut, [images, height, width, channels]."""
    convolutions, (channels, height, width) = networks.CUTS["model_5"]
    frozen = frozen_trunk(arguments, convolutions)
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
    whole = arguments.mode == "naive"
    model, _ = networks.network("model_5", arguments.weights, rank, whole, arguments.memory)
    optimizer = training.optimizer(model)
    best, best_state = -1.0, None
    for _ in range(arguments.epochs):
        model.train()
        order = training_part[torch.randperm(len(training_part))]
        for indices in order.split(arguments.batch):
            training.step(model, optimizer, batch_of(indices), labels[indices], arguments.precision)
        accuracy = training.accuracy(model, batch_of, labels, validation_part, arguments.precision)
        if accuracy > best:
            best, best_state = accuracy, training.trained_state(model)
    model.load_state_dict(best_state, strict=False)
    return training.accuracy(model, batch_of, labels, test_part, arguments.precision)


def run(arguments):
    """Test accuracies by rank."""
    names, labels = images.choose(arguments.zip, arguments.images)
    labels = torch.tensor(labels)
    pixels = images.decode(arguments.zip, names)
    if arguments.mode == "cached":
        features = extract(arguments, pixels).permute(0, 3, 1, 2)
        batch_of = features.__getitem__
    else:
        batch_of = lambda indices: networks.preprocess(pixels[indices])
    parts = split(len(names), arguments.seed)
    return {rank: train(arguments, rank, batch_of, labels, parts) for rank in arguments.ranks}

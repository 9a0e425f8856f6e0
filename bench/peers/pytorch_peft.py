"""The jobs of bench/run.py as PyTorch and PEFT do them on the CPU: one JSON line per job on stdout."""

import argparse
import json
import os
import pathlib
import resource
import tempfile
import time
import zipfile

# Before PyTorch's import. Threads that sleep while they wait cost next to nothing on an idle machine; threads
# that spin, the default, lose whole time slices as soon as anything else runs on two cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

import images
import networks
import sweep
import training

THREADS = 2
WARM_UP_STEPS = 5


def form(arguments):
    """In which form a job computed."""
    return {name: getattr(arguments, name) for name in ("precision", "memory", "engine") if hasattr(arguments, name)}


def decode(arguments):
    with tempfile.TemporaryDirectory() as folder:
        names, _ = images.choose(arguments.zip, arguments.images)
        with zipfile.ZipFile(arguments.zip) as archive:
            archive.extractall(folder, names)
        root = pathlib.Path(folder, names[0]).parent.parent
        started = time.perf_counter()
        resize = transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor()])
        count = 0
        for batch, _ in DataLoader(ImageFolder(root, resize), batch_size=64, num_workers=THREADS):
            count += len(batch)
        return count, time.perf_counter() - started, {}


def trunk(arguments):
    kind = torch.bfloat16 if arguments.precision == "bf16" else torch.float32
    model = networks.trunk(arguments.weights, arguments.layers, arguments.memory).to(kind)
    generator = torch.Generator().manual_seed(0)
    shape = (arguments.images, 64, 64, 3)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    memory = networks.MEMORY[arguments.memory]
    batches = [
        networks.preprocess(batch).to(kind).contiguous(memory_format=memory) for batch in pixels.split(arguments.batch)
    ]
    with torch.inference_mode():
        model(batches[0])
        started = time.perf_counter()
        for batch in batches:
            model(batch)
    seconds = time.perf_counter() - started
    return arguments.images, seconds, {"batch": arguments.batch, "layers": arguments.layers, **form(arguments)}


def train(arguments):
    if arguments.mode == "naive":
        raise SystemExit("train measures what is above the cut: give --mode cached")
    torch.manual_seed(0)
    model, (channels, height, width) = networks.network(
        arguments.model, arguments.weights, arguments.rank, False, arguments.memory
    )
    optimizer = training.optimizer(model)
    # Features after ReLU: half of them zero. In memory as the trunk gives them.
    features = torch.randn(arguments.images, height, width, channels).relu_().permute(0, 3, 1, 2)
    features = features.contiguous(memory_format=networks.MEMORY[arguments.memory])
    labels = torch.randint(0, 2, (arguments.images,))
    model.train()
    order = torch.randperm(arguments.images).split(arguments.batch)
    for indices in order[:WARM_UP_STEPS]:
        training.step(model, optimizer, features[indices], labels[indices], arguments.precision)
    started = time.perf_counter()
    for indices in order:
        training.step(model, optimizer, features[indices], labels[indices], arguments.precision)
    seconds = time.perf_counter() - started
    more = {"model": arguments.model, "rank": arguments.rank, "batch": arguments.batch, **form(arguments)}
    return arguments.images, seconds, more


def whole_sweep(arguments):
    started = time.perf_counter()
    accuracies = sweep.run(arguments)
    seconds = time.perf_counter() - started
    more = {"mode": arguments.mode, "epochs": arguments.epochs, "accuracies": accuracies, **form(arguments)}
    return arguments.images, seconds, more


def ranks(text):
    return [int(rank) for rank in text.split(",")]


def take_form(job):
    """Options of the jobs that compute."""
    job.add_argument("--precision", choices=["f32", "bf16"], default="f32", help="bf16: weights or, in training, autocast")
    job.add_argument("--memory", choices=sorted(networks.MEMORY), default="channels_last")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    jobs = parser.add_subparsers(dest="job", required=True)

    job = jobs.add_parser("decode", help="ImageFolder, resized to 64x64, two workers")
    job.set_defaults(run=decode)
    job.add_argument("--zip", required=True)
    job.add_argument("--images", type=int, default=3000)

    job = jobs.add_parser("trunk", help="the frozen trunk on random pixels")
    job.set_defaults(run=trunk)
    job.add_argument("--weights", required=True)
    job.add_argument("--images", type=int, default=512)
    job.add_argument("--batch", type=int, default=64)
    job.add_argument("--layers", type=int, default=10)
    take_form(job)

    job = jobs.add_parser("train", help="training steps on random features")
    job.set_defaults(run=train)
    job.add_argument("--weights", required=True)
    job.add_argument("--model", choices=sorted(networks.CUTS), default="model_5")
    job.add_argument("--rank", type=int, default=5)
    job.add_argument("--images", type=int, default=1024)
    job.add_argument("--batch", type=int, default=32)
    job.add_argument("--mode", choices=["cached", "naive"], default="cached")
    take_form(job)

    job = jobs.add_parser("sweep", help="from the zip to the test accuracies of several ranks of model_5")
    job.set_defaults(run=whole_sweep)
    job.add_argument("--zip", required=True)
    job.add_argument("--weights", required=True)
    job.add_argument("--images", type=int, default=3000)
    job.add_argument("--ranks", type=ranks, default=[1, 5, 16])
    job.add_argument("--epochs", type=int, default=3)
    job.add_argument("--batch", type=int, default=32)
    job.add_argument("--mode", choices=["cached", "naive"], default="cached")
    job.add_argument("--seed", type=int, default=0)
    job.add_argument("--engine", choices=["pytorch", "openvino_bf16", "openvino_int8"], default="pytorch", help="the trunk's")
    take_form(job)
    return parser.parse_args()


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    arguments = parse()
    torch.set_num_threads(THREADS)
    # What importing PyTorch and PEFT alone took, so that the peak can be judged.
    imported = peak_memory()
    count, seconds, more = arguments.run(arguments)
    figures = {
        "job": arguments.job, "images": count, "seconds": seconds, "per_second": count / seconds,
        "peak_memory_bytes": peak_memory(), "memory_after_import_bytes": imported,
        **more,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

"""Loads exported forms of one network and compares their probabilities with those of `ranklab predict`.

python -m round_trip.compare NAME --images FOLDER --predictions FILE [--peft DIR] [--merged FILE MODULE] [--onnx FILE]
"""

import argparse
import sys

import numpy
import onnxruntime
import torch
from peft import PeftModel
from safetensors.torch import load_file

from round_trip import predictions

# 16-bit kernels above the cut move probabilities by less than this; see ARCHITECTURE.md.
ALLOWED = 2e-3


def probabilities(network, images):
    """A PyTorch network's probability of the positive class."""
    with torch.inference_mode():
        return [network(image).softmax(1)[0, 1].item() for image in images]


def with_peft(folder, paths):
    """As the card of a PEFT folder says."""
    modeling = predictions.module(f"{folder}/modeling.py")
    network = modeling.Network()
    network.load_state_dict(load_file(f"{folder}/base_model.safetensors"), strict=False)
    network = PeftModel.from_pretrained(network, folder).eval()
    images = [modeling.read_image(path) for path in paths]
    apart = probabilities(network, images)
    return apart, probabilities(network.merge_and_unload(), images)


def with_merged(file, module, paths):
    modeling = predictions.module(module)
    return probabilities(modeling.load(file), [modeling.read_image(path) for path in paths])


def with_onnx(file, module, paths):
    """All images in one batch, and the first one alone."""
    modeling = predictions.module(module)
    images = torch.cat([modeling.read_image(path) for path in paths]).numpy()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    together = session.run(["probabilities"], {"images": images})[0]
    alone = session.run(["probabilities"], {"images": images[:1]})[0]
    if together.shape != (len(paths), 2) or not numpy.allclose(together[:1], alone, atol=1e-5):
        sys.exit(f"{file}: one image alone has other probabilities than among others")
    return together[:, 1].tolist()


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what the network is called in the output")
    parser.add_argument("--images", required=True, help="the folder of images that were predicted")
    parser.add_argument("--predictions", required=True, help="what `ranklab predict --format json` wrote")
    parser.add_argument("--peft", help="an exported PEFT folder")
    parser.add_argument("--merged", nargs=2, metavar=("FILE", "MODULE"), help="an exported safetensors file and its module")
    parser.add_argument("--onnx", help="an exported ONNX file")
    parser.add_argument("--allowed", type=float, default=ALLOWED)
    return parser.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(1)
    pairs = predictions.read(arguments.predictions, arguments.images)
    paths, ours = [path for path, _ in pairs], [probability for _, probability in pairs]
    found = {}
    if arguments.peft:
        found["PEFT"], found["PEFT, merged by it"] = with_peft(arguments.peft, paths)
    if arguments.merged:
        found["safetensors"] = with_merged(*arguments.merged, paths)
    if arguments.onnx:
        module = arguments.merged[1] if arguments.merged else f"{arguments.peft}/modeling.py"
        found["ONNX Runtime"] = with_onnx(arguments.onnx, module, paths)
    holds = [
        predictions.largest_difference(f"{arguments.name}, {form}", ours, theirs, arguments.allowed)
        for form, theirs in found.items()
    ]
    if not holds or not all(holds):
        sys.exit(1)


if __name__ == "__main__":
    main()

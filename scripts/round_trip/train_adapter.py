"""Lets PEFT train an adapter of VGG16's convolutions for a few steps, and saves it with what it says of images.

python -m round_trip.train_adapter EXPORTED IMAGES TARGET [--dora] [--rslora] [--pattern] [--without-head]

EXPORTED is an exported PEFT folder, from which the module and the base weights come. TARGET/probabilities.json is what
PEFT's network says of the images below IMAGES, as `ranklab predict --format json` writes it.
"""

import argparse
import json
import pathlib

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from round_trip import predictions

STEPS = 6
TARGETS = ("features.21", "features.24", "features.28")


def settings(arguments):
    return LoraConfig(
        r=4,
        lora_alpha=12,
        target_modules=r".*features\.(21|24|28)" if arguments.pattern else list(TARGETS),
        modules_to_save=None if arguments.without_head else ["classifier"],
        use_dora=arguments.dora,
        use_rslora=arguments.rslora,
        rank_pattern={"features.24": 2},
        alpha_pattern={"28": 3},
    )


def train(network, images, labels):
    # B starts at zero, and after a few steps the adapters would hardly matter.
    for name, parameter in network.named_parameters():
        if ".lora_B." in name:
            nn.init.normal_(parameter, std=0.02)
    network.train()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=5e-4)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
    return loss.item()


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exported", type=pathlib.Path)
    parser.add_argument("images", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--dora", action="store_true")
    parser.add_argument("--rslora", action="store_true")
    parser.add_argument("--pattern", action="store_true", help="name the adapted modules by a regular expression")
    parser.add_argument("--without-head", action="store_true", help="train adapters alone")
    return parser.parse_args()


def main():
    arguments = parse()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    modeling = predictions.module(arguments.exported / "modeling.py")
    # As VGG16 is: with the ReLU after each convolution.
    modeling.WITHOUT_RELU = ()
    network = modeling.Network()
    network.load_state_dict(load_file(arguments.exported / "base_model.safetensors"), strict=False)
    network = get_peft_model(network, settings(arguments))
    paths = sorted(arguments.images.rglob("*.png"))
    images = torch.cat([modeling.read_image(path) for path in paths])
    # Labels at random: images that are learnt would all have probabilities of 0 and 1, which hide differences.
    loss = train(network, images, torch.randint(0, 2, (len(paths),)))
    network.eval()
    network.save_pretrained(arguments.target)
    with torch.inference_mode():
        probabilities = network(images).softmax(1)[:, 1].tolist()
        with network.disable_adapter():
            without = network(images).softmax(1)[:, 1].tolist()
    rows = [{"image": str(path), "probability": value} for path, value in zip(paths, probabilities)]
    (arguments.target / "probabilities.json").write_text(json.dumps(rows))
    change = max(abs(a - b) for a, b in zip(probabilities, without))
    print(f"PEFT trained {arguments.target.name} for {STEPS} steps to a loss of {loss:.3f}; without it: {change:.2f}")


if __name__ == "__main__":
    main()

"""VGG16's frozen trunk, model_4 and model_5 in PyTorch and PEFT, whole or above their cut."""

import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from torch import nn

BLOCKS = (2, 2, 3, 3, 3)
LEAK = 0.1
# Keras' preprocess_input for VGG: BGR, these means taken off, no scaling.
BGR_MEANS = (103.939, 116.779, 123.68)
MEMORY = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}
# The frozen convolutions below each model's trained part, and what they give for 64x64 images.
CUTS = {"model_4": (7, (256, 8, 8)), "model_5": (10, (512, 4, 4))}


def preprocess(bgr):
    """uint8 [images, height, width, 3] in BGR to float [images, 3, height, width], channels last in memory."""
    return (bgr.float() - torch.tensor(BGR_MEANS)).permute(0, 3, 1, 2)


def convolution(weights, name):
    kernel, bias = weights[f"{name}.kernel"], weights[f"{name}.bias"]
    layer = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
    layer.weight.data, layer.bias.data = kernel, bias
    return layer.requires_grad_(False)


def trunk(path, convolutions, memory="channels_last"):
    """The first convolutions of VGG16 with ReLU and, where a block ends with them, its pooling."""
    weights = load_file(path)
    layers, left = [], convolutions
    for block, size in enumerate(BLOCKS, start=1):
        for number in range(1, min(size, left) + 1):
            layers += [convolution(weights, f"block{block}_conv{number}"), nn.ReLU(inplace=True)]
        if left < size:
            break
        layers.append(nn.MaxPool2d(2))
        left -= size
    return nn.Sequential(*layers).eval().to(memory_format=MEMORY[memory])


class SameConvolution2x2(nn.Conv2d):
    """Keras' 2x2 "same", which pads at the bottom and at the right only."""

    def __init__(self, channels_in, channels_out):
        super().__init__(channels_in, channels_out, 2)
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, images):
        return super().forward(F.pad(images, (0, 1, 0, 1)))


def dense(inputs, outputs):
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def head(features):
    hidden = []
    for inputs, outputs in ((features, 512), (512, 256)):
        norm = nn.BatchNorm1d(outputs, eps=1e-3, momentum=0.01)
        hidden += [dense(inputs, outputs), norm, nn.LeakyReLU(LEAK, inplace=True), nn.Dropout(0.5)]
    return nn.Sequential(*hidden, dense(256, 2))


class Model4(nn.Module):
    """The trained part of model_4, on block3_pool."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            SameConvolution2x2(256, 512), nn.MaxPool2d(2), nn.LeakyReLU(LEAK, inplace=True),
            SameConvolution2x2(512, 512), nn.MaxPool2d(2),
            nn.BatchNorm2d(512, eps=1e-3, momentum=0.01), nn.LeakyReLU(LEAK, inplace=True),
        )
        self.head = head(2 * 2 * 512)

    def forward(self, features):
        return self.head(self.features(features).flatten(1))


class Model5(nn.Module):
    """model_5 on block4_pool before PEFT adapts it: the published form, without ReLU after block5's layers."""

    def __init__(self, weights):
        super().__init__()
        for number in (1, 2, 3):
            self.add_module(f"block5_conv{number}", convolution(weights, f"block5_conv{number}"))
        self.head = head(2 * 2 * 512)

    def forward(self, features):
        features = self.block5_conv3(self.block5_conv2(self.block5_conv1(features)))
        return self.head(F.leaky_relu(F.max_pool2d(features, 2), LEAK, inplace=True).flatten(1))


def trained_part(model, path, rank, memory="channels_last"):
    """What is trained: its input is the trunk's output at the model's cut."""
    if model == "model_4":
        return Model4().to(memory_format=MEMORY[memory])
    config = LoraConfig(
        r=rank,
        # alpha / rank is 1, the published scale.
        lora_alpha=rank,
        target_modules=["block5_conv1", "block5_conv2", "block5_conv3"],
        modules_to_save=["head"],
    )
    return get_peft_model(Model5(load_file(path)), config).to(memory_format=MEMORY[memory])


class Whole(nn.Module):
    """The frozen trunk and the trained part in one: nothing is cached."""

    def __init__(self, frozen, trained):
        super().__init__()
        self.frozen, self.trained = frozen, trained

    def train(self, mode=True):
        self.trained.train(mode)
        return self

    def forward(self, images):
        # No parameter below the cut wants a gradient: without no_grad the result and the work are the same,
        # but the first activations would not be free to be overwritten.
        with torch.no_grad():
            features = self.frozen(images)
        return self.trained(features)


def network(model, path, rank, whole, memory="channels_last"):
    """The whole network, or what is above the cut, and the shape of one image of its input."""
    convolutions, shape = CUTS[model]
    trained = trained_part(model, path, rank, memory)
    if not whole:
        return trained, shape
    return Whole(trunk(path, convolutions, memory), trained), (3, 64, 64)

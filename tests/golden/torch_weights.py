"""Writes a stored trunk as torchvision would: a .pth state dict for RGB input, to test its import."""

import sys

import torch
from safetensors.torch import load_file

INDICES = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]


def main(stored: str, target: str) -> None:
    tensors = load_file(stored)
    layers = [(block, layer) for block, count in enumerate((2, 2, 3, 3, 3), 1) for layer in range(1, count + 1)]
    state = {}
    for index, (block, layer) in zip(INDICES, layers):
        kernel = tensors[f"block{block}_conv{layer}.kernel"]
        state[f"features.{index}.weight"] = kernel.flip(1).contiguous() if index == 0 else kernel
        state[f"features.{index}.bias"] = tensors[f"block{block}_conv{layer}.bias"]
    torch.save(state, target)


main(*sys.argv[1:])

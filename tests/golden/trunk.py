"""Golden values of VGG16's trunk: all five block outputs for one image, with the ImageNet weights.

    pip install torch==2.9.0 numpy safetensors
    python3 tests/golden/trunk.py data/vgg16_imagenet.safetensors

The image is made by a formula that the test repeats; the preprocessing is Keras' (BGR, channel means
subtracted).
"""

import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

weights = load_file(sys.argv[1])
size = 64
y, x, c = torch.meshgrid(torch.arange(size), torch.arange(size), torch.arange(3), indexing="ij")
rgb = ((x * 7 + y * 13 + c * 29 + (x * y) // 5) % 256).float()
means = torch.tensor([103.939, 116.779, 123.68])
value = (rgb.flip(2) - means).permute(2, 0, 1)[None].double()

blocks = []
for block, convolutions in enumerate((2, 2, 3, 3, 3), start=1):
    for convolution in range(1, convolutions + 1):
        name = f"block{block}_conv{convolution}"
        kernel, bias = weights[f"{name}.kernel"].double(), weights[f"{name}.bias"].double()
        value = F.relu(F.conv2d(value, kernel, bias, padding=1))
    value = F.max_pool2d(value, 2)
    _, channels, side, _ = value.shape
    flat = value.flatten()
    places = [(number * 7919) % flat.numel() for number in range(60)]
    blocks.append({
        "name": f"block{block}_pool", "side": side, "channels": channels,
        "mean": flat.mean().item(), "largest": flat.max().item(),
        # Places count row by row, then column, then channel.
        "samples": [
            {"y": p // side % side, "x": p % side, "channel": p // side // side, "value": flat[p].item()} for p in places
        ],
    })
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps({"torch": torch.__version__, "size": size, "blocks": blocks}, separators=(",", ":")) + "\n")

"""Golden values of the trained layers, made by PyTorch 2.9.0 and PEFT on the CPU.

    pip install torch==2.9.0 numpy peft==0.18.0
    python3 tests/golden/layers.py

LoraConv2d: the published form written out in PyTorch; PEFT's form made by PEFT itself, with and without
DoRA. Head: dense, batch norm (epsilon 1e-3, momentum 0.01), LeakyReLU 0.1, without dropout, in training
mode. Adamax: three steps of torch.optim.Adamax. Convolution: Keras' 2x2 "same", which pads at the bottom
and right.
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)


def plain(tensor):
    return {"shape": list(tensor.shape), "values": [float(f"{v:.8g}") for v in tensor.detach().flatten().tolist()]}


def lora(preset, dora, height, width, channels_in, channels_out, rank):
    base = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    x = torch.randn(2, channels_in, height, width, requires_grad=True)
    down = torch.randn(rank, channels_in, 3, 3) * 0.3
    up = torch.randn(channels_out, rank, 1, 1) * 0.3
    magnitude = None
    alpha = 3.0
    if preset == "published":
        a, b = nn.Parameter(down), nn.Parameter(up)
        y = F.conv2d(x, base.weight, base.bias, padding=1) + F.conv2d(F.conv2d(x, a, padding=1), b)
    else:
        config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=["0"], use_dora=dora, init_lora_weights=True)
        model = get_peft_model(nn.Sequential(base), config)
        layer = model.base_model.model[0]
        # The magnitude starts as the norm of the pretrained kernel, as B starts at zero.
        layer.lora_A["default"].weight.data.copy_(down)
        layer.lora_B["default"].weight.data.copy_(up)
        a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
        if dora:
            magnitude = layer.lora_magnitude_vector["default"].weight
        y = F.relu(model(x))
    towards = torch.randn(y.shape)
    (y * towards).sum().backward()
    weight = base.weight
    return {
        "preset": preset, "dora": dora, "rank": rank, "alpha": alpha,
        "kernel": plain(weight), "bias": plain(base.bias), "down": plain(down), "up": plain(up),
        "x": plain(x), "towards": plain(towards), "y": plain(y),
        "down_gradient": plain(a.grad), "up_gradient": plain(b.grad), "x_gradient": plain(x.grad),
        "magnitude_gradient": plain(magnitude.grad.flatten()) if dora else None,
    }


def head():
    norm = lambda n: nn.BatchNorm1d(n, eps=1e-3, momentum=0.01)
    layers = nn.Sequential(
        nn.Linear(12, 10), norm(10), nn.LeakyReLU(0.1), nn.Linear(10, 6), norm(6), nn.LeakyReLU(0.1), nn.Linear(6, 2)
    ).train()
    for layer in (layers[1], layers[4]):
        nn.init.uniform_(layer.weight, 0.5, 1.5)
        nn.init.normal_(layer.bias)
    before = {name: plain(p) for name, p in layers.named_parameters()}
    x, labels = torch.randn(5, 12), torch.tensor([0, 1, 1, 0, 1])
    scores = layers(x)
    loss = F.cross_entropy(scores, labels)
    loss.backward()
    return {
        "parameters": before, "x": plain(x), "labels": labels.tolist(), "scores": plain(scores), "loss": loss.item(),
        "gradients": {name: plain(p.grad) for name, p in layers.named_parameters()},
        "running_mean": plain(layers[1].running_mean), "running_variance": plain(layers[1].running_var),
    }


def adamax(weight_decay):
    p = nn.Parameter(torch.randn(6))
    start, steps = plain(p), []
    optimizer = torch.optim.Adamax([p], lr=0.005, weight_decay=weight_decay)
    for _ in range(3):
        p.grad = torch.randn(6)
        gradient = plain(p.grad)
        optimizer.step()
        steps.append({"gradient": gradient, "parameter": plain(p)})
    return {"weight_decay": weight_decay, "start": start, "steps": steps}


def convolution():
    x = torch.randn(2, 3, 4, 4, requires_grad=True)
    w, b = nn.Parameter(torch.randn(5, 3, 2, 2)), nn.Parameter(torch.randn(5))
    y = F.conv2d(F.pad(x, (0, 1, 0, 1)), w, b)
    towards = torch.randn(y.shape)
    (y * towards).sum().backward()
    return {
        "x": plain(x), "weight": plain(w), "bias": plain(b), "towards": plain(towards), "y": plain(y),
        "x_gradient": plain(x.grad), "weight_gradient": plain(w.grad), "bias_gradient": plain(b.grad),
    }


golden = {
    "torch": torch.__version__,
    "lora": [
        lora("published", False, 4, 4, 6, 7, 2),
        lora("published", False, 10, 7, 5, 6, 3),
        lora("peft", False, 4, 4, 6, 7, 2),
        lora("peft", False, 9, 6, 3, 4, 2),
        lora("peft", True, 4, 4, 6, 7, 2),
    ],
    "head": head(),
    "adamax": [adamax(0.0), adamax(0.01)],
    "convolution": convolution(),
}
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")

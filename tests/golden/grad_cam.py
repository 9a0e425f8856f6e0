"""Golden values of Grad-CAM (Selvaraju et al. 2017), made by PyTorch's autograd on the CPU in double precision.

    pip install torch==2.9.0 numpy
    python3 tests/golden/grad_cam.py

Small models of the shape of ours in evaluation mode: model_5 from the map of its last convolution, model_4
from the features at its cut. The class with the higher score is explained by the last convolution's map
before its pooling; pixels are interpolated bilinearly and divided by the highest value of the heat.
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
SIZE = 10


def plain(tensor):
    return {"shape": list(tensor.shape), "values": [float(f"{v:.8g}") for v in tensor.detach().flatten().tolist()]}


def norm(layer):
    nn.init.uniform_(layer.weight, 0.5, 1.5)
    nn.init.normal_(layer.bias)
    layer.running_mean.normal_()
    layer.running_var.uniform_(0.5, 2)
    return {
        "gamma": plain(layer.weight), "beta": plain(layer.bias),
        "mean": plain(layer.running_mean), "variance": plain(layer.running_var),
    }


def weights(layer):
    return {"weight": plain(layer.weight), "bias": plain(layer.bias)}


def head(inputs):
    layers = nn.Sequential(
        nn.Linear(inputs, 10), nn.BatchNorm1d(10, eps=1e-3), nn.LeakyReLU(0.1),
        nn.Linear(10, 6), nn.BatchNorm1d(6, eps=1e-3), nn.LeakyReLU(0.1), nn.Linear(6, 2),
    ).eval()
    for layer in (layers[0], layers[3], layers[6]):
        nn.init.normal_(layer.weight)
    described = {
        "dense_1": weights(layers[0]), "norm_1": norm(layers[1]), "dense_2": weights(layers[3]),
        "norm_2": norm(layers[4]), "output": weights(layers[6]),
    }
    return layers, described


def rows(maps):
    """Keras' order: row, column, channel."""
    return maps.permute(0, 2, 3, 1).flatten(1)


def explain(last, scores_of):
    last = last.detach().requires_grad_()
    scores = scores_of(last)
    # A tie counts as parasitized, class 1.
    classes = (scores[:, 1] >= scores[:, 0]).long()
    (gradient,) = torch.autograd.grad(scores.gather(1, classes[:, None]).sum(), last)
    heat = F.relu((gradient.mean(dim=(2, 3), keepdim=True) * last).sum(dim=1, keepdim=True))
    pixels = F.interpolate(heat, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
    highest = heat.amax(dim=(2, 3), keepdim=True)
    pixels = torch.where(highest > 0, pixels / highest.clamp_min(1e-30), torch.zeros_like(pixels))
    return {"scores": plain(scores), "heat": plain(heat), "pixels": plain(pixels)}


def model_5():
    last = torch.randn(3, 3, 4, 4)
    layers, described = head(2 * 2 * 3)
    found = explain(last, lambda maps: layers(rows(F.leaky_relu(F.max_pool2d(maps, 2), 0.1))))
    return {"head": described, "map": plain(last), **found}


def model_4():
    first, second = nn.Conv2d(3, 4, 2), nn.Conv2d(4, 5, 2)
    middle = nn.BatchNorm2d(5, eps=1e-3).eval()
    nn.init.normal_(first.weight, 0, 0.3)
    nn.init.normal_(second.weight, 0, 0.3)
    described_norm = norm(middle)
    layers, described = head(2 * 2 * 5)
    features = torch.randn(3, 3, 8, 8)
    same = lambda maps, layer: layer(F.pad(maps, (0, 1, 0, 1)))
    last = same(F.leaky_relu(F.max_pool2d(same(features, first), 2), 0.1), second)
    found = explain(last, lambda maps: layers(rows(F.leaky_relu(middle(F.max_pool2d(maps, 2)), 0.1))))
    return {
        "convolution_1": weights(first), "convolution_2": weights(second), "norm": described_norm,
        "head": described, "features": plain(features), "map": plain(last), **found,
    }


golden = {"torch": torch.__version__, "model_5": model_5(), "model_4": model_4()}
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")

"""Golden values of resizing: OpenCV's default bilinear, as the posts resize.

    pip install numpy opencv-python-headless
    python3 tests/golden/preprocessing.py
"""

import json
import pathlib

import cv2
import numpy as np


def pattern(width, height):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((x * 7 + y * 13 + c * 29 + (x * y) // 5) % 256).astype(np.uint8)


cases = []
for width, height, size in [(133, 141, 32), (50, 46, 64), (394, 300, 32), (32, 32, 32), (64, 128, 32)]:
    resized = cv2.resize(pattern(width, height), (size, size))
    cases.append({"width": width, "height": height, "size": size, "pixels": resized.flatten().tolist()})

target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps({"opencv": cv2.__version__, "cases": cases}, separators=(",", ":")) + "\n")

"""Runs the Python of an exported PEFT folder's card on the first image: python -m round_trip.card FOLDER IMAGES PREDICTIONS."""

import ast
import pathlib
import re
import subprocess
import sys

from round_trip import predictions
from round_trip.compare import ALLOWED


def main():
    folder, images, predicted = sys.argv[1:]
    image, expected = predictions.read(predicted, images)[0]
    card = pathlib.Path(folder, "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    code = code.replace("image.png", str(image.resolve()))
    said = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=folder, check=True, capture_output=True, text=True)
    probabilities = list(ast.literal_eval(said.stdout).values())
    difference = abs(probabilities[1] - expected)
    print(f"the card's {len(code.splitlines())} lines: {said.stdout.strip()}, difference {difference:.1e}")
    if difference > ALLOWED:
        sys.exit(1)


if __name__ == "__main__":
    main()

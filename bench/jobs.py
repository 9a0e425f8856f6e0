"""The jobs: what each side runs, which figure is compared and which ratio is wanted."""

import dataclasses
import shutil
import tempfile

from environment import PEERS, REPOSITORY
from process import Failed, measure

TRIALS = 3
PER_SECOND, SECONDS = "per second", "seconds"
PEAK, PEAK_ABOVE_IMPORT = "peak memory", "peak memory above import"


@dataclasses.dataclass(frozen=True)
class Job:
    """One row of the table. A ratio above 1 is in our favour, whatever the figure."""

    name: str
    # Jobs of one group are measured together, so that they can share a round's processes.
    group: str
    ours: str
    # Several ways that a peer, or several peers, could do it: the best one counts.
    theirs: tuple[str, ...]
    figure: str
    wanted: float | None


TRUNKS_F32 = ("PyTorch", "PyTorch, contiguous", "OpenVINO", "ONNX Runtime")
MODEL_5 = ("PyTorch + PEFT, model_5", "PyTorch + PEFT, model_5, contiguous")
MODEL_5_BF16 = ("PyTorch + PEFT in bf16, model_5", "PyTorch + PEFT in bf16, model_5, contiguous")
MODEL_4 = ("PyTorch, model_4", "PyTorch, model_4, contiguous")
CACHED_SWEEP, NAIVE_SWEEP = ("PyTorch + PEFT, cached sweep",), ("PyTorch + PEFT, naive sweep",)
JOINED_SWEEP = ("OpenVINO in int8 + PyTorch in bf16, cached sweep", "OpenVINO in bf16 + PyTorch in bf16, cached sweep")

JOBS = (
    Job("decode", "decode", "our decode", ("torchvision",), PER_SECOND, 3),
    Job("trunk", "trunk", "our trunk", TRUNKS_F32, PER_SECOND, 2.5),
    Job("trunk_bf16", "trunk", "our trunk in bf16", ("OpenVINO in bf16", "PyTorch in bf16"), PER_SECOND, 2),
    Job("trunk_int8", "trunk", "our trunk in int8", ("OpenVINO in int8",), PER_SECOND, 1.5),
    Job("model_5", "training", "our model_5", MODEL_5, PER_SECOND, 4),
    Job("model_5_bf16", "training", "our model_5 in bf16", MODEL_5_BF16, PER_SECOND, 2.5),
    # The peer trains one rank after the other, at the speed of model_5.
    Job("three_ranks", "training", "our three ranks", MODEL_5, PER_SECOND, 5),
    Job("three_ranks_bf16", "training", "our three ranks in bf16", MODEL_5_BF16, PER_SECOND, 3.5),
    Job("model_4", "model_4", "our model_4", MODEL_4, PER_SECOND, 2),
    Job("cold_sweep", "sweep", "our cold sweep", CACHED_SWEEP, SECONDS, 4),
    Job("cold_sweep_joined", "sweep", "our cold sweep", JOINED_SWEEP, SECONDS, 3),
    Job("cold_sweep_naive", "sweep", "our cold sweep", NAIVE_SWEEP, SECONDS, 12),
    Job("warm_repeat", "sweep", "our warm sweep", NAIVE_SWEEP, SECONDS, 20),
    Job("peak_memory", "sweep", "our cold sweep", CACHED_SWEEP, PEAK, 3),
    Job("peak_memory_above_import", "sweep", "our cold sweep", CACHED_SWEEP, PEAK_ABOVE_IMPORT, None),
    Job("metrics", "metrics", "our metrics", ("MLflow",), PER_SECOND, 100),
    Job("metrics_batch", "metrics", "our metrics", ("MLflow, in batches",), PER_SECOND, None),
)

OUR_TRUNK = "{peer_jobs} trunk --weights {weights} --images {trunk}"
OUR_TRAINING = "{peer_jobs} train --weights {weights} --images {our_training}"
OUR_SWEEP = (
    "{ranklab} sweep -q --json model=model_5 rank=1,5,16 epochs={epochs} limit={images} dataset={zip} "
    "weights={weights} --runs-folder {folder}/runs --reports-folder {folder}/reports"
)
THEIR_TRAINING = "{peft} train --weights {weights} --images {their_training} --batch 32 --mode cached"
THEIR_SWEEP = (
    "{peft} sweep --zip {zip} --weights {weights} --images {images} --ranks 1,5,16 --epochs {epochs} --batch 32"
)
THEIR_MODEL_5 = THEIR_TRAINING + " --model model_5 --rank 5"
THEIR_TRUNK = "{peft} trunk --weights {weights} --images {trunk}"
ENGINE = "{engines} --weights {weights} --images {trunk}"
COMMANDS = {
    "our decode": "{peer_jobs} decode --zip {zip} --images {images}",
    "our trunk": OUR_TRUNK,
    "our trunk in bf16": OUR_TRUNK + " --precision bf16",
    "our trunk in int8": OUR_TRUNK + " --precision int8",
    "our model_5": OUR_TRAINING + " --model model_5 --ranks 5",
    "our model_5 in bf16": OUR_TRAINING + " --model model_5 --ranks 5 --precision bf16",
    "our three ranks": OUR_TRAINING + " --model model_5 --ranks 1,5,16",
    "our three ranks in bf16": OUR_TRAINING + " --model model_5 --ranks 1,5,16 --precision bf16",
    "our model_4": OUR_TRAINING + " --model model_4",
    "our metrics": "{peer_jobs} metrics --points {our_points}",
    "our cold sweep": OUR_SWEEP,
    "our warm sweep": OUR_SWEEP + " seed=1",
    "torchvision": "{peft} decode --zip {zip} --images {images}",
    "PyTorch": THEIR_TRUNK,
    "PyTorch, contiguous": THEIR_TRUNK + " --memory contiguous",
    "PyTorch in bf16": THEIR_TRUNK + " --precision bf16",
    "OpenVINO": ENGINE + " --engine openvino",
    "OpenVINO in bf16": ENGINE + " --engine openvino --precision bf16",
    "OpenVINO in int8": ENGINE + " --engine openvino --precision int8 --zip {zip}",
    "ONNX Runtime": ENGINE + " --engine onnxruntime",
    "PyTorch + PEFT, model_5": THEIR_MODEL_5,
    "PyTorch + PEFT, model_5, contiguous": THEIR_MODEL_5 + " --memory contiguous",
    "PyTorch + PEFT in bf16, model_5": THEIR_MODEL_5 + " --precision bf16",
    "PyTorch + PEFT in bf16, model_5, contiguous": THEIR_MODEL_5 + " --precision bf16 --memory contiguous",
    "PyTorch, model_4": THEIR_TRAINING + " --model model_4",
    "PyTorch, model_4, contiguous": THEIR_TRAINING + " --model model_4 --memory contiguous",
    "PyTorch + PEFT, cached sweep": THEIR_SWEEP + " --mode cached",
    "PyTorch + PEFT, naive sweep": THEIR_SWEEP + " --mode naive",
    "OpenVINO in bf16 + PyTorch in bf16, cached sweep": THEIR_SWEEP + " --mode cached --precision bf16 --engine openvino_bf16",
    "OpenVINO in int8 + PyTorch in bf16, cached sweep": THEIR_SWEEP + " --mode cached --precision bf16 --engine openvino_int8",
    "MLflow": "{mlflow} --mode log_metric --points {their_points}",
    "MLflow, in batches": "{mlflow} --mode log_batch --points {their_batched_points}",
}
PEER_PROGRAMS = {
    "{peft}": ["{python}", str(PEERS / "pytorch_peft.py")],
    "{engines}": ["{python}", str(PEERS / "trunk_engines.py")],
    "{mlflow}": ["{python}", str(PEERS / "mlflow_points.py")],
}

SIZES = {
    "images": 3000, "epochs": 3, "trunk": 512, "our_training": 2048, "their_training": 1024,
    "our_points": 1_000_000, "their_points": 2000, "their_batched_points": 100_000,
}
# Enough to see that every program runs.
QUICK_SIZES = {
    "images": 64, "epochs": 1, "trunk": 64, "our_training": 64, "their_training": 64,
    "our_points": 1000, "their_points": 50, "their_batched_points": 2000,
}


def value(figure, measurement):
    """The compared figure of one process."""
    if figure == PEAK:
        return measurement.peak_memory_bytes
    if figure == PEAK_ABOVE_IMPORT:
        # Ours imports nothing: all of it counts.
        return measurement.peak_memory_bytes - measurement.figures.get("memory_after_import_bytes", 0)
    if figure == SECONDS:
        # The peers time themselves from after their imports; ours is timed from outside.
        return measurement.figures.get("seconds", measurement.wall_seconds)
    try:
        return float(measurement.figures["per_second"])
    except (KeyError, TypeError, ValueError):
        raise Failed("the JSON line has no number per_second") from None


def ratio(figure, ours, theirs):
    """How many times better ours is."""
    return ours / theirs if figure == PER_SECOND else theirs / ours


class Measurements:
    """Runs each program at most once per round and remembers what came of it."""

    def __init__(self, ingredients):
        """`ingredients` gives programs, files and sizes by their names in COMMANDS."""
        self.ingredients = ingredients
        self.known, self.folders = {}, {}

    def get(self, key, round_number):
        """The measurement, or its failure again."""
        place = (key, round_number)
        if place not in self.known:
            try:
                self.known[place] = self.run(key, round_number)
            except Failed as problem:
                self.known[place] = problem
        found = self.known[place]
        if isinstance(found, Failed):
            raise found
        return found

    def end_round(self):
        """Removes the runs folders, whose feature caches are large."""
        for folder in self.folders.values():
            shutil.rmtree(folder, ignore_errors=True)
        self.folders.clear()

    def run(self, key, round_number):
        if key == "our cold sweep":
            self.folders[round_number] = tempfile.mkdtemp(prefix="ranklab-bench-")
        if key == "our warm sweep":
            # What it repeats must have run just before, in the same runs folder.
            self.get("our cold sweep", round_number)
        measurement = measure(self.command(key, self.folders.get(round_number)), REPOSITORY)
        trained = measurement.figures.get("trained")
        if key in ("our cold sweep", "our warm sweep") and trained != TRIALS:
            raise Failed(f"the sweep trained {trained} of {TRIALS} trials")
        return measurement

    def command(self, key, folder):
        parts = []
        for part in COMMANDS[key].split():
            parts += PEER_PROGRAMS.get(part, [part])
        # Filled in after splitting, so that a path may hold a space.
        return [part.format_map(self.ingredients.with_folder(folder)) for part in parts]

"""Runs, their predictions and configurations, read from the runs database."""

import json
import sqlite3
from pathlib import Path

import numpy as np

from .areas import area_within
from .differences import units_of
from .measures import log_loss
from .ranges import mean, sample_sd
from .rates import clustered_wilson

SEEDS_AND_FOLD = ("seed", "split_seed", "fold")
SHORT_NAMES = {"lr": "learning_rate", "model": "architecture", "batch": "batch_size", "split": "kind"}


def opened(path):
    """The database, read-only."""
    database = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    return database


class Options:
    """How the report compares: the sweep's plan, and what the command line gave besides it."""

    def __init__(self, plan, arguments):
        plan = json.loads(plan) if plan else {}
        given = lambda name, default: getattr(arguments, name) if getattr(arguments, name) is not None else plan.get(name, default)
        self.margin = given("margin", 1.0) / 100
        self.sensitivity_margin = given("sensitivity_margin", 2.0) / 100
        self.specificity_margin = given("specificity_margin", 2.0) / 100
        self.alpha = plan.get("significance", 0.05)
        self.level = 1 - self.alpha
        self.baseline = given("baseline", "model_4")
        self.prevalence = (arguments.prevalence if arguments.prevalence is not None else 10.0) / 100
        self.tune = plan.get("tune", [])
        self.plan = plan

    def is_baseline(self, settings):
        """Whether settings are those of the baseline: a model or `key=value` words."""
        for word in self.baseline.split():
            key, _, value = word.partition("=") if "=" in word else ("architecture", "", word)
            key = SHORT_NAMES.get(key, key)
            if not any(path.split(".")[-1] == key and known == value for path, known in settings.items()):
                return False
        return True


class Predictions:
    def __init__(self, database, table, run):
        rows = database.execute(
            f"SELECT image, patient, label, probability FROM {table} WHERE run_id = ? ORDER BY image", (run,)
        ).fetchall()
        self.images = [row["image"] for row in rows]
        self.patients = np.array([row["patient"] for row in rows], dtype=object)
        self.labels = np.array([row["label"] for row in rows], dtype=int)
        self.probabilities = np.array([np.nan if row["probability"] is None else row["probability"] for row in rows], dtype=float)
        # An image without a known patient is stored as its own patient.
        self.known = np.array([row["patient"] != row["image"] for row in rows], dtype=bool)

    def __len__(self):
        return len(self.images)


class Run:
    def __init__(self, database, row):
        self.row = row
        self.test = Predictions(database, "predictions", row["id"])
        self.validation = Predictions(database, "validation_predictions", row["id"])
        self.epochs = database.execute(
            "SELECT epoch, metric, value FROM epoch_metrics WHERE run_id = ? ORDER BY epoch", (row["id"],)
        ).fetchall()
        self.settings = self.own_settings = settings(row)
        self.tuned = {}

    def __getitem__(self, name):
        return self.row[name]

    def on_validation(self):
        """Accuracy and loss on validation images, from predictions or else from the kept epoch; None without."""
        found = self.validation
        if len(found) and not np.isnan(found.probabilities).any():
            right = (found.probabilities >= 0.5) == (found.labels == 1)
            return int(right.sum()) / len(right), log_loss(found.labels, found.probabilities)
        kept = {row["metric"]: row["value"] for row in self.epochs if row["epoch"] == self["best_epoch"]}
        values = kept.get("validation_accuracy"), kept.get("validation_loss")
        return None if None in values else values


def settings(row):
    """Settings by their dotted paths, as the stored text writes them, without seeds and fold."""
    found = {}

    def flatten(value, path):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key not in SEEDS_AND_FOLD:
                    flatten(inner, f"{path}.{key}" if path else key)
        elif isinstance(value, (bool, type(None), list)):
            found[path] = json.dumps(value, separators=(",", ":"))
        else:
            found[path] = str(value)

    flatten(json.loads(row["config"], parse_float=str, parse_int=str), "")
    found["images"] = row["image_set_hash"][:12]
    return found


def runs_of_sweep(database, sweep):
    """Finished runs in the order of the trials, and trials without a result as (label, run or None)."""
    finished, without, seen = [], [], set()
    trials = database.execute(
        "SELECT position, label, config_hash FROM trials WHERE sweep_id = ? ORDER BY position", (sweep,)
    ).fetchall()
    for trial in trials:
        row = database.execute(
            "SELECT * FROM runs WHERE config_hash = ? ORDER BY status = 'finished' DESC, id DESC LIMIT 1",
            (trial["config_hash"],),
        ).fetchone()
        if row is None:
            without.append((trial["label"], None))
        elif row["id"] not in seen:
            seen.add(row["id"])
            if row["status"] == "finished":
                finished.append(Run(database, row))
            else:
                without.append((trial["label"], row))
    return finished, without


def chosen_runs(database, ids):
    finished, without = [], []
    for id_ in dict.fromkeys(ids):
        row = database.execute("SELECT * FROM runs WHERE id = ?", (id_,)).fetchone()
        if row["status"] == "finished":
            finished.append(Run(database, row))
        else:
            without.append((row["label"], row))
    return finished, without


# --- configurations ----------------------------------------------------------------------------------------------------


class Configuration:
    """The repeats of one choice of settings."""

    def __init__(self, runs):
        self.runs = runs
        self.first = runs[0]
        self.settings, self.tuned = runs[0].settings, runs[0].tuned
        found = [run.on_validation() for run in runs]
        self.validation = None if None in found else tuple(mean(one[part] for one in found) for part in (0, 1))
        self.tested = tested(runs)
        self.tested = Tested(runs, self.tested) if self.tested else None

    def measure(self, column):
        """Mean over runs of a column of `runs`."""
        values = [run[column] for run in self.runs if run[column] is not None]
        return mean(values) if values else None

    @property
    def cells(self):
        return len(self.tested.labels) if self.tested else self.first["test_images"]

    def quality(self, name):
        """Mean and standard deviation over seeds, or over runs where predictions are missing."""
        if self.tested:
            values = self.tested.qualities.get(name)
        else:
            column = "test_accuracy" if name == "accuracy" else name
            values = [run[column] for run in self.runs if run[column] is not None]
        return (mean(values), sample_sd(values), len(values)) if values else None


def tested(runs):
    """Repeats, by seed and seed of the split, as lists of (image, patient, label, probability, fold); None where the
    predictions cannot be put together."""
    repeats = {}
    for run in runs:
        if not len(run.test) or np.isnan(run.test.probabilities).any():
            return None
        rows = zip(run.test.images, run.test.patients, run.test.labels, run.test.probabilities)
        repeats.setdefault((run["seed"], run["split_seed"]), []).extend((*row, run["fold"] or 0) for row in rows)
    images = None
    for rows in repeats.values():
        rows.sort(key=lambda row: row[0])
        names = [row[0] for row in rows]
        if len(set(names)) < len(names) or images not in (None, names):
            return None
        images = names
    return dict(sorted(repeats.items()))


class Tested:
    """The test cells of a configuration with what each repeat predicts."""

    def __init__(self, runs, repeats):
        first = next(iter(repeats.values()))
        self.images = [row[0] for row in first]
        self.patients = np.array([row[1] for row in first], dtype=object)
        self.labels = np.array([row[2] for row in first], dtype=int)
        self.known = np.array([row[0] != row[1] for row in first])
        self.image_set = runs[0]["image_set_hash"]
        self.folds = len(runs) // len(repeats)
        self.splits = len({split for _, split in repeats})
        # Seeds with the very same predictions count once.
        by_seed = {seed: [key for key in repeats if key[0] == seed] for seed in dict.fromkeys(seed for seed, _ in repeats)}
        lists = {key: np.array([row[3] for row in rows]) for key, rows in repeats.items()}
        self.by_seed, kept = [], []
        for keys in by_seed.values():
            own = [lists[key] for key in keys]
            if not any(len(own) == len(other) and all(map(np.array_equal, own, other)) for other in kept):
                kept.append(own)
                self.by_seed.append(keys)
        self.identical_seeds = len(by_seed) - len(self.by_seed)
        keys = [key for own in self.by_seed for key in own]
        self.repeats = [lists[key] for key in keys]
        folds = {key: np.array([row[4] for row in repeats[key]]) for key in repeats}
        several = len(set(first_fold := folds[next(iter(repeats))])) > 1
        self.fold_of_cell = first_fold if several and all(np.array_equal(first_fold, one) for one in folds.values()) else None
        self.folds_of_repeats = [folds[key] if several else None for key in keys]
        if self.known.any():
            self.units, self.are_patients = units_of(list(self.patients))
        else:
            self.units, self.are_patients = np.arange(len(self.labels)), False
        self.right = np.array([(one >= 0.5) == (self.labels == 1) for one in self.repeats], dtype=float)
        self.correctness = self.right.mean(axis=0)
        self.scores = np.array(self.over_seeds(list(self.right)))
        self.qualities = self.measured()

    def over_seeds(self, values):
        """Values of repeats, averaged over the splits of each seed."""
        places, found = iter(values), []
        for keys in self.by_seed:
            own = [next(places) for _ in keys]
            found.append(sum(own) / len(own))
        return found

    def measured(self):
        positive = self.labels == 1
        of = {"accuracy": [], "sensitivity": [], "specificity": [], "f1": [], "auc": []}
        for probabilities, folds in zip(self.repeats, self.folds_of_repeats):
            called = probabilities >= 0.5
            hits, misses, alarms = (int(np.sum(one)) for one in (called & positive, ~called & positive, called & ~positive))
            of["accuracy"].append(float(np.mean(called == positive)))
            of["sensitivity"].append(hits / max(int(positive.sum()), 1))
            of["specificity"].append(int(np.sum(~called & ~positive)) / max(int((~positive).sum()), 1))
            of["f1"].append(2 * hits / max(2 * hits + alarms + misses, 1))
            of["auc"].append(area_within(self.labels, probabilities, folds))
        return {name: None if None in values else self.over_seeds(values) for name, values in of.items()}

    @property
    def seeds(self):
        return len(self.by_seed)

    def same_cells(self, other):
        return (self.image_set, self.images) == (other.image_set, other.images) and np.array_equal(self.labels, other.labels)


def tuned_runs(runs, paths):
    """Of runs that differ in tuned settings only, the best by validation of each seed, seed of the split and fold."""
    if not paths:
        return runs
    arms = {}
    for run in runs:
        arms.setdefault(tuple(sorted((path, value) for path, value in run.settings.items() if path not in paths)), []).append(run)
    kept = []
    for arm in arms.values():
        tried = {path: sorted({run.settings[path] for run in arm if path in run.settings}) for path in paths}
        tried = {path: values for path, values in tried.items() if len(values) > 1}
        if not tried or any(run.on_validation() is None for run in arm):
            kept += arm
            continue
        best = {}
        for run in arm:
            accuracy, loss = run.on_validation()
            place = (run["seed"], run["split_seed"], run["fold"])
            if place not in best or (-accuracy, loss) < best[place][0]:
                best[place] = ((-accuracy, loss), run)
        chosen = [run for _, run in best.values()]
        found = {path: {value: sum(run.settings[path] == value for run in chosen) for value in values} for path, values in tried.items()}
        for run in chosen:
            run.settings = {**run.settings, **dict.fromkeys(tried, "tuned")}
            run.tuned = found
        kept += chosen
    return [run for run in runs if any(run is one for one in kept)]


def configurations(runs, options):
    """Configurations with their names, in the order of the report."""
    runs = tuned_runs(runs, options.tune)
    newest = {}
    for run in runs:
        newest[run["config_hash"]] = max(newest.get(run["config_hash"], 0), run["id"])
    groups = {}
    for run in runs:
        if newest[run["config_hash"]] != run["id"]:
            continue
        key = (run["family"], run["image_set_hash"])
        if not run["family"] or run.tuned:
            key = (run["model"], run["layers"], run["ranks"], run["preset"], *sorted(run.settings.items()))
        groups.setdefault(key, []).append(run)
    found = [Configuration(runs) for runs in groups.values()]
    named(found)
    none_first = lambda value: (value is not None, value or "")
    found.sort(key=lambda one: (
        one.first["model"], none_first(one.first["layers"]), none_first(one.first["preset"]),
        [int(rank) for rank in (one.first["ranks"] or "").split("+") if rank], one.written,
    ))
    return found


def named(found):
    """Names a configuration by model, layers, rank and the settings in which it differs from others of its model and preset."""
    hidden = ("architecture", "layers", "rank", "preset")
    idle = {"random": "data.split.folds", "patient": "data.split.test_fraction"}
    others = [
        {path: value for path, value in one.settings.items()
         if path.split(".")[-1] not in hidden and path != idle.get(one.settings.get("data.split.kind"))}
        for one in found
    ]
    bases = [(one.first["model"], one.first["preset"]) for one in found]
    differing = set()
    for base in set(bases):
        of_base = [known for known, own in zip(others, bases) if own == base]
        for path in {path for known in of_base for path in known}:
            if len({known[path] for known in of_base if path in known}) > 1:
                differing.add(path)
    lasts = [path.split(".")[-1] for path in differing]

    def short(path):
        last = path.split(".")[-1]
        return "split" if path == "data.split.kind" else path if lasts.count(last) > 1 else last

    presets = {one.first["preset"] for one in found} - {None}
    for one, known in zip(found, others):
        one.differing = [(short(path), known[path]) for path in sorted(differing) if path in known]
        one.written = " ".join(f"{name}={value}" for name, value in one.differing)
        rank = f"rank {one.first['ranks']}" if one.first["ranks"] else None
        preset = one.first["preset"] if len(presets) > 1 else None
        join = lambda *parts: " · ".join(part for part in (one.first["model"], *parts, preset, one.written) if part)
        one.name = join(one.first["layers"], rank)
        one.without_rank, one.without_layers = join(one.first["layers"]), join(rank)


def best_by_validation(found):
    """The first of those with the highest accuracy and then the lowest loss on validation images; the first without any."""
    found = list(found)
    known = [one for one in found if one.validation]
    if not known:
        return found[0] if found else None
    return min(known, key=lambda one: (-one.validation[0], one.validation[1]))


def sets_of_cells(found):
    sets = []
    for one in found:
        if one.tested is None:
            continue
        for known in sets:
            if known[0].tested.same_cells(one.tested):
                known.append(one)
                break
        else:
            sets.append([one])
    return sets


class Set:
    """Configurations that were tested on the same cells, and what they are compared with."""

    def __init__(self, members, options):
        self.members = members
        baselines = [one for one in members if options.is_baseline(one.settings)]
        self.baseline = best_by_validation(baselines)
        self.best = best_by_validation(members)
        self.best_other = best_by_validation([one for one in members if not any(one is other for other in baselines)])
        self.by_validation = all(one.validation for one in members)
        self.baselines = baselines


def test_sets(found, options):
    """Sets of cells, those with the fewest cells of patients in training first; others count by their divisions."""
    sets = [list(one) for one in sets_of_cells(found)]
    divisions = lambda one: list(dict.fromkeys((run["image_set_hash"], run["split_hash"]) for run in one.runs))
    apart = {}
    for one in found:
        if one.tested is None and one.quality("accuracy"):
            for known in sets:
                if divisions(known[0]) == divisions(one):
                    known.append(one)
                    break
            else:
                apart.setdefault(tuple(divisions(one)), []).append(one)
    sets += [apart[key] for key in sorted(apart)]
    sets.sort(key=lambda one: one[0].first["shared_test_images"] / max(one[0].first["test_images"], 1))
    return [Set(one, options) for one in sets]


def operating_rates(runs, thresholds, level):
    """Sensitivity and specificity of the runs' pooled test cells, each at its run's threshold, as (rate, lower, upper)."""
    found = {}
    for label, name in ((1, "sensitivity"), (0, "specificity")):
        right, patients, images, known = [], [], [], False
        for run, threshold in zip(runs, thresholds):
            mask = run.test.labels == label
            right += list((run.test.probabilities[mask] >= threshold) == (label == 1))
            patients += list(run.test.patients[mask])
            images += [image for image, kept in zip(run.test.images, mask) if kept]
            known |= bool(run.test.known[mask].any())
        if len(right) < 2:
            return None
        units, _ = units_of(patients if known else images)
        interval = clustered_wilson(np.array(right, float), units, level)
        if interval is None:
            return None
        found[name] = (float(np.mean(right)), *interval)
    return found

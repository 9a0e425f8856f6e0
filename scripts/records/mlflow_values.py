"""Compares an MLflow server, read by MLflow's own client, with the runs database that was exported to it.

    python mlflow_values.py ADDRESS DATABASE
"""

import hashlib
import json
import math
import sqlite3
import sys
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import ViewType

ENDED = {"finished": "FINISHED", "failed": "FAILED", "diverged": "FAILED"}
FINAL = {
    "test/accuracy": "test_accuracy",
    "test/loss": "test_loss",
    "test/auc": "auc",
    "test/f1": "f1",
    "test/true_positives": "true_positives",
    "seconds/training": "train_seconds",
    "best_epoch": "best_epoch",
}


def flat(prefix, value, into):
    """Settings with dots between nested names, as text."""
    if isinstance(value, dict):
        for name, inner in value.items():
            flat(f"{prefix}.{name}" if prefix else name, inner, into)
    elif value is not None:
        into[prefix] = value if isinstance(value, str) else json.dumps(value)
    return into


def same(found, recorded):
    """The database has NULL where a value is no number."""
    return math.isnan(found) if recorded is None else found == recorded


def check_history(client, run, key, expected):
    """The values of a metric by step: each once."""
    history = client.get_metric_history(run, key)
    assert len(history) == len(expected), f"{run} {key}: {len(history)} values instead of {len(expected)}"
    for metric in history:
        assert same(metric.value, expected[metric.step]), f"{run} {key} at {metric.step}: {metric.value}"
    by_step = sorted(history, key=lambda metric: metric.step)
    times = [metric.timestamp for metric in by_step]
    assert times == sorted(times), f"{run} {key}: time goes back"


def check_run(client, database, row, run, folder):
    assert run.info.status == ENDED[row["status"]], run.info
    tags = run.data.tags
    for tag, column in (("config_hash", "config_hash"), ("image_set_hash", "image_set_hash"), ("version", "version")):
        assert tags[f"ranklab.{tag}"] == row[column], tag
    assert tags["ranklab.complete"] == "true"
    assert tags.get("mlflow.source.git.commit") == row["git_commit"]
    settings = flat("", json.loads(row["config"]), {})
    for name, value in settings.items():
        assert run.data.params[name] == value, f"{name}: {run.data.params.get(name)} instead of {value}"
    assert run.data.params["trainable_parameters"] == str(row["trainable_parameters"])
    metrics = 0
    for table, step in (("step_metrics", "step"), ("epoch_metrics", "epoch")):
        histories = {}
        for found in database.execute(f"select {step}, metric, value from {table} where run_id = ?", (row["id"],)):
            histories.setdefault(found[1], {})[found[0]] = found[2]
        for name, history in histories.items():
            check_history(client, run.info.run_id, f"{step}/{name}", history)
            metrics += len(history)
    for name, column in FINAL.items():
        if row["status"] == "finished" and row[column] is not None:
            check_history(client, run.info.run_id, name, {0: row[column]})
    files = 0
    models = database.execute("select path, sha256 from artifacts where run_id = ? and kind = 'model'", (row["id"],))
    for path, sha256 in models:
        here = client.download_artifacts(run.info.run_id, f"model/{Path(path).name}", folder)
        assert hashlib.sha256(Path(here).read_bytes()).hexdigest() == sha256, path
        files += 1
    return metrics, files


def main():
    address, path = sys.argv[1:3]
    client = MlflowClient(address)
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    experiments = client.search_experiments(filter_string="tags.`ranklab.database` != ''")
    names = {experiment.experiment_id: experiment.name for experiment in experiments}
    found = {}
    for run in client.search_runs(list(names), run_view_type=ViewType.ACTIVE_ONLY, max_results=5000):
        number = int(run.data.tags["ranklab.run"])
        assert number not in found, f"run {number} is there twice"
        found[number] = run
    rows = database.execute("select * from runs where status in ('finished', 'failed', 'diverged')").fetchall()
    assert sorted(found) == sorted(row["id"] for row in rows), (sorted(found), [row["id"] for row in rows])
    totals = [0, 0]
    folder = Path("downloads").absolute()
    folder.mkdir(exist_ok=True)
    for row in rows:
        sweep = database.execute(
            "select s.id, s.name from sweeps s join trials t on t.sweep_id = s.id where t.config_hash = ? order by s.id",
            (row["config_hash"],),
        ).fetchall()
        run = found[row["id"]]
        name = names[run.info.experiment_id]
        assert name == sweep[0]["name"] or name.startswith(f"{sweep[0]['name']} (sweep "), (name, sweep[0]["name"])
        for planned in sweep:
            assert run.data.tags[f"ranklab.sweep.{planned['id']}"] == planned["name"]
        totals = [a + b for a, b in zip(totals, check_run(client, database, row, run, str(folder)))]
    reports = sum(
        any(file.path == "report/index.html" for file in client.list_artifacts(run.info.run_id, "report"))
        for run in found.values()
    )
    experiments = len({run.info.experiment_id for run in found.values()})
    deleted = len(client.search_runs(list(names), run_view_type=ViewType.DELETED_ONLY, max_results=5000))
    print(
        f"{len(found)} runs in {experiments} experiments equal the database:"
        f" {totals[0]} metrics, {totals[1]} models, {reports} with a report, {deleted} deleted"
    )


main()

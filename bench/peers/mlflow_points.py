"""Logs metric points to MLflow over a local SQLite store, one by one or in batches."""

import argparse
import json
import os
import pathlib
import resource
import tempfile
import time

# A benchmark reports to nobody.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
from mlflow.entities import Metric

# As many as MLflow takes in one request.
BATCH = 1000


def one_by_one(points):
    for step in range(points):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)


def in_batches(points, run):
    client = mlflow.MlflowClient()
    for start in range(0, points, BATCH):
        now = int(time.time() * 1000)
        steps = range(start, min(start + BATCH, points))
        client.log_batch(run, metrics=[Metric("loss", 1.0 / (step + 1), now, step) for step in steps])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=["log_metric", "log_batch"], default="log_metric")
    parser.add_argument("--points", type=int, default=2000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{pathlib.Path(folder, 'mlflow.db')}")
        # Making the database is not counted.
        experiment = mlflow.create_experiment("points", artifact_location=pathlib.Path(folder, "artifacts").as_uri())
        with mlflow.start_run(experiment_id=experiment) as run:
            started = time.perf_counter()
            if arguments.mode == "log_metric":
                one_by_one(arguments.points)
            else:
                in_batches(arguments.points, run.info.run_id)
            seconds = time.perf_counter() - started
            stored = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
        if len(stored) != arguments.points:
            raise SystemExit(f"MLflow kept {len(stored)} of {arguments.points} points")
    print(json.dumps({
        "job": "metrics", "mode": arguments.mode, "points": arguments.points, "seconds": seconds,
        "per_second": arguments.points / seconds,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }))


if __name__ == "__main__":
    main()

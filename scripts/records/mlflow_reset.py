"""Renames and deletes all experiments of an MLflow server, so that the next export finds none.

    python mlflow_reset.py ADDRESS
"""

import sys
import uuid

from mlflow import MlflowClient

client = MlflowClient(sys.argv[1])
for experiment in client.search_experiments():
    if experiment.experiment_id != "0":
        client.rename_experiment(experiment.experiment_id, f"gone {uuid.uuid4()}")
        client.delete_experiment(experiment.experiment_id)

"""Checks that the Parquet files of a folder are of one moment: what tables and views say of each other agrees.

    python one_moment.py FOLDER
"""

import sys

import duckdb

folder = sys.argv[1]


def one(sql):
    return duckdb.sql(sql.replace("{}", folder)).fetchall()[0][0]


runs = one("select count(*) from '{}/runs.parquet'")
assert one("select count(*) from '{}/runs_summary.parquet'") == runs
orphans = "select count(*) from '{}/%s.parquet' m anti join '{}/runs.parquet' r on r.id = m.run_id"
for table in ("step_metrics", "epoch_metrics", "predictions", "validation_predictions", "artifacts"):
    assert one(orphans % table) == 0, table
finished = one("select count(*) from '{}/runs.parquet' where status = 'finished'")
assert one("select count(distinct run_id) from '{}/predictions.parquet'") == finished
assert one("select count(*) from '{}/leaderboard.parquet'") == finished
epochs = one("select count(*) from (select distinct run_id, epoch from '{}/epoch_metrics.parquet')")
assert one("select count(*) from '{}/learning_curves.parquet'") == epochs

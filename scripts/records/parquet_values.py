"""Compares each Parquet file of an export with the table or view of the database, read by pandas, polars and DuckDB.

    python parquet_values.py DATABASE FOLDER
"""

import math
import sqlite3
import sys
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow.parquet

# Columns that the database holds as 0 and 1.
FLAGS = {"synthetic", "git_dirty", "best"}


def value(column, found):
    """A value as the Parquet file should have it."""
    return bool(found) if column in FLAGS and found is not None else found


def key(row):
    """Rows of an unordered view are compared as sets."""
    return [(found is not None, f"{found:.9f}" if isinstance(found, float) else str(found)) for found in row]


def same(one, other, is_exact):
    """Means and roots may differ in the last digit between releases of SQLite."""
    if isinstance(one, float) and isinstance(other, float) and not is_exact:
        return math.isclose(one, other, rel_tol=1e-13)
    return one == other and (one is None) == (other is None)


def compare(name, program, found, expected, is_exact):
    assert len(found) == len(expected), f"{name} by {program}: {len(found)} rows instead of {len(expected)}"
    for one, other in zip(sorted(found, key=key), sorted(expected, key=key)):
        is_same = len(one) == len(other) and all(same(*pair, is_exact) for pair in zip(one, other))
        assert is_same, f"{name} by {program}: {one} is not {other}"


def main():
    database, folder = sys.argv[1], Path(sys.argv[2])
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    relations = connection.execute(
        "select name, type from sqlite_master where type in ('table', 'view') and substr(name, 1, 1) <> '_'"
        " and name <> 'sqlite_sequence' order by name"
    ).fetchall()
    assert sorted(file.stem for file in folder.glob("*.parquet")) == [name for name, _ in relations]
    rows = 0
    for name, kind in relations:
        cursor = connection.execute(f"select * from {name}")
        columns = [column[0] for column in cursor.description]
        expected = [tuple(value(*pair) for pair in zip(columns, row)) for row in cursor]
        # Whole numbers where a view computes a real one.
        schema = pyarrow.parquet.read_schema(folder / f"{name}.parquet")
        assert schema.names == columns, (name, schema.names, columns)
        reals = {field.name for field in schema if str(field.type) == "double"}
        expected = [
            tuple(float(v) if c in reals and isinstance(v, int) else v for c, v in zip(columns, row)) for row in expected
        ]
        assert not any(str(field.type) == "null" for field in schema), schema
        file = folder / f"{name}.parquet"
        compare(name, "polars", polars.read_parquet(file).rows(), expected, kind == "table")
        compare(name, "DuckDB", duckdb.sql(f"select * from '{file}'").fetchall(), expected, kind == "table")
        frame = pandas.read_parquet(file, dtype_backend="numpy_nullable")
        found = [
            # Pandas has NaN where a text is missing; the database has no NaN.
            tuple(None if pandas.isna(v) else v for v in row)
            for row in frame.astype(object).itertuples(index=False, name=None)
        ]
        compare(name, "pandas", found, expected, kind == "table")
        rows += len(expected)
    print(f"{len(relations)} Parquet files with {rows} rows equal the database")


main()

"""Checks what Datasette shows of a database: each table, view, column and query of the description in datasette.yaml.

    python datasette_pages.py DATABASE DATASETTE.YAML PORT
"""

import html
import json
import sqlite3
import sys
from urllib.parse import quote
from urllib.request import urlopen

import yaml


def main():
    database, file, port = sys.argv[1:4]
    site = f"http://localhost:{port}/ranklab"
    with open(file) as text:
        described = yaml.safe_load(text)["databases"]["ranklab"]
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    names = connection.execute(
        "select name from sqlite_master where type in ('table', 'view') and substr(name, 1, 1) <> '_'"
        " and name <> 'sqlite_sequence'"
    )
    names = sorted(name for (name,) in names)
    assert sorted(described["tables"]) == names, set(described["tables"]) ^ set(names)
    for name in names:
        columns = [column[0] for column in connection.execute(f"select * from {name} limit 0").description]
        assert list(described["tables"][name]["columns"]) == columns, name
        with urlopen(f"{site}/{name}") as answer:
            page = html.unescape(answer.read().decode())
        assert described["tables"][name]["description"] in page, name
        for column, text in described["tables"][name]["columns"].items():
            assert text in page, f"{name}.{column}"
        for facet in described["tables"][name].get("facets", []):
            assert f'id="facet-{facet}"' in page, f"{name}: facet {facet}"
    found = 0
    for name, query in described["queries"].items():
        parameters = "".join(f"&{parameter}={value}" for parameter, value in zip(query.get("params", []), (1, 2)))
        with urlopen(f"{site}/{quote(name)}.json?_shape=array{parameters}") as answer:
            found += len(json.load(answer))
        with urlopen(f"{site}/{quote(name)}?{parameters}") as answer:
            assert query["title"] in html.unescape(answer.read().decode()), name
    assert found > 0
    print(f"Datasette shows {len(names)} tables and views and {len(described['queries'])} queries")


main()

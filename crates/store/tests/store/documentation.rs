//! Every query in docs/database.md runs on a filled database, and every view is documented.

use std::path::Path;

use ranklab_store::{
    Store, Value,
    catalog::{ColumnKind, QUERIES, Relation, RelationKind, relations},
};

use crate::fixture::{filled, server};

fn document() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/database.md")).unwrap()
}

/// A query of the names of tables or views, ordered, on either database.
fn names_of(columns: &str, kinds: &[&str]) -> String {
    let relations = match server() {
        Some(_) => {
            "(SELECT table_name::text COLLATE \"C\" AS name,
                CASE table_type WHEN 'VIEW' THEN 'view' ELSE 'table' END AS type
              FROM information_schema.tables WHERE table_schema = current_schema()) AS relations"
        }
        None => "sqlite_master",
    };
    let kinds = kinds.join("', '");
    format!(
        "SELECT {columns} FROM {relations} WHERE type IN ('{kinds}') AND substr(name, 1, 1) <> '_'
            AND name <> 'sqlite_sequence' ORDER BY name"
    )
}

/// A documented query as a PostgreSQL server understands it: docs/database.md lists what differs.
fn of_database(query: &str) -> String {
    match server() {
        Some(_) => query.replace("r.config ->", "r.config::json ->"),
        None => query.to_owned(),
    }
}

#[tokio::test]
async fn the_documented_queries_run_and_find_something() {
    let (_folder, store) = filled().await;
    let store = Store::open_read_only(store.location()).await.unwrap();
    let document = document();
    let queries: Vec<&str> =
        document.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(queries.len() >= 12, "only {} queries", queries.len());
    for query in queries {
        let answer =
            store.query(&of_database(query)).await.unwrap_or_else(|error| panic!("{error}\n{query}"));
        assert!(!answer.rows.is_empty(), "nothing found by\n{query}");
        // Typed between double quotes in a shell.
        assert!(!query.contains(['"', '$', '`', '!']), "not safe between double quotes:\n{query}");
    }
}

#[tokio::test]
async fn every_table_and_view_is_documented() {
    let (_folder, store) = filled().await;
    let names = store.query(&names_of("name", &["table", "view"])).await.unwrap();
    let document = document();
    assert!(names.rows.len() >= 16, "{names:?}");
    for row in names.rows {
        let [Value::Text(name)] = row.as_slice() else { panic!("no name: {row:?}") };
        assert!(document.contains(&format!("`{name}`")), "{name} is not documented");
        // That one has the columns of the table it narrows.
        if name != "finished_runs" && document.contains(&format!("### `{name}`")) {
            let columns = store.query(&format!("SELECT * FROM {name}")).await.unwrap().columns;
            let section =
                document.split(&format!("### `{name}`")).nth(1).unwrap().split("\n#").next().unwrap();
            for column in columns {
                assert!(section.contains(&format!("`{column}`")), "{name}.{column} is not documented");
            }
        }
    }
}

#[tokio::test]
async fn every_column_of_a_table_is_documented() {
    let (_folder, store) = filled().await;
    let document = document();
    let section = document.split("\n## Tables\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let of_runs = section.split("### Columns of `runs`").nth(1).unwrap();
    for row in store.query(&names_of("name", &["table"])).await.unwrap().rows {
        let [Value::Text(table)] = row.as_slice() else { panic!("no name: {row:?}") };
        let described = match table.as_str() {
            "runs" => of_runs,
            _ => section.lines().find(|line| line.starts_with(&format!("| `{table}` |"))).unwrap(),
        };
        for column in columns(&store, table).await {
            assert!(described.contains(&format!("`{column}`")), "{table}.{column} is not documented");
        }
    }
}

/// The columns of a table or view.
async fn columns(store: &Store, name: &str) -> Vec<String> {
    store.query(&format!("SELECT * FROM {name} LIMIT 0")).await.unwrap().columns
}

/// The texts between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[tokio::test]
async fn one_thing_has_one_name_in_all_views_and_the_document_lists_the_others() {
    let (_folder, store) = filled().await;
    let document = document();
    let section = document.split("\n## Names\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split(" | ").collect())
        .collect();
    assert!(rows.len() >= 15, "{rows:?}");
    let views = store.query(&names_of("name", &["view"])).await.unwrap();
    let mut of_views = Vec::new();
    for row in views.rows {
        let [Value::Text(view)] = row.as_slice() else { panic!("no name: {row:?}") };
        of_views.push((view.clone(), columns(&store, view).await));
    }
    let mut aliases = Vec::new();
    for row in &rows {
        let name = quoted(row[0]).next().unwrap();
        assert!(of_views.iter().any(|(_, columns)| columns.iter().any(|column| column == name)), "{name}");
        aliases.extend(row[2..].iter().flat_map(|cell| quoted(cell)).filter(|alias| alias.contains('.')));
    }
    for alias in &aliases {
        let (table, column) = alias.split_once('.').unwrap();
        let columns = columns(&store, table).await;
        assert!(columns.iter().any(|known| known == column), "there is no {alias}: {columns:?}");
    }
    // A view that has an older name has the newer one as well.
    let older = [("id", "run"), ("run_id", "run"), ("sweep_id", "sweep"), ("test_accuracy", "accuracy")];
    for (view, columns) in of_views {
        let has = |name: &str| columns.iter().any(|column| column == name);
        for (old, new) in older {
            assert!(
                !has(old) || (has(new) && aliases.contains(&format!("{view}.{old}").as_str())),
                "{view}.{old}"
            );
        }
        // The name of a sweep is not that of a configuration.
        assert!(!has("name") || has("model") || has("sweep_name"), "{view}");
    }
}

#[tokio::test]
async fn the_catalog_has_the_tables_views_and_columns_of_the_database() {
    let (_folder, store) = filled().await;
    let names = store.query(&names_of("name, type", &["table", "view"])).await.unwrap().rows;
    let in_database: Vec<String> = names
        .iter()
        .map(|row| match row.as_slice() {
            [Value::Text(name), Value::Text(kind)] => format!("{kind} {name}"),
            row => panic!("no name: {row:?}"),
        })
        .collect();
    let mut in_catalog: Vec<&Relation> = relations().collect();
    in_catalog.sort_by_key(|relation| relation.name);
    let in_catalog_named: Vec<String> = in_catalog
        .iter()
        .map(|relation| match relation.kind {
            RelationKind::Table => format!("table {}", relation.name),
            RelationKind::View => format!("view {}", relation.name),
        })
        .collect();
    assert_eq!(in_catalog_named, in_database);
    for relation in in_catalog {
        let names: Vec<&str> = relation.column_names().collect();
        assert_eq!(names, columns(&store, relation.name).await, "{}", relation.name);
    }
}

#[tokio::test]
async fn values_have_the_types_of_the_catalog() {
    let (_folder, store) = filled().await;
    for relation in relations() {
        let columns: Vec<_> = relation.columns().collect();
        for row in store.query(&format!("SELECT * FROM {}", relation.name)).await.unwrap().rows {
            for (value, column) in row.iter().zip(&columns) {
                let fits = match (column.kind, value) {
                    (_, Value::Null)
                    | (ColumnKind::Integer, Value::Integer(_))
                    // SQLite computes whole numbers where a sum of them is one.
                    | (ColumnKind::Real, Value::Real(_) | Value::Integer(_))
                    | (ColumnKind::Text, Value::Text(_)) => true,
                    (ColumnKind::Boolean, Value::Integer(number)) => matches!(number, 0 | 1),
                    _ => false,
                };
                assert!(fits, "{}.{} is {value:?}", relation.name, column.name);
            }
        }
    }
}

#[test]
fn the_catalog_has_the_documented_queries() {
    let document = document();
    let documented: Vec<&str> =
        document.split("```sql\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect();
    let in_catalog: Vec<String> = QUERIES
        .iter()
        .map(|query| {
            query.parameters.iter().fold(query.sql.to_owned(), |sql, (parameter, value)| {
                sql.replace(&format!(":{parameter}"), value)
            })
        })
        .collect();
    assert_eq!(in_catalog, documented);
}

//! Every query in docs/database.md runs on a filled database, and every view is documented.

use std::path::Path;

use ranklab_store::{Store, Value};

use crate::fixture::filled;

fn document() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/database.md")).unwrap()
}

#[tokio::test]
async fn the_documented_queries_run_and_find_something() {
    let (_folder, store) = filled().await;
    let store = Store::open_read_only(store.path()).await.unwrap();
    let document = document();
    let queries: Vec<&str> =
        document.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(queries.len() >= 12, "only {} queries", queries.len());
    for query in queries {
        let answer = store.query(query).await.unwrap_or_else(|error| panic!("{error}\n{query}"));
        assert!(!answer.rows.is_empty(), "nothing found by\n{query}");
        // Typed between double quotes in a shell.
        assert!(!query.contains(['"', '$', '`', '!']), "not safe between double quotes:\n{query}");
    }
}

#[tokio::test]
async fn every_table_and_view_is_documented() {
    let (_folder, store) = filled().await;
    let names = store
        .query("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND substr(name, 1, 1) <> '_' AND name <> 'sqlite_sequence'")
        .await
        .unwrap();
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

//! What users added to a database stays through a migration, and a migration that meets an obstacle changes nothing.

use ranklab_store::{Error, Store, Value};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::upgrades::{connection, fixture, rows, schema, versions};

#[tokio::test]
async fn what_users_added_to_the_tables_stays() {
    let (_folder, path) = fixture(5);
    let mut before = connection(&path).await;
    before
        .execute(
            "CREATE INDEX label ON runs (label); CREATE INDEX patients ON predictions (patient);
             CREATE TABLE notes (run INTEGER REFERENCES runs (id) ON DELETE CASCADE, text TEXT);
             INSERT INTO notes VALUES (1, 'the first');
             CREATE TRIGGER noted AFTER DELETE ON runs BEGIN INSERT INTO notes VALUES (NULL, 'deleted'); END",
        )
        .await
        .unwrap();
    before.close().await.unwrap();
    let store = Store::open(&path).await.unwrap();
    let added = store.query(
        "SELECT COUNT(*) FROM sqlite_master WHERE type IN ('index', 'trigger') AND name IN ('label', 'patients', 'noted')",
    );
    assert_eq!(added.await.unwrap().rows, [[Value::Integer(3)]]);
    let notes = async || store.query("SELECT COUNT(*), COUNT(run) FROM notes").await.unwrap().rows;
    assert_eq!(notes().await, [[1, 1].map(Value::Integer)]);
    store.delete_run(1).await.unwrap();
    assert_eq!(notes().await, [[1, 0].map(Value::Integer)]);
}

#[tokio::test]
async fn a_view_of_a_user_keeps_its_name_and_the_schema_stays_until_it_has_another() {
    let (_folder, path) = fixture(7);
    let mut before = connection(&path).await;
    before.execute("CREATE VIEW runs_summary AS SELECT id FROM runs").await.unwrap();
    let schema_before = schema(&path).await;
    let error = Store::open(&path).await.unwrap_err().to_string();
    assert!(error.contains("runs_summary already exists"), "{error}");
    assert_eq!(schema(&path).await, schema_before);
    before.execute("CREATE VIEW mine AS SELECT id FROM runs; DROP VIEW runs_summary").await.unwrap();
    before.close().await.unwrap();
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.query("SELECT COUNT(*) FROM mine").await.unwrap().rows, [[Value::Integer(5)]]);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_the_database_as_it_was() {
    // Early and late in it: with the name taken, with a column that no version made, and without the last view.
    for obstacle in
        ["CREATE TABLE statuses (name)", "ALTER TABLE runs ADD COLUMN mine TEXT", "DROP VIEW repeats"]
    {
        let (_folder, path) = fixture(5);
        let mut before = connection(&path).await;
        before.execute(AssertSqlSafe(obstacle)).await.unwrap();
        before.close().await.unwrap();
        let schema_before = schema(&path).await;
        let rows_before = rows(&path, "predictions", 5).await;
        let error = Store::open(&path).await.unwrap_err();
        assert!(matches!(error, Error::Database { .. }), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
        assert_eq!(versions(&path).await, [1, 2, 3, 4, 5], "{obstacle}");
        assert_eq!(schema(&path).await, schema_before, "{obstacle}");
        assert_eq!(rows(&path, "predictions", 5).await, rows_before, "{obstacle}");
        assert_eq!(rows(&path, "runs", 5).await.len(), 5);
    }
}

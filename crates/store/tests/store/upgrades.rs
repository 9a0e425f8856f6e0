//! Databases of earlier schemas open with all they hold; one of a later schema is refused and left alone.

use std::fs;
use std::path::{Path, PathBuf};

use ranklab_store::{Error, RunStatus, Store, Value};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};
use tempfile::TempDir;

use crate::fixture::{filled, place};

/// The tables that every schema has.
const TABLES: [&str; 7] =
    ["sweeps", "trials", "runs", "step_metrics", "epoch_metrics", "predictions", "artifacts"];

/// Each schema that databases in use may have, and whether it knows runs that diverged. Made by
/// scripts/schema-fixture.sh with the binaries of the commits d387ee4, 87e684e, 40e7a49 and the one that brought
/// schema 5. Schema 1 was never without 2.
const SCHEMAS: [(i64, bool); 4] = [(2, false), (3, false), (4, true), (5, true)];

/// A copy of a fixture.
fn fixture(schema: i64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ranklab.db");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::copy(fixtures.join(format!("schema_{schema}.db")), &path).unwrap();
    (folder, path)
}

/// The migrations that a database has seen.
async fn versions(path: &Path) -> Vec<i64> {
    let mut connection = connection(path).await;
    let versions = sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    versions
}

async fn connection(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(path.to_str().unwrap()).await.unwrap()
}

/// All rows of a table as text, by the columns that it had in a schema.
async fn rows(path: &Path, table: &str, schema: i64) -> Vec<String> {
    let (_folder, old) = fixture(schema);
    let mut before = connection(&old).await;
    let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT name FROM pragma_table_info('{table}') ORDER BY cid"
    )))
    .fetch_all(&mut before)
    .await
    .unwrap();
    before.close().await.unwrap();
    let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
    let sql = format!("SELECT {} FROM {table} ORDER BY 1", quoted.join(" || ',' || "));
    let mut connection = connection(path).await;
    let rows = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows
}

#[tokio::test]
async fn every_schema_but_the_first_has_a_fixture_of_itself() {
    let (_folder, new) = place();
    Store::open(&new).await.unwrap().close().await;
    let known = versions(&new).await;
    assert_eq!(SCHEMAS.map(|(schema, _)| schema)[..], known[1..], "make one with scripts/schema-fixture.sh");
    for (schema, _) in SCHEMAS {
        let (_folder, old) = fixture(schema);
        assert_eq!(versions(&old).await, (1..=schema).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_database_of_any_earlier_schema_is_brought_up_to_date_and_keeps_every_row() {
    for (schema, knows_diverged) in SCHEMAS {
        let (_untouched, old) = fixture(schema);
        let (_folder, path) = fixture(schema);
        let store = Store::open(&path).await.unwrap();
        let states: Vec<RunStatus> = store.all_runs().await.unwrap().iter().map(|run| run.status).collect();
        use RunStatus::{Diverged, Failed, Finished, Running};
        let fourth = if knows_diverged { Diverged } else { Failed };
        assert_eq!(states, [Finished, Finished, Finished, fourth, Running], "schema {schema}");
        for view in ["leaderboard", "finished_runs", "repeats", "rank_comparison", "layer_comparison"] {
            assert_eq!(
                store.query(&format!("SELECT COUNT(*) > 0 FROM {view}")).await.unwrap().rows,
                [[Value::Integer(1)]],
                "schema {schema}: {view}"
            );
        }
        let progress = store.query("SELECT SUM(finished), SUM(diverged), SUM(failed) FROM sweep_progress");
        let diverged = i64::from(knows_diverged);
        assert_eq!(progress.await.unwrap().rows, [[3, diverged, 1 - diverged].map(Value::Integer)]);
        let validated = store.validation_predictions(1).await.unwrap();
        assert_eq!(validated.is_empty(), schema < 3, "schema {schema}");
        store.close().await;
        let since_3 = (schema >= 3).then_some("validation_predictions");
        for table in TABLES.into_iter().chain(since_3) {
            let kept = rows(&path, table, schema).await;
            assert_eq!(kept, rows(&old, table, schema).await, "schema {schema}: {table}");
            assert!(!kept.is_empty(), "{table} of the fixture of schema {schema} is empty");
        }
        let mut connection = connection(&path).await;
        let sound: String =
            sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
        assert_eq!(sound, "ok", "schema {schema}");
        let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap();
        assert!(dangling.is_empty(), "schema {schema}");
    }
}

#[tokio::test]
async fn reading_alone_migrates_nothing() {
    let newest = SCHEMAS[SCHEMAS.len() - 1].0;
    for (schema, _) in SCHEMAS.into_iter().filter(|(schema, _)| *schema < newest) {
        let (_folder, path) = fixture(schema);
        let before = fs::read(&path).unwrap();
        let error = Store::open_read_only(&path).await.unwrap_err();
        assert!(matches!(error, Error::OlderSchema { found, .. } if found == schema), "{error}");
        assert!(fs::read(&path).unwrap() == before);
        Store::open(&path).await.unwrap().close().await;
        assert_eq!(Store::open_read_only(&path).await.unwrap().all_runs().await.unwrap().len(), 5);
    }
}

#[tokio::test]
async fn a_database_that_lacks_a_schema_in_between_is_an_older_one() {
    let (_folder, path) = fixture(4);
    let mut without = connection(&path).await;
    without
        .execute("DELETE FROM _sqlx_migrations WHERE version = 3; DROP TABLE validation_predictions")
        .await
        .unwrap();
    without.close().await.unwrap();
    let error = Store::open_read_only(&path).await.unwrap_err();
    assert!(matches!(error, Error::OlderSchema { found: 2, .. }), "{error}");
    Store::open(&path).await.unwrap().close().await;
    let store = Store::open_read_only(&path).await.unwrap();
    assert_eq!(store.validation_predictions(1).await.unwrap(), []);
}

#[tokio::test]
async fn the_rules_of_a_migrated_table_are_those_of_a_new_one() {
    let (_new_folder, new) = place();
    Store::open(&new).await.unwrap().close().await;
    let expected = schema(&new).await;
    for (number, _) in SCHEMAS {
        let (_folder, old) = fixture(number);
        Store::open(&old).await.unwrap().close().await;
        assert_eq!(schema(&old).await, expected, "schema {number}");
        // Known now, and others still refused.
        let mut connection = connection(&old).await;
        let diverged =
            "UPDATE runs SET status = 'diverged', failure = 'x', ended_at = 'now' WHERE status = 'running'";
        connection.execute(diverged).await.unwrap();
        assert!(connection.execute("UPDATE runs SET status = 'lost' WHERE id = 1").await.is_err());
        connection.close().await.unwrap();
    }
}

/// What makes the database.
async fn schema(path: &Path) -> Vec<String> {
    let mut connection = connection(path).await;
    let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name";
    let schema = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    schema
}

#[tokio::test]
async fn a_database_of_a_later_schema_is_refused_by_every_way_of_opening_and_not_a_byte_changes() {
    let (_folder, store) = filled().await;
    let path = store.path().to_owned();
    store.close().await;
    let mut later = connection(&path).await;
    later
        .execute("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (4000, 'later', 1, x'00', 0)")
        .await
        .unwrap();
    later.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    later.close().await.unwrap();
    let before = fs::read(&path).unwrap();
    for error in [Store::open(&path).await.unwrap_err(), Store::open_read_only(&path).await.unwrap_err()] {
        assert!(matches!(error, Error::NewerSchema { found: 4000, .. }), "{error}");
        assert!(error.to_string().contains("update ranklab"), "{error}");
    }
    assert!(fs::read(&path).unwrap() == before, "the refused database was changed");
}

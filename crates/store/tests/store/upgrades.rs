//! Databases of earlier schemas open with all they hold; one of a later schema is refused and left alone.

use std::fs;
use std::path::{Path, PathBuf};

use ranklab_store::{Error, RunStatus, Store, Value};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};
use tempfile::TempDir;

use crate::fixture::{filled, place};

/// Runs that the fixture of schema 2 holds, by status, and the tables that every schema has.
const TABLES: [&str; 7] =
    ["sweeps", "trials", "runs", "step_metrics", "epoch_metrics", "predictions", "artifacts"];

/// A copy of `schema_2.db`, made by scripts/schema-fixture.sh with the binary of commit d387ee4.
fn schema_2() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ranklab.db");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema_2.db");
    fs::copy(fixture, &path).unwrap();
    (folder, path)
}

async fn connection(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(path.to_str().unwrap()).await.unwrap()
}

/// All rows of a table as text, by the columns that it had in schema 2.
async fn rows(path: &Path, table: &str) -> Vec<String> {
    let (_folder, old) = schema_2();
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
async fn a_database_of_schema_2_is_brought_up_to_date_and_keeps_every_row() {
    let (_untouched, old) = schema_2();
    let (_folder, path) = schema_2();
    let store = Store::open(&path).await.unwrap();
    let states: Vec<RunStatus> = store.all_runs().await.unwrap().iter().map(|run| run.status).collect();
    use RunStatus::{Failed, Finished, Running};
    assert_eq!(states, [Finished, Finished, Finished, Failed, Running]);
    for view in ["leaderboard", "finished_runs", "repeats", "rank_comparison", "layer_comparison"] {
        assert_eq!(
            store.query(&format!("SELECT COUNT(*) > 0 FROM {view}")).await.unwrap().rows,
            [[Value::Integer(1)]],
            "{view}"
        );
    }
    let progress = store.query("SELECT SUM(finished), SUM(diverged), SUM(failed) FROM sweep_progress");
    assert_eq!(progress.await.unwrap().rows, [[3, 0, 1].map(Value::Integer)]);
    assert_eq!(store.validation_predictions(1).await.unwrap(), []);
    store.close().await;
    for table in TABLES {
        let kept = rows(&path, table).await;
        assert_eq!(kept, rows(&old, table).await, "{table}");
        assert!(!kept.is_empty(), "{table} of the fixture is empty");
    }
    let mut connection = connection(&path).await;
    let sound: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(sound, "ok");
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap();
    assert!(dangling.is_empty());
}

#[tokio::test]
async fn reading_alone_migrates_nothing() {
    let (_folder, path) = schema_2();
    let before = fs::read(&path).unwrap();
    let error = Store::open_read_only(&path).await.unwrap_err();
    assert!(matches!(error, Error::OlderSchema { found: 2, .. }), "{error}");
    assert!(fs::read(&path).unwrap() == before);
    Store::open(&path).await.unwrap().close().await;
    assert_eq!(Store::open_read_only(&path).await.unwrap().all_runs().await.unwrap().len(), 5);
}

#[tokio::test]
async fn the_rules_of_a_migrated_table_are_those_of_a_new_one() {
    let (_folder, old) = schema_2();
    Store::open(&old).await.unwrap().close().await;
    let (_new_folder, new) = place();
    Store::open(&new).await.unwrap().close().await;
    let mut schemas = Vec::new();
    for path in [&old, &new] {
        let mut connection = connection(path).await;
        let schema: Vec<String> =
            sqlx::query_scalar("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
                .fetch_all(&mut connection)
                .await
                .unwrap();
        schemas.push(schema);
        // Known now, and others still refused.
        let diverged =
            "UPDATE runs SET status = 'diverged', failure = 'x', ended_at = 'now' WHERE status = 'running'";
        connection.execute(diverged).await.unwrap();
        assert!(
            connection.execute("UPDATE runs SET status = 'lost' WHERE id = 1").await.is_err() || path == &new
        );
        connection.close().await.unwrap();
    }
    assert_eq!(schemas[0], schemas[1]);
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

//! Databases of earlier schemas open with all they hold; one of a later schema is refused and left alone.

use std::fs;
use std::path::{Path, PathBuf};

use ranklab_store::{Error, RunStatus, Store, Value};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};
use tempfile::TempDir;

use crate::fixture::{file, file_place as place, filled_file as filled, new_run};

/// The tables that every schema has.
const TABLES: [&str; 7] =
    ["sweeps", "trials", "runs", "step_metrics", "epoch_metrics", "predictions", "artifacts"];

/// Each schema that databases in use may have, and whether it knows runs that diverged. Made by
/// scripts/schema-fixture.sh with the binaries of the commits d387ee4, 87e684e, 40e7a49 and of those that brought
/// schemas 5 to 9. Schema 1 was never without 2.
const SCHEMAS: [(i64, bool); 8] =
    [(2, false), (3, false), (4, true), (5, true), (6, true), (7, true), (8, true), (9, true)];

/// A copy of a fixture.
pub(crate) fn fixture(schema: i64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ranklab.db");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::copy(fixtures.join(format!("schema_{schema}.db")), &path).unwrap();
    (folder, path)
}

/// The migrations that a database has seen.
pub(crate) async fn versions(path: &Path) -> Vec<i64> {
    let mut connection = connection(path).await;
    let versions = sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    versions
}

pub(crate) async fn connection(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(path.to_str().unwrap()).await.unwrap()
}

/// All rows of a table as text, by the columns that it had in a schema.
pub(crate) async fn rows(path: &Path, table: &str, schema: i64) -> Vec<String> {
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
        for view in [
            "leaderboard",
            "finished_runs",
            "repeats",
            "rank_comparison",
            "layer_comparison",
            "test_sets",
            "runs_summary",
            "trials_with_runs",
        ] {
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
pub(crate) async fn schema(path: &Path) -> Vec<String> {
    let mut connection = connection(path).await;
    let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name";
    let schema = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    schema
}

#[tokio::test]
async fn a_database_of_a_later_schema_is_refused_by_every_way_of_opening_and_not_a_byte_changes() {
    let (_folder, store) = filled().await;
    let path = file(&store);
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

#[tokio::test]
async fn a_later_schema_keeps_the_columns_of_every_view_and_their_values_but_the_names_of_classes() {
    // Since schema 6 three views use sqrt().
    for (schema, readable) in [(5, 10), (6, 7), (7, 7)] {
        let (_folder, path) = fixture(schema);
        let views = views(&path).await;
        assert_eq!(views.len(), readable);
        Store::open(&path).await.unwrap().close().await;
        let store = Store::open_read_only(&path).await.unwrap();
        for View { name, columns, sql, rows } in views {
            // What is added comes last, so that columns keep their positions.
            let found = store.query(&format!("SELECT * FROM {name}")).await.unwrap().columns;
            assert_eq!(found[..columns.len()], columns, "schema {schema}: {name}");
            // Until schema 6 the malaria cells' classes were named, in the view of errors alone.
            let names = |row: String| {
                row.replace("'parasitized'", "'positive'").replace("'uninfected'", "'negative'")
            };
            let rows: Vec<Vec<Value>> = rows.into_iter().map(|row| vec![Value::Text(names(row))]).collect();
            assert_eq!(store.query(&sql).await.unwrap().rows, rows, "schema {schema}: {name}");
        }
    }
}

/// A view as it was: its columns, and a query of them with its answer.
struct View {
    name: String,
    columns: Vec<String>,
    sql: String,
    rows: Vec<String>,
}

/// The views of a database that a connection without sqrt() reads.
async fn views(path: &Path) -> Vec<View> {
    let mut connection = connection(path).await;
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let mut views = Vec::new();
    for name in names {
        let columns = format!("SELECT name FROM pragma_table_info('{name}') ORDER BY cid");
        let columns: sqlx::Result<Vec<String>> =
            sqlx::query_scalar(AssertSqlSafe(columns)).fetch_all(&mut connection).await;
        let Ok(columns) = columns else { continue };
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
        let sql = format!("SELECT {} FROM {name}", quoted.join(" || ',' || "));
        let rows = sqlx::query_scalar(AssertSqlSafe(sql.clone())).fetch_all(&mut connection).await.unwrap();
        views.push(View { name, columns, sql, rows });
    }
    connection.close().await.unwrap();
    views
}

#[tokio::test]
async fn schema_7_adds_no_plan_to_a_sweep_of_an_earlier_version() {
    let (_folder, path) = fixture(6);
    let store = Store::open(&path).await.unwrap();
    for sweep in store.sweeps().await.unwrap() {
        assert_eq!((sweep.analysis_plan, sweep.analysis_plan_hash), (None, None));
        assert_eq!(store.plan_changes(sweep.id).await.unwrap(), []);
        assert_eq!(store.looks(sweep.id).await.unwrap(), []);
    }
    // The newest schema's own fixture has one.
    let (_folder, path) = fixture(7);
    let sweeps = Store::open(&path).await.unwrap().sweeps().await.unwrap();
    assert!(sweeps.iter().all(|sweep| sweep.analysis_plan.is_some() && sweep.analysis_plan_hash.is_some()));
}

#[tokio::test]
async fn no_table_and_no_view_names_a_class() {
    let (_folder, path) = place();
    Store::open(&path).await.unwrap().close().await;
    let mut connection = connection(&path).await;
    let definitions: Vec<String> = sqlx::query_scalar("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(definitions.len() > 20, "{definitions:?}");
    for definition in definitions {
        let definition = definition.to_lowercase();
        assert!(
            !["malaria", "parasit", "infect"].iter().any(|word| definition.contains(word)),
            "{definition}"
        );
    }
}

#[tokio::test]
async fn a_status_is_added_by_an_insert() {
    let (_folder, store) = filled().await;
    let known = store.query("SELECT status FROM statuses ORDER BY status").await.unwrap();
    let expected = ["diverged", "failed", "finished", "imported", "interrupted", "running"];
    assert_eq!(known.rows, expected.map(|status| [Value::Text(status.into())]));
    let stop = "UPDATE runs SET status = 'stopped', ended_at = 'now' WHERE status = 'running'";
    assert!(store.query(stop).await.is_err());
    store.query("INSERT INTO statuses VALUES ('stopped', 'ended early: it fell behind')").await.unwrap();
    store.query(stop).await.unwrap();
    let stopped = store.query("SELECT COUNT(*) FROM trial_states WHERE status = 'stopped'").await.unwrap();
    assert_eq!(stopped.rows, [[Value::Integer(1)]]);
    // A status in use stays, and the rules of the others hold.
    for refused in [
        "DELETE FROM statuses WHERE status = 'finished'",
        "UPDATE runs SET failure = 'none' WHERE status = 'finished'",
        "UPDATE runs SET failure = NULL WHERE status = 'failed'",
        "UPDATE runs SET ended_at = NULL WHERE status = 'finished'",
        "UPDATE runs SET model_hash = NULL WHERE status = 'finished'",
        "UPDATE runs SET status = 'interrupted' WHERE status = 'finished'",
        "UPDATE runs SET status = 'running' WHERE status = 'failed'",
    ] {
        assert!(store.query(refused).await.is_err(), "{refused}");
    }
}

#[tokio::test]
async fn no_id_of_a_deleted_run_comes_back_by_a_migration() {
    // Also where no run is left.
    for sql in ["DELETE FROM runs WHERE id = 5", "DELETE FROM runs"] {
        let (_folder, path) = fixture(5);
        let mut before = connection(&path).await;
        before.execute("UPDATE sqlite_sequence SET seq = 41 WHERE name = 'runs'").await.unwrap();
        before.execute(AssertSqlSafe(sql)).await.unwrap();
        before.close().await.unwrap();
        let store = Store::open(&path).await.unwrap();
        assert_eq!(store.start_run(&new_run(None, None, 0)).await.unwrap(), 42, "{sql}");
    }
}

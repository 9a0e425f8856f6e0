//! Opening what is missing, read-only, foreign, newer or no database at all: one clear line each.

use std::path::Path;

use ranklab_store::{Error, QueryResult, Store, Value};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};

use crate::fixture::{file, file_place as place, filled_file as filled, new_run};

/// Runs statements on the file as any SQLite program would.
async fn tamper(path: &Path, sql: &str) {
    let mut connection = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn opening_twice_changes_nothing() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let run = store.start_run(&new_run(None, None, 0)).await.unwrap();
    let schema = store.query("SELECT name, sql FROM sqlite_master ORDER BY name").await.unwrap();
    store.close().await;
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.query("SELECT name, sql FROM sqlite_master ORDER BY name").await.unwrap(), schema);
    assert_eq!(store.all_runs().await.unwrap()[0].id, run);
}

#[tokio::test]
async fn a_missing_database_is_not_made_by_reading_it() {
    let (folder, path) = place();
    let error = Store::open_read_only(&path).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("no runs database at {}; run `ranklab sweep` first", path.display())
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_read_only_database_answers_and_refuses_to_be_changed() {
    let (_folder, store) = filled().await;
    let path = file(&store);
    store.close().await;
    let before = std::fs::read(&path).unwrap();
    let store = Store::open_read_only(&path).await.unwrap();
    for sql in [
        "DELETE FROM runs",
        "UPDATE runs SET seed = 1",
        "DROP TABLE runs",
        "DROP VIEW leaderboard",
        "CREATE TABLE more (id INTEGER)",
        "INSERT INTO sweeps (name, command, plan_hash, created_at, requested_at) VALUES ('a', 'b', 'c', 'd', 'e')",
        "SELECT 1; DELETE FROM runs",
        "PRAGMA user_version = 7",
    ] {
        let error = store.query(sql).await.unwrap_err();
        assert!(matches!(error, Error::ReadOnly { .. }), "{sql}: {error}");
        assert!(error.to_string().contains("open for reading only: only queries that read are allowed"));
    }
    // Not into another file either: reading.rs.
    assert!(matches!(store.heartbeat(1).await, Err(Error::ReadOnly { .. })));
    assert!(matches!(store.delete_run(1).await, Err(Error::ReadOnly { .. })));
    assert!(matches!(store.record_epoch(1, &crate::fixture::epochs()).await, Err(Error::ReadOnly { .. })));
    store.close().await;
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn any_reading_statement_is_answered_with_its_columns_and_kinds() {
    let (_folder, store) = filled().await;
    let store = Store::open_read_only(store.location()).await.unwrap();
    let answer = store
        .query("SELECT 1 AS one, 1.5, 'text', NULL, x'00ff', 2 > 1, 'a' || 'b' AS joined;")
        .await
        .unwrap();
    assert_eq!((answer.columns[0].as_str(), answer.columns[6].as_str()), ("one", "joined"));
    let expected = [
        Value::Integer(1),
        Value::Real(1.5),
        Value::Text("text".into()),
        Value::Null,
        Value::Blob(vec![0, 255]),
        Value::Integer(1),
        Value::Text("ab".into()),
    ];
    assert_eq!(answer.rows, [expected]);

    let none = store.query("SELECT id, status FROM runs WHERE id < 0").await.unwrap();
    assert_eq!(none, QueryResult { columns: vec!["id".into(), "status".into()], rows: vec![] });
    assert!(!store.query("PRAGMA table_info(runs)").await.unwrap().rows.is_empty());
    assert!(!store.query("EXPLAIN QUERY PLAN SELECT * FROM leaderboard").await.unwrap().rows.is_empty());
    assert_eq!(
        store.query("WITH n(x) AS (VALUES (1), (2)) SELECT SUM(x) FROM n").await.unwrap().rows,
        [[Value::Integer(3)]]
    );
    assert_eq!(store.query("-- nothing").await.unwrap(), QueryResult::default());
}

#[tokio::test]
async fn a_faulty_query_says_what_is_wrong() {
    let (_folder, store) = filled().await;
    for (sql, reason) in [
        ("SELECT * FROM runz", "no such table: runz"),
        ("SELEC 1", "near \"SELEC\": syntax error"),
        ("SELECT 1 AS a; SELECT 2 AS b", "only one statement at a time can be answered"),
    ] {
        assert_eq!(
            store.query(sql).await.unwrap_err().to_string(),
            format!("cannot run the query: {reason}")
        );
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let (folder, _) = place();
    let path = folder.path().join("notes.db");
    let text = "these are notes, no database at all, and they are longer than a header\n".repeat(20);
    std::fs::write(&path, &text).unwrap();
    for error in [Store::open(&path).await.unwrap_err(), Store::open_read_only(&path).await.unwrap_err()] {
        assert!(matches!(error, Error::NotADatabase { .. }), "{error}");
        assert!(error.to_string().starts_with(&format!("{} is not a SQLite database", path.display())));
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_something_else_is_refused_and_not_a_byte_changes() {
    let (folder, _) = place();
    for mode in ["DELETE", "WAL"] {
        let path = folder.path().join(format!("{mode}.db"));
        std::fs::write(&path, "").unwrap();
        let table = format!("PRAGMA journal_mode = {mode}; CREATE TABLE recipes (name TEXT)");
        tamper(&path, &table).await;
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(Store::open_read_only(&path).await, Err(Error::NotRanklab { .. })));
        assert!(matches!(Store::open(&path).await, Err(Error::NotRanklab { .. })));
        assert!(std::fs::read(&path).unwrap() == before, "{mode}: the refused database was changed");
        tamper(&path, "INSERT INTO recipes VALUES ('bread')").await;
    }
}

/// As a process leaves it that was killed, or had no room, when it had just made the file.
#[tokio::test]
async fn an_empty_database_has_no_runs_yet_and_is_taken_for_a_new_one() {
    let (folder, _) = place();
    for (name, sql) in [("nothing.db", ""), ("tables.db", "CREATE TABLE t (x); DROP TABLE t")] {
        let path = folder.path().join(name);
        std::fs::write(&path, "").unwrap();
        tamper(&path, sql).await;
        let error = Store::open_read_only(&path).await.unwrap_err();
        let line = format!("the runs database {} is empty; run `ranklab sweep` first", path.display());
        assert_eq!(error.to_string(), line);
        Store::open(&path).await.unwrap().close().await;
        assert_eq!(Store::open_read_only(&path).await.unwrap().all_runs().await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_newer_or_altered_schema_is_refused() {
    let (_folder, path) = place();
    Store::open(&path).await.unwrap().close().await;
    tamper(
        &path,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (900, 'later', true, x'00', 0)",
    )
    .await;
    for error in [Store::open(&path).await.unwrap_err(), Store::open_read_only(&path).await.unwrap_err()] {
        assert!(matches!(error, Error::NewerSchema { found: 900, .. }), "{error}");
        assert!(error.to_string().ends_with("update ranklab"));
    }
    tamper(
        &path,
        "DELETE FROM _sqlx_migrations WHERE version = 900; UPDATE _sqlx_migrations SET checksum = x'00'",
    )
    .await;
    assert!(matches!(Store::open(&path).await, Err(Error::AlteredSchema { version: 1, .. })));
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let (folder, _) = place();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Store::open(&file.join("runs").join("ranklab.db")).await.unwrap_err();
    assert!(matches!(error, Error::Folder { .. }), "{error}");
    assert!(!error.to_string().contains('\n'));
    // A folder where the file should be.
    let error = Store::open(folder.path()).await.unwrap_err();
    assert!(matches!(error, Error::NoFile { .. }), "{error}");
}

/// The administrator may write anywhere, so that this one shows something to everybody else only.
#[cfg(unix)]
#[tokio::test]
async fn a_read_only_folder_can_be_read_and_is_named_when_written() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_folder, store) = filled().await;
    let path = file(&store);
    store.close().await;
    let runs = path.parent().unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    std::fs::set_permissions(runs, std::fs::Permissions::from_mode(0o555)).unwrap();
    let privileged = std::fs::write(runs.join("probe"), "").is_ok();
    let written = Store::open(&path).await.map(|_| ());
    let elsewhere = Store::open(&runs.join("more").join("ranklab.db")).await.map(|_| ());
    let read = Store::open_read_only(&path).await.unwrap().all_runs().await;
    std::fs::set_permissions(runs, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(read.unwrap().len(), 10);
    if !privileged {
        assert!(matches!(written, Err(Error::NotWritable { .. })), "{written:?}");
        assert!(matches!(elsewhere, Err(Error::Folder { .. })), "{elsewhere:?}");
    }
}

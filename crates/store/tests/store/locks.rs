//! A database that another process keeps locked.

use std::time::{Duration, Instant};

use ranklab_store::{Error, Liveness, Store};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::fixture::{file_place as place, new_run};

#[tokio::test]
async fn readers_never_wait_for_a_writer_and_who_does_not_want_to_wait_does_not() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    store.start_run(&new_run(None, None, 0)).await.unwrap();
    let mut other = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let started = Instant::now();
    let reader = Store::open_read_only(&path).await.unwrap();
    assert_eq!(reader.all_runs().await.unwrap().len(), 1);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let error = Store::open_if_free(&path).await.unwrap_err();
    let Error::Locked { waited: Some(waited), .. } = error else { panic!("{error}") };
    assert!(waited < Duration::from_secs(2) && started.elapsed() < Duration::from_secs(3), "{waited:?}");
    // What cannot be marked can still be shown.
    let gone = reader.abandoned(&|_| Liveness::Gone).await.unwrap();
    let runs: Vec<i64> = gone.iter().map(|process| process.run).collect();
    let shown = reader.presuming_interrupted(&runs).runs(&[1]).await.unwrap();
    assert_eq!(shown[0].status, ranklab_store::RunStatus::Interrupted);
}

#[tokio::test]
async fn a_database_that_cannot_be_read_meanwhile_is_an_error_with_the_time_that_was_waited() {
    let (_folder, path) = place();
    Store::open(&path).await.unwrap().close().await;
    let mut other = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    // In this mode readers are kept out as well.
    other.execute("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE").await.unwrap();
    let started = Instant::now();
    let error = Store::open_read_only(&path).await.unwrap_err();
    let Error::Locked { waited: Some(waited), .. } = error else { panic!("{error}") };
    assert!(waited <= started.elapsed() && started.elapsed() < Duration::from_secs(6), "{waited:?}");
    other.execute("ROLLBACK").await.unwrap();
    Store::open_read_only(&path).await.unwrap();
}

#[tokio::test]
async fn a_writer_waits_reports_that_and_writes_when_the_lock_is_free() {
    static REPORTS: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
    ranklab_store::on_waiting(|waiting| REPORTS.lock().unwrap().push(waiting.to_string()));
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let mut other = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let writing = tokio::spawn(async move { store.start_run(&new_run(None, None, 0)).await.unwrap() });
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!writing.is_finished());
    let of_this = || -> Vec<String> {
        let name = path.display().to_string();
        REPORTS.lock().unwrap().iter().filter(|report| report.contains(&name)).cloned().collect()
    };
    assert_eq!(of_this().len(), 1, "{:?}", of_this());
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(writing.await.unwrap(), 1);
}

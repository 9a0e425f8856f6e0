//! Commands while another process keeps the database locked.

use std::{
    fs::{self, File},
    process::Command,
    time::{Duration, Instant},
};

use ranklab_store::Store;

use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::{await_that, errors},
    terminal::{terminal_command, without_escapes},
};

/// Does something while this process has the database locked.
fn while_locked<T>(ranklab: &Ranklab, act: impl FnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&ranklab.path("runs/ranklab.db")).await.unwrap();
        let held = store.hold(1).await.unwrap();
        let done = act();
        held.release().await.unwrap();
        store.close().await;
        done
    })
}

#[test]
fn commands_that_read_do_not_wait_for_who_writes_and_show_what_cannot_be_recorded_yet() {
    let ranklab = Ranklab::killed_after_its_checkpoint(&["rank=1", "epochs=60"]);
    // As it was before anybody looked.
    while_marked_running(&ranklab);
    while_locked(&ranklab, || {
        for look in [
            &["runs"][..],
            &["runs", "--json"],
            &["runs", "show", "1"],
            &["query", "select 1"],
            &["runs", "rm", "1"],
            &["runs", "gc"],
            &["runs", "backup", "copy.db"],
        ] {
            let started = Instant::now();
            let output = ranklab.run(look);
            let answer = succeeded(&output);
            assert!(started.elapsed() < Duration::from_secs(3), "{look:?}: {:?}", started.elapsed());
            let note = errors(&output);
            assert!(note.contains("note: run 1 was interrupted: its process is gone"), "{look:?}: {note}");
            assert!(note.contains("is locked by process"), "{look:?}: {note}");
            if look == ["runs"] || look == ["runs", "--json"] {
                assert!(answer.contains("interrupted") && !answer.contains("running"), "{answer}");
            }
        }
    });
    assert_eq!(ranklab.value("select status from runs"), "interrupted");
}

/// Sets the run back to what its killed process left.
fn while_marked_running(ranklab: &Ranklab) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&ranklab.path("runs/ranklab.db")).await.unwrap();
        store.query("UPDATE runs SET status = 'running', ended_at = NULL").await.unwrap();
        store.close().await;
    });
}

#[test]
fn a_command_that_writes_says_after_three_seconds_what_it_waits_for_and_goes_on() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let said = said_while_locked(&ranklab, ranklab.command(&Ranklab::sweep_arguments(&["rank=2"])));
    assert!(said.contains("run 2, accuracy "), "{said}");
    let expected = format!(
        "note: waiting for the runs database runs/ranklab.db, which is locked by process {} (",
        std::process::id()
    );
    assert_eq!(said.lines().filter(|line| line.starts_with(&expected)).count(), 1, "{said}");
    // On a terminal the line has a row of its own above the live lines.
    let sweep = Ranklab::sweep_arguments(&["rank=3"]);
    let command = terminal_command(&ranklab, (200, 24, Some("xterm")), "-", &sweep);
    let raw = said_while_locked(&ranklab, command);
    assert!(raw.contains(" elapsed"), "no live lines were drawn: {raw}");
    let rows = without_escapes(&raw);
    assert_eq!(rows.lines().filter(|row| row.starts_with(&expected)).count(), 1, "{rows}");
    assert_eq!(rows.matches("waiting for the runs database").count(), 1, "{rows}");
}

/// All that a command prints that meets a lock and goes on once it has said that it waits.
fn said_while_locked(ranklab: &Ranklab, mut command: Command) -> String {
    let log = ranklab.path("log");
    let file = File::create(&log).unwrap();
    command.stdout(file.try_clone().unwrap()).stderr(file);
    let mut child = while_locked(ranklab, || {
        let mut child = command.spawn().unwrap();
        await_that("the line about the wait", || {
            assert_eq!(child.try_wait().unwrap(), None, "it did not wait");
            fs::read_to_string(&log).unwrap().contains("waiting for the runs database")
        });
        child
    });
    assert!(child.wait().unwrap().success());
    fs::read_to_string(log).unwrap()
}

#[test]
fn an_error_about_a_lock_claims_no_wait_that_was_none() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    for sql in ["pragma journal_mode=delete", "pragma journal_mode = off", "begin exclusive"] {
        let started = Instant::now();
        let output = while_locked(&ranklab, || ranklab.run(&["query", sql]));
        if !output.status.success() {
            let error = failed(&output);
            assert!(!error.contains(" s,") && !error.contains("300"), "{error}");
        }
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(ranklab.value("select count(*) from runs"), "1");
}

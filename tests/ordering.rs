//! Which sweep is the latest one, and what it is called.

use std::fs;

use ranklab_store::Store;

use crate::command::{Ranklab, SMALL, failed, succeeded};

/// Lets the clock have shown another time at the request of a sweep.
fn request_at(ranklab: &Ranklab, sweep: &str, time: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&ranklab.path("runs/ranklab.db")).await.unwrap();
        let sql =
            format!("UPDATE sweeps SET requested_at = '{time}', created_at = '{time}' WHERE id = {sweep}");
        store.query(&sql).await.unwrap();
        store.close().await;
    });
}

#[test]
fn report_and_resume_take_the_sweep_that_was_requested_last_whatever_the_clock_said() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    // A year ahead, and then back.
    request_at(&ranklab, "1", "2031-01-01T00:00:00.000000Z");
    succeeded(&ranklab.sweep(&["rank=2", "seed=5"]));
    request_at(&ranklab, "2", "1999-12-31T23:59:59.999999Z");
    assert!(ranklab.stdout(&["sweep", "--resume"]).starts_with("sweep 2:"));
    assert_eq!(ranklab.value("select sweep from sweep_progress"), "2");
    ranklab.stdout(&["report", "--no-pictures"]);
    let page = fs::read_to_string(ranklab.path("reports/latest/index.html")).unwrap();
    assert!(page.contains("seed=5"), "the report is of another sweep");
    // Requested again, the first is the latest.
    succeeded(&ranklab.sweep(&["rank=1"]));
    assert!(ranklab.stdout(&["sweep", "--resume"]).starts_with("sweep 1:"));
}

#[test]
fn an_experiment_takes_its_new_name_and_command_and_a_resumed_one_keeps_its_command() {
    let ranklab = Ranklab::new();
    let write = |name: &str| {
        fs::write(ranklab.path("experiment.toml"), format!("name = \"{name}\"\n")).unwrap();
    };
    let sweep = [&["sweep", "-e", "experiment.toml", "rank=1"], SMALL].concat();
    write("first try");
    succeeded(&ranklab.run(&sweep));
    write("thesis, chapter 3");
    for _ in 0..3 {
        succeeded(&ranklab.run(&sweep));
    }
    succeeded(&ranklab.run(&["sweep", "--resume"]));
    assert_eq!(ranklab.value("select name from sweep_progress"), "\"thesis, chapter 3\"");
    let command = ranklab.value("select command from sweep_progress");
    assert!(command.contains("-e experiment.toml") && !command.contains("--resume"), "{command}");
    ranklab.stdout(&["report", "--no-pictures"]);
    let page = fs::read_to_string(ranklab.path("reports/latest/index.html")).unwrap();
    assert!(page.contains("thesis, chapter 3") && !page.contains("first try"));
    // No number was used up.
    succeeded(&ranklab.sweep(&["rank=2"]));
    assert_eq!(ranklab.value("select count(*), max(id) from sweeps"), "2,2");
    assert!(failed(&ranklab.run(&["report", "--sweep", "3"])).contains("no sweep 3"));
}

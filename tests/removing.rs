//! Removing runs that are being trained, and other trouble of one row that is no other row's.

use std::fs;

use crate::{
    command::{Ranklab, failed, first_line, succeeded},
    disturbance::{await_of, await_that},
};

#[test]
fn a_run_in_training_is_removed_only_by_force_and_the_others_of_its_group_go_on() {
    let ranklab = Ranklab::new();
    let sweep = ["rank=1,2,3", "jobs=3", "epochs=40"];
    let mut child = ranklab.start(&Ranklab::sweep_arguments(&sweep));
    let folder = |run: i64| ranklab.path(&format!("runs/{run:06}"));
    await_of(&mut child, "checkpoints", |_| (1..=3).all(|run| folder(run).join("checkpoint").exists()));
    for refused in
        [&["runs", "rm", "2"][..], &["runs", "rm", "2", "--yes"], &["runs", "rm", "2", "1", "--yes"]]
    {
        let error = failed(&ranklab.run(refused));
        let process = format!("is being trained by process {}", child.id());
        assert!(error.contains(&process) && error.contains("--force"), "{error}");
    }
    assert_eq!(ranklab.value("select count(*) from runs"), "3");
    let shown = ranklab.stdout(&["runs", "rm", "2", "--force"]);
    assert!(
        shown.contains("Nothing was removed") && ranklab.value("select count(*) from runs") == "3",
        "{shown}"
    );
    succeeded(&ranklab.run(&["runs", "rm", "2", "--yes", "--force"]));
    assert_eq!(child.try_wait().unwrap(), None, "the sweep ended with the removed run");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(first_line(&said).ends_with("2 trained, 0 finished before, 1 failed\n"), "{said}");
    assert!(failed(&output).contains("run 2 was removed while it was trained"));
    assert_eq!(ranklab.value("select group_concat(id || status) from runs"), "\"1finished,3finished\"");
    assert!(!folder(2).exists(), "files of the removed run are left");
    // The others are what they are alone.
    assert!(ranklab.stdout(&["verify", "3", "-q"]).contains("is reproduced bit for bit"));
}

#[test]
fn a_run_that_is_alone_is_removed_by_force_and_its_sweep_goes_on_with_the_next() {
    let ranklab = Ranklab::new();
    let mut child = ranklab.start(&Ranklab::sweep_arguments(&["rank=1,2", "jobs=1", "epochs=40"]));
    await_of(&mut child, "a checkpoint", |_| ranklab.checkpoint().exists());
    succeeded(&ranklab.run(&["runs", "rm", "1", "--yes", "--force"]));
    await_that("the second run", || ranklab.value("select count(*) from runs where id = 2") == "1");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(first_line(&said).ends_with("1 trained, 0 finished before, 1 failed\n"), "{said}");
    assert!(fs::metadata(ranklab.path("runs/000001")).is_err());
}

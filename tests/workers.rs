//! Workers of a registered sweep: their limits, their end, their logs, and the job script of Slurm.

use std::{
    fs,
    process::{Child, Output},
};

use serde_json::Value;

use crate::{
    command::{Ranklab, failed, first_line, succeeded},
    disturbance::{await_of, await_that, errors, send},
};

/// Trials that a worker cannot finish while a test lasts.
const LONG: &[&str] = &["epochs=90000"];
/// A whole sweep that takes seconds.
const WHOLE: &[&str] = &["rank=1,2,4", "seed=0..1", "epochs=2"];

/// The arguments that register a small sweep with more settings.
fn registering<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [Ranklab::sweep_arguments(more), vec!["--register"]].concat()
}

/// A small sweep with more settings, registered.
fn registered(more: &[&str]) -> Ranklab {
    let ranklab = Ranklab::new();
    ranklab.stdout(&registering(more));
    ranklab
}

/// Starts a worker and waits for its first checkpoint.
fn working(ranklab: &Ranklab, run: i64) -> Child {
    let mut worker = ranklab.start(&["work", "1", "jobs=1"]);
    let checkpoint = ranklab.path(&format!("runs/{run:06}/checkpoint"));
    await_of(&mut worker, "a checkpoint", |worker| {
        assert_eq!(worker.try_wait().unwrap(), None, "the worker ended before it was disturbed");
        checkpoint.exists()
    });
    worker
}

/// Exit code of a worker and what it logged.
fn end(worker: Child) -> (Option<i32>, String) {
    let output = worker.wait_with_output().unwrap();
    (output.status.code(), errors(&output))
}

#[test]
fn three_workers_end_with_the_figures_of_one_sweep() {
    let alone = Ranklab::new();
    succeeded(&alone.sweep(WHOLE));
    let ranklab = Ranklab::new();
    let printed = ranklab.stdout(&registering(WHOLE));
    assert_eq!(printed, "sweep 1: 6 trials registered, 0 already finished\nnext: ranklab work 1\n");
    assert_eq!(ranklab.value("select count(*) from runs"), "0");
    let workers: Vec<Child> =
        (0..3).map(|_| ranklab.start(&["work", "latest", "--wait", "jobs=1"])).collect();
    let outputs: Vec<Output> = workers.into_iter().map(|worker| worker.wait_with_output().unwrap()).collect();
    let lines: Vec<String> = outputs.iter().map(|output| first_line(&succeeded(output))).collect();
    let trained = |line: &String| line.split(' ').nth(2).unwrap().parse::<usize>().unwrap();
    assert_eq!(lines.iter().map(trained).sum::<usize>(), 6, "{lines:?}");
    assert_eq!(ranklab.value("select count(*) from runs"), "6");
    assert!(ranklab.figures() == alone.figures(), "workers give other figures than one process");
    // Nothing is left for another worker.
    let again = ranklab.stdout(&["work", "1"]);
    assert_eq!(again, "sweep 1: 0 trained, 6 finished before, 0 failed\n");
}

#[test]
fn a_worker_ends_after_as_many_trials_as_it_is_asked_for_and_keeps_a_log() {
    let ranklab = registered(&["rank=1,2,4"]);
    let printed = ranklab.stdout(&["work", "1", "--trials", "1"]);
    assert_eq!(printed, "sweep 1: 1 trained, 0 finished before, 0 failed, 2 left\n");
    let printed = ranklab.stdout(&["work", "1", "--trials", "5"]);
    assert_eq!(printed, "sweep 1: 2 trained, 1 finished before, 0 failed\n");
    let log = ranklab.stdout(&["logs", "2"]);
    assert!(log.starts_with("run 2: process "), "{log}");
    assert!(log.contains("epoch 1: loss"), "{log}");
    assert!(!log.contains("run 1: process"), "{log}");
    let all = ranklab.stdout(&["logs", "1", "--all"]);
    assert!(all.contains("run 1") && !all.contains("run 2"), "{all}");
    let listed: Value = serde_json::from_str(&ranklab.stdout(&["sweeps", "--json"])).unwrap();
    assert_eq!(
        listed,
        serde_json::json!([{
            "sweep": 1, "name": "rank", "trials": 3, "finished": 3, "running": 0, "failed": 0, "left": 0
        }])
    );
}

#[test]
fn runs_of_other_commands_have_no_log() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&[]));
    let error = failed(&ranklab.run(&["logs", "1"]));
    assert!(error.contains("run 1 has no log: process ") && error.contains("only workers"), "{error}");
    assert!(failed(&ranklab.run(&["logs", "9"])).contains("run 9"), "{error}");
}

#[test]
fn a_worker_with_too_little_time_starts_no_trial_and_saves_what_it_trains() {
    let ranklab = registered(&["rank=1,2", LONG[0]]);
    let output = ranklab.run(&["work", "1", "--time", "0s"]);
    assert_eq!(output.status.code(), Some(75), "{}", errors(&output));
    assert!(errors(&output).contains("the time is nearly over with 2 trials left"), "{}", errors(&output));
    assert_eq!(ranklab.value("select count(*) from runs"), "0");
    let output = ranklab.run(&["work", "1", "--time", "4s", "jobs=1"]);
    assert_eq!(output.status.code(), Some(75), "{}", errors(&output));
    let states = "select group_concat(status) from (select distinct status from runs)";
    assert_eq!(ranklab.value(states), "interrupted");
    let epochs = ranklab.value("select count(distinct epoch) from epoch_metrics");
    // What it measured ends it, not the clock: the checkpoint holds every epoch.
    let (code, said) = end(ranklab.start(&["work", "1", "--time", "3s", "jobs=1"]));
    assert_eq!(code, Some(75), "{said}");
    let resumed = said.lines().find(|line| line.contains("resumes after epoch")).unwrap_or_default();
    assert!(resumed.contains(&format!("after epoch {epochs} of")), "{epochs} epochs: {said}");
}

#[test]
fn a_worker_that_a_signal_ends_saves_and_another_one_resumes() {
    let settings = ["rank=1,2", "epochs=20", "images=200"];
    let alone = Ranklab::new();
    succeeded(&alone.sweep(&settings));
    let ranklab = registered(&settings);
    let worker = working(&ranklab, 1);
    send("-TERM", &worker);
    let (code, said) = end(worker);
    assert_eq!(code, Some(143), "{said}");
    assert!(said.contains("interrupted by SIGTERM with "), "{said}");
    let output = ranklab.run(&["work", "1"]);
    assert!(errors(&output).contains("resumes after epoch"), "{}", errors(&output));
    succeeded(&output);
    assert!(ranklab.figures() == alone.figures(), "a resumed worker gives other figures");
}

#[test]
fn a_worker_ends_when_others_train_the_rest_unless_it_waits() {
    let ranklab = registered(LONG);
    let mut first = working(&ranklab, 1);
    let second = ranklab.run(&["work", "1"]);
    assert!(errors(&second).contains("other workers train the trials that are left"), "{}", errors(&second));
    assert_eq!(succeeded(&second), "sweep 1: 0 trained, 0 finished before, 0 failed, 1 left\n");
    // One that waits takes over when the first is killed.
    let mut waiting = ranklab.start(&["work", "1", "--wait"]);
    first.kill().unwrap();
    first.wait().unwrap();
    let taken_over = "select count(*) from runs where status = 'running' and interruptions = 1";
    await_of(&mut waiting, "the takeover", |_| ranklab.value(taken_over) == "1");
    send("-INT", &waiting);
    assert_eq!(end(waiting).0, Some(130));
}

#[test]
fn a_cancelled_sweep_stops_in_all_workers_until_a_user_starts_it_again() {
    let ranklab = registered(&["rank=1,2,4", LONG[0]]);
    let workers: Vec<Child> = (0..2).map(|_| ranklab.start(&["work", "1", "jobs=1"])).collect();
    await_that("two trials in training", || {
        ranklab.value("select count(*) from runs where status = 'running'") == "2"
    });
    let printed = ranklab.stdout(&["cancel", "latest"]);
    assert_eq!(printed, "sweep 1 cancelled: 2 interrupted, 1 not started\nnext: ranklab work 1\n");
    for worker in workers {
        let (code, said) = end(worker);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("sweep 1 was cancelled with 3 trials left"), "{said}");
    }
    // A job that waited in a queue ends at once; a user's worker works.
    let queued = ["work", "1", "--unless-cancelled", "--time", "0s"];
    assert!(failed(&ranklab.run(&queued)).contains("sweep 1 was cancelled"));
    assert_eq!(ranklab.run(&["work", "1", "--time", "0s"]).status.code(), Some(75));
    // Registering the sweep withdraws the request.
    ranklab.stdout(&registering(&["rank=1,2,4", LONG[0]]));
    assert_eq!(ranklab.run(&queued).status.code(), Some(75));
    assert_eq!(ranklab.value("select count(*) from runs"), "2");
}

#[test]
fn a_process_of_a_sweep_that_is_cancelled_stops_as_well() {
    let ranklab = Ranklab::new();
    let sweep = ranklab.start_and_await_checkpoint(LONG);
    ranklab.stdout(&["cancel", "1"]);
    let (code, said) = end(sweep);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("sweep 1 was cancelled with 1 trials left"), "{said}");
}

#[test]
fn workers_and_jobs_refuse_what_they_cannot_use() {
    let ranklab = registered(&["rank=1"]);
    let error = failed(&ranklab.run(&["work", "1", "rank=2"]));
    assert!(error.contains("`rank=2` is no setting of a worker"), "{error}");
    assert!(failed(&ranklab.run(&["work", "7"])).contains("sweep 7"), "{error}");
    let error = failed(&ranklab.sweep(&["rank=1", "workers=8"]));
    assert!(error.contains("`workers` is a setting of a Slurm job: add --on slurm"), "{error}");
    assert_eq!(ranklab.run(&["work", "1", "--trials", "0"]).status.code(), Some(2));
    assert_eq!(ranklab.run(&["work", "first"]).status.code(), Some(2));
}

#[test]
fn a_worker_refuses_images_that_changed_since_the_sweep_was_registered() {
    let ranklab = Ranklab::new();
    let generate = |seed: &str| {
        let printed =
            ranklab.stdout(&["data", "synthetic", "--images", "60", "--patients", "6", "--seed", seed]);
        let made = ranklab.path(printed.strip_suffix(" (SYNTHETIC)\n").unwrap());
        fs::copy(made, ranklab.path("cells.zip")).unwrap();
    };
    generate("0");
    let settings = ["image_size=32", "weights=random", "epochs=1", "batch=8"];
    ranklab.stdout(&[&["sweep", "dataset=cells.zip", "--register"], settings.as_slice()].concat());
    generate("1");
    let error = failed(&ranklab.run(&["work", "1"]));
    assert!(error.contains("changed"), "{error}");
    assert_eq!(ranklab.value("select count(*) from runs"), "0");
}

#[test]
fn without_slurm_a_sweep_stays_registered_and_its_script_is_kept() {
    let ranklab = Ranklab::new();
    let on_slurm =
        [Ranklab::sweep_arguments(&["rank=1,2"]), vec!["--on", "slurm", "workers=2", "time=1h"]].concat();
    let script = ranklab.stdout(&[on_slurm.as_slice(), &["--dry-run"]].concat());
    assert!(
        script.starts_with("#!/usr/bin/env bash\n") && script.contains("#SBATCH --array=1-2\n"),
        "{script}"
    );
    assert!(!ranklab.path("runs").exists());
    let empty = ranklab.path("no programs");
    fs::create_dir(&empty).unwrap();
    let error = failed(&ranklab.command(&on_slurm).env("PATH", &empty).output().unwrap());
    assert!(error.contains("sbatch is not on this machine; sweep 1 is registered"), "{error}");
    let written = fs::read_to_string(ranklab.path("runs/sweeps/1/slurm.sh")).unwrap();
    assert_eq!(written, script.replace("SWEEP", "1"));
    // The script is that of a worker: without Slurm a shell runs it as it stands.
    let mut shell = std::process::Command::new("bash");
    shell.arg(ranklab.path("runs/sweeps/1/slurm.sh")).current_dir("/");
    let output = shell.env("SLURM_ARRAY_JOB_ID", "12").env("SLURM_ARRAY_TASK_ID", "1").output().unwrap();
    assert!(succeeded(&output).contains("sweep 1: 2 trained"), "{}", errors(&output));
}

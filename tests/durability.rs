//! Sweeps that are stopped, damaged or shared, or that diverge, lose nothing and record nothing twice.

use std::{fs, path::Path, process::Child, thread::sleep, time::Duration};

use ranklab_store::Store;

use crate::{
    command::{Ranklab, failed, first_line, succeeded},
    disturbance::{await_of, await_that, errors, is_zombie, send},
};

/// Something that happens to a file's bytes.
type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);

#[test]
fn a_signal_saves_says_how_to_go_on_and_resume_does() {
    let sweep: &[&str] = &["rank=1,2", "epochs=12"];
    let unbroken = Ranklab::new();
    succeeded(&unbroken.sweep(sweep));
    for (signal, code, name) in [("-INT", 130, "SIGINT"), ("-TERM", 143, "SIGTERM")] {
        let (ranklab, output) = Ranklab::stopped_after_its_checkpoint(sweep, |mut child| {
            if child.try_wait().unwrap().is_none() {
                send(signal, &child);
            }
            child.wait_with_output().unwrap()
        });
        assert_eq!(output.status.code(), Some(code), "{}", errors(&output));
        let last = errors(&output).lines().last().unwrap().to_owned();
        assert!(last.contains(&format!("interrupted by {name} with 2 trials left")), "{last}");
        assert!(last.contains("`ranklab sweep --resume`"), "{last}");
        assert_eq!(ranklab.value("select group_concat(status) from runs"), "\"interrupted,interrupted\"");
        let output = ranklab.run(&["sweep", "--resume"]);
        assert!(first_line(&succeeded(&output)).ends_with("2 trained, 0 finished before, 0 failed\n"));
        assert!(errors(&output).contains("resumes after epoch"), "{}", errors(&output));
        assert!(ranklab.figures() == unbroken.figures(), "{name} changed the figures");
    }
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let ranklab = Ranklab::new();
    let mut child = ranklab.start(&Ranklab::sweep_arguments(&["images=20000", "patients=20"]));
    await_of(&mut child, "the images' folder", |_| ranklab.path("data").exists());
    // It finds two before it can look whether it was asked to stop. Two threads may take them at the same moment, and
    // neither sees the other's: then the third is the second one.
    for signal in ["-STOP", "-INT", "-TERM", "-CONT", "-TERM"] {
        send(signal, &child);
    }
    let output = child.wait_with_output().unwrap();
    // Either may be the second one.
    assert!([Some(130), Some(143)].contains(&output.status.code()), "{:?}", output.status);
    // What it says after one signal.
    assert!(!errors(&output).contains("interrupted by"), "{}", errors(&output));
}

#[test]
fn the_next_command_that_looks_finds_a_killed_run_interrupted() {
    for look in [&["runs"][..], &["runs", "show", "1"], &["report", "--runs", "1"], &["query", "select 1"]] {
        let ranklab = Ranklab::new();
        let mut child = ranklab.start_and_await_checkpoint(&["rank=1", "epochs=5000"]);
        assert_eq!(ranklab.value("select status from runs"), "running");
        child.kill().unwrap();
        // Not waited for: a zombie is no process that trains.
        await_that("the process to be a zombie", || is_zombie(&child));
        let output = ranklab.run(look);
        assert!(errors(&output).contains("note: run 1 was interrupted: its process is gone"), "{look:?}");
        assert_eq!(ranklab.value("select status from runs"), "interrupted");
        child.wait().unwrap();
        // It takes its checkpoint along.
        succeeded(&ranklab.run(&["runs", "rm", "1", "--yes"]));
        assert!(!ranklab.checkpoint().exists());
    }
}

#[test]
fn a_sweep_whose_log_is_full_or_read_by_nobody_ends_and_records_its_runs() {
    let sweep: &[&str] = &["rank=1,2", "epochs=3"];
    let ended = |ranklab: &Ranklab| {
        assert_eq!(ranklab.value("select count(*), min(status) from runs"), "2,finished");
    };
    // As `ranklab sweep … 2>&1 | head -0`.
    let ranklab = Ranklab::new();
    let mut child = ranklab.start(&Ranklab::sweep_arguments(sweep));
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    ended(&ranklab);
    let full = || fs::File::options().write(true).open("/dev/full").ok();
    let Some(log) = full() else { return };
    let ranklab = Ranklab::new();
    let output = ranklab.command(&Ranklab::sweep_arguments(sweep)).stderr(log).output().unwrap();
    assert!(first_line(&succeeded(&output)).ends_with("2 trained, 0 finished before, 0 failed\n"));
    ended(&ranklab);
    // An answer that does not arrive is told, in one line.
    let output = ranklab.command(&["runs"]).stdout(full().unwrap()).output().unwrap();
    let line = failed(&output);
    assert!(line.contains("cannot write to standard output: No space left"), "{line}");
    // And where that cannot be told either, the exit code tells it.
    let status = ranklab.command(&["runs"]).stdout(full().unwrap()).stderr(full().unwrap()).status().unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn a_verification_that_is_stopped_says_so_and_not_that_the_run_is_not_repeated() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1", "epochs=40"]));
    for attempt in 1..=20 {
        let child = ranklab.start(&["verify", "1"]);
        // It may not have begun to listen by then, or have ended.
        sleep(Duration::from_millis(200 * attempt));
        send("-TERM", &child);
        let output = child.wait_with_output().unwrap();
        if !matches!(output.status.code(), None | Some(0)) {
            assert_eq!(output.status.code(), Some(143), "{}", errors(&output));
            let said =
                "interrupted by SIGTERM before run 1 was trained again; repeat the command to verify it";
            assert!(errors(&output).ends_with(&format!("{said}\n")), "{}", errors(&output));
            return;
        }
    }
    panic!("no signal met the verification");
}

#[test]
fn a_damaged_checkpoint_is_told_in_a_line_and_the_trial_starts_over() {
    let sweep: &[&str] = &["rank=1", "epochs=10"];
    let unbroken = Ranklab::new();
    succeeded(&unbroken.sweep(sweep));
    let damages: [(&str, Damage<'_>); 4] = [
        ("damaged", &|bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
        ("cut short", &|bytes| bytes.truncate(bytes.len() - 7)),
        ("cut short", &|bytes| bytes.clear()),
        ("no checkpoint of this version", &|bytes| bytes[..8].copy_from_slice(b"no magic")),
    ];
    for (said, damage) in damages {
        let ranklab = Ranklab::killed_after_its_checkpoint(sweep);
        let mut bytes = fs::read(ranklab.checkpoint()).unwrap();
        damage(&mut bytes);
        fs::write(ranklab.checkpoint(), bytes).unwrap();
        let output = ranklab.sweep(sweep);
        succeeded(&output);
        let notes = errors(&output);
        let line = notes
            .lines()
            .find(|line| line.contains("run 1 starts over"))
            .unwrap_or_else(|| panic!("{notes}"));
        assert!(line.contains(said) && line.contains("runs/000001/checkpoint"), "{line}");
        assert!(ranklab.figures() == unbroken.figures(), "{said}");
    }
}

#[test]
fn a_database_without_the_metrics_of_a_checkpoint_makes_the_trial_start_over() {
    let sweep: &[&str] = &["rank=1", "epochs=10"];
    let unbroken = Ranklab::new();
    succeeded(&unbroken.sweep(sweep));
    let ranklab = Ranklab::killed_after_its_checkpoint(sweep);
    // As an older copy of the database would have it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&ranklab.path("runs/ranklab.db")).await.unwrap();
        store.query("DELETE FROM epoch_metrics WHERE epoch = 1").await.unwrap();
        store.close().await;
    });
    let output = ranklab.sweep(sweep);
    succeeded(&output);
    let said = "run 1 starts over: the database lacks metrics of epochs before its checkpoint";
    assert!(errors(&output).contains(said), "{}", errors(&output));
    assert!(ranklab.figures() == unbroken.figures());
}

#[test]
fn a_diverged_trial_is_not_trained_again_and_the_sweep_goes_on() {
    let ranklab = Ranklab::new();
    let sweep: &[&str] = &["lr=1e38,0.005", "rank=1"];
    let error = failed(&ranklab.sweep(sweep));
    assert!(error.contains("training diverged: the loss is") && error.contains("at step"), "{error}");
    assert_eq!(ranklab.value("select finished, diverged, failed from sweep_progress"), "1,1,0");
    assert_eq!(ranklab.value("select diverged_epoch from runs where status = 'diverged'"), "1");
    let again = ranklab.sweep(sweep);
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(first_line(&said).ends_with("0 trained, 1 finished before, 0 failed, 1 diverged\n"), "{said}");
    assert!(failed(&again).contains("training diverged"));
    assert_eq!(ranklab.value("select count(*) from runs"), "2");
}

#[test]
fn the_last_good_checkpoint_of_a_diverged_run_is_kept_as_one_of_its_files() {
    let ranklab = Ranklab::new();
    // Its weights grow by about that much with every step, and two steps are an epoch.
    let error = failed(&ranklab.sweep(&["lr=3000", "rank=1", "batch=24", "epochs=6"]));
    assert!(error.contains("the checkpoint of epoch 1 is kept in 000001/checkpoint"), "{error}");
    let bytes = fs::read(ranklab.checkpoint()).unwrap().len();
    assert_eq!(ranklab.value("select kind, bytes from artifacts"), format!("checkpoint,{bytes}"));
    assert_eq!(ranklab.value("select diverged_epoch, max(epoch) from runs, epoch_metrics"), "2,1");
    succeeded(&ranklab.run(&["runs", "rm", "1", "--yes"]));
    assert!(!ranklab.checkpoint().exists());
}

#[test]
fn processes_that_run_one_sweep_train_each_trial_once_and_a_killed_ones_trials_as_well() {
    let sweep: &[&str] = &["rank=1,2,3", "seed=0,1", "epochs=6", "jobs=1"];
    let alone = Ranklab::new();
    succeeded(&alone.sweep(sweep));
    let ranklab = Ranklab::new();
    let mut first = ranklab.start(&Ranklab::sweep_arguments(sweep));
    let trained = ranklab.path("runs/000001/model.safetensors");
    await_of(&mut first, "an epoch of the first", |_| ranklab.checkpoint().exists() || trained.exists());
    let others: Vec<Child> = (0..3).map(|_| ranklab.start(&Ranklab::sweep_arguments(sweep))).collect();
    first.kill().unwrap();
    let said = errors(&first.wait_with_output().unwrap());
    let finished = said.lines().filter(|line| line.starts_with('[') && line.contains(": run ")).count();
    let mut trained = 0;
    for other in others {
        let said = succeeded(&other.wait_with_output().unwrap());
        let count = said.split(": ").nth(1).unwrap().split(' ').next().unwrap();
        trained += count.parse::<usize>().unwrap();
        assert!(first_line(&said).ends_with(" 0 failed\n"), "{said}");
    }
    // What the killed one had finished is not trained again; one it may not have come to tell.
    assert!((5..=6).contains(&(trained + finished)), "{trained} and {finished}");
    assert_eq!(ranklab.value("select count(*), count(distinct config_hash) from runs"), "6,6");
    assert!(ranklab.figures() == alone.figures());
}

#[test]
fn a_database_of_an_earlier_version_is_brought_up_to_date_by_whatever_command_looks() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/fixtures/schema_2.db");
    for (look, said) in [
        (&["runs"][..], "model_4"),
        (&["report", "--runs", "1,2,3"], "report.md"),
        (&["query", "select sum(finished), sum(diverged) from sweep_progress", "--format", "csv"], "3,0"),
    ] {
        let ranklab = Ranklab::new();
        fs::create_dir(ranklab.path("runs")).unwrap();
        fs::copy(&fixture, ranklab.path("runs/ranklab.db")).unwrap();
        let answer = ranklab.stdout(look);
        assert!(answer.contains(said), "{answer}");
    }
    // Another arithmetic may have trained it; it is compared all the same.
    let ranklab = Ranklab::new();
    fs::create_dir(ranklab.path("runs")).unwrap();
    fs::copy(&fixture, ranklab.path("runs/ranklab.db")).unwrap();
    let output = ranklab.run(&["verify", "1", "-q"]);
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(answer.starts_with("run 1 ("), "{answer}{}", errors(&output));
}

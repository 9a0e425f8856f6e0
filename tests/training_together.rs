//! A run is the same whichever trials train together with it: `ranklab verify` trains each one again, alone.

use crate::command::{Ranklab, succeeded};

/// More validation and test images than are evaluated at once.
const MANY: &[&str] =
    &["images=480", "patients=12", "test_fraction=0.3", "validation_fraction=0.5", "batch=16"];

/// Verifies every run, each on its own number of threads.
fn verify_all(ranklab: &Ranklab, runs: usize) {
    assert_eq!(ranklab.value("select count(*) from runs where status = 'finished'"), runs.to_string());
    for run in 1..=runs {
        let threads = (run % 3 + 1).to_string();
        let run = run.to_string();
        let output =
            ranklab.command(&["verify", &run, "-q"]).env("RAYON_NUM_THREADS", threads).output().unwrap();
        let said = succeeded(&output);
        assert!(said.contains("is reproduced bit for bit"), "{said}");
    }
}

fn sweep(ranklab: &Ranklab, more: &[&str]) {
    succeeded(&ranklab.sweep(&[MANY, more].concat()));
}

#[test]
fn every_run_of_every_size_of_group_is_repeated_to_the_last_bit() {
    let ranklab = Ranklab::new();
    let validation = "select count(*) from validation_predictions where run_id = 1";
    // Three at once, which is no divisor of what is evaluated at once, and a rest of one.
    sweep(&ranklab, &["rank=1,7", "seed=0,3", "jobs=3", "select_by=validation_loss", "epochs=2"]);
    assert!(ranklab.value(validation).parse::<usize>().unwrap() > 128, "{}", ranklab.value(validation));
    // Five at once, with rates of their own.
    sweep(&ranklab, &["rank=2,33,4", "lr=0.002,0.01", "jobs=5", "layers=block5_conv3"]);
    verify_all(&ranklab, 10);
}

#[test]
fn runs_that_train_alone_and_continued_ones_are_repeated_to_the_last_bit() {
    let ranklab = Ranklab::new();
    sweep(&ranklab, &["model=model_4", "optimizer=sgd", "momentum=0.8"]);
    sweep(&ranklab, &["dora=true", "dropout=0.25", "rank=3,6", "epochs=2"]);
    verify_all(&ranklab, 3);
    // Killed after an epoch and continued with the others.
    let trials: &[&str] = &["rank=1,2,3", "epochs=8"];
    let continued = Ranklab::killed_after_its_checkpoint(trials);
    succeeded(&continued.sweep(trials));
    assert_ne!(continued.value("select sum(interruptions) from runs"), "0");
    verify_all(&continued, 3);
}

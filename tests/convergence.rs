//! A sweep that did not converge says so wherever its figures stand, and the examples of the documentation do converge.

use std::fs;
use std::path::{Path, PathBuf};

use ranklab_stats::stale_statistics;
use serde_json::Value;

use crate::command::{Ranklab, first_line, succeeded};

/// Images of the whole dataset.
const IMAGES: f64 = 27_558.0;

#[test]
fn a_sweep_that_did_not_converge_says_so_in_the_terminal_at_the_run_and_above_the_verdict() {
    let ranklab = Ranklab::new();
    let output = ranklab.sweep(&["rank=1,2", "epochs=2"]);
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(first_line(&succeeded(&output)).ends_with("2 trained, 0 finished before, 0 failed\n"));
    // 49 training images in batches of 8: 7 steps an epoch.
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("WARNING: run ")).collect();
    assert!(lines.len() >= 2, "{said}");
    assert!(
        lines[0].contains("has NOT CONVERGED") && said.contains("% of batch norm's initial statistics"),
        "{said}"
    );
    let summary = said.lines().position(|line| line.starts_with("WARNING: 2 of 2 runs have NOT CONVERGED"));
    let last_run = said.lines().position(|line| line.contains("run 2, accuracy"));
    assert!(summary.unwrap() > last_run.unwrap(), "{said}");
    // Where nothing is trained again, the runs have still not converged.
    let again = ranklab.sweep(&["rank=1,2", "epochs=2", "--quiet"]);
    let again = String::from_utf8(again.stderr).unwrap();
    assert!(again.starts_with("WARNING: 2 of 2 runs have NOT CONVERGED"), "{again}");
    let json = ranklab.sweep(&["rank=1,2", "epochs=2", "--json"]);
    let json: Value = serde_json::from_str(&succeeded(&json)).unwrap();
    assert_eq!(json["not_converged"].as_array().unwrap().len(), 2, "{json}");

    let shown = ranklab.stdout(&["runs", "show", "1"]);
    assert!(shown.contains("WARNING: run 1 has NOT CONVERGED: "), "{shown}");
    let shown: Value = serde_json::from_str(&ranklab.stdout(&["runs", "show", "1", "--json"])).unwrap();
    assert!(!shown["not_converged"].as_array().unwrap().is_empty());

    ranklab.stdout(&["report", "--no-pictures"]);
    for file in ["index.html", "details.md"] {
        let report = fs::read_to_string(ranklab.path("reports/latest").join(file)).unwrap();
        assert!(report.contains("2 of 2 runs have not converged (runs 1, 2)"), "{file}");
        assert!(report.contains(" NOT CONVERGED: run 1 of "), "{file}");
    }
    let short = fs::read_to_string(ranklab.path("reports/latest/report.md")).unwrap();
    assert!(short.contains("2 of 2 runs did not converge"), "{short}");
}

#[test]
fn settings_that_suffice_bring_no_warning() {
    let ranklab = Ranklab::new();
    let enough = [
        "rank=2",
        "images=200",
        "epochs=6",
        "batch_norm_momentum=0.5",
        "model=model_5",
        "select_by=last_epoch",
    ];
    let output = ranklab.sweep(&enough);
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    succeeded(&output);
    assert!(!said.contains("batch norm's initial statistics"), "{said}");
}

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Arguments of every `sweep` and `train` that the documentation and the help texts show.
fn examples() -> Vec<Vec<String>> {
    let mut files = vec![
        root().join("README.md"),
        root().join("crates/cli/src/commands/sweep.rs"),
        root().join("crates/cli/src/commands/train.rs"),
        root().join("ARCHITECTURE.md"),
    ];
    files.extend(fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    let mut found = Vec::new();
    for file in files.into_iter().filter(|file| file.is_file()) {
        let text = fs::read_to_string(file).unwrap().replace("\\\n", " ");
        for line in text.lines() {
            // A help text ends within an attribute.
            let line = line.trim().trim_end_matches("\")]");
            let words: Vec<&str> =
                line.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
            let ["just" | "ranklab", "sweep" | "train", arguments @ ..] = words.as_slice() else { continue };
            let is_argument =
                |word: &&&str| word.contains('=') || word.starts_with('-') || word.ends_with(".toml");
            let arguments: Vec<String> =
                arguments.iter().take_while(is_argument).map(|word| (*word).to_owned()).collect();
            if !arguments.iter().any(|word| word == "--resume" || word == "--keys") {
                found.push(arguments);
            }
        }
    }
    let experiments = fs::read_dir(root().join("experiments")).unwrap();
    found.extend(experiments.map(|entry| vec!["-e".to_owned(), entry.unwrap().path().display().to_string()]));
    found
}

#[test]
fn every_example_of_the_documentation_takes_enough_steps_for_its_momentum() {
    let ranklab = Ranklab::new();
    let examples = examples();
    assert!(examples.len() >= 15, "{examples:?}");
    for example in examples {
        let mut arguments = vec!["sweep", "dataset=synthetic", "weights=random"];
        let own = example.iter().map(String::as_str);
        // What does not decide how a trial trains: sources, the machine, and a job of Slurm.
        let keys = ["dataset=", "weights=", "device=", "jobs=", "start=", "workers=", "partition=", "time="];
        let keys = [&keys[..], &["cpus=", "gpus=", "memory=", "account=", "extra="]].concat();
        let words = ["--dry-run", "--register", "--on", "slurm"];
        let decides = |word: &&str| !words.contains(word) && !keys.iter().any(|key| word.starts_with(key));
        arguments.extend(own.filter(decides));
        arguments.extend(["--dry-run", "--json"]);
        let mut command = ranklab.command(&arguments);
        let plan = succeeded(&command.current_dir(root()).output().unwrap());
        let plan: Value = serde_json::from_str(&plan).unwrap();
        for trial in plan["trials"].as_array().unwrap() {
            let (data, training) = (&trial["config"]["data"], &trial["config"]["training"]);
            let split = &data["split"];
            let number = |value: &Value| value.as_f64().unwrap();
            let images = data["limit"].as_f64().unwrap_or(IMAGES);
            let test = match split["kind"].as_str().unwrap() {
                "patient" => 1.0 / number(&split["folds"]),
                _ => number(&split["test_fraction"]),
            };
            // Half of the images, as on half of the dataset, still have to suffice, and the first epoch may be kept.
            let available = if data["limit"].is_null() { images / 2.0 } else { images };
            let train = available * (1.0 - test) * (1.0 - number(&split["validation_fraction"]));
            let steps = (train / number(&training["batch_size"])) as u64;
            let stale = stale_statistics(steps, number(&training["batch_norm_momentum"]));
            assert_eq!(stale, None, "{example:?}: {}", trial["label"]);
        }
    }
}

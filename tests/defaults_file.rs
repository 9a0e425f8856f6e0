//! The defaults file: what it gives, what goes before it, and what is wrong with it.

use std::fs;

use serde_json::Value;

use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::errors,
};

/// The plan of a sweep of generated images with these arguments.
fn plan(ranklab: &Ranklab, more: &[&str]) -> Value {
    let arguments = [&["sweep", "weights=random", "images=60", "--dry-run", "--json"][..], more].concat();
    serde_json::from_str(&ranklab.stdout(&arguments)).unwrap()
}

/// The device and the dataset of the first trial.
fn device_and_dataset(plan: &Value) -> (String, String) {
    let config = &plan["trials"][0]["config"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&config["device"]), text(&config["data"]["dataset"]))
}

#[test]
fn folders_of_the_command_line_go_before_the_environment_and_that_before_the_file() {
    let ranklab = Ranklab::new();
    fs::write(
        ranklab.path("ranklab.toml"),
        "runs_folder = \"of-file\"\nreports_folder = \"pages\"\ndataset = \"synthetic\"\n",
    )
    .unwrap();
    let small = Ranklab::sweep_arguments(&["rank=1"]);
    let small: Vec<&str> = small.into_iter().filter(|word| !word.starts_with("dataset=")).collect();
    succeeded(&ranklab.run(&small));
    assert!(ranklab.path("of-file/ranklab.db").is_file() && !ranklab.path("runs").exists());
    let said = ranklab.stdout(&["report", "--no-pictures"]);
    assert!(said.starts_with("pages/") && ranklab.path("pages/latest/index.html").is_file(), "{said}");

    let mut of_environment = ranklab.command(&["runs"]);
    let error = failed(&of_environment.env("RANKLAB_RUNS", "of-environment").output().unwrap());
    assert!(error.contains("of-environment"), "{error}");
    let mut of_line = ranklab.command(&["runs", "--runs-folder", "of-line"]);
    let error = failed(&of_line.env("RANKLAB_RUNS", "of-environment").output().unwrap());
    assert!(error.contains("of-line"), "{error}");
}

#[test]
fn settings_of_the_command_line_and_of_the_experiment_go_before_the_file() {
    let ranklab = Ranklab::new();
    fs::write(ranklab.path("ranklab.toml"), "dataset = \"synthetic\"\ndevice = \"flex\"\njobs = 2\n")
        .unwrap();
    assert_eq!(device_and_dataset(&plan(&ranklab, &[])).1, "synthetic");
    // An image set that is not there is refused with its path.
    fs::write(ranklab.path("e.toml"), "[data]\ndataset = \"of-experiment\"\n").unwrap();
    let error = failed(&ranklab.run(&["sweep", "--dry-run", "weights=random", "-e", "e.toml"]));
    assert!(error.contains("of-experiment"), "{error}");
    let error =
        failed(&ranklab.run(&["sweep", "--dry-run", "weights=random", "-e", "e.toml", "dataset=of-line"]));
    assert!(error.contains("of-line"), "{error}");
    // The plan says where its settings come from.
    let output = ranklab.run(&["sweep", "--dry-run", "weights=random"]);
    succeeded(&output);
    let note = "note: ranklab.toml gives dataset=synthetic device=flex jobs=2 where nothing else does";
    assert!(errors(&output).contains(note), "{}", errors(&output));
}

#[test]
fn a_hash_does_not_depend_on_where_a_setting_was_given() {
    let ranklab = Ranklab::new();
    fs::create_dir_all(ranklab.path("below/images")).unwrap();
    succeeded(&ranklab.run(&["data", "synthetic", "--images", "60", "--patients", "6"]));
    let zip = fs::read_dir(ranklab.path("data")).unwrap().map(|entry| entry.unwrap().path());
    let zip = zip.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "zip")).unwrap();
    fs::copy(zip, ranklab.path("below/cells.zip")).unwrap();
    let given = plan(&ranklab, &["dataset=below/cells.zip", "device=flex", "jobs=3"]);
    fs::write(ranklab.path("below/mine.toml"), "dataset = \"cells.zip\"\ndevice = \"flex\"\njobs = 3\n")
        .unwrap();
    let of_file = plan(&ranklab, &["--config", "below/mine.toml"]);
    assert_eq!(of_file["plan_hash"], given["plan_hash"]);
    assert_eq!(of_file["trials"], given["trials"]);
    let arguments = ["sweep", "weights=random", "images=60", "--dry-run", "--json"];
    let output = ranklab.command(&arguments).env("RANKLAB_CONFIG", "below/mine.toml").output().unwrap();
    let of_variable: Value = serde_json::from_str(&succeeded(&output)).unwrap();
    assert_eq!(of_variable["plan_hash"], given["plan_hash"]);
}

#[test]
fn a_wrong_file_is_one_line_with_the_file_the_line_and_the_keys() {
    let ranklab = Ranklab::new();
    let keys = "the keys are runs_folder, database, reports_folder, data_folder, dataset, device, jobs";
    for (text, expected) in [
        ("# mine\nrun_folder = \"x\"\n", "line 2 (`run_folder = \"x\"`): unknown field `run_folder`"),
        ("jobs = \"many\"\n", "line 1 (`jobs = \"many\"`): "),
        ("\n\ndevice = \"gpu\"\n", "line 3 (`device = \"gpu\"`): device: "),
    ] {
        fs::write(ranklab.path("ranklab.toml"), text).unwrap();
        for command in [&["runs"][..], &["sweep", "--dry-run"], &["report"]] {
            let error = failed(&ranklab.run(command));
            assert!(error.starts_with("error: defaults file ranklab.toml: line "), "{error}");
            assert!(error.contains(expected) && error.ends_with(keys), "{error}");
        }
        // Help and completions need no defaults.
        succeeded(&ranklab.run(&["runs", "--help"]));
        succeeded(&ranklab.run(&["complete", "--", "swe"]));
    }
    fs::remove_file(ranklab.path("ranklab.toml")).unwrap();
    let error = failed(&ranklab.run(&["runs", "--config", "absent.toml"]));
    assert!(error.starts_with("error: reading the defaults file absent.toml failed"), "{error}");
    fs::create_dir(ranklab.path("ranklab.toml")).unwrap();
    let error = failed(&ranklab.run(&["runs"]));
    assert!(error.starts_with("error: reading the defaults file ranklab.toml failed"), "{error}");
    fs::remove_dir(ranklab.path("ranklab.toml")).unwrap();
    fs::write(ranklab.path("ranklab.toml"), b"jobs = 2\nruns_folder = \"\xff\"\n").unwrap();
    let error = failed(&ranklab.run(&["runs"]));
    assert_eq!(error, "error: defaults file ranklab.toml: line 2: it is not UTF-8 text");
    fs::write(ranklab.path("ranklab.toml"), " ".repeat(70_000)).unwrap();
    let error = failed(&ranklab.run(&["runs"]));
    assert_eq!(error, "error: defaults file ranklab.toml: it is larger than 64 KiB");
}

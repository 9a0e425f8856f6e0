//! Sweeps from the plan to the report, on a few generated images.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::command::{Ranklab, SMALL, first_line, succeeded};

#[test]
fn a_repeated_sweep_trains_nothing_and_a_wider_one_only_what_is_new() {
    let ranklab = Ranklab::new();
    let said = succeeded(&ranklab.sweep(&["rank=1,2"]));
    assert_eq!(first_line(&said), "sweep 1: 2 trained, 0 finished before, 0 failed\n");
    let said = succeeded(&ranklab.sweep(&["rank=1,2"]));
    assert_eq!(first_line(&said), "sweep 1: 0 trained, 2 finished before, 0 failed\n");
    let said = succeeded(&ranklab.sweep(&["rank=1,2,3"]));
    assert!(first_line(&said).ends_with("1 trained, 2 finished before, 0 failed\n"), "{said}");
}

#[test]
fn a_run_names_the_sources_of_its_program_and_not_the_folder_it_runs_in() {
    let ranklab = Ranklab::new();
    // Somebody else's repository, dirty.
    for arguments in [
        &["init", "--quiet"][..],
        &["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--allow-empty", "-m", "x"],
    ] {
        let mut git = Command::new("git");
        git.current_dir(ranklab.folder.path()).args(arguments).env("GIT_CONFIG_NOSYSTEM", "1");
        // Whoever runs this may sign commits, or have hooks and templates.
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        assert!(git.status().unwrap().success());
    }
    succeeded(&ranklab.sweep(&["rank=1"]));
    let recorded = ranklab.value("select git_commit, git_dirty from runs");
    let version = ranklab.stdout(&["--version"]);
    // As `ranklab 0.1.0 (commit 0123abc with uncommitted changes)`.
    let expected = match version.split_once("(commit ") {
        Some((_, said)) => {
            let commit = said.split([' ', ')']).next().unwrap();
            format!("{commit},{}", u8::from(said.contains("with uncommitted changes")))
        }
        None => ",".to_owned(),
    };
    assert_eq!(recorded, expected);
    let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
    let asked =
        Command::new("git").current_dir(sources).args(["log", "-1", "--format=%H", "--", "."]).output();
    assert_eq!(recorded != ",", asked.is_ok_and(|answer| !answer.stdout.is_empty()), "{recorded}");
}

#[test]
fn a_trial_is_known_by_its_images_and_not_by_their_path() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let move_generated = || {
        let generated = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
        fs::rename(generated, ranklab.path("elsewhere.zip")).unwrap();
    };
    move_generated();
    let elsewhere = &["rank=1", "dataset=elsewhere.zip"];
    let said = succeeded(&ranklab.sweep(elsewhere));
    assert!(first_line(&said).ends_with("0 trained, 1 finished before, 0 failed\n"), "{said}");

    succeeded(&ranklab.sweep(&["rank=2", "data_seed=7"]));
    move_generated();
    let said = succeeded(&ranklab.sweep(elsewhere));
    assert!(first_line(&said).ends_with("1 trained, 0 finished before, 0 failed\n"), "{said}");
    // The sweep's trial is that of the new images from now on.
    let latest = "select count(*), max(run) from trial_states where sweep = 2";
    assert_eq!(ranklab.value(latest), format!("1,{}", ranklab.value("select max(id) from runs")));
}

#[test]
fn trials_trained_together_give_what_each_gives_alone() {
    let hashes: Vec<String> = ["jobs=1", "jobs=2", "jobs=4"]
        .iter()
        .map(|jobs| {
            let ranklab = Ranklab::new();
            let said = succeeded(&ranklab.sweep(&["rank=1,2,16", "seed=0,1", jobs]));
            assert_eq!(first_line(&said), "sweep 1: 6 trained, 0 finished before, 0 failed\n");
            ranklab.stdout(&[
                "query",
                "select ranks, seed, model_hash, test_loss, (select count(*) from step_metrics where run_id = runs.id) from runs order by rank, seed",
                "--format",
                "csv",
            ])
        })
        .collect();
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[0], hashes[2]);
}

#[test]
fn one_configuration_gives_the_same_weights_and_predictions_in_two_processes() {
    let hashes: Vec<String> = (0..2)
        .map(|_| {
            let ranklab = Ranklab::new();
            succeeded(&ranklab.sweep(&["model=model_4,model_5", "epochs=2"]));
            ranklab.stdout(&[
                "query",
                "select model, model_hash, (select sum(probability) from predictions where run_id = runs.id) from runs order by model",
                "--format",
                "csv",
            ])
        })
        .collect();
    assert_eq!(hashes[0], hashes[1]);
}

#[test]
fn layer_choices_and_models_share_caches_where_they_start_from_the_same_features() {
    let ranklab = Ranklab::new();
    let output = ranklab.sweep(&["layers=block5_conv3,block5,block4+block5,all", "rank=1"]);
    succeeded(&output);
    succeeded(&ranklab.sweep(&["model=model_4"]));
    let mut caches: Vec<String> = fs::read_dir(ranklab.path("runs/features"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".features"))
        .map(|name| name.rsplit_once('-').unwrap().0.to_owned())
        .collect();
    caches.sort();
    // model_4 and block4+block5 start from the same; behind each cut, the frozen part of the convolution
    // above it, which model_4 does not have.
    assert_eq!(
        caches,
        [
            "block3_pool",
            "block3_pool-block4_conv1",
            "block4_pool",
            "block4_pool-block5_conv1",
            "block5_conv2",
            "block5_conv2-block5_conv3",
        ]
    );
    let layers = ranklab.stdout(&[
        "query",
        "select layers, adapter_parameters from runs order by id",
        "--format",
        "csv",
    ]);
    let rows: Vec<&str> = layers.lines().skip(1).collect();
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[1], "block5,15360");
}

#[test]
fn the_plan_is_shown_without_running_and_kept_when_it_runs() {
    let ranklab = Ranklab::new();
    let arguments =
        [&["sweep"], SMALL, &["rank=1,5,16", "model=model_4,model_5", "--dry-run", "--json"]].concat();
    let plan: Value = serde_json::from_str(&ranklab.stdout(&arguments)).unwrap();
    assert_eq!(plan["trials"].as_array().unwrap().len(), 4);
    assert!(!ranklab.path("runs").exists());
}

#[test]
fn everything_about_a_run_is_recorded() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=2", "split=patient", "folds=3", "fold=1", "epochs=2"]));
    let run: Value = serde_json::from_str(&ranklab.stdout(&["runs", "show", "1", "--json"])).unwrap();
    let start = &run["run"]["start"];
    assert_eq!(start["synthetic"], true);
    assert_eq!(start["shared_patients"], 0);
    assert_eq!(start["fold"], 1);
    assert_eq!(start["weights"], "random");
    for hash in ["config_hash", "image_set_hash", "split_hash", "weights_hash"] {
        assert_eq!(start[hash].as_str().unwrap().len(), 64, "{hash}");
    }
    assert!(start["trainable_parameters"].as_i64().unwrap() > start["adapter_parameters"].as_i64().unwrap());
    let result = &run["run"]["result"];
    let counted: i64 = ["true_positives", "false_negatives", "false_positives", "true_negatives"]
        .iter()
        .map(|count| result[count].as_i64().unwrap())
        .sum();
    assert_eq!(counted, start["test_images"].as_i64().unwrap());
    let rows =
        |sql: &str| ranklab.stdout(&["query", sql, "--format", "csv"]).lines().nth(1).unwrap().to_owned();
    assert_eq!(rows("select count(*) from predictions"), counted.to_string());
    assert_eq!(rows("select count(distinct epoch) from epoch_metrics"), "2");
    // Validation images are those of the kept epoch, which none of the test images is.
    let validation = start["validation_images"].as_i64().unwrap().to_string();
    assert_eq!(rows("select count(*) from validation_predictions"), validation);
    let kept =
        "select abs(m.value - (select avg((probability >= 0.5) = label) from validation_predictions)) < 1e-9
        from epoch_metrics m join runs r on r.id = m.run_id
        where m.epoch = r.best_epoch and m.metric = 'validation_accuracy'";
    assert_eq!(rows(kept), "1");
    let both = "select count(*) from predictions p join validation_predictions v on v.image = p.image";
    assert_eq!(rows(both), "0");
    let steps = 2 * (start["train_images"].as_i64().unwrap() as usize).div_ceil(8);
    assert_eq!(rows("select count(distinct step) from step_metrics"), steps.to_string());
    let model = fs::read(ranklab.path("runs/000001/model.safetensors")).unwrap();
    assert_eq!(rows("select bytes from artifacts"), model.len().to_string());
}

#[test]
fn a_report_holds_the_comparison_says_synthetic_and_comes_out_the_same_twice() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["model=model_4,model_5", "rank=1,2"]));
    ranklab.stdout(&["report"]);
    let page = fs::read_to_string(ranklab.path("reports/latest/index.html")).unwrap();
    for expected in ["SYNTHETIC", "model_4", "model_5", "<svg", "Confusion"] {
        assert!(page.contains(expected), "{expected} is missing");
    }
    // Namespaces of SVG are names, not addresses that are fetched.
    let rest = page.replace("http://www.w3.org/", "");
    assert!(!rest.contains("http://") && !rest.contains("https://"), "the page refers to the network");
    let markdown = fs::read_to_string(ranklab.path("reports/latest/details.md")).unwrap();
    assert!(markdown.contains("SYNTHETIC"));
    ranklab.stdout(&["report"]);
    assert_eq!(fs::read_to_string(ranklab.path("reports/latest/index.html")).unwrap(), page);
    ranklab.stdout(&["report", "--runs", "1,3"]);
}

#[test]
fn both_splits_of_a_configuration_stand_side_by_side_with_thresholds_from_validation() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1", "seed=0,1", "split=random,patient"]));
    ranklab.stdout(&["report"]);
    let markdown = fs::read_to_string(ranklab.path("reports/latest/details.md")).unwrap();
    for expected in [
        "## Random against patient split",
        "% on a random split, ",
        "## Operating points",
        "No threshold is chosen on test cells",
        "## Clinical measures",
        "assume a prevalence of 10 %",
        "split=random",
    ] {
        assert!(markdown.contains(expected), "{expected} is missing");
    }
    assert!(!markdown.contains("one seed"), "two seeds are no single one");
}

#[test]
fn a_query_answers_as_a_table_as_csv_and_as_json() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let sql = "select model, ranks from leaderboard";
    assert!(ranklab.stdout(&["query", sql]).contains("model_5"));
    assert_eq!(ranklab.stdout(&["query", sql, "--format", "csv"]), "model,ranks\nmodel_5,1\n");
    let rows: Value = serde_json::from_str(&ranklab.stdout(&["query", sql, "--json"])).unwrap();
    assert_eq!(rows[0]["model"], "model_5");
}

#[test]
fn train_takes_one_trial_and_completions_are_printed() {
    let ranklab = Ranklab::new();
    let output = ranklab.run(&["train", "rank=1,2"]);
    assert!(crate::command::failed(&output).contains("these settings give 2 trials"));
    assert!(ranklab.stdout(&["completions", "bash"]).contains("_ranklab"));
}

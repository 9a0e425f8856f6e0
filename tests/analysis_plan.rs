//! The analysis plan of a sweep: registered before results, kept, and checked by every report.

use std::fs;

use ranklab_store::Store;

use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::errors,
};

/// Two models at two seeds.
const MODELS: &[&str] = &["model=model_4,model_5", "rank=1", "seed=0,1"];

/// A finished sweep with these settings of its plan.
fn swept(plan: &[&str]) -> Ranklab {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&[MODELS, plan].concat()));
    ranklab
}

/// The line of a report on its plan, which stands in the page as well.
fn conformity(ranklab: &Ranklab, arguments: &[&str]) -> String {
    succeeded(&ranklab.run(&[&["report", "--no-pictures"], arguments].concat()));
    let text = fs::read_to_string(ranklab.path("reports/latest/details.md")).unwrap();
    let line =
        text.lines().find(|line| line.starts_with("**Confirmatory:") || line.starts_with("**Exploratory:"));
    let line = line.unwrap_or_else(|| panic!("{text}")).to_owned();
    let page = fs::read_to_string(ranklab.path("reports/latest/index.html")).unwrap();
    let word = if line.starts_with("**C") { "Confirmatory" } else { "Exploratory" };
    assert!(page.contains(&format!("<details class=\"conformity\"><summary>{word}</summary>")), "{word}");
    line.replace('\\', "")
}

#[test]
fn a_report_that_keeps_to_the_plan_is_confirmatory_and_repeats_byte_for_byte() {
    let ranklab = swept(&["margin=2", "planned_seeds=2"]);
    let line = conformity(&ranklab, &[]);
    assert!(line.starts_with("**Confirmatory:** as planned when the sweep was registered (plan "), "{line}");
    let page = fs::read(ranklab.path("reports/latest/index.html")).unwrap();
    assert_eq!(conformity(&ranklab, &[]), line);
    assert!(fs::read(ranklab.path("reports/latest/index.html")).unwrap() == page);
    assert_eq!(
        ranklab.value("select count(*), min(finished), min(trials), min(runs) from looks"),
        "2,4,4,\"[1,2,3,4]\""
    );
    let hash = ranklab.value("select substr(analysis_plan_hash, 1, 12) from sweeps");
    assert!(line.contains(&hash), "{line} without {hash}");
    // The plan is no part of what a trial computes: nothing is trained again.
    let again = ranklab.sweep(&[MODELS, &["margin=2", "planned_seeds=2"]].concat());
    assert!(!errors(&again).contains("analysis plan"), "{again:?}");
    assert!(succeeded(&again).contains(": 0 trained, 4 finished before"));
}

#[test]
fn a_sweep_without_plan_settings_is_registered_with_the_defaults() {
    let ranklab = swept(&[]);
    assert!(conformity(&ranklab, &[]).starts_with("**Confirmatory:**"));
    let plan = ranklab.value("select analysis_plan from sweeps");
    assert!(plan.contains("model_4") && plan.contains("margin"), "{plan}");
}

#[test]
fn other_options_than_planned_make_a_report_exploratory_with_the_reason() {
    let ranklab = swept(&["planned_seeds=3"]);
    for (arguments, reason) in [
        (&["--margin", "2"][..], "the margin of accuracy is 2 points instead of 1 point"),
        (&["--sensitivity-margin", "1"], "the margin of sensitivity is 1 point instead of 2 points"),
        (&["--specificity-margin", "0.5"], "the margin of specificity is 0.5 points instead of 2 points"),
        (&["--baseline", "model_5  rank=1"], "the baseline is model_5 rank=1 instead of model_4"),
        (&[], "a configuration has 2 seeds instead of 3"),
    ] {
        let line = conformity(&ranklab, arguments);
        assert!(line.starts_with("**Exploratory:** ") && line.contains(reason), "{arguments:?}: {line}");
    }
    // What is planned, given again, is no deviation.
    let planned = ["--margin", "1", "--specificity-margin", "2", "--baseline", "model=model_4"];
    assert_eq!(conformity(&ranklab, &planned), conformity(&ranklab, &[]));
    for wrong in [["--baseline", "model_9"], ["--sensitivity-margin", "0"], ["--margin", "100"]] {
        let refused = ranklab.run(&[&["report"], &wrong[..]].concat());
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    }
}

#[test]
fn chosen_runs_are_exploratory_and_what_they_leave_out_is_named() {
    let ranklab = swept(&[]);
    let line = conformity(&ranklab, &["--runs", "1,3"]);
    assert!(
        line.starts_with(
            "**Exploratory:** 2 runs were chosen by hand; the report leaves out 2 finished runs on the same test cells (runs 2, 4)"
        ),
        "{line}"
    );
    // Chosen runs are no look at the sweep.
    assert_eq!(ranklab.value("select count(*) from looks"), "0");
}

#[test]
fn a_changed_plan_is_noted_recorded_and_reported() {
    let ranklab = swept(&["margin=1"]);
    let changed = ranklab.sweep(&[MODELS, &["margin=2"]].concat());
    let note = "note: the analysis plan of sweep 1 changed (margin=2 instead of 1); the sweep keeps its first plan, and its reports are exploratory";
    assert_eq!(errors(&changed).lines().filter(|line| *line == note).count(), 1, "{changed:?}");
    // The same request again, and a resumed sweep, change nothing more.
    for again in [[MODELS, &["margin=2"]].concat(), vec![]] {
        let output = match again.is_empty() {
            true => ranklab.run(&["sweep", "--resume"]),
            false => ranklab.sweep(&again),
        };
        assert!(!errors(&output).contains("analysis plan"), "{output:?}");
    }
    assert_eq!(ranklab.value("select count(*), count(distinct old_plan_hash) from plan_changes"), "1,1");
    let line = conformity(&ranklab, &[]);
    assert!(line.contains("the plan was changed once after the sweep was registered"), "{line}");
    let text = fs::read_to_string(ranklab.path("reports/latest/details.md")).unwrap();
    assert!(text.replace('\\', "").contains("margin=2 instead of 1"), "{text}");
}

#[test]
fn a_plan_that_was_written_after_results_is_exploratory() {
    let ranklab = swept(&[]);
    succeeded(&ranklab.sweep(&["model=model_4,model_5", "rank=1", "seed=0..2", "margin=2"]));
    let line = conformity(&ranklab, &[]);
    assert!(line.contains("4 runs had finished before the plan was registered (runs 1, 2, 3, 4)"), "{line}");
    // The first sweep's report leaves out runs that came later; it is as planned.
    assert!(conformity(&ranklab, &["--sweep", "1"]).starts_with("**Confirmatory:**"));
}

#[test]
fn looks_at_growing_results_are_counted_against_the_plan() {
    let ranklab = swept(&["looks=2"]);
    assert!(conformity(&ranklab, &[]).starts_with("**Confirmatory:**"));
    for (run, expected) in [
        ("4", "**Confirmatory:**"),
        ("3", "**Exploratory:** results were looked at 3 times instead of twice"),
    ] {
        succeeded(&ranklab.run(&["runs", "rm", run, "--yes"]));
        succeeded(&ranklab.run(&["sweep", "--resume", "-q"]));
        let line = conformity(&ranklab, &[]);
        assert!(line.starts_with(expected), "{line}");
    }
}

#[test]
fn tuned_settings_and_the_plan_are_shown_before_anything_is_trained() {
    let ranklab = Ranklab::new();
    let arguments = Ranklab::sweep_arguments(&["rank=1", "lr=auto", "--dry-run"]);
    let text = ranklab.stdout(&arguments);
    assert!(text.starts_with("lr: 4 trials\n"), "{text}");
    let plan: Vec<&str> = text.lines().filter(|line| line.starts_with("analysis plan ")).collect();
    assert_eq!(plan.len(), 1, "{text}");
    assert!(
        plan[0].ends_with("looks=1 tune=lr") && plan[0].contains("baseline=model_4 margin=1 "),
        "{plan:?}"
    );
    let json = ranklab.stdout(&[&arguments[..], &["--json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["analysis_plan"]["tune"][0], "training.learning_rate");
    assert!(!ranklab.path("runs").exists());
    let error = failed(&ranklab.sweep(&["tune=rank"]));
    assert!(error.contains("tune: `rank` is what reports compare"), "{error}");
}

#[test]
fn the_planned_example_compares_every_configuration_at_its_own_learning_rate() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/planned_ranks.toml");
    let ranklab = Ranklab::new();
    let arguments =
        ["sweep", "-e", example, "--dry-run", "dataset=synthetic", "weights=random", "margin=0.5"];
    let text = ranklab.stdout(&arguments);
    // model_4 and three ranks, at four learning rates and five seeds.
    assert!(text.starts_with("planned ranks: 80 trials\n"), "{text}");
    assert!(text.contains(" margin=0.5 ") && text.ends_with("planned_seeds=5 looks=1 tune=lr\n"), "{text}");
}

#[test]
fn a_report_of_a_database_that_cannot_be_written_is_written_and_says_that_it_is_not_recorded() {
    let ranklab = swept(&[]);
    let said = "note: this report is not recorded as a look at sweep 1: ";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let locked = runtime.block_on(async {
        let store = Store::open(&ranklab.path("runs/ranklab.db")).await.unwrap();
        let held = store.hold(1).await.unwrap();
        let output = ranklab.run(&["report", "--no-pictures"]);
        held.release().await.unwrap();
        store.close().await;
        output
    });
    succeeded(&locked);
    assert_eq!(errors(&locked).lines().filter(|line| line.starts_with(said)).count(), 1, "{locked:?}");
    assert_eq!(ranklab.value("select count(*) from looks"), "0");
    // A read-only file stops everyone but root.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let allow = |mode: u32, folder: u32| {
            let of = |path: &str, mode| {
                fs::set_permissions(ranklab.path(path), fs::Permissions::from_mode(mode)).unwrap();
            };
            of("runs/ranklab.db", mode);
            of("runs", folder);
        };
        allow(0o444, 0o555);
        let is_stopped = fs::write(ranklab.path("runs/probe"), "").is_err();
        let output = ranklab.run(&["report", "--no-pictures"]);
        allow(0o644, 0o755);
        succeeded(&output);
        if is_stopped {
            assert!(errors(&output).contains(said), "{output:?}");
            assert_eq!(ranklab.value("select count(*) from looks"), "0");
        }
    }
}

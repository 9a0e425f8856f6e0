//! What a sweep could show: before it is run, from assumed spreads, and after it, from its own.

use crate::{
    command::{Ranklab, succeeded},
    disturbance::errors,
};

#[test]
fn power_is_told_beforehand_and_grows_with_seeds() {
    let ranklab = Ranklab::new();
    let text = ranklab.stdout(&["power"]);
    assert!(
        text.starts_with("Assumed: 200 patients (weighed by their cells), 7 comparisons at 0.05.\n"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let json: serde_json::Value = serde_json::from_str(&ranklab.stdout(&["power", "--json"])).unwrap();
    let losses: Vec<f64> =
        json["rows"].as_array().unwrap().iter().map(|row| row["smallest_loss"].as_f64().unwrap()).collect();
    assert!(losses.windows(2).all(|pair| pair[1] < pair[0]), "{losses:?}");
    let few: serde_json::Value =
        serde_json::from_str(&ranklab.stdout(&["power", "--json", "--patients", "40"])).unwrap();
    assert!(few["rows"][0]["smallest_loss"].as_f64().unwrap() > losses[0]);
    assert_eq!(json["patients_for_equivalence"], 492);
}

#[test]
fn a_plan_says_what_it_could_show() {
    let ranklab = Ranklab::new();
    let plan = succeeded(&ranklab.sweep(&["model=model_4,model_5", "rank=1,4", "seed=0..2", "--dry-run"]));
    let line =
        plan.lines().find(|line| line.starts_with("power: 3 seeds find a loss of ")).unwrap_or_default();
    assert!(line.contains(" points, 1 point takes ") && line.ends_with("see `ranklab power`)"), "{plan}");
    let once = succeeded(&ranklab.sweep(&["model=model_4,model_5", "rank=1,4", "--dry-run"]));
    assert!(once.contains("power: 1 seed shows nothing of methods, "), "{once}");
    let alone = succeeded(&ranklab.sweep(&["rank=1", "--dry-run"]));
    assert!(!alone.contains("power: "), "{alone}");
}

#[test]
fn spreads_come_from_a_sweep_with_several_seeds_and_bad_input_is_refused() {
    let ranklab = Ranklab::new();
    let images = ["model=model_4,model_5", "rank=1", "images=120", "patients=20"];
    succeeded(&ranklab.sweep(&[&images[..], &["seed=0,1", "split=patient", "folds=2", "fold=0,1"]].concat()));
    let text = ranklab.stdout(&["power", "--sweep", "1"]);
    assert!(text.starts_with("As sweep 1 shows: "), "{text}");
    assert!(text.contains(" 1 comparison at 0.05"), "{text}");
    succeeded(&ranklab.sweep(&[&images[..], &["seed=0", "split=patient", "folds=2", "fold=0,1"]].concat()));
    for (arguments, message) in [
        (&["power", "--sweep", "2"][..], "sweep 2 shows no spreads"),
        (&["power", "--sweep", "9"], "9"),
        (&["power", "--margin", "0"], "--margin: give points from 0.01"),
        (&["power", "--patients", "4"], "--patients: give at least 5"),
        (&["power", "--configurations", "1"], "--configurations: give at least 2"),
        (&["power", "--seed-luck=-1"], "--seed-luck: give points from 0 and below 100"),
        (&["power", "--significance", "2"], "--significance: give a chance"),
    ] {
        let output = ranklab.run(arguments);
        assert!(errors(&output).contains(message), "{arguments:?}: {output:?}");
        assert!(!output.status.success());
    }
}

#[test]
fn each_configuration_is_compared_at_the_learning_rate_that_validation_chose() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["model=model_4,model_5", "rank=1", "seed=0,1", "lr=0.002,0.01", "tune=lr"]));
    succeeded(&ranklab.run(&["report", "--no-pictures"]));
    let text = std::fs::read_to_string(ranklab.path("reports/latest/details.md")).unwrap();
    assert!(
        text.contains("Each configuration is compared at its own learning_rate, chosen on validation"),
        "{text}"
    );
    // Two learning rates of each model are one row of the comparison.
    let comparison = text.split("## Comparison\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows =
        |model: &str| comparison.lines().filter(|line| line.starts_with(&format!("| {model} |"))).count();
    assert_eq!((rows("model_4"), rows("model_5")), (1, 1), "{comparison}");
}

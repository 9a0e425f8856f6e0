//! Snapshots of whole Markdown files: a change of words is one diff to review.
//!
//! `INSTA_UPDATE=always` writes the snapshots anew.

use crate::data::ReportData;
use crate::fixture;
use crate::render::render_markdown;

/// Compares the files of a report with its snapshots.
fn check(name: &str, data: &ReportData) {
    let markdown = render_markdown(data).unwrap();
    fixture::check_snapshot(&format!("short_{name}"), &markdown.text);
    fixture::check_snapshot(name, &markdown.details);
}

#[test]
fn ranks_with_failed_and_planned_trials() {
    check("ranks", &fixture::ranks());
}

#[test]
fn ranks_with_pictures() {
    check("with_pictures", &fixture::with_pictures());
}

#[test]
fn seeds() {
    check("seeds", &fixture::seeds());
}

#[test]
fn seeds_of_many_cells() {
    check("large_seeds", &fixture::large_seeds([40, 44, 42], [400, 410, 405]));
}

#[test]
fn folds() {
    check("folds", &fixture::folds());
}

#[test]
fn patients_of_whom_half_are_healthy() {
    check("healthy_patients", &fixture::healthy_patients());
}

#[test]
fn a_clear_difference() {
    check("against_classical", &fixture::against_classical(40, 400));
}

#[test]
fn a_series_of_ranks() {
    check("series", &fixture::series(&[(1, 300), (5, 42), (16, 40), (64, 41)]));
}

#[test]
fn both_splits() {
    check("both_splits", &fixture::both_splits(40, 400));
}

#[test]
fn hostile_names() {
    check("hostile", &fixture::hostile());
}

#[test]
fn runs_that_did_not_converge() {
    let mut data = fixture::ranks();
    for run in &mut data.runs {
        run.row.start.config = run
            .row
            .start
            .config
            .replace("\"learning_rate\"", "\"batch_norm_momentum\":0.99,\"learning_rate\"");
        run.row.result.as_mut().unwrap().best_epoch = 2;
    }
    check("not_converged", &data);
}

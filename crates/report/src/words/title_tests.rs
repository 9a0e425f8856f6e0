//! Titles of whole reports, with the numbers that they follow from.

use crate::analysis::analyse;
use crate::data::{ReportData, RunData};
use crate::fixture;

use super::care;
use super::context;
use super::key_figures;
use super::next_step;
use super::title::title;

/// The first screen in words.
fn first_screen(name: &str, data: &ReportData) -> String {
    let analysis = analyse(data).unwrap();
    let mut lines = vec![format!("{name}: {:?}", analysis.status()), context::parts(&analysis).join(" · ")];
    lines.push(title(&analysis));
    for figure in key_figures::figures(&analysis) {
        lines.push(format!("  {}: {} ({})", figure.name, figure.value, figure.detail));
    }
    lines.extend(care::lines(&analysis).into_iter().map(|line| format!("  - {line}")));
    lines.push(format!("  Next: {}", next_step::sentence(&analysis)));
    lines.join("\n")
}

/// Three seeds of each rank, and of model_4, with these errors on 4,000 cells of 200 patients.
fn ranks(classical: [i64; 3], members: &[(i64, [i64; 3])]) -> ReportData {
    let mut data = fixture::large_seeds(classical, [40, 40, 40]);
    data.runs.truncate(3);
    for (rank, errors) in members {
        for mut run in fixture::large_seeds(classical, *errors).runs.into_iter().skip(3) {
            let start = &mut run.row.start;
            (start.rank, start.ranks) = (Some(*rank), Some(rank.to_string()));
            start.trainable_parameters = 1_182_466 + 15_360 * rank;
            start.config_hash = format!("{rank} {}", start.seed);
            start.config = start.config.replace("\"rank\":5", &format!("\"rank\":{rank}"));
            run.row.id = data.runs.len() as i64 + 1;
            data.runs.push(run);
        }
    }
    data
}

/// The run as it would be after one epoch at Keras' momentum.
fn not_converge(run: &mut RunData) {
    let start = &mut run.row.start;
    start.config =
        start.config.replace("\"learning_rate\"", "\"batch_norm_momentum\":0.99,\"learning_rate\"");
    start.epochs = 1;
    run.row.result.as_mut().unwrap().best_epoch = 1;
}

#[test]
fn the_title_of_each_report_follows_from_its_numbers() {
    let mut one = fixture::ranks();
    one.runs.truncate(1);
    let mut failed = fixture::ranks();
    failed.runs.clear();
    failed.unfinished.truncate(1);
    let mut not_begun = fixture::ranks();
    not_begun.runs.clear();
    let mut not_converged = fixture::seeds();
    for run in &mut not_converged.runs {
        let start = &mut run.row.start;
        start.config =
            start.config.replace("\"learning_rate\"", "\"batch_norm_momentum\":0.99,\"learning_rate\"");
        start.epochs = 1;
        run.row.result.as_mut().unwrap().best_epoch = 1;
    }
    let mut synthetic = fixture::ranks();
    synthetic.runs.iter_mut().for_each(|run| run.row.start.synthetic = true);
    let mut wide = ranks([40, 44, 42], &[(4, [41, 42, 40])]);
    (wide.options.margin, wide.options.sensitivity_margin, wide.options.specificity_margin) =
        (0.03, 0.05, 0.05);
    let mut equal = wide.clone();
    equal.runs.iter_mut().for_each(|run| {
        let others: Vec<_> = (1..3)
            .flat_map(|copy| {
                run.predictions.iter().map(move |row| {
                    let mut row = row.clone();
                    row.patient = format!("{}-{copy}", row.patient).into();
                    row.image = format!("{}-{copy}", row.image).into();
                    row
                })
            })
            .collect();
        run.predictions.extend(others);
    });
    // Two ranks are worse, and the third did not converge: nothing is said of "all".
    let mut one_open =
        ranks([40, 44, 42], &[(1, [241, 242, 245]), (2, [141, 142, 145]), (4, [341, 342, 345])]);
    for run in one_open.runs.iter_mut().filter(|run| run.row.start.rank == Some(4)) {
        not_converge(run);
    }
    // Three seeds of the baseline, one of each rank.
    let mut single = ranks([40, 44, 42], &[(1, [41, 42, 45]), (4, [41, 42, 40])]);
    single.runs.retain(|run| run.row.start.rank.is_none() || run.row.start.seed == 0);
    let mut mixed = ranks([40, 44, 42], &[(1, [41, 42, 45]), (4, [41, 42, 40])]);
    mixed.runs.retain(|run| run.row.start.rank != Some(1) || run.row.start.seed == 0);
    let mut differs = ranks([40, 44, 42], &[(4, [81, 82, 80])]);
    differs.options = wide.options;
    let texts = [
        first_screen("one of three did not converge", &one_open),
        first_screen("one seed of each rank", &single),
        first_screen("one seed of one rank", &mixed),
        first_screen("different within the margin", &differs),
        first_screen("one run", &one),
        first_screen("one seed", &fixture::ranks()),
        first_screen("seeds", &fixture::seeds()),
        first_screen("too few patients", &ranks([40, 44, 42], &[(2, [41, 42, 43]), (4, [41, 42, 40])])),
        first_screen("some worse", &ranks([40, 44, 42], &[(1, [141, 142, 145]), (4, [41, 42, 40])])),
        first_screen("one worse", &ranks([40, 44, 42], &[(4, [141, 142, 145])])),
        first_screen("all worse", &ranks([40, 44, 42], &[(1, [241, 242, 245]), (4, [141, 142, 145])])),
        first_screen("better", &ranks([140, 144, 142], &[(1, [141, 140, 145]), (4, [41, 42, 40])])),
        first_screen("a margin of three points", &wide),
        first_screen("six hundred patients", &equal),
        first_screen("40 configurations", &fixture::many(40)),
        first_screen("both splits", &fixture::both_splits(40, 400)),
        first_screen("all failed", &failed),
        first_screen("not begun", &not_begun),
        first_screen("not converged", &not_converged),
        first_screen("synthetic", &synthetic),
        first_screen("1,000 runs", &fixture::many(1000)),
    ];
    fixture::check_snapshot("first_screens", &texts.join("\n\n"));
}

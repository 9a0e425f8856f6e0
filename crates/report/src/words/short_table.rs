//! The short table of a test set: six columns, the most accurate configuration first.

use crate::analysis::{AgainstReference, Analysis, Configuration, TestSet};

use super::format::{self, NONE, confidence, count, percent, rough_percent, signed_points, thousands};
use super::short_names::ShortNames;
use super::table::{Cell, Column, Table};

/// Rows; the full table has more.
const ROWS: usize = 40;

/// The table of a test set.
pub(crate) fn table(analysis: &Analysis, set: &TestSet, against: &AgainstReference) -> Table {
    let mut shown: Vec<&Configuration> = analysis.with_ids(&set.configurations).collect();
    let order = |one: &&Configuration| one.accuracy().unwrap_or(f64::NEG_INFINITY);
    shown.sort_by(|one, other| order(other).total_cmp(&order(one)));
    let left_out = shown.len().saturating_sub(ROWS);
    shown.truncate(ROWS);
    let reference = ShortNames::of(analysis, against).reference();
    let best = set.references.by_validation.then_some(set.references.best).filter(|_| shown.len() > 1);
    Table {
        caption: caption(analysis, against, best.is_some(), left_out),
        columns: vec![
            Column::text("configuration"),
            Column::number("accuracy, %"),
            Column::number(&format!("difference to {reference}, points")),
            Column::number("AUC"),
            Column::number("trained parameters"),
            Column::number("training time"),
        ],
        rows: shown.into_iter().map(|one| row(analysis, against, one, best)).collect(),
    }
}

fn caption(analysis: &Analysis, against: &AgainstReference, has_best: bool, left_out: usize) -> String {
    let names = ShortNames::of(analysis, against);
    let shared =
        names.shared(analysis, against).map(|shared| format!("Of {shared} unless named otherwise. "));
    let repeats = if analysis.configurations.iter().any(|one| one.runs.len() > 1) {
        ", time is a mean over runs"
    } else {
        ""
    };
    let best = if has_best { " ★ marks the best by validation figures." } else { "" };
    let rest = match left_out {
        0 => String::new(),
        more => format!(" The full table has {}.", count(more, "more configuration")),
    };
    format!(
        "{}Sorted by test accuracy, which is descriptive.{best} Below the figures: {} intervals{repeats}.{rest}",
        shared.unwrap_or_default(),
        confidence(&analysis.options)
    )
}

fn row(
    analysis: &Analysis,
    against: &AgainstReference,
    one: &Configuration,
    best: Option<usize>,
) -> Vec<Cell> {
    let names = ShortNames::of(analysis, against);
    let mut name: Cell = match (one.id == against.reference, against.others.is_empty()) {
        (true, true) => one.name.as_str().into(),
        (true, false) => Cell::from(one.name.as_str()).noted(names.role()),
        (false, _) => names.of_one(one).into(),
    };
    if !one.not_converged.is_empty() {
        name = name.noted("not converged");
    }
    name.best = best == Some(one.id);
    vec![
        name,
        accuracy(one),
        difference(against, one),
        one.measures
            .auc
            .map_or_else(|| NONE.into(), |area| Cell::ordered(format!("{:.3}", area.mean), area.mean)),
        Cell::ordered(thousands(one.start.trainable_parameters), one.start.trainable_parameters as f64),
        one.measures
            .train_seconds
            .map_or_else(|| NONE.into(), |time| Cell::ordered(format::seconds(time.mean), time.mean)),
    ]
}

fn accuracy(one: &Configuration) -> Cell {
    let Some(mean) = one.accuracy() else { return NONE.into() };
    let cell = Cell::ordered(percent(mean), mean);
    match one.accuracy_interval {
        None => cell,
        Some(found) => cell.noted(format!(
            "{} to {}",
            rough_percent(found.interval.lower),
            rough_percent(found.interval.upper)
        )),
    }
}

fn difference(against: &AgainstReference, one: &Configuration) -> Cell {
    let of_one = against.others.iter().find(|other| other.configuration == one.id);
    match of_one.and_then(|other| other.pair.as_ref()) {
        None => NONE.into(),
        Some(pair) => {
            let found = pair.difference;
            Cell::ordered(signed_points(found.difference), found.difference).noted(format!(
                "{} to {}",
                signed_points(found.interval.lower),
                signed_points(found.interval.upper)
            ))
        }
    }
}

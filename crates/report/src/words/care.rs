//! What to read a report with care for: at most three lines, the gravest first.

use std::collections::BTreeSet;

use ranklab_stats::{Resampled, Scope};

use crate::analysis::{Analysis, Answer, Configuration};

use super::format::{count, margin_in_points, thousands};

/// Lines on the first screen. The section on methods has all of them in full.
const MOST: usize = 3;

/// The lines.
pub(crate) fn lines(analysis: &Analysis) -> Vec<String> {
    let all = [
        synthetic(analysis),
        random_weights(analysis),
        not_converged(analysis),
        leakage(analysis),
        seeds(analysis),
        without_result(analysis),
        too_few_units(analysis),
        one_learning_rate(analysis),
    ];
    all.into_iter().flatten().take(MOST).collect()
}

fn synthetic(analysis: &Analysis) -> Option<String> {
    let said = "Images are generated: the figures say nothing about real ones.";
    analysis.is_synthetic().then(|| said.to_owned())
}

fn random_weights(analysis: &Analysis) -> Option<String> {
    let said = "A trunk was not pretrained: the figures say nothing about fine-tuning.";
    analysis.has_random_weights().then(|| said.to_owned())
}

fn not_converged(analysis: &Analysis) -> Option<String> {
    let runs: usize = analysis.configurations.iter().map(|one| one.not_converged.len()).sum();
    let all: usize = analysis.configurations.iter().map(|one| one.runs.len()).sum();
    (runs > 0).then(|| {
        format!("{runs} of {} did not converge: longer training may change the answer.", count(all, "run"))
    })
}

fn leakage(analysis: &Analysis) -> Option<String> {
    if !analysis.leakage.is_any_patient_known && analysis.leakage.unknown.is_some() {
        return Some(
            "No patient is known, so that each image counts as one: intervals are likely too narrow."
                .to_owned(),
        );
    }
    let worst = analysis.leakage.counts.iter().max_by(|one, other| one.share().total_cmp(&other.share()))?;
    (!worst.is_none()).then(|| {
        format!(
            "{} of {} test patients also occur in training: accuracy on new patients is likely lower.",
            thousands(worst.patients),
            thousands(worst.test_patients)
        )
    })
}

/// That one or two seeds say little of others.
fn seeds(analysis: &Analysis) -> Option<String> {
    let pairs = &analysis.comparisons.pairs;
    let networks = pairs.iter().filter(|pair| pair.difference.scope == Scope::Networks).count();
    if networks > 0 && networks == pairs.len() {
        return Some(
            "One seed each: differences hold for these trained networks, not for the methods.".to_owned(),
        );
    }
    let fewest = pairs.iter().flat_map(|pair| pair.difference.seeds).min()?;
    (fewest == 2).then(|| "Two seeds say little about the luck of others: intervals are wide.".to_owned())
}

fn without_result(analysis: &Analysis) -> Option<String> {
    let missing = analysis.unfinished.len();
    (missing > 0 && !analysis.runs.is_empty()).then(|| {
        let all = missing + analysis.runs.len();
        let have = if missing == 1 { "has" } else { "have" };
        format!("{missing} of {} {have} no result and {have} no part in the figures.", count(all, "trial"))
    })
}

fn too_few_units(analysis: &Analysis) -> Option<String> {
    let is_open = matches!(
        analysis.answer,
        Answer::Open { .. } | Answer::SomeWorse { .. } | Answer::OneSeed { .. } | Answer::NotInferior { .. }
    );
    let few = analysis.too_few_units.filter(|_| is_open)?;
    let (noun, number) = match few.resampled {
        Resampled::Patients(number) => ("patients", number),
        Resampled::Cells(number) => ("cells", number),
    };
    Some(format!(
        "Equality within {} takes at least {} {noun}; these are {}.",
        margin_in_points(&analysis.options),
        few.needed,
        thousands(number as i64)
    ))
}

fn one_learning_rate(analysis: &Analysis) -> Option<String> {
    let is_tuned = |one: &Configuration| !one.tuned.is_empty();
    let configurations = &analysis.configurations;
    let rates: BTreeSet<String> =
        configurations.iter().map(|one| one.start.learning_rate.to_string()).collect();
    let rate = rates.first().filter(|_| rates.len() == 1 && configurations.len() > 1)?;
    (!configurations.iter().any(is_tuned))
        .then(|| format!("All at one learning rate, {rate}: another may suit one of them better."))
}

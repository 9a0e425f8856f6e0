//! What to read a report with care for: at most three lines, the gravest first.

use std::collections::BTreeSet;

use ranklab_settings::Words;
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
        format!("{runs} of {} did not converge: the answer may change once they do.", count(all, "run"))
    })
}

/// Of the first test set, whose figures are shown.
fn leakage(analysis: &Analysis) -> Option<String> {
    if !analysis.leakage.is_any_patient_known && analysis.leakage.unknown.is_some() {
        return Some(format!(
            "No {} is known, so that each image counts as one: intervals are likely too narrow.",
            analysis.nouns.group.one
        ));
    }
    let set = analysis.test_sets.first()?;
    let runs = analysis.with_ids(&set.configurations).flat_map(|one| &one.runs);
    let starts = runs.filter_map(|run| Some(&analysis.run(*run)?.row.start));
    let worst = starts.max_by_key(|start| start.shared_patients).filter(|start| start.shared_patients > 0)?;
    let Words { groups, .. } = analysis.nouns.words();
    Some(format!(
        "{} of {} test {groups} also occur in training or validation: accuracy on new {groups} is likely lower.",
        thousands(worst.shared_patients),
        thousands(worst.test_patients)
    ))
}

/// That one or two seeds say little of others.
fn seeds(analysis: &Analysis) -> Option<String> {
    let pairs = &analysis.comparisons.pairs;
    let networks = pairs.iter().filter(|pair| pair.difference.scope == Scope::Networks).count();
    let are_single = pairs.iter().all(|pair| pair.difference.seeds == [1, 1]);
    match networks {
        0 => {
            let fewest = pairs.iter().flat_map(|pair| pair.difference.seeds).min()?;
            (fewest == 2)
                .then(|| "Two seeds say little about the luck of others: intervals are wide.".to_owned())
        }
        _ if are_single => Some(
            "One seed each: differences hold for these trained networks, not for the methods.".to_owned(),
        ),
        some => Some(format!(
            "{some} of {} on a single seed of one side: they hold for these trained networks only.",
            if pairs.len() == 1 {
                "1 comparison rests".to_owned()
            } else {
                format!("{} comparisons rest", pairs.len())
            }
        )),
    }
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
        Resampled::Patients(number) => (&analysis.nouns.group, number),
        Resampled::Cells(number) => (&analysis.nouns.image, number),
    };
    let here = if few.effective.round() < number as f64 {
        format!("count as {:.0}, being unequally large", few.effective)
    } else {
        format!("are {}", thousands(number as i64))
    };
    Some(format!(
        "Equality within {} takes at least {} {}; these {here}.",
        margin_in_points(&analysis.options),
        few.needed,
        noun.many
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

//! The title of a report: its answer as one sentence.

use ranklab_settings::Words;
use ranklab_stats::{Resampled, Scope};

use crate::analysis::{Analysis, Answer, NotCompared, SplitPair, Status};

use super::format::{count, margin_in_points, rough_percent, rough_points};
use super::short_names::ShortNames;
use super::splits::name_without_split;
use super::test_sets;

/// The title.
pub(crate) fn title(analysis: &Analysis) -> String {
    let answer = sentence(analysis) + &of_set(analysis);
    match analysis.status() {
        Status::Synthetic => format!("On synthetic images, {}", lowercase(&answer)),
        _ => answer,
    }
}

/// The set of test cells that comparisons are on, where there are several: ` (patient split, 4,000 cells)`.
fn of_set(analysis: &Analysis) -> String {
    let is_of_set = analysis.answer.is_conclusive()
        || matches!(analysis.answer, Answer::OneSeed { .. } | Answer::Open { .. });
    match test_sets::names(analysis).as_slice() {
        [first, _, ..] if is_of_set => format!(" ({first})"),
        _ => String::new(),
    }
}

fn sentence(analysis: &Analysis) -> String {
    let names = ShortNames::of_first_set(analysis);
    let name = |id: usize| capital(&names.of_one(&analysis.configurations[id]));
    let reference = names.reference();
    let margin = margin_in_points(&analysis.options);
    match &analysis.answer {
        Answer::NoResult { trials: 0, .. } => "No result: no run has a test accuracy".to_owned(),
        Answer::NoResult { failed, trials } if failed == trials => {
            format!("No result: {} failed", all(*trials, "trial"))
        }
        Answer::NoResult { trials, .. } => {
            format!("No result yet: 0 of {} finished", count(*trials, "trial"))
        }
        Answer::Alone { configuration } => {
            let one = &analysis.configurations[*configuration];
            let accuracy = one.accuracy().map_or_else(String::new, rough_percent);
            format!("{} reaches {accuracy} % accuracy; nothing to compare it with", one.name)
        }
        Answer::NotCompared { reason } => not_compared(analysis, reason),
        Answer::NotConverged { runs, of } => {
            format!("No answer yet: {runs} of {} did not converge", count(*of, "run"))
        }
        Answer::OneSeed { half_width, is_on_both_sides } => format!(
            "No conclusion yet: one seed {}, and intervals of up to ±{}",
            if *is_on_both_sides { "each" } else { "on one side of each comparison" },
            rough_points(*half_width)
        ),
        Answer::Better { configuration, difference } => format!(
            "{} is more accurate than {reference}, by {}",
            name(*configuration),
            rough_points(*difference)
        ),
        Answer::Equivalent { configuration, is_different: false } => {
            format!("{} is as accurate as {reference} within {margin}", name(*configuration))
        }
        Answer::Equivalent { configuration, is_different: true } => {
            format!("{} differs from {reference} by less than {margin}", name(*configuration))
        }
        Answer::NotInferior { configuration, is_worse: false } => {
            format!("{} is not inferior to {reference} (margin {margin})", name(*configuration))
        }
        Answer::NotInferior { configuration, is_worse: true } => {
            format!("{} is less accurate than {reference}, by less than {margin}", name(*configuration))
        }
        Answer::AllWorse { least, only: Some(only), .. } => {
            format!("{} is less accurate than {reference}, by {}", name(*only), rough_points(*least))
        }
        Answer::AllWorse { least, most, only: None } => format!(
            "{} are less accurate than {reference}, by {} to {}",
            names.all(),
            rough_points(*least).split(' ').next().unwrap_or_default(),
            rough_points(*most)
        ),
        Answer::SomeWorse { worse, open } => {
            let verb = if worse.len() == 1 { "is" } else { "are" };
            format!(
                "{} {verb} less accurate than {reference}; no conclusion on {}",
                capital(&names.list(analysis, worse)),
                if *open == 1 { "the other one".to_owned() } else { format!("the other {open}") }
            )
        }
        Answer::Open { half_width } => {
            format!(
                "No conclusion yet: intervals of up to ±{}{}",
                rough_points(*half_width),
                what_decides(analysis)
            )
        }
    }
}

/// Why nothing is compared, or what the random split adds to the split by patient.
fn not_compared(analysis: &Analysis, reason: &NotCompared) -> String {
    match reason {
        NotCompared::OnThisSet => "No comparison on the first test set; others have comparisons".to_owned(),
        _ if !analysis.splits.is_empty() => splits(analysis),
        NotCompared::Refused(reason) => format!("No comparison: {reason}"),
        NotCompared::OtherCells => {
            let images = &analysis.nouns.image.many;
            format!("No comparison: no two configurations were tested on the same {images}")
        }
        NotCompared::NoPredictions => "No comparison: the runs store no predictions to compare".to_owned(),
    }
}

/// What the random split adds to the split by patient, for the first configuration that has both.
fn splits(analysis: &Analysis) -> String {
    let SplitPair { random, difference: found, corrected_p, .. } = &analysis.splits[0];
    let direction = if found.difference >= 0.0 { "higher" } else { "lower" };
    let whose = match analysis.splits.len() {
        1 => "accuracy is".to_owned(),
        _ => format!("accuracy of {} is", name_without_split(&analysis.configurations[*random])),
    };
    let said = format!(
        "{whose} {} {direction} under the random split than by {}{}",
        rough_points(found.difference.abs()),
        analysis.nouns.group.one,
        if found.scope == Scope::Networks { " (one seed)" } else { "" }
    );
    match found.interval.contains(0.0) || *corrected_p >= analysis.options.alpha {
        true => format!("No conclusion yet: {said}"),
        false => uppercase(&said),
    }
}

/// `; it takes more patients`: what would show a loss of the margin, or equality. Empty where that is not known.
fn what_decides(analysis: &Analysis) -> String {
    let Some(power) = analysis.power else { return String::new() };
    let margin = margin_in_points(&analysis.options);
    let Words { groups, images, .. } = analysis.nouns.words();
    match (power.seeds_for_margin, analysis.too_few_units) {
        _ if power.folds.is_some() => format!("; it takes more folds and {groups}"),
        (Some(seeds), _) if seeds > power.seeds => {
            format!("; about {seeds} seeds would likely show a loss of {margin}")
        }
        (Some(_), Some(few)) => match few.resampled {
            Resampled::Patients(_) => format!("; equality takes {} {groups}", few.needed),
            Resampled::Cells(_) => format!("; equality takes {} {images}", few.needed),
        },
        (Some(_), None) => String::new(),
        (None, _) => format!("; it takes more {groups}"),
    }
}

/// `all 3 trials`, `the trial`.
fn all(number: usize, noun: &str) -> String {
    if number == 1 { format!("the {noun}") } else { format!("all {}", count(number, noun)) }
}

/// The sentence without a capital at its start.
fn lowercase(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The sentence with a capital at its start.
fn uppercase(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A name at the start of a sentence. Names of models and layers stay as they are written.
fn capital(name: &str) -> String {
    match name.strip_prefix("rank") {
        Some(rest) => format!("Rank{rest}"),
        None => name.to_owned(),
    }
}

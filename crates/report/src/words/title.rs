//! The title of a report: its answer as one sentence.

use crate::analysis::{Analysis, Answer, Status};

use super::format::{count, margin_in_points, rough_percent, rough_points};
use super::short_names::ShortNames;

/// The title.
pub(crate) fn title(analysis: &Analysis) -> String {
    let answer = sentence(analysis);
    match analysis.status() {
        Status::Synthetic => format!("On synthetic images, {}", lowercase(&answer)),
        _ => answer,
    }
}

fn sentence(analysis: &Analysis) -> String {
    let names = ShortNames::of_first_set(analysis);
    let name = |id: usize| capital(&names.of_one(&analysis.configurations[id]));
    let reference = names.reference();
    let margin = margin_in_points(&analysis.options);
    match &analysis.answer {
        Answer::NoResult { trials: 0, .. } => "No result: no trial was planned".to_owned(),
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
        Answer::NotCompared if !analysis.splits.is_empty() => splits(analysis),
        Answer::NotCompared if analysis.test_sets.len() > 1 => {
            "No comparison: no two configurations were tested on the same cells".to_owned()
        }
        Answer::NotCompared => "No comparison: the runs store no predictions to compare".to_owned(),
        Answer::NotConverged { runs, of } => {
            format!("No answer yet: {runs} of {} did not converge", count(*of, "run"))
        }
        Answer::OneSeed { half_width } => {
            format!("No conclusion yet: one seed each, and intervals of up to ±{}", rough_points(*half_width))
        }
        Answer::Better { configuration, difference } => format!(
            "{} is more accurate than {reference}, by {}",
            name(*configuration),
            rough_points(*difference)
        ),
        Answer::Equivalent { configuration } => {
            format!("{} is as accurate as {reference} within {margin}", name(*configuration))
        }
        Answer::NotInferior { configuration } => {
            format!("{} loses less than {margin} of accuracy to {reference}", name(*configuration))
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
                "No conclusion yet: intervals are ±{}{}",
                rough_points(*half_width),
                what_decides(analysis)
            )
        }
    }
}

/// What the random split adds to the split by patient, for the first configuration that has both.
fn splits(analysis: &Analysis) -> String {
    let found = analysis.splits[0].difference;
    let direction = if found.difference >= 0.0 { "higher" } else { "lower" };
    let points = rough_points(found.difference.abs());
    match found.interval.contains(0.0) {
        true => format!(
            "No conclusion yet: accuracy is {points} {direction} under the random split than by patient"
        ),
        false => format!("Accuracy is {points} {direction} under the random split than by patient"),
    }
}

/// `; about 6 seeds would decide`: what it takes to find a loss of the margin, or to show equality.
fn what_decides(analysis: &Analysis) -> String {
    let Some(power) = analysis.power else { return String::new() };
    match (power.seeds_for_margin, analysis.too_few_units) {
        _ if power.folds.is_some() => "; more folds and patients would decide".to_owned(),
        (Some(seeds), _) if seeds > power.seeds => format!("; about {seeds} seeds would decide"),
        (Some(_), Some(few)) => format!("; equality takes {} patients", few.needed),
        (Some(_), None) => String::new(),
        (None, _) => "; more patients would decide".to_owned(),
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

/// A name at the start of a sentence. Names of models and layers stay as they are written.
fn capital(name: &str) -> String {
    match name.strip_prefix("rank") {
        Some(rest) => format!("Rank{rest}"),
        None => name.to_owned(),
    }
}

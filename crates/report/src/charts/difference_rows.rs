//! The rows of a chart of differences: configurations with their verdicts, in words and in colour.

use plotters::style::RGBColor;

use crate::analysis::{Against, AgainstReference, Analysis, Pair, Validation};
use crate::words::format::{confidence, signed_points};
use crate::words::short_names::ShortNames;
use crate::words::verdict::{Tone, verdict};

use super::palette::{BAD, GOOD, OPEN};

/// A configuration beside its reference.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Its name, without what all share.
    pub(super) name: String,
    /// The verdict in a few words.
    pub(super) verdict: String,
    /// What the verdict is painted as.
    tone: Tone,
    /// Difference and the ends of its interval, as shares; `None` where it was not compared.
    pub(super) interval: Option<(f64, f64, f64)>,
    /// The interval in words.
    numbers: String,
    /// The difference of each run, with its words.
    pub(super) runs: Vec<(f64, String)>,
}

/// The rows of a test set, at most so many, and how many are left out. Those with the best validation figures stay.
pub(super) fn rows(analysis: &Analysis, set: &AgainstReference, most: usize) -> (Vec<Row>, usize) {
    let names = ShortNames::of(analysis, set);
    let shown: Vec<&Against> =
        set.others.iter().filter(|one| one.pair.is_some() || !one.runs.is_empty()).collect();
    let validation = |one: &&Against| analysis.configurations[one.configuration].validation.as_ref();
    let mut by_validation = shown.clone();
    by_validation.sort_by(|one, other| Validation::order(validation(one), validation(other)));
    by_validation.truncate(most);
    let kept = shown.iter().filter(|one| by_validation.iter().any(|kept| std::ptr::eq(*kept, **one)));
    let row = |one: &&Against| {
        let configuration = &analysis.configurations[one.configuration];
        let (verdict, tone) = match &one.pair {
            Some(pair) => verdict(analysis, pair),
            None => ("not compared".to_owned(), Tone::Open),
        };
        let name = names.of_one(configuration);
        Row {
            runs: one
                .runs
                .iter()
                .map(|run| (run.difference, run_text(analysis, run.run, run.difference)))
                .collect(),
            interval: one.pair.as_ref().map(|pair| {
                let difference = pair.difference;
                (difference.difference, difference.interval.lower, difference.interval.upper)
            }),
            numbers: one.pair.as_ref().map_or_else(String::new, |pair| numbers(analysis, pair)),
            name,
            verdict,
            tone,
        }
    };
    (kept.map(row).collect(), shown.len().saturating_sub(most))
}

/// `−0.48 points, 95 % interval −0.99 to +0.02`.
fn numbers(analysis: &Analysis, pair: &Pair) -> String {
    let interval = pair.difference.interval;
    format!(
        "{} points, {} interval {} to {}",
        signed_points(pair.difference.difference),
        confidence(&analysis.options),
        signed_points(interval.lower),
        signed_points(interval.upper)
    )
}

/// `run 7, seed 1, fold 3: −0.80 points`.
fn run_text(analysis: &Analysis, id: i64, difference: f64) -> String {
    let start = analysis.run(id).map(|run| &run.row.start);
    let seed = start.map_or_else(String::new, |start| format!(", seed {}", start.seed));
    let fold = start.and_then(|start| start.fold).map_or_else(String::new, |fold| format!(", fold {fold}"));
    format!("run {id}{seed}{fold}: {} points", signed_points(difference))
}

impl Row {
    /// The row in words: `rank 4: −0.48 points, 95 % interval −0.99 to +0.02, inconclusive`.
    pub(super) fn spoken(&self) -> String {
        let numbers = if self.numbers.is_empty() { String::new() } else { format!("{}, ", self.numbers) };
        format!("{}: {numbers}{}", self.name, self.verdict)
    }

    /// The colour of its verdict.
    pub(super) fn colour(&self) -> RGBColor {
        match self.tone {
            Tone::Good => GOOD,
            Tone::Bad => BAD,
            Tone::Open => OPEN,
        }
    }

    /// All values that the axis has to hold.
    pub(super) fn reach(&self) -> Vec<f64> {
        let interval = self.interval.into_iter().flat_map(|(middle, lower, upper)| [middle, lower, upper]);
        interval.chain(self.runs.iter().map(|(difference, _)| *difference)).collect()
    }
}

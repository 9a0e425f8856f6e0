//! The verdicts of a test set as a matrix: each configuration against the baseline and against the best by validation.

use std::collections::BTreeSet;

use ranklab_stats::Verdict;

use crate::analysis::{AgainstReference, Analysis, Pair, TestSet};

use super::format::{count, rough_points, signed_points};
use super::pairs::sentence;
use super::short_names::ShortNames;
use super::verdict::{Tone, have_converged, verdict};

/// Rows; the table of all comparisons has more.
const ROWS: usize = 40;

/// A comparison in a few words, and in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VerdictCell {
    /// `inconclusive`.
    pub(crate) word: String,
    /// `−0.48`.
    pub(crate) difference: String,
    /// How it is painted.
    pub(crate) tone: Tone,
    /// All that is said of it.
    pub(crate) sentence: String,
}

/// The matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VerdictMatrix {
    /// What the rows are compared with.
    pub(crate) columns: Vec<String>,
    /// Names of configurations, with a cell for each column that they were compared in.
    pub(crate) rows: Vec<(String, Vec<Option<VerdictCell>>)>,
    /// What holds of all comparisons.
    pub(crate) notes: Vec<String>,
}

/// The matrix of a test set; `None` where nothing is compared.
pub(crate) fn matrix(
    analysis: &Analysis,
    set: &TestSet,
    against: &AgainstReference,
) -> Option<VerdictMatrix> {
    let names = ShortNames::of(analysis, against);
    let mut references: Vec<(usize, String)> = Vec::new();
    if let Some(baseline) = set.references.baseline {
        references
            .push((baseline, format!("against the baseline, {}", analysis.configurations[baseline].name)));
    }
    let best = set.references.best;
    if !references.iter().any(|(id, _)| *id == best) {
        let name = names.of_one(&analysis.configurations[best]);
        let role =
            if set.references.by_validation { "the best by validation" } else { "the first configuration" };
        references.push((best, format!("against {role}, {name}")));
    }
    let cell = |first: usize, second: usize| {
        let other = against.others.iter().find(|one| one.configuration == first);
        let pair = match second == against.reference {
            true => other.and_then(|one| one.pair.as_ref()),
            false => analysis.comparisons.pair(first, second),
        };
        pair.map(|pair| of_pair(analysis, pair))
    };
    let mut order: Vec<usize> = against.others.iter().map(|one| one.configuration).collect();
    order.push(against.reference);
    let row = |id: &usize| {
        let cells: Vec<Option<VerdictCell>> =
            references.iter().map(|(second, _)| cell(*id, *second)).collect();
        let one = &analysis.configurations[*id];
        let name = if *id == against.reference { one.name.clone() } else { names.of_one(one) };
        cells.iter().any(Option::is_some).then_some((name, cells))
    };
    let mut rows: Vec<_> = order.iter().filter_map(row).collect();
    let left_out = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    let used = |column: &usize| rows.iter().any(|(_, cells)| cells[*column].is_some());
    let columns: Vec<usize> = (0..references.len()).filter(used).collect();
    (!rows.is_empty()).then(|| VerdictMatrix {
        columns: columns.iter().map(|column| references[*column].1.clone()).collect(),
        rows: rows
            .into_iter()
            .map(|(name, cells)| (name, columns.iter().map(|column| cells[*column].clone()).collect()))
            .collect(),
        notes: notes(analysis, &order, left_out),
    })
}

fn of_pair(analysis: &Analysis, pair: &Pair) -> VerdictCell {
    let (word, tone) = verdict(analysis, pair);
    VerdictCell {
        word,
        tone,
        difference: signed_points(pair.difference.difference),
        sentence: sentence(analysis, pair),
    }
}

/// What holds of all comparisons of these configurations, once.
fn notes(analysis: &Analysis, shown: &[usize], left_out: usize) -> Vec<String> {
    let pairs: Vec<&Pair> =
        analysis.comparisons.pairs.iter().filter(|pair| shown.contains(&pair.first)).collect();
    let mut notes = Vec::new();
    let open: Vec<&&Pair> = pairs
        .iter()
        .filter(|pair| pair.verdict == Verdict::Inconclusive && !pair.noninferiority.noninferior)
        .filter(|pair| have_converged(analysis, pair))
        .collect();
    if open.len() > 1 {
        let widest = open.iter().map(|pair| pair.half_width()).fold(0.0, f64::max);
        let seeds: BTreeSet<usize> = open.iter().flat_map(|pair| pair.difference.seeds).collect();
        let seeds = match (seeds.first(), seeds.last()) {
            (Some(fewest), Some(most)) if fewest == most => format!("{} each", count(*fewest, "seed")),
            (Some(fewest), Some(most)) => format!("{fewest} to {most} seeds"),
            _ => String::new(),
        };
        notes.push(format!(
            "{} of {} are inconclusive: intervals reach up to ±{} with {seeds}.",
            open.len(),
            count(pairs.len(), "comparison"),
            rough_points(widest)
        ));
    }
    if left_out > 0 {
        notes.push(format!("The table of all comparisons has {}.", count(left_out, "more configuration")));
    }
    notes
}

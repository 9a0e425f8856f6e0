//! Configurations against each other, cell by cell: which pairs, and what the statistics say of each.

use std::collections::HashSet;

use ranklab_settings::{Baseline, Nouns};
use ranklab_stats::{
    DelongComparison, Equivalence, McNemar, MeanDifference, NonInferiority, Verdict, delong_comparison,
    flips, holm,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::options::Options;

use super::cells::TestCells;
use super::families::{Families, ScoresOfSet, compared};
use super::measured::Measured;
use super::references::{References, references};
use super::refusal::refusal;
use super::validation::Validation;

/// Most comparisons shown.
const SHOWN_PAIRS: usize = 100;

/// Comparisons that claims are corrected for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PairFamily {
    /// Each configuration against the baseline: the question that a sweep is run for.
    Primary,
    /// Each against the best by validation; what these say is secondary, and corrected apart.
    Secondary,
}

/// A difference in sensitivity or specificity with its tests, which are held to a margin of their own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RateDifference {
    /// The difference at a probability of one half.
    pub difference: MeanDifference,
    /// Equivalence within the rate's margin, not corrected: the pair's p has the correction.
    pub equivalence: Equivalence,
    /// Whether the first is not inferior to the second by the rate's margin, likewise.
    pub noninferiority: NonInferiority,
}

/// A pair of configurations on the same cells. All differences are `first − second`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// Id of the first configuration.
    pub first: usize,
    /// Id of the second configuration, the reference.
    pub second: usize,
    /// Which comparisons it is corrected with.
    pub family: PairFamily,
    /// Difference in accuracy with its interval and raw p.
    pub difference: MeanDifference,
    /// p after correction over its family.
    pub corrected_p: f64,
    /// Difference in sensitivity; `None` where too few patients have positive cells.
    pub sensitivity: Option<RateDifference>,
    /// Difference in specificity; `None` where too few patients have negative cells.
    pub specificity: Option<RateDifference>,
    /// Equivalence in accuracy. Its p is the largest of accuracy, sensitivity and specificity, each within its own
    /// margin, after correction over its family: equivalence is claimed where all three are shown.
    pub equivalence: Equivalence,
    /// Whether the first is not inferior to the second, likewise.
    pub noninferiority: NonInferiority,
    /// What may be said.
    pub verdict: Verdict,
    /// Whether both predict every cell alike.
    pub are_identical: bool,
    /// Cells that only the first gets right, over all pairs of its repeats and the second's on average.
    pub first_only: f64,
    /// Cells that only the second gets right.
    pub second_only: f64,
    /// The exact test of these cells, for single runs.
    pub mcnemar: Option<McNemar>,
    /// Difference in area under the ROC curve, for single runs without folds.
    pub area: Option<DelongComparison>,
    /// Splits that each seed was trained on, the larger number of both.
    pub splits: usize,
}

impl Pair {
    /// Half of the width of the interval of the difference in accuracy.
    pub(crate) fn half_width(&self) -> f64 {
        let interval = self.difference.interval;
        (interval.upper - interval.lower) / 2.0
    }
}

/// A pair on the same cells that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedPair {
    /// Id of the first configuration.
    pub first: usize,
    /// Id of the second configuration.
    pub second: usize,
    /// What the statistics refuse.
    pub reason: String,
}

/// All comparisons of a report.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct Comparisons {
    /// Comparisons with the baseline, then those with the best by validation.
    pub pairs: Vec<Pair>,
    /// Comparisons with the baseline, which their p-values are corrected for.
    pub primary: usize,
    /// Comparisons with the best by validation, likewise.
    pub secondary: usize,
    /// Comparisons that were made but are not shown.
    pub left_out: usize,
    /// Pairs on the same cells that cannot be compared.
    pub failed: Vec<FailedPair>,
    /// Ids of the configurations that share their test cells, in the order of their first: those of different sets are
    /// not compared.
    pub sets_of_cells: Vec<Vec<usize>>,
}

impl Comparisons {
    /// Comparisons of a family.
    pub fn of_family(&self, family: PairFamily) -> usize {
        match family {
            PairFamily::Primary => self.primary,
            PairFamily::Secondary => self.secondary,
        }
    }

    /// The comparison of two configurations in this order, where it was made and is shown.
    pub fn pair(&self, first: usize, second: usize) -> Option<&Pair> {
        self.pairs.iter().find(|pair| (pair.first, pair.second) == (first, second))
    }

    /// Keeps the comparisons of the configurations with the best validation figures, in their order, and counts the rest.
    pub(crate) fn leading(mut self, measured: &[Measured<'_>]) -> Self {
        self.left_out = self.pairs.len().saturating_sub(SHOWN_PAIRS);
        if self.left_out > 0 {
            let mut places: Vec<usize> = (0..self.pairs.len()).collect();
            let validation =
                |place: &usize| measured[self.pairs[*place].first].configuration.validation.as_ref();
            places.sort_by(|one, other| Validation::order(validation(one), validation(other)));
            let kept: HashSet<usize> = places.into_iter().take(SHOWN_PAIRS).collect();
            let mut place = 0;
            self.pairs.retain(|_| {
                place += 1;
                kept.contains(&(place - 1))
            });
        }
        self
    }
}

/// Compares the configurations of each set of cells with its baseline and with its best by validation. Those that were
/// tested on different cells are not compared.
pub(crate) fn compare_pairs(
    measured: &[Measured<'_>],
    sets: Vec<Vec<usize>>,
    baseline: &Baseline,
    options: &Options,
    nouns: &Nouns,
) -> Comparisons {
    let mut pairs = Vec::new();
    let mut failed = Vec::new();
    for set in &sets {
        let of_set = set.iter().map(|id| &measured[*id].configuration);
        let Some(references) = references(of_set, baseline) else { continue };
        let wanted = wanted(measured, set, &references, baseline);
        match compare_set(measured, set, &wanted, options) {
            Ok(found) => pairs.extend(found),
            Err(reason) => failed.extend(wanted.iter().map(|(first, second, _)| FailedPair {
                first: *first,
                second: *second,
                reason: refusal(&reason, nouns),
            })),
        }
    }
    pairs.sort_by_key(|pair: &Pair| pair.family == PairFamily::Secondary);
    for family in [PairFamily::Primary, PairFamily::Secondary] {
        let mut of_family: Vec<&mut Pair> = pairs.iter_mut().filter(|pair| pair.family == family).collect();
        correct(&mut of_family);
    }
    let of = |family| pairs.iter().filter(|pair| pair.family == family).count();
    Comparisons {
        primary: of(PairFamily::Primary),
        secondary: of(PairFamily::Secondary),
        pairs,
        left_out: 0,
        failed,
        sets_of_cells: sets,
    }
}

/// The pairs of a set: each configuration that the baseline's settings do not select against the baseline, then each
/// against the best by validation where the two were not compared yet.
fn wanted(
    measured: &[Measured<'_>],
    set: &[usize],
    references: &References,
    baseline: &Baseline,
) -> Vec<(usize, usize, PairFamily)> {
    let mut wanted = Vec::new();
    let is_baseline = |id: &usize| baseline.selects(&measured[*id].configuration.settings);
    if let Some(reference) = references.baseline {
        let others = set.iter().filter(|id| !is_baseline(id));
        wanted.extend(others.map(|id| (*id, reference, PairFamily::Primary)));
    }
    let best = references.best;
    let known: HashSet<(usize, usize)> = wanted.iter().map(|(first, second, _)| (*first, *second)).collect();
    let others = set
        .iter()
        .filter(|id| **id != best && !known.contains(&(**id, best)) && !known.contains(&(best, **id)));
    wanted.extend(others.map(|id| (*id, best, PairFamily::Secondary)));
    wanted
}

/// The pairs of configurations that share their cells, nothing corrected yet.
fn compare_set(
    measured: &[Measured<'_>],
    set: &[usize],
    wanted: &[(usize, usize, PairFamily)],
    options: &Options,
) -> ranklab_stats::Result<Vec<Pair>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let cells: Vec<&TestCells> = set.iter().filter_map(|id| measured[*id].cells.as_ref()).collect();
    let scores = ScoresOfSet::new(&cells)?;
    let families = Families::new(&scores)?;
    let place = |id: usize| set.iter().position(|other| *other == id).unwrap_or_default();
    let pairs = wanted.par_iter().map(|(first, second, family)| {
        let places = (place(*first), place(*second));
        let (one, other) = (cells[places.0], cells[places.1]);
        let found = families.accuracy.compare(places.0, places.1, options.level())?;
        let (margin, alpha) = (options.margin, options.alpha);
        let rate = |family: Option<&_>, margin: f64| {
            let found = compared(family, places, options.level())?;
            Some(RateDifference {
                difference: found.difference,
                equivalence: found.equivalence(margin, alpha).ok()?,
                noninferiority: found.swapped().noninferiority(margin, alpha).ok()?,
            })
        };
        let flips = flips(&one.correctness, &other.correctness)?;
        let mut pair = Pair {
            first: *first,
            second: *second,
            family: *family,
            difference: found.difference,
            corrected_p: found.difference.p,
            sensitivity: rate(families.sensitivity.as_ref(), options.sensitivity_margin),
            specificity: rate(families.specificity.as_ref(), options.specificity_margin),
            equivalence: found.equivalence(margin, alpha)?,
            noninferiority: found.swapped().noninferiority(margin, alpha)?,
            verdict: Verdict::Inconclusive,
            are_identical: one.repeats == other.repeats,
            first_only: flips.first_only,
            second_only: flips.second_only,
            mcnemar: None,
            area: None,
            splits: one.splits.max(other.splits),
        };
        add_tests_of_cells(&mut pair, one, other, options);
        Ok(pair)
    });
    pairs.collect()
}

/// Corrects the claims of a family. Equivalence and non-inferiority are claimed where accuracy, sensitivity and
/// specificity all show them, so that the largest p of the three counts (Berger 1982's intersection-union test).
fn correct(pairs: &mut [&mut Pair]) {
    let rates = |pair: &Pair| [pair.sensitivity, pair.specificity].into_iter().flatten().collect::<Vec<_>>();
    let largest = |p: f64, of: &dyn Fn(&RateDifference) -> f64, pair: &Pair| {
        rates(pair).iter().map(of).fold(p, f64::max)
    };
    let corrected = |p_values: Vec<f64>| {
        // Nothing is claimed where the correction cannot be computed.
        holm(&p_values).unwrap_or_else(|_| vec![1.0; p_values.len()])
    };
    let different = corrected(pairs.iter().map(|pair| pair.difference.p).collect());
    let same = corrected(
        pairs.iter().map(|pair| largest(pair.equivalence.p, &|rate| rate.equivalence.p, pair)).collect(),
    );
    let enough = corrected(
        pairs
            .iter()
            .map(|pair| largest(pair.noninferiority.p, &|rate| rate.noninferiority.p, pair))
            .collect(),
    );
    for (((pair, different), same), enough) in pairs.iter_mut().zip(different).zip(same).zip(enough) {
        pair.corrected_p = different;
        pair.equivalence = pair.equivalence.corrected(same);
        pair.noninferiority = pair.noninferiority.corrected(enough);
        let MeanDifference { difference, interval, .. } = pair.difference;
        pair.verdict = Verdict::new(difference, &interval, pair.corrected_p, &pair.equivalence);
    }
}

/// The tests that take cells as independent, for single runs.
fn add_tests_of_cells(pair: &mut Pair, one: &TestCells, other: &TestCells, options: &Options) {
    let ([first], [second]) = (one.repeats.as_slice(), other.repeats.as_slice()) else { return };
    let right =
        |cells: &TestCells| -> Vec<bool> { cells.correctness.iter().map(|share| *share > 0.5).collect() };
    pair.mcnemar = McNemar::from_correctness(&right(one), &right(other)).ok();
    if one.folds == 1 && other.folds == 1 {
        pair.area = delong_comparison(&one.labels, first, second, options.level()).ok().flatten();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::analysis::configuration::NoCells;
    use crate::analysis::{Analysis, Configuration};
    use crate::data::ReportData;
    use crate::fixture;

    fn compared(data: &ReportData) -> (Vec<Configuration>, Comparisons) {
        let Analysis { configurations, comparisons, .. } = analyse(data).unwrap();
        (configurations, comparisons)
    }

    fn verdicts(data: &ReportData) -> Vec<Verdict> {
        compared(data).1.pairs.iter().map(|pair| pair.verdict).collect()
    }

    #[test]
    fn a_clear_winner_an_equivalent_pair_and_an_open_one_are_told_apart() {
        // Of 4,000 cells model_4 gets 40 wrong, the others as many as given.
        assert_eq!(verdicts(&fixture::against_classical(40, 400)), [Verdict::Worse]);
        assert_eq!(verdicts(&fixture::against_classical(400, 40)), [Verdict::Better]);
        assert_eq!(verdicts(&fixture::on_patients(400, 40, 41)), [Verdict::Equivalent]);
        assert_eq!(verdicts(&fixture::on_patients(1000, 40, 50)), [Verdict::EquivalentYetDifferent]);
        // 200 patients may miss the one in a hundred on whom a network fails.
        assert_eq!(verdicts(&fixture::against_classical(40, 41)), [Verdict::Inconclusive]);
        let (_, few) = compared(&fixture::ranks());
        assert!(few.pairs.iter().all(|pair| pair.verdict == Verdict::Inconclusive), "{few:?}");
    }

    #[test]
    fn a_smaller_margin_takes_equivalence_back() {
        let mut data = fixture::against_classical(40, 41);
        data.options.margin = 0.0002;
        assert_eq!(verdicts(&data), [Verdict::Inconclusive]);
    }

    #[test]
    fn adapted_configurations_stand_against_model_4_and_each_against_the_best() {
        let (groups, found) = compared(&fixture::ranks());
        let names: Vec<(&str, &str)> = found
            .pairs
            .iter()
            .map(|pair| (groups[pair.first].name.as_str(), groups[pair.second].name.as_str()))
            .collect();
        let rank = |rank: i64| format!("model_5 · block5 · rank {rank}");
        let (one, five, sixteen) = (rank(1), rank(5), rank(16));
        assert_eq!(
            names,
            [
                (one.as_str(), "model_4"),
                (&five, "model_4"),
                (&sixteen, "model_4"),
                (&one, &five),
                (&sixteen, &five)
            ]
        );
        assert_eq!((found.primary, found.secondary), (3, 2));
        // Rank 5 gets 2 cells right that model_4 gets wrong, and none the other way.
        let five = &found.pairs[1];
        assert_eq!((five.first_only, five.second_only), (2.0, 0.0));
        assert!((five.mcnemar.unwrap().p - 0.5).abs() < 1e-12);
        assert!((five.difference.difference - 0.01).abs() < 1e-12);
        assert!(five.corrected_p >= five.difference.p);
        assert!(five.area.is_some());
    }

    #[test]
    fn each_family_is_corrected_by_itself_and_all_measures_count() {
        let mut data = fixture::series(&[(1, 60), (5, 42), (16, 40), (64, 55)]);
        data.runs.push(fixture::against_classical(44, 0).runs.remove(0));
        data.runs[4].row.id = 9;
        data.runs[4].row.start.config_hash = "9".into();
        let (_, found) = compared(&data);
        assert_eq!((found.primary, found.secondary), (4, 3));
        for family in [PairFamily::Primary, PairFamily::Secondary] {
            let of_family: Vec<&Pair> = found.pairs.iter().filter(|pair| pair.family == family).collect();
            let raw: Vec<f64> = of_family.iter().map(|pair| pair.difference.p).collect();
            for (pair, corrected) in of_family.iter().zip(holm(&raw).unwrap()) {
                assert_eq!(pair.corrected_p, corrected);
                let sensitivity = pair.sensitivity.unwrap();
                assert!(pair.equivalence.p >= sensitivity.equivalence.p);
                assert!(pair.noninferiority.p >= sensitivity.noninferiority.p);
            }
        }
    }

    #[test]
    fn a_loss_of_sensitivity_takes_an_equivalence_back() {
        // Of 40,000 cells of 2,000 patients half are positive; 300 more of those are missed: 0.75 points of accuracy.
        let mut data = fixture::on_patients(2000, 40, 60);
        data.options.margin = 0.02;
        assert_eq!(verdicts(&data), [Verdict::EquivalentYetDifferent]);
        data.options.sensitivity_margin = 0.005;
        assert_eq!(verdicts(&data), [Verdict::Worse]);
    }

    #[test]
    fn of_very_many_comparisons_those_of_the_best_by_validation_are_kept() {
        let (_, found) = compared(&fixture::many(120));
        assert_eq!((found.primary, found.secondary), (0, 119));
        assert_eq!((found.pairs.len(), found.left_out), (SHOWN_PAIRS, 119 - SHOWN_PAIRS));
        // Ranks 2 to 101 against rank 1, the best.
        assert!(found.pairs.iter().all(|pair| pair.second == 0 && pair.first <= SHOWN_PAIRS));
    }

    #[test]
    fn several_seeds_are_one_test_without_mcnemar() {
        let (_, found) = compared(&fixture::seeds());
        assert_eq!((found.pairs.len(), found.pairs[0].difference.seeds), (1, [3, 3]));
        assert!(found.pairs[0].mcnemar.is_none() && found.pairs[0].area.is_none());
        assert!((found.pairs[0].difference.difference - 0.01).abs() < 1e-12);
    }

    #[test]
    fn seeds_that_differ_much_take_a_difference_back() {
        let claimed = |adapted: [i64; 3]| verdicts(&fixture::large_seeds([40, 44, 42], adapted));
        assert_eq!(claimed([400, 410, 405]), [Verdict::Worse]);
        // The same mean: one seed was as good as model_4's, one much worse.
        assert_eq!(claimed([42, 800, 373]), [Verdict::Inconclusive]);
        assert_eq!(claimed([41, 43, 42]), [Verdict::Inconclusive]);
        let mut wide = fixture::large_seeds([40, 44, 42], [41, 43, 42]);
        (wide.options.margin, wide.options.sensitivity_margin) = (0.02, 0.02);
        assert_eq!(verdicts(&wide), [Verdict::Equivalent]);
    }

    #[test]
    fn folds_are_compared_as_one_set_of_cells() {
        let (_, found) = compared(&fixture::folds());
        assert_eq!(found.pairs.len(), 1);
        assert_eq!((found.pairs[0].difference.cells, found.pairs[0].difference.seeds), (200, [1, 1]));
        assert!((found.pairs[0].difference.difference - 0.02).abs() < 1e-12);
    }

    #[test]
    fn other_cells_are_not_compared_and_that_is_said() {
        let mut data = fixture::ranks();
        for row in &mut data.runs[0].predictions {
            row.image = format!("other_{}", row.image).into();
        }
        let (groups, found) = compared(&data);
        assert!(found.pairs.iter().all(|pair| groups[pair.first].start.model == "model_5"));
        assert_eq!((found.primary, found.secondary), (0, 2));
        assert_eq!(found.sets_of_cells, [vec![0], vec![1, 2, 3]]);
    }

    #[test]
    fn a_diverged_run_is_left_out_with_its_reason() {
        let mut data = fixture::ranks();
        data.runs[2].predictions[0].probability = f64::NAN;
        let (configurations, found) = compared(&data);
        assert_eq!((found.primary, found.secondary), (2, 1));
        assert_eq!(configurations[2].tested, Err(NoCells::NoProbabilities));
    }

    #[test]
    fn identical_runs_are_not_called_equivalent_on_few_cells() {
        let mut data = fixture::ranks();
        data.runs.truncate(2);
        data.runs[1].predictions = data.runs[0].predictions.clone();
        let (_, found) = compared(&data);
        assert_eq!((found.pairs[0].difference.difference, found.pairs[0].difference.p), (0.0, 1.0));
        assert_eq!(found.pairs[0].area.unwrap().p, None);
        data.options.margin = 0.001;
        assert_eq!(verdicts(&data), [Verdict::Inconclusive]);
        data.runs.iter_mut().for_each(|run| run.predictions.truncate(1));
        let (_, found) = compared(&data);
        assert!(
            found.pairs.is_empty() && found.failed[0].reason.contains("compare runs on at least 2 cells")
        );
    }
}

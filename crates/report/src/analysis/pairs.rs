//! Configurations against each other, cell by cell: which pairs, and what the statistics say of each.

use std::collections::{HashMap, HashSet};

use ranklab_stats::{
    DelongComparison, Equivalence, McNemar, MeanDifference, Verdict, delong_comparison, flips, holm,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::options::Options;

use super::cells::TestCells;
use super::configuration::{Configuration, most_accurate_on_cells};
use super::measured::Measured;

/// The model that adapted ones are compared with.
pub(crate) const CLASSICAL: &str = "model_4";

/// Most pairs that are all tested: those of 100 configurations. Of more, only the wanted ones are.
const ALL_PAIRS: usize = 4950;
/// Most comparisons shown of those wanted.
const SHOWN_PAIRS: usize = 100;

/// A pair of configurations on the same cells. All differences are `first − second`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// Id of the first configuration.
    pub first: usize,
    /// Id of the second configuration.
    pub second: usize,
    /// Difference in accuracy with its interval and raw p, over seeds where there are several.
    pub difference: MeanDifference,
    /// p after correction over all pairs of the report.
    pub corrected_p: f64,
    /// Equivalence within the margin, corrected over the comparisons shown.
    pub equivalence: Equivalence,
    /// What may be said.
    pub verdict: Verdict,
    /// Cells that only the first gets right, over all pairs of its repeats and the second's on average.
    pub first_only: f64,
    /// Cells that only the second gets right.
    pub second_only: f64,
    /// The exact test of these cells, for single runs.
    pub mcnemar: Option<McNemar>,
    /// Difference in area under the ROC curve, for single runs.
    pub area: Option<DelongComparison>,
    /// Seeds of the first and the second.
    pub seeds: (usize, usize),
    /// Splits that each seed was trained on, the larger number of both.
    pub splits: usize,
    /// Folds of a repeat, where they are the units of the test.
    pub folds: Option<usize>,
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
    /// Adapted configurations against the classical one, then each against the best.
    pub pairs: Vec<Pair>,
    /// Pairs that p-values are corrected for: all on the same cells, shown or not, because the best was
    /// chosen by the same cells.
    pub corrected_for: usize,
    /// Comparisons that p-values of equivalence are corrected for.
    pub equivalences: usize,
    /// Whether the correction is Bonferroni's, because there are too many pairs to test them all.
    pub by_number_only: bool,
    /// Comparisons that were made but are not shown.
    pub left_out: usize,
    /// Pairs on the same cells that cannot be compared.
    pub failed: Vec<FailedPair>,
    /// Ids of the configurations that share their test cells, in the order of their first: those of different sets are
    /// not compared.
    pub sets_of_cells: Vec<Vec<usize>>,
}

/// Corrected p of no difference of every pair that was tested.
pub(crate) type TestedPairs = HashMap<(usize, usize), f64>;

/// Compares the configurations. Those that were tested on the same cells are compared with each other only.
///
/// Holm's correction wants the p of every pair. Where there are too many, only the wanted pairs are tested
/// and each p is multiplied by the number of all pairs (Bonferroni), which is never less.
pub(crate) fn compare_pairs(
    measured: &[Measured<'_>],
    sets: Vec<Vec<usize>>,
    options: &Options,
) -> (Comparisons, TestedPairs) {
    let wanted = wanted(measured, &sets);
    let all_pairs: usize = sets.iter().map(|set| set.len() * (set.len() - 1) / 2).sum();
    let by_number_only = all_pairs > ALL_PAIRS;
    let tested: Vec<(usize, usize)> = if by_number_only {
        wanted.clone()
    } else {
        let of_set = |set: &Vec<usize>| {
            let pairs = (0..set.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
            pairs.map(|(first, second)| (set[first], set[second])).collect::<Vec<_>>()
        };
        sets.iter().flat_map(of_set).collect()
    };
    let found: Vec<_> = tested
        .par_iter()
        .map(|(first, second)| difference(&measured[*first], &measured[*second], options))
        .collect();
    let mut differences: HashMap<(usize, usize), MeanDifference> = HashMap::new();
    let mut p_values = Vec::new();
    let mut failed = Vec::new();
    for ((first, second), found) in tested.iter().copied().zip(found) {
        match found {
            Ok(found) => {
                differences.insert((first, second), found);
                p_values.push(((first, second), found.p));
            }
            Err(reason) => failed.push(FailedPair { first, second, reason }),
        }
    }
    let corrected_for = if by_number_only { all_pairs } else { p_values.len() };
    let raw: Vec<f64> = p_values.iter().map(|(_, p)| *p).collect();
    let corrected = if by_number_only {
        raw.iter().map(|p| (p * corrected_for as f64).min(1.0)).collect()
    } else {
        holm_corrected(&raw)
    };
    let corrected: TestedPairs = p_values.iter().zip(corrected).map(|((pair, _), p)| (*pair, p)).collect();
    let of = |(first, second): (usize, usize)| match differences.get(&(first, second)) {
        Some(found) => Some((*found, corrected.get(&(first, second))?)),
        None => Some((differences.get(&(second, first))?.swapped(), corrected.get(&(second, first))?)),
    };
    let mut pairs: Vec<Pair> = wanted
        .iter()
        .filter_map(|wanted| {
            let (difference, corrected_p) = of(*wanted)?;
            pair(measured, *wanted, difference, *corrected_p, options)
        })
        .collect();
    let same = holm_corrected(&pairs.iter().map(|pair| pair.equivalence.p).collect::<Vec<_>>());
    for (pair, same) in pairs.iter_mut().zip(same) {
        pair.equivalence = pair.equivalence.corrected(same);
        let MeanDifference { difference, interval, .. } = pair.difference;
        pair.verdict = Verdict::new(difference, &interval, pair.corrected_p, &pair.equivalence);
    }
    let equivalences = pairs.len();
    let left_out = keep_leading(&mut pairs, measured);
    pairs.par_iter_mut().for_each(|pair| add_tests_of_cells(pair, measured, options));
    let sets_of_cells = sets;
    let comparisons =
        Comparisons { pairs, corrected_for, equivalences, by_number_only, left_out, failed, sets_of_cells };
    (comparisons, corrected)
}

/// Keeps the comparisons of the most accurate first configurations, in their order. Says how many go.
fn keep_leading(pairs: &mut Vec<Pair>, measured: &[Measured<'_>]) -> usize {
    let left_out = pairs.len().saturating_sub(SHOWN_PAIRS);
    if left_out > 0 {
        let accuracy =
            |pair: &Pair| measured[pair.first].cells.as_ref().map_or(f64::NEG_INFINITY, TestCells::accuracy);
        let mut places: Vec<(usize, f64)> = pairs.iter().map(accuracy).enumerate().collect();
        places.sort_by(|one, other| other.1.total_cmp(&one.1));
        let mut kept = vec![false; pairs.len()];
        places.iter().take(SHOWN_PAIRS).for_each(|(place, _)| kept[*place] = true);
        let mut kept = kept.into_iter();
        pairs.retain(|_| kept.next().unwrap_or(false));
    }
    left_out
}

fn difference(
    first: &Measured<'_>,
    second: &Measured<'_>,
    options: &Options,
) -> Result<MeanDifference, String> {
    let (Some(one), Some(other)) = (&first.cells, &second.cells) else {
        return Err("one has no predictions".to_owned());
    };
    ranklab_stats::compare(&one.scored(), &other.scored(), &one.units(other), options.level())
        .map_err(|error| error.to_string())
}

/// Holm's correction; nothing is significant where it cannot be computed.
fn holm_corrected(p_values: &[f64]) -> Vec<f64> {
    holm(p_values).unwrap_or_else(|_| vec![1.0; p_values.len()])
}

/// The pairs to show: each adapted configuration against the best classical one of its cells, then each
/// against the best of its cells.
fn wanted(measured: &[Measured<'_>], sets: &[Vec<usize>]) -> Vec<(usize, usize)> {
    let classical = |one: &Configuration| one.start.model == CLASSICAL;
    let mut wanted: Vec<(usize, usize)> = Vec::new();
    let mut known: HashSet<(usize, usize)> = HashSet::new();
    for set in sets {
        let of_set = || set.iter().map(|id| &measured[*id].configuration);
        if let Some(reference) = most_accurate_on_cells(of_set().filter(|one| classical(one))) {
            wanted.extend(of_set().filter(|one| !classical(one)).map(|one| (one.id, reference.id)));
            known.extend(&wanted);
        }
        if let Some(Configuration { id: best, .. }) = most_accurate_on_cells(of_set()) {
            for id in set.iter().filter(|id| *id != best) {
                if !known.contains(&(*id, *best)) && !known.contains(&(*best, *id)) {
                    wanted.push((*id, *best));
                }
            }
        }
    }
    wanted
}

fn pair(
    measured: &[Measured<'_>],
    (first, second): (usize, usize),
    difference: MeanDifference,
    corrected_p: f64,
    options: &Options,
) -> Option<Pair> {
    let (one, other) = (measured[first].cells.as_ref()?, measured[second].cells.as_ref()?);
    // A standard error of nothing, or a margin that is none: there is nothing to test then.
    let equivalence = difference.equivalence(options.margin, options.alpha).ok()?;
    let flips = flips(&one.correctness, &other.correctness).ok()?;
    let seeds = (one.seeds(), other.seeds());
    let folds = one.units(other).folds.map(|folds| folds.units());
    Some(Pair {
        first,
        second,
        difference,
        corrected_p,
        equivalence,
        verdict: Verdict::Inconclusive,
        first_only: flips.first_only,
        second_only: flips.second_only,
        mcnemar: None,
        area: None,
        seeds,
        splits: one.splits.max(other.splits),
        folds: folds.filter(|_| seeds.0.min(seeds.1) == 1),
    })
}

/// The tests that take cells as independent, for single runs.
fn add_tests_of_cells(pair: &mut Pair, measured: &[Measured<'_>], options: &Options) {
    let (Some(one), Some(other)) = (&measured[pair.first].cells, &measured[pair.second].cells) else {
        return;
    };
    let ([first], [second]) = (one.repeats.as_slice(), other.repeats.as_slice()) else { return };
    let right =
        |cells: &TestCells| -> Vec<bool> { cells.correctness.iter().map(|share| *share > 0.5).collect() };
    pair.mcnemar = McNemar::from_correctness(&right(one), &right(other)).ok();
    pair.area = delong_comparison(&one.labels, first, second, options.level()).ok().flatten();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Analysis;
    use crate::analysis::analyse;
    use crate::analysis::configuration::NoCells;
    use crate::analysis::examined::examine;
    use crate::analysis::measured::gather;
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
        assert_eq!(verdicts(&fixture::against_classical(40, 41)), [Verdict::Equivalent]);
        assert_eq!(verdicts(&fixture::against_classical(40, 60)), [Verdict::EquivalentYetDifferent]);
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
        assert_eq!(found.corrected_for, 6);
        // Rank 5 gets 2 cells right that model_4 gets wrong, and none the other way.
        let five = &found.pairs[1];
        assert_eq!((five.first_only, five.second_only), (2.0, 0.0));
        assert!((five.mcnemar.unwrap().p - 0.5).abs() < 1e-12);
        assert!((five.difference.difference - 0.01).abs() < 1e-12);
        assert!(five.corrected_p >= five.difference.p);
        assert!(five.area.is_some());
    }

    #[test]
    fn differences_are_corrected_over_all_pairs_and_equivalence_over_those_shown() {
        let mut data = fixture::series(&[(1, 60), (5, 42), (16, 40), (64, 55)]);
        data.options.margin = 0.006;
        let (groups, found) = compared(&data);
        assert_eq!((found.pairs.len(), found.corrected_for), (3, 6));
        assert_eq!(groups.len(), 4);
        let measured = gather(&data.title, &examine(&data)).unwrap();
        let mut raw = Vec::new();
        for second in 0..4 {
            for first in 0..second {
                raw.push(difference(&measured[first], &measured[second], &data.options).unwrap().p);
            }
        }
        let corrected = holm(&raw).unwrap();
        let same: Vec<f64> = found
            .pairs
            .iter()
            .map(|pair| pair.difference.equivalence(data.options.margin, data.options.alpha).unwrap().p)
            .collect();
        for (pair, same) in found.pairs.iter().zip(holm(&same).unwrap()) {
            assert!(corrected.contains(&pair.corrected_p), "{pair:?}");
            assert!((pair.equivalence.p - same).abs() < 1e-15 && same > 0.0, "{pair:?}");
        }
        assert!(
            found
                .pairs
                .iter()
                .any(|pair| pair.equivalence.p > pair.equivalence.lower_p.max(pair.equivalence.upper_p))
        );
    }

    #[test]
    fn of_too_many_pairs_only_the_wanted_are_tested_and_each_is_corrected_for_all() {
        let (_, found) = compared(&fixture::many(120));
        assert_eq!((found.by_number_only, found.corrected_for), (true, 120 * 119 / 2));
        assert_eq!((found.pairs.len(), found.left_out), (SHOWN_PAIRS, 119 - SHOWN_PAIRS));
        for pair in &found.pairs {
            assert_eq!(pair.corrected_p, (pair.difference.p * 7140.0).min(1.0));
        }
        // Ranks 2 to 101 against rank 1, the best.
        assert!(found.pairs.iter().all(|pair| pair.second == 0 && pair.first <= SHOWN_PAIRS));
        let (_, few) = compared(&fixture::many(100));
        assert_eq!((few.by_number_only, few.corrected_for, few.left_out), (false, 4950, 0));
    }

    #[test]
    fn several_seeds_are_one_test_without_mcnemar() {
        let (_, found) = compared(&fixture::seeds());
        assert_eq!((found.pairs.len(), found.pairs[0].seeds), (1, (3, 3)));
        assert!(found.pairs[0].mcnemar.is_none() && found.pairs[0].area.is_none());
        assert!((found.pairs[0].difference.difference - 0.01).abs() < 1e-12);
    }

    #[test]
    fn seeds_that_differ_much_take_a_difference_back() {
        let claimed = |adapted: [i64; 3]| verdicts(&fixture::large_seeds([40, 44, 42], adapted));
        assert_eq!(claimed([400, 410, 405]), [Verdict::Worse]);
        // The same mean: one seed was as good as model_4's, one much worse.
        assert_eq!(claimed([42, 800, 373]), [Verdict::Inconclusive]);
        assert_eq!(claimed([41, 43, 42]), [Verdict::Equivalent]);
    }

    #[test]
    fn folds_are_compared_as_one_set_of_cells() {
        let (_, found) = compared(&fixture::folds());
        assert_eq!(found.pairs.len(), 1);
        assert_eq!((found.pairs[0].difference.cells, found.pairs[0].seeds), (200, (1, 1)));
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
        assert_eq!((found.pairs.len(), found.corrected_for), (2, 3));
        assert_eq!(found.sets_of_cells, [vec![0], vec![1, 2, 3]]);
    }

    #[test]
    fn a_diverged_run_is_left_out_with_its_reason() {
        let mut data = fixture::ranks();
        data.runs[2].predictions[0].probability = f64::NAN;
        let (configurations, found) = compared(&data);
        assert_eq!(found.corrected_for, 3);
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

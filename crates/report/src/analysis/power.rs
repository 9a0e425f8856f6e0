//! What a report's primary comparisons could have shown, and how many seeds would show more.

use ranklab_stats::{Assumptions, MeanDifference, Sensitivity, Source};
use serde::Serialize;

use crate::options::Options;

use super::pairs::{Pair, PairFamily};

/// What a family of comparisons could have shown with a chance of 80 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Power {
    /// Whether it is of the comparisons with the baseline; else of those with the best by validation.
    pub family: PairFamily,
    /// Comparisons that share the significance level.
    pub comparisons: usize,
    /// Seeds of each side in the comparison that this is estimated from.
    pub seeds: usize,
    /// The spreads that this comparison shows.
    pub assumptions: Assumptions,
    /// The variance over folds, where it decides this comparison.
    pub folds: Option<Source>,
    /// The smallest true loss of accuracy that is found, and the smallest margin within which equal configurations are
    /// shown to be the same. Of the comparisons the one in the middle counts.
    pub sensitivity: Sensitivity,
    /// The fewest seeds, at most 200, that would find a loss of the margin; `None` where the patients are too few.
    pub seeds_for_margin: Option<usize>,
}

/// The power of the primary comparisons, or of the secondary ones where there are no others. `None` where no comparison
/// speaks of methods.
pub(crate) fn power(pairs: &[Pair], options: &Options) -> Option<Power> {
    let of = |family| pairs.iter().filter(move |pair| pair.family == family);
    let family = match of(PairFamily::Primary).next() {
        Some(_) => PairFamily::Primary,
        None => PairFamily::Secondary,
    };
    let comparisons = of(family).count();
    let mut known: Vec<(Sensitivity, usize, Assumptions, Option<Source>)> = of(family)
        .filter(|pair| pair.difference.concentration.carries_claims())
        .filter_map(|pair| {
            let assumed = Assumptions::of(&pair.difference)?;
            let components = pair.difference.components?;
            let folds = components.folds.filter(|_| components.are_folds_larger());
            let seeds = fewest(&pair.difference);
            let found = Sensitivity::new(&assumed, folds.as_ref(), seeds, options.alpha, comparisons);
            Some((found.ok()?, seeds, assumed, folds))
        })
        .collect();
    known.sort_by(|one, other| one.0.smallest_loss.total_cmp(&other.0.smallest_loss));
    let (sensitivity, seeds, assumptions, folds) = *known.get(known.len() / 2)?;
    let seeds_for_margin =
        Sensitivity::seeds_for_loss(&assumptions, options.margin, options.alpha, comparisons).ok().flatten();
    Some(Power { family, comparisons, seeds, assumptions, folds, sensitivity, seeds_for_margin })
}

/// Seeds of the side that has fewer.
fn fewest(difference: &MeanDifference) -> usize {
    difference.seeds[0].min(difference.seeds[1])
}

#[cfg(test)]
mod tests {
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn seeds_have_power_and_single_ones_have_none() {
        let data = fixture::large_seeds([40, 44, 42], [41, 45, 60]);
        let found = analyse(&data).unwrap().power.unwrap();
        assert_eq!((found.comparisons, found.seeds), (1, 3));
        assert!(found.sensitivity.smallest_loss > 0.0 && found.sensitivity.smallest_loss < 0.2);
        assert_eq!(analyse(&fixture::ranks()).unwrap().power, None);
    }
}

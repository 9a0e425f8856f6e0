//! A series of configurations, say of ranks: each against the best, and the smallest that is good enough.

use serde::{Deserialize, Serialize};

use crate::clusters::Resampled;
use crate::comparison::{Scored, Units, compare};
use crate::equivalence::{Equivalence, NonInferiority};
use crate::error::{Error, Result, check_level, check_margin};
use crate::holm::holm;
use crate::paired::MeanDifference;
use crate::verdict::Verdict;

/// A series compared on the same cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesComparison {
    /// Index of the member with the highest mean; of several, the first.
    pub best: usize,
    /// Index of the first member that is the best or shown to be less than the margin worse than it:
    /// with the members given from small to large, the smallest that is good enough.
    pub smallest_within_margin: usize,
    /// All members in the given order.
    pub members: Vec<SeriesMember>,
    /// The largest loss of accuracy that does not matter.
    pub margin: f64,
    /// Significance level.
    pub alpha: f64,
    /// Number of pairs that the p-values of no difference are corrected for.
    pub pairs: usize,
    /// What was taken as independent, and how many of them.
    pub resampled: Resampled,
}

/// One member of a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesMember {
    /// Mean score: its accuracy, averaged over its runs.
    pub mean: f64,
    /// How it compares to the best; `None` for the best itself.
    pub against_best: Option<AgainstBest>,
}

/// A member against the best of its series. All differences are `best − member`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgainstBest {
    /// The difference, its interval (not corrected) and raw p.
    pub difference: MeanDifference,
    /// p of no difference, corrected over all pairs of the series.
    pub corrected_p: f64,
    /// Whether the member is less than the margin worse, corrected over all members.
    pub noninferiority: NonInferiority,
    /// Whether both are the same within ±margin, corrected over all members.
    pub equivalence: Equivalence,
    /// The verdict on the best as the first and the member as the second configuration.
    pub verdict: Verdict,
}

/// The members of a series, given from small to large, on the same cells.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// The members' scores.
    pub members: &'a [Scored<'a>],
    /// What their comparisons take as independent.
    pub units: Units<'a>,
}

/// Compares the members of one series; see [`compare_series_together`].
///
/// # Errors
/// When there are no members, the lengths differ, a score is not between 0 and 1, there are fewer than 2
/// patients or cells, the margin is not positive, or alpha is not between 0 and one half.
pub fn compare_series(
    members: &[Scored<'_>],
    units: &Units<'_>,
    margin: f64,
    alpha: f64,
) -> Result<SeriesComparison> {
    let series = Series { members, units: *units };
    compare_series_together(&[series], margin, alpha).pop().unwrap_or(Err(Error::Empty))
}

/// Compares the members of each of several series, each pair by [`compare`], so that the chance of any
/// false claim among all of them stays below alpha. A series that cannot be compared is its error.
///
/// The best is chosen by the same cells that it is then tested on. So p-values of no difference are
/// corrected (Holm 1979) over all pairs of members rather than those with the best only, which would
/// find differences too often among equals. For non-inferiority and equivalence Holm's correction over
/// the members is enough, since what choosing does to the best's mean, to raise it, works against the
/// claim. All three corrections go over the pairs or members of all series together.
pub fn compare_series_together(
    series: &[Series<'_>],
    margin: f64,
    alpha: f64,
) -> Vec<Result<SeriesComparison>> {
    let mut compared: Vec<Result<Pairs>> =
        series.iter().map(|series| Pairs::new(series, margin, alpha)).collect();
    let corrected = correct(&mut compared);
    let of = |found: Result<Pairs>| found.map(|pairs| pairs.summary(margin, alpha));
    match corrected {
        Ok(()) => compared.into_iter().map(of).collect(),
        Err(error) => series.iter().map(|_| Err(error.clone())).collect(),
    }
}

/// A series before its corrections.
struct Pairs {
    means: Vec<f64>,
    best: usize,
    /// p of no difference, of pairs without the best.
    others: Vec<f64>,
    /// Members against the best.
    against: Vec<(usize, AgainstBest)>,
    resampled: Resampled,
}

impl Pairs {
    fn new(series: &Series<'_>, margin: f64, alpha: f64) -> Result<Self> {
        check_margin(margin)?;
        check_level(alpha)?;
        let Series { members, units } = series;
        let Some(smallest) = members.first() else { return Err(Error::Empty) };
        let level = 1.0 - alpha;
        let means: Vec<f64> = members
            .iter()
            .map(|member| Ok(compare(member, smallest, units, level)?.first))
            .collect::<Result<_>>()?;
        let best =
            (1..means.len()).fold(0, |best, member| if means[member] > means[best] { member } else { best });
        let (mut others, mut against) = (Vec::new(), Vec::new());
        for second in 1..members.len() {
            for first in 0..second {
                let pair = compare(&members[first], &members[second], units, level)?;
                if first == best {
                    against.push((second, AgainstBest::new(pair, margin, alpha)?));
                } else if second == best {
                    against.push((first, AgainstBest::new(pair.swapped(), margin, alpha)?));
                } else {
                    others.push(pair.p);
                }
            }
        }
        Ok(Self { means, best, others, against, resampled: units.patients.resampled() })
    }

    fn summary(self, margin: f64, alpha: f64) -> SeriesComparison {
        let pairs = self.others.len() + self.against.len();
        let mut members: Vec<SeriesMember> =
            self.means.into_iter().map(|mean| SeriesMember { mean, against_best: None }).collect();
        for (member, against) in self.against {
            members[member].against_best = Some(against);
        }
        let good_enough =
            |row: &SeriesMember| row.against_best.is_none_or(|against| against.noninferiority.noninferior);
        SeriesComparison {
            best: self.best,
            smallest_within_margin: members.iter().position(good_enough).unwrap_or(self.best),
            members,
            margin,
            alpha,
            pairs,
            resampled: self.resampled,
        }
    }
}

/// Holm's corrections over the pairs of all series.
fn correct(series: &mut [Result<Pairs>]) -> Result<()> {
    let others: Vec<f64> = series.iter().flatten().flat_map(|pairs| pairs.others.clone()).collect();
    let mut against: Vec<&mut AgainstBest> = series
        .iter_mut()
        .flatten()
        .flat_map(|pairs| &mut pairs.against)
        .map(|(_, against)| against)
        .collect();
    let p_values =
        |of: fn(&AgainstBest) -> f64| against.iter().map(|against| of(against)).collect::<Vec<_>>();
    let differences = [p_values(|against| against.difference.p), others].concat();
    let loss = holm(&p_values(|against| against.noninferiority.p))?;
    let same = holm(&p_values(|against| against.equivalence.p))?;
    let differences = holm(&differences)?;
    for (((against, p), loss), same) in against.iter_mut().zip(differences).zip(loss).zip(same) {
        **against = against.corrected(p, loss, same);
    }
    Ok(())
}

impl AgainstBest {
    /// The comparison, nothing corrected yet.
    fn new(difference: MeanDifference, margin: f64, alpha: f64) -> Result<Self> {
        Ok(Self {
            difference,
            corrected_p: difference.p,
            noninferiority: difference.noninferiority(margin, alpha)?,
            equivalence: difference.equivalence(margin, alpha)?,
            verdict: Verdict::Inconclusive,
        })
    }

    fn corrected(self, corrected_p: f64, loss_p: f64, same_p: f64) -> Self {
        let equivalence = self.equivalence.corrected(same_p);
        let MeanDifference { difference, interval, .. } = self.difference;
        Self {
            corrected_p,
            noninferiority: self.noninferiority.corrected(loss_p),
            equivalence,
            verdict: Verdict::new(difference, &interval, corrected_p, &equivalence),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clusters::Clusters;

    /// Right on all but the first `wrong` of 1,000 cells.
    fn member(wrong: usize) -> Vec<f64> {
        (0..1000).map(|cell| f64::from(u8::from(cell >= wrong))).collect()
    }

    fn compare(wrong: &[usize], margin: f64) -> SeriesComparison {
        let members: Vec<Vec<f64>> = wrong.iter().map(|wrong| member(*wrong)).collect();
        let members: Vec<Scored<'_>> = members.iter().map(|cells| Scored { cells, runs: &[0.9] }).collect();
        let units = Units { patients: &Clusters::by_cell(1000), folds: None };
        compare_series(&members, &units, margin, 0.05).unwrap()
    }

    #[test]
    fn the_smallest_member_within_the_margin_is_found_and_the_rest_is_told_apart() {
        let found = compare(&[100, 22, 20, 21], 0.01);
        assert_eq!((found.best, found.smallest_within_margin, found.pairs), (2, 1, 6));
        let against = |member: usize| found.members[member].against_best.unwrap();
        assert_eq!(against(0).verdict, Verdict::Better);
        assert_eq!(against(1).verdict, Verdict::Equivalent);
        assert!((against(0).difference.difference - 0.08).abs() < 1e-12);
        assert!((against(3).difference.difference - 0.001).abs() < 1e-12);
        assert_eq!(found.members[2].against_best, None);
        assert_eq!(found.resampled, Resampled::Cells(1000));
    }

    #[test]
    fn several_series_are_corrected_together() {
        let members: Vec<Vec<f64>> = [22, 20, 300].iter().map(|wrong| member(*wrong)).collect();
        let scores: Vec<Scored<'_>> = members.iter().map(|cells| Scored { cells, runs: &[0.9] }).collect();
        let units = Units { patients: &Clusters::by_cell(1000), folds: None };
        let (one, other) = (Series { members: &scores[..2], units }, Series { members: &scores[1..], units });
        let found = compare_series_together(&[one, other, Series { members: &[], units }], 0.006, 0.05);
        let loss = |place: usize, member: usize| {
            found[place].as_ref().unwrap().members[member].against_best.unwrap().noninferiority
        };
        let alone =
            compare_series(&scores[..2], &units, 0.006, 0.05).unwrap().members[0].against_best.unwrap();
        // Of two tests the smaller p doubles.
        assert!((loss(0, 0).p - 2.0 * alone.noninferiority.p).abs() < 1e-15 && alone.noninferiority.p > 0.0);
        assert!(loss(1, 1).p > 0.999);
        assert_eq!(found[2], Err(Error::Empty));
        assert!(compare_series_together(&[], 0.01, 0.05).is_empty());
    }

    #[test]
    fn where_nothing_is_shown_the_best_itself_is_the_smallest() {
        let found = compare(&[30, 20], 0.01);
        assert_eq!((found.best, found.smallest_within_margin), (1, 1));
        assert!(!found.members[0].against_best.unwrap().noninferiority.noninferior);
    }

    #[test]
    fn of_equals_the_first_is_the_best() {
        let found = compare(&[20, 20, 20], 0.01);
        assert_eq!((found.best, found.smallest_within_margin), (0, 0));
        assert_eq!(found.members[1].against_best.unwrap().verdict, Verdict::Equivalent);
    }

    #[test]
    fn a_single_member_is_its_best_and_none_are_refused() {
        let found = compare(&[20], 0.01);
        assert_eq!((found.best, found.smallest_within_margin, found.pairs), (0, 0, 0));
        let units = Units { patients: &Clusters::by_cell(2), folds: None };
        assert_eq!(compare_series(&[], &units, 0.01, 0.05), Err(Error::Empty));
        let scores = Scored { cells: &[1.0, 0.0], runs: &[0.5] };
        assert!(compare_series(&[scores], &units, -0.01, 0.05).is_err());
    }
}

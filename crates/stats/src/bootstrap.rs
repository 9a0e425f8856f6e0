//! Percentile bootstrap over patients, of one configuration's metric and of the difference of two.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clusters::{Clusters, Resampled};
use crate::distribution::Reference;
use crate::draws::{Block, Draws, LANES, Statistic};
use crate::equivalence::Equivalence;
use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::metric::Metric;
use crate::prepared::Prepared;
use crate::resampling::{Replicates, Resampling, replicates};
use crate::summary::Summary;

/// A metric with its bootstrap interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// The metric on all cells, or the difference of two.
    pub estimate: f64,
    /// Percentile interval of the resamples (Efron 1979), by linear interpolation as numpy's.
    pub interval: Interval,
    /// Standard deviation of the resamples.
    pub standard_error: f64,
    /// Resamples with a value, on which interval and standard error stand.
    pub replicates: usize,
    /// Resamples in which the metric is not defined, say because they have one class only. Others were
    /// drawn in their place.
    pub redrawn: usize,
    /// What was resampled, and how many of them. With few patients, say less than 30, the interval is
    /// too narrow.
    pub resampled: Resampled,
}

/// A difference of two configurations on the same cells, `first − second`, with its bootstrap interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedBootstrap {
    /// The first configuration's metric on all cells.
    pub first: f64,
    /// The second's.
    pub second: f64,
    /// Their difference, `first − second`.
    pub difference: Bootstrap,
    /// Two-sided: twice the smaller share of resamples at or beyond zero, the sample itself counted as
    /// one of them (Davison & Hinkley 1997, § 4.2.5), so that it is never 0. At most 1.
    pub p: f64,
}

impl Bootstrap {
    /// Widens the interval to a statement on other seeds as well as other patients, from the metric of each of
    /// several runs: the resamples' interval and Student's over the runs are joined ([`Interval::joined`]). A single run
    /// changes nothing.
    ///
    /// # Errors
    /// When there are no runs or one has no finite value.
    pub fn over_runs(mut self, runs: &[f64]) -> Result<Self> {
        let Some(source) = Summary::new(runs)?.source() else { return Ok(self) };
        self.interval = self.interval.joined(self.estimate, source.half_width(self.interval.level)?);
        self.standard_error = self.standard_error.hypot(source.variance.sqrt());
        Ok(self)
    }
}

impl PairedBootstrap {
    /// Whether both are the same within ±`margin`, from the difference and its bootstrap standard error
    /// with the normal distribution. A metric does not say what each patient adds, so that nothing holds
    /// the test to patients that were not seen: for accuracies take [`crate::Compared::equivalence`].
    ///
    /// # Errors
    /// As [`Equivalence::new`]; two runs that agree in every resample have no standard error.
    pub fn equivalence(&self, margin: f64, alpha: f64) -> Result<Equivalence> {
        let Bootstrap { estimate, standard_error, .. } = self.difference;
        Equivalence::new(estimate, standard_error, Reference::Normal, margin, alpha)
    }
}

/// Resamples whole patients with their cells and gives the interval of a metric (Field & Welsh 2007,
/// the cluster bootstrap). `runs` are the probabilities of one or more runs of a configuration on the
/// same cells, say of its seeds; the metric is then the mean over the runs, which are resampled
/// together. `None` when the metric is not defined on all cells.
///
/// # Errors
/// When there are no runs, the lengths differ, a label, probability, threshold or level is out of range,
/// there are fewer than 2 units or replicates, or hardly any resample has the metric.
pub fn bootstrap(
    metric: Metric<'_>,
    labels: &[u8],
    runs: &[&[f64]],
    clusters: &Clusters,
    resampling: &Resampling,
) -> Result<Option<Bootstrap>> {
    bootstrap_with(&Draws::new(clusters.units(), resampling)?, metric, labels, runs, clusters)
}

/// [`bootstrap`] with draws that were made before, for many metrics and configurations on as many units.
///
/// # Errors
/// As [`bootstrap`], and when the draws are for another number of units.
pub fn bootstrap_with(
    draws: &Draws,
    metric: Metric<'_>,
    labels: &[u8],
    runs: &[&[f64]],
    clusters: &Clusters,
) -> Result<Option<Bootstrap>> {
    let mut runs = Configuration::new(metric, labels, runs, clusters)?;
    if draws.units() != clusters.units() {
        return Err(Error::Drawn { drawn: draws.units(), units: clusters.units() });
    }
    let Some(estimate) = runs.value(&vec![1; clusters.units()]) else { return Ok(None) };
    Ok(Some(summarize(estimate, &draws.replicates(&mut runs)?, clusters, draws.resampling())))
}

/// Resamples whole patients, the same for both configurations, and gives the interval of the difference
/// of a metric, `first − second`. Each configuration is one or more runs, as in [`bootstrap`]. `None`
/// when the metric is not defined on all cells.
///
/// # Errors
/// As [`bootstrap`].
pub fn paired_bootstrap(
    metric: Metric<'_>,
    labels: &[u8],
    first: &[&[f64]],
    second: &[&[f64]],
    clusters: &Clusters,
    resampling: &Resampling,
) -> Result<Option<PairedBootstrap>> {
    paired_bootstrap_with([metric; 2], labels, [first, second], clusters, resampling)
}

/// [`paired_bootstrap`] with a metric for each side, say areas within the folds of each.
///
/// # Errors
/// As [`paired_bootstrap`].
pub fn paired_bootstrap_with(
    metrics: [Metric<'_>; 2],
    labels: &[u8],
    sides: [&[&[f64]]; 2],
    clusters: &Clusters,
    resampling: &Resampling,
) -> Result<Option<PairedBootstrap>> {
    let mut first = Configuration::new(metrics[0], labels, sides[0], clusters)?;
    let mut second = Configuration::new(metrics[1], labels, sides[1], clusters)?;
    let all = vec![1; clusters.units()];
    let (Some(first_value), Some(second_value)) = (first.value(&all), second.value(&all)) else {
        return Ok(None);
    };
    let replicates =
        replicates(clusters.units(), resampling, |times| Some(first.value(times)? - second.value(times)?))?;
    Ok(Some(summarize_pair(first_value, second_value, &replicates, clusters, resampling)))
}

/// The runs of one configuration, each with the number of runs that it is the mean of.
struct Configuration<'a>(Vec<(Prepared<'a>, usize)>);

impl<'a> Configuration<'a> {
    fn new(metric: Metric<'a>, labels: &'a [u8], runs: &[&'a [f64]], clusters: &Clusters) -> Result<Self> {
        Prepared::of_runs(metric, labels, runs, clusters).map(Self)
    }

    fn runs(&self) -> f64 {
        self.0.iter().map(|(_, runs)| *runs).sum::<usize>() as f64
    }

    /// Mean over the runs; `None` when one has no finite value.
    fn value(&mut self, times: &[u32]) -> Option<f64> {
        let mut sum = 0.0;
        for (prepared, runs) in &mut self.0 {
            sum += prepared.value(times).filter(|value| value.is_finite())? * *runs as f64;
        }
        Some(sum / self.runs())
    }
}

impl Statistic for Configuration<'_> {
    fn of_one(&mut self, times: &[u32]) -> Option<f64> {
        self.value(times)
    }

    fn of_block(&mut self, block: &Block, values: &mut [f64; LANES]) {
        let of_runs = |(prepared, runs): &mut (Prepared<'_>, usize)| {
            let mut values = [0.0; LANES];
            prepared.values(block, &mut values);
            values.map(|value| value * *runs as f64)
        };
        let found: Vec<[f64; LANES]> = self.0.par_iter_mut().map(of_runs).collect();
        // Added in the order of the runs, so that the sum does not depend on the number of threads.
        values.fill(0.0);
        for of_runs in &found {
            values.iter_mut().zip(of_runs).for_each(|(sum, value)| *sum += value);
        }
        let runs = self.runs();
        values.iter_mut().for_each(|sum| *sum /= runs);
    }
}

fn summarize(estimate: f64, of: &Replicates, clusters: &Clusters, resampling: &Resampling) -> Bootstrap {
    let n = of.values.len() as f64;
    // Shifted by the estimate, equal values have no spread at all.
    let mean = of.values.iter().map(|value| value - estimate).sum::<f64>() / n;
    let squares: f64 = of.values.iter().map(|value| (value - estimate - mean).powi(2)).sum();
    Bootstrap {
        estimate,
        interval: Interval {
            lower: percentile(&of.values, (1.0 - resampling.level) / 2.0),
            upper: percentile(&of.values, f64::midpoint(1.0, resampling.level)),
            level: resampling.level,
        },
        standard_error: (squares / (n - 1.0)).sqrt(),
        replicates: of.values.len(),
        redrawn: of.redrawn,
        resampled: clusters.resampled(),
    }
}

/// Interval and p-value of a difference whose resamples are known.
pub(crate) fn summarize_pair(
    first: f64,
    second: f64,
    of: &Replicates,
    clusters: &Clusters,
    resampling: &Resampling,
) -> PairedBootstrap {
    let share = |count: usize| (count + 1) as f64 / (of.values.len() + 1) as f64;
    let at_most_zero = of.values.partition_point(|value| *value <= 0.0);
    let at_least_zero = of.values.len() - of.values.partition_point(|value| *value < 0.0);
    PairedBootstrap {
        first,
        second,
        difference: summarize(first - second, of, clusters, resampling),
        p: (2.0 * share(at_most_zero.min(at_least_zero))).min(1.0),
    }
}

/// Linear interpolation between the two nearest of the sorted values, numpy's default.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_differ_widen_an_interval_to_either_side() {
        let found = Bootstrap {
            estimate: 0.9,
            interval: Interval { lower: 0.86, upper: 0.93, level: 0.95 },
            standard_error: 0.02,
            replicates: 2000,
            redrawn: 0,
            resampled: Resampled::Patients(50),
        };
        assert_eq!(found.over_runs(&[0.9]), Ok(found));
        let wide = found.over_runs(&[0.89, 0.9, 0.91]).unwrap();
        // sd / √3 = 0.01 / √3, and 4.302653 is t of 2 degrees of freedom.
        let half = 4.302_652_729_911_275 * 0.01 / 3.0_f64.sqrt();
        assert!((wide.interval.lower - (0.9 - (0.0016 + half * half).sqrt())).abs() < 1e-12);
        assert!((wide.interval.upper - (0.9 + (0.0009 + half * half).sqrt())).abs() < 1e-12);
        assert!((wide.standard_error - (0.0004 + 0.0001 / 3.0_f64).sqrt()).abs() < 1e-12);
        assert_eq!(found.over_runs(&[]), Err(Error::Empty));
    }

    #[test]
    fn percentiles_interpolate_between_neighbours() {
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.0), 1.0);
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 1.0), 4.0);
    }
}

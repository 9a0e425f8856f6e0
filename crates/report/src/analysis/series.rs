//! Series of ranks and of layers: which member is enough.

use ranklab_stats::{AgainstBest, Scored, Series, SeriesComparison, compare_series_together};
use serde::Serialize;

use crate::options::Options;

use super::cells::TestCells;
use super::configuration::Configuration;
use super::measured::Measured;
use super::pairs::TestedPairs;

/// Most members whose pairs are all tested.
pub(crate) const MEMBERS: usize = 100;
/// Most pairs of all series together; the series after these are not tested.
const PAIRS: usize = 4950;
/// Series shown before the rest is only counted.
const SHOWN: usize = 24;

/// In what the members of a series differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesKind {
    /// In rank only.
    Ranks,
    /// In the adapted layers only.
    Layers,
}

/// A member of a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Member {
    /// Id of the configuration.
    pub configuration: usize,
    /// Rank, or trainable parameters of a choice of layers.
    pub size: i64,
    /// The best of the series less this member; `None` of the best and of a series that is not compared.
    pub against_best: Option<AgainstBest>,
    /// p of no difference to the best after correction over all pairs of the report, where it was tested.
    pub corrected_p: Option<f64>,
}

/// What is known of a series.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesOutcome {
    /// Its members were compared.
    Compared {
        /// Index of the member with the highest mean among the members; of several, the first.
        best: usize,
        /// Index of the smallest member that is shown to lose less than the margin.
        smallest_within_margin: usize,
    },
    /// It has more members than are tested pair by pair.
    TooManyMembers,
    /// The series before have as many pairs as a report tests.
    TooManyPairs,
    /// The statistics refuse it.
    Failed {
        /// What they say.
        reason: String,
    },
}

/// Configurations on the same cells that differ in one respect only.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigurationSeries {
    /// In what they differ.
    pub kind: SeriesKind,
    /// The members, from small to large.
    pub members: Vec<Member>,
    /// What is known of them.
    pub outcome: SeriesOutcome,
}

/// The series of a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AllSeries {
    /// Series of ranks, then of layers.
    pub series: Vec<ConfigurationSeries>,
    /// Series that are not shown.
    pub left_out: usize,
    /// Comparisons that claims are corrected for.
    pub corrected_for: usize,
}

/// The series of configurations that differ in rank only, then in layers only. Claims are corrected over all series.
pub(crate) fn series(measured: &[Measured<'_>], tested: &TestedPairs, options: &Options) -> AllSeries {
    let mut all = of_kind(measured, SeriesKind::Ranks);
    all.extend(of_kind(measured, SeriesKind::Layers));
    let left_out = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    let mut left = PAIRS;
    let mut to_test = Vec::new();
    for series in &mut all {
        let members = series.members.len();
        let pairs = members * (members - 1) / 2;
        if members > MEMBERS {
            series.outcome = SeriesOutcome::TooManyMembers;
        } else if pairs <= left {
            left -= pairs;
            to_test.push(series);
        }
    }
    let corrected_for = to_test.iter().map(|series| series.members.len() - 1).sum();
    test(&mut to_test, measured, options);
    all.iter_mut().for_each(|series| add_corrected_p(series, tested));
    AllSeries { series: all, left_out, corrected_for }
}

/// Compares the members of each series.
fn test(series: &mut [&mut ConfigurationSeries], measured: &[Measured<'_>], options: &Options) {
    let cells: Vec<Vec<&TestCells>> = series
        .iter()
        .map(|one| {
            one.members.iter().filter_map(|member| measured[member.configuration].cells.as_ref()).collect()
        })
        .collect();
    let scores: Vec<Vec<Scored<'_>>> =
        cells.iter().map(|cells| cells.iter().map(|cells| cells.scored()).collect()).collect();
    let inputs: Vec<Series<'_>> = cells
        .iter()
        .zip(&scores)
        .map(|(cells, members)| Series { members, units: cells[0].units(cells[1]) })
        .collect();
    let found = compare_series_together(&inputs, options.margin, options.alpha);
    for (series, found) in series.iter_mut().zip(found) {
        series.outcome = match found {
            Ok(SeriesComparison { best, smallest_within_margin, members, .. }) => {
                for (member, found) in series.members.iter_mut().zip(members) {
                    member.against_best = found.against_best;
                }
                SeriesOutcome::Compared { best, smallest_within_margin }
            }
            Err(problem) => SeriesOutcome::Failed { reason: problem.to_string() },
        };
    }
}

/// Adds the p of each member against the best that is corrected over all pairs of the report.
fn add_corrected_p(series: &mut ConfigurationSeries, tested: &TestedPairs) {
    let SeriesOutcome::Compared { best, .. } = series.outcome else { return };
    let best = series.members[best].configuration;
    for member in &mut series.members {
        let (one, other) = ((member.configuration, best), (best, member.configuration));
        member.corrected_p = tested.get(&one).or_else(|| tested.get(&other)).copied();
    }
}

/// What the members of a series share, and the size of this one.
fn key_and_size(kind: SeriesKind, configuration: &Configuration) -> Option<(&str, i64)> {
    match kind {
        SeriesKind::Ranks => {
            let rank = configuration.start.rank.filter(|rank| *rank > 0)?;
            Some((&configuration.without_rank, rank))
        }
        SeriesKind::Layers => {
            configuration.start.layers.as_ref()?;
            Some((&configuration.without_layers, configuration.start.trainable_parameters))
        }
    }
}

fn of_kind(measured: &[Measured<'_>], kind: SeriesKind) -> Vec<ConfigurationSeries> {
    /// Key, cells of the first member, members.
    type Known<'a> = (&'a str, &'a TestCells, Vec<Member>);
    let mut series: Vec<Known<'_>> = Vec::new();
    for one in measured {
        let (Some((key, size)), Some(cells)) = (key_and_size(kind, &one.configuration), &one.cells) else {
            continue;
        };
        let member =
            Member { configuration: one.configuration.id, size, against_best: None, corrected_p: None };
        match series.iter_mut().find(|known| known.0 == key && known.1.are_those_of(cells)) {
            Some(known) => known.2.push(member),
            None => series.push((key, cells, vec![member])),
        }
    }
    let several = series.into_iter().map(|(.., members)| members).filter(|members| members.len() > 1);
    several
        .map(|mut members| {
            members.sort_by_key(|member| member.size);
            ConfigurationSeries { kind, members, outcome: SeriesOutcome::TooManyPairs }
        })
        .collect()
}

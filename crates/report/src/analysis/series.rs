//! Series of ranks and of layers: which member is enough.

use serde::Serialize;

use super::configuration::Configuration;
use super::measured::Measured;
use super::pairs::Pair;
use super::references::References;
use super::test_sets::TestSet;

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
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Member {
    /// Id of the configuration.
    pub configuration: usize,
    /// Rank, or trainable parameters of a choice of layers.
    pub size: i64,
    /// Its comparison with the reference; `None` of the reference itself, and where the statistics refuse it.
    pub against_reference: Option<Pair>,
}

/// Configurations on the same cells that differ in one respect only.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigurationSeries {
    /// In what they differ.
    pub kind: SeriesKind,
    /// The members, from small to large.
    pub members: Vec<Member>,
    /// Id of what they are compared with: the baseline, or the best by validation where there is none.
    pub reference: usize,
    /// Whether that is the baseline.
    pub is_baseline: bool,
    /// Index of the smallest member that is shown not to be inferior to the reference, or is the reference.
    pub smallest_not_inferior: Option<usize>,
}

/// The series of a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AllSeries {
    /// Series of ranks, then of layers.
    pub series: Vec<ConfigurationSeries>,
    /// Series that are not shown.
    pub left_out: usize,
}

/// The series of configurations that differ in rank only, then in layers only, with the comparisons that were made.
pub(crate) fn series(measured: &[Measured<'_>], pairs: &[Pair], sets: &[TestSet]) -> AllSeries {
    let of_sets = |kind| sets.iter().flat_map(move |set| of_kind(measured, set, kind));
    let mut all: Vec<Found> = of_sets(SeriesKind::Ranks).collect();
    all.extend(of_sets(SeriesKind::Layers));
    let left_out = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    let series = all.into_iter().map(|Found { kind, references, members }| {
        let reference = references.baseline.unwrap_or(references.best);
        let member = |(configuration, size): (usize, i64)| Member {
            configuration,
            size,
            against_reference: pairs
                .iter()
                .find(|pair| (pair.first, pair.second) == (configuration, reference))
                .cloned(),
        };
        let members: Vec<Member> = members.into_iter().map(member).collect();
        let is_enough = |member: &Member| match &member.against_reference {
            Some(pair) => pair.noninferiority.noninferior,
            None => member.configuration == reference,
        };
        ConfigurationSeries {
            kind,
            reference,
            is_baseline: references.baseline.is_some(),
            smallest_not_inferior: members.iter().position(is_enough),
            members,
        }
    });
    AllSeries { series: series.collect(), left_out }
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

/// Members of a series before they are compared.
struct Found {
    kind: SeriesKind,
    references: References,
    /// Ids of configurations, and their sizes.
    members: Vec<(usize, i64)>,
}

/// The series of a kind among the configurations of a test set that have predictions.
fn of_kind(measured: &[Measured<'_>], set: &TestSet, kind: SeriesKind) -> Vec<Found> {
    let mut series: Vec<(&str, Vec<(usize, i64)>)> = Vec::new();
    for id in &set.configurations {
        let one = &measured[*id];
        let Some((key, size)) = key_and_size(kind, &one.configuration).filter(|_| one.cells.is_some()) else {
            continue;
        };
        match series.iter_mut().find(|known| known.0 == key) {
            Some(known) => known.1.push((*id, size)),
            None => series.push((key, vec![(*id, size)])),
        }
    }
    let several = series.into_iter().map(|(_, members)| members).filter(|members| members.len() > 1);
    several
        .map(|mut members| {
            members.sort_by_key(|(_, size)| *size);
            Found { kind, references: set.references, members }
        })
        .collect()
}

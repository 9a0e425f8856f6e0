//! Series of ranks and of layers: which member is enough.

use ranklab_settings::Baseline;
use serde::Serialize;

use super::cells::TestCells;
use super::configuration::Configuration;
use super::measured::Measured;
use super::pairs::Pair;
use super::references::references;

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
pub(crate) fn series(measured: &[Measured<'_>], pairs: &[Pair], baseline: &Baseline) -> AllSeries {
    let mut all = of_kind(measured, SeriesKind::Ranks);
    all.extend(of_kind(measured, SeriesKind::Layers));
    let left_out = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    let series = all.into_iter().filter_map(|(kind, members)| {
        let cells = measured[members[0].0].cells.as_ref()?;
        let of_set =
            measured.iter().filter(|one| one.cells.as_ref().is_some_and(|other| other.are_those_of(cells)));
        let references = references(of_set.map(|one| &one.configuration), baseline)?;
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
        Some(ConfigurationSeries {
            kind,
            reference,
            is_baseline: references.baseline.is_some(),
            smallest_not_inferior: members.iter().position(is_enough),
            members,
        })
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

/// Kind and members of a series: ids of configurations, and their sizes.
type Found = (SeriesKind, Vec<(usize, i64)>);

fn of_kind(measured: &[Measured<'_>], kind: SeriesKind) -> Vec<Found> {
    /// Key, cells of the first member, members.
    type Known<'a> = (&'a str, &'a TestCells, Vec<(usize, i64)>);
    let mut series: Vec<Known<'_>> = Vec::new();
    for one in measured {
        let (Some((key, size)), Some(cells)) = (key_and_size(kind, &one.configuration), &one.cells) else {
            continue;
        };
        let member = (one.configuration.id, size);
        match series.iter_mut().find(|known| known.0 == key && known.1.are_those_of(cells)) {
            Some(known) => known.2.push(member),
            None => series.push((key, cells, vec![member])),
        }
    }
    let several = series.into_iter().map(|(.., members)| members).filter(|members| members.len() > 1);
    several
        .map(|mut members| {
            members.sort_by_key(|(_, size)| *size);
            (kind, members)
        })
        .collect()
}

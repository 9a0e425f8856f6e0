//! Of more series than a chart can hold, those with the highest accuracy.

use crate::comparison::Group;
use crate::intervals::Measured;

use super::Shown;

/// Series in one chart; more cannot be told apart, and hundreds make a page heavy.
const SERIES: usize = 12;

/// The configurations of the series with the highest accuracy, and how many series are left out.
pub(super) struct Fewer {
    groups: Vec<Group>,
    measured: Vec<Measured>,
    left_out: usize,
}

impl Fewer {
    /// `None` where a chart can hold all series.
    pub(super) fn of(shown: &Shown<'_>) -> Option<Self> {
        let mut series: Vec<(&str, f64)> = Vec::new();
        for group in shown.groups {
            let accuracy = group.accuracy().unwrap_or(f64::NEG_INFINITY);
            match series.iter_mut().find(|(name, _)| *name == group.series) {
                Some((_, best)) => *best = best.max(accuracy),
                None => series.push((&group.series, accuracy)),
            }
        }
        let left_out = series.len().checked_sub(SERIES).filter(|left_out| *left_out > 0)?;
        // Of equals the first ones stay.
        series.sort_by(|one, other| other.1.total_cmp(&one.1));
        series.truncate(SERIES);
        let kept = |group: &Group| series.iter().any(|(name, _)| *name == group.series);
        let (groups, measured) = shown
            .groups
            .iter()
            .zip(shown.measured)
            .filter(|(group, _)| kept(group))
            .map(|(group, measured)| (group.clone(), measured.clone()))
            .unzip();
        Some(Self { groups, measured, left_out })
    }

    /// The same report with these configurations only.
    pub(super) fn shown<'a>(&'a self, all: &Shown<'a>) -> Shown<'a> {
        Shown { groups: &self.groups, measured: &self.measured, ..*all }
    }

    /// What is left out, for a caption.
    pub(super) fn note(&self) -> String {
        format!(
            " The {SERIES} series with the highest accuracy; {} more are in the table only.",
            self.left_out
        )
    }
}

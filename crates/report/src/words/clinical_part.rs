//! A part of the clinical measures: a heading, notes and a table.

use ranklab_stats::{EstimatedRate, Interval};

use crate::analysis::{Analysis, ClinicalConfiguration};
use crate::options::Options;

use super::format::NONE;
use super::table::{Cell, Table};

/// One part.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClinicalPart {
    /// Heading.
    pub(crate) title: String,
    /// Sentences.
    pub(crate) notes: Vec<String>,
    /// Figures of the configurations; `None` where there are none.
    pub(crate) table: Option<Table>,
}

/// All configurations that are shown.
pub(super) fn shown(analysis: &Analysis) -> impl Iterator<Item = &ClinicalConfiguration> {
    analysis.clinical.iter().flat_map(|set| &set.configurations)
}

/// Name of a configuration that is shown.
pub(super) fn name<'a>(analysis: &'a Analysis, one: &ClinicalConfiguration) -> &'a str {
    &analysis.configurations[one.configuration].name
}

/// The assumed prevalence: `10 %`.
pub(super) fn prevalence(options: &Options) -> String {
    // Enough decimals for one in ten thousand.
    let text = format!("{:.4}", options.prevalence * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A rate with its interval, in percent: `97.5 (87.1 to 99.6)`.
pub(super) fn rate(rate: f64, Interval { lower, upper, .. }: Interval) -> Cell {
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    Cell::ordered(format!("{} ({} to {})", percent(rate), percent(lower), percent(upper)), rate)
}

/// A predictive value; a dash where nothing is called so.
pub(super) fn value(value: Option<EstimatedRate>) -> Cell {
    value.map_or_else(|| NONE.into(), |found| rate(found.rate, found.interval))
}

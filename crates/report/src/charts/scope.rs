//! The part of an analysis that a group of charts shows.

use std::collections::HashSet;

use crate::analysis::{Analysis, Charted, Configuration, OVERVIEW_CURVES, Pair};

/// A configuration whose curves are drawn.
#[derive(Clone, Copy)]
pub(super) struct Leading<'a> {
    /// The configuration.
    pub(super) configuration: &'a Configuration,
    /// Decides hue, marker and dash.
    pub(super) slot: usize,
}

/// What one group of charts shows.
pub(super) struct ChartScope<'a> {
    /// All of the report.
    pub(super) analysis: &'a Analysis,
    /// The curves of these configurations.
    pub(super) charted: &'a Charted,
    /// The configurations, in their order.
    pub(super) configurations: Vec<&'a Configuration>,
    /// The best of them by validation, in their order.
    pub(super) leading: Vec<Leading<'a>>,
    /// The comparisons of them.
    pub(super) pairs: Vec<&'a Pair>,
    /// Number and name of their test set, where the report has several.
    set: Option<(usize, String)>,
}

impl<'a> ChartScope<'a> {
    /// The scope of a group of charts; `name` is that of its test set, where there are several.
    pub(super) fn new(analysis: &'a Analysis, charted: &'a Charted, name: Option<String>) -> Self {
        let known: HashSet<usize> = charted.configurations.iter().copied().collect();
        let pairs = analysis.comparisons.pairs.iter();
        let pairs = pairs.filter(|pair| known.contains(&pair.first) && known.contains(&pair.second));
        let configurations: Vec<&Configuration> = analysis.with_ids(&charted.configurations).collect();
        Self {
            leading: leading(analysis, charted, &configurations),
            pairs: pairs.collect(),
            set: charted.test_set.zip(name).map(|(place, name)| (place + 1, name)),
            analysis,
            charted,
            configurations,
        }
    }

    /// A chart's heading, with the test set where there are several.
    pub(super) fn title(&self, title: &str) -> String {
        match &self.set {
            Some((number, name)) => format!("{title} · test set {number}: {name}"),
            None => title.to_owned(),
        }
    }

    /// A chart's file name, which no other test set's chart has.
    pub(super) fn file_name(&self, stem: &str) -> String {
        match &self.set {
            Some((number, _)) if *number > 1 => format!("{stem}-{number}.svg"),
            _ => format!("{stem}.svg"),
        }
    }

    /// Which configurations the leading ones are.
    pub(super) fn which(&self) -> String {
        if self.configurations.len() > OVERVIEW_CURVES {
            format!("the {OVERVIEW_CURVES} configurations with the best validation figures")
        } else {
            "each configuration".to_owned()
        }
    }

    /// The look of a leading configuration's curve, with its configuration.
    pub(super) fn leading_with_id(&self, id: usize) -> Option<Leading<'a>> {
        self.leading.iter().copied().find(|one| one.configuration.id == id)
    }

    /// The look of all configurations that differ in rank only.
    pub(super) fn slot_of(&self, configuration: &Configuration) -> usize {
        slot_of(&self.configurations, &configuration.without_rank)
    }
}

fn leading<'a>(
    analysis: &'a Analysis,
    charted: &'a Charted,
    configurations: &[&Configuration],
) -> Vec<Leading<'a>> {
    let mut names = HashSet::new();
    let one_each = configurations.iter().all(|one| names.insert(&one.without_rank));
    let look = |(order, configuration): (usize, &'a Configuration)| Leading {
        configuration,
        slot: if one_each { slot_of(configurations, &configuration.without_rank) } else { order },
    };
    analysis.with_ids(&charted.leading).enumerate().map(look).collect()
}

/// A series keeps its look in every chart: its index among all series.
fn slot_of(configurations: &[&Configuration], series: &str) -> usize {
    let mut names: HashSet<&str> = HashSet::new();
    for one in configurations.iter().filter(|one| one.accuracy().is_some()) {
        if one.without_rank == series {
            return names.len();
        }
        names.insert(&one.without_rank);
    }
    names.len()
}

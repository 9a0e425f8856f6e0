//! What tells sets of test cells apart.

use std::collections::BTreeSet;

use ranklab_settings::Nouns;

use crate::analysis::{Analysis, Configuration, TestSet};

use super::format::{count_of, short_hash, split_kind};

/// The name of each set, as short as tells them apart: `random split, 1,532 cells`.
pub(crate) fn names(analysis: &Analysis) -> Vec<String> {
    names_of(&analysis.configurations, &analysis.test_sets, &analysis.nouns)
}

/// The name of each of these sets of configurations.
pub(crate) fn names_of(configurations: &[Configuration], sets: &[TestSet], nouns: &Nouns) -> Vec<String> {
    let first = |set: &TestSet| -> &Configuration { &configurations[set.configurations[0]] };
    let short = |set: &TestSet| {
        let cells = usize::try_from(first(set).number_of_cells()).unwrap_or(0);
        format!("{} split, {}", split_kind(&first(set).start.split, nouns), count_of(cells, &nouns.image))
    };
    let seeded = |set: &TestSet| format!("{}, split seed {}", short(set), first(set).start.split_seed);
    let hashed = |set: &TestSet| {
        let start = &first(set).start;
        format!(
            "{}, images {}, split {}",
            short(set),
            short_hash(&start.image_set_hash),
            short_hash(&start.split_hash)
        )
    };
    let are_distinct = |names: &Vec<String>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
    let named: [Vec<String>; 3] = [
        sets.iter().map(short).collect(),
        sets.iter().map(seeded).collect(),
        sets.iter().map(hashed).collect(),
    ];
    let [.., last] = &named;
    named.iter().find(|names| are_distinct(names)).unwrap_or(last).clone()
}

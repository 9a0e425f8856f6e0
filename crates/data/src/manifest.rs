//! The manifest of a dataset: its usable images, the rejected ones, and the selection for a trial.

use std::collections::{BTreeMap, BTreeSet};

use ranklab_settings::Class;

use crate::{
    entry::ManifestEntry,
    image_set::ImageSet,
    rejection::{Rejected, Rejection},
};

/// All images of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Usable images, sorted by name.
    pub entries: Vec<ManifestEntry>,
    /// Rejected images, sorted by name.
    pub rejected: Vec<Rejected>,
    /// Whether a table gives the groups. They are then part of the image set's hash; the names give them otherwise.
    pub are_groups_given: bool,
}

impl Manifest {
    /// Images that are rejected because an earlier image has the same bytes.
    pub fn duplicates(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Duplicate { .. }))
    }

    /// Images that are rejected because an image of the other class has the same bytes.
    pub fn contradicting(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Contradicting { .. }))
    }

    /// Images that are rejected because they are in folders of neither class.
    pub fn unlabelled(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Unlabelled { .. }))
    }

    /// Images that are rejected because they cannot be read.
    pub fn unreadable(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Unreadable { .. }))
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.entries.iter().map(|entry| entry.group.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// Selects at most `limit` images, with the classes in proportion and in the order of their content hashes. This
    /// order does not depend on patient or microscope. A smaller limit selects a subset of a larger one.
    pub fn select(&self, limit: Option<usize>) -> ImageSet {
        let total = self.entries.len();
        let wanted = limit.unwrap_or(total).min(total);
        let mut by_class: BTreeMap<Class, Vec<&ManifestEntry>> = BTreeMap::new();
        for entry in &self.entries {
            by_class.entry(entry.class).or_default().push(entry);
        }
        let mut chosen = Vec::with_capacity(wanted);
        let mut left = wanted;
        let classes = by_class.len();
        for (index, (_, mut entries)) in by_class.into_iter().enumerate() {
            let share = (wanted * entries.len() + total / 2) / total.max(1);
            let take = if index + 1 == classes { left } else { share.min(left) };
            entries.sort_unstable_by(|a, b| a.content_hash.cmp(&b.content_hash));
            chosen.extend(entries.into_iter().take(take).cloned());
            left -= take;
        }
        chosen.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        ImageSet::new(chosen, self.are_groups_given)
    }
}

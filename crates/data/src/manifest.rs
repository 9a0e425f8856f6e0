//! Which images there are and which were left out, and the selection that a trial uses.

use std::collections::{BTreeMap, BTreeSet};

use ranklab_settings::Class;

use crate::{
    entry::ManifestEntry,
    image_set::ImageSet,
    rejection::{Rejected, Rejection},
};

/// All images of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Usable images by name.
    pub entries: Vec<ManifestEntry>,
    /// Images left out, by name.
    pub rejected: Vec<Rejected>,
}

impl Manifest {
    /// Images left out because their bytes stand elsewhere already.
    pub fn duplicates(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Duplicate { .. }))
    }

    /// Images left out because the same bytes stand in both classes.
    pub fn contradicting(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Contradicting { .. }))
    }

    /// Images left out because they are in folders of neither class.
    pub fn unlabelled(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Unlabelled { .. }))
    }

    /// Images left out because they cannot be read.
    pub fn unreadable(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Unreadable { .. }))
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.entries.iter().map(|entry| entry.group.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// At most `limit` images, the classes in proportion. They are taken in the order of their content
    /// hashes, which has nothing to do with patient or microscope: the same manifest and limit always
    /// give the same images, and a smaller limit gives a part of a larger one's.
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
        ImageSet::new(chosen)
    }
}

//! What a run has seen of other images: those with the bytes of its training or validation images, and groups with the
//! names of theirs.

use std::collections::BTreeSet;

use ranklab_data::{ImageSet, ManifestEntry, Split};
use ranklab_store::RunStatus;
use ranklab_trainer::Stop;

use crate::{
    Error, dataset::Dataset, finished_run::FinishedRun, locations::Locations, recorded_paths::locate,
    short_hash::short_hash, source_event::SourceEvent,
};

/// What a run has seen of other images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audit {
    /// Counted.
    Known {
        /// Images with the bytes of a training or validation image.
        images: usize,
        /// Groups with the name of a group in training or validation.
        groups: usize,
    },
    /// The run's images are not at hand, for this reason.
    Unknown(String),
}

/// Compares `images` with those that a run was trained and validated on, which are read again.
///
/// # Errors
/// When a stop is requested.
pub fn audit(
    run: &FinishedRun,
    images: &ImageSet,
    locations: &Locations,
    stop: &Stop,
    on_event: &mut dyn FnMut(SourceEvent),
) -> Result<Audit, Error> {
    if run.row.status == RunStatus::Imported {
        return Ok(Audit::Unknown("an imported adapter does not say what it was trained on".to_owned()));
    }
    let mut config = run.config.clone();
    let opened = locate(&mut config, &locations.runs_folder)
        .and_then(|_| Dataset::open(&config.data, locations, stop, on_event));
    let dataset = match opened {
        Ok(dataset) => dataset,
        Err(Error::Data(ranklab_data::Error::Stopped)) => {
            return Err(Error::Data(ranklab_data::Error::Stopped));
        }
        Err(problem) => return Ok(Audit::Unknown(format!("the run's own images cannot be read: {problem}"))),
    };
    let then = &run.row.start.image_set_hash;
    if dataset.images.hash != *then && !dataset.former_hashes().contains(then) {
        return Ok(Audit::Unknown(format!(
            "the run's own images at {} have changed: their hash was {} and now is {}",
            config.data.dataset,
            short_hash(then),
            short_hash(&dataset.images.hash)
        )));
    }
    Ok(match Split::new(&dataset.images, &config.data.split) {
        Ok(split) => compare(&dataset.images, &split, images),
        Err(problem) => Audit::Unknown(problem.to_string()),
    })
}

fn compare(own: &ImageSet, split: &Split, images: &ImageSet) -> Audit {
    let seen: Vec<&ManifestEntry> =
        split.train.iter().chain(&split.validation).map(|&image| &own.entries[image]).collect();
    let bytes: BTreeSet<&str> = seen.iter().map(|entry| entry.content_hash.as_str()).collect();
    let groups = |entries: &mut dyn Iterator<Item = &ManifestEntry>| -> BTreeSet<String> {
        entries.filter(|entry| entry.has_group()).map(|entry| entry.group.clone()).collect()
    };
    let (own_groups, others) = (groups(&mut seen.iter().copied()), groups(&mut images.entries.iter()));
    Audit::Known {
        images: images.entries.iter().filter(|entry| bytes.contains(entry.content_hash.as_str())).count(),
        groups: own_groups.intersection(&others).count(),
    }
}

//! The images of trials: opened, listed and selected once for all trials that share them.

use std::{collections::BTreeSet, ops::ControlFlow};

use ranklab_data::{
    ImageSet, ImageSource, Manifest, ManifestEntry, Rejection, load_images, missing_groups, synthetic,
};
use ranklab_settings::{DataConfig, GroupRule, Resize, SYNTHETIC, SplitKind};
use ranklab_trainer::{ImageLoader, Stop};

use crate::{Error, locations::Locations, source_event::SourceEvent};

/// An opened dataset with its selected images.
#[derive(Debug)]
pub struct Dataset {
    source: ImageSource,
    /// The selected images.
    pub images: ImageSet,
    /// Number of images that are rejected because an earlier image has the same bytes.
    pub duplicates: usize,
    /// Number of images that are rejected because an image of the other class has the same bytes.
    pub contradicting: usize,
    /// Number of images that cannot be read.
    pub unreadable: usize,
    /// Number of files that look like images and were passed over, including those in folders of neither class.
    pub skipped: usize,
    /// Whether the images were generated.
    pub synthetic: bool,
    labels: Vec<u8>,
    size: usize,
    resize: Resize,
}

impl Dataset {
    /// Opens the dataset of `config` and hashes all its images. Manifests are stored in the runs folder, generated images
    /// in the data folder.
    ///
    /// # Errors
    /// When the images cannot be read or generated, a class has none, or a stop is requested.
    pub fn open(
        config: &DataConfig,
        locations: &Locations,
        stop: &Stop,
        on_event: &mut dyn FnMut(SourceEvent),
    ) -> Result<Self, Error> {
        let path = if config.dataset == SYNTHETIC {
            with_progress("generating images", stop, on_event, |progress| {
                synthetic::ensure(&config.synthetic, &locations.data_folder, progress)
            })?
        } else {
            config.dataset.clone().into()
        };
        let manifests = locations.manifests();
        let (source, manifest) = with_progress("reading images", stop, on_event, |progress| {
            let source = ImageSource::open_watched(&path, &config.scheme(), progress)?;
            let manifest = Manifest::open_or_build(&source, &manifests, progress)?;
            Ok::<_, Error>((source, manifest))
        })?;
        report_rejected(&manifest, on_event);
        for line in source.passed_over().lines() {
            on_event(SourceEvent::Notice(format!("passed over: {line}")));
        }
        let images = manifest.select(config.limit);
        if !config.group.is_default() {
            on_event(SourceEvent::Notice(describe_groups(&images, &config.group)));
        }
        if config.split.kind == SplitKind::Given {
            source
                .split_notice()
                .into_iter()
                .for_each(|notice| on_event(SourceEvent::Notice(notice.to_owned())));
        }
        Ok(Self {
            synthetic: source.is_synthetic(),
            labels: images.entries.iter().map(|entry| entry.class.number()).collect(),
            duplicates: manifest.duplicates().count(),
            contradicting: manifest.contradicting().count(),
            unreadable: manifest.unreadable().count(),
            skipped: source.passed_over().images() + manifest.unlabelled().count(),
            images,
            source,
            size: config.image_size,
            resize: config.resize,
        })
    }

    /// Hashes of these images in earlier versions, which named images in other ways.
    pub fn former_hashes(&self) -> Vec<String> {
        self.images.former_hashes(self.source.path())
    }
}

/// Runs `work` on another thread until a stop is requested, and reports about every hundredth of its progress.
fn with_progress<T: Send>(
    task: &'static str,
    stop: &Stop,
    on_event: &mut dyn FnMut(SourceEvent),
    work: impl FnOnce(ranklab_data::Progress<'_>) -> T + Send,
) -> T {
    let (sender, received) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let worker = scope.spawn(move || {
            work(&move |done, total| {
                if total > 0 && (done == total || done % (total / 100).max(1) == 0) {
                    // The receiver is gone after a failed sweep.
                    let _ = sender.send((done, total));
                }
                if stop.is_requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        });
        for (done, total) in received {
            on_event(SourceEvent::Progress { task, done, total });
        }
        match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// How many groups the rule finds in the images' names or a table gives, with the first one, so that a wrong rule is
/// noticed.
fn describe_groups(images: &ImageSet, rule: &GroupRule) -> String {
    let with_group = images.entries.iter().filter(|entry| entry.has_group());
    let groups: BTreeSet<&str> = with_group.clone().map(|entry| entry.group.as_str()).collect();
    let (all, without) = (images.entries.len(), images.entries.len() - with_group.count());
    match groups.first() {
        None if rule.is_column() => format!("the table gives no groups for its {all} images"),
        None => {
            missing_groups(&images.entries, rule).unwrap_or_else(|| format!("{all} images have no groups"))
        }
        Some(first) if without == 0 => format!("{} groups in {all} images, {first} first", groups.len()),
        Some(first) => {
            format!("{} groups in {all} images, {first} first; {without} images have no group", groups.len())
        }
    }
}

/// Reports rejected images with a notice each, up to ten.
fn report_rejected(manifest: &Manifest, on_event: &mut dyn FnMut(SourceEvent)) {
    const NAMED: usize = 10;
    for rejected in manifest.rejected.iter().take(NAMED) {
        let reason = match &rejected.reason {
            Rejection::Duplicate { of } => format!("it holds the same bytes as {of}"),
            Rejection::Contradicting { of } => {
                format!(
                    "it holds the same bytes as {of} of the other class, so that neither label is reliable"
                )
            }
            Rejection::Unreadable { problem } => format!("it is unreadable ({problem})"),
            Rejection::Unlabelled { .. } => rejected.reason.to_string(),
        };
        on_event(SourceEvent::Notice(format!("left out {}: {reason}", rejected.name)));
    }
    if manifest.rejected.len() > NAMED {
        let more = manifest.rejected.len() - NAMED;
        on_event(SourceEvent::Notice(format!(
            "left out {more} more images: `ranklab data manifest` names them"
        )));
    }
}

impl ImageLoader for Dataset {
    fn load(&self, indices: &[usize]) -> Result<Vec<u8>, String> {
        let entries: Vec<&ManifestEntry> = indices.iter().map(|&image| &self.images.entries[image]).collect();
        load_images(&self.source, &entries, self.size, self.resize).map_err(|problem| problem.to_string())
    }

    fn size(&self) -> usize {
        self.size
    }

    fn count(&self) -> usize {
        self.images.entries.len()
    }

    fn labels(&self) -> &[u8] {
        &self.labels
    }

    fn key(&self) -> String {
        format!("{} {} {}", self.images.hash, self.resize.name(), self.size)
    }
}

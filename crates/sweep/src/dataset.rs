//! The images of a trial: opened, listed and selected once for all trials that share them.

use std::path::Path;

use ranklab_data::{
    DataConfig, ImageSet, ImageSource, Manifest, ManifestEntry, Rejection, Resize, SYNTHETIC, load_images,
    synthetic,
};
use ranklab_trainer::ImageLoader;

use crate::{Error, event::SweepEvent};

/// An opened dataset and the images of it that are used.
#[derive(Debug)]
pub(crate) struct Dataset {
    source: ImageSource,
    pub(crate) images: ImageSet,
    pub(crate) duplicates: usize,
    pub(crate) unreadable: usize,
    pub(crate) synthetic: bool,
    labels: Vec<u8>,
    size: usize,
    resize: Resize,
}

impl Dataset {
    /// Opens what `config` names. Manifests are kept in `runs_folder`, generated images in
    /// `data_folder`.
    pub(crate) fn open(
        config: &DataConfig,
        data_folder: &Path,
        runs_folder: &Path,
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<Self, Error> {
        let path = if config.dataset == SYNTHETIC {
            with_progress("generating images", on_event, |progress| {
                synthetic::ensure(&config.synthetic, data_folder, progress)
            })?
        } else {
            config.dataset.clone().into()
        };
        let source = ImageSource::open(&path)?;
        let manifests = runs_folder.join("manifests");
        let manifest = with_progress("reading images", on_event, |progress| {
            Manifest::open_or_build(&source, &manifests, progress)
        })?;
        report_rejected(&manifest, on_event);
        let images = manifest.select(config.limit);
        Ok(Self {
            synthetic: source.is_synthetic(),
            labels: images.entries.iter().map(|entry| entry.label.class()).collect(),
            duplicates: manifest.duplicates().count(),
            unreadable: manifest.unreadable().count(),
            images,
            source,
            size: config.image_size,
            resize: config.resize,
        })
    }
}

/// Runs `work` on another thread and passes its progress on as events, about every hundredth.
fn with_progress<T: Send>(
    task: &'static str,
    on_event: &mut dyn FnMut(SweepEvent),
    work: impl FnOnce(ranklab_data::Progress<'_>) -> T + Send,
) -> T {
    let (sender, received) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let worker = scope.spawn(move || {
            work(&move |done, total| {
                if done == total || done % (total / 100).max(1) == 0 {
                    // Nobody listens any more when the sweep was given up.
                    let _ = sender.send((done, total));
                }
            })
        });
        for (done, total) in received {
            on_event(SweepEvent::DataProgress { task, done, total });
        }
        match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// One notice per image left out, up to ten.
fn report_rejected(manifest: &Manifest, on_event: &mut dyn FnMut(SweepEvent)) {
    const NAMED: usize = 10;
    for rejected in manifest.rejected.iter().take(NAMED) {
        let reason = match &rejected.reason {
            Rejection::Duplicate { of } => format!("it holds the same bytes as {of}"),
            Rejection::Unreadable { problem } => format!("it is unreadable ({problem})"),
            Rejection::Unlabelled => "its folder is neither Parasitized nor Uninfected".to_owned(),
        };
        on_event(SweepEvent::Notice(format!("left out {}: {reason}", rejected.name)));
    }
    if manifest.rejected.len() > NAMED {
        let more = manifest.rejected.len() - NAMED;
        on_event(SweepEvent::Notice(format!(
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

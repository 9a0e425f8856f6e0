//! Datasets and trunk weights, opened once for all trials that share them, and the configuration hashes of trials.

use std::{borrow::Cow, path::Path};

use ranklab_data::Split;
use ranklab_settings::{Contents, DataConfig, SplitConfig, TrialConfig, identity};
use ranklab_trainer::Stop;

use crate::{
    Error,
    adapter_folder::AdapterFolder,
    dataset::Dataset,
    locations::Locations,
    source_event::SourceEvent,
    weights::{KnownWeights, load_weights},
};

/// The datasets, splits and trunk weights of the trials of a sweep.
#[derive(Debug, Default)]
pub struct Sources {
    datasets: Vec<(String, Dataset)>,
    weights: Vec<(String, KnownWeights)>,
    /// Adapters that trials start from, by their folders.
    starts: Vec<(String, AdapterFolder)>,
    /// Splits by their keys; `None` for an impossible split.
    splits: Vec<(String, Option<Split>)>,
}

impl Sources {
    /// Opens the dataset and the weights of a trial, unless an earlier trial opened them.
    ///
    /// # Errors
    /// When images or weights cannot be read or have an unexpected hash.
    pub fn open(
        &mut self,
        config: &TrialConfig,
        locations: &Locations,
        stop: &Stop,
        on_event: &mut dyn FnMut(SourceEvent),
    ) -> Result<(), Error> {
        let name = &config.model.weights;
        if !self.weights.iter().any(|(opened, _)| opened == name) {
            self.weights.push((name.clone(), load_weights(name, locations, on_event)?));
        }
        if let Some(folder) = start(config)
            && !self.starts.iter().any(|(opened, _)| opened == folder)
        {
            self.starts.push((folder.to_owned(), AdapterFolder::read(Path::new(folder))?));
        }
        let key = dataset_key(&config.data);
        if !self.datasets.iter().any(|(opened, _)| *opened == key) {
            let dataset = Dataset::open(&config.data, locations, stop, on_event)?;
            if dataset.synthetic {
                let notice = "SYNTHETIC images: generated, not photographs of cells";
                on_event(SourceEvent::Notice(notice.to_owned()));
            }
            self.datasets.push((key, dataset));
        }
        let key = split_key(&config.data);
        if !self.splits.iter().any(|(known, _)| *known == key) {
            let (dataset, _) = self.of(config)?;
            let split = Split::new(&dataset.images, &config.data.split).ok();
            self.splits.push((key, split));
        }
        Ok(())
    }

    /// The opened datasets.
    pub fn datasets(&self) -> impl Iterator<Item = &Dataset> {
        self.datasets.iter().map(|(_, dataset)| dataset)
    }

    /// The dataset and the weights of an opened trial.
    ///
    /// # Errors
    /// When the trial was not opened.
    pub fn of(&self, config: &TrialConfig) -> Result<(&Dataset, &KnownWeights), Error> {
        let key = dataset_key(&config.data);
        let dataset = self.datasets.iter().find(|(opened, _)| *opened == key);
        let weights = self.weights.iter().find(|(opened, _)| *opened == config.model.weights);
        match (dataset, weights) {
            (Some((_, dataset)), Some((_, weights))) => Ok((dataset, weights)),
            _ => Err(Error::NotOpened),
        }
    }

    /// The adapter that an opened trial starts from; `None` for fresh factors.
    pub fn start(&self, config: &TrialConfig) -> Option<&AdapterFolder> {
        let folder = start(config)?;
        self.starts.iter().find(|(opened, _)| opened == folder).map(|(_, start)| start)
    }

    /// The split of an opened trial.
    ///
    /// # Errors
    /// When the split is impossible for the images.
    pub fn split(&self, config: &TrialConfig) -> Result<Cow<'_, Split>, Error> {
        if let Some(split) = self.known_split(&split_key(&config.data)) {
            return Ok(Cow::Borrowed(split));
        }
        let (dataset, _) = self.of(config)?;
        Ok(Cow::Owned(Split::new(&dataset.images, &config.data.split)?))
    }

    fn known_split(&self, key: &str) -> Option<&Split> {
        self.splits.iter().find(|(known, _)| known == key).and_then(|(_, split)| split.as_ref())
    }

    /// The configuration hash of an opened trial, from its settings and the contents of images and weights.
    ///
    /// # Errors
    /// When the trial was not opened.
    pub fn identity(&self, config: &TrialConfig) -> Result<String, Error> {
        let (dataset, weights) = self.of(config)?;
        let key = split_key(&config.data);
        let (split, train_images) = match self.known_split(&key) {
            Some(split) => (split.hash.as_str(), split.train.len()),
            // The trial will fail with the reason; its settings identify it until then.
            None => (key.as_str(), usize::MAX),
        };
        let start = self.start(config).map(|start| start.hash.as_str());
        let contents =
            Contents { images: &dataset.images.hash, split, train_images, weights: &weights.hash, start };
        Ok(identity(config, contents))
    }
}

/// The folder of the adapter that a trial starts from.
fn start(config: &TrialConfig) -> Option<&str> {
    config.adapter.as_ref()?.start.as_deref()
}

/// The settings that decide the part of each image.
fn split_key(config: &DataConfig) -> String {
    format!("{config:?}")
}

/// The settings that decide which images are read and how: all but the split.
fn dataset_key(config: &DataConfig) -> String {
    format!("{:?}", DataConfig { split: SplitConfig::default(), ..config.clone() })
}

//! Datasets and trunk weights, opened once for all trials that share them, and the identity that their
//! contents give a trial.

use std::{
    borrow::Cow,
    collections::HashSet,
    path::{Path, PathBuf},
};

use ranklab_data::{DataConfig, ImageSource, SYNTHETIC, Split, SplitConfig};
use ranklab_trainer::PretrainedWeights;
use ranklab_zoo::weights::TrunkWeights;

use crate::{
    Error,
    dataset::Dataset,
    event::SweepEvent,
    execute::Context,
    identity::{Contents, identity},
    paths::locate,
    plan::Plan,
    trial::TrialConfig,
};

/// Trunk weights that are drawn at random, for tests.
pub(crate) const RANDOM_WEIGHTS: &str = "random";
/// Trunk weights that `ranklab weights fetch` stored.
pub(crate) const IMAGENET_WEIGHTS: &str = "imagenet";
/// Trunk weights that have a name and no path.
pub(crate) const WEIGHTS_NAMES: [&str; 2] = [RANDOM_WEIGHTS, IMAGENET_WEIGHTS];

/// What the trials of a sweep read.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    datasets: Vec<(String, Dataset)>,
    weights: Vec<(String, KnownWeights)>,
    splits: Vec<(String, Option<KnownSplit>)>,
}

/// What a split adds to an identity.
#[derive(Debug)]
struct KnownSplit {
    hash: String,
    train_images: usize,
}

/// Weights that were seen once, and are read again when they are needed.
#[derive(Debug)]
pub(crate) struct KnownWeights {
    /// Where they lie; random ones lie nowhere.
    path: Option<PathBuf>,
    pub(crate) hash: String,
}

impl Sources {
    /// Opens what `config` names, where no earlier trial did.
    ///
    /// # Errors
    /// When images or weights cannot be read or are not what they should be.
    pub(crate) fn open(
        &mut self,
        config: &TrialConfig,
        context: &Context,
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<(), Error> {
        let name = &config.model.weights;
        if !self.weights.iter().any(|(opened, _)| opened == name) {
            self.weights.push((name.clone(), load_weights(name, context, on_event)?));
        }
        let key = dataset_key(&config.data);
        if !self.datasets.iter().any(|(opened, _)| *opened == key) {
            let dataset = Dataset::open(&config.data, context, on_event)?;
            if dataset.synthetic {
                let notice = "SYNTHETIC images: generated, not photographs of cells";
                on_event(SweepEvent::Notice(notice.to_owned()));
            }
            self.datasets.push((key, dataset));
        }
        let key = split_key(&config.data);
        if !self.splits.iter().any(|(known, _)| *known == key) {
            let (dataset, _) = self.of(config)?;
            let split = Split::new(&dataset.images, &config.data.split).ok();
            let known = split.map(|split| KnownSplit { hash: split.hash, train_images: split.train.len() });
            self.splits.push((key, known));
        }
        Ok(())
    }

    /// The datasets that were opened.
    pub(crate) fn datasets(&self) -> impl Iterator<Item = &Dataset> {
        self.datasets.iter().map(|(_, dataset)| dataset)
    }

    /// The dataset and the weights of a trial that was opened.
    pub(crate) fn of(&self, config: &TrialConfig) -> Result<(&Dataset, &KnownWeights), Error> {
        let key = dataset_key(&config.data);
        let dataset = self.datasets.iter().find(|(opened, _)| *opened == key);
        let weights = self.weights.iter().find(|(opened, _)| *opened == config.model.weights);
        match (dataset, weights) {
            (Some((_, dataset)), Some((_, weights))) => Ok((dataset, weights)),
            _ => Err(Error::Setting("the dataset or the weights were not opened".to_owned())),
        }
    }

    /// The hash that stands for all that a trial computes: its settings, with images and weights by their contents.
    pub(crate) fn identity(&self, config: &TrialConfig) -> Result<String, Error> {
        let (dataset, weights) = self.of(config)?;
        let key = split_key(&config.data);
        let split = self.splits.iter().find(|(known, _)| *known == key).and_then(|(_, split)| split.as_ref());
        let (split, train_images) = match split {
            Some(split) => (split.hash.as_str(), split.train_images),
            // Nothing can be trained on it: its settings stand for it until the trial says why.
            None => (key.as_str(), usize::MAX),
        };
        let contents = Contents { images: &dataset.images.hash, split, train_images, weights: &weights.hash };
        Ok(identity(config, contents))
    }
}

/// What a plan reads and what is not there, a line each: images that cannot be listed and weights that cannot be read.
pub fn missing_sources(plan: &Plan, runs_folder: &Path, imagenet_weights: &Path) -> Vec<String> {
    let (mut known, mut problems): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for trial in &plan.trials {
        let mut config = trial.config.clone();
        if let Err(problem) = locate(&mut config, runs_folder) {
            problems.push(problem.to_string());
            continue;
        }
        let dataset = config.data.dataset;
        if !known.contains(&dataset) {
            let listed = if dataset == SYNTHETIC { Ok(()) } else { check_dataset(Path::new(&dataset)) };
            problems.extend(listed.err().map(|problem| several_paths(problem, "dataset", &dataset)));
            known.push(dataset);
        }
        let name = config.model.weights;
        if name != RANDOM_WEIGHTS && !known.contains(&name) {
            let read = read_named(&name, imagenet_weights).map(drop);
            problems.extend(read.err().map(|problem| several_paths(problem.to_string(), "weights", &name)));
            known.push(name);
        }
    }
    let mut seen = HashSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
    problems
}

/// What is wrong with a folder or zip of images, by its list of files alone.
fn check_dataset(path: &Path) -> Result<(), String> {
    let source = ImageSource::open(path).map_err(|problem| problem.to_string())?;
    if source.files().is_empty() { Err(format!("no images at {}", path.display())) } else { Ok(()) }
}

/// What is wrong with a path, and how to give several where it seems to be a list.
fn several_paths(problem: String, key: &str, path: &str) -> String {
    if path.contains(',') && !Path::new(path).exists() {
        return format!("{problem}; a path is one value: for several repeat the key, {key}=a {key}=b");
    }
    problem
}

/// What decides which image is trained on, validated on and tested on.
fn split_key(config: &DataConfig) -> String {
    format!("{config:?}")
}

/// What decides which images are read and how: all but the split.
fn dataset_key(config: &DataConfig) -> String {
    format!("{:?}", DataConfig { split: SplitConfig::default(), ..config.clone() })
}

/// Reads the weights once, to know them.
pub(crate) fn load_weights(
    name: &str,
    context: &Context,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<KnownWeights, Error> {
    if name == RANDOM_WEIGHTS {
        on_event(SweepEvent::Notice(
            "RANDOM WEIGHTS: the trunk knows nothing; its figures mean nothing".to_owned(),
        ));
    }
    read_named(name, &context.imagenet_weights)
}

fn read_named(name: &str, imagenet_weights: &Path) -> Result<KnownWeights, Error> {
    let path = match name {
        RANDOM_WEIGHTS => None,
        IMAGENET_WEIGHTS => Some(imagenet_weights.to_owned()),
        path => Some(PathBuf::from(path)),
    };
    let weights = read_weights(path.as_deref())?;
    if name == IMAGENET_WEIGHTS && !weights.are_imagenet() {
        return Err(Error::Setting(format!(
            "weights file {}: wrong hash {}, it is not the ImageNet trunk; name it by its path (`weights=PATH`) or fetch it again with `ranklab weights fetch`",
            imagenet_weights.display(),
            &weights.hash[..16]
        )));
    }
    Ok(KnownWeights { path, hash: weights.hash })
}

fn read_weights(path: Option<&Path>) -> Result<TrunkWeights, ranklab_zoo::Error> {
    path.map_or_else(|| Ok(TrunkWeights::random(0)), TrunkWeights::load)
}

impl PretrainedWeights for KnownWeights {
    fn hash(&self) -> &str {
        &self.hash
    }

    fn load(&self) -> Result<Cow<'_, TrunkWeights>, String> {
        let weights = read_weights(self.path.as_deref()).map_err(|problem| problem.to_string())?;
        if weights.hash != self.hash {
            let path = self.path.as_deref().unwrap_or(Path::new(RANDOM_WEIGHTS));
            return Err(format!(
                "weights file {}: it was changed while the sweep ran; repeat the command to go on with what it holds now",
                path.display()
            ));
        }
        Ok(Cow::Owned(weights))
    }
}

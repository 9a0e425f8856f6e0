//! Datasets and trunk weights, opened once for all trials that share them, and the identity that their
//! contents give a trial.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use ranklab_data::{DataConfig, SplitConfig, SyntheticConfig};
use ranklab_trainer::PretrainedWeights;
use ranklab_zoo::weights::TrunkWeights;
use sha2::{Digest, Sha256};

use crate::{
    Error,
    dataset::Dataset,
    event::SweepEvent,
    execute::Context,
    trial::{TrialConfig, hexadecimal},
};

/// Trunk weights that are drawn at random, for tests.
pub(crate) const RANDOM_WEIGHTS: &str = "random";
/// Trunk weights that `ranklab weights fetch` stored.
pub(crate) const IMAGENET_WEIGHTS: &str = "imagenet";

/// What the trials of a sweep read.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    datasets: Vec<(String, Dataset)>,
    weights: Vec<(String, KnownWeights)>,
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
        Ok(())
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

    /// The hash that stands for all that a trial computes: its settings, with images and weights by
    /// their contents. Other images at the same path make another trial, the same images at another
    /// path do not.
    pub(crate) fn identity(&self, config: &TrialConfig) -> Result<String, Error> {
        let (dataset, weights) = self.of(config)?;
        let mut contents = config.clone();
        contents.data.dataset = dataset.images.hash.clone();
        contents.data.limit = None;
        contents.data.synthetic = SyntheticConfig::default();
        contents.model.weights = weights.hash.clone();
        Ok(hexadecimal(&Sha256::digest(contents.canonical_json())))
    }
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
    let path = match name {
        RANDOM_WEIGHTS => {
            on_event(SweepEvent::Notice(
                "RANDOM WEIGHTS: the trunk knows nothing; its figures mean nothing".to_owned(),
            ));
            None
        }
        IMAGENET_WEIGHTS => Some(context.imagenet_weights.clone()),
        path => Some(PathBuf::from(path)),
    };
    let weights = read_weights(path.as_deref())?;
    if name == IMAGENET_WEIGHTS && !weights.are_imagenet() {
        return Err(Error::Setting(format!(
            "weights file {}: wrong hash {}, it is not the ImageNet trunk; name it by its path (`weights=PATH`) or fetch it again with `ranklab weights fetch`",
            context.imagenet_weights.display(),
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

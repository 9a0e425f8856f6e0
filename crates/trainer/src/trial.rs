//! What one trial is made of and what it leaves.

use std::path::Path;

use burn::tensor::Device;
use ranklab_zoo::{AdapterConfig, Architecture, Cut, HeadConfig, Layer, Model, UpperTrunk};

use crate::{
    Error,
    checkpoint::Checkpoint,
    config::TrainingConfig,
    event::Event,
    extraction::{extract, extract_frozen},
    features::{Features, Request},
    images::ImageLoader,
    input::Input,
    memory::evaluated_at_once,
    phases::Phases,
    pretrained::PretrainedWeights,
    stop::Stop,
    train::run_together,
};

/// Images that are decoded at once where all are kept in memory.
const LOADED_AT_ONCE: usize = 512;

/// Everything that a trial needs.
pub struct Trial<'a> {
    /// Which network.
    pub architecture: Architecture,
    /// Its adapters, for model_5.
    pub adapter: Option<&'a AdapterConfig>,
    /// The frozen trunk.
    pub weights: &'a dyn PretrainedWeights,
    /// The image set.
    pub images: &'a dyn ImageLoader,
    /// Training images, by their place in the set.
    pub train: &'a [usize],
    /// Validation images.
    pub validation: &'a [usize],
    /// Test images.
    pub test: &'a [usize],
    /// How to train.
    pub training: &'a TrainingConfig,
    /// Where to compute, without autodiff.
    pub device: &'a Device,
    /// The device's name.
    pub device_name: &'a str,
    /// Where feature caches live.
    pub cache_folder: &'a Path,
    /// Where an earlier process left off; `None` to start from the beginning.
    pub checkpoint: Option<&'a Checkpoint>,
    /// A wish to stop; trials that train together share it.
    pub stop: &'a Stop,
}

/// What a finished trial leaves.
#[derive(Debug)]
pub struct Outcome {
    /// Epoch (from 1) whose weights were restored.
    pub best_epoch: usize,
    /// The trained state as a safetensors file.
    pub model: Vec<u8>,
    /// Hash of the trained state.
    pub model_hash: String,
    /// Test probabilities of parasitized, in the order of [`Trial::test`].
    pub probabilities: Vec<f64>,
    /// Mean test cross-entropy.
    pub test_loss: f64,
    /// Seconds spent on trunk features.
    pub feature_seconds: f64,
    /// Seconds spent training and validating; of trials trained together, each one's share.
    pub train_seconds: f64,
    /// Seconds spent on the test images, shared alike.
    pub test_seconds: f64,
    /// Training images per second of [`Outcome::train_seconds`], validation not counted.
    pub images_per_second: f64,
    /// Where the time of all trials that were trained together went.
    pub phases: Phases,
}

impl Trial<'_> {
    /// Trains, restores the best epoch and predicts the test images.
    ///
    /// # Errors
    /// When images cannot be read, the cache cannot be written, training diverges or is asked to stop.
    pub fn run(&self, on_event: &mut dyn FnMut(Event)) -> Result<Outcome, Error> {
        run_together(std::slice::from_ref(self), &mut |_, event| on_event(event))?.remove(0)
    }

    /// Whether two trials can be trained together: they see the same images, features and batch size,
    /// and their adapters share one frozen part. Rank, seed, learning rate, optimiser and initialisation
    /// may differ; each trial's results are those that it has alone.
    pub fn joins(&self, other: &Self) -> bool {
        let (a, b) = (self.training, other.training);
        let shared = match (self.adapter, other.adapter) {
            (Some(a), Some(b)) => UpperTrunk::is_shared(a, b),
            _ => false,
        };
        shared
            && (self.architecture, other.architecture) == (Architecture::Model5, Architecture::Model5)
            && (a.batch_size, a.epochs) == (b.batch_size, b.epochs)
            && (self.device_name, self.cache_folder) == (other.device_name, other.cache_folder)
            && self.weights.hash() == other.weights.hash()
            && self.images.key() == other.images.key()
            && (self.train, self.validation, self.test) == (other.train, other.validation, other.test)
    }

    /// model_5's adapters.
    fn adapted(&self) -> Option<&AdapterConfig> {
        (self.architecture == Architecture::Model5).then_some(self.adapter).flatten()
    }

    /// Images that are evaluated at once under so many models like this one's.
    pub(crate) fn evaluated_at_once(&self, models: usize) -> Result<usize, Error> {
        let adapters: Vec<&AdapterConfig> = self.adapted().into_iter().cycle().take(models).collect();
        evaluated_at_once(self.architecture, &adapters, self.images.size())
    }

    /// The frozen convolutions that this trial's model runs through, for model_5.
    pub(crate) fn upper(&self, device: &Device) -> Result<Option<UpperTrunk>, Error> {
        match (self.architecture, self.adapted()) {
            (Architecture::Model4, _) => Ok(None),
            (_, Some(adapter)) => {
                let weights = self.weights.load().map_err(Error::Weights)?;
                Ok(Some(UpperTrunk::new(&weights, adapter, self.images.size(), device)))
            }
            (_, None) => {
                Err(Error::Setting("model_5 needs adapter settings: give rank and layers".to_owned()))
            }
        }
    }

    /// A freshly initialised model on `upper`.
    pub(crate) fn model(&self, upper: Option<&UpperTrunk>, device: &Device) -> Result<Model, Error> {
        let TrainingConfig { head_dropout: dropout, batch_norm_momentum, seed, .. } = *self.training;
        let head = HeadConfig { dropout, batch_norm_momentum };
        Ok(Model::new(self.adapted().zip(upper), self.images.size(), head, seed, device)?)
    }

    /// Trunk features, or the images themselves where nothing is frozen below the adapters, and the
    /// seconds spent on them.
    pub(crate) fn input(
        &self,
        phases: &mut Phases,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(Input, f64), Error> {
        let cut = Cut::of(self.architecture, self.adapter);
        let size = self.images.size();
        if cut.is_input() {
            let count = self.images.count();
            let bytes = (count * size * size * 3) as u64;
            on_event(Event::Features { path: None, beyond: None, bytes, images: count, reused: false });
            let all: Vec<usize> = (0..count).collect();
            let mut rgb = Vec::with_capacity(count * size * size * 3);
            // So many that all cores are busy, and so few that a request to stop is heard.
            for some in all.chunks(LOADED_AT_ONCE) {
                if self.stop.is_requested() {
                    return Err(Error::Stopped);
                }
                rgb.append(&mut self.images.load(some).map_err(Error::Images)?);
            }
            return Ok((Input::Images { rgb, size }, 0.0));
        }
        let request = self.request(cut, None);
        let compute =
            |path: &Path, on_event: &mut dyn FnMut(Event)| extract(&request, path, phases, on_event);
        let (features, seconds) = Features::open_or_compute(&request, compute, on_event)?;
        Ok((Input::Features { features, frozen: None }, seconds))
    }

    /// Adds to `input` what the frozen terms of the convolution above the cut make of the features, where
    /// `upper` can make use of it; returns the seconds spent on it.
    pub(crate) fn add_frozen(
        &self,
        input: &mut Input,
        upper: &UpperTrunk,
        phases: &mut Phases,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<f64, Error> {
        let Input::Features { features, frozen } = input else { return Ok(0.0) };
        let cut = Cut::of(self.architecture, self.adapter);
        if !upper.has_frozen_part() {
            return Ok(0.0);
        }
        let request = self.request(cut, cut.above_layers().next());
        let compute = |path: &Path, on_event: &mut dyn FnMut(Event)| {
            extract_frozen(&request, features, upper, path, phases, on_event)
        };
        let (found, seconds) = Features::open_or_compute(&request, compute, on_event)?;
        *frozen = Some(found);
        phases.frozen_known = true;
        Ok(seconds)
    }

    fn request(&self, cut: Cut, beyond: Option<Layer>) -> Request<'_> {
        Request {
            weights: self.weights,
            cut,
            images: self.images,
            device: self.device,
            beyond,
            device_name: self.device_name,
            folder: self.cache_folder,
            stop: self.stop,
        }
    }

    pub(crate) fn labels(&self, indices: &[usize]) -> Vec<u8> {
        indices.iter().map(|&image| self.images.labels()[image]).collect()
    }
}

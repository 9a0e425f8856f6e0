//! What one trial is made of, and where its input comes from.

use std::path::Path;

use burn::tensor::Device;
use ranklab_settings::{Layer, Network, Precision, TrainingConfig};
use ranklab_zoo::{Cut, HeadConfig, UpperTrunk, exchange::ImportedAdapter};

use crate::{
    Error,
    checkpoint::Checkpoint,
    event::Event,
    extraction::{extract, extract_frozen},
    feature_cache::{FeatureCache, Request},
    images::ImageLoader,
    input::Input,
    memory::evaluated_at_once,
    network::NetworkSettings,
    phases::Phases,
    precision::{calibration_images, is_calibrated},
    pretrained::PretrainedWeights,
    stop::Stop,
};

/// Images that are decoded at once where all are kept in memory.
const LOADED_AT_ONCE: usize = 512;

/// Everything that a trial needs.
pub struct Trial<'a> {
    /// Which network.
    pub network: &'a Network,
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
    /// An adapter that training starts from, in place of fresh factors.
    pub start: Option<&'a ImportedAdapter>,
    /// Precision of frozen products.
    pub precision: Precision,
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
    /// A request to stop; trials that train together share it.
    pub stop: &'a Stop,
}

impl Trial<'_> {
    /// Whether two trials can be trained together: they see the same images, features and batch size,
    /// and their adapters share one frozen part. Rank, seed, learning rate, optimiser and initialisation
    /// may differ; each trial's results are those that it has alone.
    pub fn joins(&self, other: &Self) -> bool {
        let (a, b) = (self.training, other.training);
        let shared = match (self.network, other.network) {
            (Network::Model5(a), Network::Model5(b)) => UpperTrunk::is_shared(a, b),
            _ => false,
        };
        shared
            && (a.batch_size, a.epochs) == (b.batch_size, b.epochs)
            && (self.device_name, self.cache_folder) == (other.device_name, other.cache_folder)
            && self.precision == other.precision
            && self.weights.hash() == other.weights.hash()
            && self.images.key() == other.images.key()
            && (self.train, self.validation, self.test) == (other.train, other.validation, other.test)
    }

    /// What decides this trial's network besides the trunk's weights.
    pub(crate) fn network_settings(&self) -> NetworkSettings<'_> {
        let TrainingConfig { head_dropout: dropout, batch_norm_momentum, seed, .. } = *self.training;
        NetworkSettings {
            network: self.network,
            image_size: self.images.size(),
            precision: self.precision,
            head: HeadConfig { dropout, batch_norm_momentum },
            seed,
            start: self.start,
        }
    }

    /// Images that are evaluated at once under so many models like this one's.
    pub(crate) fn evaluated_at_once(&self, models: usize) -> Result<usize, Error> {
        evaluated_at_once(&vec![self.network; models], self.images.size())
    }

    /// Trunk features, or the images themselves where nothing is frozen below the adapters, and the
    /// seconds spent on them.
    pub(crate) fn input(
        &self,
        phases: &mut Phases,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(Input, f64), Error> {
        let cut = Cut::of(self.network);
        let size = self.images.size();
        if cut.is_input() {
            let count = self.images.count();
            let bytes = (count * size * size * 3) as u64;
            on_event(Event::Features { path: None, products_of: None, bytes, images: count, reused: false });
            let all: Vec<usize> = (0..count).collect();
            let mut rgb = Vec::with_capacity(count * size * size * 3);
            // So many that all cores are busy, and so few that a request to stop is noticed.
            for some in all.chunks(LOADED_AT_ONCE) {
                if self.stop.is_requested() {
                    return Err(Error::Stopped);
                }
                rgb.append(&mut self.images.load(some).map_err(Error::Images)?);
            }
            return Ok((Input::Images { rgb, size }, 0.0));
        }
        let calibrated_on = self.calibrated_on();
        let request = self.request(cut, None, &calibrated_on);
        let compute = |part: &Path, path: &Path, on_event: &mut dyn FnMut(Event)| {
            extract(&request, part, path, phases, on_event)
        };
        let (features, seconds) = FeatureCache::open_or_compute(&request, compute, on_event)?;
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
        let cut = Cut::of(self.network);
        if !upper.has_frozen_part() {
            return Ok(0.0);
        }
        let calibrated_on = self.calibrated_on();
        let request = self.request(cut, cut.above_layers().next(), &calibrated_on);
        let compute = |part: &Path, path: &Path, on_event: &mut dyn FnMut(Event)| {
            extract_frozen(&request, features, upper, [part, path], phases, on_event)
        };
        let (found, seconds) = FeatureCache::open_or_compute(&request, compute, on_event)?;
        *frozen = Some(found);
        phases.frozen_known = true;
        Ok(seconds)
    }

    /// The images that its trunk is calibrated on; none where its precision has no scales.
    fn calibrated_on(&self) -> Vec<usize> {
        if is_calibrated(self.precision) { calibration_images(self.train) } else { Vec::new() }
    }

    fn request<'a>(
        &'a self,
        cut: Cut,
        products_of: Option<Layer>,
        calibrated_on: &'a [usize],
    ) -> Request<'a> {
        Request {
            weights: self.weights,
            cut,
            precision: self.precision,
            calibrated_on,
            images: self.images,
            device: self.device,
            products_of,
            device_name: self.device_name,
            folder: self.cache_folder,
            stop: self.stop,
        }
    }

    pub(crate) fn labels(&self, indices: &[usize]) -> Vec<u8> {
        indices.iter().map(|&image| self.images.labels()[image]).collect()
    }
}

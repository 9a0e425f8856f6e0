//! The training loop, from initial weights to test predictions.

use std::{path::Path, time::Instant};

use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData, activation::log_softmax},
};
use rand::seq::SliceRandom;
use ranklab_zoo::{AdapterConfig, Architecture, Cut, HeadConfig, Model, Randomness, weights::TrunkWeights};

use crate::{
    Error,
    config::{SelectBy, TrainingConfig},
    event::{EpochSummary, Event},
    features::{Features, Request},
    images::ImageLoader,
    input::Input,
    optimizer::optimizer,
    scores::Scores,
};

/// Images that are evaluated at once.
const EVALUATION_BATCH: usize = 128;
/// The streams of the seed that shuffles and dropout are drawn from; stream 0 is initial weights.
const SHUFFLES: u64 = 1 << 32;
const DROPOUT: u64 = 2 << 32;

/// Everything that a trial needs.
pub struct Trial<'a> {
    /// Which network.
    pub architecture: Architecture,
    /// Its adapters, for model_5.
    pub adapter: Option<&'a AdapterConfig>,
    /// The frozen trunk.
    pub weights: &'a TrunkWeights,
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
    /// Seconds spent training and validating.
    pub train_seconds: f64,
    /// Seconds spent on the test images.
    pub test_seconds: f64,
    /// Training images per second over all epochs, validation not counted.
    pub images_per_second: f64,
}

impl Trial<'_> {
    fn model(&self, device: &Device) -> Result<Model, Error> {
        let size = self.images.size();
        let TrainingConfig { head_dropout: dropout, batch_norm_momentum, seed, .. } = *self.training;
        let head = HeadConfig { dropout, batch_norm_momentum };
        Ok(Model::new(self.architecture, self.adapter, self.weights, size, head, seed, device)?)
    }

    /// Trains, restores the best epoch and predicts the test images.
    ///
    /// # Errors
    /// When images cannot be read, the cache cannot be written or training diverges.
    pub fn run(&self, on_event: &mut dyn FnMut(Event)) -> Result<Outcome, Error> {
        let (input, feature_seconds) = self.input(on_event)?;
        let started = Instant::now();
        let (best, best_epoch, images_per_second) = self.train(&input, on_event)?;
        let train_seconds = started.elapsed().as_secs_f64();

        let started = Instant::now();
        on_event(Event::TestStarted { images: self.test.len() });
        let evaluation = self.evaluate(&best, &input, self.test)?;
        Ok(Outcome {
            best_epoch,
            model: best.to_safetensors()?,
            model_hash: best.state_hash(),
            test_loss: evaluation.loss,
            probabilities: evaluation.probabilities,
            feature_seconds,
            train_seconds,
            test_seconds: started.elapsed().as_secs_f64(),
            images_per_second,
        })
    }

    /// Trunk features, or the images themselves where nothing is frozen below the adapters.
    fn input(&self, on_event: &mut dyn FnMut(Event)) -> Result<(Input, f64), Error> {
        let cut = Cut::of(self.architecture, self.adapter);
        let size = self.images.size();
        if cut.is_input() {
            let count = self.images.count();
            let bytes = (count * size * size * 3) as u64;
            on_event(Event::Features { path: None, bytes, images: count, reused: false });
            let all: Vec<usize> = (0..count).collect();
            let rgb = self.images.load(&all).map_err(Error::Images)?;
            return Ok((Input::Images { rgb, size }, 0.0));
        }
        let request = Request {
            weights: self.weights,
            cut,
            images: self.images,
            device: self.device,
            device_name: self.device_name,
            folder: self.cache_folder,
        };
        let (features, seconds) = Features::open_or_compute(&request, on_event)?;
        Ok((Input::Features { features, shape: cut.shape(size) }, seconds))
    }

    /// Returns the best epoch's model without autodiff, its epoch and the training speed.
    fn train(&self, input: &Input, on_event: &mut dyn FnMut(Event)) -> Result<(Model, usize, f64), Error> {
        let device = self.device.clone().autodiff();
        let mut model = self.model(&device)?;
        let mut optimizer = optimizer(self.training);
        let batch_size = self.training.batch_size.max(1);
        let steps = self.train.len().div_ceil(batch_size);
        let mut best: Option<(Model, usize, f64)> = None;
        let mut seconds = 0.0;

        for epoch in 1..=self.training.epochs {
            on_event(Event::EpochStarted { epoch, epochs: self.training.epochs, steps });
            let started = Instant::now();
            let mut order = self.train.to_vec();
            order.shuffle(Randomness::new(self.training.seed, SHUFFLES + epoch as u64).generator());
            let (mut loss_sum, mut correct) = (0.0, 0);
            for (place, batch) in order.chunks(batch_size).enumerate() {
                let step = (epoch - 1) * steps + place + 1;
                let labels = self.labels(batch);
                let mut dropout = Randomness::new(self.training.seed, DROPOUT + step as u64);
                let scores = model.forward(input.batch(batch, &device), Some(&mut dropout));
                let loss = cross_entropy(scores.clone(), &labels, &device);
                let gradients = GradientsParams::from_grads(loss.backward(), &model);
                model = optimizer.step(self.training.learning_rate, model, gradients);

                let scores = Scores::read(scores)?;
                let (batch_loss, batch_correct) = (scores.loss(&labels), scores.correct(&labels));
                let mean_loss = batch_loss / batch.len() as f64;
                if !mean_loss.is_finite() {
                    return Err(Error::Diverged { epoch, step, loss: mean_loss });
                }
                loss_sum += batch_loss;
                correct += batch_correct;
                on_event(Event::Step {
                    epoch,
                    step,
                    images: batch.len(),
                    loss: mean_loss,
                    accuracy: batch_correct as f64 / batch.len() as f64,
                });
            }
            let train_seconds = started.elapsed().as_secs_f64();
            seconds += train_seconds;

            let snapshot = model.valid();
            let validation = self.evaluate(&snapshot, input, self.validation)?;
            let merit = match self.training.select_by {
                SelectBy::ValidationAccuracy => validation.accuracy,
                SelectBy::ValidationLoss => -validation.loss,
                SelectBy::LastEpoch => epoch as f64,
            };
            let is_best = best.as_ref().is_none_or(|(_, _, best_merit)| merit > *best_merit);
            if is_best {
                best = Some((snapshot, epoch, merit));
            }
            on_event(Event::Epoch(EpochSummary {
                epoch,
                train_loss: loss_sum / order.len() as f64,
                train_accuracy: correct as f64 / order.len() as f64,
                validation_loss: validation.loss,
                validation_accuracy: validation.accuracy,
                train_seconds,
                images_per_second: order.len() as f64 / train_seconds,
                best: is_best,
            }));
        }
        let (model, epoch, _) =
            best.ok_or_else(|| Error::Setting("epochs is 0: give a whole number from 1".to_owned()))?;
        Ok((model, epoch, (self.train.len() * self.training.epochs) as f64 / seconds))
    }

    fn labels(&self, indices: &[usize]) -> Vec<u8> {
        indices.iter().map(|&image| self.images.labels()[image]).collect()
    }

    fn evaluate(&self, model: &Model, input: &Input, indices: &[usize]) -> Result<Evaluation, Error> {
        let (mut loss, mut correct) = (0.0, 0);
        let mut probabilities = Vec::with_capacity(indices.len());
        for batch in indices.chunks(EVALUATION_BATCH) {
            let scores = Scores::read(model.forward(input.batch(batch, self.device), None))?;
            let labels = self.labels(batch);
            loss += scores.loss(&labels);
            correct += scores.correct(&labels);
            probabilities.extend(scores.probabilities());
        }
        let count = indices.len().max(1) as f64;
        Ok(Evaluation { loss: loss / count, accuracy: correct as f64 / count, probabilities })
    }
}

struct Evaluation {
    loss: f64,
    accuracy: f64,
    probabilities: Vec<f64>,
}

/// Mean cross-entropy of class scores `[batch, 2]`.
fn cross_entropy(scores: Tensor<2>, labels: &[u8], device: &Device) -> Tensor<1> {
    let hot: Vec<f32> = labels.iter().flat_map(|&label| [f32::from(1 - label), f32::from(label)]).collect();
    let hot = Tensor::from_data(TensorData::new(hot, [labels.len(), 2]), device);
    (log_softmax(scores, 1) * hot).sum().div_scalar(-(labels.len() as f64))
}

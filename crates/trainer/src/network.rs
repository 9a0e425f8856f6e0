//! A whole network, from image bytes to class scores: trunk, frozen upper part and model, built from settings, weights
//! and the state that a finished trial left.

use std::{borrow::Cow, cell::OnceCell, ops::ControlFlow, sync::mpsc, thread};

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use ranklab_kernels::{Calibration, FeatureMap};
use ranklab_settings::{Network, Precision};
use ranklab_zoo::{
    Cut, Explanation, HeadConfig, Model, UpperTrunk,
    exchange::{ImageInput, ImportedAdapter, TrainedNetwork},
    preprocess, stored_calibration,
    weights::TrunkWeights,
};

use crate::{
    Error,
    evaluation::Evaluation,
    extractor::Extractor,
    images::ImageLoader,
    memory::{evaluated_at_once, frozen_at_once},
    precision::{is_calibrated, products},
    pretrained::PretrainedWeights,
    scores::Scores,
};

/// Images that are explained at once.
const EXPLAINED: usize = 16;

/// What decides a network besides the trunk's weights.
#[derive(Clone, Copy, Debug)]
pub struct NetworkSettings<'a> {
    /// Which network.
    pub network: &'a Network,
    /// Side of the square images in pixels.
    pub image_size: usize,
    /// Precision of frozen products.
    pub precision: Precision,
    /// The classifier.
    pub head: HeadConfig,
    /// Seed of the initial weights.
    pub seed: u64,
    /// An adapter in place of fresh factors, with its classifier where it has one.
    pub start: Option<&'a ImportedAdapter>,
}

impl NetworkSettings<'_> {
    /// The frozen convolutions above the cut, which model_5 runs through; model_4 has none. `weights` are read only
    /// where there are any.
    ///
    /// # Errors
    /// When the weights cannot be read.
    pub(crate) fn upper(
        &self,
        weights: &dyn PretrainedWeights,
        device: &Device,
    ) -> Result<Option<UpperTrunk>, Error> {
        let Network::Model5(adapter) = self.network else { return Ok(None) };
        let weights = weights.load().map_err(Error::Weights)?;
        let products = products(self.precision);
        Ok(Some(UpperTrunk::with_products(&weights, adapter, self.image_size, products, device)))
    }

    /// A freshly initialised model on the frozen part that [`NetworkSettings::upper`] made.
    ///
    /// # Errors
    /// When ranks and layers do not fit together.
    pub(crate) fn model(&self, upper: Option<&UpperTrunk>, device: &Device) -> Result<Model, Error> {
        let adapted = self.network.adapter().zip(upper);
        let model = Model::new(adapted, self.image_size, self.head, self.seed, device)?;
        match (self.start, adapted) {
            (Some(start), Some((config, upper))) => Ok(model.with_adapter(start, config, upper)?),
            _ => Ok(model),
        }
    }

    /// The whole network on `device` (without autodiff), with the trained state of [`crate::Outcome::model`], or as it
    /// is before training where there is none.
    ///
    /// # Errors
    /// When the weights cannot be read, or the state is not of these settings.
    pub fn open<'w>(
        &self,
        weights: &'w dyn PretrainedWeights,
        state: Option<&[u8]>,
        device: &Device,
    ) -> Result<WholeNetwork<'w>, Error> {
        let autodiff = device.clone().autodiff();
        let upper = self.upper(weights, &autodiff)?;
        let model = self.model(upper.as_ref(), &autodiff)?;
        let model = match state {
            Some(state) => model.with_state(state)?,
            None => model,
        };
        let calibration = match state {
            Some(state) if is_calibrated(self.precision) => Some(stored_calibration(state)?),
            _ => None,
        };
        Ok(WholeNetwork {
            weights: weights.load().map_err(Error::Weights)?,
            network: self.network.clone(),
            image_size: self.image_size,
            rounded: (self.precision, calibration),
            head: self.head,
            device: device.clone(),
            extractor: OnceCell::new(),
            upper,
            model,
        })
    }
}

/// A network that answers questions about images. Nothing is cached: the trunk runs on the images that are asked about.
pub struct WholeNetwork<'w> {
    weights: Cow<'w, TrunkWeights>,
    network: Network,
    image_size: usize,
    /// The trunk's precision, with the calibration that it needs.
    rounded: (Precision, Option<Calibration>),
    head: HeadConfig,
    /// Without autodiff.
    device: Device,
    /// The trunk, made when it is first wanted.
    extractor: OnceCell<Extractor>,
    /// With autodiff.
    upper: Option<UpperTrunk>,
    /// With autodiff.
    model: Model,
}

impl WholeNetwork<'_> {
    /// The weights of the trunk.
    pub fn weights(&self) -> &TrunkWeights {
        &self.weights
    }

    /// The trained part.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Explains images, by their place in the set: see [`Model::explain`].
    ///
    /// # Errors
    /// When an image cannot be read or the device gives no values back.
    pub fn explain(&self, images: &dyn ImageLoader, indices: &[usize]) -> Result<Vec<Explanation>, Error> {
        let device = self.device.clone().autodiff();
        let mut explanations = Vec::with_capacity(indices.len());
        for batch in indices.chunks(EXPLAINED) {
            let rgb = images.load(batch).map_err(Error::Images)?;
            let features = self.features(&rgb, batch.len(), &device)?;
            explanations.extend(self.model.explain(self.upper.as_ref(), features)?);
        }
        Ok(explanations)
    }

    /// Softmax's probability of class 1 for images, by their place in the set: on one device bit for bit those that
    /// a trial with this state computed for its test images. `watch` receives the number of finished images and answers
    /// whether to go on.
    ///
    /// # Errors
    /// When an image cannot be read, the device gives no values back, or `watch` answers to stop.
    pub fn probabilities(
        &self,
        images: &dyn ImageLoader,
        indices: &[usize],
        watch: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Vec<f64>, Error> {
        let mut probabilities = Vec::with_capacity(indices.len());
        self.scored(images, indices, &mut |scores, _| {
            probabilities.extend(scores.probabilities());
            watch(probabilities.len())
        })?;
        Ok(probabilities)
    }

    /// [`WholeNetwork::probabilities`] and the mean cross-entropy of labelled images, with the same sums as a trial's
    /// test.
    ///
    /// # Errors
    /// Those of [`WholeNetwork::probabilities`].
    pub fn evaluate(
        &self,
        images: &dyn ImageLoader,
        indices: &[usize],
        watch: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<(Vec<f64>, f64), Error> {
        let mut evaluation = Evaluation::default();
        self.scored(images, indices, &mut |scores, batch| {
            let labels: Vec<u8> = batch.iter().map(|&image| images.labels()[image]).collect();
            evaluation.add(&scores, &labels);
            watch(evaluation.probabilities().len())
        })?;
        let loss = evaluation.loss();
        Ok((evaluation.into_probabilities(), loss))
    }

    /// Hands the scores of all images to `take`, batch by batch with their places, until it answers to stop. Images are
    /// decoded on another thread while the device computes.
    fn scored(
        &self,
        images: &dyn ImageLoader,
        indices: &[usize],
        take: &mut dyn FnMut(Scores, &[usize]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let (model, upper) = (self.model.valid(), self.upper.as_ref().map(Module::valid));
        let lowest = Cut::of(&self.network).above_layers().next();
        let at_once = evaluated_at_once(&[&self.network], self.image_size)?
            .min(frozen_at_once(lowest, self.image_size));
        thread::scope(|scope| {
            let (sender, decoded) = mpsc::sync_channel(1);
            scope.spawn(move || {
                for batch in indices.chunks(at_once) {
                    let loaded = images.load(batch).map(|rgb| (batch, rgb));
                    let stop = loaded.is_err();
                    // The receiver is gone after an error or a request to stop.
                    if sender.send(loaded).is_err() || stop {
                        break;
                    }
                }
            });
            for loaded in decoded {
                let (batch, rgb) = loaded.map_err(Error::Images)?;
                let scores =
                    model.forward(upper.as_ref(), self.features(&rgb, batch.len(), &self.device)?, None);
                if take(Scores::read(scores)?, batch).is_break() {
                    return Err(Error::Stopped);
                }
            }
            Ok(())
        })
    }

    /// The network with all that its files for other programs say of it.
    pub fn trained<'a>(&'a self, images: ImageInput<'a>) -> TrainedNetwork<'a> {
        TrainedNetwork {
            model: &self.model,
            network: &self.network,
            weights: &self.weights,
            head: self.head,
            images,
        }
    }

    /// The features at the cut of RGB bytes `[images, size, size, 3]`, on `device`: this network's, with autodiff or
    /// without.
    fn features(&self, rgb: &[u8], images: usize, device: &Device) -> Result<FeatureMap, Error> {
        let cut = Cut::of(&self.network);
        if cut.is_input() {
            return Ok(preprocess(rgb, images, self.image_size, device));
        }
        let extractor = match self.extractor.get() {
            Some(extractor) => extractor,
            None => {
                let (precision, calibration) = &self.rounded;
                let rounded = (*precision, calibration.as_ref());
                let made = Extractor::new(&self.weights, cut, self.image_size, &self.device, rounded)?;
                self.extractor.get_or_init(|| made)
            }
        };
        let [height, width, channels] = cut.shape(self.image_size);
        let records = TensorData::new(extractor.records(rgb, images)?, [images, height * width, channels]);
        let values = Tensor::<3>::from_data(records, device).swap_dims(0, 1);
        Ok(FeatureMap::new(values, height, width))
    }
}

//! A whole network, from image bytes to class scores: trunk, frozen upper part and model, built from settings, weights
//! and the state that a finished trial left.

use std::{borrow::Cow, cell::OnceCell};

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use ranklab_kernels::FeatureMap;
use ranklab_settings::Network;
use ranklab_zoo::{
    Cut, Explanation, HeadConfig, Model, Trunk, UpperTrunk, preprocess, weights::TrunkWeights,
};

use crate::{
    Error,
    extractor::Extractor,
    images::ImageLoader,
    memory::{evaluated_at_once, frozen_at_once},
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
    /// The classifier.
    pub head: HeadConfig,
    /// Seed of the initial weights.
    pub seed: u64,
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
        Ok(Some(UpperTrunk::new(&weights, adapter, self.image_size, device)))
    }

    /// A freshly initialised model on the frozen part that [`NetworkSettings::upper`] made.
    ///
    /// # Errors
    /// When ranks and layers do not fit together.
    pub(crate) fn model(&self, upper: Option<&UpperTrunk>, device: &Device) -> Result<Model, Error> {
        let adapted = self.network.adapter().zip(upper);
        Ok(Model::new(adapted, self.image_size, self.head, self.seed, device)?)
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
        Ok(WholeNetwork {
            weights: weights.load().map_err(Error::Weights)?,
            network: self.network.clone(),
            image_size: self.image_size,
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
    /// Without autodiff.
    device: Device,
    /// The trunk for predictions, made when it is first wanted.
    extractor: OnceCell<Extractor>,
    /// With autodiff.
    upper: Option<UpperTrunk>,
    /// With autodiff.
    model: Model,
}

impl WholeNetwork<'_> {
    /// Explains images, by their place in the set: see [`Model::explain`].
    ///
    /// # Errors
    /// When an image cannot be read or the device gives no values back.
    pub fn explain(&self, images: &dyn ImageLoader, indices: &[usize]) -> Result<Vec<Explanation>, Error> {
        let device = self.device.clone().autodiff();
        let cut = Cut::of(&self.network);
        let trunk = (!cut.is_input()).then(|| Trunk::new(&self.weights, cut, self.image_size, &device));
        let mut explanations = Vec::with_capacity(indices.len());
        for batch in indices.chunks(EXPLAINED) {
            let rgb = images.load(batch).map_err(Error::Images)?;
            let input = preprocess(&rgb, batch.len(), self.image_size, &device);
            let features = match &trunk {
                Some(trunk) => trunk.forward(input),
                None => input,
            };
            explanations.extend(self.model.explain(self.upper.as_ref(), features)?);
        }
        Ok(explanations)
    }

    /// Softmax's probability of class 1 for images, by their place in the set: on one device bit for bit those that
    /// a trial with this state computed for its test images.
    ///
    /// # Errors
    /// When an image cannot be read or the device gives no values back.
    pub fn probabilities(&self, images: &dyn ImageLoader, indices: &[usize]) -> Result<Vec<f64>, Error> {
        let (model, upper) = (self.model.valid(), self.upper.as_ref().map(Module::valid));
        let lowest = Cut::of(&self.network).above_layers().next();
        let at_once = evaluated_at_once(&[&self.network], self.image_size)?
            .min(frozen_at_once(lowest, self.image_size));
        let mut probabilities = Vec::with_capacity(indices.len());
        for batch in indices.chunks(at_once) {
            let rgb = images.load(batch).map_err(Error::Images)?;
            let scores = model.forward(upper.as_ref(), self.features(&rgb, batch.len())?, None);
            probabilities.extend(Scores::read(scores)?.probabilities());
        }
        Ok(probabilities)
    }

    /// The features at the cut of RGB bytes `[images, size, size, 3]`.
    fn features(&self, rgb: &[u8], images: usize) -> Result<FeatureMap, Error> {
        let cut = Cut::of(&self.network);
        if cut.is_input() {
            return Ok(preprocess(rgb, images, self.image_size, &self.device));
        }
        let extractor =
            self.extractor.get_or_init(|| Extractor::new(&self.weights, cut, self.image_size, &self.device));
        let [height, width, channels] = cut.shape(self.image_size);
        let records = TensorData::new(extractor.records(rgb, images)?, [images, height * width, channels]);
        let values = Tensor::<3>::from_data(records, &self.device).swap_dims(0, 1);
        Ok(FeatureMap::new(values, height, width))
    }
}

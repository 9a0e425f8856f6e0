//! Either network behind one type.

use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use ranklab_kernels::{FeatureMap, Randomness};

use super::{
    model_4::Model4,
    model_5::Model5,
    upper::{UpperInput, UpperTrunk},
};
use ranklab_settings::{AdapterConfig, Network};

use crate::{Error, backbone::vgg16::Cut, head::HeadConfig};

/// The stream of a seed that initial weights are drawn from; the trainer uses others.
const INITIAL_WEIGHTS: u64 = 0;

/// The trained part of a network: everything above its cut.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one per trial")]
pub enum Model {
    /// Classical fine-tuning.
    Model4(Model4),
    /// LoRA.
    Model5(Model5),
}

impl Model {
    /// A freshly initialised model for square images of `image_size` pixels: model_5 with these adapters on its frozen
    /// part, or model_4.
    ///
    /// # Errors
    /// When ranks and layers do not fit together.
    pub fn new(
        adapted: Option<(&AdapterConfig, &UpperTrunk)>,
        image_size: usize,
        head: HeadConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Self, Error> {
        let mut randomness = Randomness::new(seed, INITIAL_WEIGHTS);
        match adapted {
            None => {
                let shape = Cut::of(&Network::Model4).shape(image_size);
                Ok(Self::Model4(Model4::new(shape, head, &mut randomness, device)))
            }
            Some((adapter, upper)) => {
                Model5::new(upper, adapter, image_size, head, &mut randomness, device).map(Self::Model5)
            }
        }
    }

    /// Class scores `[images, 2]` of each model, before softmax, from features at their common cut.
    ///
    /// `features` holds `images` images of every model, model by model, or the same ones for all.
    /// `randomness` is given while training, one per model; without any the models are evaluated.
    /// Models of model_5 share the products of their frozen part `upper`; the scores and gradients of
    /// each are those that it has alone.
    ///
    /// # Panics
    /// When model_5 comes without its frozen part.
    pub fn forward_together(
        upper: Option<&UpperTrunk>,
        models: &[&Self],
        features: UpperInput,
        images: usize,
        randomness: &mut [Randomness],
    ) -> Vec<Tensor<2>> {
        let adapted: Vec<&Model5> = models
            .iter()
            .filter_map(|model| match model {
                Self::Model5(model) => Some(model),
                Self::Model4(_) => None,
            })
            .collect();
        if adapted.len() == models.len()
            && let Some(upper) = upper
        {
            return Model5::forward_together(upper, &adapted, features, images, randomness);
        }
        let alone = models.iter().enumerate().map(|(place, model)| match model {
            Self::Model4(model) => model.forward(features.map.part(place, images), randomness.get_mut(place)),
            Self::Model5(model) => {
                let upper = upper.unwrap_or_else(|| panic!("model_5 runs on its frozen part"));
                let randomness = randomness.get_mut(place..=place).unwrap_or_default();
                let part = features.map.part(place, images);
                Model5::forward_together(upper, &[model], part.into(), images, randomness).remove(0)
            }
        });
        alone.collect()
    }

    /// The scores of one model alone.
    pub fn forward(
        &self,
        upper: Option<&UpperTrunk>,
        features: FeatureMap,
        randomness: Option<&mut Randomness>,
    ) -> Tensor<2> {
        let images = features.batch();
        let randomness = randomness.map(std::slice::from_mut).unwrap_or_default();
        Self::forward_together(upper, &[self], features.into(), images, randomness).remove(0)
    }
}

//! Either model behind one type, with its parameter counts and its state.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};
use sha2::{Digest, Sha256};

use crate::{
    Error,
    config::{AdapterConfig, Architecture, HeadConfig},
    cut::Cut,
    feature_map::FeatureMap,
    head::Head,
    layer::Layer,
    model_4::Model4,
    model_5::Model5,
    randomness::Randomness,
    upper::{Features, UpperTrunk},
};

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

/// How many parameters are trained and how many are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterCounts {
    /// Trained, adapters included.
    pub trainable: usize,
    /// In adapters.
    pub adapter: usize,
    /// Frozen convolutions of the whole network, kernels and biases.
    pub frozen: usize,
}

impl ParameterCounts {
    /// Of the whole network for square images of `image_size` pixels, without building it.
    ///
    /// # Errors
    /// When ranks and layers do not fit together.
    pub fn of(
        architecture: Architecture,
        adapter: Option<&AdapterConfig>,
        image_size: usize,
    ) -> Result<Self, Error> {
        let (frozen_layers, adapter, trained_below, features) = match (architecture, adapter) {
            (Architecture::Model5, Some(adapter)) => {
                let ranks = adapter.rank.per_layer(&adapter.layers)?;
                let factors = adapter.layers.layers().iter().zip(ranks).map(|(layer, rank)| {
                    let magnitude = if adapter.dora { layer.channels_out() } else { 0 };
                    rank * (9 * layer.channels_in() + layer.channels_out()) + magnitude
                });
                let factors = factors.sum();
                (Cut::top(), factors, factors, Cut::top().shape(image_size).iter().product())
            }
            _ => {
                let cut = Cut::of(Architecture::Model4, None);
                let shape = cut.shape(image_size);
                (cut, 0, Model4::convolution_parameters(shape), Model4::features(shape))
            }
        };
        let frozen = frozen_layers.below().map(Layer::parameters).sum();
        Ok(Self { trainable: trained_below + Head::parameters(features), adapter, frozen })
    }
}

/// A named tensor of a model's state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateTensor {
    /// Path of field names: `head.dense_1.weight`.
    pub name: String,
    /// Dimensions.
    pub shape: Vec<usize>,
    /// Values, row-major.
    pub values: Vec<f32>,
    /// Whether it is trained (batch-norm statistics are not).
    pub trainable: bool,
}

impl Model {
    /// A freshly initialised model for square images of `image_size` pixels; `upper` is model_5's frozen
    /// part.
    ///
    /// # Errors
    /// When model_5 has no adapter settings, or ranks and layers do not fit together.
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
                let shape = Cut::of(Architecture::Model4, None).shape(image_size);
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
    /// When models of model_5 come without their frozen part.
    pub fn forward_together(
        upper: Option<&UpperTrunk>,
        models: &[&Self],
        features: Features,
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

    /// Every trained tensor and batch-norm statistic, in a fixed order.
    pub fn state(&self) -> Vec<StateTensor> {
        let mut collector = StateCollector::default();
        self.visit(&mut collector);
        collector.tensors
    }

    /// SHA-256 over [`Model::state`], as hexadecimal.
    pub fn state_hash(&self) -> String {
        let mut hasher = Sha256::new();
        for tensor in self.state() {
            hasher.update(tensor.name.as_bytes());
            hasher.update(format!("{:?}", tensor.shape).as_bytes());
            for value in &tensor.values {
                hasher.update(value.to_le_bytes());
            }
        }
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The state as the bytes of a safetensors file.
    ///
    /// # Errors
    /// When the file cannot be assembled.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, Error> {
        let state = self.state();
        let bytes: Vec<Vec<u8>> = state
            .iter()
            .map(|tensor| tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect())
            .collect();
        let views = state
            .iter()
            .zip(&bytes)
            .map(|(tensor, bytes)| {
                safetensors::tensor::TensorView::new(safetensors::Dtype::F32, tensor.shape.clone(), bytes)
                    .map(|view| (tensor.name.as_str(), view))
            })
            .collect::<Result<Vec<_>, _>>();
        views
            .and_then(|views| safetensors::serialize(views, None))
            .map_err(|problem| Error::Setting(format!("the model's state cannot be stored: {problem}")))
    }
}

#[derive(Default)]
struct StateCollector {
    path: Vec<String>,
    tensors: Vec<StateTensor>,
}

impl ModuleVisitor for StateCollector {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        // Not asked of the parameter: without autodiff, none requires a gradient.
        let statistic = self.path.last().is_some_and(|name| name.starts_with("running_"));
        self.tensors.push(StateTensor {
            name: self.path.join("."),
            shape: tensor.dims().to_vec(),
            trainable: !statistic,
            values: tensor.into_data().convert::<f32>().iter::<f32>().collect(),
        });
    }
}

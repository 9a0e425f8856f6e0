//! Networks with random state for tests, and what they say of images.

use burn::{
    module::Module as _,
    tensor::{Device, Tensor, TensorData, activation::softmax},
};
use ranklab_kernels::{FeatureMap, Randomness};
use ranklab_settings::{AdapterConfig, AdapterSettings, Network, Resize};

use super::{
    tensor::{NamedTensor, safetensors_file},
    torch_layout::values,
    trained::{ImageInput, TrainedNetwork},
};
use crate::{
    Cut, HeadConfig, Model, ProcessorTrunk, StateTensor, UpperTrunk, preprocess, weights::TrunkWeights,
};

/// Side of the images: four positions reach the classifier.
pub(super) const SIZE: usize = 64;

/// A classifier whose running statistics are those of the batch that it saw last.
const HEAD: HeadConfig = HeadConfig { dropout: 0.5, batch_norm_momentum: 0.0 };

/// A network with the frozen part that it runs on.
pub(super) struct Fixture {
    pub(super) network: Network,
    pub(super) weights: TrunkWeights,
    pub(super) upper: Option<UpperTrunk>,
    pub(super) model: Model,
}

impl Fixture {
    /// model_5 with these adapters, or model_4.
    pub(super) fn new(adapter: Option<AdapterConfig>) -> Self {
        let weights = TrunkWeights::random(3);
        let device = Device::flex().autodiff();
        let network = adapter.map_or(Network::Model4, Network::Model5);
        let upper = network.adapter().map(|config| exact(&weights, config, &device));
        let mut fixture = Self { model: fresh(&network, upper.as_ref()), network, weights, upper };
        let state = random_state(&fixture.model.state());
        fixture.model = fixture.model.with_state(&state).unwrap();
        // Batch norm then brings the scores of images like these to a few units.
        let features = fixture.features(&pixels(8), &device);
        let _ = fixture.model.forward(fixture.upper.as_ref(), features, None);
        fixture
    }

    /// A freshly initialised model of the same settings.
    pub(super) fn fresh(&self) -> Model {
        fresh(&self.network, self.upper.as_ref())
    }

    pub(super) fn trained(&self) -> TrainedNetwork<'_> {
        TrainedNetwork {
            model: &self.model,
            network: &self.network,
            weights: &self.weights,
            head: HeadConfig::default(),
            images: ImageInput {
                size: SIZE,
                resize: Resize::Opencv,
                classes: ["healthy", "ill \"x\""],
                threshold: None,
                group: None,
                group_word: None,
                image_word: None,
            },
        }
    }

    /// The probabilities `[images, 2]`, row by row.
    pub(super) fn probabilities(&self, rgb: &[u8]) -> Vec<f32> {
        let upper = self.upper.as_ref().map(|upper| upper.valid());
        let features = self.features(rgb, &Device::flex());
        values(softmax(self.model.valid().forward(upper.as_ref(), features, None), 1))
    }

    /// The map at the cut.
    fn features(&self, rgb: &[u8], device: &Device) -> FeatureMap {
        let cut = Cut::of(&self.network);
        let images = rgb.len() / (SIZE * SIZE * 3);
        if cut.is_input() {
            return preprocess(rgb, images, SIZE, device);
        }
        let [height, width, channels] = cut.shape(SIZE);
        let records = ProcessorTrunk::new(&self.weights, cut, SIZE).forward(rgb);
        let records = TensorData::new(records, [images, height * width, channels]);
        FeatureMap::new(Tensor::<3>::from_data(records, device).swap_dims(0, 1), height, width)
    }
}

/// The frozen part with kernels as they are in files: the processor's are rounded to 16 bits.
fn exact(weights: &TrunkWeights, config: &AdapterConfig, device: &Device) -> UpperTrunk {
    let mut upper = UpperTrunk::new(weights, config, SIZE, device);
    let layers = Cut::below_layer(config.layers.lowest()).above_layers();
    for (upper, layer) in upper.layers.iter_mut().zip(layers) {
        let convolution = upper.layer.convolution.clone();
        upper.layer.convolution = convolution.with_tensors(&weights.layers[layer.index()].kernel, device);
    }
    upper
}

fn fresh(network: &Network, upper: Option<&UpperTrunk>) -> Model {
    let device = Device::flex().autodiff();
    Model::new(network.adapter().zip(upper), SIZE, HEAD, 5, &device).unwrap()
}

/// Settings of adapters from a few of them as text.
pub(super) fn adapter(layers: &str, rank: &str, settings: AdapterSettings) -> AdapterConfig {
    let (layers, rank) = (Some(layers.parse().unwrap()), Some(rank.parse().unwrap()));
    AdapterSettings { layers, rank, ..settings }.resolve().unwrap()
}

/// Pixels of some images, each with a colour and a slope of its own.
pub(super) fn pixels(images: usize) -> Vec<u8> {
    let noise = Randomness::new(11, 0).uniform(images * SIZE * SIZE * 3, 30.0);
    let shade = |place: usize| {
        let (channel, x, y, image) =
            (place % 3, place / 3 % SIZE, place / (3 * SIZE) % SIZE, place / (3 * SIZE * SIZE));
        let colour = 40 + (image * 53 + channel * 71) % 130;
        (colour + (x * (image % 3) + y * (image % 2)) / 2) as f32
    };
    noise.iter().enumerate().map(|(place, noise)| (shade(place) + noise).clamp(0.0, 255.0) as u8).collect()
}

/// Values for every tensor of a state.
fn random_state(state: &[StateTensor]) -> Vec<u8> {
    let drawn = |number: usize, tensor: &StateTensor| -> Vec<f32> {
        let part = tensor.name.rsplit('.').next().unwrap();
        let spread = if matches!(part, "down" | "up") { 0.02 } else { 0.1 };
        let drawn = Randomness::new(17, number as u64).normal(tensor.values.len(), spread);
        match part {
            // DoRA's magnitude stays near the norm of its kernel.
            "magnitude" => {
                tensor.values.iter().zip(drawn).map(|(norm, drawn)| norm * (1.0 + drawn)).collect()
            }
            "gamma" | "running_var" => drawn.into_iter().map(|drawn| 1.0 + drawn).collect(),
            _ => drawn,
        }
    };
    let tensors: Vec<NamedTensor> = state
        .iter()
        .enumerate()
        .map(|(number, tensor)| NamedTensor::new(tensor.name.clone(), &tensor.shape, drawn(number, tensor)))
        .collect();
    safetensors_file(&tensors, &[]).unwrap()
}

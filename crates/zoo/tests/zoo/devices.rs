//! Outputs and gradients of both models on burn-flex against libtorch: `just test-tch`.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Gradients, Tensor, TensorData, activation::log_softmax},
};
use ranklab_kernels::{FeatureMap, Randomness};
use ranklab_settings::{AdapterSettings, Network};
use ranklab_zoo::{Cut, HeadConfig, Model, UpperTrunk, weights::TrunkWeights};

struct GradientCollector<'a> {
    gradients: &'a Gradients,
    found: Vec<Vec<f32>>,
}

impl ModuleVisitor for GradientCollector<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            self.found.push(gradient.into_data().iter::<f32>().collect());
        }
    }
}

/// Scores and the gradients of all trained tensors for one batch, dropout included. With `rounded` the
/// frozen kernels are those of the processor, 16 bits each, on any device.
fn scores_and_gradients(
    network: &Network,
    weights: &TrunkWeights,
    device: &Device,
    rounded: bool,
) -> (Vec<f32>, Vec<Vec<f32>>) {
    let device = device.clone().autodiff();
    let upper = network.adapter().map(|config| UpperTrunk::new(weights, config, 64, &device));
    let upper = match upper {
        Some(upper) if rounded => {
            let config = network.adapter().unwrap();
            let processor = UpperTrunk::new(weights, config, 64, &Device::flex());
            Some(upper.with_rounded_kernels_of(&processor, &device))
        }
        upper => upper,
    };
    let adapted = network.adapter().zip(upper.as_ref());
    let model = Model::new(adapted, 64, HeadConfig::default(), 3, &device).unwrap();
    let [height, width, channels] = Cut::of(network).shape(64);
    let values = Randomness::new(1, 1).uniform(height * width * 8 * channels, 1.0);
    let features = Tensor::from_data(TensorData::new(values, [height * width, 8, channels]), &device);
    let mut dropout = Randomness::new(1, 2);
    let scores = model.forward(upper.as_ref(), FeatureMap::new(features, height, width), Some(&mut dropout));
    let gradients = log_softmax(scores.clone(), 1).slice([0..8, 1..2]).mean().backward();
    let mut collector = GradientCollector { gradients: &gradients, found: Vec::new() };
    model.visit(&mut collector);
    (scores.into_data().iter::<f32>().collect(), collector.found)
}

fn norm(values: impl Iterator<Item = f32>) -> f32 {
    values.map(|value| value * value).sum::<f32>().sqrt()
}

/// Euclidean distance as a share of the second's norm, which counts as at least `floor`. Not the
/// largest difference: where two values of a pooling window round to equals, the devices may send a
/// gradient to either.
fn difference(a: &[f32], b: &[f32], floor: f32) -> f32 {
    assert_eq!(a.len(), b.len());
    norm(a.iter().zip(b).map(|(a, b)| a - b)) / norm(b.iter().copied()).max(floor)
}

#[test]
fn both_models_compute_and_differentiate_alike_on_flex_and_libtorch() {
    let weights = TrunkWeights::random(0);
    #[expect(deprecated, reason = "burn drops libtorch in 0.23; until then it is a second opinion")]
    let libtorch = Device::libtorch();
    let layers =
        |layers: &str| AdapterSettings { layers: Some(layers.parse().unwrap()), ..Default::default() };
    let model_5 = |settings: AdapterSettings| Network::Model5(settings.resolve().unwrap());
    let peft =
        AdapterSettings { preset: ranklab_settings::Preset::Peft, dora: Some(true), ..Default::default() };
    for (name, network) in [
        ("model_4", Network::Model4),
        ("model_5 block5", model_5(layers("block5"))),
        ("model_5 block4+block5", model_5(layers("block4+block5"))),
        ("model_5 peft with DoRA", model_5(peft)),
    ] {
        let on = |device: &Device, rounded| scores_and_gradients(&network, &weights, device, rounded);
        let (flex_scores, flex) = on(&Device::flex(), false);
        let (torch_scores, torch) = on(&libtorch, true);
        let scores = difference(&flex_scores, &torch_scores, 0.0);
        // What the rounding of kernels itself makes of the scores. Gradients say nothing of it: where it changes
        // which value of a window is the largest, another one gets all of it.
        let rounding = difference(&torch_scores, &on(&libtorch, false).0, 0.0);
        assert_eq!(flex.len(), torch.len());
        assert!(flex.len() >= 10, "{name}: {} gradients", flex.len());
        // A bias before batch norm has no gradient but rounding: it is measured against the others.
        let floor = 1e-4 * torch.iter().map(|gradient| norm(gradient.iter().copied())).fold(0.0, f32::max);
        let gradients = flex.iter().zip(&torch).map(|(a, b)| difference(a, b, floor)).fold(0.0, f32::max);
        println!(
            "{name}: scores differ by {scores:.1e}, {} gradients by at most {gradients:.1e}; rounding of kernels: {rounding:.1e}",
            flex.len()
        );
        assert!(scores < 1e-4 && gradients < 1e-2 && rounding < 3e-3, "{name}");
    }
}

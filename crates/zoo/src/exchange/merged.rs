//! The whole network as one set of tensors: adapters merged into the kernels that they adapt.

use ranklab_settings::{AdapterConfig, Layer};

use super::{
    classifier::{batch_norm, classifier_tensors},
    tensor::{NamedTensor, safetensors_file},
    torch_layout::{reverse_axes, swap_colours, values},
    trained::{Trained, TrainedNetwork, adapted},
};
use crate::{
    Error, VGG16,
    adapter::Adapter,
    backbone::vgg16::weights::{LayerWeights, TrunkWeights},
    network::{Model4, SameConvolution2x2},
};

/// Places of model_4's convolutions and batch norm in the sequence `upper`; before each convolution stands its padding.
pub(super) const UPPER_CONVOLUTIONS: [usize; 2] = [1, 5];
/// Place of model_4's batch norm in the sequence `upper`.
pub(super) const UPPER_NORM: usize = 7;

/// The whole network as a safetensors file under torchvision's names: `features.N.weight` and `.bias` with adapters
/// merged into them, `classifier.N.…`, and model_4's own convolutions `upper.N.…`. The Python module that
/// [`super::module`] writes loads it.
///
/// # Errors
/// When the model is not one of its settings.
pub fn merged_safetensors(network: &TrainedNetwork<'_>) -> Result<Vec<u8>, Error> {
    safetensors_file(&merged_tensors(network)?, &[])
}

/// The tensors of the whole network, from the input on.
pub(super) fn merged_tensors(network: &TrainedNetwork<'_>) -> Result<Vec<NamedTensor>, Error> {
    let mut tensors = Vec::new();
    match network.trained()? {
        Trained::Model4(model) => {
            for layer in network.convolutions() {
                tensors.extend(convolution(network.weights, layer, |weights| weights.kernel.clone()));
            }
            tensors.extend(upper(model));
        }
        Trained::Model5(model, config) => {
            for layer in network.convolutions() {
                let adapter = adapted(model, config).find(|(adapted, _)| *adapted == layer);
                tensors.extend(convolution(network.weights, layer, |weights| match adapter {
                    None => weights.kernel.clone(),
                    Some((_, adapter)) => merged_kernel(&weights.kernel, adapter, config),
                }));
            }
        }
    }
    tensors.extend(classifier_tensors(network.classifier(), "classifier"));
    Ok(tensors)
}

/// The frozen trunk alone, under torchvision's names.
pub(super) fn trunk_tensors(weights: &TrunkWeights) -> Vec<NamedTensor> {
    VGG16.layers().flat_map(|layer| convolution(weights, layer, |weights| weights.kernel.clone())).collect()
}

/// torchvision's name of a convolution's module: `features.24`.
pub(super) fn module_name(layer: Layer) -> String {
    format!("features.{}", VGG16.torchvision_index(layer))
}

/// Kernel, as `kernel` makes it of the pretrained weights, and bias of one convolution.
fn convolution(
    weights: &TrunkWeights,
    layer: Layer,
    kernel: impl FnOnce(&LayerWeights) -> Vec<f32>,
) -> [NamedTensor; 2] {
    let pretrained = &weights.layers[layer.index()];
    let mut kernel = kernel(pretrained);
    if layer.index() == 0 {
        swap_colours(&mut kernel);
    }
    let name = module_name(layer);
    let (inputs, outputs) = (layer.channels_in(), layer.channels_out());
    [
        NamedTensor::new(format!("{name}.weight"), &[outputs, inputs, 3, 3], kernel),
        NamedTensor::new(format!("{name}.bias"), &[outputs], pretrained.bias.clone()),
    ]
}

/// `W + s·ΔW`, and with DoRA that times `magnitude / ‖W + s·ΔW‖` per output channel: `[C_out, C_in, 3, 3]`.
fn merged_kernel(kernel: &[f32], adapter: &Adapter, config: &AdapterConfig) -> Vec<f32> {
    let [taps, inputs, rank] = adapter.down.dims();
    let scale = config.scale(rank);
    // A as [rank, C_in · taps], B as [C_out, rank].
    let down = reverse_axes(&values(adapter.down.val()), [taps, inputs, rank]);
    let outputs = adapter.up.dims()[1];
    let up = reverse_axes(&values(adapter.up.val()), [rank, 1, outputs]);
    let magnitude = adapter.magnitude.as_ref().map(|magnitude| values(magnitude.val()));
    let mut merged = Vec::with_capacity(kernel.len());
    for (output, frozen) in kernel.chunks_exact(taps * inputs).enumerate() {
        let mut row: Vec<f64> = frozen.iter().map(|value| f64::from(*value)).collect();
        for (factor, down) in up[output * rank..][..rank].iter().zip(down.chunks_exact(taps * inputs)) {
            let factor = scale * f64::from(*factor);
            for (value, down) in row.iter_mut().zip(down) {
                *value += factor * f64::from(*down);
            }
        }
        let factor = magnitude.as_ref().map_or(1.0, |magnitude| {
            let norm = row.iter().map(|value| value * value).sum::<f64>().sqrt();
            f64::from(magnitude[output]) / norm
        });
        merged.extend(row.iter().map(|value| (value * factor) as f32));
    }
    merged
}

/// model_4's own convolutions and batch norm.
fn upper(model: &Model4) -> Vec<NamedTensor> {
    let [first, second] = UPPER_CONVOLUTIONS.map(|place| format!("upper.{place}"));
    let mut tensors = two_by_two(&first, &model.convolution_1);
    tensors.extend(two_by_two(&second, &model.convolution_2));
    tensors.extend(batch_norm(&format!("upper.{UPPER_NORM}"), &model.norm));
    tensors
}

fn two_by_two(path: &str, convolution: &SameConvolution2x2) -> Vec<NamedTensor> {
    let [rows, outputs] = convolution.weight.dims();
    let inputs = rows / 4;
    let weight = reverse_axes(&values(convolution.weight.val()), [4, inputs, outputs]);
    vec![
        NamedTensor::new(format!("{path}.weight"), &[outputs, inputs, 2, 2], weight),
        NamedTensor::new(format!("{path}.bias"), &[outputs], values(convolution.bias.val())),
    ]
}

//! The classifier as PyTorch's `Sequential` of Linear, BatchNorm1d, LeakyReLU and Dropout, twice, then Linear.

use burn::nn::{BatchNorm, Linear};

use super::{
    tensor::NamedTensor,
    torch_layout::{reverse_axes, values},
};
use crate::head::Head;

/// Channels of the map that both networks flatten.
pub(super) const CHANNELS: usize = 512;

/// Places of the head's dense layers in the sequence.
pub(super) const DENSE: [usize; 3] = [0, 4, 8];
/// Places of the head's batch norms in the sequence.
pub(super) const NORMS: [usize; 2] = [1, 5];
/// A batch norm's counter of batches, which ours does not have.
pub(super) const COUNTER: &str = "num_batches_tracked";

/// Positions of the map that a head's features come from: ours hold all channels of a position side by side, PyTorch's
/// all positions of a channel.
pub(super) fn positions(head: &Head) -> usize {
    head.dense_1.weight.dims()[0] / CHANNELS
}

/// The head's tensors below the module `path`.
pub(super) fn classifier_tensors(head: &Head, path: &str) -> Vec<NamedTensor> {
    let [first, second, third] = DENSE.map(|place| format!("{path}.{place}"));
    let [norm_1, norm_2] = NORMS.map(|place| format!("{path}.{place}"));
    [
        dense(&first, &head.dense_1, positions(head)),
        batch_norm(&norm_1, &head.norm_1),
        dense(&second, &head.dense_2, 1),
        batch_norm(&norm_2, &head.norm_2),
        dense(&third, &head.output, 1),
    ]
    .concat()
}

/// A dense layer on features of so many positions.
fn dense(path: &str, layer: &Linear, positions: usize) -> Vec<NamedTensor> {
    let [inputs, outputs] = layer.weight.dims();
    let weight = reverse_axes(&values(layer.weight.val()), [positions, inputs / positions, outputs]);
    let bias = layer.bias.as_ref().map_or_else(|| vec![0.0; outputs], |bias| values(bias.val()));
    vec![
        NamedTensor::new(format!("{path}.weight"), &[outputs, inputs], weight),
        NamedTensor::new(format!("{path}.bias"), &[outputs], bias),
    ]
}

/// A batch norm with its running statistics.
pub(super) fn batch_norm(path: &str, norm: &BatchNorm) -> Vec<NamedTensor> {
    let parts = [
        ("weight", values(norm.gamma.val())),
        ("bias", values(norm.beta.val())),
        ("running_mean", values(norm.running_mean.value_sync())),
        ("running_var", values(norm.running_var.value_sync())),
    ];
    let named = |(part, values): (&str, Vec<f32>)| {
        let shape = [values.len()];
        NamedTensor::new(format!("{path}.{part}"), &shape, values)
    };
    parts.into_iter().map(named).collect()
}

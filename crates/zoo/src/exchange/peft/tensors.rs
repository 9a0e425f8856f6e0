//! The file `adapter_model.safetensors` of a trained network.

use ranklab_settings::{AdapterConfig, Layer};

use super::adapter_config::CLASSIFIER;
use crate::{
    Error,
    adapter::Adapter,
    exchange::{
        classifier::{COUNTER, NORMS, classifier_tensors},
        merged::module_name,
        tensor::{NamedTensor, safetensors_file},
        torch_layout::{reverse_axes, swap_colours, values},
        trained::adapted,
    },
    network::Model5,
};

/// What PEFT puts before the names of a base model's modules.
pub(super) const PREFIX: &str = "base_model.model.";

/// Adapters and classifier under PEFT's names.
///
/// # Errors
/// When the file cannot be assembled.
pub(super) fn write(model: &Model5, config: &AdapterConfig) -> Result<Vec<u8>, Error> {
    let mut tensors: Vec<NamedTensor> =
        adapted(model, config).flat_map(|(layer, adapter)| factors(layer, adapter)).collect();
    let path = format!("{PREFIX}{CLASSIFIER}");
    tensors.extend(classifier_tensors(&model.head, &path));
    // PEFT asks for all that a classifier's state holds.
    let counters = NORMS.map(|place| format!("{path}.{place}.{COUNTER}"));
    safetensors_file(&tensors, &counters)
}

/// A `[rank, C_in, 3, 3]`, B `[C_out, rank, 1, 1]` and DoRA's magnitude `[1, C_out, 1, 1]`.
fn factors(layer: Layer, adapter: &Adapter) -> Vec<NamedTensor> {
    let [taps, inputs, rank] = adapter.down.dims();
    let outputs = layer.channels_out();
    let mut down = reverse_axes(&values(adapter.down.val()), [taps, inputs, rank]);
    if layer.index() == 0 {
        swap_colours(&mut down);
    }
    let up = reverse_axes(&values(adapter.up.val()), [rank, 1, outputs]);
    let module = format!("{PREFIX}{}", module_name(layer));
    let mut tensors = vec![
        NamedTensor::new(format!("{module}.lora_A.weight"), &[rank, inputs, 3, 3], down),
        NamedTensor::new(format!("{module}.lora_B.weight"), &[outputs, rank, 1, 1], up),
    ];
    if let Some(magnitude) = &adapter.magnitude {
        let name = format!("{module}.lora_magnitude_vector");
        tensors.push(NamedTensor::new(name, &[1, outputs, 1, 1], values(magnitude.val())));
    }
    tensors
}

//! Named 32-bit tensors, and the safetensors file of them.

use std::collections::HashMap;

use safetensors::{Dtype, tensor::TensorView};

use crate::Error;

/// The bytes of a counter at zero.
const ZERO: [u8; 8] = 0i64.to_le_bytes();

/// A named tensor in PyTorch's layout.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NamedTensor {
    /// Path of PyTorch's module and the parameter's name: `features.24.weight`.
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    /// Row-major.
    pub(super) values: Vec<f32>,
}

impl NamedTensor {
    pub(super) fn new(name: impl Into<String>, shape: &[usize], values: Vec<f32>) -> Self {
        Self { name: name.into(), shape: shape.to_vec(), values }
    }

    /// The values as little-endian bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

/// The bytes of a safetensors file as PyTorch's programs write it. Beside the tensors stand `counters`, the names of whole
/// numbers that are zero.
///
/// # Errors
/// When the file cannot be assembled.
pub(super) fn safetensors_file(tensors: &[NamedTensor], counters: &[String]) -> Result<Vec<u8>, Error> {
    let bytes: Vec<Vec<u8>> = tensors.iter().map(NamedTensor::bytes).collect();
    let floats = tensors.iter().zip(&bytes).map(|(tensor, bytes)| {
        TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map(|view| (tensor.name.as_str(), view))
    });
    let counters = counters
        .iter()
        .map(|name| TensorView::new(Dtype::I64, Vec::new(), &ZERO).map(|view| (name.as_str(), view)));
    // One entry alone: several would be written in an order that changes from call to call.
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    floats
        .chain(counters)
        .collect::<Result<Vec<_>, _>>()
        .and_then(|views| safetensors::serialize(views, Some(metadata)))
        .map_err(|problem| Error::Setting(format!("the network's tensors cannot be stored: {problem}")))
}

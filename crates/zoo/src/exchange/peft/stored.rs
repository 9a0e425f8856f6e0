//! The tensors of a PEFT file, sorted into adapters and the rest.

use std::collections::BTreeMap;

use burn::tensor::{bf16, f16};
use ranklab_settings::Layer;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::{layer_name::layer_of, tensors::PREFIX};

/// A stored tensor.
pub(super) struct Stored<'a> {
    name: String,
    view: TensorView<'a>,
}

/// The tensors of one adapted convolution.
pub(super) struct StoredAdapter<'a> {
    /// Name of the adapted module.
    pub(super) module: String,
    pub(super) down: Option<Stored<'a>>,
    pub(super) up: Option<Stored<'a>>,
    pub(super) magnitude: Option<Stored<'a>>,
}

/// All tensors of a file.
pub(super) struct StoredTensors<'a> {
    /// From the input on.
    pub(super) adapters: BTreeMap<Layer, StoredAdapter<'a>>,
    /// The rest by their names in the base model.
    pub(super) others: BTreeMap<String, Stored<'a>>,
}

impl<'a> StoredTensors<'a> {
    /// Sorts the tensors of `file`.
    ///
    /// # Errors
    /// When one of them belongs to an adapter of something other than VGG16's convolutions.
    pub(super) fn sort(file: &SafeTensors<'a>) -> Result<Self, String> {
        let mut sorted = Self { adapters: BTreeMap::new(), others: BTreeMap::new() };
        for (name, view) in file.tensors() {
            let Some(path) = name.strip_prefix(PREFIX) else {
                return Err(format!("tensor `{name}` is none of PEFT's: their names begin with {PREFIX}"));
            };
            match path.split_once(".lora_") {
                None => {
                    sorted.others.insert(path.to_owned(), Stored { name: name.clone(), view });
                }
                Some((module, part)) => {
                    let (module, part) = (module.to_owned(), part.to_owned());
                    sorted.add(&module, &part, Stored { name, view })?;
                }
            }
        }
        if sorted.adapters.is_empty() {
            return Err("it holds no adapter of a convolution".to_owned());
        }
        Ok(sorted)
    }

    fn add(&mut self, module: &str, part: &str, stored: Stored<'a>) -> Result<(), String> {
        let layer = layer_of(module).ok_or_else(|| {
            format!("it adapts `{module}`, which is none of VGG16's convolutions (features.0 to features.28)")
        })?;
        let empty = || StoredAdapter { module: module.to_owned(), down: None, up: None, magnitude: None };
        let adapter = self.adapters.entry(layer).or_insert_with(empty);
        if adapter.module != module {
            return Err(format!("it adapts {layer} twice: `{}` and `{module}`", adapter.module));
        }
        let place = match part {
            "A.weight" => &mut adapter.down,
            "B.weight" => &mut adapter.up,
            "magnitude_vector" | "magnitude_vector.weight" => &mut adapter.magnitude,
            _ => return Err(format!("tensor `{}` is of a kind that ranklab does not know", stored.name)),
        };
        *place = Some(stored);
        Ok(())
    }
}

impl Stored<'_> {
    /// Dimensions.
    pub(super) fn shape(&self) -> &[usize] {
        self.view.shape()
    }

    /// The values of a tensor of this shape.
    ///
    /// # Errors
    /// When it has another shape or type, or values that are not finite.
    pub(super) fn values(&self, shape: &[usize]) -> Result<Vec<f32>, String> {
        let name = &self.name;
        if self.shape() != shape {
            return Err(format!("tensor `{name}` has shape {:?} instead of {shape:?}", self.shape()));
        }
        let bytes = self.view.data();
        let values: Vec<f32> = match self.view.dtype() {
            Dtype::F32 => bytes
                .chunks_exact(4)
                .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .collect(),
            Dtype::F16 => {
                bytes.chunks_exact(2).map(|two| f16::from_le_bytes([two[0], two[1]]).to_f32()).collect()
            }
            Dtype::BF16 => {
                bytes.chunks_exact(2).map(|two| bf16::from_le_bytes([two[0], two[1]]).to_f32()).collect()
            }
            other => return Err(format!("tensor `{name}` is {other:?} instead of floats of 16 or 32 bits")),
        };
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values),
            false => Err(format!("tensor `{name}` holds values that are not finite numbers")),
        }
    }
}

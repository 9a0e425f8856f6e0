//! A model's state: read from it, hashed, stored as a safetensors file and put back.

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{Tensor, TensorData},
};
use ranklab_kernels::Calibration;
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

use super::model::Model;
use crate::Error;

/// Name of the frozen trunk's calibration among the tensors of a stored state.
const CALIBRATION: &str = "trunk.calibration";

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
        ranklab_files::hexadecimal(hasher.finalize())
    }

    /// The state as the bytes of a safetensors file, with the calibration of the trunk that the model was trained on,
    /// where that has one.
    ///
    /// # Errors
    /// When the file cannot be assembled.
    pub fn to_safetensors(&self, calibration: Option<&Calibration>) -> Result<Vec<u8>, Error> {
        let mut state = self.state();
        state.extend(calibration.map(|calibration| StateTensor {
            name: CALIBRATION.to_owned(),
            shape: vec![calibration.layers(), Calibration::LAYER_VALUES],
            values: calibration.values(),
            trainable: false,
        }));
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

    /// The model with the state that [`Model::to_safetensors`] stored of one of the same settings.
    ///
    /// # Errors
    /// When the bytes are no safetensors file, or lack a tensor or hold it in another shape or type.
    pub fn with_state(self, stored: &[u8]) -> Result<Self, Error> {
        let tensors = opened(stored)?;
        let mut mapper = StateMapper { tensors, path: Vec::new(), problem: None };
        let model = self.map(&mut mapper);
        match mapper.problem {
            None => Ok(model),
            Some(problem) => Err(Error::Setting(format!("the stored model does not fit: {problem}"))),
        }
    }
}

/// The calibration that [`Model::to_safetensors`] stored beside a state.
///
/// # Errors
/// When the bytes are no safetensors file or hold no calibration.
pub fn stored_calibration(stored: &[u8]) -> Result<Calibration, Error> {
    let tensors = opened(stored)?;
    let found = tensors.tensor(CALIBRATION).ok().filter(|tensor| tensor.dtype() == Dtype::F32);
    found.and_then(|tensor| Calibration::from_values(&values(tensor.data()))).ok_or_else(|| {
        Error::Setting(format!("the stored model does not fit: it has no sound {CALIBRATION}"))
    })
}

fn opened(stored: &[u8]) -> Result<SafeTensors<'_>, Error> {
    SafeTensors::deserialize(stored)
        .map_err(|problem| Error::Setting(format!("the stored model cannot be read: {problem}")))
}

/// The numbers of a tensor of the file.
fn values(bytes: &[u8]) -> Vec<f32> {
    let (numbers, _) = bytes.as_chunks();
    numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
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

struct StateMapper<'a> {
    tensors: SafeTensors<'a>,
    path: Vec<String>,
    /// The first thing that was wrong.
    problem: Option<String>,
}

impl StateMapper<'_> {
    fn read<const D: usize>(&self, expected: [usize; D]) -> Result<TensorData, String> {
        let name = self.path.join(".");
        let tensor = self.tensors.tensor(&name).map_err(|_| format!("it has no {name}"))?;
        if tensor.dtype() != Dtype::F32 || tensor.shape() != expected {
            return Err(format!(
                "{name} is {:?} {:?} instead of {expected:?}",
                tensor.dtype(),
                tensor.shape()
            ));
        }
        Ok(TensorData::new(values(tensor.data()), expected))
    }
}

impl ModuleMapper for StateMapper<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let current = param.val();
        match self.read(current.dims()) {
            Ok(data) => param.map(|_| Tensor::from_data(data, &current.device())),
            Err(problem) => {
                self.problem.get_or_insert(problem);
                param
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::head::HeadConfig;

    #[test]
    fn a_stored_state_comes_back_and_another_is_refused() {
        let device = Device::flex();
        let model = |seed| Model::new(None, 64, HeadConfig::default(), seed, &device).unwrap();
        let stored = model(1).to_safetensors(None).unwrap();
        let back = model(2).with_state(&stored).unwrap();
        assert_eq!(back.state_hash(), model(1).state_hash());
        let error = stored_calibration(&stored).unwrap_err().to_string();
        assert_eq!(error, "the stored model does not fit: it has no sound trunk.calibration");
        let small = Model::new(None, 32, HeadConfig::default(), 1, &device).unwrap();
        let error = small.with_state(&stored).unwrap_err().to_string();
        assert!(error.contains("dense_1.weight is F32 [2048, 512] instead of [512, 512]"), "{error}");
        assert!(model(1).with_state(&stored[..100]).is_err());
    }

    #[test]
    fn a_calibration_stands_beside_the_state_and_changes_neither() {
        let model = Model::new(None, 64, HeadConfig::default(), 1, &Device::flex()).unwrap();
        let numbers: Vec<f32> = (0..2 * Calibration::LAYER_VALUES).map(|value| value as f32 / 3.0).collect();
        let calibration = Calibration::from_values(&numbers).unwrap();
        let stored = model.to_safetensors(Some(&calibration)).unwrap();
        assert_eq!(stored_calibration(&stored).unwrap(), calibration);
        let hash = model.state_hash();
        assert_eq!(model.with_state(&stored).unwrap().state_hash(), hash);
    }
}

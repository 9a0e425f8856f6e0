//! Putting a stored state back into a model.

use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::{Tensor, TensorData},
};
use safetensors::{Dtype, SafeTensors};

use crate::{Error, model::Model};

impl Model {
    /// The model with the state that [`Model::to_safetensors`] stored of one of the same settings.
    ///
    /// # Errors
    /// When the bytes are no safetensors file, or lack a tensor or hold it in another shape or type.
    pub fn with_state(self, stored: &[u8]) -> Result<Self, Error> {
        let tensors = SafeTensors::deserialize(stored)
            .map_err(|problem| Error::Setting(format!("the stored model cannot be read: {problem}")))?;
        let mut mapper = StateMapper { tensors, path: Vec::new(), problem: None };
        let model = self.map(&mut mapper);
        match mapper.problem {
            None => Ok(model),
            Some(problem) => Err(Error::Setting(format!("the stored model does not fit: {problem}"))),
        }
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
        let values = tensor
            .data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        Ok(TensorData::new(values.collect(), expected))
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
    use crate::HeadConfig;

    #[test]
    fn a_stored_state_comes_back_and_another_is_refused() {
        let device = Device::flex();
        let model = |seed| Model::new(None, 64, HeadConfig::default(), seed, &device).unwrap();
        let stored = model(1).to_safetensors().unwrap();
        let back = model(2).with_state(&stored).unwrap();
        assert_eq!(back.state_hash(), model(1).state_hash());
        let small = Model::new(None, 32, HeadConfig::default(), 1, &device).unwrap();
        let error = small.with_state(&stored).unwrap_err().to_string();
        assert!(error.contains("dense_1.weight is F32 [2048, 512] instead of [512, 512]"), "{error}");
        assert!(model(1).with_state(&stored[..100]).is_err());
    }
}

//! Adamax (Kingma & Ba 2015, arXiv:1412.6980, algorithm 2), which burn lacks.

use burn::{
    optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource},
    tensor::{Device, Tensor, TensorData},
};
use ranklab_kernels::{AdamaxConstants, adamax_step};

/// Adamax: Adam with the infinity norm of past gradients in place of their second moment.
///
/// ```text
/// m ← β1·m + (1 − β1)·g
/// u ← max(β2·u, |g| + ε)
/// θ ← θ − α / (1 − β1ᵗ) · m / u
/// ```
///
/// The paper divides by `u` without an ε, which fails for a parameter whose gradients were all zero;
/// ε stands where PyTorch puts it.
#[derive(Clone, Debug)]
pub struct Adamax {
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the infinity norm.
    pub beta_2: f64,
    /// Keeps the division defined.
    pub epsilon: f64,
    /// L2 penalty added to the gradient, as in PyTorch.
    pub weight_decay: f64,
}

impl Default for Adamax {
    fn default() -> Self {
        Self { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// What Adamax remembers of one parameter.
#[derive(Clone, Debug)]
pub struct AdamaxState<const D: usize> {
    /// Steps taken.
    pub time: usize,
    /// `m`.
    pub moment: Tensor<D>,
    /// `u`.
    pub norm: Tensor<D>,
}

/// Written out because burn's derive only works inside burn.
impl<const D: usize> RecordState for AdamaxState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, "time", TensorData::new(vec![self.time as u64], [1]));
        out.push_tensor(prefix, "moment", self.moment.to_data());
        out.push_tensor(prefix, "norm", self.norm.to_data());
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        let time = *source.take_tensor(prefix, "time")?.try_to_vec::<u64>().ok()?.first()?;
        Some(Self {
            time: usize::try_from(time).ok()?,
            moment: Tensor::from_data(source.take_tensor(prefix, "moment")?, device),
            norm: Tensor::from_data(source.take_tensor(prefix, "norm")?, device),
        })
    }
}

impl Optimizer for Adamax {
    type State<const D: usize> = AdamaxState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let grad =
            if self.weight_decay > 0.0 { grad + tensor.clone().mul_scalar(self.weight_decay) } else { grad };
        let (time, moment, norm) = match state {
            Some(past) => (past.time + 1, past.moment, past.norm),
            // Both start from zero; the first norm is then |g| + ε as it should be.
            None => (1, tensor.zeros_like(), tensor.zeros_like()),
        };
        let rate = lr / (1.0 - self.beta_1.powf(time as f64));
        let constants = AdamaxConstants {
            beta_1: self.beta_1 as f32,
            beta_2: self.beta_2 as f32,
            epsilon: self.epsilon as f32,
            rate: rate as f32,
        };
        let (tensor, moment, norm) = adamax_step(constants, tensor, grad, moment, norm);
        (tensor, Some(AdamaxState { time, moment, norm }))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        AdamaxState {
            time: state.time,
            moment: state.moment.to_device(device),
            norm: state.norm.to_device(device),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values made by tests/golden/layers.py with torch.optim.Adamax.
    #[test]
    fn three_steps_agree_with_pytorch_with_and_without_weight_decay() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/golden/layers.json")).unwrap();
        let tensor = |golden: &serde_json::Value| {
            let values: Vec<f32> = golden["values"]
                .as_array()
                .unwrap()
                .iter()
                .map(|value| value.as_f64().unwrap() as f32)
                .collect();
            Tensor::<1>::from_data(TensorData::new(values, [6]), &Device::flex())
        };
        for case in golden["adamax"].as_array().unwrap() {
            let adamax = Adamax { weight_decay: case["weight_decay"].as_f64().unwrap(), ..Adamax::default() };
            let (mut parameter, mut state) = (tensor(&case["start"]), None);
            for step in case["steps"].as_array().unwrap() {
                (parameter, state) = adamax.step(0.005, parameter, tensor(&step["gradient"]), state);
                let difference = (parameter.clone() - tensor(&step["parameter"])).abs().max();
                assert!(difference.into_scalar::<f32>() < 1e-6);
            }
        }
    }

    #[test]
    fn a_state_survives_being_written_down() {
        let device = Device::flex();
        let tensor = || Tensor::<1>::from_data(TensorData::new(vec![1.0f32, -2.0], [2]), &device);
        let (_, state) = Adamax::default().step(0.1, tensor(), tensor(), None);
        let state = state.unwrap();
        let mut sink = StateSink::default();
        state.state_flatten("p", &mut sink);
        let mut source = StateSource::default();
        for (name, data) in sink.tensors {
            source.insert_tensor(name, data);
        }
        let again = AdamaxState::<1>::state_unflatten("p", &mut source, &device).unwrap();
        assert_eq!(again.time, 1);
        assert_eq!(again.moment.into_data(), state.moment.into_data());
        assert_eq!(again.norm.into_data(), state.norm.into_data());
    }
}

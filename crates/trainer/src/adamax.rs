//! Adamax (Kingma & Ba 2015, arXiv:1412.6980, algorithm 2), which burn lacks.

use burn::{
    optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource},
    tensor::{Device, Tensor, TensorData},
};

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
        let magnitude = grad.clone().abs().add_scalar(self.epsilon);
        let fresh = grad.mul_scalar(1.0 - self.beta_1);
        let state = match state {
            None => AdamaxState { time: 1, moment: fresh, norm: magnitude },
            Some(past) => AdamaxState {
                time: past.time + 1,
                moment: past.moment.mul_scalar(self.beta_1) + fresh,
                norm: past.norm.mul_scalar(self.beta_2).max_pair(magnitude),
            },
        };
        let rate = lr / (1.0 - self.beta_1.powf(state.time as f64));
        let change = (state.moment.clone() / state.norm.clone()).mul_scalar(rate);
        (tensor - change, Some(state))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        AdamaxState {
            time: state.time,
            moment: state.moment.to_device(device),
            norm: state.norm.to_device(device),
        }
    }
}

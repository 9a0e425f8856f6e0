//! A dense layer on any device.

use burn::tensor::{Tensor, module::linear};

use crate::{device::on_processor, differentiable};

/// `x · weight + bias`: `[rows, inputs] · [inputs, outputs] + [outputs]`.
pub fn dense(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    if on_processor(&x.device()) {
        differentiable::dense(x, weight, bias)
    } else {
        linear(x, weight, Some(bias))
    }
}

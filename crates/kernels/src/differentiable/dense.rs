//! The dense layer as an operation.

use burn::tensor::Tensor;

use super::frame::{Operation, apply};
use crate::processor::{
    dense::{self, Shape},
    memory::Buffer,
};

/// `x · weight + bias`: `[rows, inputs] · [inputs, outputs] + [outputs]`.
pub(crate) fn dense(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    let ([rows, inputs], outputs) = (x.dims(), bias.dims()[0]);
    let tensors = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    Tensor::from_dispatch(apply(Dense(Shape { rows, inputs, outputs }), tensors))
}

#[derive(Debug)]
struct Dense(Shape);

impl Operation for Dense {
    fn forward(
        &self,
        [x, weight, bias]: [&[f32]; 3],
        _kept: Option<&mut Vec<Buffer>>,
    ) -> (Vec<f32>, Vec<usize>) {
        (dense::forward(&self.0, x, weight, bias), vec![self.0.rows, self.0.outputs])
    }

    fn backward(
        &self,
        [x, weight, _]: [&[f32]; 3],
        _kept: &[Buffer],
        gradient: &[f32],
        [with_input, ..]: [bool; 3],
    ) -> [Vec<f32>; 3] {
        dense::backward(&self.0, x, weight, gradient, with_input)
    }
}

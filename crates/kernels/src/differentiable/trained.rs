//! The trained 2×2 convolution with its pooling as an operation.

use burn::tensor::Tensor;

use super::frame::{Operation, apply};
use crate::{
    feature_map::FeatureMap,
    processor::{
        memory::Buffer,
        trained::{self, Shape},
    },
};

/// The trained convolution of `map` with `weight` `[4 · C_in, C_out]` and `bias` `[C_out]`, and 2×2 max
/// pooling of it.
pub(crate) fn convolve_and_pool(map: FeatureMap, weight: Tensor<2>, bias: Tensor<1>) -> FeatureMap {
    let shape = Shape {
        height: map.height,
        width: map.width,
        images: map.batch(),
        channels_in: map.channels(),
        channels_out: bias.dims()[0],
    };
    let [height, width] = shape.pooled();
    let inputs = [map.values.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    FeatureMap::new(Tensor::from_dispatch(apply(PooledConvolution(shape), inputs)), height, width)
}

/// Of input, weight and bias.
#[derive(Debug)]
struct PooledConvolution(Shape);

impl Operation for PooledConvolution {
    fn forward(
        &self,
        [x, weight, bias]: [&[f32]; 3],
        kept: Option<&mut Vec<Buffer>>,
    ) -> (Vec<f32>, Vec<usize>) {
        let shape = &self.0;
        let sizes = vec![shape.pooled().iter().product(), shape.images, shape.channels_out];
        let mut pooled = vec![0.0; sizes.iter().product()];
        let mut choice = Buffer::of(pooled.len());
        let windows = trained::forward(shape, x, weight, bias, &mut pooled, &mut choice);
        if let Some(kept) = kept {
            kept.extend([windows, choice]);
        }
        (pooled, sizes)
    }

    fn backward(
        &self,
        [_, weight, _]: [&[f32]; 3],
        kept: &[Buffer],
        gradient: &[f32],
        [with_input, ..]: [bool; 3],
    ) -> [Vec<f32>; 3] {
        let [windows, choice] = kept else { return Default::default() };
        let found = trained::backward(&self.0, windows, weight, choice, gradient, with_input);
        [found.input, found.weight, found.bias]
    }
}

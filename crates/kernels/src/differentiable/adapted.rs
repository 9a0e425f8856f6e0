//! The adapted convolution as an operation.

use std::sync::Arc;

use burn::tensor::Tensor;

use super::frame::{Operation, apply};
use crate::{
    feature_map::FeatureMap,
    frozen_kernel::{PackedKernel, Panels},
    processor::{
        adapted::{self, Kernels, Shape},
        memory::Buffer,
    },
};

/// The adapters of one convolution side by side, filled up to a common rank.
pub struct StackedFactors {
    /// `[adapters, 9, C_in, rank]`.
    pub down: Tensor<4>,
    /// Scaled: `[adapters, rank, C_out]`.
    pub up: Tensor<3>,
}

/// Where the output's frozen terms `x∗W + b` come from.
#[derive(Clone, Debug)]
pub enum FrozenTerms {
    /// They are computed.
    Computed {
        /// Whether b is among them.
        bias: bool,
    },
    /// They are known: `[positions, given · images, C_out]`.
    Known(Arc<Vec<f32>>),
    /// They are left out.
    Absent,
}

/// The frozen convolution of `map`, which holds batches of `images`: alone, or with adapters, one per
/// batch or all on the same one.
pub fn convolve(
    kernel: &PackedKernel,
    map: FeatureMap,
    factors: Option<StackedFactors>,
    images: usize,
    terms: FrozenTerms,
) -> FeatureMap {
    let (height, width) = (map.height, map.width);
    assert!(
        kernel.panels.forward.is_some() || !matches!(terms, FrozenTerms::Computed { .. }),
        "the frozen products must be given: the kernel was freed"
    );
    let [adapters, rank] =
        factors.as_ref().map_or([0, 0], |factors| [factors.up.dims()[0], factors.up.dims()[1]]);
    let shape = Shape {
        height,
        width,
        images,
        given: map.batch() / images,
        adapters,
        channels_in: kernel.channels_in,
        channels_out: kernel.channels_out,
        rank,
        frozen: matches!(terms, FrozenTerms::Computed { .. }),
    };
    // Without the transpose nothing below is trained, nor where one input serves several adapters.
    let input_gradient = kernel.panels.backward.is_some() && shape.given == shape.taken();
    let x = if input_gradient { map.values } else { map.values.detach() };
    let x = x.into_dispatch();
    let (down, up) = match factors {
        Some(factors) => (factors.down.into_dispatch(), factors.up.into_dispatch()),
        None => (x.clone(), x.clone()),
    };
    let panels = kernel.panels.clone();
    let operation = AdaptedConvolution { panels, shape, terms, input_gradient };
    FeatureMap::new(Tensor::from_dispatch(apply(operation, [x, down, up])), height, width)
}

/// Of input `[positions, given · images, C_in]` and the factors as in [`StackedFactors`].
#[derive(Debug)]
struct AdaptedConvolution {
    panels: Arc<Panels>,
    shape: Shape,
    terms: FrozenTerms,
    input_gradient: bool,
}

impl AdaptedConvolution {
    fn kernels<'a>(&'a self, down: &'a [f32], up: &'a [f32]) -> Kernels<'a> {
        Kernels {
            forward: self.panels.forward.as_deref(),
            backward: self.panels.backward.as_deref(),
            bias: match self.terms {
                FrozenTerms::Computed { bias: true } => &self.panels.bias,
                _ => &[],
            },
            known: match &self.terms {
                FrozenTerms::Known(known) => known,
                _ => &[],
            },
            down,
            up,
        }
    }
}

impl Operation for AdaptedConvolution {
    fn forward(&self, [x, down, up]: [&[f32]; 3], kept: Option<&mut Vec<Buffer>>) -> (Vec<f32>, Vec<usize>) {
        let shape = &self.shape;
        let sizes = vec![shape.positions(), shape.taken() * shape.images, shape.channels_out];
        let mut y = vec![0.0; sizes.iter().product()];
        let found = adapted::forward(shape, &self.kernels(down, up), x, &mut y);
        if let Some(kept) = kept {
            kept.extend([found.windows, found.low_rank]);
        }
        (y, sizes)
    }

    fn backward(
        &self,
        [_, down, up]: [&[f32]; 3],
        kept: &[Buffer],
        gradient: &[f32],
        [with_input, ..]: [bool; 3],
    ) -> [Vec<f32>; 3] {
        let [windows, low_rank] = kept else { return Default::default() };
        let kernels = self.kernels(down, up);
        let with_input = with_input && self.input_gradient;
        let found = adapted::backward(&self.shape, &kernels, windows, low_rank, gradient, with_input);
        [found.input, found.down, found.up]
    }
}

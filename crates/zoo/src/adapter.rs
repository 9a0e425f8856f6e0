//! LoRA for 3×3 convolutions: `y = x∗W + s·((x∗A)∗B) + b` with `W` and `b` frozen
//! (Hu et al. 2021, arXiv:2106.09685, carried over to convolutions).
//!
//! A is 3×3×C_in×r, B is 1×1×r×C_out. Because B acts on single positions it commutes with the
//! output transform of [`crate::winograd`], and because the transform of a kernel is linear, A lives
//! in the same domain as the frozen kernel:
//!
//! ```text
//! y = T_out·(V·U) + s·(T_out·(V·(T_g·A)))·B + b
//! ```
//!
//! The full-size change of the kernel is never formed and the frozen kernel gets no gradient.

use burn::{
    module::{Module, Param},
    tensor::{Device, Tensor, TensorData},
};

use crate::{
    config::{AdapterConfig, Initialisation},
    convolution::FrozenConvolution,
    feature_map::FeatureMap,
    randomness::Randomness,
    winograd::{TileTransform, kernel_transform, transform_kernel},
};

/// The trainable factors of one adapted convolution.
#[derive(Module, Debug)]
pub struct Adapter {
    /// A, the down-projection: `[9, C_in, rank]`, taps row by row.
    pub down: Param<Tensor<3>>,
    /// B, the up-projection: `[rank, C_out]`.
    pub up: Param<Tensor<2>>,
    /// DoRA's magnitude per output channel, `[C_out]`.
    pub magnitude: Option<Param<Tensor<1>>>,
    kernel_transform: Tensor<2>,
    scale: f64,
    dropout: f64,
}

impl Adapter {
    /// An adapter for `convolution` with freshly drawn factors.
    pub fn new(
        config: &AdapterConfig,
        rank: usize,
        convolution: &FrozenConvolution,
        randomness: &mut Randomness,
        device: &Device,
    ) -> Self {
        let [channels_in, channels_out] = convolution.transformed.channels();
        let (down_count, up_count) = (9 * channels_in * rank, rank * channels_out);
        let (down, up) = match config.initialisation {
            Initialisation::Glorot => (
                randomness.glorot(down_count, 9 * channels_in, 9 * rank),
                randomness.glorot(up_count, rank, channels_out),
            ),
            // Kaiming-uniform with a = √5 comes to a limit of 1 / √fan_in; B starts at zero, so
            // that the adapted model starts as the pretrained one.
            Initialisation::KaimingZero => {
                (randomness.uniform(down_count, 1.0 / ((9 * channels_in) as f64).sqrt()), vec![0.0; up_count])
            }
        };
        let down = Tensor::from_data(TensorData::new(down, [9, channels_in, rank]), device);
        let up = Tensor::from_data(TensorData::new(up, [rank, channels_out]), device);
        Self::from_factors(config, down, up, convolution)
    }

    /// An adapter with given factors: A `[9, C_in, rank]` and B `[rank, C_out]`.
    pub fn from_factors(
        config: &AdapterConfig,
        down: Tensor<3>,
        up: Tensor<2>,
        convolution: &FrozenConvolution,
    ) -> Self {
        let [rank, _] = up.dims();
        let device = up.device();
        let mut adapter = Self {
            down: Param::from_tensor(down),
            up: Param::from_tensor(up),
            magnitude: None,
            kernel_transform: kernel_transform(&device),
            scale: config.scale(rank),
            dropout: config.dropout,
        };
        // DoRA starts from the magnitude of the adapted kernel, so that the factor before any step
        // is exactly 1.
        adapter.magnitude = config
            .dora
            .then(|| adapter.kernel_norm(convolution))
            .flatten()
            .map(|norm| Param::from_tensor(norm.detach()));
        adapter
    }

    /// Rank.
    pub fn rank(&self) -> usize {
        self.up.dims()[0]
    }

    /// The adapted convolution on a map that `tiles` was made for. `randomness` is given while
    /// training and drives the adapter's dropout.
    pub fn forward(
        &self,
        convolution: &FrozenConvolution,
        map: FeatureMap,
        tiles: &TileTransform,
        randomness: Option<&mut Randomness>,
    ) -> FeatureMap {
        let (batch, device) = (map.batch(), map.values.device());
        let dropped = match randomness {
            Some(randomness) if self.dropout > 0.0 => {
                let mask = randomness.dropout_mask(map.values.dims(), self.dropout, &device);
                Some(tiles.input(map.clone().map(|values| values * mask)))
            }
            _ => None,
        };
        let windows = tiles.input(map);
        let frozen = tiles.output(convolution.transformed.product(windows.clone()), batch);
        let down = transform_kernel(&self.kernel_transform, self.down.val());
        let low_rank = tiles.output(dropped.unwrap_or(windows).matmul(down), batch).values;
        let [positions, _, rank] = low_rank.dims();
        let channels_out = self.up.dims()[1];
        let delta = low_rank
            .reshape([positions * batch, rank])
            .matmul(self.up.val().mul_scalar(self.scale))
            .reshape([positions, batch, channels_out]);
        frozen.map(|values| {
            let adapted = values + delta;
            let adapted = match (&self.magnitude, self.kernel_norm(convolution)) {
                (Some(magnitude), Some(norm)) => {
                    adapted * (magnitude.val() / norm).reshape([1, 1, channels_out])
                }
                _ => adapted,
            };
            adapted + convolution.bias.clone()
        })
    }

    /// The norm of `W + s·ΔW` per output channel, `[C_out]`, outside the gradient as in DoRA's
    /// section 4.3 (Liu et al. 2024, arXiv:2402.09353); `None` when the kernel was not kept.
    fn kernel_norm(&self, convolution: &FrozenConvolution) -> Option<Tensor<1>> {
        let kernel = convolution.kernel.clone()?;
        let [taps, channels_in, rank] = self.down.dims();
        let down = self.down.val().detach().reshape([taps * channels_in, rank]);
        let change = down.matmul(self.up.val().detach()).mul_scalar(self.scale);
        let squares = (kernel + change).square().sum_dim(0);
        Some(squares.sqrt().squeeze_dim(0))
    }
}

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
    winograd::{POSITIONS, TileTransform, kernel_transform, transform_kernel},
};

/// Ranks are filled up with zeros to a multiple of this, so that an adapter's products have the same
/// form, and round alike, in any company.
const RANK_STEP: usize = 16;

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
        let images = map.batch();
        let dropped = match randomness {
            Some(randomness) if self.dropout > 0.0 => {
                let device = map.values.device();
                let mask = randomness.dropout_mask(map.values.dims(), self.dropout, &device);
                Some(map.clone().map(|values| values * mask))
            }
            _ => None,
        };
        adapted_together(convolution, &[self], map, dropped, tiles, images)
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

/// One convolution with several adapters side by side: `map` holds `images` images of every adapter,
/// adapter by adapter (`[positions, adapters · images, C_in]`), or the same `images` for all. Returns
/// `[positions, adapters · images, C_out]`.
///
/// The frozen kernel's products are made for all adapters at once: the kernel is read once, and more
/// rows make better products. Everything that belongs to one adapter is computed as if it were alone.
/// `dropped` replaces the map on the adapters' own path.
pub(crate) fn adapted_together(
    convolution: &FrozenConvolution,
    adapters: &[&Adapter],
    map: FeatureMap,
    dropped: Option<FeatureMap>,
    tiles: &TileTransform,
    images: usize,
) -> FeatureMap {
    let members = adapters.len();
    let given = map.batch() / images;
    let [_, channels_out] = convolution.transformed.channels();
    let rank = adapters.iter().map(|adapter| adapter.rank()).max().unwrap_or(1).next_multiple_of(RANK_STEP);

    let own_windows = dropped.map(|map| tiles.input(map));
    let windows = tiles.input(map);
    let frozen = tiles.output(convolution.transformed.product(windows.clone()), given * images);
    let (height, width, positions) = (frozen.height, frozen.width, frozen.height * frozen.width);

    let own_windows = own_windows.unwrap_or(windows);
    let [_, rows, channels_in] = own_windows.dims();
    let tile_count = rows / (given * images);
    let own_windows = own_windows.reshape([POSITIONS, tile_count, given, images, channels_in]);
    let down = adapters.iter().map(|adapter| {
        let down = transform_kernel(&adapter.kernel_transform, adapter.down.val());
        down.pad([(0, 0), (0, 0), (0, rank - adapter.rank())], 0.0)
    });
    let down = Tensor::stack::<4>(down.collect(), 1).unsqueeze_dim::<5>(1);
    let low_rank = own_windows.matmul(down).reshape([POSITIONS, tile_count * members * images, rank]);
    let low_rank = tiles.output(low_rank, members * images).values;

    let up = adapters.iter().map(|adapter| {
        let up = adapter.up.val().mul_scalar(adapter.scale);
        up.pad([(0, rank - adapter.rank()), (0, 0)], 0.0)
    });
    let up = Tensor::stack::<3>(up.collect(), 0).unsqueeze_dim::<4>(0);
    let delta = low_rank.reshape([positions, members, images, rank]).matmul(up);

    let adapted = frozen.values.reshape([positions, given, images, channels_out]) + delta;
    let magnitudes: Vec<Tensor<1>> = adapters
        .iter()
        .filter_map(|adapter| Some(adapter.magnitude.as_ref()?.val() / adapter.kernel_norm(convolution)?))
        .collect();
    let adapted = if magnitudes.len() == members {
        adapted * Tensor::stack::<2>(magnitudes, 0).reshape([1, members, 1, channels_out])
    } else {
        adapted
    };
    let values = adapted.reshape([positions, members * images, channels_out]) + convolution.bias.clone();
    FeatureMap::new(values, height, width)
}

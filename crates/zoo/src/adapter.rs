//! LoRA for 3×3 convolutions: `y = x∗W + s·((x∗A)∗B) + b` with `W` and `b` frozen
//! (Hu et al. 2021, arXiv:2106.09685, carried over to convolutions).
//!
//! A is 3×3×C_in×r, B is 1×1×r×C_out. Because B acts on single positions it commutes with the
//! output transform of [`ranklab_kernels::TileTransform`], and because the transform of a kernel is linear, A lives
//! in the same domain as the frozen kernel:
//!
//! ```text
//! y = T_out·(V·U) + s·(T_out·(V·(T_g·A)))·B + b
//! ```
//!
//! The full-size change of the kernel is never formed and the frozen kernel gets no gradient.

use std::sync::Arc;

use burn::{
    module::{Module, Param},
    tensor::{Device, Tensor, TensorData, s},
};
use ranklab_kernels::{
    FeatureMap, FrozenConvolution, FrozenKernel, FrozenTerms, POSITIONS, RANK_STEP, Randomness,
    StackedFactors, TileTransform, convolve, kernel_transform, transform_kernel,
};
use ranklab_settings::{AdapterConfig, Initialisation};

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
        adapted_together(convolution, &[self], map, Own { dropped, ..Own::default() }, tiles, images)
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

/// What takes the place of values that would come from the map.
#[derive(Default)]
pub(crate) struct Own {
    /// Replaces the map on the adapters' own path.
    pub(crate) dropped: Option<FeatureMap>,
    /// The frozen part of the output, `x∗W + b`, where it is known: for packed kernels, without DoRA and
    /// dropout.
    pub(crate) frozen: Option<Arc<Vec<f32>>>,
}

/// One convolution with several adapters side by side: `map` holds `images` images of every adapter,
/// adapter by adapter (`[positions, adapters · images, C_in]`), or the same `images` for all. Returns
/// `[positions, adapters · images, C_out]`.
///
/// The frozen kernel is read once for all adapters. Everything that belongs to one adapter is computed
/// as if it were alone.
pub(crate) fn adapted_together(
    convolution: &FrozenConvolution,
    adapters: &[&Adapter],
    map: FeatureMap,
    own: Own,
    tiles: &TileTransform,
    images: usize,
) -> FeatureMap {
    let Own { dropped, frozen } = own;
    let factors = stack(adapters);
    let magnitudes: Vec<Tensor<1>> = adapters
        .iter()
        .filter_map(|adapter| Some(adapter.magnitude.as_ref()?.val() / adapter.kernel_norm(convolution)?))
        .collect();
    let plain = dropped.is_none() && magnitudes.is_empty();
    let adapted = match &convolution.transformed {
        FrozenKernel::Packed(kernel) if plain => {
            let terms = frozen.map_or(FrozenTerms::Computed { bias: true }, FrozenTerms::Known);
            return convolve(kernel, map, Some(factors), images, terms);
        }
        FrozenKernel::Packed(kernel) => {
            let terms = FrozenTerms::Computed { bias: false };
            match dropped {
                None => convolve(kernel, map, Some(factors), images, terms),
                Some(dropped) => {
                    let delta = convolve(kernel, dropped, Some(factors), images, FrozenTerms::Absent);
                    let frozen = convolve(kernel, map, None, images, terms);
                    frozen.map(|values| values + delta.values)
                }
            }
        }
        FrozenKernel::Plain(kernel) => {
            let frozen = tiles.input(map.clone()).matmul(kernel.clone());
            let frozen = tiles.output(frozen, map.batch());
            add_adapters(frozen, factors, dropped.unwrap_or(map), adapters, tiles, images)
        }
    };
    let [positions, rows, channels_out] = adapted.values.dims();
    adapted.map(|values| {
        let values = if magnitudes.is_empty() {
            values
        } else {
            let members = magnitudes.len();
            let factors = Tensor::stack::<2>(magnitudes, 0).reshape([1, members, 1, channels_out]);
            let values = values.reshape([positions, members, images, channels_out]) * factors;
            values.reshape([positions, rows, channels_out])
        };
        values + convolution.bias_row()
    })
}

/// The factors of all adapters, filled up with zeros to one rank.
fn stack(adapters: &[&Adapter]) -> StackedFactors {
    let rank = adapters.iter().map(|adapter| adapter.rank()).max().unwrap_or(1).next_multiple_of(RANK_STEP);
    let down = adapters.iter().map(|adapter| {
        let missing = rank - adapter.rank();
        adapter.down.val().pad([(0, 0), (0, 0), (0, missing)], 0.0)
    });
    let up = adapters.iter().map(|adapter| {
        let missing = rank - adapter.rank();
        adapter.up.val().mul_scalar(adapter.scale).pad([(0, missing), (0, 0)], 0.0)
    });
    StackedFactors { down: Tensor::stack(down.collect(), 0), up: Tensor::stack(up.collect(), 0) }
}

/// The adapters' part with tensors, added to the frozen one.
fn add_adapters(
    frozen: FeatureMap,
    factors: StackedFactors,
    own: FeatureMap,
    adapters: &[&Adapter],
    tiles: &TileTransform,
    images: usize,
) -> FeatureMap {
    let [members, rank, channels_out] = factors.up.dims();
    let given = own.batch() / images;
    let windows = tiles.input(own);
    let [_, rows, channels_in] = windows.dims();
    let tile_count = rows / (given * images);
    let windows = windows.reshape([POSITIONS, tile_count, given, images, channels_in]);
    let transform = &adapters[0].kernel_transform;
    let down: Vec<Tensor<3>> = (0..members)
        .map(|place| transform_kernel(transform, factors.down.clone().slice(s![place]).squeeze_dim(0)))
        .collect();
    let down = Tensor::stack::<4>(down, 1).unsqueeze_dim::<5>(1);
    let low_rank = windows.matmul(down).reshape([POSITIONS, tile_count * members * images, rank]);
    let low_rank = tiles.output(low_rank, members * images).values;
    let positions = frozen.height * frozen.width;
    let up = factors.up.unsqueeze_dim::<4>(0);
    let delta = low_rank.reshape([positions, members, images, rank]).matmul(up);
    frozen.map(|values| {
        let adapted = values.reshape([positions, given, images, channels_out]) + delta;
        adapted.reshape([positions, members * images, channels_out])
    })
}

#[cfg(test)]
mod tests {
    use burn::tensor::Gradients;
    use proptest::prelude::*;
    use ranklab_kernels::ConvolutionUse;
    use ranklab_settings::AdapterSettings;

    use super::*;

    fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn assert_close(what: &str, found: &[f32], expected: &[f32]) -> Result<(), TestCaseError> {
        prop_assert_eq!(found.len(), expected.len());
        let scale = expected.iter().fold(1.0f32, |most, value| most.max(value.abs()));
        for (found, expected) in found.iter().zip(expected) {
            prop_assert!((found - expected).abs() < 1e-4 * scale, "{what}: {found} instead of {expected}");
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_processors_operation_and_its_gradients_are_those_of_the_tensors(
            height in 1usize..10, width in 1usize..10, images in 1usize..4, shared in any::<bool>(),
            channels_in in 1usize..20, channels_out in 1usize..20,
            ranks in prop::collection::vec(1usize..18, 1..4), dora in any::<bool>(), seed in 0u64..1000,
        ) {
            let device = Device::flex().autodiff();
            let mut randomness = Randomness::new(seed, 0);
            let kernel = randomness.normal(channels_out * channels_in * 9, 0.3);
            let bias = randomness.normal(channels_out, 1.0);
            let usage = ConvolutionUse { input_gradient: true, kernel: true, ..ConvolutionUse::default() };
            let packed = FrozenConvolution::new(&kernel, &bias, [channels_in, channels_out], usage, &device);
            let plain = packed.clone().with_rounded_kernel_of(&packed, &device);
            let config = AdapterSettings { dora: Some(dora), ..Default::default() }.resolve().unwrap();
            let adapters: Vec<Adapter> = ranks
                .iter()
                .map(|rank| Adapter::new(&config, *rank, &packed, &mut randomness, &device))
                .collect();
            let adapters: Vec<&Adapter> = adapters.iter().collect();
            let given = if shared { 1 } else { adapters.len() };
            let tiles = TileTransform::new(height, width, &device);
            let positions = height * width;
            let x = randomness.normal(positions * given * images * channels_in, 1.0);
            let towards = randomness.normal(positions * adapters.len() * images * channels_out, 1.0);
            let run = |convolution: &FrozenConvolution| -> (Vec<f32>, Vec<f32>, Gradients) {
                let shape = [positions, given * images, channels_in];
                let x = Tensor::<3>::from_data(TensorData::new(x.clone(), shape), &device);
                // One input for several adapters is never trained below.
                let x = if given < adapters.len() { x } else { x.require_grad() };
                let map = FeatureMap::new(x.clone(), height, width);
                let y = adapted_together(convolution, &adapters, map, Own::default(), &tiles, images).values;
                let towards = Tensor::from_data(TensorData::new(towards.clone(), y.dims()), &device);
                let gradients = (y.clone() * towards).sum().backward();
                let x = x.grad(&gradients).map(read).unwrap_or_default();
                (read(y), x, gradients)
            };
            let (y, x_gradient, gradients) = run(&packed);
            // With its frozen part known beforehand, not a bit changes.
            let shape = [positions, given * images, channels_in];
            let map = Tensor::<3>::from_data(TensorData::new(x.clone(), shape), &device);
            let map = FeatureMap::new(map, height, width);
            let mut plain_adapters: Vec<Adapter> = adapters.iter().map(|adapter| (*adapter).clone()).collect();
            plain_adapters.iter_mut().for_each(|adapter| adapter.magnitude = None);
            let plain_adapters: Vec<&Adapter> = plain_adapters.iter().collect();
            let known = Arc::new(read(packed.forward(map.clone(), &tiles).values));
            let own = Own { frozen: Some(known), ..Own::default() };
            let with_known = adapted_together(&packed, &plain_adapters, map.clone(), own, &tiles, images);
            let without = adapted_together(&packed, &plain_adapters, map, Own::default(), &tiles, images);
            prop_assert_eq!(read(with_known.values), read(without.values));
            let (expected_y, expected_x, expected) = run(&plain);
            assert_close("y", &y, &expected_y)?;
            assert_close("x", &x_gradient, &expected_x)?;
            for adapter in adapters {
                let down = |gradients| read(adapter.down.val().grad(gradients).unwrap());
                assert_close("A", &down(&gradients), &down(&expected))?;
                let up = |gradients| read(adapter.up.val().grad(gradients).unwrap());
                assert_close("B", &up(&gradients), &up(&expected))?;
            }
        }
    }
}

//! A frozen convolution with any number of adapters side by side, forward and backward, on
//! position-major maps `[positions, images, channels]` in this processor's memory.
//!
//! With `V` the transformed map, `U` and `U_A` the transformed kernels, and B applied to the map that
//! the adapter's A makes (it acts on single positions, so that it may stand behind the transform):
//!
//! ```text
//! forward   L = T_out·(V·U_A)                     y  = T_out·(V·U) + b + L·B
//! backward  dM = T_outᵀ·dy    dL = dy·Bᵀ          dB = Σ Lᵀ·dy
//!           dN = T_outᵀ·dL    dV = dM·Uᵀ + dN·U_Aᵀ    dA = T_gᵀ·(Vᵀ·dN)    dx = T_inᵀ·dV
//! ```
//!
//! `V` and L are kept between the two. The frozen kernel is read once for all adapters. Every sum runs over one adapter's own
//! rows in a fixed order, so that an adapter's values do not depend on the others beside it or on the
//! number of cores.

use rayon::prelude::*;

use super::{
    held_kernel::HeldKernel,
    memory::Buffer,
    packed::{NARROW, PANEL, multiply, multiply_add, multiply_transposed, pack, pack_transposed},
    passes::{
        Maps, transform_input, transform_input_transposed, transform_output, transform_output_transposed,
    },
    tasks::{images_per_task, tasks},
    tiles::{add_scaled, transform_kernel_at, transform_kernel_transposed_at},
};
use crate::winograd::POSITIONS;

/// Values of sums that are kept until they are added up.
const SUMS: usize = 1 << 24;

/// Ranks are filled up with zeros to a multiple of this, so that an adapter's products have the same form, and round
/// alike, whatever other adapters are beside it.
pub const RANK_STEP: usize = 16;

/// Sizes of one adapted convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Images of one adapter.
    pub(crate) images: usize,
    /// Batches of `images` in the input: one for all adapters, or one for each.
    pub(crate) given: usize,
    /// Adapters; without any it is the frozen convolution alone.
    pub(crate) adapters: usize,
    pub(crate) channels_in: usize,
    pub(crate) channels_out: usize,
    /// Rank of all adapters, a multiple of [`RANK_STEP`] with the missing ranks zero.
    pub(crate) rank: usize,
    /// Whether the frozen kernel's products are part of the output.
    pub(crate) frozen: bool,
}

impl Shape {
    pub(crate) fn positions(&self) -> usize {
        self.height * self.width
    }

    /// Batches of `images` in the output.
    pub(crate) fn taken(&self) -> usize {
        if self.adapters == 0 { self.given } else { self.adapters }
    }

    fn maps(&self, batches: usize, channels: usize) -> Maps {
        Maps { height: self.height, width: self.width, images: batches * self.images, channels }
    }

    /// The input.
    fn input(&self) -> Maps {
        self.maps(self.given, self.channels_in)
    }

    /// What the frozen kernel makes of the input: one batch for all adapters, or one for each.
    fn frozen_output(&self) -> Maps {
        self.maps(self.given, self.channels_out)
    }

    /// What the adapters' A make of the input.
    pub(crate) fn low_rank(&self) -> Maps {
        self.maps(self.adapters, self.rank)
    }

    /// Transformed rows of one batch of `images`.
    fn rows(&self) -> usize {
        self.images * self.input().tiles()
    }
}

/// The frozen kernel as products read it, and the adapters' factors.
#[derive(Clone, Copy)]
pub(crate) struct Kernels<'a> {
    /// `U`; absent where its products are known.
    pub(crate) forward: Option<&'a HeldKernel>,
    /// `Uᵀ`; absent where no gradient for the input is asked for.
    pub(crate) backward: Option<&'a HeldKernel>,
    /// `[C_out]`, or empty where none is added.
    pub(crate) bias: &'a [f32],
    /// The output's frozen terms `[positions, given · images, C_out]` where they are known already, else
    /// empty.
    pub(crate) known: &'a [f32],
    /// A of each adapter: `[adapters, 9, C_in, rank]`.
    pub(crate) down: &'a [f32],
    /// B of each adapter, scaled: `[adapters, rank, C_out]`.
    pub(crate) up: &'a [f32],
}

/// What the backward pass wants to find again.
pub(crate) struct Kept {
    /// `V`.
    pub(crate) windows: Buffer,
    /// L `[positions, adapters · images, rank]`.
    pub(crate) low_rank: Buffer,
}

/// Gradients of one call.
pub(crate) struct Gradients {
    /// As the input; empty where it is not asked for.
    pub(crate) input: Vec<f32>,
    /// `[adapters, 9, C_in, rank]`.
    pub(crate) down: Vec<f32>,
    /// `[adapters, rank, C_out]`.
    pub(crate) up: Vec<f32>,
}

impl Kernels<'_> {
    /// `U_A` of one adapter at one position, `[C_in, rank]`, written to `transformed`.
    fn transform_down(&self, shape: &Shape, adapter: usize, position: usize, transformed: &mut [f32]) {
        let pairs = shape.channels_in * shape.rank;
        transform_kernel_at(position, &self.down[adapter * 9 * pairs..][..9 * pairs], transformed);
    }

    /// `B` of one adapter: `[rank, C_out]`.
    fn up(&self, shape: &Shape, adapter: usize) -> &[f32] {
        let values = shape.rank * shape.channels_out;
        &self.up[adapter * values..][..values]
    }
}

/// Equal parts of `values`, or as many empty ones.
fn parts(values: &mut [f32], count: usize) -> Vec<&mut [f32]> {
    match values.len() / count {
        0 => (0..count).map(|_| &mut [][..]).collect(),
        part => values.chunks_exact_mut(part).collect(),
    }
}

/// `y` from `x`, both position-major.
pub(crate) fn forward(shape: &Shape, kernels: &Kernels<'_>, x: &[f32], y: &mut [f32]) -> Kept {
    let (input, low) = (shape.input(), shape.low_rank());
    let mut windows = Buffer::of(input.transformed());
    transform_input(&input, x, &mut windows);
    let mut products = Buffer::of(if shape.frozen { shape.frozen_output().transformed() } else { 0 });
    let mut low_products = Buffer::of(low.transformed());
    let mut targets: Vec<_> =
        parts(&mut products, POSITIONS).into_iter().zip(parts(&mut low_products, POSITIONS)).collect();
    targets.par_iter_mut().zip(windows.par_chunks_exact(input.transformed_part())).enumerate().for_each(
        |(position, ((products, low_products), windows))| {
            let windows = &windows[..input.transformed_at_one()];
            if let Some(kernel) = kernels.forward.filter(|_| shape.frozen) {
                let products = &mut products[..shape.frozen_output().transformed_at_one()];
                kernel.multiply(position, windows, products);
            }
            let low_products = &mut low_products[..low.transformed_at_one()];
            multiply_down(shape, kernels, position, windows, low_products);
        },
    );
    let mut low_rank = Buffer::of(low.positions() * low.images * low.channels);
    if shape.adapters > 0 {
        transform_output(&low, &[], &low_products, &mut low_rank);
    }
    finish(shape, kernels, &products, &low_rank, y);
    Kept { windows, low_rank }
}

/// `V·U_A` of every adapter at one position of the transformed domain.
fn multiply_down(
    shape: &Shape,
    kernels: &Kernels<'_>,
    position: usize,
    windows: &[f32],
    low_products: &mut [f32],
) {
    let Shape { channels_in, rank, .. } = *shape;
    if shape.adapters == 0 {
        return;
    }
    let mut down = vec![0.0; channels_in * rank];
    for (adapter, products) in low_products.chunks_exact_mut(shape.rows() * rank).enumerate() {
        kernels.transform_down(shape, adapter, position, &mut down);
        let down = pack::<NARROW>(&down, channels_in, rank);
        multiply::<NARROW>([channels_in, rank], own_windows(shape, adapter, windows), &down, products);
    }
}

/// The rows of `windows` that adapter number `adapter` sees.
fn own_windows<'a>(shape: &Shape, adapter: usize, windows: &'a [f32]) -> &'a [f32] {
    let values = shape.rows() * shape.channels_in;
    let batch = if shape.given == 1 { 0 } else { adapter };
    &windows[batch * values..][..values]
}

/// `y = T_out·M + b + L·B`.
fn finish(shape: &Shape, kernels: &Kernels<'_>, products: &[f32], low_rank: &[f32], y: &mut [f32]) {
    let Shape { channels_out, rank, images, .. } = *shape;
    let (positions, taken) = (shape.positions(), shape.taken());
    let up: Vec<Vec<f32>> = (0..shape.adapters)
        .map(|adapter| pack::<PANEL>(kernels.up(shape, adapter), rank, channels_out))
        .collect();
    let per_task = images_per_task(images);
    // One slice of images for each position and batch.
    let tasks = tasks(y, positions * taken, per_task * channels_out);
    tasks.into_par_iter().enumerate().for_each(|(task, mut slices)| {
        let first = task * per_task;
        let count = slices[0].len() / channels_out;
        if shape.frozen {
            let frozen = shape.frozen_output();
            for batch in 0..shape.given {
                let mut own: Vec<&mut [f32]> =
                    slices.iter_mut().skip(batch).step_by(taken).map(|slice| &mut **slice).collect();
                frozen.output_of(kernels.bias, products, batch * images + first, &mut own);
            }
            if shape.given < taken {
                for position in slices.chunks_exact_mut(taken) {
                    if let Some((shared, others)) = position.split_first_mut() {
                        others.iter_mut().for_each(|other| other.copy_from_slice(shared));
                    }
                }
            }
        } else {
            for (place, slice) in slices.iter_mut().enumerate() {
                let (position, batch) = (place / taken, place % taken % shape.given);
                let start = ((position * shape.given + batch) * images + first) * channels_out;
                if kernels.known.is_empty() {
                    slice.fill(0.0);
                } else {
                    slice.copy_from_slice(&kernels.known[start..][..slice.len()]);
                }
            }
        }
        for (place, slice) in slices.iter_mut().enumerate().take(if up.is_empty() { 0 } else { usize::MAX }) {
            let low_rank = &low_rank[(place * images + first) * rank..][..count * rank];
            multiply_add::<PANEL>([rank, channels_out], low_rank, &up[place % taken], slice);
        }
    });
}

/// Gradients for `x` (where `with_input`) and the factors, from that of `y` and from what the forward
/// pass kept.
pub(crate) fn backward(
    shape: &Shape,
    kernels: &Kernels<'_>,
    windows: &[f32],
    low_rank: &[f32],
    y_gradient: &[f32],
    with_input: bool,
) -> Gradients {
    let Shape { channels_in, rank, adapters, .. } = *shape;
    let (input, output, low_maps) = (shape.input(), shape.frozen_output(), shape.low_rank());
    let pairs = channels_in * rank;

    let mut low = Buffer::of(low_maps.transformed());
    let mut up = Vec::new();
    if adapters > 0 {
        let mut low_gradient = Buffer::of(low_rank.len());
        multiply_up_transposed(shape, kernels, y_gradient, &mut low_gradient);
        transform_output_transposed(&low_maps, &low_gradient, &mut low);
        up = up_gradients(shape, low_rank, y_gradient);
    }
    let with_frozen = with_input && shape.frozen;
    let mut products = Buffer::of(if with_frozen { output.transformed() } else { 0 });
    if with_frozen {
        transform_output_transposed(&output, y_gradient, &mut products);
    }
    let mut window_gradients = Buffer::of(if with_input { input.transformed() } else { 0 });
    // Per position: [adapters, C_in, rank].
    let mut down = Buffer::of(POSITIONS * adapters * pairs);
    let mut targets: Vec<_> =
        parts(&mut window_gradients, POSITIONS).into_iter().zip(parts(&mut down, POSITIONS)).collect();
    targets.par_iter_mut().enumerate().for_each(|(position, (window_gradient, down))| {
        let at = |maps: &Maps| {
            let start = position * maps.transformed_part();
            start..start + maps.transformed_at_one()
        };
        let window_gradient =
            if with_input { &mut window_gradient[..input.transformed_at_one()] } else { &mut [] };
        match kernels.backward {
            Some(kernel) if with_frozen => {
                kernel.multiply(position, &products[at(&output)], window_gradient);
            }
            _ => window_gradient.fill(0.0),
        }
        let windows = &windows[at(&input)];
        let low = &low[at(&low_maps)];
        let rows = shape.rows();
        let mut factor = vec![0.0; pairs];
        for adapter in 0..adapters {
            let low = &low[adapter * rows * rank..][..rows * rank];
            let down = &mut down[adapter * pairs..][..pairs];
            multiply_transposed([rows, channels_in, rank], own_windows(shape, adapter, windows), low, down);
            if with_input {
                kernels.transform_down(shape, adapter, position, &mut factor);
                // U_Aᵀ is [rank, C_in].
                let packed = pack_transposed::<PANEL>(&factor, rank, channels_in);
                let own = &mut window_gradient[adapter * rows * channels_in..][..rows * channels_in];
                multiply_add::<PANEL>([rank, channels_in], low, &packed, own);
            }
        }
    });
    let mut input_gradient = Vec::new();
    if with_input {
        input_gradient = vec![0.0; input.positions() * input.images * channels_in];
        transform_input_transposed(&input, &window_gradients, &mut input_gradient);
    }
    Gradients { input: input_gradient, down: sum_down(shape, &down), up }
}

/// `dL = dy·Bᵀ`.
fn multiply_up_transposed(
    shape: &Shape,
    kernels: &Kernels<'_>,
    y_gradient: &[f32],
    low_gradient: &mut [f32],
) {
    let Shape { channels_out, rank, images, adapters, .. } = *shape;
    // Bᵀ is [C_out, rank].
    let up: Vec<Vec<f32>> = (0..adapters)
        .map(|adapter| pack_transposed::<NARROW>(kernels.up(shape, adapter), channels_out, rank))
        .collect();
    low_gradient
        .par_chunks_exact_mut(images * rank)
        .zip(y_gradient.par_chunks_exact(images * channels_out))
        .enumerate()
        .for_each(|(place, (low_gradient, y_gradient))| {
            multiply::<NARROW>([channels_out, rank], y_gradient, &up[place % adapters], low_gradient);
        });
}

/// `dB = Σ Lᵀ·dy` over positions and images, `[adapters, rank, C_out]`.
fn up_gradients(shape: &Shape, low_rank: &[f32], y_gradient: &[f32]) -> Vec<f32> {
    let Shape { channels_out, rank, images, adapters, .. } = *shape;
    let values = rank * channels_out;
    let (count, at_once) = (shape.positions() * adapters, sums_at_once(adapters, values));
    let mut parts = vec![0.0; count.min(at_once) * values];
    let mut gradients = vec![0.0; adapters * values];
    // One position after the other, however many are computed at once.
    for first in (0..count).step_by(at_once) {
        let parts = &mut parts[..at_once.min(count - first) * values];
        parts.par_chunks_exact_mut(values).enumerate().for_each(|(place, part)| {
            let low_rank = &low_rank[(first + place) * images * rank..][..images * rank];
            let y_gradient = &y_gradient[(first + place) * images * channels_out..][..images * channels_out];
            multiply_transposed([images, rank, channels_out], low_rank, y_gradient, part);
        });
        for position in parts.chunks_exact(adapters * values) {
            add_scaled(1.0, position, &mut gradients);
        }
    }
    gradients
}

/// How many sums of `values` are kept in an adapted convolution's backward pass until they are added up: whole
/// positions of all adapters.
pub fn sums_at_once(adapters: usize, values: usize) -> usize {
    (SUMS / values / adapters).max(1) * adapters
}

/// `dA` of every adapter, `[adapters, 9, C_in, rank]`, from the gradients of its transformed positions.
fn sum_down(shape: &Shape, down: &[f32]) -> Vec<f32> {
    let (adapters, pairs) = (shape.adapters, shape.channels_in * shape.rank);
    let mut kernels = vec![0.0; adapters * 9 * pairs];
    if adapters > 0 {
        kernels.par_chunks_exact_mut(pairs).enumerate().for_each(|(place, kernel)| {
            let (adapter, tap) = (place / 9, place % 9);
            let own = down.chunks_exact(adapters * pairs).map(|down| &down[adapter * pairs..][..pairs]);
            transform_kernel_transposed_at(tap, own, kernel);
        });
    }
    kernels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::randomness::Randomness;

    #[test]
    fn sums_that_are_kept_in_parts_add_up_to_the_very_same() {
        let (rank, channels_out) = (512, 512);
        let shape = Shape {
            height: 9,
            width: 8,
            images: 1,
            given: 1,
            adapters: 1,
            channels_in: 1,
            channels_out,
            rank,
            frozen: false,
        };
        assert!(sums_at_once(1, rank * channels_out) < shape.positions());
        let mut randomness = Randomness::new(0, 0);
        let low_rank = randomness.normal(shape.positions() * rank, 1.0);
        let y_gradient = randomness.normal(shape.positions() * channels_out, 1.0);
        let mut expected = vec![0.0f32; rank * channels_out];
        for (low_rank, y_gradient) in low_rank.chunks(rank).zip(y_gradient.chunks(channels_out)) {
            for (sums, low_rank) in expected.chunks_mut(channels_out).zip(low_rank) {
                sums.iter_mut().zip(y_gradient).for_each(|(sum, gradient)| *sum += low_rank * gradient);
            }
        }
        assert!(up_gradients(&shape, &low_rank, &y_gradient) == expected);
    }
}

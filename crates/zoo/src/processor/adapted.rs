//! A frozen convolution with any number of adapters side by side, forward and backward, on
//! position-major maps `[positions, images, channels]` in this processor's memory.
//!
//! With `V` the transformed map, `U` and `U_A` the transformed kernels and `M` the products:
//!
//! ```text
//! forward   M = V·U + (V·U_A)·B                    y  = T_out·M + b
//! backward  dM = T_outᵀ·dy    dL = dM·Bᵀ           dB = Σ (V·U_A)ᵀ·dM
//!           dV = dM·Uᵀ + dL·U_Aᵀ                   dA = T_gᵀ·(Vᵀ·dL)    dx = T_inᵀ·dV
//! ```
//!
//! Nothing of `V` and `M` is kept between the two: transforming again costs less than the memory.
//! The frozen kernel is read once for all adapters. Every sum runs over one adapter's own rows in a
//! fixed order, so that an adapter's values do not depend on its company or on the number of cores.

use std::cell::RefCell;

use rayon::prelude::*;

use super::{
    packed::{
        NARROW, PANEL, multiply, multiply_add, multiply_transposed, pack, pack_transposed, packed_values,
    },
    tasks::{images_per_task, tasks},
    tiles::{
        self, ZERO, add_scaled, lane_groups, load, store, transform_kernel_at, transform_kernel_transposed_at,
    },
    trunk::grown,
};
use crate::winograd::{POSITIONS, TILE, WINDOW};

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
    /// Rank of all adapters, a multiple of 16 with the missing ranks zero.
    pub(crate) rank: usize,
    /// Whether the frozen kernel's products are part of the output.
    pub(crate) frozen: bool,
    /// Whether the input may be asked for its gradient.
    pub(crate) input_gradient: bool,
}

impl Shape {
    pub(crate) fn positions(&self) -> usize {
        self.height * self.width
    }

    fn tiles(&self) -> usize {
        self.height.div_ceil(TILE) * self.width.div_ceil(TILE)
    }

    /// Batches of `images` in the output.
    pub(crate) fn taken(&self) -> usize {
        if self.adapters == 0 { self.given } else { self.adapters }
    }

    /// Transformed rows of one batch of `images`.
    fn rows(&self) -> usize {
        self.images * self.tiles()
    }
}

/// The frozen kernel as products read it, and the adapters' factors.
#[derive(Clone, Copy)]
pub(crate) struct Kernels<'a> {
    /// `U`, packed: `[36, packed]`.
    pub(crate) forward: &'a [f32],
    /// `Uᵀ`, packed; empty where no gradient for the input is asked for.
    pub(crate) backward: &'a [f32],
    /// `[C_out]`.
    pub(crate) bias: &'a [f32],
    /// A of each adapter: `[adapters, 9, C_in, rank]`.
    pub(crate) down: &'a [f32],
    /// B of each adapter, scaled: `[adapters, rank, C_out]`.
    pub(crate) up: &'a [f32],
}

/// Memory that every call uses again.
#[derive(Default)]
struct Scratch {
    windows: Vec<f32>,
    products: Vec<f32>,
    gradients: Vec<f32>,
    down: Vec<f32>,
    up: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
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

/// `y` from `x`, both position-major.
pub(crate) fn forward(shape: &Shape, kernels: &Kernels<'_>, x: &[f32], y: &mut [f32]) {
    SCRATCH.with_borrow_mut(|scratch| {
        let input_rows = shape.given * shape.rows();
        let output_rows = shape.taken() * shape.rows();
        let windows = grown(&mut scratch.windows, POSITIONS * input_rows * shape.channels_in);
        transform_input(shape, x, windows);
        let up: Vec<Vec<f32>> = (0..shape.adapters)
            .map(|adapter| pack::<PANEL>(kernels.up(shape, adapter), shape.rank, shape.channels_out))
            .collect();
        let products = grown(&mut scratch.products, POSITIONS * output_rows * shape.channels_out);
        products
            .par_chunks_exact_mut(output_rows * shape.channels_out)
            .zip(windows.par_chunks_exact(input_rows * shape.channels_in))
            .enumerate()
            .for_each(|(position, (products, windows))| {
                multiply_position(shape, kernels, &up, position, windows, products);
            });
        transform_output(shape, kernels.bias, products, y);
    });
}

/// `M` of one position of the transformed domain; `up` holds each adapter's B, packed.
fn multiply_position(
    shape: &Shape,
    kernels: &Kernels<'_>,
    up: &[Vec<f32>],
    position: usize,
    windows: &[f32],
    products: &mut [f32],
) {
    let Shape { channels_in, channels_out, rank, given, .. } = *shape;
    let size = packed_values::<PANEL>(channels_in, channels_out);
    let kernel = &kernels.forward[position * size..][..size];
    let frozen = windows.len() / channels_in * channels_out;
    if shape.frozen {
        multiply::<PANEL>([channels_in, channels_out], windows, kernel, &mut products[..frozen]);
    } else {
        products[..frozen].fill(0.0);
    }
    if up.is_empty() {
        return;
    }
    let (first, others) = products.split_at_mut(frozen);
    for other in others.chunks_exact_mut(first.len()) {
        other.copy_from_slice(first);
    }
    let mut low_rank = vec![0.0; shape.rows() * rank];
    let mut down = vec![0.0; channels_in * rank];
    let own_products = products.chunks_exact_mut(shape.rows() * channels_out);
    for (adapter, (up, products)) in up.iter().zip(own_products).enumerate() {
        let windows = own_windows(shape, given, adapter, windows);
        kernels.transform_down(shape, adapter, position, &mut down);
        let down = pack::<NARROW>(&down, channels_in, rank);
        multiply::<NARROW>([channels_in, rank], windows, &down, &mut low_rank);
        multiply_add::<PANEL>([rank, channels_out], &low_rank, up, products);
    }
}

/// The rows of `windows` that adapter number `adapter` sees.
fn own_windows<'a>(shape: &Shape, given: usize, adapter: usize, windows: &'a [f32]) -> &'a [f32] {
    let values = shape.rows() * shape.channels_in;
    let batch = if given == 1 { 0 } else { adapter };
    &windows[batch * values..][..values]
}

/// Gradients for `x` (where `with_input`) and the factors, from that of `y`.
pub(crate) fn backward(
    shape: &Shape,
    kernels: &Kernels<'_>,
    x: &[f32],
    y_gradient: &[f32],
    with_input: bool,
) -> Gradients {
    SCRATCH.with_borrow_mut(|scratch| {
        let Shape { channels_in, channels_out, rank, given, adapters, .. } = *shape;
        let input_rows = given * shape.rows();
        let output_rows = shape.taken() * shape.rows();
        let pairs = [channels_in * rank, rank * channels_out];
        // Bᵀ is [C_out, rank].
        let up_transposed: Vec<Vec<f32>> = (0..adapters)
            .map(|adapter| pack_transposed::<NARROW>(kernels.up(shape, adapter), channels_out, rank))
            .collect();

        let windows = grown(&mut scratch.windows, POSITIONS * input_rows * channels_in);
        if adapters > 0 {
            transform_input(shape, x, windows);
        }
        let products = grown(&mut scratch.products, POSITIONS * output_rows * channels_out);
        transform_output_transposed(shape, y_gradient, products);

        let gradient_rows = if with_input { input_rows } else { 0 };
        let window_gradients = grown(&mut scratch.gradients, POSITIONS * gradient_rows * channels_in);
        let mut window_gradients: Vec<&mut [f32]> = if with_input {
            window_gradients.chunks_exact_mut(gradient_rows * channels_in).collect()
        } else {
            (0..POSITIONS).map(|_| &mut [][..]).collect()
        };
        // Per position: [adapters, C_in, rank] and [adapters, rank, C_out].
        let down = grown(&mut scratch.down, POSITIONS * adapters * pairs[0]);
        let up = grown(&mut scratch.up, POSITIONS * adapters * pairs[1]);
        let mut factor_gradients: Vec<(&mut [f32], &mut [f32])> = if adapters > 0 {
            down.chunks_exact_mut(adapters * pairs[0]).zip(up.chunks_exact_mut(adapters * pairs[1])).collect()
        } else {
            (0..POSITIONS).map(|_| (&mut [][..], &mut [][..])).collect()
        };
        products
            .par_chunks_exact(output_rows * channels_out)
            .zip(windows.par_chunks_exact(input_rows * channels_in))
            .zip(window_gradients.par_iter_mut().zip(&mut factor_gradients))
            .enumerate()
            .for_each(|(position, ((products, windows), (window_gradient, (down, up))))| {
                if with_input && !shape.frozen {
                    window_gradient.fill(0.0);
                } else if with_input {
                    let size = packed_values::<PANEL>(channels_out, channels_in);
                    let kernel = &kernels.backward[position * size..][..size];
                    multiply::<PANEL>([channels_out, channels_in], products, kernel, window_gradient);
                }
                let rows = shape.rows();
                let (mut low_rank, mut low_gradient) = (vec![0.0; rows * rank], vec![0.0; rows * rank]);
                let mut factor = vec![0.0; pairs[0]];
                for (adapter, products) in
                    products.chunks_exact(rows * channels_out).enumerate().take(adapters)
                {
                    let windows = own_windows(shape, given, adapter, windows);
                    kernels.transform_down(shape, adapter, position, &mut factor);
                    let packed = pack::<NARROW>(&factor, channels_in, rank);
                    multiply::<NARROW>([channels_in, rank], windows, &packed, &mut low_rank);
                    let up_transposed = &up_transposed[adapter];
                    multiply::<NARROW>([channels_out, rank], products, up_transposed, &mut low_gradient);
                    let down = &mut down[adapter * pairs[0]..][..pairs[0]];
                    multiply_transposed([rows, channels_in, rank], windows, &low_gradient, down);
                    let up = &mut up[adapter * pairs[1]..][..pairs[1]];
                    multiply_transposed([rows, rank, channels_out], &low_rank, products, up);
                    if with_input {
                        // U_Aᵀ is [rank, C_in].
                        let packed = pack_transposed::<PANEL>(&factor, rank, channels_in);
                        let own = &mut window_gradient[adapter * rows * channels_in..][..rows * channels_in];
                        multiply_add::<PANEL>([rank, channels_in], &low_gradient, &packed, own);
                    }
                }
            });
        let input = if with_input {
            let mut input = vec![0.0; x.len()];
            let gradients = &scratch.gradients[..POSITIONS * gradient_rows * channels_in];
            transform_input_transposed(shape, gradients, &mut input);
            input
        } else {
            Vec::new()
        };
        let used = |values: usize| POSITIONS * adapters * values;
        let [down, up] = sum_factors(shape, &scratch.down[..used(pairs[0])], &scratch.up[..used(pairs[1])]);
        Gradients { input, down, up }
    })
}

/// From gradients per position of the transformed domain to those of the factors.
fn sum_factors(shape: &Shape, down: &[f32], up: &[f32]) -> [Vec<f32>; 2] {
    let (adapters, pairs) = (shape.adapters, shape.channels_in * shape.rank);
    let mut kernels = vec![0.0; adapters * 9 * pairs];
    if adapters > 0 {
        kernels.par_chunks_exact_mut(pairs).enumerate().for_each(|(place, kernel)| {
            let (adapter, tap) = (place / 9, place % 9);
            let own = down.chunks_exact(adapters * pairs).map(|down| &down[adapter * pairs..][..pairs]);
            transform_kernel_transposed_at(tap, own, kernel);
        });
    }
    let all = adapters * shape.rank * shape.channels_out;
    let mut summed = vec![0.0; all];
    if all > 0 {
        for values in up.chunks_exact(all) {
            add_scaled(1.0, values, &mut summed);
        }
    }
    [kernels, summed]
}

/// Where a tile begins.
fn corner(shape: &Shape, tile: usize) -> (usize, usize) {
    let wide = shape.width.div_ceil(TILE);
    (tile / wide * TILE, tile % wide * TILE)
}

/// `V` `[36, given · images · tiles, C_in]` of a position-major map.
fn transform_input(shape: &Shape, x: &[f32], windows: &mut [f32]) {
    let (channels, tiles, all) = (shape.channels_in, shape.tiles(), shape.given * shape.images);
    let per_task = images_per_task(all);
    let tasks = tasks(windows, POSITIONS, per_task * tiles * channels);
    tasks.into_par_iter().enumerate().for_each(|(task, mut windows)| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for row in 0..windows[0].len() / channels {
                    let (image, (top, left)) = (task * per_task + row / tiles, corner(shape, row % tiles));
                    for (channel, count) in lane_groups(channels) {
                        let window = tiles::input(|y, x_place| {
                            let (y, x_place) = ((top + y).wrapping_sub(1), (left + x_place).wrapping_sub(1));
                            if y < shape.height && x_place < shape.width {
                                let position = y * shape.width + x_place;
                                load(x, (position * all + image) * channels + channel, count)
                            } else {
                                ZERO
                            }
                        });
                        for (lanes, target) in window.as_flattened().iter().zip(&mut windows) {
                            store(lanes, target, row * channels + channel, count);
                        }
                    }
                }
            },
        );
    });
}

/// The gradient of a position-major map from that of `V`.
fn transform_input_transposed(shape: &Shape, windows: &[f32], x: &mut [f32]) {
    let (channels, tiles, all) = (shape.channels_in, shape.tiles(), shape.given * shape.images);
    let per_task = images_per_task(all);
    let part = all * tiles * channels;
    let tasks = tasks(x, shape.positions(), per_task * channels);
    tasks.into_par_iter().enumerate().for_each(|(task, mut x)| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for image in 0..x[0].len() / channels {
                    for tile in 0..tiles {
                        let row = (task * per_task + image) * tiles + tile;
                        let (top, left) = corner(shape, tile);
                        for (channel, count) in lane_groups(channels) {
                            let window = tiles::input_transposed(|y, x| {
                                load(windows, (y * WINDOW + x) * part + row * channels + channel, count)
                            });
                            for (place, lanes) in window.as_flattened().iter().enumerate() {
                                let y = (top + place / WINDOW).wrapping_sub(1);
                                let x_place = (left + place % WINDOW).wrapping_sub(1);
                                if y < shape.height && x_place < shape.width {
                                    let target = &mut *x[y * shape.width + x_place];
                                    let start = image * channels + channel;
                                    // Windows overlap.
                                    for (target, lane) in target[start..start + count].iter_mut().zip(lanes) {
                                        *target += lane;
                                    }
                                }
                            }
                        }
                    }
                }
            },
        );
    });
}

/// A position-major map from its products `M`, with the bias added.
fn transform_output(shape: &Shape, bias: &[f32], products: &[f32], y: &mut [f32]) {
    let (channels, tiles, all) = (shape.channels_out, shape.tiles(), shape.taken() * shape.images);
    let per_task = images_per_task(all);
    let part = all * tiles * channels;
    let tasks = tasks(y, shape.positions(), per_task * channels);
    tasks.into_par_iter().enumerate().for_each(|(task, mut y)| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for image in 0..y[0].len() / channels {
                    for tile in 0..tiles {
                        let row = (task * per_task + image) * tiles + tile;
                        let (top, left) = corner(shape, tile);
                        for (channel, count) in lane_groups(channels) {
                            let bias = load(bias, channel, count);
                            let mut values = tiles::output(|y, x| {
                                load(products, (y * WINDOW + x) * part + row * channels + channel, count)
                            });
                            for (place, lanes) in values.as_flattened_mut().iter_mut().enumerate() {
                                let (y_place, x_place) = (top + place / TILE, left + place % TILE);
                                if y_place < shape.height && x_place < shape.width {
                                    for (value, bias) in lanes.iter_mut().zip(bias) {
                                        *value += bias;
                                    }
                                    let target = &mut *y[y_place * shape.width + x_place];
                                    store(lanes, target, image * channels + channel, count);
                                }
                            }
                        }
                    }
                }
            },
        );
    });
}

/// The gradient of `M` from that of a position-major map.
fn transform_output_transposed(shape: &Shape, y: &[f32], products: &mut [f32]) {
    let (channels, tiles, all) = (shape.channels_out, shape.tiles(), shape.taken() * shape.images);
    let per_task = images_per_task(all);
    let tasks = tasks(products, POSITIONS, per_task * tiles * channels);
    tasks.into_par_iter().enumerate().for_each(|(task, mut products)| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for row in 0..products[0].len() / channels {
                    let (image, (top, left)) = (task * per_task + row / tiles, corner(shape, row % tiles));
                    for (channel, count) in lane_groups(channels) {
                        let window = tiles::output_transposed(|y_place, x| {
                            let (y_place, x) = (top + y_place, left + x);
                            if y_place < shape.height && x < shape.width {
                                let position = y_place * shape.width + x;
                                load(y, (position * all + image) * channels + channel, count)
                            } else {
                                ZERO
                            }
                        });
                        for (lanes, target) in window.as_flattened().iter().zip(&mut products) {
                            store(lanes, target, row * channels + channel, count);
                        }
                    }
                }
            },
        );
    });
}

//! A trained 2×2 convolution with 2×2 max pooling, forward and backward, on position-major maps
//! `[positions, images, channels]` in this processor's memory.
//!
//! Winograd's F(2×2, 2×2) (Lavin & Gray 2016): nine products in place of sixteen, and one tile of output
//! is one pooling window. Along one axis, for inputs d and a kernel g:
//!
//! ```text
//! m = [(d₀ − d₁)·g₀, d₁·(g₀ + g₁), (d₁ − d₂)·g₁]      y = [m₀ + m₁, m₁ − m₂]
//! ```
//!
//! Keras' "same" padding of an even kernel is at the bottom and at the right only. An odd last row or
//! column of the output is dropped by the pooling and never computed.

use rayon::prelude::*;

use super::{
    memory::Buffer,
    packed::{PANEL, multiply, multiply_transposed, pack, pack_transposed, packed_values},
    tasks::{images_per_task, tasks},
    tiles::{Lanes, ZERO, add_scaled, lane_groups, load, store},
    vectors::vectorized,
};

/// Side of a window and of its transform.
const WINDOW: usize = 3;
/// Positions in the transformed domain.
const POSITIONS: usize = WINDOW * WINDOW;
/// Rows that one task multiplies.
const ROWS_PER_TASK: usize = 64;
/// The kernel's transform along one axis.
const KERNEL: [[f32; 2]; 3] = [[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];

/// Sizes of one convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) images: usize,
    pub(crate) channels_in: usize,
    pub(crate) channels_out: usize,
}

impl Shape {
    /// Rows and columns after pooling.
    pub(crate) fn pooled(&self) -> [usize; 2] {
        [self.height / 2, self.width / 2]
    }

    fn tiles(&self) -> usize {
        self.pooled().iter().product()
    }

    fn rows(&self) -> usize {
        self.images * self.tiles()
    }

    fn pairs(&self) -> usize {
        self.channels_in * self.channels_out
    }
}

/// Gradients of one call.
pub(crate) struct Gradients {
    /// As the input; empty where it is not asked for.
    pub(crate) input: Vec<f32>,
    /// `[4, C_in, C_out]`.
    pub(crate) weight: Vec<f32>,
    /// `[C_out]`.
    pub(crate) bias: Vec<f32>,
}

/// All positions' transformed kernels, packed. Packing only reorders values, so that taps are packed
/// first and transformed in that order.
fn transform_kernels(
    weight: &[f32],
    pairs: usize,
    pack: impl Fn(&[f32]) -> Vec<f32> + Send + Sync,
    out: &mut [f32],
) {
    let taps: Vec<Vec<f32>> = weight.par_chunks_exact(pairs).map(pack).collect();
    out.par_chunks_exact_mut(taps[0].len()).enumerate().for_each(|(position, out)| {
        out.fill(0.0);
        for (tap, values) in taps.iter().enumerate() {
            add_scaled(kernel_factor(position, tap), values, out);
        }
    });
}

fn kernel_factor(position: usize, tap: usize) -> f32 {
    KERNEL[position / WINDOW][tap / 2] * KERNEL[position % WINDOW][tap % 2]
}

/// `pooled` `[pooled positions, images, C_out]` from `x`, and in `choice` which of a window's four values
/// (row by row) was the largest. Returns the transformed input for the backward pass.
pub(crate) fn forward(
    shape: &Shape,
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    pooled: &mut [f32],
    choice: &mut [f32],
) -> Buffer {
    let (channels_in, channels_out, rows) = (shape.channels_in, shape.channels_out, shape.rows());
    let mut kernels = Buffer::of(POSITIONS * packed_values::<PANEL>(channels_in, channels_out));
    let packed = |tap: &[f32]| pack::<PANEL>(tap, channels_in, channels_out);
    transform_kernels(weight, shape.pairs(), packed, &mut kernels);
    let mut windows = Buffer::of(POSITIONS * rows * channels_in);
    transform_input(shape, x, &mut windows);
    let mut products = Buffer::of(POSITIONS * rows * channels_out);
    multiply_all([channels_in, channels_out], rows, &windows, &kernels, &mut products);
    pool(shape, &products, bias, pooled, choice);
    windows
}

/// Every position's product, in tasks of some rows.
fn multiply_all([inner, columns]: [usize; 2], rows: usize, left: &[f32], kernels: &[f32], out: &mut [f32]) {
    out.par_chunks_exact_mut(rows * columns)
        .zip(left.par_chunks_exact(rows * inner))
        .zip(kernels.par_chunks_exact(packed_values::<PANEL>(inner, columns)))
        .for_each(|((out, left), kernel)| {
            out.par_chunks_mut(ROWS_PER_TASK * columns)
                .zip(left.par_chunks(ROWS_PER_TASK * inner))
                .for_each(|(out, left)| multiply::<PANEL>([inner, columns], left, kernel, out));
        });
}

/// Gradients from that of the pooled output, and from what the forward pass kept.
pub(crate) fn backward(
    shape: &Shape,
    windows: &[f32],
    weight: &[f32],
    choice: &[f32],
    gradient: &[f32],
    with_input: bool,
) -> Gradients {
    let (channels_in, channels_out, rows) = (shape.channels_in, shape.channels_out, shape.rows());
    let mut products = Buffer::of(POSITIONS * rows * channels_out);
    unpool(shape, gradient, choice, &mut products);

    let mut transformed = Buffer::of(POSITIONS * shape.pairs());
    transformed
        .par_chunks_exact_mut(shape.pairs())
        .zip(windows.par_chunks_exact(rows * channels_in))
        .zip(products.par_chunks_exact(rows * channels_out))
        .for_each(|((kernel, windows), products)| {
            multiply_transposed([rows, channels_in, channels_out], windows, products, kernel);
        });
    let mut kernel = vec![0.0; 4 * shape.pairs()];
    kernel.par_chunks_exact_mut(shape.pairs()).enumerate().for_each(|(tap, kernel)| {
        for (position, values) in transformed.chunks_exact(shape.pairs()).enumerate() {
            add_scaled(kernel_factor(position, tap), values, kernel);
        }
    });

    let mut input = Vec::new();
    if with_input {
        let mut kernels = Buffer::of(POSITIONS * packed_values::<PANEL>(channels_out, channels_in));
        let packed = |tap: &[f32]| pack_transposed::<PANEL>(tap, channels_out, channels_in);
        transform_kernels(weight, shape.pairs(), packed, &mut kernels);
        let mut gradients = Buffer::of(POSITIONS * rows * channels_in);
        multiply_all([channels_out, channels_in], rows, &products, &kernels, &mut gradients);
        input = vec![0.0; shape.height * shape.width * shape.images * channels_in];
        transform_input_transposed(shape, &gradients, &mut input);
    }
    let mut bias = vec![0.0; channels_out];
    for values in gradient.chunks_exact(channels_out) {
        add_scaled(1.0, values, &mut bias);
    }
    Gradients { input, weight: kernel, bias }
}

#[inline(always)]
fn subtract(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] - b[lane])
}

#[inline(always)]
fn add(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] + b[lane])
}

#[inline(always)]
fn input_axis([d0, d1, d2]: [Lanes; 3]) -> [Lanes; 3] {
    [subtract(d0, d1), d1, subtract(d1, d2)]
}

#[inline(always)]
fn input_axis_transposed([v0, v1, v2]: [Lanes; 3]) -> [Lanes; 3] {
    [v0, add(subtract(v1, v0), v2), subtract(ZERO, v2)]
}

#[inline(always)]
fn output_axis([m0, m1, m2]: [Lanes; 3]) -> [Lanes; 2] {
    [add(m0, m1), subtract(m1, m2)]
}

#[inline(always)]
fn output_axis_transposed([y0, y1]: [Lanes; 2]) -> [Lanes; 3] {
    [y0, add(y0, y1), subtract(ZERO, y1)]
}

/// `axis` along columns, then along rows.
#[inline(always)]
fn both<const FROM: usize, const TO: usize>(
    values: [[Lanes; FROM]; FROM],
    axis: impl Fn([Lanes; FROM]) -> [Lanes; TO],
) -> [[Lanes; TO]; TO] {
    let columns: [[Lanes; TO]; FROM] = std::array::from_fn(|x| axis(std::array::from_fn(|y| values[y][x])));
    std::array::from_fn(|y| axis(std::array::from_fn(|x| columns[x][y])))
}

/// `[9, images · tiles, C_in]` of a position-major map.
fn transform_input(shape: &Shape, x: &[f32], windows: &mut [f32]) {
    let Shape { height, width, images, channels_in: channels, .. } = *shape;
    let ([_, wide], tiles) = (shape.pooled(), shape.tiles());
    let per_task = images_per_task(images);
    let tasks = tasks(windows, POSITIONS, per_task * tiles * channels);
    tasks.into_par_iter().enumerate().for_each(|(task, mut windows)| {
        vectorized(
            #[inline(always)]
            || {
                for row in 0..windows[0].len() / channels {
                    let (image, tile) = (task * per_task + row / tiles, row % tiles);
                    let (top, left) = (tile / wide * 2, tile % wide * 2);
                    for (channel, count) in lane_groups(channels) {
                        let mut window = [[ZERO; WINDOW]; WINDOW];
                        for (y, lanes) in window.iter_mut().enumerate() {
                            for (x_place, lanes) in lanes.iter_mut().enumerate() {
                                if top + y < height && left + x_place < width {
                                    let position = (top + y) * width + left + x_place;
                                    *lanes = load(x, (position * images + image) * channels + channel, count);
                                }
                            }
                        }
                        let window = both(window, input_axis);
                        for (lanes, target) in window.as_flattened().iter().zip(&mut windows) {
                            store(lanes, target, row * channels + channel, count);
                        }
                    }
                }
            },
        );
    });
}

/// The gradient of a position-major map from that of its transform.
fn transform_input_transposed(shape: &Shape, windows: &[f32], x: &mut [f32]) {
    let Shape { height, width, images, channels_in: channels, .. } = *shape;
    let ([_, wide], tiles) = (shape.pooled(), shape.tiles());
    let (per_task, part) = (images_per_task(images), shape.rows() * channels);
    let tasks = tasks(x, height * width, per_task * channels);
    tasks.into_par_iter().enumerate().for_each(|(task, mut x)| {
        vectorized(
            #[inline(always)]
            || {
                for image in 0..x[0].len() / channels {
                    for tile in 0..tiles {
                        let row = (task * per_task + image) * tiles + tile;
                        let (top, left) = (tile / wide * 2, tile % wide * 2);
                        for (channel, count) in lane_groups(channels) {
                            let mut window = [[ZERO; WINDOW]; WINDOW];
                            for (position, lanes) in window.as_flattened_mut().iter_mut().enumerate() {
                                *lanes = load(windows, position * part + row * channels + channel, count);
                            }
                            let window = both(window, input_axis_transposed);
                            for (place, lanes) in window.as_flattened().iter().enumerate() {
                                let (y, x_place) = (top + place / WINDOW, left + place % WINDOW);
                                if y < height && x_place < width {
                                    let start = image * channels + channel;
                                    let target = &mut x[y * width + x_place][start..start + count];
                                    // Windows overlap.
                                    for (target, lane) in target.iter_mut().zip(lanes) {
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

/// The largest of each tile's four outputs, the bias added, and which it was.
fn pool(shape: &Shape, products: &[f32], bias: &[f32], pooled: &mut [f32], choice: &mut [f32]) {
    let Shape { images, channels_out: channels, .. } = *shape;
    let (tiles, part) = (shape.tiles(), shape.rows() * shape.channels_out);
    pooled
        .par_chunks_exact_mut(images * channels)
        .zip(choice.par_chunks_exact_mut(images * channels))
        .enumerate()
        .for_each(|(tile, (pooled, choice))| {
            vectorized(
                #[inline(always)]
                || {
                    for image in 0..images {
                        let row = image * tiles + tile;
                        for (channel, count) in lane_groups(channels) {
                            let mut window = [[ZERO; WINDOW]; WINDOW];
                            for (position, lanes) in window.as_flattened_mut().iter_mut().enumerate() {
                                *lanes = load(products, position * part + row * channels + channel, count);
                            }
                            let values = both(window, output_axis);
                            let (mut largest, mut place) = (values[0][0], ZERO);
                            for (number, candidate) in values.as_flattened().iter().enumerate().skip(1) {
                                for lane in 0..largest.len() {
                                    let larger = candidate[lane] > largest[lane];
                                    place[lane] = if larger { number as f32 } else { place[lane] };
                                    largest[lane] = if larger { candidate[lane] } else { largest[lane] };
                                }
                            }
                            let start = image * channels + channel;
                            store(&add(largest, load(bias, channel, count)), pooled, start, count);
                            store(&place, choice, start, count);
                        }
                    }
                },
            );
        });
}

/// The gradient of the products from that of the pooled output.
fn unpool(shape: &Shape, gradient: &[f32], choice: &[f32], products: &mut [f32]) {
    let Shape { images, channels_out: channels, .. } = *shape;
    let tiles = shape.tiles();
    let per_task = images_per_task(images);
    let tasks = tasks(products, POSITIONS, per_task * tiles * channels);
    tasks.into_par_iter().enumerate().for_each(|(task, mut products)| {
        vectorized(
            #[inline(always)]
            || {
                for row in 0..products[0].len() / channels {
                    let (image, tile) = (task * per_task + row / tiles, row % tiles);
                    for (channel, count) in lane_groups(channels) {
                        let start = (tile * images + image) * channels + channel;
                        let (gradient, choice) = (load(gradient, start, count), load(choice, start, count));
                        let mut values = [[ZERO; 2]; 2];
                        for (number, lanes) in values.as_flattened_mut().iter_mut().enumerate() {
                            for (lane, value) in lanes.iter_mut().enumerate() {
                                *value = if choice[lane] == number as f32 { gradient[lane] } else { 0.0 };
                            }
                        }
                        let window = both(values, output_axis_transposed);
                        for (lanes, target) in window.as_flattened().iter().zip(&mut products) {
                            store(lanes, target, row * channels + channel, count);
                        }
                    }
                }
            },
        );
    });
}

//! Winograd's tile transforms for F(4×4, 3×3) as passes over image-major maps `[height, width,
//! channels]`, written for the processor's vector units. The matrices are those of
//! [`crate::winograd`], multiplied out (Lavin & Gray 2016, section 4.3).

use crate::winograd::{POSITIONS, TILE, WINDOW};

/// Channels that are worked on together; the compiler makes vector instructions of the loops.
pub(crate) const LANES: usize = 16;

type Lanes = [f32; LANES];

const ZERO: Lanes = [0.0; LANES];

/// A square map's side and channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MapShape {
    pub(crate) side: usize,
    pub(crate) channels: usize,
}

impl MapShape {
    pub(crate) fn values(self) -> usize {
        self.side * self.side * self.channels
    }

    /// Tiles along one side.
    pub(crate) fn tiles(self) -> usize {
        self.side.div_ceil(TILE)
    }
}

#[inline(always)]
fn combine<const N: usize>(terms: [(f32, Lanes); N]) -> Lanes {
    let mut sum = ZERO;
    for (lane, sum) in sum.iter_mut().enumerate() {
        for (factor, values) in &terms {
            *sum += factor * values[lane];
        }
    }
    sum
}

/// Bᵀ along one axis.
#[inline(always)]
fn input_axis(d: [Lanes; WINDOW]) -> [Lanes; WINDOW] {
    let even = combine([(1.0, d[4]), (-4.0, d[2])]);
    let odd = combine([(1.0, d[3]), (-4.0, d[1])]);
    let near = combine([(1.0, d[4]), (-1.0, d[2])]);
    let far = combine([(2.0, d[3]), (-2.0, d[1])]);
    [
        combine([(4.0, d[0]), (-5.0, d[2]), (1.0, d[4])]),
        combine([(1.0, even), (1.0, odd)]),
        combine([(1.0, even), (-1.0, odd)]),
        combine([(1.0, near), (1.0, far)]),
        combine([(1.0, near), (-1.0, far)]),
        combine([(4.0, d[1]), (-5.0, d[3]), (1.0, d[5])]),
    ]
}

/// Aᵀ along one axis.
#[inline(always)]
fn output_axis(m: [Lanes; WINDOW]) -> [Lanes; TILE] {
    let sum = combine([(1.0, m[1]), (1.0, m[2])]);
    let difference = combine([(1.0, m[1]), (-1.0, m[2])]);
    let far_sum = combine([(1.0, m[3]), (1.0, m[4])]);
    let far_difference = combine([(1.0, m[3]), (-1.0, m[4])]);
    [
        combine([(1.0, m[0]), (1.0, sum), (1.0, far_sum)]),
        combine([(1.0, difference), (2.0, far_difference)]),
        combine([(1.0, sum), (4.0, far_sum)]),
        combine([(1.0, difference), (8.0, far_difference), (1.0, m[5])]),
    ]
}

#[inline(always)]
fn load(values: &[f32], place: usize) -> Lanes {
    let mut lanes = ZERO;
    lanes.copy_from_slice(&values[place..place + LANES]);
    lanes
}

/// Transforms the tiles numbered from `first` on of several maps that lie one after the other, into
/// `transformed` `[36, tiles, channels]`. Beyond a map's edge everything is zero.
#[inline(always)]
pub(crate) fn transform_input(
    maps: &[f32],
    shape: MapShape,
    first: usize,
    tiles: usize,
    transformed: &mut [f32],
) {
    let MapShape { side, channels } = shape;
    let wide = shape.tiles();
    for tile in 0..tiles {
        let (map, place) = ((first + tile) / (wide * wide), (first + tile) % (wide * wide));
        let map = &maps[map * shape.values()..][..shape.values()];
        let (top, left) = (place / wide * TILE, place % wide * TILE);
        for channel in (0..channels).step_by(LANES) {
            let mut columns = [[ZERO; WINDOW]; WINDOW];
            for x in 0..WINDOW {
                let mut window = [ZERO; WINDOW];
                for (y, lanes) in window.iter_mut().enumerate() {
                    // One row and column of padding above and to the left.
                    let (row, column) = ((top + y).wrapping_sub(1), (left + x).wrapping_sub(1));
                    if row < side && column < side {
                        *lanes = load(map, (row * side + column) * channels + channel);
                    }
                }
                let along = input_axis(window);
                for y in 0..WINDOW {
                    columns[y][x] = along[y];
                }
            }
            for (y, row) in columns.into_iter().enumerate() {
                for (x, lanes) in input_axis(row).into_iter().enumerate() {
                    let place = ((y * WINDOW + x) * tiles + tile) * channels + channel;
                    transformed[place..place + LANES].copy_from_slice(&lanes);
                }
            }
        }
    }
}

/// Transforms products `[36, tiles, channels]` back into the tiles numbered from `first` on of maps
/// that lie one after the other: bias, ReLU and, where `pools`, 2×2 max pooling included. `shape` is
/// that of the maps before pooling.
#[inline(always)]
pub(crate) fn transform_output(
    products: &[f32],
    bias: &[f32],
    shape: MapShape,
    first: usize,
    tiles: usize,
    pools: bool,
    maps: &mut [f32],
) {
    let MapShape { side, channels } = shape;
    let wide = shape.tiles();
    let step = if pools { 2 } else { 1 };
    let out_side = side / step;
    let out_values = out_side * out_side * channels;
    for tile in 0..tiles {
        let (map, place) = ((first + tile) / (wide * wide), (first + tile) % (wide * wide));
        let map = &mut maps[map * out_values..][..out_values];
        let (top, left) = (place / wide * TILE, place % wide * TILE);
        for channel in (0..channels).step_by(LANES) {
            let bias = load(bias, channel);
            let mut columns = [[ZERO; WINDOW]; TILE];
            for x in 0..WINDOW {
                let mut along = [ZERO; WINDOW];
                for (y, lanes) in along.iter_mut().enumerate() {
                    *lanes = load(products, ((y * WINDOW + x) * tiles + tile) * channels + channel);
                }
                let along = output_axis(along);
                for y in 0..TILE {
                    columns[y][x] = along[y];
                }
            }
            let mut values = columns.map(output_axis);
            for lanes in values.as_flattened_mut() {
                for (value, bias) in lanes.iter_mut().zip(bias) {
                    *value = (*value + bias).max(0.0);
                }
            }
            let mut put = |y: usize, x: usize, lanes: &Lanes| {
                let (row, column) = (top / step + y, left / step + x);
                if row < out_side && column < out_side {
                    let place = (row * out_side + column) * channels + channel;
                    map[place..place + LANES].copy_from_slice(lanes);
                }
            };
            for y in (0..TILE).step_by(step) {
                for x in (0..TILE).step_by(step) {
                    let mut lanes = values[y][x];
                    if pools {
                        for other in [values[y][x + 1], values[y + 1][x], values[y + 1][x + 1]] {
                            for (value, other) in lanes.iter_mut().zip(other) {
                                *value = value.max(other);
                            }
                        }
                    }
                    put(y / step, x / step, &lanes);
                }
            }
        }
    }
}

/// The nine neighbours of every position side by side, `[positions, 9 · channels]`, for the first
/// convolution, whose three channels are too few to be worth transforming.
pub(crate) fn gather_neighbours(map: &[f32], shape: MapShape, rows: &mut [f32]) {
    let MapShape { side, channels } = shape;
    for (position, row) in rows.chunks_exact_mut(9 * channels).enumerate() {
        let (y, x) = (position / side, position % side);
        for (tap, values) in row.chunks_exact_mut(channels).enumerate() {
            let (row, column) = ((y + tap / 3).wrapping_sub(1), (x + tap % 3).wrapping_sub(1));
            if row < side && column < side {
                values.copy_from_slice(&map[(row * side + column) * channels..][..channels]);
            } else {
                values.fill(0.0);
            }
        }
    }
}

/// Kernel `[9, C_in, C_out]` → `[36, C_in, C_out]`: G along both axes.
pub(crate) fn transform_kernel(kernel: &[f32], pairs: usize) -> Vec<f32> {
    let mut transformed = vec![0.0; POSITIONS * pairs];
    for (position, out) in transformed.chunks_exact_mut(pairs).enumerate() {
        let (row, column) =
            (crate::winograd::KERNEL[position / WINDOW], crate::winograd::KERNEL[position % WINDOW]);
        for (tap, values) in kernel.chunks_exact(pairs).enumerate() {
            let factor = (row[tap / 3] * column[tap % 3]) as f32;
            if factor != 0.0 {
                for (out, value) in out.iter_mut().zip(values) {
                    *out += factor * value;
                }
            }
        }
    }
    transformed
}

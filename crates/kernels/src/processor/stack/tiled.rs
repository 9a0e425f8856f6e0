//! Convolutions by Winograd's F(4×4, 3×3) in `f32`.

use super::{
    scratch::Scratch,
    shape::{MapShape, Surroundings},
};
use crate::{
    processor::{
        memory::grown,
        packed::{PANEL, multiply, pack, packed_values},
        rounded::Bf16,
        tiles::{self, Lanes, ZERO, lane_groups, load, store, transform_and_pack},
        vectors::vectorized,
    },
    winograd::{POSITIONS, TILE, WINDOW},
};

/// Most tiles that are transformed and multiplied at once.
pub(super) const MOST_TILES: usize = 128;
/// Values of transformed tiles and products that should stay in a core's own cache.
const SCRATCH_VALUES: usize = 1 << 18;

/// Keeps values as they are.
#[inline(always)]
fn keep(_lanes: &mut Lanes) {}

/// To the nearest bfloat16.
#[inline(always)]
fn round(lanes: &mut Lanes) {
    for value in lanes {
        *value = Bf16::nearest(*value);
    }
}

/// A transformed kernel `[36, C_in, C_out]`, packed.
#[derive(Debug)]
pub(super) struct TiledKernel {
    values: Vec<f32>,
    /// Whether the kernel's values and those that it is multiplied with are rounded to bfloat16.
    rounds: bool,
}

impl TiledKernel {
    /// Of a kernel `[9, C_in, C_out]`.
    pub(super) fn new(kernel: &[f32], [channels_in, channels_out]: [usize; 2], rounds: bool) -> Self {
        let values = packed_values::<PANEL>(channels_in, channels_out);
        let packed = |matrix: &[f32]| {
            let mut packed = pack::<PANEL>(matrix, channels_in, channels_out);
            if rounds {
                packed.iter_mut().for_each(|value| *value = Bf16::nearest(*value));
            }
            packed
        };
        Self { values: transform_and_pack(kernel, channels_in * channels_out, values, packed), rounds }
    }

    /// Of several maps that lie one after the other.
    pub(super) fn forward(
        &self,
        around: &Surroundings,
        maps: &[f32],
        scratch: &mut Scratch,
        outputs: &mut [f32],
    ) {
        let images = maps.len() / around.input.values();
        let (channels_in, channels_out) = (around.input.channels, around.channels_out);
        let before_pooling = MapShape { side: around.input.side, channels: channels_out };
        let all = images * around.input.tiles() * around.input.tiles();
        let at_once = (SCRATCH_VALUES / (POSITIONS * (channels_in + channels_out))).clamp(32, MOST_TILES);
        let mut first = 0;
        while first < all {
            let tiles = at_once.min(all - first);
            let input = grown(&mut scratch.input, POSITIONS * tiles * channels_in);
            let products = grown(&mut scratch.products, POSITIONS * tiles * channels_out);
            if self.rounds {
                vectorized(
                    #[inline(always)]
                    || transform_input(maps, around.input, first, tiles, round, input),
                );
            } else {
                vectorized(
                    #[inline(always)]
                    || transform_input(maps, around.input, first, tiles, keep, input),
                );
            }
            let kernels = self.values.chunks_exact(packed_values::<PANEL>(channels_in, channels_out));
            let rows = input.chunks_exact(tiles * channels_in);
            for ((kernel, rows), products) in
                kernels.zip(rows).zip(products.chunks_exact_mut(tiles * channels_out))
            {
                multiply::<PANEL>([channels_in, channels_out], rows, kernel, products);
            }
            vectorized(
                #[inline(always)]
                || {
                    let Surroundings { bias, pools, .. } = around;
                    transform_output(products, bias, before_pooling, first, tiles, *pools, outputs);
                },
            );
            first += tiles;
        }
    }
}

/// Transforms the tiles numbered from `first` on of several maps that lie one after the other, into
/// `transformed` `[36, tiles, channels]`. Outside a map everything is zero.
#[inline(always)]
fn transform_input(
    maps: &[f32],
    shape: MapShape,
    first: usize,
    tiles: usize,
    round: impl Fn(&mut Lanes),
    transformed: &mut [f32],
) {
    let MapShape { side, channels } = shape;
    let wide = shape.tiles();
    for tile in 0..tiles {
        let (map, place) = ((first + tile) / (wide * wide), (first + tile) % (wide * wide));
        let map = &maps[map * shape.values()..][..shape.values()];
        let (top, left) = (place / wide * TILE, place % wide * TILE);
        for (channel, count) in lane_groups(channels) {
            let mut window = tiles::input(|y, x| {
                // One row and column of padding above and to the left.
                let (row, column) = ((top + y).wrapping_sub(1), (left + x).wrapping_sub(1));
                if row < side && column < side {
                    load(map, (row * side + column) * channels + channel, count)
                } else {
                    ZERO
                }
            });
            for (position, lanes) in window.as_flattened_mut().iter_mut().enumerate() {
                round(lanes);
                store(lanes, transformed, (position * tiles + tile) * channels + channel, count);
            }
        }
    }
}

/// Transforms products `[36, tiles, channels]` back into the tiles numbered from `first` on of maps
/// that lie one after the other: bias, ReLU and, where `pools`, 2×2 max pooling included. `shape` is
/// that of the maps before pooling.
#[inline(always)]
fn transform_output(
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
        for (channel, count) in lane_groups(channels) {
            let bias = load(bias, channel, count);
            let mut values = tiles::output(|y, x| {
                load(products, ((y * WINDOW + x) * tiles + tile) * channels + channel, count)
            });
            for lanes in values.as_flattened_mut() {
                for (value, bias) in lanes.iter_mut().zip(bias) {
                    *value = (*value + bias).max(0.0);
                }
            }
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
                    let (row, column) = ((top + y) / step, (left + x) / step);
                    if row < out_side && column < out_side {
                        store(&lanes, map, (row * out_side + column) * channels + channel, count);
                    }
                }
            }
        }
    }
}

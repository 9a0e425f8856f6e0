//! Convolutions by Winograd's transforms with rounded products.

use std::marker::PhantomData;

use super::{
    scratch::{Scratch, Scratched},
    shape::{MapShape, Surroundings},
};
use crate::processor::{
    memory::grown,
    rounded::{COLUMNS, Pass, Product, RoundedKernel, Tiling, Vector, dispatch},
    tiles::{LANES, ZERO, lane_groups, load},
};

/// Bytes of transformed tiles and of their sums that should stay in a core's own cache.
const SCRATCH_BYTES: usize = 1 << 20;
/// Tiles at once are a multiple of the product's rows.
const ROWS: usize = 12;
/// Bytes between the values of two positions, so that they do not all fall into the same sets of the caches.
const GAP_BYTES: usize = 64;

/// Of several maps that lie one after the other.
pub(super) fn forward<E: Scratched, T: Tiling>(
    kernel: &RoundedKernel<E>,
    around: &Surroundings,
    maps: &[f32],
    scratch: &mut Scratch,
    outputs: &mut [f32],
) {
    let (value, sum) = (size_of::<E::Value>(), size_of::<E::Sum>());
    let per_tile = T::POSITIONS * (kernel.inner * value + COLUMNS.min(kernel.columns) * sum);
    let at_once = (SCRATCH_BYTES / per_tile / ROWS).clamp(5, 16) * ROWS;
    let wide = around.input.tiles_of(T::TILE);
    let all = maps.len() / around.input.values() * wide * wide;
    let (values, sums) = E::memory(scratch);
    let mut first = 0;
    while first < all {
        let count = at_once.min(all - first);
        let tiles = Tiles { first, count, wide };
        let stride = count * kernel.inner + GAP_BYTES / value;
        let values = grown(values, T::POSITIONS * stride);
        dispatch(InputPass::<E, T> {
            kernel,
            maps,
            shape: around.input,
            tiles,
            stride,
            rounded: values,
            tiling: PhantomData,
        });
        for column in (0..kernel.columns).step_by(COLUMNS) {
            let columns = COLUMNS.min(kernel.columns - column);
            let sum_stride = count * columns + GAP_BYTES / sum;
            let sums = grown(sums, T::POSITIONS * sum_stride);
            for position in 0..T::POSITIONS {
                let (weights, start) = kernel.part(position, column);
                let left = &values[position * stride..][..count * kernel.inner];
                let product = Product { inner: kernel.inner, left, weights, start };
                E::multiply(&product, &mut sums[position * sum_stride..][..count * columns]);
            }
            dispatch(OutputPass::<E, T> {
                kernel,
                around,
                tiles,
                sums,
                stride: sum_stride,
                first: column,
                columns,
                maps: outputs,
                tiling: PhantomData,
            });
        }
        first += count;
    }
}

/// Some neighbouring tiles of all maps.
#[derive(Clone, Copy)]
struct Tiles {
    first: usize,
    count: usize,
    /// Tiles along a map's side.
    wide: usize,
}

impl Tiles {
    /// The map of a tile, and the tile's row and column among the map's tiles.
    #[inline(always)]
    fn place(self, tile: usize) -> (usize, usize, usize) {
        let (map, place) =
            ((self.first + tile) / (self.wide * self.wide), (self.first + tile) % (self.wide * self.wide));
        (map, place / self.wide, place % self.wide)
    }
}

/// The input's transform. Outside a map everything is zero.
struct InputPass<'a, E: Scratched, T> {
    kernel: &'a RoundedKernel<E>,
    maps: &'a [f32],
    shape: MapShape,
    tiles: Tiles,
    /// From one position of `rounded` to the next.
    stride: usize,
    /// `[positions, tiles, channels]`.
    rounded: &'a mut [E::Value],
    tiling: PhantomData<T>,
}

impl<E: Scratched, T: Tiling> Pass for InputPass<'_, E, T> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { kernel, maps, shape, tiles, stride, rounded, .. } = self;
        let MapShape { side, channels } = shape;
        for tile in 0..tiles.count {
            let (map, row, column) = tiles.place(tile);
            let map = &maps[map * shape.values()..][..shape.values()];
            let (top, left) = (row * T::TILE, column * T::TILE);
            for (channel, count) in lane_groups(channels) {
                let written = LANES.min(kernel.inner - channel);
                T::input::<V>(
                    #[inline(always)]
                    |y, x| {
                        // One row and column of padding above and to the left.
                        let (row, column) = ((top + y).wrapping_sub(1), (left + x).wrapping_sub(1));
                        if row < side && column < side {
                            vector(&map[(row * side + column) * channels + channel..], count)
                        } else {
                            V::new(&ZERO)
                        }
                    },
                    #[inline(always)]
                    |position, values| {
                        let values = E::round(values.scaled(kernel.factors[position]));
                        let start = position * stride + tile * kernel.inner + channel;
                        put(&values, &mut rounded[start..], written);
                    },
                );
            }
        }
    }
}

/// The transform of sums back into tiles of maps: bias, ReLU and, where the convolution pools, 2×2 max pooling
/// included.
struct OutputPass<'a, E: Scratched, T> {
    kernel: &'a RoundedKernel<E>,
    around: &'a Surroundings,
    tiles: Tiles,
    /// `[positions, tiles, columns]`.
    sums: &'a [E::Sum],
    /// From one position of `sums` to the next.
    stride: usize,
    /// The output channels whose sums these are: the first, and how many.
    first: usize,
    columns: usize,
    maps: &'a mut [f32],
    tiling: PhantomData<T>,
}

impl<E: Scratched, T: Tiling> Pass for OutputPass<'_, E, T> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { kernel, around, tiles, sums, stride, first, columns, maps, .. } = self;
        let shape = around.output();
        let MapShape { side, channels } = shape;
        let step = if around.pools { 2 } else { 1 };
        for tile in 0..tiles.count {
            let (map, row, column) = tiles.place(tile);
            let map = &mut maps[map * shape.values()..][..shape.values()];
            let (top, left) = (row * T::TILE / step, column * T::TILE / step);
            for (place, count) in lane_groups(columns.min(channels - first)) {
                let channel = first + place;
                let bias: V = vector(&around.bias[channel..], count);
                T::output::<V>(
                    #[inline(always)]
                    |position| {
                        let sums = array(&sums[position * stride + tile * columns + place..]);
                        E::numbers::<V>(sums).times(V::new(array(&kernel.units(position)[channel..])))
                    },
                    #[inline(always)]
                    |y, rows| {
                        let mut target = Target { map, side, channels, channel, count };
                        if around.pools {
                            let [upper, lower] = rows;
                            for x in 0..T::TILE / 2 {
                                let values = upper[2 * x].larger(upper[2 * x + 1]);
                                let values = values.larger(lower[2 * x]).larger(lower[2 * x + 1]);
                                target.write(top + y / 2, left + x, values.plus(bias));
                            }
                        } else {
                            for (down, row) in rows.into_iter().enumerate() {
                                for (x, values) in row.iter().enumerate() {
                                    target.write(top + y + down, left + x, values.plus(bias));
                                }
                            }
                        }
                    },
                );
            }
        }
    }
}

/// Some channels of a map.
struct Target<'a> {
    map: &'a mut [f32],
    side: usize,
    channels: usize,
    channel: usize,
    count: usize,
}

impl Target<'_> {
    /// Writes values at a position, with ReLU, where the map has the position.
    #[inline(always)]
    fn write<V: Vector>(&mut self, row: usize, column: usize, values: V) {
        if row < self.side && column < self.side {
            let start = (row * self.side + column) * self.channels + self.channel;
            put(&values.larger(V::new(&ZERO)).lanes(), &mut self.map[start..], self.count);
        }
    }
}

/// The first of `values`.
#[inline(always)]
fn array<S>(values: &[S]) -> &[S; LANES] {
    values.first_chunk().unwrap_or_else(|| unreachable!("panels are whole"))
}

/// The first `count` of `values`, the rest zero.
#[inline(always)]
fn vector<V: Vector>(values: &[f32], count: usize) -> V {
    match values.first_chunk() {
        Some(values) if count == LANES => V::new(values),
        _ => V::new(&load(values, 0, count)),
    }
}

/// Writes the first `count` of `values`.
#[inline(always)]
fn put<S: Copy>(values: &[S; LANES], target: &mut [S], count: usize) {
    match target.first_chunk_mut() {
        Some(target) if count == LANES => *target = *values,
        _ => target[..count].copy_from_slice(&values[..count]),
    }
}

//! A stack of frozen convolutions on the processor, forward only: image-major maps, Winograd tiles in scratch memory
//! that stays in the caches, activation and pooling within the last pass, one task per group of images.

use std::cell::RefCell;

use rayon::prelude::*;

use super::{
    memory::grown,
    packed::{PANEL, multiply, pack, packed_values},
    tiles::{self, ZERO, lane_groups, load, store, transform_and_pack},
    vectors::vectorized,
};
use crate::{
    kernel_layout::taps_first,
    winograd::{POSITIONS, TILE, WINDOW},
};

/// Images that one task takes through the stack: enough that the upper blocks' kernels, which do not
/// fit the caches, are read for many tiles at once.
const GROUP: usize = 32;
/// Most tiles that are transformed and multiplied at once.
const MOST_TILES: usize = 128;
/// Values of transformed tiles and products that should stay in a core's own cache.
const SCRATCH_VALUES: usize = 1 << 18;
/// Channels that are too few to be worth transforming: those of an image.
const IMAGE_CHANNELS: usize = 3;
/// Positions of a convolution on images that are multiplied at once.
const DIRECT_ROWS: usize = 1024;

/// A square map's side and channels.
#[derive(Clone, Copy, Debug)]
struct MapShape {
    side: usize,
    channels: usize,
}

impl MapShape {
    fn values(self) -> usize {
        self.side * self.side * self.channels
    }

    /// Tiles along one side.
    fn tiles(self) -> usize {
        self.side.div_ceil(TILE)
    }
}

/// A convolution of a stack: 3×3, stride 1, pad 1, followed by ReLU.
#[derive(Clone, Copy, Debug)]
pub struct StackedConvolution<'a> {
    /// `[C_out, C_in, 3, 3]`.
    pub kernel: &'a [f32],
    /// `[C_out]`.
    pub bias: &'a [f32],
    /// Side of the square map that enters it.
    pub side: usize,
    /// Input channels.
    pub channels_in: usize,
    /// Output channels.
    pub channels_out: usize,
    /// Whether 2×2 max pooling follows.
    pub pools: bool,
}

/// One convolution with its kernel in the form that its products take.
#[derive(Debug)]
struct StackLayer {
    input: MapShape,
    channels_out: usize,
    /// `[36, C_in, C_out]`, or `[9 · C_in, C_out]` for a convolution on images, packed.
    kernel: Vec<f32>,
    bias: Vec<f32>,
    pools: bool,
    on_images: bool,
}

impl StackLayer {
    fn new(convolution: &StackedConvolution<'_>) -> Self {
        let &StackedConvolution { kernel, bias, side, channels_in, channels_out, pools } = convolution;
        let kernel = taps_first(kernel, channels_in, channels_out);
        let on_images = channels_in == IMAGE_CHANNELS;
        Self {
            input: MapShape { side, channels: channels_in },
            channels_out,
            kernel: if on_images {
                pack::<PANEL>(&kernel, 9 * channels_in, channels_out)
            } else {
                let values = packed_values::<PANEL>(channels_in, channels_out);
                let packed = |matrix: &[f32]| pack::<PANEL>(matrix, channels_in, channels_out);
                transform_and_pack(&kernel, channels_in * channels_out, values, packed)
            },
            bias: bias.to_vec(),
            pools,
            on_images,
        }
    }

    fn output(&self) -> MapShape {
        let side = if self.pools { self.input.side / 2 } else { self.input.side };
        MapShape { side, channels: self.channels_out }
    }

    /// Tiles that are worked on at once.
    fn tiles_at_once(&self) -> usize {
        (SCRATCH_VALUES / (POSITIONS * (self.input.channels + self.channels_out))).clamp(32, MOST_TILES)
    }

    fn forward(&self, maps: &[f32], scratch: &mut Scratch, outputs: &mut [f32]) {
        if self.on_images {
            self.direct_forward(maps, scratch, outputs);
        } else {
            self.tiled_forward(maps, scratch, outputs);
        }
    }

    fn direct_forward(&self, maps: &[f32], scratch: &mut Scratch, outputs: &mut [f32]) {
        let (inner, columns) = (9 * self.input.channels, self.channels_out);
        let maps = maps.chunks_exact(self.input.values());
        for (map, output) in maps.zip(outputs.chunks_exact_mut(self.output().values())) {
            let positions = self.input.side * self.input.side;
            let rows = grown(&mut scratch.input, positions * inner);
            gather_neighbours(map, self.input.side, rows);
            for (rows, output) in
                rows.chunks(DIRECT_ROWS * inner).zip(output.chunks_mut(DIRECT_ROWS * columns))
            {
                multiply::<PANEL>([inner, columns], rows, &self.kernel, output);
            }
            vectorized(
                #[inline(always)]
                || {
                    for values in output.chunks_exact_mut(columns) {
                        for (value, bias) in values.iter_mut().zip(&self.bias) {
                            *value = (*value + bias).max(0.0);
                        }
                    }
                },
            );
        }
    }

    fn tiled_forward(&self, maps: &[f32], scratch: &mut Scratch, outputs: &mut [f32]) {
        let images = maps.len() / self.input.values();
        let (channels_in, channels_out) = (self.input.channels, self.channels_out);
        let before_pooling = MapShape { side: self.input.side, channels: channels_out };
        let all = images * self.input.tiles() * self.input.tiles();
        let mut first = 0;
        while first < all {
            let tiles = self.tiles_at_once().min(all - first);
            let input = grown(&mut scratch.input, POSITIONS * tiles * channels_in);
            let products = grown(&mut scratch.products, POSITIONS * tiles * channels_out);
            vectorized(
                #[inline(always)]
                || transform_input(maps, self.input, first, tiles, input),
            );
            let kernels = self.kernel.chunks_exact(packed_values::<PANEL>(channels_in, channels_out));
            let rows = input.chunks_exact(tiles * channels_in);
            for ((kernel, rows), products) in
                kernels.zip(rows).zip(products.chunks_exact_mut(tiles * channels_out))
            {
                multiply::<PANEL>([channels_in, channels_out], rows, kernel, products);
            }
            vectorized(
                #[inline(always)]
                || {
                    transform_output(products, &self.bias, before_pooling, first, tiles, self.pools, outputs);
                },
            );
            first += tiles;
        }
    }
}

/// Memory that one task uses again for every tile.
#[derive(Default)]
struct Scratch {
    input: Vec<f32>,
    products: Vec<f32>,
}

/// Memory that a thread uses again for every group of images.
#[derive(Default)]
struct Memory {
    scratch: Scratch,
    /// Within a block: from this layer's maps to the next one's.
    from: Vec<f32>,
    to: Vec<f32>,
    /// Between blocks.
    maps: Vec<f32>,
    outputs: Vec<f32>,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::default());
}

/// Frozen convolutions one after the other, from square images of three channels on.
#[derive(Debug)]
pub struct ConvolutionStack {
    layers: Vec<StackLayer>,
    /// Values of an image.
    image_values: usize,
    /// Values of an image's output.
    output_values: usize,
}

impl ConvolutionStack {
    /// The convolutions from the image on; each takes the output of the one before it. Without any, images pass
    /// unchanged.
    pub fn new(convolutions: &[StackedConvolution<'_>], image_size: usize) -> Self {
        let layers: Vec<StackLayer> = convolutions.par_iter().map(StackLayer::new).collect();
        let image_values = image_size * image_size * IMAGE_CHANNELS;
        let output_values = layers.last().map_or(image_values, |layer| layer.output().values());
        Self { layers, image_values, output_values }
    }

    /// Frees the working memory of all threads; who computes again gets it again.
    pub fn release_memory() {
        rayon::broadcast(|_| drop(MEMORY.take()));
    }

    /// Images that one thread takes through the stack.
    pub const fn images_per_thread() -> usize {
        GROUP
    }

    /// Images of `image_size` that pass the lowest convolutions at once on one thread.
    pub fn images_per_part(image_size: usize) -> usize {
        MOST_TILES.div_ceil(image_size.div_ceil(TILE).pow(2)).min(GROUP)
    }

    /// Images that keep every core busy.
    pub fn images_at_once() -> usize {
        GROUP * rayon::current_num_threads()
    }

    /// Outputs of images given as bytes `[images, size, size, 3]`: `[images, height, width, channels]`. `prepare`
    /// turns bytes into the values that enter the lowest convolution, one for each byte.
    ///
    /// An image's output is the same with any other images beside it and on any number of cores.
    pub fn forward(&self, images: &[u8], prepare: &(dyn Fn(&[u8], &mut [f32]) + Sync)) -> Vec<f32> {
        let count = images.len() / self.image_values;
        let mut outputs = vec![0.0; count * self.output_values];
        images
            .par_chunks(GROUP * self.image_values)
            .zip(outputs.par_chunks_mut(GROUP * self.output_values))
            .for_each(|(images, outputs)| {
                MEMORY.with_borrow_mut(|memory| {
                    prepare(images, grown(&mut memory.maps, images.len()));
                    self.group(images.len(), outputs, memory);
                });
            });
        outputs
    }

    /// Takes one group of images, whose `values` stand in the memory's maps, up: each block in parts that have tiles
    /// enough, no more.
    fn group(&self, mut values: usize, features: &mut [f32], memory: &mut Memory) {
        let images = values / self.image_values;
        let Memory { scratch, from, to, maps, outputs } = memory;
        for block in self.layers.chunk_by(|lower, _| !lower.pools) {
            let (input, output) = (block[0].input, block[block.len() - 1].output());
            let part = MOST_TILES.div_ceil(input.tiles() * input.tiles()).min(images);
            let parts = maps[..values].chunks(part * input.values());
            values = images * output.values();
            for (maps, outputs) in parts.zip(grown(outputs, values).chunks_mut(part * output.values())) {
                let count = maps.len() / input.values();
                let (last, lower) = block.split_last().unwrap_or((&block[0], &[]));
                let mut current = maps;
                for layer in lower {
                    layer.forward(current, scratch, grown(to, count * layer.output().values()));
                    std::mem::swap(from, to);
                    current = &from[..count * layer.output().values()];
                }
                last.forward(current, scratch, outputs);
            }
            std::mem::swap(maps, outputs);
        }
        features.copy_from_slice(&maps[..values]);
    }
}

/// Transforms the tiles numbered from `first` on of several maps that lie one after the other, into
/// `transformed` `[36, tiles, channels]`. Outside a map everything is zero.
#[inline(always)]
fn transform_input(maps: &[f32], shape: MapShape, first: usize, tiles: usize, transformed: &mut [f32]) {
    let MapShape { side, channels } = shape;
    let wide = shape.tiles();
    for tile in 0..tiles {
        let (map, place) = ((first + tile) / (wide * wide), (first + tile) % (wide * wide));
        let map = &maps[map * shape.values()..][..shape.values()];
        let (top, left) = (place / wide * TILE, place % wide * TILE);
        for (channel, count) in lane_groups(channels) {
            let window = tiles::input(|y, x| {
                // One row and column of padding above and to the left.
                let (row, column) = ((top + y).wrapping_sub(1), (left + x).wrapping_sub(1));
                if row < side && column < side {
                    load(map, (row * side + column) * channels + channel, count)
                } else {
                    ZERO
                }
            });
            for (position, lanes) in window.as_flattened().iter().enumerate() {
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

/// The nine neighbours of every position side by side, `[positions, 9 · channels]`, for a convolution on images.
fn gather_neighbours(map: &[f32], side: usize, rows: &mut [f32]) {
    const CHANNELS: usize = IMAGE_CHANNELS;
    const ACROSS: usize = 3 * CHANNELS;
    for (position, row) in rows.chunks_exact_mut(3 * ACROSS).enumerate() {
        let (y, x) = (position / side, position % side);
        for (down, values) in row.chunks_exact_mut(ACROSS).enumerate() {
            let above = (y + down).wrapping_sub(1);
            if above < side && (1..side - 1).contains(&x) {
                // Three neighbours lie side by side.
                values.copy_from_slice(&map[(above * side + x - 1) * CHANNELS..][..ACROSS]);
                continue;
            }
            for (right, values) in values.chunks_exact_mut(CHANNELS).enumerate() {
                let column = (x + right).wrapping_sub(1);
                if above < side && column < side {
                    values.copy_from_slice(&map[(above * side + column) * CHANNELS..][..CHANNELS]);
                } else {
                    values.fill(0.0);
                }
            }
        }
    }
}

//! The frozen trunk on the processor, forward only: image-major maps, Winograd tiles in scratch memory
//! that stays in the caches, activation and pooling within the last pass, one task per group of images.
//!
//! On other devices [`crate::Trunk`] does the same with tensors.

use std::cell::RefCell;

use rayon::prelude::*;

use super::{
    memory::grown,
    packed::{PANEL, multiply, pack, packed_values},
    tiles::{self, ZERO, lane_groups, load, store, transform_and_pack},
    vectors::vectorized,
};
use crate::{
    convolution::taps_first,
    cut::Cut,
    layer::Layer,
    trunk::CHANNEL_MEANS,
    weights::TrunkWeights,
    winograd::{POSITIONS, TILE, WINDOW},
};

/// Images that one task takes through the trunk: enough that the upper blocks' kernels, which do not
/// fit the caches, are read for many tiles at once.
pub(crate) const GROUP: usize = 32;
/// Most tiles that are transformed and multiplied at once.
pub(crate) const MOST_TILES: usize = 128;
/// Values of transformed tiles and products that should stay in a core's own cache.
const SCRATCH_VALUES: usize = 1 << 18;
/// Positions of the first convolution that are multiplied at once.
const FIRST_ROWS: usize = 1024;

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

/// One convolution with its kernel in the form that its products take.
#[derive(Debug)]
struct ProcessorLayer {
    input: MapShape,
    channels_out: usize,
    /// `[36, C_in, C_out]`, or `[9 · C_in, C_out]` for the first convolution, packed.
    kernel: Vec<f32>,
    bias: Vec<f32>,
    pools: bool,
    first: bool,
}

impl ProcessorLayer {
    fn new(weights: &TrunkWeights, layer: Layer, image_size: usize) -> Self {
        let pretrained = &weights.layers[layer.index()];
        let (channels_in, channels_out) = (layer.channels_in(), layer.channels_out());
        let kernel = taps_first(&pretrained.kernel, channels_in, channels_out);
        let first = layer.index() == 0;
        Self {
            input: MapShape { side: image_size >> (layer.block() - 1), channels: channels_in },
            channels_out,
            kernel: if first {
                pack::<PANEL>(&kernel, 9 * channels_in, channels_out)
            } else {
                let values = packed_values::<PANEL>(channels_in, channels_out);
                let packed = |matrix: &[f32]| pack::<PANEL>(matrix, channels_in, channels_out);
                transform_and_pack(&kernel, channels_in * channels_out, values, packed)
            },
            bias: pretrained.bias.clone(),
            pools: layer.ends_block(),
            first,
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
        if self.first {
            self.first_forward(maps, scratch, outputs);
        } else {
            self.tiled_forward(maps, scratch, outputs);
        }
    }

    fn first_forward(&self, maps: &[f32], scratch: &mut Scratch, outputs: &mut [f32]) {
        let (inner, columns) = (9 * self.input.channels, self.channels_out);
        let maps = maps.chunks_exact(self.input.values());
        for (map, output) in maps.zip(outputs.chunks_exact_mut(self.output().values())) {
            let positions = self.input.side * self.input.side;
            let rows = grown(&mut scratch.input, positions * inner);
            gather_neighbours(map, self.input.side, rows);
            for (rows, output) in rows.chunks(FIRST_ROWS * inner).zip(output.chunks_mut(FIRST_ROWS * columns))
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

/// The frozen convolutions from the image up to a cut.
#[derive(Debug)]
pub struct ProcessorTrunk {
    layers: Vec<ProcessorLayer>,
    image_size: usize,
    values: usize,
}

impl ProcessorTrunk {
    /// The trunk below `cut` for square images of `image_size` pixels.
    pub fn new(weights: &TrunkWeights, cut: Cut, image_size: usize) -> Self {
        let below: Vec<Layer> = cut.below().collect();
        let layers =
            below.into_par_iter().map(|layer| ProcessorLayer::new(weights, layer, image_size)).collect();
        Self { layers, image_size, values: cut.shape(image_size).iter().product() }
    }

    /// Frees the working memory of all threads; who computes again gets it again.
    pub fn release_memory() {
        rayon::broadcast(|_| drop(MEMORY.take()));
    }

    /// Images that keep every core busy.
    pub fn images_at_once() -> usize {
        GROUP * rayon::current_num_threads()
    }

    /// Features of RGB bytes `[images, size, size, 3]`: `[images, height, width, channels]`.
    ///
    /// An image's features are the same in any company and on any number of cores.
    pub fn forward(&self, rgb: &[u8]) -> Vec<f32> {
        let bytes = self.image_size * self.image_size * 3;
        let images = rgb.len() / bytes;
        let mut features = vec![0.0; images * self.values];
        rgb.par_chunks(GROUP * bytes).zip(features.par_chunks_mut(GROUP * self.values)).for_each(
            |(rgb, features)| {
                MEMORY.with_borrow_mut(|memory| self.group(rgb, features, memory));
            },
        );
        features
    }

    /// Takes one group of images up: each block in parts that have tiles enough, no more.
    fn group(&self, rgb: &[u8], features: &mut [f32], memory: &mut Memory) {
        let images = rgb.len() / (self.image_size * self.image_size * 3);
        let Memory { scratch, from, to, maps, outputs } = memory;
        preprocess(rgb, grown(maps, rgb.len()));
        let mut values = rgb.len();
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
/// `transformed` `[36, tiles, channels]`. Beyond a map's edge everything is zero.
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

/// The nine neighbours of every position side by side, `[positions, 9 · channels]`, for the first
/// convolution, whose three channels are too few to be worth transforming.
fn gather_neighbours(map: &[f32], side: usize, rows: &mut [f32]) {
    const CHANNELS: usize = 3;
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

/// RGB bytes to VGG16's input, position by position: BGR with the channel means subtracted.
fn preprocess(rgb: &[u8], values: &mut [f32]) {
    for (values, pixel) in values.chunks_exact_mut(3).zip(rgb.chunks_exact(3)) {
        for channel in 0..3 {
            values[channel] = f32::from(pixel[2 - channel]) - CHANNEL_MEANS[channel];
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::{
        randomness::Randomness,
        trunk::{Trunk, preprocess},
    };

    /// Features by burn's tensors, image by image.
    fn with_tensors(weights: &TrunkWeights, cut: Cut, rgb: &[u8], images: usize, size: usize) -> Vec<f32> {
        let device = Device::flex();
        let map = Trunk::new(weights, cut, size, &device).forward(preprocess(rgb, images, size, &device));
        map.values.swap_dims(0, 1).into_data().try_to_vec().unwrap()
    }

    #[test]
    fn features_agree_with_the_tensor_path_at_every_cut_and_for_odd_sizes() {
        let weights = TrunkWeights::random(0);
        // 50 halves to 25, 12 and 6: odd maps, whose last row and column pooling drops.
        for (size, images, above) in [(50, 3, 13), (64, 2, 10), (64, 5, 1), (32, 1, 12), (36, 2, 6)] {
            let cut = Cut::above(above);
            let mut randomness = Randomness::new(size as u64, 0);
            let rgb: Vec<u8> = randomness
                .uniform(images * size * size * 3, 1.0)
                .into_iter()
                .map(|value| ((value + 1.0) * 127.0) as u8)
                .collect();
            let found = ProcessorTrunk::new(&weights, cut, size).forward(&rgb);
            let expected = with_tensors(&weights, cut, &rgb, images, size);
            assert_eq!(found.len(), expected.len());
            let scale = expected.iter().fold(0.0f32, |most, value| most.max(value.abs()));
            for (found, expected) in found.iter().zip(&expected) {
                let difference = (found - expected).abs();
                assert!(
                    difference < 2e-5 * scale,
                    "{size} pixels, cut {above}: {found} instead of {expected}"
                );
            }
        }
    }

    #[test]
    fn an_image_has_the_same_features_in_any_company() {
        let weights = TrunkWeights::random(0);
        let trunk = ProcessorTrunk::new(&weights, Cut::above(13), 32);
        let count = GROUP + 3;
        let rgb: Vec<u8> = (0..count * 32 * 32 * 3).map(|place| (place * 7919 % 253) as u8).collect();
        let together = trunk.forward(&rgb);
        let alone: Vec<f32> = rgb.chunks(32 * 32 * 3).flat_map(|image| trunk.forward(image)).collect();
        assert!(together == alone);
    }
}

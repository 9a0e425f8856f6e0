//! A stack of frozen convolutions on the processor, forward only: image-major maps, Winograd tiles in scratch memory
//! that stays in the caches, activation and pooling within the last pass, one task per group of images.

mod calibration;
mod images;
mod layer;
mod rounded;
mod scratch;
mod shape;
#[cfg(test)]
mod tests;
mod tiled;

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use rayon::prelude::*;

use calibration::LayerRanges;
pub use calibration::{Calibration, MissingLayers, Rounding};
use layer::StackLayer;
use scratch::Scratch;
use shape::IMAGE_CHANNELS;
pub use shape::StackedConvolution;
use tiled::MOST_TILES;

use super::memory::grown;
use crate::winograd::TILE;

/// Images that one task takes through the stack: enough that the upper blocks' kernels, which do not
/// fit the caches, are read for many tiles at once.
const GROUP: usize = 32;

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
        let layer = |convolution| StackLayer::new(convolution, Rounding::F32);
        // One after the other: each is packed by all cores, with working memory of its own size.
        Self::of(convolutions.iter().map(layer).collect(), image_size)
    }

    /// [`Self::new`] at any precision. The calibration is that of a stack with at least these convolutions.
    pub fn rounded(
        convolutions: &[StackedConvolution<'_>],
        image_size: usize,
        rounding: Rounding<&Calibration>,
    ) -> Result<Self, MissingLayers> {
        let layers: Result<Vec<StackLayer>, MissingLayers> = convolutions
            .iter()
            .enumerate()
            .map(|(layer, convolution)| {
                Ok(StackLayer::new(convolution, rounding.of_layer(layer, convolutions.len())?))
            })
            .collect();
        Ok(Self::of(layers?, image_size))
    }

    fn of(layers: Vec<StackLayer>, image_size: usize) -> Self {
        let image_values = image_size * image_size * IMAGE_CHANNELS;
        let output_values = layers.last().map_or(image_values, |layer| layer.around.output().values());
        Self { layers, image_values, output_values }
    }

    /// The magnitudes that these images reach in each layer of this stack, whose precision should be `f32`. Images and
    /// `prepare` are those of [`Self::forward`].
    pub fn calibrate(&self, images: &[u8], prepare: &(dyn Fn(&[u8], &mut [f32]) + Sync)) -> Calibration {
        images
            .par_chunks(self.image_values)
            .map(|image| {
                let mut maps = vec![0.0; image.len()];
                prepare(image, &mut maps);
                MEMORY
                    .with_borrow_mut(|memory| Calibration { layers: self.ranges(maps, &mut memory.scratch) })
            })
            .reduce(Calibration::default, |one, other| one.merged(&other))
    }

    /// How long each layer takes for these images on the calling thread, layer by layer. Images and `prepare` are those of
    /// [`Self::forward`].
    pub fn layer_times(&self, images: &[u8], prepare: &(dyn Fn(&[u8], &mut [f32]) + Sync)) -> Vec<Duration> {
        let count = images.len() / self.image_values;
        let mut maps = vec![0.0; images.len()];
        prepare(images, &mut maps);
        let mut times = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let mut outputs = vec![0.0; count * layer.around.output().values()];
            MEMORY.with_borrow_mut(|memory| {
                // Once before, so that memory fresh from the system is not counted.
                layer.forward(&maps, &mut memory.scratch, &mut outputs);
                let started = Instant::now();
                layer.forward(&maps, &mut memory.scratch, &mut outputs);
                times.push(started.elapsed());
            });
            maps = outputs;
        }
        times
    }

    /// The ranges of every layer's input from one image's values on.
    fn ranges(&self, mut maps: Vec<f32>, scratch: &mut Scratch) -> Vec<LayerRanges> {
        let mut ranges = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            ranges.push(LayerRanges::new(&maps, layer.around.input));
            let mut outputs = vec![0.0; layer.around.output().values()];
            layer.forward(&maps, scratch, &mut outputs);
            maps = outputs;
        }
        ranges
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
        for block in self.layers.chunk_by(|lower, _| !lower.around.pools) {
            let (input, output) = (block[0].around.input, block[block.len() - 1].around.output());
            let part = MOST_TILES.div_ceil(input.tiles() * input.tiles()).min(images);
            let parts = maps[..values].chunks(part * input.values());
            values = images * output.values();
            for (maps, outputs) in parts.zip(grown(outputs, values).chunks_mut(part * output.values())) {
                let count = maps.len() / input.values();
                let (last, lower) = block.split_last().unwrap_or((&block[0], &[]));
                let mut current = maps;
                for layer in lower {
                    layer.forward(current, scratch, grown(to, count * layer.around.output().values()));
                    std::mem::swap(from, to);
                    current = &from[..count * layer.around.output().values()];
                }
                last.forward(current, scratch, outputs);
            }
            std::mem::swap(maps, outputs);
        }
        features.copy_from_slice(&maps[..values]);
    }
}

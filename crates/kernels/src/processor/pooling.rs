//! 2×2 max pooling with stride 2, forward and backward; an odd last row or column is dropped, as Keras
//! does.

use rayon::prelude::*;

use super::{memory::Buffer, vectors::vectorized};

/// How the output lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[pooled positions, images, channels]`.
    Positions,
    /// `[images, pooled positions · channels]`.
    Images,
}

/// Sizes of a pooled map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shape {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) images: usize,
    pub(crate) channels: usize,
    pub(crate) layout: Layout,
    /// Slope of the LeakyReLU that follows; 1 for none.
    pub(crate) leak: f32,
}

impl Shape {
    fn positions(&self) -> usize {
        (self.height / 2) * (self.width / 2)
    }

    /// The output's dimensions.
    pub(crate) fn output(&self) -> Vec<usize> {
        match self.layout {
            Layout::Positions => vec![self.positions(), self.images, self.channels],
            Layout::Images => vec![self.images, self.positions() * self.channels],
        }
    }

    /// Pooled position and image of the output's row of channels number `row`.
    fn place(&self, row: usize) -> (usize, usize) {
        match self.layout {
            Layout::Positions => (row / self.images, row % self.images),
            Layout::Images => (row % self.positions(), row / self.positions()),
        }
    }

    /// Where the input's row of channels begins: row `part` of the four under a pooled position.
    fn source(&self, position: usize, image: usize, part: usize) -> usize {
        let (y, x) = (position / (self.width / 2) * 2 + part / 2, position % (self.width / 2) * 2 + part % 2);
        ((y * self.width + x) * self.images + image) * self.channels
    }
}

/// Added to the choice where the LeakyReLU's slope counts.
const LEAKED: f32 = 4.0;

/// The pooled map, and which of the four inputs each output is (row by row, the first of equals), plus
/// [`LEAKED`] where it is negative.
pub(crate) fn forward(shape: &Shape, x: &[f32]) -> (Vec<f32>, Buffer) {
    let channels = shape.channels;
    let mut pooled = vec![0.0; shape.positions() * shape.images * channels];
    let mut choice = Buffer::of(pooled.len());
    pooled.par_chunks_exact_mut(channels).zip(choice.par_chunks_exact_mut(channels)).enumerate().for_each(
        |(row, (pooled, choice))| {
            let (position, image) = shape.place(row);
            let [a, b, c, d]: [&[f32]; 4] =
                std::array::from_fn(|part| &x[shape.source(position, image, part)..][..channels]);
            let leak = shape.leak;
            vectorized(
                #[inline(always)]
                || {
                    let values = a.iter().zip(b).zip(c.iter().zip(d));
                    for ((pooled, choice), ((a, b), (c, d))) in
                        pooled.iter_mut().zip(choice.iter_mut()).zip(values)
                    {
                        let (upper, left) = if b > a { (*b, 1.0) } else { (*a, 0.0) };
                        let (lower, right) = if d > c { (*d, 3.0) } else { (*c, 2.0) };
                        let (most, part) = if lower > upper { (lower, right) } else { (upper, left) };
                        let (slope, mark) = if most < 0.0 { (leak, LEAKED) } else { (1.0, 0.0) };
                        *pooled = most * slope;
                        *choice = part + mark;
                    }
                },
            );
        },
    );
    (pooled, choice)
}

/// The input's gradient `[positions, images, channels]` from the output's.
pub(crate) fn backward(shape: &Shape, choice: &[f32], gradient: &[f32]) -> Vec<f32> {
    let (channels, images) = (shape.channels, shape.images);
    let mut input = vec![0.0; shape.height * shape.width * images * channels];
    input.par_chunks_exact_mut(channels).enumerate().for_each(|(row, input)| {
        let (place, image) = (row / images, row % images);
        let (y, x) = (place / shape.width, place % shape.width);
        if y / 2 >= shape.height / 2 || x / 2 >= shape.width / 2 {
            return;
        }
        let position = y / 2 * (shape.width / 2) + x / 2;
        let part = (y % 2 * 2 + x % 2) as f32;
        let start = match shape.layout {
            Layout::Positions => position * images + image,
            Layout::Images => image * shape.positions() + position,
        } * channels;
        let leak = shape.leak;
        let (choice, gradient) = (&choice[start..][..channels], &gradient[start..][..channels]);
        vectorized(
            #[inline(always)]
            || {
                for ((input, choice), gradient) in input.iter_mut().zip(choice).zip(gradient) {
                    let whole = if *choice == part { 1.0 } else { 0.0 };
                    let leaked = if *choice == part + LEAKED { leak } else { 0.0 };
                    *input = gradient * (whole + leaked);
                }
            },
        );
    });
    input
}

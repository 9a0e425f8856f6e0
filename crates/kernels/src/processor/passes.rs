//! Winograd's transforms of whole position-major maps `[positions, images, channels]`, as passes that
//! the cores divide among them.

use rayon::prelude::*;

use super::{
    tasks::{images_per_task, tasks, tasks_of},
    tiles::{self, ZERO, lane_groups, load, store},
    vectors::vectorized,
};
use crate::winograd::{POSITIONS, TILE, WINDOW};

/// Values between the parts of the transformed domain, so that the places which one tile is written to
/// do not all fall into the same few sets of the processor's caches.
const GAP: usize = 48;

/// Sizes of position-major maps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maps {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) images: usize,
    pub(crate) channels: usize,
}

impl Maps {
    pub(crate) fn positions(&self) -> usize {
        self.height * self.width
    }

    /// Tiles of one image.
    pub(crate) fn tiles(&self) -> usize {
        self.height.div_ceil(TILE) * self.width.div_ceil(TILE)
    }

    /// Values of the transformed maps at one position.
    pub(crate) fn transformed_at_one(&self) -> usize {
        self.images * self.tiles() * self.channels
    }

    /// From one position of the transformed maps to the next: [`GAP`] further than its values.
    pub(crate) fn transformed_part(&self) -> usize {
        self.transformed_at_one() + GAP
    }

    /// Values of the transformed maps, gaps included.
    pub(crate) fn transformed(&self) -> usize {
        POSITIONS * self.transformed_part()
    }

    /// The output of the images from `first` on, as many as the slices of `y` hold, one slice per
    /// position; `bias` may be empty.
    pub(crate) fn output_of(&self, bias: &[f32], products: &[f32], first: usize, y: &mut [&mut [f32]]) {
        let (channels, tiles) = (self.channels, self.tiles());
        let part = self.transformed_part();
        vectorized(
            #[inline(always)]
            || {
                for image in 0..y[0].len() / channels {
                    for tile in 0..tiles {
                        let row = (first + image) * tiles + tile;
                        let (top, left) = corner(self, tile);
                        for (channel, count) in lane_groups(channels) {
                            let bias = if bias.is_empty() { ZERO } else { load(bias, channel, count) };
                            let mut values = tiles::output(|y, x| {
                                load(products, (y * WINDOW + x) * part + row * channels + channel, count)
                            });
                            for (place, lanes) in values.as_flattened_mut().iter_mut().enumerate() {
                                let (y_place, x_place) = (top + place / TILE, left + place % TILE);
                                if y_place < self.height && x_place < self.width {
                                    for (value, bias) in lanes.iter_mut().zip(bias) {
                                        *value += bias;
                                    }
                                    let target = &mut *y[y_place * self.width + x_place];
                                    store(lanes, target, image * channels + channel, count);
                                }
                            }
                        }
                    }
                }
            },
        );
    }
}

/// Where a tile begins.
fn corner(maps: &Maps, tile: usize) -> (usize, usize) {
    let wide = maps.width.div_ceil(TILE);
    (tile / wide * TILE, tile % wide * TILE)
}

/// `V` `[36, images · tiles, channels]` of position-major maps.
pub(crate) fn transform_input(maps: &Maps, x: &[f32], windows: &mut [f32]) {
    let (channels, tiles, all) = (maps.channels, maps.tiles(), maps.images);
    let per_task = images_per_task(all);
    let tasks =
        tasks_of(windows, maps.transformed_part(), maps.transformed_at_one(), per_task * tiles * channels);
    tasks.into_par_iter().enumerate().for_each(|(task, mut windows)| {
        vectorized(
            #[inline(always)]
            || {
                for row in 0..windows[0].len() / channels {
                    let (image, (top, left)) = (task * per_task + row / tiles, corner(maps, row % tiles));
                    for (channel, count) in lane_groups(channels) {
                        let window = tiles::input(|y, x_place| {
                            let (y, x_place) = ((top + y).wrapping_sub(1), (left + x_place).wrapping_sub(1));
                            if y < maps.height && x_place < maps.width {
                                let position = y * maps.width + x_place;
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
pub(crate) fn transform_input_transposed(maps: &Maps, windows: &[f32], x: &mut [f32]) {
    let (channels, tiles, all) = (maps.channels, maps.tiles(), maps.images);
    let per_task = images_per_task(all);
    let part = maps.transformed_part();
    let tasks = tasks(x, maps.positions(), per_task * channels);
    tasks.into_par_iter().enumerate().for_each(|(task, mut x)| {
        vectorized(
            #[inline(always)]
            || {
                for image in 0..x[0].len() / channels {
                    for tile in 0..tiles {
                        let row = (task * per_task + image) * tiles + tile;
                        let (top, left) = corner(maps, tile);
                        for (channel, count) in lane_groups(channels) {
                            let window = tiles::input_transposed(|y, x| {
                                load(windows, (y * WINDOW + x) * part + row * channels + channel, count)
                            });
                            for (place, lanes) in window.as_flattened().iter().enumerate() {
                                let y = (top + place / WINDOW).wrapping_sub(1);
                                let x_place = (left + place % WINDOW).wrapping_sub(1);
                                if y < maps.height && x_place < maps.width {
                                    let target = &mut *x[y * maps.width + x_place];
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

/// Position-major maps from their products `M`, with the bias added where there is one.
pub(crate) fn transform_output(maps: &Maps, bias: &[f32], products: &[f32], y: &mut [f32]) {
    let per_task = images_per_task(maps.images);
    let tasks = tasks(y, maps.positions(), per_task * maps.channels);
    tasks
        .into_par_iter()
        .enumerate()
        .for_each(|(task, mut y)| maps.output_of(bias, products, task * per_task, &mut y));
}

/// The gradient of `M` from that of a position-major map.
pub(crate) fn transform_output_transposed(maps: &Maps, y: &[f32], products: &mut [f32]) {
    let (channels, tiles, all) = (maps.channels, maps.tiles(), maps.images);
    let per_task = images_per_task(all);
    let tasks =
        tasks_of(products, maps.transformed_part(), maps.transformed_at_one(), per_task * tiles * channels);
    tasks.into_par_iter().enumerate().for_each(|(task, mut products)| {
        vectorized(
            #[inline(always)]
            || {
                for row in 0..products[0].len() / channels {
                    let (image, (top, left)) = (task * per_task + row / tiles, corner(maps, row % tiles));
                    for (channel, count) in lane_groups(channels) {
                        let window = tiles::output_transposed(|y_place, x| {
                            let (y_place, x) = (top + y_place, left + x);
                            if y_place < maps.height && x < maps.width {
                                let position = y_place * maps.width + x;
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

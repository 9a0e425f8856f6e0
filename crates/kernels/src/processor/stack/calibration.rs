//! Scales of rounded layers: the largest magnitudes that training images reach.

use std::fmt;

use super::shape::MapShape;
use crate::{
    precision::Precision,
    processor::{
        rounded::{Large, Small, Tiling},
        tiles::{Lanes, ZERO, lane_groups, load},
        vectors::vectorized,
    },
};

/// The largest magnitudes that calibration images reach in each layer of a stack. They depend neither on the images' order
/// nor on the number of cores.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    pub(super) layers: Vec<LayerRanges>,
}

impl Calibration {
    /// Layers that it covers, from the image on.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Numbers that describe one layer.
    pub const LAYER_VALUES: usize = 1 + Small::POSITIONS + Large::POSITIONS;

    /// All of it as numbers, [`Self::LAYER_VALUES`] for each layer.
    pub fn values(&self) -> Vec<f32> {
        let of_layer = |layer: &LayerRanges| [&[layer.input][..], &layer.small, &layer.large].concat();
        self.layers.iter().flat_map(of_layer).collect()
    }

    /// The calibration that has these [`Self::values`]; `None` where they are not those of whole layers, or one is negative or
    /// no number.
    pub fn from_values(values: &[f32]) -> Option<Self> {
        let (layers, rest) = values.as_chunks::<{ Self::LAYER_VALUES }>();
        let sound = rest.is_empty() && values.iter().all(|value| value.is_finite() && *value >= 0.0);
        let of_layer = |[input, positions @ ..]: &[f32; Self::LAYER_VALUES]| {
            let (small, large) = positions.split_at(Small::POSITIONS);
            LayerRanges { input: *input, small: small.to_vec(), large: large.to_vec() }
        };
        sound.then(|| Self { layers: layers.iter().map(of_layer).collect() })
    }

    /// The calibration of both sets of images together.
    #[must_use]
    pub fn merged(mut self, other: &Self) -> Self {
        if self.layers.is_empty() {
            return other.clone();
        }
        for (layer, other) in self.layers.iter_mut().zip(&other.layers) {
            layer.merge(other);
        }
        self
    }
}

/// The largest magnitudes in one layer's input.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LayerRanges {
    /// Of the map's values.
    pub(super) input: f32,
    /// At each position of the map transformed for F(2×2, 3×3).
    pub(super) small: Vec<f32>,
    /// At each position of the map transformed for F(4×4, 3×3).
    pub(super) large: Vec<f32>,
}

impl LayerRanges {
    /// Of several maps that lie one after the other.
    pub(super) fn new(maps: &[f32], shape: MapShape) -> Self {
        let mut ranges = Self {
            input: maps.iter().fold(0.0, |most, value| f32::max(most, value.abs())),
            small: vec![0.0; Small::POSITIONS],
            large: vec![0.0; Large::POSITIONS],
        };
        vectorized(
            #[inline(always)]
            || transformed_ranges::<Small>(maps, shape, &mut ranges.small),
        );
        vectorized(
            #[inline(always)]
            || transformed_ranges::<Large>(maps, shape, &mut ranges.large),
        );
        ranges
    }

    fn merge(&mut self, other: &Self) {
        self.input = self.input.max(other.input);
        let ranges = self.small.iter_mut().chain(&mut self.large);
        for (range, other) in ranges.zip(other.small.iter().chain(&other.large)) {
            *range = range.max(*other);
        }
    }
}

#[inline(always)]
fn transformed_ranges<T: Tiling>(maps: &[f32], shape: MapShape, ranges: &mut [f32]) {
    let MapShape { side, channels } = shape;
    let wide = shape.tiles_of(T::TILE);
    for map in maps.chunks_exact(shape.values()) {
        for tile in 0..wide * wide {
            let (top, left) = (tile / wide * T::TILE, tile % wide * T::TILE);
            for (channel, count) in lane_groups(channels) {
                let load = |y: usize, x: usize| {
                    let (row, column) = ((top + y).wrapping_sub(1), (left + x).wrapping_sub(1));
                    if row < side && column < side {
                        load(map, (row * side + column) * channels + channel, count)
                    } else {
                        ZERO
                    }
                };
                T::input::<Lanes>(load, |position, lanes| {
                    ranges[position] =
                        lanes.iter().fold(ranges[position], |most, value| most.max(value.abs()));
                });
            }
        }
    }
}

/// A precision with the calibration that it needs, as `C`.
#[derive(Clone, Copy, Debug)]
pub enum Rounding<C> {
    /// [`Precision::F32`].
    F32,
    /// [`Precision::Bf16`].
    Bf16,
    /// [`Precision::Int16`].
    Int16(C),
    /// [`Precision::Int8`].
    Int8(C),
}

impl<C> Rounding<C> {
    /// The precision.
    pub const fn precision(&self) -> Precision {
        match self {
            Self::F32 => Precision::F32,
            Self::Bf16 => Precision::Bf16,
            Self::Int16(_) => Precision::Int16,
            Self::Int8(_) => Precision::Int8,
        }
    }

    /// A precision and a calibration; `None` where the precision needs one and there is none.
    pub fn new(precision: Precision, calibration: Option<C>) -> Option<Self> {
        match precision {
            Precision::F32 => Some(Self::F32),
            Precision::Bf16 => Some(Self::Bf16),
            Precision::Int16 => calibration.map(Self::Int16),
            Precision::Int8 => calibration.map(Self::Int8),
        }
    }
}

impl<'a> Rounding<&'a Calibration> {
    /// Of one layer.
    pub(super) fn of_layer(
        self,
        layer: usize,
        layers: usize,
    ) -> Result<Rounding<&'a LayerRanges>, MissingLayers> {
        let ranges = |calibration: &'a Calibration| {
            calibration.layers.get(layer).ok_or(MissingLayers { found: calibration.layers.len(), layers })
        };
        Ok(match self {
            Self::F32 => Rounding::F32,
            Self::Bf16 => Rounding::Bf16,
            Self::Int16(calibration) => Rounding::Int16(ranges(calibration)?),
            Self::Int8(calibration) => Rounding::Int8(ranges(calibration)?),
        })
    }
}

/// A calibration that does not cover every layer of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingLayers {
    found: usize,
    layers: usize,
}

impl fmt::Display for MissingLayers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, layers } = self;
        write!(
            formatter,
            "the calibration covers {found} of {layers} frozen convolutions; calibrate again at this cut"
        )
    }
}

impl std::error::Error for MissingLayers {}

//! The rectangle of a plot and where values lie in it.

use std::ops::Range;

use plotters::coord::CoordTranslate;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::Cartesian2d;

use super::axis::Axis;

/// A plot, in pixels of the drawing.
pub(super) struct Plot {
    /// Left edge.
    pub(super) left: i32,
    /// Upper edge.
    pub(super) top: i32,
    /// Right edge.
    pub(super) right: i32,
    /// Lower edge.
    pub(super) bottom: i32,
    place: Cartesian2d<RangedCoordf64, RangedCoordf64>,
}

impl Plot {
    /// The plot of two axes between its upper left and its lower right corner.
    pub(super) fn new((x, y): (&Axis, &Axis), (left, top): (i32, i32), (right, bottom): (i32, i32)) -> Self {
        let place = Cartesian2d::new(
            x.low..x.high,
            y.low..y.high,
            // Pixels count from the top.
            (left..right, Range { start: bottom, end: top }),
        );
        Self { left, top, right, bottom, place }
    }

    /// With so many pixels at the left and at the right that have no values: room for what stands beside them.
    pub(super) fn with_inset(self, axes: (&Axis, &Axis), inset: i32) -> Self {
        let Self { left, top, right, bottom, .. } = self;
        let inner = Self::new(axes, (left + inset, top), (right - inset, bottom));
        Self { place: inner.place, ..self }
    }

    /// Pixels of a value.
    pub(super) fn at(&self, x: f64, y: f64) -> (i32, i32) {
        self.place.translate(&(x, y))
    }

    /// Pixels of a value along the x axis.
    pub(super) fn across(&self, x: f64) -> i32 {
        self.at(x, 0.0).0
    }

    /// Pixels of a value along the y axis.
    pub(super) fn up(&self, y: f64) -> i32 {
        self.at(0.0, y).1
    }

    /// Pixels between its upper and its lower edge.
    pub(super) fn height(&self) -> i32 {
        self.bottom - self.top
    }
}

//! Markers of series: shapes that differ where hues repeat.

use plotters::prelude::*;

use super::canvas::{Area, Drawn, put};
use super::palette::{HUES, SURFACE, marker};

/// Corners of the markers, in pixels from their middle; the first marker is a circle.
const CORNERS: [&[(i32, i32)]; 7] = [
    &[(-4, -4), (4, -4), (4, 4), (-4, 4)],
    &[(0, -6), (6, 5), (-6, 5)],
    &[(0, -6), (6, 0), (0, 6), (-6, 0)],
    &[(0, 6), (6, -5), (-6, -5)],
    &[
        (-2, -6),
        (2, -6),
        (2, -2),
        (6, -2),
        (6, 2),
        (2, 2),
        (2, 6),
        (-2, 6),
        (-2, 2),
        (-6, 2),
        (-6, -2),
        (-2, -2),
    ],
    &[(-3, -6), (3, -6), (6, 0), (3, 6), (-3, 6), (-6, 0)],
    &[(-6, -3), (6, -3), (6, 3), (-6, 3)],
];

/// A marker with a rim of paper, so that neighbours stay apart.
pub(super) fn draw_marker(area: &Area<'_>, slot: usize, (x, y): (i32, i32)) -> Drawn {
    // After each round of hues the markers shift by one.
    let shape = (slot + slot / HUES) % (CORNERS.len() + 1);
    let Some(corners) = shape.checked_sub(1).map(|shape| CORNERS[shape]) else {
        put(area, &Circle::new((x, y), 7, SURFACE.filled()))?;
        return put(area, &Circle::new((x, y), 5, marker(slot).filled()));
    };
    let grown = |by: i32| -> Vec<(i32, i32)> {
        corners.iter().map(|(dx, dy)| (x + dx + dx.signum() * by, y + dy + dy.signum() * by)).collect()
    };
    put(area, &Polygon::new(grown(2), SURFACE.filled()))?;
    put(area, &Polygon::new(grown(0), marker(slot).filled()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_of_the_first_64_series_share_hue_and_marker() {
        let looks: std::collections::BTreeSet<_> =
            (0..64usize).map(|slot| (slot % HUES, (slot + slot / HUES) % (CORNERS.len() + 1))).collect();
        assert_eq!(looks.len(), 64);
    }
}

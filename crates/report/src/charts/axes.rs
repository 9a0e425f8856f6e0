//! Grid, ticks and labels of a plot's axes, alike in all charts.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::Axis;
use super::canvas::{Area, Drawn, WIDTH, put, write};
use super::labels::spaced;
use super::palette::{GRID, MUTED};
use super::plot::Plot;
use super::text::width;

/// Pixels of a tick below the horizontal axis.
const TICK: i32 = 5;
/// Pixels from the plot to the middle of the first line of labels below it.
const LABEL: i32 = 16;
/// Pixels from the plot to the middle of the title below it.
const TITLE: i32 = 37;
/// Pixels that labels of the horizontal axis stay apart.
const GAP: i32 = 8;
/// Pixels that labels of the vertical axis are apart at least, from middle to middle.
const ROW: i32 = 20;
/// Pixels between the labels of the vertical axis and the plot.
const BESIDE: i32 = 8;
/// Pixels left of all text.
const BORDER: i32 = 6;
/// Pixels that half a label may stand beyond an end of the horizontal axis, as at a tick there.
pub(super) const BEYOND: i32 = GAP + BORDER;

/// Pixels left of plots with such a vertical axis: those of most charts, or more where its labels are long.
pub(super) fn left_of(axis: &Axis) -> i32 {
    let longest = axis.ticks.iter().map(|tick| width(&axis.label(*tick))).max().unwrap_or(0);
    (longest + BESIDE + BORDER).max(super::canvas::LEFT)
}

/// Grid lines across the plot, with their labels where they are shown.
pub(super) fn draw_rows(area: &Area<'_>, axis: &Axis, plot: &Plot, labelled: bool) -> Drawn {
    for tick in thinned(axis, plot) {
        let y = plot.up(tick);
        put(area, &PathElement::new([(plot.left, y), (plot.right, y)], GRID.stroke_width(1)))?;
        if labelled {
            let label = axis.label(tick);
            write(area, &label, (plot.left - BESIDE, y), &MUTED, HPos::Right, VPos::Center)?;
        }
    }
    Ok(())
}

/// The ticks whose labels have room above each other.
fn thinned(axis: &Axis, plot: &Plot) -> Vec<f64> {
    let ys: Vec<i32> = axis.ticks.iter().map(|tick| plot.up(*tick)).collect();
    let nearest = ys.windows(2).map(|pair| pair[0] - pair[1]).min().unwrap_or(ROW).max(1);
    let step = (ROW + nearest - 1) / nearest;
    axis.ticks.iter().step_by(step.max(1) as usize).copied().collect()
}

/// Pixels that the labels of the horizontal axis take beyond both ends of the plot together.
pub(super) fn beyond_ends(axis: &Axis, plot: &Plot) -> i32 {
    let half = |tick: &f64| width(&axis.label(*tick)) / 2 + 1;
    let first = axis.ticks.first().map_or(0, |tick| plot.left - plot.across(*tick) + half(tick));
    let last = axis.ticks.last().map_or(0, |tick| plot.across(*tick) + half(tick) - plot.right);
    first.clamp(0, BEYOND) + last.clamp(0, BEYOND)
}

/// The line below the plot with its ticks, and their labels where they may stand so many pixels beyond its ends.
pub(super) fn draw_foot(area: &Area<'_>, axis: &Axis, plot: &Plot, beyond: Option<i32>) -> Drawn {
    let Plot { left, right, bottom, .. } = *plot;
    put(area, &PathElement::new([(left, bottom), (right, bottom)], MUTED.stroke_width(1)))?;
    let xs: Vec<i32> = axis.ticks.iter().map(|tick| plot.across(*tick)).collect();
    for x in &xs {
        put(area, &PathElement::new([(*x, bottom), (*x, bottom + TICK)], MUTED.stroke_width(1)))?;
    }
    let Some(beyond) = beyond else { return Ok(()) };
    let labels: Vec<String> = axis.ticks.iter().map(|tick| axis.label(*tick)).collect();
    let wanted: Vec<(i32, i32)> = xs.iter().zip(&labels).map(|(x, label)| (*x, width(label))).collect();
    let over = wanted.iter().map(|(_, width)| width / 2 + 1).max().unwrap_or(0).min(beyond);
    let reach = (left - over, (right + over).min(WIDTH));
    for (label, x) in labels.iter().zip(spaced(&wanted, reach, GAP)) {
        let Some(x) = x else { continue };
        write(area, label, (x, bottom + LABEL), &MUTED, HPos::Center, VPos::Center)?;
    }
    Ok(())
}

/// What both axes measure: above the plot at the left, and below it in the middle.
pub(super) fn draw_titles(area: &Area<'_>, (x, y): (&Axis, &Axis), plot: &Plot, bottom: i32) -> Drawn {
    write(area, &y.title, (BORDER, 12), &MUTED, HPos::Left, VPos::Center)?;
    draw_title_below(area, &x.title, (plot.left, plot.right), bottom)
}

/// What the horizontal axis measures, in the middle below its labels and inside the drawing.
pub(super) fn draw_title_below(
    area: &Area<'_>,
    title: &str,
    (left, right): (i32, i32),
    bottom: i32,
) -> Drawn {
    let half = width(title) / 2;
    let middle = ((left + right) / 2).min(WIDTH - BORDER - half).max(BORDER + half);
    write(area, title, (middle, bottom + TITLE), &MUTED, HPos::Center, VPos::Center)
}

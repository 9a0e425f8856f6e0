//! What is drawn inside a plot: areas, lines, markers and bars of spread.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::along::places;
use super::canvas::{Area, Drawn, WIDTH, put, write};
use super::chart::{Chart, Mark, Rule, Series, fills};
use super::labels::{Frame, Labels};
use super::markers::draw_marker;
use super::palette::{DOTTED, MUTED, line, marker};
use super::plot::Plot;
use super::text::{HEIGHT, width};

/// Of areas around lines.
const FILL: f64 = 0.1;
/// Of their edges.
const EDGE: f64 = 0.55;
/// Of series that another one is shown against.
const FAINT: f64 = 0.3;
/// Pixels between markers that stand beside each other.
const SIDESTEP: i32 = 8;
/// Pixels between markers that have single runs between them.
const WIDE_SIDESTEP: i32 = 16;
/// Pixels of single runs to the right of their mean.
pub(super) const DOTS_SHIFT: i32 = 8;
/// Markers of a line whose points have none.
const MARKERS: usize = 4;
/// Pixels from the plot to the first bar beside it, and from one to the next.
pub(super) const BAR: i32 = 8;
/// Pixels from the plot to the middle of words above it.
const WORD_ABOVE: i32 = 9;

/// Pixels by which a series stands beside the place of its values, so that none covers another.
pub(super) fn shift(chart: &Chart, order: usize) -> i32 {
    if !chart.sidestep {
        return 0;
    }
    let dotted = chart.series.iter().any(|series| !series.dots.is_empty());
    let step = if dotted { WIDE_SIDESTEP } else { SIDESTEP };
    (2 * order as i32 + 1 - chart.series.len() as i32) * step / 2
}

/// Pixels at either side of a plot that series beside each other need.
pub(super) fn inset(chart: &Chart) -> i32 {
    let most = (0..chart.series.len()).map(|order| shift(chart, order)).max().unwrap_or(0);
    let dotted = chart.sidestep && chart.series.iter().any(|series| !series.dots.is_empty());
    most + if dotted { DOTS_SHIFT } else { 0 }
}

/// The rules whose intervals stand beside the plot.
pub(super) fn bars(chart: &Chart) -> impl Iterator<Item = &Rule> {
    chart.rules.iter().filter(|rule| rule.is_wide(&chart.y))
}

/// Areas of rules, below all lines; those that would fill the plot are bars at its right.
pub(super) fn draw_rule_bands(area: &Area<'_>, chart: &Chart, plot: &Plot) -> Drawn {
    for rule in chart.rules.iter().filter(|rule| !rule.is_wide(&chart.y)) {
        let Some((low, high)) = rule.band else { continue };
        let (top, bottom) = (plot.up(high), plot.up(low));
        let corners = [(plot.left, top), (plot.right, bottom)];
        put(area, &Rectangle::new(corners, marker(rule.slot).mix(FILL).filled()))?;
        for y in [top, bottom] {
            draw_edge(area, vec![(plot.left, y), (plot.right, y)], rule.slot)?;
        }
    }
    for (place, rule) in bars(chart).enumerate() {
        let Some((low, high)) = rule.band else { continue };
        draw_bar(area, rule.slot, plot.right + BAR * (place as i32 + 1), (plot.up(low), plot.up(high)))?;
    }
    Ok(())
}

/// The area of a series; only its edges where it would fill the plot.
pub(super) fn draw_series_band(area: &Area<'_>, series: &Series, plot: &Plot) -> Drawn {
    if series.band.is_empty() {
        return Ok(());
    }
    let upper: Vec<(i32, i32)> = series.band.iter().map(|(x, _, high)| plot.at(*x, *high)).collect();
    let lower: Vec<(i32, i32)> = series.band.iter().map(|(x, low, _)| plot.at(*x, *low)).collect();
    let widest = upper.iter().zip(&lower).map(|(upper, lower)| lower.1 - upper.1).max().unwrap_or(0);
    if !fills(widest, plot.height()) {
        let mut outline: Vec<(i32, i32)> = upper.iter().chain(lower.iter().rev()).copied().collect();
        outline.dedup();
        put(area, &Polygon::new(outline, marker(series.slot).mix(FILL).filled()))?;
    }
    draw_edge(area, upper, series.slot)?;
    draw_edge(area, lower, series.slot)
}

fn draw_edge(area: &Area<'_>, mut path: Vec<(i32, i32)>, slot: usize) -> Drawn {
    path.dedup();
    put(area, &PathElement::new(path, marker(slot).mix(EDGE).stroke_width(1)))
}

/// Lines across the plot.
pub(super) fn draw_rules(area: &Area<'_>, chart: &Chart, plot: &Plot) -> Drawn {
    chart.rules.iter().try_for_each(|rule| {
        let y = plot.up(rule.y);
        put(area, &PathElement::new([(plot.left, y), (plot.right, y)], line(rule.slot).stroke_width(2)))
    })
}

/// Dotted paths.
pub(super) fn draw_guides(area: &Area<'_>, chart: &Chart, plot: &Plot) -> Drawn {
    chart.guides.iter().try_for_each(|guide| {
        let path: Vec<(i32, i32)> = guide.path.iter().map(|(x, y)| plot.at(*x, *y)).collect();
        put(area, &PathElement::new(path, DOTTED.stroke_width(2)))
    })
}

/// Lines down the plot, their words above it at the side that has room.
pub(super) fn draw_marks(area: &Area<'_>, marks: &[Mark], plot: &Plot) -> Drawn {
    let y = plot.top - WORD_ABOVE;
    let (top, bottom) = (y - HEIGHT / 2, y + HEIGHT - HEIGHT / 2);
    let mut words = Labels::new(Frame { left: 0, top, right: WIDTH, bottom });
    for mark in marks {
        let x = plot.across(mark.x);
        put(area, &PathElement::new([(x, plot.top - 6), (x, plot.bottom)], DOTTED.stroke_width(2)))?;
        let room = width(&mark.name);
        let from = |left: i32| Frame { left, top, right: left + room, bottom };
        if let Some(frame) = words.place([from(x + 5), from(x - 5 - room)]) {
            write(area, &mark.name, (frame.left, y), &MUTED, HPos::Left, VPos::Center)?;
        }
    }
    Ok(())
}

/// A series that another one is shown against: a thin grey line, or grey dots.
pub(super) fn draw_faint(area: &Area<'_>, series: &Series, joined: bool, plot: &Plot) -> Drawn {
    let places: Vec<(i32, i32)> = series.points.iter().map(|point| plot.at(point.x, point.y)).collect();
    if joined && places.len() > 1 {
        return put(area, &PathElement::new(places, MUTED.mix(FAINT).stroke_width(1)));
    }
    places.into_iter().try_for_each(|place| put(area, &Circle::new(place, 2, MUTED.mix(FAINT).filled())))
}

/// A series' line, bars, single runs and markers, so many pixels to the right of its values.
pub(super) fn draw_series(
    area: &Area<'_>,
    (chart, order): (&Chart, usize),
    plot: &Plot,
    shift: i32,
) -> Drawn {
    let series = &chart.series[order];
    let at = |(x, y): (f64, f64)| {
        let (x, y) = plot.at(x, y);
        (x + shift, y)
    };
    let places: Vec<(i32, i32)> = series.line().into_iter().map(at).collect();
    if chart.joined && places.len() > 1 {
        put(area, &PathElement::new(places.clone(), line(series.slot).stroke_width(2)))?;
    }
    for point in &series.points {
        let Some((low, high)) = point.bar else { continue };
        let ((x, low), (_, high)) = (at((point.x, low)), at((point.x, high)));
        draw_bar(area, series.slot, x, (low, high))?;
    }
    for dot in &series.dots {
        let (x, y) = at(*dot);
        put(area, &Circle::new((x + DOTS_SHIFT, y), 2, marker(series.slot).filled()))?;
    }
    if chart.marked {
        // Each of them, also where they cover each other in part: a point that is left out is a configuration that is
        // not seen.
        return places.iter().try_for_each(|place| draw_marker(area, series.slot, *place));
    }
    let few = sparse(chart, order).into_iter().map(at);
    few.into_iter().try_for_each(|place| draw_marker(area, series.slot, place))
}

/// A few places along a line, other ones for each series.
fn sparse(chart: &Chart, order: usize) -> Vec<(f64, f64)> {
    let of_series = (order as f64 + 0.5) / chart.series.len() as f64;
    let parts = (0..MARKERS).map(|place| (place as f64 + of_series) / MARKERS as f64);
    places(&chart.series[order].line(), chart.reach(), parts)
}

/// An upright bar with caps.
fn draw_bar(area: &Area<'_>, slot: usize, x: i32, (low, high): (i32, i32)) -> Drawn {
    let style = marker(slot).stroke_width(2);
    let strokes = [[(x, high), (x, low)], [(x - 3, high), (x + 3, high)], [(x - 3, low), (x + 3, low)]];
    strokes.into_iter().try_for_each(|stroke| put(area, &PathElement::new(stroke, style)))
}

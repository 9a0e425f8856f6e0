//! Drawing a chart with plotters: grid, axes, lines, markers, bars of spread and the legend.

use std::ops::Range;

use plotters::coord::CoordTranslate;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Area, Drawn, RIGHT, WIDTH, put, write};
use super::chart::{Chart, Mark, Series};
use super::markers::draw_marker;
use super::palette::{DOTTED, GRID, INK, MUTED, line, marker};
use super::shortened::shortened;

/// Height of the plot itself, without axis words and legend.
const PLOT_HEIGHT: i32 = 260;
const LEFT: i32 = 58;
const TOP: i32 = 36;
const BELOW: i32 = 52;
const LEGEND_ROW: i32 = 22;
/// Longest legend entry that fits half the width.
const HALF_WIDTH_LETTERS: usize = 24;
/// Longest legend entry that fits the width.
const WIDTH_LETTERS: usize = 60;
/// Pixels between markers that stand beside each other.
const SIDESTEP: i32 = 8;
/// Pixels between markers that have single runs between them.
const WIDE_SIDESTEP: i32 = 16;
/// Of areas around lines.
const BAND_OPACITY: f64 = 0.16;
/// Pixels of single runs to the right of their mean.
const DOTS_SHIFT: i32 = 8;

/// Draws the chart as SVG in the placeholder colours of the theme.
pub(crate) fn draw(chart: &Chart) -> Result<String, String> {
    let series = chart.series.iter().map(|series| (series.name.as_str(), Some(series.slot), chart.marked));
    let rules = chart.rules.iter().map(|rule| (rule.name.as_str(), Some(rule.slot), false));
    let guides = chart.guides.iter().map(|guide| (guide.name.as_str(), None, false));
    let entries: Vec<(&str, Option<usize>, bool)> = series.chain(rules).chain(guides).collect();
    let columns =
        if entries.iter().all(|(name, ..)| name.chars().count() <= HALF_WIDTH_LETTERS) { 2 } else { 1 };
    let legend_rows = entries.len().div_ceil(columns) as i32;
    let height = TOP + PLOT_HEIGHT + BELOW + legend_rows * LEGEND_ROW + 6;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32)).into_drawing_area();
        let place = Cartesian2d::<RangedCoordf64, RangedCoordf64>::new(
            chart.x.low..chart.x.high,
            chart.y.low..chart.y.high,
            // Pixels count from the top.
            (LEFT..WIDTH - RIGHT, Range { start: TOP + PLOT_HEIGHT, end: TOP }),
        );
        let at = |x: f64, y: f64| place.translate(&(x, y));
        draw_axes(&area, chart, &at)?;
        draw_bands(&area, chart, &at)?;
        for mark in &chart.marks {
            draw_mark(&area, chart, mark, &at)?;
        }
        for rule in &chart.rules {
            let (from, to) = (at(chart.x.low, rule.y), at(chart.x.high, rule.y));
            put(&area, &PathElement::new([from, to], line(rule.slot).stroke_width(2)))?;
        }
        for guide in &chart.guides {
            let path: Vec<(i32, i32)> = guide.path.iter().map(|(x, y)| at(*x, *y)).collect();
            put(&area, &PathElement::new(path, DOTTED.stroke_width(2)))?;
        }
        let dotted = chart.series.iter().any(|series| !series.dots.is_empty());
        let step = if dotted { WIDE_SIDESTEP } else { SIDESTEP };
        for (order, series) in chart.series.iter().enumerate() {
            let shift = if chart.sidestep {
                (2 * order as i32 + 1 - chart.series.len() as i32) * step / 2
            } else {
                0
            };
            let beside = |x: f64, y: f64| {
                let (x, y) = at(x, y);
                (x + shift, y)
            };
            draw_series(&area, series, (chart.joined, chart.marked), &beside)?;
        }
        let names = shortened(entries.iter().map(|(name, ..)| *name), WIDTH_LETTERS);
        for (place, (name, slot, marked)) in entries.into_iter().enumerate() {
            let x = LEFT + (place % columns) as i32 * ((WIDTH - LEFT) / 2);
            let y = TOP + PLOT_HEIGHT + BELOW + (place / columns) as i32 * LEGEND_ROW + LEGEND_ROW / 2;
            draw_entry(&area, &names[name], slot, (chart.joined || !marked, marked), (x, y))?;
        }
        area.present().map_err(|error| error.to_string())?;
    }
    Ok(svg)
}

fn draw_axes(area: &Area<'_>, chart: &Chart, at: &impl Fn(f64, f64) -> (i32, i32)) -> Drawn {
    let (left, right, bottom) = (LEFT, WIDTH - RIGHT, TOP + PLOT_HEIGHT);
    write(area, &chart.y.title, (left, 12), &MUTED, HPos::Left, VPos::Center)?;
    for tick in &chart.y.ticks {
        let (_, y) = at(chart.x.low, *tick);
        put(area, &PathElement::new([(left, y), (right, y)], GRID.stroke_width(1)))?;
        write(area, &chart.y.label(*tick), (left - 8, y), &MUTED, HPos::Right, VPos::Center)?;
    }
    put(area, &PathElement::new([(left, bottom), (right, bottom)], MUTED.stroke_width(1)))?;
    let mut free_from = i32::MIN;
    for tick in &chart.x.ticks {
        let (x, _) = at(*tick, chart.y.low);
        put(area, &PathElement::new([(x, bottom), (x, bottom + 5)], MUTED.stroke_width(1)))?;
        let label = chart.x.label(*tick);
        let half = label.chars().count() as i32 * 4 + 3;
        if x - half >= free_from {
            write(area, &label, (x, bottom + 9), &MUTED, HPos::Center, VPos::Top)?;
            free_from = x + half;
        }
    }
    write(area, &chart.x.title, ((left + right) / 2, bottom + 29), &MUTED, HPos::Center, VPos::Top)
}

/// Areas of rules and series, below all lines.
fn draw_bands(area: &Area<'_>, chart: &Chart, at: &impl Fn(f64, f64) -> (i32, i32)) -> Drawn {
    for rule in &chart.rules {
        let Some((low, high)) = rule.band else { continue };
        let corners = [at(chart.x.low, high), at(chart.x.high, low)];
        put(area, &Rectangle::new(corners, marker(rule.slot).mix(BAND_OPACITY).filled()))?;
    }
    for series in chart.series.iter().filter(|series| !series.band.is_empty()) {
        let upper = series.band.iter().map(|(x, _, high)| at(*x, *high));
        let lower = series.band.iter().rev().map(|(x, low, _)| at(*x, *low));
        let mut outline: Vec<(i32, i32)> = upper.chain(lower).collect();
        outline.dedup();
        put(area, &Polygon::new(outline, marker(series.slot).mix(BAND_OPACITY).filled()))?;
    }
    Ok(())
}

fn draw_mark(area: &Area<'_>, chart: &Chart, mark: &Mark, at: &impl Fn(f64, f64) -> (i32, i32)) -> Drawn {
    let (x, _) = at(mark.x, chart.y.low);
    put(area, &PathElement::new([(x, TOP - 6), (x, TOP + PLOT_HEIGHT)], DOTTED.stroke_width(2)))?;
    // Beside the y axis' title at the left, so that it must end before the right border.
    let middle = (LEFT + WIDTH - RIGHT) / 2;
    let anchor = if x > middle { HPos::Right } else { HPos::Left };
    let beside = if x > middle { x + 4 } else { x.max(LEFT + 110) };
    write(area, &mark.name, (beside, TOP - 14), &MUTED, anchor, VPos::Center)
}

fn draw_series(
    area: &Area<'_>,
    series: &Series,
    (joined, marked): (bool, bool),
    at: &impl Fn(f64, f64) -> (i32, i32),
) -> Drawn {
    let places: Vec<(i32, i32)> = series.points.iter().map(|point| at(point.x, point.y)).collect();
    if joined && places.len() > 1 {
        put(area, &PathElement::new(places.clone(), line(series.slot).stroke_width(2)))?;
    }
    for point in &series.points {
        let Some((low, high)) = point.bar else { continue };
        let ((x, top), (_, bottom)) = (at(point.x, high), at(point.x, low));
        let style = marker(series.slot).stroke_width(2);
        for bar in [[(x, top), (x, bottom)], [(x - 4, top), (x + 4, top)], [(x - 4, bottom), (x + 4, bottom)]]
        {
            put(area, &PathElement::new(bar, style))?;
        }
    }
    for (x, y) in &series.dots {
        let (x, y) = at(*x, *y);
        put(area, &Circle::new((x + DOTS_SHIFT, y), 2, marker(series.slot).filled()))?;
    }
    if !marked {
        return Ok(());
    }
    // Each of them, also where they cover each other in part: a point that is left out is a configuration that is not
    // seen.
    places.iter().try_for_each(|place| draw_marker(area, series.slot, *place))
}

fn draw_entry(
    area: &Area<'_>,
    name: &str,
    slot: Option<usize>,
    (lined, marked): (bool, bool),
    (x, y): (i32, i32),
) -> Drawn {
    if lined {
        let style = slot.map_or(DOTTED, line).stroke_width(2);
        put(area, &PathElement::new([(x, y), (x + 30, y)], style))?;
    }
    if let Some(slot) = slot.filter(|_| marked) {
        draw_marker(area, slot, (x + 15, y))?;
    }
    write(area, name, (x + 38, y), &INK, HPos::Left, VPos::Center)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::axis::Axis;
    use crate::charts::chart::{Guide, Point, Rule};

    fn chart(names: &[&str]) -> Chart {
        let series = names.iter().enumerate().map(|(slot, name)| {
            let first = Point { x: 1.0, y: 0.9, bar: None };
            let second = Point { x: 2.0, y: 0.95, bar: Some((0.94, 0.96)) };
            Series::of(*name, slot, vec![first, second])
        });
        let y = Axis::share("accuracy, %", &[0.9, 0.96]);
        Chart::of(Axis::whole("epoch", &[1.0, 2.0]), y, series.collect())
    }

    #[test]
    fn every_series_has_a_line_markers_and_a_legend_entry() {
        let svg = draw(&chart(&["one", "two"])).unwrap();
        assert_eq!(svg.matches("stroke=\"#000200\"").count(), 2, "line and legend");
        assert_eq!(svg.matches("fill=\"#000100\"").count(), 3, "two points and the legend");
        assert!(svg.contains("\none\n") && svg.contains("\ntwo\n"));
    }

    #[test]
    fn guides_are_dotted_and_named_and_dots_are_small() {
        let mut chart = chart(&["one"]);
        let before = draw(&chart).unwrap();
        chart.guides.push(Guide { name: "front".into(), path: vec![(1.0, 0.9), (2.0, 0.95)] });
        chart.series[0].dots = vec![(1.0, 0.91), (1.0, 0.92)];
        let svg = draw(&chart).unwrap();
        assert_eq!(svg.matches("#000005").count(), 2, "path and legend");
        assert!(svg.contains("\nfront\n") && !before.contains("#000005"));
        assert_eq!(svg.matches("r=\"2\"").count(), 2);
        chart.marked = false;
        assert!(!draw(&chart).unwrap().contains("r=\"5\""));
    }

    #[test]
    fn areas_of_series_and_rules_lie_below_their_lines() {
        let mut chart = chart(&["one"]);
        chart.series[0].band = vec![(1.0, 0.88, 0.92), (2.0, 0.94, 0.96)];
        chart.rules.push(Rule { name: "rule".into(), slot: 1, y: 0.93, band: Some((0.92, 0.94)) });
        let svg = draw(&chart).unwrap();
        let place = |text: &str| svg.find(text).unwrap();
        assert_eq!(svg.matches("opacity=\"0.16\"").count(), 2);
        assert!(place("<polygon opacity") < place("#000200"));
    }

    #[test]
    fn every_point_has_its_marker_however_close_it_lies_to_another() {
        let mut chart = chart(&["one"]);
        let near = |place: i32| Point {
            x: 1.0 + f64::from(place) * 1e-3,
            y: 0.9 + f64::from(place % 7) * 0.01,
            bar: None,
        };
        for (joined, count) in [(true, 20), (false, 33)] {
            chart.joined = joined;
            chart.series[0].points = (0..count).map(near).collect();
            let svg = draw(&chart).unwrap();
            // A circle on paper for each and in the legend.
            assert_eq!(svg.matches("r=\"5\"").count(), count as usize + 1, "joined: {joined}");
        }
    }

    #[test]
    fn names_with_markup_stay_text() {
        let svg = draw(&chart(&["<script>alert(1)</script>"])).unwrap();
        assert!(!svg.contains("<script"));
        assert!(svg.contains("&lt;script&gt;"));
    }
}

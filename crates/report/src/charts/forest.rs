//! The forest plot: differences with their intervals over the band of the margin.

use std::ops::Range;

use plotters::coord::CoordTranslate;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use crate::error::{Error, Result};
use crate::words::format::{confidence, count, margin_in_points, signed_points};

use super::axis::Axis;
use super::canvas::{Area, Drawn, RIGHT, WIDTH, put, write};
use super::figure::Figure;
use super::palette::{BAND, GRID, INK, MUTED, marker};
use super::scope::ChartScope;
use super::shortened::shortened;

/// Comparisons drawn; the table has the rest.
const ROWS: usize = 30;
const LEFT: i32 = 14;
const TOP: i32 = 14;
const ROW: i32 = 42;
const HEADING: i32 = 30;
const BELOW: i32 = 56;
const LETTERS: usize = 62;

/// One line of the plot.
enum Line {
    /// What the following are compared with.
    Against(String),
    /// Name, difference, ends of its interval.
    Difference(String, f64, (f64, f64)),
}

/// The plot; `None` without comparisons.
///
/// # Errors
/// When plotters cannot draw.
pub(super) fn figure(scope: &ChartScope<'_>) -> Result<Option<Figure>> {
    let pairs = &scope.pairs;
    if pairs.is_empty() {
        return Ok(None);
    }
    let options = &scope.analysis.options;
    let name = |id: usize| &scope.analysis.configurations[id].name;
    let mut lines = Vec::new();
    let mut spoken = String::new();
    let mut against = None;
    for pair in pairs.iter().take(ROWS) {
        let (first, second) = (name(pair.first), name(pair.second));
        if against != Some(pair.second) {
            lines.push(Line::Against(format!("minus {second}")));
            against = Some(pair.second);
        }
        let interval = pair.difference.interval;
        let difference = pair.difference.difference;
        spoken += &format!(
            " {first} minus {second}: {} points, {} to {}.",
            signed_points(difference),
            signed_points(interval.lower),
            signed_points(interval.upper)
        );
        lines.push(Line::Difference(first.clone(), difference, (interval.lower, interval.upper)));
    }
    let (file_name, title) = (scope.file_name("differences"), scope.title("Differences in accuracy"));
    let drawing =
        draw(&lines, options.margin).map_err(|reason| Error::Chart { name: file_name.clone(), reason })?;
    let rest = if pairs.len() > ROWS {
        format!(" {} more are in the table.", count(pairs.len() - ROWS, "comparison"))
    } else {
        String::new()
    };
    Ok(Some(Figure {
        file_name,
        description: format!("{title}:{spoken}"),
        title,
        caption: format!(
            "Differences in points of accuracy with the table's {} intervals, not corrected for several comparisons. The band \
             is the margin of ±{}.{rest}",
            confidence(options),
            margin_in_points(options)
        ),
        drawing,
    }))
}

fn draw(lines: &[Line], margin: f64) -> std::result::Result<String, String> {
    let reach: Vec<f64> = lines
        .iter()
        .flat_map(|line| match line {
            Line::Against(_) => [0.0, 0.0],
            Line::Difference(_, _, (lower, upper)) => [*lower, *upper],
        })
        .chain([-margin, margin])
        .collect();
    let names = shortened(
        lines.iter().map(|line| match line {
            Line::Against(name) | Line::Difference(name, ..) => name.as_str(),
        }),
        LETTERS,
    );
    let axis = Axis::points("difference in accuracy, points", &reach);
    let height_of = |line: &Line| if matches!(line, Line::Against(_)) { HEADING } else { ROW };
    let bottom = TOP + lines.iter().map(height_of).sum::<i32>() + 6;
    let mut svg = String::new();
    {
        let size = (WIDTH as u32, (bottom + BELOW) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let place = Cartesian2d::<RangedCoordf64, RangedCoordf64>::new(
            axis.low..axis.high,
            0.0..1.0,
            (LEFT..WIDTH - RIGHT, Range { start: bottom, end: TOP }),
        );
        let across = |value: f64| place.translate(&(value, 0.0)).0;
        draw_background(&area, &axis, (across(-margin), across(margin)), bottom, &across)?;
        let mut y = TOP;
        for line in lines {
            match line {
                Line::Against(name) => {
                    write(&area, &names[name.as_str()], (LEFT, y + 18), &MUTED, HPos::Left, VPos::Center)?;
                }
                Line::Difference(name, difference, (lower, upper)) => {
                    write(&area, &names[name.as_str()], (LEFT, y + 11), &INK, HPos::Left, VPos::Center)?;
                    draw_interval(&area, (across(*lower), across(*difference), across(*upper)), y + 29)?;
                }
            }
            y += height_of(line);
        }
        area.present().map_err(|error| error.to_string())?;
    }
    Ok(svg)
}

/// Band, grid, the line of no difference and the axis.
fn draw_background(
    area: &Area<'_>,
    axis: &Axis,
    (from, to): (i32, i32),
    bottom: i32,
    across: &impl Fn(f64) -> i32,
) -> Drawn {
    put(area, &Rectangle::new([(from, TOP), (to, bottom)], BAND.mix(0.45).filled()))?;
    for tick in &axis.ticks {
        let x = across(*tick);
        put(area, &PathElement::new([(x, TOP), (x, bottom)], GRID.stroke_width(1)))?;
        write(area, &axis.label(*tick), (x, bottom + 9), &MUTED, HPos::Center, VPos::Top)?;
    }
    let zero = across(0.0);
    put(area, &PathElement::new([(zero, TOP), (zero, bottom)], MUTED.stroke_width(1)))?;
    put(area, &PathElement::new([(LEFT, bottom), (WIDTH - RIGHT, bottom)], MUTED.stroke_width(1)))?;
    let middle = (LEFT + WIDTH - RIGHT) / 2;
    write(area, &axis.title, (middle, bottom + 30), &MUTED, HPos::Center, VPos::Top)
}

fn draw_interval(area: &Area<'_>, (lower, middle, upper): (i32, i32, i32), y: i32) -> Drawn {
    let style = marker(0).stroke_width(2);
    for stroke in
        [[(lower, y), (upper, y)], [(lower, y - 4), (lower, y + 4)], [(upper, y - 4), (upper, y + 4)]]
    {
        put(area, &PathElement::new(stroke, style))?;
    }
    // Small, so that short intervals are seen.
    put(area, &Circle::new((middle, y), 3, marker(0).filled()))
}

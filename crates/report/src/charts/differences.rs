//! Differences to the reference: one row per configuration with its verdict, every run a point, the margin shaded.

use std::collections::BTreeMap;

use plotters::coord::CoordTranslate;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use crate::analysis::{AgainstReference, Analysis};
use crate::error::{Error, Result};
use crate::words::format::{confidence, margin_in_points, thousands};
use crate::words::short_names::ShortNames;

use super::axis::Axis;
use super::canvas::{Area, Drawn, put, write};
use super::difference_rows::{Row, rows};
use super::figure::{Figure, ShownValue};
use super::palette::{BAND, GRID, INK, MUTED, SURFACE};
use super::shortened::shortened;

/// Rows of the chart of the answer; of more the best by validation.
const ROWS: usize = 8;
/// Pixels above the rows, for the word on the margin.
const TOP: i32 = 24;
/// Pixels below the rows, for the axis.
const BELOW: i32 = 50;
/// Letters of a name.
const LETTERS: usize = 22;
/// Pixels between a single run's point and the line of its row.
const SPREAD: i32 = 5;

/// Where things stand on a chart of a width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    width: i32,
    /// Ends of the plot.
    plot: (i32, i32),
    /// Height of a row.
    row: i32,
    /// From the top of a row to its line.
    line: i32,
    /// Whether name and verdict stand above the line, instead of beside it.
    above: bool,
}

/// For wide screens and print: name, interval and verdict side by side. Few rows have more room than many.
const fn wide(rows: usize) -> Frame {
    let row = if rows <= 4 { 52 } else { 38 };
    Frame { width: 640, plot: (150, 486), row, line: row / 2, above: false }
}
/// For telephones: name and verdict above the interval.
const NARROW: Frame = Frame { width: 344, plot: (12, 332), row: 42, line: 28, above: true };

/// The chart of a test set's differences for wide and for narrow screens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AnswerChart {
    /// Wide, with the words for both.
    pub(crate) wide: Figure,
    /// Narrow.
    pub(crate) narrow: Figure,
}

/// Draws the chart of one test set; `None` where nothing is compared.
///
/// # Errors
/// When plotters cannot draw.
pub(crate) fn answer_chart(analysis: &Analysis, set: &AgainstReference) -> Result<Option<AnswerChart>> {
    let (rows, left_out) = rows(analysis, set, ROWS);
    if rows.is_empty() {
        return Ok(None);
    }
    let names = shortened(rows.iter().map(|row| row.name.as_str()), LETTERS);
    let named = |frame: Frame, file_name: &str| -> Result<Figure> {
        let (drawing, values) = draw(&rows, &names, analysis.options.margin, frame)
            .map_err(|reason| Error::Chart { name: file_name.to_owned(), reason })?;
        let title = format!("Difference in accuracy to {}", analysis.configurations[set.reference].name);
        let spoken: Vec<String> = rows.iter().map(Row::spoken).collect();
        Ok(Figure {
            file_name: file_name.to_owned(),
            description: format!("{title}. {}.", spoken.join(". ")),
            title,
            caption: caption(analysis, ShortNames::of(analysis, set).shared(analysis, set), left_out),
            drawing,
            values,
        })
    };
    let number = if set.test_set == 0 { String::new() } else { format!("-{}", set.test_set + 1) };
    Ok(Some(AnswerChart {
        wide: named(wide(rows.len()), &format!("answer{number}.svg"))?,
        narrow: named(NARROW, &format!("answer{number}-narrow.svg"))?,
    }))
}

fn caption(analysis: &Analysis, shared: Option<&str>, left_out: usize) -> String {
    let of = shared.map_or_else(String::new, |shared| format!("{shared}. "));
    let rest = match left_out {
        0 => String::new(),
        more => format!(" Drawn are the best by validation; the table has {} more.", thousands(more as i64)),
    };
    format!(
        "{of}Mean with {} interval; small points are single runs. Shaded: margin of ±{}.{rest}",
        confidence(&analysis.options),
        margin_in_points(&analysis.options)
    )
}

/// The drawing and its values.
type Drawing = (String, Vec<ShownValue>);

fn draw(
    rows: &[Row],
    names: &BTreeMap<&str, String>,
    margin: f64,
    frame: Frame,
) -> std::result::Result<Drawing, String> {
    let reach: Vec<f64> = rows.iter().flat_map(Row::reach).chain([-margin, margin]).collect();
    let axis = Axis::points("points of accuracy", &reach);
    let bottom = TOP + rows.len() as i32 * frame.row;
    let mut svg = String::new();
    let mut values = Vec::new();
    {
        let size = (frame.width as u32, (bottom + BELOW) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let place = Cartesian2d::<RangedCoordf64, RangedCoordf64>::new(
            axis.low..axis.high,
            0.0..1.0,
            (frame.plot.0..frame.plot.1, TOP..bottom),
        );
        let across = |value: f64| place.translate(&(value, 0.0)).0;
        draw_background(&area, &axis, margin, (frame, bottom), &across)?;
        for (number, row) in rows.iter().enumerate() {
            let top = TOP + number as i32 * frame.row;
            draw_words(&area, (&names[row.name.as_str()], row), frame, top)?;
            draw_row(&area, row, top + frame.line, &across, &mut values)?;
        }
        area.present().map_err(|error| error.to_string())?;
    }
    Ok((svg, values))
}

/// Margin, grid, the line of no difference and the axis.
fn draw_background(
    area: &Area<'_>,
    axis: &Axis,
    margin: f64,
    (frame, bottom): (Frame, i32),
    across: &impl Fn(f64) -> i32,
) -> Drawn {
    let (from, to) = (across(-margin), across(margin));
    put(area, &Rectangle::new([(from, TOP - 4), (to, bottom)], BAND.mix(0.55).filled()))?;
    write(area, "margin", ((from + to) / 2, TOP - 12), &MUTED, HPos::Center, VPos::Center)?;
    let mut free_from = i32::MIN;
    for tick in &axis.ticks {
        let x = across(*tick);
        put(area, &PathElement::new([(x, TOP), (x, bottom)], GRID.stroke_width(1)))?;
        let label = axis.label(*tick);
        let half = label.chars().count() as i32 * 4 + 4;
        if x - half >= free_from {
            write(area, &label, (x, bottom + 8), &MUTED, HPos::Center, VPos::Top)?;
            free_from = x + half;
        }
    }
    let zero = across(0.0);
    put(area, &PathElement::new([(zero, TOP - 4), (zero, bottom)], MUTED.stroke_width(1)))?;
    put(area, &PathElement::new([(frame.plot.0, bottom), (frame.plot.1, bottom)], MUTED.stroke_width(1)))?;
    let middle = (frame.plot.0 + frame.plot.1) / 2;
    write(area, &axis.title, (middle, bottom + 26), &MUTED, HPos::Center, VPos::Top)
}

/// Name and verdict of a row.
fn draw_words(area: &Area<'_>, (name, row): (&str, &Row), frame: Frame, top: i32) -> Drawn {
    let y = if frame.above { top + 10 } else { top + frame.line };
    let left = if frame.above { frame.plot.0 } else { 4 };
    write(area, name, (left, y), &INK, HPos::Left, VPos::Center)?;
    let colour = row.colour();
    if frame.above {
        return write(area, &row.verdict, (frame.plot.1, y), &colour, HPos::Right, VPos::Center);
    }
    write(area, &row.verdict, (frame.plot.1 + 14, y), &colour, HPos::Left, VPos::Center)
}

/// Single runs, the interval and the mean of a row.
fn draw_row(
    area: &Area<'_>,
    row: &Row,
    y: i32,
    across: &impl Fn(f64) -> i32,
    values: &mut Vec<ShownValue>,
) -> Drawn {
    let colour = row.colour();
    for (number, (difference, text)) in row.runs.iter().enumerate() {
        // Above and below the line by turns, so that runs do not hide each other.
        let y = y + SPREAD * (number as i32 % 3 - 1);
        let x = across(*difference);
        put(area, &Circle::new((x, y), 2, colour.mix(0.45).filled()))?;
        values.push(ShownValue { x, y, text: text.clone() });
    }
    let Some((difference, lower, upper)) = row.interval else { return Ok(()) };
    let (from, middle, to) = (across(lower), across(difference), across(upper));
    put(area, &PathElement::new([(from, y), (to, y)], colour.stroke_width(2)))?;
    put(area, &Circle::new((middle, y), 6, SURFACE.filled()))?;
    put(area, &Circle::new((middle, y), 5, colour.filled()))?;
    values.push(ShownValue { x: middle, y, text: row.spoken() });
    Ok(())
}

//! The forest plot: differences with their intervals over the band of the margin.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use crate::error::{Error, Result};
use crate::words::format::{confidence, count, margin_in_points, signed_points};
use crate::words::verdict::word;

use super::axes::{BEYOND, draw_foot, draw_title_below};
use super::axis::Axis;
use super::canvas::{Area, BELOW, Drawing, Drawn, RIGHT, WIDTH, put, write};
use super::figure::{Figure, ShownValue};
use super::palette::{BAND, GRID, INK, MUTED, marker};
use super::plot::Plot;
use super::scope::ChartScope;
use super::text::{fitted, width};

/// Comparisons drawn; the table has the rest.
const ROWS: usize = 30;
const LEFT: i32 = 14;
const TOP: i32 = 14;
const ROW: i32 = 42;
const HEADING: i32 = 30;
/// Pixels between the plot and the figures beside it.
const GAP: i32 = 12;
/// Pixels from the top of a row to its interval.
const MIDDLE: i32 = 29;
/// Pixels of the grid above and below an interval.
const STRIP: i32 = 9;
/// Times the usual end of an interval that the plot reaches at most.
const WIDEST: f64 = 6.0;

/// One line of the plot.
enum Line {
    /// What the following are compared with.
    Against(String),
    /// A difference.
    Difference {
        /// Whose it is.
        name: String,
        /// In accuracy, as a share.
        difference: f64,
        /// Ends of its interval.
        ends: (f64, f64),
        /// Both as they are written beside the name.
        figures: String,
        /// Both in words with the verdict.
        note: String,
    },
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
        let ends = format!("{} to {}", signed_points(interval.lower), signed_points(interval.upper));
        let value = format!("{first} minus {second}: {} points", signed_points(difference));
        spoken += &format!(" {value}, {ends}.");
        let note =
            format!("{value}, {} interval {ends}; {}", confidence(options), word(pair.verdict, difference));
        lines.push(Line::Difference {
            name: first.clone(),
            difference,
            ends: (interval.lower, interval.upper),
            figures: format!("{} ({ends})", signed_points(difference)),
            note,
        });
    }
    let (file_name, title) = (scope.file_name("differences"), scope.title("Differences in accuracy"));
    let axis = axis(&lines, options.margin);
    let (drawing, values) = draw(&lines, &axis, options.margin)
        .map_err(|reason| Error::Chart { name: file_name.clone(), reason })?;
    let is_beyond = |(lower, upper): (f64, f64)| lower < axis.low || upper > axis.high;
    let beyond = if lines.iter().filter_map(Line::ends).any(is_beyond) {
        " Intervals with an arrow go on beyond the plot."
    } else {
        ""
    };
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
            "Differences in points of accuracy with the table's {} intervals, not corrected for several comparisons. {} the \
             margin of ±{}.{beyond}{rest}",
            confidence(options),
            if is_wide(&axis, options.margin) { "Thin lines mark" } else { "The band is" },
            margin_in_points(options)
        ),
        drawing,
        values,
    }))
}

/// The axis of the margin and of all intervals but those that are much wider than most.
fn axis(lines: &[Line], margin: f64) -> Axis {
    let mut ends: Vec<f64> =
        lines.iter().filter_map(Line::ends).flat_map(|(lower, upper)| [lower, upper]).collect();
    ends.sort_by(|one, other| one.abs().total_cmp(&other.abs()));
    let usual = ends.get(ends.len() / 2).map_or(margin, |end| end.abs().max(margin));
    let reach = ends.iter().map(|end| end.clamp(-WIDEST * usual, WIDEST * usual));
    Axis::points("difference in accuracy, points", &reach.chain([-margin, margin]).collect::<Vec<_>>())
}

/// Whether a margin would fill the plot.
fn is_wide(axis: &Axis, margin: f64) -> bool {
    4.0 * margin > axis.high - axis.low
}

fn draw(lines: &[Line], axis: &Axis, margin: f64) -> std::result::Result<Drawing, String> {
    let bottom = TOP + lines.iter().map(Line::height).sum::<i32>() + 6;
    let figures = lines.iter().map(|line| width(line.figures())).max().unwrap_or(0);
    let upright = Axis::part("", (0.0, 1.0));
    let plot = Plot::new((axis, &upright), (LEFT, TOP), (WIDTH - RIGHT - figures - GAP, bottom));
    let names = fitted(lines.iter().map(Line::name), WIDTH - RIGHT - LEFT, 1);
    let mut values = Vec::new();
    let mut svg = String::new();
    {
        let size = (WIDTH as u32, (bottom + BELOW) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let mut y = TOP;
        for line in lines {
            let write = |text: &str, (x, y): (i32, i32), colour: &RGBColor, anchor: HPos| {
                write(&area, text, (x, y), colour, anchor, VPos::Center)
            };
            let name = names[line.name()].join(" ");
            match line {
                Line::Against(_) => write(&name, (LEFT, y + 18), &MUTED, HPos::Left)?,
                Line::Difference { difference, ends, figures, note, .. } => {
                    write(&name, (LEFT, y + 11), &INK, HPos::Left)?;
                    draw_strip(&area, axis, margin, (&plot, y))?;
                    write(figures, (WIDTH - RIGHT, y + MIDDLE), &INK, HPos::Right)?;
                    draw_interval(&area, &plot, (*difference, *ends), y + MIDDLE)?;
                    let x = plot.across(difference.clamp(axis.low, axis.high));
                    values.push(ShownValue { x, y: y + MIDDLE, text: note.clone() });
                }
            }
            y += line.height();
        }
        draw_foot(&area, axis, &plot, Some(BEYOND))?;
        draw_title_below(&area, &axis.title, (plot.left, plot.right), plot.bottom)?;
        area.present().map_err(|error| error.to_string())?;
    }
    Ok((svg, values))
}

/// Band, grid and the line of no difference behind one interval, below its name.
fn draw_strip(area: &Area<'_>, axis: &Axis, margin: f64, (plot, y): (&Plot, i32)) -> Drawn {
    let (top, bottom) = (y + MIDDLE - STRIP, y + MIDDLE + STRIP);
    let line = |x: i32, style: ShapeStyle| put(area, &PathElement::new([(x, top), (x, bottom)], style));
    let (from, to) = (plot.across(-margin), plot.across(margin));
    if !is_wide(axis, margin) {
        put(area, &Rectangle::new([(from, top), (to, bottom)], BAND.mix(0.6).filled()))?;
    }
    axis.ticks.iter().try_for_each(|tick| line(plot.across(*tick), GRID.stroke_width(1)))?;
    line(from, MUTED.mix(0.5).stroke_width(1))?;
    line(to, MUTED.mix(0.5).stroke_width(1))?;
    line(plot.across(0.0), MUTED.stroke_width(1))
}

/// A difference with its interval; an arrow where this goes on beyond the plot.
fn draw_interval(area: &Area<'_>, plot: &Plot, (difference, ends): (f64, (f64, f64)), y: i32) -> Drawn {
    let [lower, middle, upper] = [ends.0, difference, ends.1].map(|value| plot.across(value));
    let (from, to) = (lower.max(plot.left), upper.min(plot.right));
    let style = marker(0).stroke_width(2);
    put(area, &PathElement::new([(from, y), (to, y)], style))?;
    for (end, is_beyond, inwards) in [(from, lower < plot.left, 6), (to, upper > plot.right, -6)] {
        if is_beyond {
            put(area, &PathElement::new([(end + inwards, y - 5), (end, y), (end + inwards, y + 5)], style))?;
        } else {
            put(area, &PathElement::new([(end, y - 3), (end, y + 3)], style))?;
        }
    }
    if (plot.left..=plot.right).contains(&middle) {
        // Small, so that short intervals are seen.
        put(area, &Circle::new((middle, y), 4, marker(0).filled()))?;
    }
    Ok(())
}

impl Line {
    fn name(&self) -> &str {
        match self {
            Self::Against(name) | Self::Difference { name, .. } => name,
        }
    }

    fn ends(&self) -> Option<(f64, f64)> {
        match self {
            Self::Against(_) => None,
            Self::Difference { ends, .. } => Some(*ends),
        }
    }

    fn figures(&self) -> &str {
        match self {
            Self::Against(_) => "",
            Self::Difference { figures, .. } => figures,
        }
    }

    fn height(&self) -> i32 {
        if matches!(self, Self::Against(_)) { HEADING } else { ROW }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn each_difference_says_its_interval_and_its_verdict() {
        let analysis = analyse(&fixture::against_classical(40, 400)).unwrap();
        let figure = figure(&ChartScope::new(&analysis, &analysis.charted[0], None)).unwrap().unwrap();
        let [value] = figure.values.as_slice() else { panic!("{:?}", figure.values) };
        assert!(value.text.contains(" minus model_4: −9.00 points, 95 % interval −"), "{}", value.text);
        assert!(value.text.ends_with("; worse"), "{}", value.text);
        assert!(figure.drawing.contains("\n−9.00 (−"), "the figures stand beside the plot");
    }

    #[test]
    fn one_interval_that_is_far_wider_than_the_rest_does_not_hide_them() {
        let line = |end: f64| Line::Difference {
            name: format!("{end}"),
            difference: 0.0,
            ends: (-end, end),
            figures: "0.00".into(),
            note: "note".into(),
        };
        let far = axis(&[line(0.02), line(0.03), line(1.0)], 0.01);
        assert!(far.high < 0.25, "{far:?}");
        let near = axis(&[line(0.02), line(0.1)], 0.01);
        assert!(near.high >= 0.1, "{near:?}");
    }

    #[test]
    fn a_margin_that_would_fill_the_plot_is_drawn_by_its_edges() {
        let line = |end: f64| Line::Difference {
            name: "one".into(),
            difference: 0.0,
            ends: (-end, end),
            figures: "0.00".into(),
            note: "note".into(),
        };
        let fills = |end: f64| {
            let lines = [line(end)];
            draw(&lines, &axis(&lines, 0.01), 0.01).unwrap().0.contains("<rect")
        };
        assert!(fills(0.05) && !fills(0.002));
    }
}

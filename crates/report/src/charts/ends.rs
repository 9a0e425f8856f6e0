//! Names at the ends of lines, where they are few and short enough to stand there.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Area, Drawn, put, write};
use super::chart::Chart;
use super::labels::stacked;
use super::legend::{of_lines, of_series};
use super::palette::{INK, MUTED};
use super::plot::Plot;
use super::strokes::{BAR, bars, shift};
use super::text::{LINE, width, wrapped};

/// Lines that can have their names at their ends.
const NAMES: usize = 4;
/// Pixels of the longest name.
const ROOM: i32 = 122;
/// Lines of text of a name.
const LINES: usize = 2;
/// Pixels between a plot and the names beside it.
const BESIDE: i32 = 10;
/// Pixels that a line may end before the plot does.
const EARLY: i32 = 48;
/// Pixels that a name may stand above or below the end of its line.
const ASIDE: i32 = 26;
/// Pixels from which a thin line leads to the name.
const LEADER: i32 = 4;
/// Of that line.
const LEADER_OPACITY: f64 = 0.6;

/// A name with where it stands and where its line ends.
pub(super) struct EndLabel {
    lines: Vec<String>,
    end: (i32, i32),
    middle: i32,
}

/// Pixels right of a plot that the names of its lines need; `None` where they are too many or too long.
pub(super) fn room(chart: &Chart) -> Option<i32> {
    let names = names(chart);
    if !chart.joined || names.len() < 2 || names.len() > NAMES {
        return None;
    }
    let lines: Vec<Vec<String>> = names.iter().map(|name| wrapped(name, ROOM)).collect();
    if lines.iter().any(|lines| lines.len() > LINES) {
        return None;
    }
    let longest = lines.iter().flatten().map(|line| width(line)).max()?;
    Some(longest + beside(chart) + 6)
}

fn names(chart: &Chart) -> Vec<String> {
    of_series(chart).chain(of_lines(chart)).map(|entry| entry.name).collect()
}

/// Pixels from the plot to the names, beyond what else stands there.
fn beside(chart: &Chart) -> i32 {
    BESIDE + bars(chart).count() as i32 * BAR
}

/// The names at the ends of a chart's lines; `None` where some would stand far from their lines.
pub(super) fn placed(chart: &Chart, plot: &Plot) -> Option<Vec<EndLabel>> {
    let series = chart.series.iter().enumerate().map(|(order, series)| {
        let point = series.points.last()?;
        let (x, y) = plot.at(point.x, point.y);
        Some((x + shift(chart, order), y))
    });
    let rules = chart.rules.iter().map(|rule| Some((plot.right, plot.up(rule.y))));
    let guides = chart.guides.iter().map(|guide| guide.path.last().map(|(x, y)| plot.at(*x, *y)));
    let ends: Vec<(i32, i32)> = series.chain(rules).chain(guides).collect::<Option<_>>()?;
    if ends.iter().any(|(x, _)| *x < plot.right - EARLY) {
        return None;
    }
    let lines: Vec<Vec<String>> = names(chart).iter().map(|name| wrapped(name, ROOM)).collect();
    let wanted: Vec<(i32, i32)> =
        ends.iter().zip(&lines).map(|((_, y), lines)| (*y, lines.len() as i32 * LINE + 2)).collect();
    let middles = stacked(&wanted, (plot.top - LINE, plot.bottom + LINE / 2))?;
    if middles.iter().zip(&ends).any(|(middle, (_, y))| (middle - y).abs() > ASIDE) {
        return None;
    }
    let labels = lines.into_iter().zip(ends).zip(middles);
    Some(labels.map(|((lines, end), middle)| EndLabel { lines, end, middle }).collect())
}

/// Draws the names, with thin lines to those that stand aside.
pub(super) fn draw(area: &Area<'_>, chart: &Chart, labels: &[EndLabel], plot: &Plot) -> Drawn {
    let left = plot.right + beside(chart);
    for EndLabel { lines, end, middle } in labels {
        if (middle - end.1).abs() > LEADER {
            let path = [(end.0.max(plot.right - 2) + 4, end.1), (left - 3, *middle)];
            put(area, &PathElement::new(path, MUTED.mix(LEADER_OPACITY).stroke_width(1)))?;
        }
        let first = middle - (lines.len() as i32 - 1) * LINE / 2;
        for (line, text) in lines.iter().enumerate() {
            write(area, text, (left, first + line as i32 * LINE), &INK, HPos::Left, VPos::Center)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::axis::Axis;
    use crate::charts::chart::{Point, Series};

    fn chart(ends: &[(&str, f64)]) -> Chart {
        let series = ends.iter().enumerate().map(|(slot, (name, end))| {
            let points = [(1.0, 0.5), (10.0, *end)].map(|(x, y)| Point { x, y, bar: None });
            Series::of(*name, slot, points.into())
        });
        Chart::of(Axis::whole("epoch", &[1.0, 10.0]), Axis::share("y", &[0.0, 1.0]), series.collect())
    }

    fn plot(chart: &Chart) -> Plot {
        Plot::new((&chart.x, &chart.y), (58, 36), (450, 296))
    }

    #[test]
    fn few_short_names_stand_at_their_ends() {
        let chart = chart(&[("training", 0.9), ("validation", 0.7)]);
        assert!(room(&chart).unwrap() < 120);
        let labels = placed(&chart, &plot(&chart)).unwrap();
        assert!(labels.iter().all(|label| (label.middle - label.end.1).abs() <= 1));
    }

    #[test]
    fn names_that_would_stand_far_from_their_lines_go_into_the_legend() {
        let close = chart(&[("one", 0.9), ("two", 0.9), ("three", 0.9), ("four", 0.9)]);
        assert!(room(&close).is_some() && placed(&close, &plot(&close)).is_none());
        assert!(room(&chart(&[("one", 0.9)])).is_none());
        assert!(
            room(&chart(&[("one", 0.9), ("a name that is longer than any of these could ever be", 0.1)]))
                .is_none()
        );
        let mut early = chart(&[("one", 0.9), ("two", 0.1)]);
        early.series[0].points[1].x = 5.0;
        assert!(placed(&early, &plot(&early)).is_none());
    }
}

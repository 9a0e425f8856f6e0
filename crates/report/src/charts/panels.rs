//! Small multiples: a panel for each series, the others behind it in grey, all on the same axes.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axes::{BEYOND, beyond_ends, draw_foot, draw_rows, draw_title_below, left_of};
use super::canvas::{Area, BELOW, Drawing, Drawn, RIGHT, WIDTH, write};
use super::chart::{Chart, Series};
use super::legend::{self, Entry, of_lines};
use super::markers::draw_marker;
use super::palette::{INK, MUTED};
use super::plot::Plot;
use super::shown;
use super::strokes::{
    draw_faint, draw_guides, draw_marks, draw_rule_bands, draw_rules, draw_series, draw_series_band,
};
use super::text::{LINE, fitted, without_common, wrapped};

/// Panels side by side.
const COLUMNS: usize = 3;
/// Pixels between them.
const GAP: i32 = 18;
/// Pixels above the first row, for what the vertical axes measure.
const TOP: i32 = 26;
/// Pixels of a plot from top to bottom.
const HEIGHT: i32 = 116;
/// Lines of a name at most.
const LINES: usize = 3;
/// Pixels of a marker in a title.
const MARKER: i32 = 16;
/// Pixels between a title and the plot below it.
const TITLE_GAP: i32 = 4;
/// Pixels between a plot and the title below it.
const ROW_GAP: i32 = 12;

/// Where panels stand.
struct Grid {
    left: i32,
    width: i32,
    height: i32,
    /// Pixels of the titles of each row.
    titles: Vec<i32>,
    count: usize,
}

impl Grid {
    /// A grid for titles of so many lines.
    fn of(chart: &Chart, lines: &[usize]) -> Self {
        let left = left_of(&chart.y);
        let width = (WIDTH - left - RIGHT - GAP * (COLUMNS as i32 - 1)) / COLUMNS as i32;
        let height = if chart.square { width } else { HEIGHT };
        let most = |row: &[usize]| row.iter().copied().max().unwrap_or(1) as i32 * LINE + TITLE_GAP;
        Self { left, width, height, titles: lines.chunks(COLUMNS).map(most).collect(), count: lines.len() }
    }

    /// Upper left corner of a panel's plot.
    fn corner(&self, place: usize) -> (i32, i32) {
        let (column, row) = (place % COLUMNS, place / COLUMNS);
        let x = self.left + column as i32 * (self.width + GAP);
        let titles: i32 = self.titles[..=row].iter().sum();
        (x, TOP + titles + row as i32 * (self.height + ROW_GAP))
    }

    fn plot(&self, chart: &Chart, place: usize) -> Plot {
        let (left, top) = self.corner(place);
        Plot::new((&chart.x, &chart.y), (left, top), (left + self.width, top + self.height))
    }

    fn is_leftmost(&self, place: usize) -> bool {
        place.is_multiple_of(COLUMNS)
    }

    fn is_lowest(&self, place: usize) -> bool {
        place + COLUMNS >= self.count
    }

    /// Lower edge of the last row.
    fn bottom(&self) -> i32 {
        let rows = self.titles.len() as i32;
        TOP + self.titles.iter().sum::<i32>() + rows * (self.height + ROW_GAP) - ROW_GAP
    }
}

/// The lines above each panel: what its series has for itself, and its measure.
fn titles(chart: &Chart) -> Vec<Vec<String>> {
    let names: Vec<&str> = chart.series.iter().map(|series| series.name.as_str()).collect();
    let own = without_common(&names);
    let room = Grid::of(chart, &[LINES]).width - MARKER;
    let lines = fitted(own.iter().map(String::as_str), room, LINES);
    let title = |(series, own): (&Series, &String)| {
        let mut lines = lines[own.as_str()].clone();
        lines.extend(wrapped(&series.measure, room));
        lines
    };
    chart.series.iter().zip(&own).map(title).collect()
}

/// Draws a chart's series in panels.
pub(super) fn draw(chart: &Chart) -> Result<Drawing, String> {
    let titles = titles(chart);
    let grid = Grid::of(chart, &titles.iter().map(Vec::len).collect::<Vec<_>>());
    let entries: Vec<Entry> = of_lines(chart).collect();
    let below = grid.bottom() + BELOW;
    let height = below + legend::height(&entries) + 6;
    let mut values = Vec::new();
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32)).into_drawing_area();
        write(&area, &chart.y.title, (6, 12), &MUTED, HPos::Left, VPos::Center)?;
        for (place, series) in chart.series.iter().enumerate() {
            let plot = grid.plot(chart, place);
            draw_panel(&area, chart, place, &plot, &grid)?;
            draw_title(&area, &titles[place], series.slot, &plot)?;
            values.extend(shown::of_series(chart, series, &plot, 0));
            if place == 0 {
                values.extend(shown::of_rules(chart, &plot));
            }
        }
        draw_title_below(&area, &chart.x.title, (grid.left, WIDTH - RIGHT), grid.bottom())?;
        legend::draw(&area, &entries, below)?;
        area.present().map_err(|error| error.to_string())?;
    }
    Ok((svg, values))
}

/// Pixels that labels below a panel may stand beyond its ends without reaching those of the next panel.
fn beyond(chart: &Chart, plot: &Plot) -> i32 {
    if beyond_ends(&chart.x, plot) <= GAP { BEYOND } else { GAP / 2 }
}

fn draw_panel(area: &Area<'_>, chart: &Chart, place: usize, plot: &Plot, grid: &Grid) -> Drawn {
    draw_rows(area, &chart.y, plot, grid.is_leftmost(place))?;
    let beyond = beyond(chart, plot);
    draw_foot(area, &chart.x, plot, grid.is_lowest(place).then_some(beyond))?;
    draw_rule_bands(area, chart, plot)?;
    for (other, series) in chart.series.iter().enumerate() {
        if other != place {
            draw_faint(area, series, chart.joined, plot)?;
        }
    }
    draw_series_band(area, &chart.series[place], plot)?;
    draw_marks(area, &chart.marks, plot)?;
    draw_rules(area, chart, plot)?;
    draw_guides(area, chart, plot)?;
    draw_series(area, (chart, place), plot, 0)
}

/// The name of a panel's series above it, after its marker.
fn draw_title(area: &Area<'_>, lines: &[String], slot: usize, plot: &Plot) -> Drawn {
    let y = |line: usize| plot.top - TITLE_GAP - (lines.len() - line) as i32 * LINE + LINE / 2;
    draw_marker(area, slot, (plot.left + 6, y(0)))?;
    for (line, text) in lines.iter().enumerate() {
        write(area, text, (plot.left + MARKER, y(line)), &INK, HPos::Left, VPos::Center)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::axis::Axis;
    use crate::charts::chart::{Note, Point};

    fn chart(count: usize) -> Chart {
        let series = (0..count).map(|slot| {
            let point = |x: f64| Point { x, y: 0.5 + 0.01 * slot as f64, bar: None };
            let note = |x: f64| Note { x, y: 0.5, of_run: false, text: format!("{slot} at {x}") };
            let name = format!("model_5 · block5_conv1+block5_conv2 · rank {slot}");
            Series {
                notes: vec![note(1.0), note(2.0)],
                ..Series::of(name, slot, vec![point(1.0), point(2.0)])
            }
        });
        Chart {
            panelled: true,
            ..Chart::of(Axis::whole("epoch", &[1.0, 2.0]), Axis::share("y", &[0.4, 0.7]), series.collect())
        }
    }

    #[test]
    fn each_series_has_a_panel_in_which_the_others_are_grey() {
        let (svg, values) = draw(&chart(8)).unwrap();
        assert_eq!(svg.matches("opacity=\"0.3\"").count(), 8 * 7);
        assert_eq!(values.len(), 16);
        assert!(values[0].text == "0 at 1" && values[15].text == "7 at 2");
        // Tick labels at the left of three rows and below three columns only.
        assert_eq!(svg.matches("\n50\n").count(), 3);
        assert_eq!(svg.matches("text-anchor=\"middle\"").count(), 3 * 2 + 1);
    }

    #[test]
    fn panels_lie_inside_the_drawing_and_over_no_other() {
        for count in [5, 6, 7, 9, 12] {
            let chart = chart(count);
            let grid = Grid::of(&chart, &vec![LINES; count]);
            let plots: Vec<Plot> = (0..count).map(|place| grid.plot(&chart, place)).collect();
            assert!(plots.iter().all(|plot| plot.right <= WIDTH - RIGHT && plot.bottom <= grid.bottom()));
            for pair in plots.windows(2) {
                assert!(pair[0].right < pair[1].left || pair[0].bottom + grid.titles[0] < pair[1].top);
            }
        }
    }
}

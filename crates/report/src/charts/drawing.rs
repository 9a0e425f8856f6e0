//! Drawing a chart with plotters: all series in one plot, or a panel for each where they are many.

use plotters::prelude::*;

use super::axes::{BEYOND, draw_foot, draw_rows, draw_titles, left_of};
use super::canvas::{Area, BELOW, Drawing, Drawn, RIGHT, TOP, WIDTH};
use super::chart::Chart;
use super::ends::{self, EndLabel};
use super::legend::{self, Entry, of_lines, of_series};
use super::panels;
use super::plot::Plot;
use super::shown;
use super::strokes::{
    draw_guides, draw_marks, draw_rule_bands, draw_rules, draw_series, draw_series_band, inset, shift,
};

/// Pixels of a plot from top to bottom.
const HEIGHT: i32 = 260;
/// Pixels of a plot of two shares.
const SQUARE_HEIGHT: i32 = 340;

/// How a reader learns which line is which.
enum Names {
    /// At the lines' ends.
    Ends(Vec<EndLabel>),
    /// In a legend.
    Legend(Vec<Entry>),
}

/// Draws the chart as SVG in the placeholder colours of the theme.
///
/// # Errors
/// What plotters says where it cannot draw.
pub(super) fn draw(chart: &Chart) -> Result<Drawing, String> {
    if chart.has_panels() { panels::draw(chart) } else { draw_together(chart) }
}

fn draw_together(chart: &Chart) -> Result<Drawing, String> {
    let (plot, names) = layout(chart);
    let legend = match &names {
        Names::Ends(_) => 0,
        Names::Legend(entries) => legend::height(entries) + 6,
    };
    let height = plot.bottom + BELOW + legend;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32)).into_drawing_area();
        draw_rows(&area, &chart.y, &plot, true)?;
        draw_foot(&area, &chart.x, &plot, Some(BEYOND))?;
        draw_titles(&area, (&chart.x, &chart.y), &plot, plot.bottom)?;
        draw_content(&area, chart, &plot)?;
        match &names {
            Names::Ends(labels) => ends::draw(&area, chart, labels, &plot)?,
            Names::Legend(entries) => legend::draw(&area, entries, plot.bottom + BELOW)?,
        }
        area.present().map_err(|error| error.to_string())?;
    }
    let series = chart.series.iter().enumerate();
    let values =
        series.flat_map(|(order, series)| shown::of_series(chart, series, &plot, shift(chart, order)));
    let values = values.chain(shown::of_rules(chart, &plot)).collect();
    Ok((svg, values))
}

/// The plot and where the names of its lines stand.
fn layout(chart: &Chart) -> (Plot, Names) {
    let height = if chart.square { SQUARE_HEIGHT } else { HEIGHT };
    let axes = (&chart.x, &chart.y);
    let plot = |right: i32| {
        let plot = Plot::new(axes, (left_of(&chart.y), TOP), (WIDTH - right, TOP + height));
        plot.with_inset(axes, inset(chart))
    };
    let at_ends = || {
        let plot = plot(ends::room(chart)?);
        let labels = ends::placed(chart, &plot)?;
        Some((plot, Names::Ends(labels)))
    };
    let in_legend = || (plot(RIGHT), Names::Legend(of_series(chart).chain(of_lines(chart)).collect()));
    at_ends().unwrap_or_else(in_legend)
}

fn draw_content(area: &Area<'_>, chart: &Chart, plot: &Plot) -> Drawn {
    draw_rule_bands(area, chart, plot)?;
    chart.series.iter().try_for_each(|series| draw_series_band(area, series, plot))?;
    draw_marks(area, &chart.marks, plot)?;
    draw_rules(area, chart, plot)?;
    draw_guides(area, chart, plot)?;
    (0..chart.series.len()).try_for_each(|order| draw_series(area, (chart, order), plot, shift(chart, order)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::axis::Axis;
    use crate::charts::chart::{Guide, Mark, Note, Point, Rule, Series};

    fn chart(names: &[&str]) -> Chart {
        let series = names.iter().enumerate().map(|(slot, name)| {
            let first = Point { x: 1.0, y: 0.9, bar: None };
            let second = Point { x: 2.0, y: 0.95, bar: Some((0.94, 0.96)) };
            Series::of(*name, slot, vec![first, second])
        });
        let y = Axis::share("accuracy, %", &[0.9, 0.96]);
        Chart::of(Axis::whole("epoch", &[1.0, 2.0]), y, series.collect())
    }

    fn svg(chart: &Chart) -> String {
        draw(chart).unwrap().0
    }

    #[test]
    fn every_series_has_a_line_and_markers_and_where_ends_are_near_a_legend() {
        let svg = svg(&chart(&["one", "two", "three", "four"]));
        assert_eq!(svg.matches("stroke=\"#000200\"").count(), 2, "line and legend");
        assert_eq!(svg.matches("fill=\"#000100\"").count(), 3, "two points and the legend");
        assert!(svg.contains("\none\n") && svg.contains("\ntwo\n"));
    }

    #[test]
    fn names_that_fit_stand_at_the_ends_of_lines() {
        let mut chart = chart(&["one", "two"]);
        chart.series[1].points[1].y = 0.92;
        let svg = svg(&chart);
        assert_eq!(svg.matches("stroke=\"#000200\"").count(), 1, "no legend");
        assert!(svg.contains("\none\n") && svg.contains("\ntwo\n"));
    }

    #[test]
    fn guides_are_dotted_and_named_and_dots_are_small() {
        let mut chart = chart(&["one"]);
        let before = svg(&chart);
        chart.guides.push(Guide { name: "front".into(), path: vec![(1.0, 0.9), (1.5, 0.95)] });
        chart.series[0].dots = vec![(1.0, 0.91), (1.0, 0.92)];
        let after = svg(&chart);
        assert_eq!(after.matches("#000005").count(), 2, "path and legend");
        assert!(after.contains("\nfront\n") && !before.contains("#000005"));
        assert_eq!(after.matches("r=\"2\"").count(), 2);
    }

    #[test]
    fn lines_without_a_marker_at_each_point_still_have_a_few() {
        let mut chart = chart(&["one", "two"]);
        chart.marked = false;
        chart.series[0].points =
            (0..50).map(|x| Point { x: 1.0 + f64::from(x) / 50.0, y: 0.93, bar: None }).collect();
        assert_eq!(svg(&chart).matches("r=\"5\"").count(), 4);
    }

    #[test]
    fn areas_lie_below_lines_and_do_not_fill_the_plot() {
        let mut chart = chart(&["one"]);
        chart.series[0].band = vec![(1.0, 0.89, 0.92), (2.0, 0.94, 0.96)];
        chart.rules.push(Rule {
            name: "rule".into(),
            slot: 1,
            y: 0.93,
            band: Some((0.92, 0.94)),
            note: "rule: 93.00 %".into(),
        });
        let narrow = svg(&chart);
        let place = |text: &str| narrow.find(text).unwrap();
        assert_eq!(narrow.matches("opacity=\"0.1\"").count(), 2);
        assert!(place("<polygon opacity") < place("#000200"));
        chart.series[0].band = vec![(1.0, 0.89, 0.97), (2.0, 0.9, 0.97)];
        chart.rules[0].band = Some((0.89, 0.97));
        let wide = svg(&chart);
        assert_eq!(wide.matches("opacity=\"0.1\"").count(), 0, "edges and a bar beside the plot");
        assert_eq!(wide.matches("opacity=\"0.55\"").count(), 2, "edges of the series' area");
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
            // A circle on paper for each and in the legend.
            assert_eq!(svg(&chart).matches("r=\"5\"").count(), count as usize + 1, "joined: {joined}");
        }
    }

    #[test]
    fn values_stand_where_their_markers_are_drawn() {
        let mut chart = chart(&["one", "two", "three"]);
        chart.sidestep = true;
        for series in &mut chart.series {
            series.notes = vec![Note { text: format!("{} at 2", series.name), ..Note::of_mean(2.0, 0.95) }];
        }
        let (svg, values) = draw(&chart).unwrap();
        assert_eq!(values.len(), 3);
        assert!(values.windows(2).all(|pair| pair[0].x < pair[1].x), "beside each other");
        let first = &values[0];
        assert!(svg.contains(&format!("cx=\"{}\" cy=\"{}\" r=\"5\"", first.x, first.y)), "{first:?}");
    }

    #[test]
    fn a_word_above_the_plot_stays_in_the_drawing() {
        let mut chart = chart(&["one"]);
        chart.marks.push(Mark { x: 2.0, name: "kept epoch".into() });
        let drawn = svg(&chart);
        let (before, _) = drawn.split_once("\nkept epoch\n").unwrap();
        let x = before.rsplit_once("x=\"").unwrap().1.split('"').next().unwrap().parse::<i32>().unwrap();
        assert!(x + crate::charts::text::width("kept epoch") <= WIDTH, "{x}");
    }

    #[test]
    fn names_with_markup_stay_text() {
        let svg = svg(&chart(&["<script>alert(1)</script>"]));
        assert!(!svg.contains("<script"));
        assert!(svg.contains("&lt;script&gt;"));
    }
}

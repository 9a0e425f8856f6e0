//! A chart with two axes: what is on it.

use super::axis::Axis;

/// A point, drawn with a bar where it has an interval or a spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// Place along the x axis.
    pub(crate) x: f64,
    /// Place along the y axis.
    pub(crate) y: f64,
    /// Ends of its bar, along the y axis.
    pub(crate) bar: Option<(f64, f64)>,
}

/// Points that belong together, ascending in x.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// Entry of the legend.
    pub(crate) name: String,
    /// Decides hue, marker and dash.
    pub(crate) slot: usize,
    /// The points.
    pub(crate) points: Vec<Point>,
    /// Single runs behind the points, drawn small.
    pub(crate) dots: Vec<(f64, f64)>,
    /// Place, lower and upper end of the area around the line; empty without one.
    pub(crate) band: Vec<(f64, f64, f64)>,
}

impl Series {
    /// Points and nothing else.
    pub(crate) fn of(name: impl Into<String>, slot: usize, points: Vec<Point>) -> Self {
        Self { name: name.into(), slot, points, dots: Vec::new(), band: Vec::new() }
    }
}

/// A value that does not depend on x: a line across the plot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    /// Entry of the legend.
    pub(crate) name: String,
    /// Decides hue and dash.
    pub(crate) slot: usize,
    /// Place along the y axis.
    pub(crate) y: f64,
    /// Ends of the area around it.
    pub(crate) band: Option<(f64, f64)>,
}

/// A position along the x axis: a dotted line down the plot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    /// Place.
    pub(crate) x: f64,
    /// Word beside it.
    pub(crate) name: String,
}

/// A dotted path that helps to read the series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Guide {
    /// Entry of the legend.
    pub(crate) name: String,
    /// Corners of the path.
    pub(crate) path: Vec<(f64, f64)>,
}

/// All of a chart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chart {
    /// Horizontal axis.
    pub(crate) x: Axis,
    /// Vertical axis.
    pub(crate) y: Axis,
    /// Lines with markers.
    pub(crate) series: Vec<Series>,
    /// Lines across.
    pub(crate) rules: Vec<Rule>,
    /// Lines down.
    pub(crate) marks: Vec<Mark>,
    /// Dotted paths below the series.
    pub(crate) guides: Vec<Guide>,
    /// Whether a series' points follow one another: then a line joins them.
    pub(crate) joined: bool,
    /// Whether points of different series at the same place stand beside each other.
    pub(crate) sidestep: bool,
    /// Whether points have markers.
    pub(crate) marked: bool,
}

impl Chart {
    /// Lines with markers and nothing else.
    pub(crate) fn of(x: Axis, y: Axis, series: Vec<Series>) -> Self {
        Self {
            x,
            y,
            series,
            rules: Vec::new(),
            marks: Vec::new(),
            guides: Vec::new(),
            joined: true,
            sidestep: false,
            marked: true,
        }
    }
}

/// Values with their spread, for an axis that holds all of it.
pub(crate) fn reach(series: &[Series]) -> impl Iterator<Item = f64> {
    series.iter().flat_map(|series| {
        let bars = series.points.iter().flat_map(|point| {
            let (low, high) = point.bar.unwrap_or((point.y, point.y));
            [low, point.y, high]
        });
        let band = series.band.iter().flat_map(|(_, low, high)| [*low, *high]);
        bars.chain(series.dots.iter().map(|(_, y)| *y)).chain(band)
    })
}

//! A chart with two axes: what is on it.

use super::axis::Axis;

/// Series that lie in one plot; more stand in panels, where a chart can have these.
const ONE_PLOT: usize = 4;
/// Part of an axis above which an interval across the plot is drawn beside it, not as an area.
const WIDE: f64 = 0.5;

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

/// What a reader learns who points at a place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Note {
    /// Place along the x axis.
    pub(crate) x: f64,
    /// Place along the y axis.
    pub(crate) y: f64,
    /// Whether it is a single run's, which stands beside its mean.
    pub(crate) of_run: bool,
    /// What stands there.
    pub(crate) text: String,
}

impl Note {
    /// The place of a mean or of a curve, still without words.
    pub(crate) fn of_mean(x: f64, y: f64) -> Self {
        Self { x, y, of_run: false, text: String::new() }
    }
}

/// Points that belong together, ascending in x.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// What it shows.
    pub(crate) name: String,
    /// A value of all of it, as `AUC 0.9812`; empty without one.
    pub(crate) measure: String,
    /// Decides hue, marker and dash.
    pub(crate) slot: usize,
    /// The points.
    pub(crate) points: Vec<Point>,
    /// Single runs behind the points, drawn small.
    pub(crate) dots: Vec<(f64, f64)>,
    /// Place, lower and upper end of the area around the line; empty without one.
    pub(crate) band: Vec<(f64, f64, f64)>,
    /// Values that can be pointed at.
    pub(crate) notes: Vec<Note>,
}

impl Series {
    /// Points and nothing else.
    pub(crate) fn of(name: impl Into<String>, slot: usize, points: Vec<Point>) -> Self {
        Self {
            name: name.into(),
            measure: String::new(),
            slot,
            points,
            dots: Vec::new(),
            band: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Its name with its measure, as in the legend.
    pub(crate) fn label(&self) -> String {
        match self.measure.as_str() {
            "" => self.name.clone(),
            measure => format!("{}, {measure}", self.name),
        }
    }

    /// Carries all places along the x axis over to its scale.
    pub(crate) fn scale(&mut self, place: impl Fn(f64) -> f64) {
        self.points.iter_mut().for_each(|point| point.x = place(point.x));
        self.dots.iter_mut().for_each(|(x, _)| *x = place(*x));
        self.band.iter_mut().for_each(|(x, ..)| *x = place(*x));
        self.notes.iter_mut().for_each(|note| note.x = place(note.x));
    }

    /// The places of its points.
    pub(crate) fn line(&self) -> Vec<(f64, f64)> {
        self.points.iter().map(|point| (point.x, point.y)).collect()
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
    /// What a reader learns who points at it.
    pub(crate) note: String,
}

impl Rule {
    /// Whether its area would fill the plot: then a bar beside the plot has its ends.
    pub(crate) fn is_wide(&self, axis: &Axis) -> bool {
        self.band.is_some_and(|(low, high)| high - low > WIDE * (axis.high - axis.low))
    }
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
    /// Whether each point has a marker; else a few places along the line have.
    pub(crate) marked: bool,
    /// Whether many series stand in a panel each.
    pub(crate) panelled: bool,
    /// Whether both axes measure shares, so that the plot is nearly square.
    pub(crate) square: bool,
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
            panelled: false,
            square: false,
        }
    }

    /// Whether each series is drawn in a panel of its own.
    pub(crate) fn has_panels(&self) -> bool {
        self.panelled && self.series.len() > ONE_PLOT
    }

    /// Lengths of both axes.
    pub(crate) fn reach(&self) -> (f64, f64) {
        (self.x.high - self.x.low, self.y.high - self.y.low)
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

/// Whether an interval's pixels would fill a plot of so many.
pub(crate) fn fills(interval: i32, plot: i32) -> bool {
    f64::from(interval) > WIDE * f64::from(plot)
}

//! A chart with its words, before it is drawn.

use crate::error::{Error, Result};

use super::chart::{Chart, Point};
use super::drawing::draw;
use super::figure::Figure;

/// What the caption of a chart in panels says of them.
const PANELS: &str = " Each panel shows one entry, the others in grey.";

/// A chart with its words.
pub(super) struct Draft {
    /// File name of the figure.
    pub(super) file_name: String,
    /// Heading.
    pub(super) title: String,
    /// How to read it.
    pub(super) caption: String,
    /// What is on it.
    pub(super) chart: Chart,
}

/// Draws a chart and describes it.
///
/// # Errors
/// When plotters cannot draw.
pub(super) fn finish(draft: Draft) -> Result<Figure> {
    let (drawing, values) =
        draw(&draft.chart).map_err(|reason| Error::Chart { name: draft.file_name.clone(), reason })?;
    Ok(Figure {
        description: describe(&draft.title, &draft.chart),
        file_name: draft.file_name,
        title: draft.title,
        caption: if draft.chart.has_panels() { draft.caption + PANELS } else { draft.caption },
        drawing,
        values,
    })
}

/// The chart in words: what is on its axes and where each series starts and ends.
fn describe(title: &str, chart: &Chart) -> String {
    let mut text = format!("{title}: {} against {}.", chart.y.title, chart.x.title);
    let point = |point: &Point| format!("{} at {}", chart.y.spoken(point.y), chart.x.label(point.x));
    for series in &chart.series {
        text += &match series.points.as_slice() {
            [] => continue,
            [only] => format!(" {}: {}.", series.label(), point(only)),
            [first, .., last] => format!(" {}: {} to {}.", series.label(), point(first), point(last)),
        };
    }
    for rule in &chart.rules {
        text += &match rule.band {
            Some((low, high)) => format!(
                " {}: {}, band from {} to {}.",
                rule.name,
                chart.y.spoken(rule.y),
                chart.y.spoken(low),
                chart.y.spoken(high)
            ),
            None => format!(" {}: {}.", rule.name, chart.y.spoken(rule.y)),
        };
    }
    for guide in &chart.guides {
        text += &format!(" Dotted: {}.", guide.name);
    }
    text
}

//! The reliability diagram: predicted against observed shares.

use ranklab_stats::ReliabilityBin;

use crate::analysis::{BINS, Reliability};
use crate::words::format::{count, four, percent};

use super::axis::Axis;
use super::chart::{Chart, Guide, Note, Point, Series};
use super::draft::Draft;
use super::scope::ChartScope;

/// The edge of a bin in percent.
fn edge(share: f64) -> String {
    format!("{:.0}", share * 100.0)
}

/// Predicted against observed shares of the leading configurations.
pub(super) fn figure(scope: &ChartScope<'_>) -> Option<Draft> {
    let of = |one: &Reliability| {
        let leading = scope.leading_with_id(one.configuration)?;
        let point = |x: Option<f64>, y: Option<f64>| Some(Point { x: x?, y: y?, bar: None });
        let bins = one.curve.bins.iter();
        let points = bins.filter_map(|bin| point(bin.mean_predicted, bin.observed)).collect();
        let configuration = &leading.configuration.name;
        let note = |bin: &ReliabilityBin| {
            let (x, y) = (bin.mean_predicted?, bin.observed?);
            let text = format!(
                "{configuration}, predicted {} to {} %: {} % observed of {}",
                edge(bin.lower),
                edge(bin.upper),
                percent(y),
                count(bin.count as usize, "prediction")
            );
            Some(Note { text, ..Note::of_mean(x, y) })
        };
        let notes = one.curve.bins.iter().filter_map(note).collect();
        let measure = format!("ECE {}", four(one.calibration_error));
        Some(Series { measure, notes, ..Series::of(configuration.clone(), leading.slot, points) })
    };
    let series: Vec<Series> = scope.charted.reliability.iter().filter_map(of).collect();
    if series.is_empty() {
        return None;
    }
    let positive = scope.analysis.class_names.positive_word();
    let images = &scope.analysis.nouns.image.many;
    Some(Draft {
        file_name: scope.file_name("reliability"),
        title: scope.title("Reliability of the probabilities"),
        caption: format!(
            "Test {images} of {} in {BINS} bins of predicted probability, folds and seeds together. ECE, the expected \
             calibration error, is the mean distance from the dotted line, weighted by {images}. It is above 0 by chance \
             alone when {images} are few.",
            scope.which()
        ),
        chart: Chart {
            guides: vec![Guide {
                name: "perfectly calibrated".to_owned(),
                path: vec![(0.0, 0.0), (1.0, 1.0)],
            }],
            panelled: true,
            square: true,
            ..Chart::of(
                Axis::part(&format!("predicted probability of {positive}, %"), (0.0, 1.0)),
                Axis::part(&format!("observed share of {positive}, %"), (0.0, 1.0)),
                series,
            )
        },
    })
}

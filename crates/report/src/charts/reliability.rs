//! The reliability diagram: predicted against observed shares.

use crate::analysis::{BINS, Reliability};
use crate::words::format::four;

use super::axis::Axis;
use super::chart::{Chart, Guide, Point, Series};
use super::draft::Draft;
use super::scope::ChartScope;

/// Predicted against observed shares of the leading configurations.
pub(super) fn figure(scope: &ChartScope<'_>) -> Option<Draft> {
    let of = |one: &Reliability| {
        let leading = scope.leading_with_id(one.configuration)?;
        let point = |x: Option<f64>, y: Option<f64>| Some(Point { x: x?, y: y?, bar: None });
        let bins = one.curve.bins.iter();
        let points = bins.filter_map(|bin| point(bin.mean_predicted, bin.observed)).collect();
        let name = format!("{}, ECE {}", leading.configuration.name, four(one.calibration_error));
        Some(Series::of(name, leading.slot, points))
    };
    let series: Vec<Series> = scope.charted.reliability.iter().filter_map(of).collect();
    if series.is_empty() {
        return None;
    }
    let positive = scope.analysis.class_names.positive_word();
    Some(Draft {
        file_name: scope.file_name("reliability"),
        title: scope.title("Reliability of the probabilities"),
        caption: format!(
            "Test cells of {} in {BINS} bins of predicted probability, folds and seeds together. ECE, the expected \
             calibration error, is the mean distance from the dotted line, weighted by cells. It is above 0 by chance \
             alone when cells are few.",
            scope.which()
        ),
        chart: Chart {
            guides: vec![Guide {
                name: "perfectly calibrated".to_owned(),
                path: vec![(0.0, 0.0), (1.0, 1.0)],
            }],
            ..Chart::of(
                Axis::share(&format!("predicted probability of {positive}, %"), &[0.0, 1.0]),
                Axis::share(&format!("observed share of {positive}, %"), &[0.0, 1.0]),
                series,
            )
        },
    })
}

//! Precision-recall curves with their bands.

use crate::analysis::PrecisionRecallCurves;

use super::axis::Axis;
use super::bands::{self, Area, curve_series};
use super::chart::{Chart, Guide, Series};
use super::draft::Draft;
use super::scope::ChartScope;

/// What lies below the curves, and how their places are spoken of.
const AREA: Area = Area { name: "AP", across: "sensitivity", up: "precision" };

/// Precision-recall curves of the leading configurations.
pub(super) fn figure(scope: &ChartScope<'_>) -> Option<Draft> {
    let PrecisionRecallCurves { side, curves, positives } = &scope.charted.precision_recall;
    let series: Vec<Series> = curves.iter().filter_map(|curve| curve_series(scope, curve, &AREA)).collect();
    if series.is_empty() {
        return None;
    }
    let (is_corner, floor) = (*side < 1.0, 1.0 - side);
    let close_up = if is_corner { " Only the upper right corner is shown." } else { "" };
    let positive = scope.analysis.class_names.positive_word();
    let images = &scope.analysis.nouns.image.many;
    // The precision of calling every cell positive.
    let chance = positives.map(|(positives, all)| {
        let share = positives as f64 / all as f64;
        Guide { name: format!("all called {positive}"), path: vec![(0.0, share), (1.0, share)] }
    });
    let up = format!("truly {positive} among those called so (precision), %");
    Some(Draft {
        file_name: scope.file_name("precision-recall"),
        title: scope.title("Precision-recall curves"),
        caption: format!(
            "Test {images} of {}: folds together, seeds averaged at equal sensitivities. AP, the average precision, is the \
             area below a curve; unlike the AUC it depends on the share of {positive} {images}.{close_up}{}",
            scope.which(),
            bands::note(scope)
        ),
        chart: Chart {
            guides: chance.into_iter().filter(|_| !is_corner).collect(),
            marked: false,
            panelled: true,
            square: true,
            ..Chart::of(
                Axis::part("sensitivity (recall), %", (floor, 1.0)),
                Axis::part(&up, (floor, 1.0)),
                series,
            )
        },
    })
}

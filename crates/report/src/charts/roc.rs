//! ROC curves with their bands.

use crate::analysis::RocCurves;

use super::axis::Axis;
use super::bands::{self, Area, curve_series};
use super::chart::{Chart, Guide, Series};
use super::draft::Draft;
use super::scope::ChartScope;

/// What lies below the curves, and how their places are spoken of.
const AREA: Area = Area { name: "AUC", across: "false-positive rate", up: "sensitivity" };

/// ROC curves of the leading configurations.
pub(super) fn figure(scope: &ChartScope<'_>) -> Option<Draft> {
    let RocCurves { side, curves } = &scope.charted.roc;
    let series: Vec<Series> = curves.iter().filter_map(|curve| curve_series(scope, curve, &AREA)).collect();
    if series.is_empty() {
        return None;
    }
    let is_corner = *side < 1.0;
    let chance = Guide { name: "chance".to_owned(), path: vec![(0.0, 0.0), (1.0, 1.0)] };
    let close_up = if is_corner { " Only the upper left corner is shown." } else { "" };
    let classes = &scope.analysis.class_names;
    let images = &scope.analysis.nouns.image.many;
    let across = format!("{} called {}, %", classes.negative_word(), classes.positive_word());
    Some(Draft {
        file_name: scope.file_name("roc"),
        title: scope.title("ROC curves"),
        caption: format!(
            "Test {images} of {}: folds together, seeds averaged at equal false positive rates.{close_up}{}",
            scope.which(),
            bands::note(scope)
        ),
        chart: Chart {
            guides: if is_corner { Vec::new() } else { vec![chance] },
            marked: false,
            panelled: true,
            square: true,
            ..Chart::of(
                Axis::part(&across, (0.0, *side)),
                Axis::part("sensitivity, %", (1.0 - side, 1.0)),
                series,
            )
        },
    })
}

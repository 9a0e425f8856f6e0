//! Learning curves: of all configurations together and of one run.

use ranklab_store::EpochMetric;

use crate::comparison::Group;
use crate::data::{ReportData, RunData};
use crate::error::Result;
use crate::table::Figure;

use super::axis::Axis;
use super::drawing::{Chart, Mark, Point, Series};
use super::{Draft, finish, leading, reach, which};

/// Validation accuracy of the first run of each configuration.
pub(super) fn validation_overview(data: &ReportData, groups: &[Group]) -> Option<Draft> {
    let mut series = Vec::new();
    for (group, slot) in leading(groups) {
        let run = data.runs.iter().find(|run| Some(&run.row.id) == group.runs.first());
        let points = run.map(|run| curve(&run.epochs, "validation_accuracy")).unwrap_or_default();
        if !points.is_empty() {
            series.push(Series::of(group.name.clone(), slot, points));
        }
    }
    // A single configuration's curve stands with its run.
    if series.len() < 2 {
        return None;
    }
    let values: Vec<f64> = reach(&series).collect();
    let epochs: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    Some(Draft {
        file_name: "validation-accuracy.svg".into(),
        title: "Validation accuracy by epoch".into(),
        caption: format!("First run of {}.", which(groups)),
        chart: Chart::of(
            Axis::whole("epoch", &epochs),
            Axis::share("validation accuracy, %", &values),
            series,
        ),
    })
}

/// A run's loss and accuracy by epoch; a chart without values is left out.
///
/// # Errors
/// When plotters cannot draw.
pub(crate) fn learning_curves(run: &RunData, best_epoch: i64) -> Result<Vec<Figure>> {
    let id = run.row.id;
    let mut figures = Vec::new();
    for (what, title, axis) in [
        ("loss", "Loss by epoch", Axis::amount as fn(&str, &[f64]) -> Axis),
        ("accuracy", "Accuracy by epoch", Axis::share),
    ] {
        let mut series = Vec::new();
        for (slot, part) in ["train", "validation"].into_iter().enumerate() {
            let points = curve(&run.epochs, &format!("{part}_{what}"));
            if !points.is_empty() {
                let name = if part == "train" { "training" } else { part };
                series.push(Series::of(name, slot, points));
            }
        }
        if series.is_empty() {
            continue;
        }
        let values: Vec<f64> = reach(&series).collect();
        let epochs: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
        let unit = if what == "accuracy" { "accuracy, %" } else { "cross-entropy" };
        let mark = Mark { x: best_epoch as f64, name: "kept epoch".to_owned() };
        let marks = epochs.contains(&mark.x).then_some(mark).into_iter().collect();
        let chart = Chart { marks, ..Chart::of(Axis::whole("epoch", &epochs), axis(unit, &values), series) };
        figures.push(finish(Draft {
            file_name: format!("run-{id}-{what}.svg"),
            title: title.to_owned(),
            caption: format!("Run {id}; the dotted line marks the epoch whose weights were kept."),
            chart,
        })?);
    }
    Ok(figures)
}

/// A metric over the epochs, without values that are not numbers.
fn curve(epochs: &[EpochMetric], metric: &str) -> Vec<Point> {
    let mut points: Vec<Point> = epochs
        .iter()
        .filter(|row| row.metric == metric && row.value.is_finite())
        .map(|row| Point { x: row.epoch as f64, y: row.value, bar: None })
        .collect();
    points.sort_by(|one, other| one.x.total_cmp(&other.x));
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_single_epoch_and_a_diverged_one_still_draw() {
        let mut data = fixture::ranks();
        let run = &mut data.runs[0];
        run.epochs.retain(|row| row.epoch == 1);
        assert_eq!(learning_curves(run, 1).unwrap().len(), 2);
        for row in &mut run.epochs {
            row.value = f64::NAN;
        }
        assert!(learning_curves(run, 1).unwrap().is_empty());
    }
}

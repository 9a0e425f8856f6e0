//! Learning curves: of all configurations together and of one run.

use crate::analysis::{EpochValue, Run};
use crate::error::Result;
use crate::words::format::{four, percent};

use super::axis::Axis;
use super::chart::{Chart, Mark, Note, Point, Series, reach};
use super::draft::{Draft, finish};
use super::figure::Figure;
use super::scope::{ChartScope, Leading};

/// Validation accuracy of the first run of each configuration.
pub(super) fn validation_overview(scope: &ChartScope<'_>) -> Option<Draft> {
    let of = |Leading { configuration, slot }: &Leading<'_>| {
        let run = scope.analysis.run(*configuration.runs.first()?)?;
        let values = &run.learning.validation_accuracy;
        let spoken = |value| format!("{} %", percent(value));
        (!values.is_empty()).then(|| curve(&configuration.name, *slot, values, spoken))
    };
    let series: Vec<Series> = scope.leading.iter().filter_map(of).collect();
    // A single configuration's curve stands with its run.
    if series.len() < 2 {
        return None;
    }
    let values: Vec<f64> = reach(&series).collect();
    let epochs: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    Some(Draft {
        file_name: scope.file_name("validation-accuracy"),
        title: scope.title("Validation accuracy by epoch"),
        caption: format!("First run of {}.", scope.which()),
        chart: Chart {
            panelled: true,
            ..Chart::of(Axis::whole("epoch", &epochs), Axis::share("validation accuracy, %", &values), series)
        },
    })
}

/// A run's loss and accuracy by epoch; a chart without values is left out.
///
/// # Errors
/// When plotters cannot draw.
pub(crate) fn learning_curves(run: &Run) -> Result<Vec<Figure>> {
    let learning = &run.learning;
    let loss = draft(
        run,
        ("loss", "Loss by epoch"),
        (Axis::amount, "cross-entropy", four),
        [&learning.train_loss, &learning.validation_loss],
    );
    let accuracy = draft(
        run,
        ("accuracy", "Accuracy by epoch"),
        (Axis::share, "accuracy, %", |share| format!("{} %", percent(share))),
        [&learning.train_accuracy, &learning.validation_accuracy],
    );
    [loss, accuracy].into_iter().flatten().map(finish).collect()
}

/// How an axis is made of its title and its values.
type MakeAxis = fn(&str, &[f64]) -> Axis;

/// A value on training and on validation images by epoch; `None` without values.
fn draft(
    run: &Run,
    (what, title): (&str, &str),
    (axis, unit, spoken): (MakeAxis, &str, fn(f64) -> String),
    [training, validation]: [&[EpochValue]; 2],
) -> Option<Draft> {
    let named = [("training", training), ("validation", validation)];
    let curves = named.into_iter().enumerate().filter(|(_, (_, values))| !values.is_empty());
    let series: Vec<Series> =
        curves.map(|(slot, (name, values))| curve(name, slot, values, spoken)).collect();
    if series.is_empty() {
        return None;
    }
    let id = run.row.id;
    let values: Vec<f64> = reach(&series).collect();
    let epochs: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let kept = run.row.result.as_ref().map(|result| result.best_epoch as f64);
    let mark = |x: f64| Mark { x, name: "kept epoch".to_owned() };
    let marks = kept.filter(|epoch| epochs.contains(epoch)).map(mark).into_iter().collect();
    let chart = Chart { marks, ..Chart::of(Axis::whole("epoch", &epochs), axis(unit, &values), series) };
    Some(Draft {
        file_name: format!("run-{id}-{what}.svg"),
        title: title.to_owned(),
        caption: format!("Run {id}; the dotted line marks the epoch whose weights were kept."),
        chart,
    })
}

/// A value by epoch, each with its words.
fn curve(name: &str, slot: usize, values: &[EpochValue], spoken: impl Fn(f64) -> String) -> Series {
    let point = |value: &EpochValue| Point { x: value.epoch as f64, y: value.value, bar: None };
    let note = |value: &EpochValue| Note {
        text: format!("{name}, epoch {}: {}", value.epoch, spoken(value.value)),
        ..Note::of_mean(value.epoch as f64, value.value)
    };
    let notes = values.iter().map(note).collect();
    Series { notes, ..Series::of(name, slot, values.iter().map(point).collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn a_single_epoch_and_a_diverged_one_still_draw() {
        let mut data = fixture::ranks();
        data.runs[0].epochs.retain(|row| row.epoch == 1);
        assert_eq!(learning_curves(&analyse(&data).unwrap().runs[0]).unwrap().len(), 2);
        for row in &mut data.runs[0].epochs {
            row.value = f64::NAN;
        }
        assert!(learning_curves(&analyse(&data).unwrap().runs[0]).unwrap().is_empty());
    }
}

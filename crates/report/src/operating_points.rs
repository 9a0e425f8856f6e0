//! Thresholds chosen on validation images and what they do on test images, never the other way round.

use ranklab_stats::{
    Clusters, Interval, OperatingPoint, Resampled, clustered_wilson_interval, sensitivity_at_specificity,
    specificity_at_sensitivity, youden_threshold,
};
use ranklab_store::PredictionRow;

use crate::comparison::Group;
use crate::data::{ReportData, RunData};
use crate::format::{self, NONE, count, percent};
use crate::intervals::few;
use crate::leakage::is_patient_known;
use crate::options::Options;
use crate::table::{Cell, Column, Table};

/// The specificity or sensitivity that validation images are to reach.
const FIXED: f64 = 0.95;

/// What a threshold is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// The largest sum of sensitivity and specificity.
    Youden,
    /// The highest sensitivity with at least the fixed specificity.
    Specificity,
    /// The highest specificity with at least the fixed sensitivity.
    Sensitivity,
}

impl Aim {
    pub(crate) const ALL: [Self; 3] = [Self::Youden, Self::Specificity, Self::Sensitivity];

    /// In words, of the validation images.
    pub(crate) fn words(self) -> String {
        let fixed = FIXED * 100.0;
        match self {
            Self::Youden => "Youden's J largest".to_owned(),
            Self::Specificity => format!("specificity at least {fixed} %"),
            Self::Sensitivity => format!("sensitivity at least {fixed} %"),
        }
    }

    fn choose(self, labels: &[u8], probabilities: &[f64]) -> Option<OperatingPoint> {
        match self {
            Self::Youden => youden_threshold(labels, probabilities),
            Self::Specificity => sensitivity_at_specificity(labels, probabilities, FIXED),
            Self::Sensitivity => specificity_at_sensitivity(labels, probabilities, FIXED),
        }
        .ok()
        .flatten()
    }
}

/// The rates of test cells at thresholds from validation images.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Applied {
    /// The lowest and the highest threshold of the runs.
    pub(crate) thresholds: (f64, f64),
    /// Sensitivity with its interval over patients.
    pub(crate) sensitivity: (f64, Interval),
    /// Specificity with its interval over patients.
    pub(crate) specificity: (f64, Interval),
    /// What the intervals took as independent.
    pub(crate) resampled: [Resampled; 2],
}

/// Chooses each run's threshold on its own validation images and applies it to its own test cells; the
/// cells of all runs count together, a patient's as one unit. `None` when a run has no validation
/// predictions, when these or the test cells are of one class only, or no threshold reaches the aim.
pub(crate) fn applied(runs: &[&RunData], aim: Aim, level: f64) -> Option<Applied> {
    let mut thresholds = Vec::new();
    let mut of_class = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for run in runs {
        let (labels, probabilities) = lists(&run.validation);
        let threshold = aim.choose(&labels, &probabilities)?.threshold;
        thresholds.push(threshold);
        let (labels, probabilities) = lists(&run.predictions);
        if probabilities.iter().any(|probability| probability.is_nan()) {
            return None;
        }
        for ((label, probability), row) in labels.iter().zip(probabilities).zip(&run.predictions) {
            let (right, patients) = of_class.get_mut(usize::from(*label))?;
            right.push((probability >= threshold) == (*label == 1));
            patients.push(row);
        }
    }
    let rate = |(right, rows): &(Vec<bool>, Vec<&PredictionRow>)| {
        let clusters = if rows.iter().any(|row| is_patient_known(row)) {
            Clusters::by_patient(&rows.iter().map(|row| &*row.patient).collect::<Vec<_>>())
        } else {
            Clusters::by_patient(&rows.iter().map(|row| &*row.image).collect::<Vec<_>>())
        };
        let interval = clustered_wilson_interval(right, &clusters, level).ok()?;
        let share = right.iter().filter(|right| **right).count() as f64 / right.len() as f64;
        Some((share, interval, clusters.resampled()))
    };
    let (specificity, sensitivity) = (rate(&of_class[0])?, rate(&of_class[1])?);
    let least = thresholds.iter().copied().reduce(f64::min)?;
    let most = thresholds.iter().copied().reduce(f64::max)?;
    Some(Applied {
        thresholds: (least, most),
        specificity: (specificity.0, specificity.1),
        sensitivity: (sensitivity.0, sensitivity.1),
        resampled: [specificity.2, sensitivity.2],
    })
}

fn lists(rows: &[PredictionRow]) -> (Vec<u8>, Vec<f64>) {
    let labels = rows.iter().map(|row| u8::try_from(row.label).unwrap_or(u8::MAX));
    (labels.collect(), rows.iter().map(|row| row.probability).collect())
}

/// A run's points in words, or that it has none.
pub(crate) fn of_run(run: &RunData, level: f64) -> Vec<String> {
    if run.validation.is_empty() {
        return vec!["no threshold: the run has no validation predictions to choose one on".to_owned()];
    }
    let point = |aim: Aim| match applied(&[run], aim, level) {
        None => format!(
            "{}: none, as no threshold of the validation images reaches it, a class has too few cells, or a prediction is no number",
            aim.words()
        ),
        Some(found) => format!(
            "{}: from a probability of {} on, test sensitivity {}, specificity {}",
            aim.words(),
            threshold(found.thresholds),
            rate(found.sensitivity),
            rate(found.specificity)
        ),
    };
    Aim::ALL.into_iter().map(point).collect()
}

/// `97.69 % (96.20 to 98.61)`.
fn rate((rate, interval): (f64, Interval)) -> String {
    format!("{} % ({} to {})", percent(rate), percent(interval.lower), percent(interval.upper))
}

fn threshold((least, most): (f64, f64)) -> String {
    let (least, most) = (format::threshold(least), format::threshold(most));
    if least == most { least } else { format!("{least} to {most}") }
}

/// All configurations' points; `None` without finished runs.
pub(crate) fn table(data: &ReportData, groups: &[Group], options: &Options) -> Option<Table> {
    let mut rows = Vec::new();
    let mut without = Vec::new();
    let mut resampled = Vec::new();
    for group in groups {
        let runs: Vec<&RunData> = data.runs.iter().filter(|run| group.runs.contains(&run.row.id)).collect();
        if runs.iter().any(|run| run.validation.is_empty()) {
            without.push(group.name.as_str());
            continue;
        }
        for aim in Aim::ALL {
            let found = applied(&runs, aim, options.level());
            resampled.extend(found.iter().flat_map(|found| found.resampled));
            rows.push(row(group, aim, found.as_ref()));
        }
    }
    if rows.is_empty() {
        return None;
    }
    let interval = format!("{} interval", options.confidence());
    let columns = vec![
        Column::text("configuration"),
        Column::text("chosen on validation"),
        Column::number("threshold"),
        Column::number("sensitivity, %").under("on test"),
        Column::number(&interval).under("on test"),
        Column::number("specificity, %").under("on test"),
        Column::number(&interval).under("on test"),
    ];
    let mut caption = "Operating points: each run's threshold is chosen on its own validation images, in the epoch whose weights \
                       were kept, and applied to its test cells; none is chosen on test. The cells of several runs count together. \
                       The aim was reached on validation; on test it may be missed; a dash says that in some run no \
                       threshold reaches it, as where an uninfected image has a probability of 1, or that a class has too few cells. Intervals \
                       are Wilson's with patients as units, of these trained networks and thresholds. The epoch was chosen on the same validation images, so these fit \
                       the network a little better than new ones would."
        .to_owned();
    caption += &few(&resampled);
    if !without.is_empty() {
        caption += &format!(
            " Without validation predictions, and so without a threshold: {} ({} of an earlier version).",
            without.join(", "),
            count(without.len(), "configuration")
        );
    }
    Some(Table { caption, columns, rows })
}

fn row(group: &Group, aim: Aim, found: Option<&Applied>) -> Vec<Cell> {
    let rate = |(rate, interval): (f64, Interval)| {
        [
            Cell::ordered(percent(rate), rate),
            Cell::ordered(
                format!("{} to {}", percent(interval.lower), percent(interval.upper)),
                interval.lower,
            ),
        ]
    };
    let mut cells = vec![group.name.as_str().into(), aim.words().into()];
    let Some(found) = found else {
        cells.extend((0..5).map(|_| NONE.into()));
        return cells;
    };
    cells.push(Cell::ordered(threshold(found.thresholds), found.thresholds.0));
    cells.extend(rate(found.sensitivity));
    cells.extend(rate(found.specificity));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::fixture;

    fn rows(cells: &[(i64, f64)]) -> Vec<PredictionRow> {
        let row = |(place, &(label, probability)): (usize, &(i64, f64))| PredictionRow {
            image: format!("{place}.png").into(),
            patient: format!("C{place}").into(),
            label,
            probability,
        };
        cells.iter().enumerate().map(row).collect()
    }

    fn run(validation: &[(i64, f64)], test: &[(i64, f64)]) -> RunData {
        RunData { validation: rows(validation), predictions: rows(test), ..fixture::run(1, Some(5), 0, 4) }
    }

    #[test]
    fn the_threshold_is_that_of_validation_whatever_the_test_cells_say() {
        let validation = [(1, 0.9), (1, 0.7), (0, 0.6), (0, 0.2)];
        // On test any threshold above 0.65 would be perfect, below it there are false positives.
        let run = run(&validation, &[(1, 0.95), (1, 0.68), (0, 0.65), (0, 0.1)]);
        let youden = applied(&[&run], Aim::Youden, 0.95).unwrap();
        assert_eq!(youden.thresholds, (0.7, 0.7));
        assert_eq!((youden.sensitivity.0, youden.specificity.0), (0.5, 1.0));
        assert!(youden.sensitivity.1.contains(0.5) && youden.specificity.1.lower < 0.9);
        let mut other = run.clone();
        other.predictions = rows(&[(1, 0.1), (0, 0.9), (1, 0.2), (0, 0.95)]);
        assert_eq!(applied(&[&other], Aim::Youden, 0.95).unwrap().thresholds, youden.thresholds);
    }

    #[test]
    fn each_run_keeps_its_own_threshold_and_their_cells_count_together() {
        let one = run(&[(1, 0.9), (0, 0.2)], &[(1, 0.95), (0, 0.92)]);
        let two = run(&[(1, 0.4), (0, 0.1)], &[(1, 0.5), (0, 0.3)]);
        let both = applied(&[&one, &two], Aim::Specificity, 0.95).unwrap();
        assert_eq!(both.thresholds, (0.4, 0.9));
        // 0.92 is above 0.9, 0.3 is below 0.4.
        assert_eq!((both.sensitivity.0, both.specificity.0), (1.0, 0.5));
    }

    #[test]
    fn without_validation_predictions_there_is_no_threshold_and_that_is_said() {
        let mut data = fixture::ranks();
        let groups = compare(&data).unwrap();
        let whole = table(&data, &groups, &data.options).unwrap();
        assert_eq!(whole.rows.len(), 12);
        assert!(!whole.caption.contains("Without validation predictions"));
        assert!(of_run(&data.runs[0], 0.95)[0].starts_with("Youden's J largest: from a probability of 0."));
        data.runs[0].validation.clear();
        let rest = table(&data, &groups, &data.options).unwrap();
        assert_eq!(rest.rows.len(), 9);
        assert!(rest.caption.contains(
            "Without validation predictions, and so without a threshold: model_4 (1 configuration"
        ));
        assert_eq!(
            of_run(&data.runs[0], 0.95),
            ["no threshold: the run has no validation predictions to choose one on"]
        );
        data.runs.iter_mut().for_each(|run| run.validation.clear());
        assert_eq!(table(&data, &groups, &data.options), None);
    }

    #[test]
    fn an_aim_out_of_reach_has_a_row_of_dashes_and_extreme_thresholds_say_which_side() {
        let mut data = fixture::ranks();
        data.runs[0].validation.iter_mut().filter(|row| row.label == 0).for_each(|row| row.probability = 1.0);
        let groups = compare(&data).unwrap();
        let rows = table(&data, &groups, &data.options).unwrap().rows;
        assert_eq!(rows.len(), 12);
        let texts: Vec<&str> = rows[1].iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(texts, ["model_4", "specificity at least 95 %", "—", "—", "—", "—", "—"]);
        assert_eq!(threshold((1e-9, 1.0)), "0.0000000010 to 1.000");
        assert_eq!(
            (threshold((0.9999, 0.9999)), threshold((0.0, 0.25))),
            ("0.999900".into(), "0.000 to 0.250".into())
        );
    }

    #[test]
    fn a_class_or_a_number_that_is_missing_leaves_no_point() {
        let one_class = run(&[(1, 0.9), (1, 0.2)], &[(1, 0.95), (0, 0.92)]);
        assert_eq!(applied(&[&one_class], Aim::Youden, 0.95), None);
        let diverged = run(&[(1, 0.9), (0, f64::NAN)], &[(1, 0.95), (0, 0.92)]);
        assert_eq!(applied(&[&diverged], Aim::Youden, 0.95), None);
        let strange = run(&[(1, 0.9), (0, 0.2)], &[(2, 0.95), (0, 0.92)]);
        assert_eq!(applied(&[&strange], Aim::Youden, 0.95), None);
    }
}

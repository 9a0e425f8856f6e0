//! Operating points: thresholds chosen on validation images and what they do on test images.

use ranklab_settings::{Nouns, Words};

use crate::analysis::{Aim, AimPoint, Analysis, Applied, Configuration, FIXED_RATE, Rate};

use super::format::{self, NONE, confidence, count, percent, with_article};
use super::intervals::few;
use super::table::{Cell, Column, Table};

/// What a threshold was chosen for, of the validation images.
pub(super) fn aim_words(aim: Aim) -> String {
    let fixed = FIXED_RATE * 100.0;
    match aim {
        Aim::Youden => "Youden's J largest".to_owned(),
        Aim::Specificity => format!("specificity at least {fixed} %"),
        Aim::Sensitivity => format!("sensitivity at least {fixed} %"),
    }
}

/// A run's points in words, or that it has none.
pub(crate) fn of_run(points: Option<&[AimPoint]>, nouns: &Nouns) -> Vec<String> {
    let Some(points) = points else {
        return vec!["no threshold: the run has no validation predictions to choose one on".to_owned()];
    };
    let point = |AimPoint { aim, applied }: &AimPoint| match applied {
        None => format!(
            "{}: none, as no threshold of the validation images reaches it, a class has too few {}, or a prediction is no number",
            aim_words(*aim),
            nouns.image.many
        ),
        Some(found) => format!(
            "{}: from a probability of {} on, test sensitivity {}, specificity {}",
            aim_words(*aim),
            threshold(found.thresholds),
            rate(&found.sensitivity),
            rate(&found.specificity)
        ),
    };
    points.iter().map(point).collect()
}

/// `97.69 % (96.20 to 98.61)`.
fn rate(Rate { rate, interval, .. }: &Rate) -> String {
    format!("{} % ({} to {})", percent(*rate), percent(interval.lower), percent(interval.upper))
}

fn threshold((least, most): (f64, f64)) -> String {
    let (least, most) = (format::threshold(least), format::threshold(most));
    if least == most { least } else { format!("{least} to {most}") }
}

/// All configurations' points; `None` without finished runs.
pub(crate) fn table(analysis: &Analysis) -> Option<Table> {
    let with_points =
        || analysis.configurations.iter().filter_map(|one| Some((one, one.operating_points.as_deref()?)));
    let rows: Vec<Vec<Cell>> =
        with_points().flat_map(|(one, points)| points.iter().map(move |point| row(one, point))).collect();
    if rows.is_empty() {
        return None;
    }
    let interval = format!("{} interval", confidence(&analysis.options));
    let columns = vec![
        Column::text("configuration"),
        Column::text("chosen on validation"),
        Column::number("threshold"),
        Column::number("sensitivity, %").under("on test"),
        Column::number(&interval).under("on test"),
        Column::number("specificity, %").under("on test"),
        Column::number(&interval).under("on test"),
    ];
    let Words { groups, images, .. } = analysis.nouns.words();
    let mut caption = format!(
        "Each run's threshold is chosen on its own validation images, in the epoch whose weights were kept, and applied to \
         its test {images}. No threshold is chosen on test {images}. {} of several runs are pooled. The aim is reached on \
         validation images and may be missed on test {images}. A dash marks an aim that no threshold of some run reaches, for \
         example because {} image has a probability of 1, or a class with too few {images}. Intervals are Wilson's with {groups} \
         as units and hold for these trained networks and thresholds. The epoch was chosen on the same validation images, so \
         they fit the network a little better than new images would.",
        analysis.nouns.image.capitals(),
        with_article(&analysis.class_names.negative_word())
    );
    let applied = with_points().flat_map(|(_, points)| points).filter_map(|point| point.applied.as_ref());
    let resampled: Vec<_> =
        applied.flat_map(|found| [found.specificity.resampled, found.sensitivity.resampled]).collect();
    caption += &few(&resampled, &analysis.nouns);
    let without: Vec<&str> = analysis
        .configurations
        .iter()
        .filter(|one| one.operating_points.is_none())
        .map(|one| one.name.as_str())
        .collect();
    if !without.is_empty() {
        caption += &format!(
            " Without validation predictions, and so without a threshold: {} ({} of an earlier version).",
            without.join(", "),
            count(without.len(), "configuration")
        );
    }
    Some(Table { caption, columns, rows })
}

fn row(configuration: &Configuration, AimPoint { aim, applied }: &AimPoint) -> Vec<Cell> {
    let rate = |Rate { rate, interval, .. }: &Rate| {
        [
            Cell::ordered(percent(*rate), *rate),
            Cell::ordered(
                format!("{} to {}", percent(interval.lower), percent(interval.upper)),
                interval.lower,
            ),
        ]
    };
    let mut cells = vec![configuration.name.as_str().into(), aim_words(*aim).into()];
    let Some(Applied { thresholds, sensitivity, specificity }) = applied else {
        cells.extend((0..5).map(|_| NONE.into()));
        return cells;
    };
    cells.push(Cell::ordered(threshold(*thresholds), thresholds.0));
    cells.extend(rate(sensitivity));
    cells.extend(rate(specificity));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn found(data: &ReportData) -> Option<Table> {
        table(&analyse(data).unwrap())
    }

    /// The points of the first run.
    fn first(data: &ReportData) -> Vec<String> {
        let analysis = analyse(data).unwrap();
        of_run(analysis.runs[0].detail.as_ref().unwrap().operating_points.as_deref(), &analysis.nouns)
    }

    #[test]
    fn without_validation_predictions_there_is_no_threshold_and_that_is_said() {
        let mut data = fixture::ranks();
        let whole = found(&data).unwrap();
        assert_eq!(whole.rows.len(), 12);
        assert!(!whole.caption.contains("Without validation predictions"));
        assert!(first(&data)[0].starts_with("Youden's J largest: from a probability of 0."));
        data.runs[0].validation.clear();
        let rest = found(&data).unwrap();
        assert_eq!(rest.rows.len(), 9);
        assert!(rest.caption.contains(
            "Without validation predictions, and so without a threshold: model_4 (1 configuration"
        ));
        assert_eq!(first(&data), ["no threshold: the run has no validation predictions to choose one on"]);
        data.runs.iter_mut().for_each(|run| run.validation.clear());
        assert_eq!(found(&data), None);
    }

    #[test]
    fn an_aim_out_of_reach_has_a_row_of_dashes_and_extreme_thresholds_say_which_side() {
        let mut data = fixture::ranks();
        data.runs[0].validation.iter_mut().filter(|row| row.label == 0).for_each(|row| row.probability = 1.0);
        let rows = found(&data).unwrap().rows;
        assert_eq!(rows.len(), 12);
        let texts: Vec<&str> = rows[1].iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(texts, ["model_4", "specificity at least 95 %", "—", "—", "—", "—", "—"]);
        assert_eq!(threshold((1e-9, 1.0)), "0.0000000010 to 1.000");
        assert_eq!(
            (threshold((0.9999, 0.9999)), threshold((0.0, 0.25))),
            ("0.999900".into(), "0.000 to 0.250".into())
        );
    }
}

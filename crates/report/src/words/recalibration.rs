//! Calibration intercept and slope in words.

use ranklab_settings::Nouns;
use ranklab_stats::{Coefficient, Recalibration, Resampled};

use crate::analysis::{Analysis, ClinicalConfiguration, NotRecalibrated};

use super::clinical_part::{ClinicalPart, name, shown};
use super::format::{NONE, confidence, count};
use super::intervals::few;
use super::table::{Cell, Column, Table};

/// The part on calibration.
pub(super) fn part(analysis: &Analysis) -> ClinicalPart {
    ClinicalPart { title: "Calibration".to_owned(), notes: notes(analysis), table: table(analysis) }
}

/// Why there are none, configuration by configuration.
fn notes(analysis: &Analysis) -> Vec<String> {
    let of = |one: &ClinicalConfiguration| {
        let reason = match one.recalibration.err()? {
            NotRecalibrated::OneClass => format!("all {} are of one class", analysis.nouns.image.many),
            NotRecalibrated::Separated => {
                "a threshold separates the classes without an error, so that the slope is infinite".to_owned()
            }
            NotRecalibrated::Constant => "all its predictions are equal".to_owned(),
            NotRecalibrated::Unsolved => "Newton's method found no largest likelihood".to_owned(),
        };
        Some(format!("{} has no calibration intercept and slope: {reason}.", name(analysis, one)))
    };
    shown(analysis).filter_map(of).collect()
}

fn table(analysis: &Analysis) -> Option<Table> {
    let found: Vec<(&str, Recalibration)> =
        shown(analysis).filter_map(|one| Some((name(analysis, one), one.recalibration.ok()?))).collect();
    if found.is_empty() {
        return None;
    }
    let positive = analysis.class_names.positive_word();
    let Nouns { image, group } = &analysis.nouns;
    let (one, images, groups) = (image.with_article(), &image.many, &group.many);
    let mut caption = format!(
        "Whether probabilities of {one} being {positive} mean what they say on test {images}, by logistic recalibration. The \
         intercept (calibration in the large, in log-odds) is 0 where their mean is right and below 0 where they are too high. \
         The slope is 1 where their spread is right and below 1 where they are too extreme. {} of all runs count together. \
         Standard errors take whole {groups}; intervals are Student's t. They hold for these trained networks and for the share \
         of {positive} {images} of the test set.",
        image.capitals()
    );
    let clipped: usize = found.iter().map(|(_, one)| one.clipped).sum();
    if clipped > 0 {
        caption += &format!(" {} nearer to 0 or 1 than 2⁻²⁴ count as that.", count(clipped, "prediction"));
    }
    caption += &few(&found.iter().map(|(_, one)| one.resampled).collect::<Vec<Resampled>>(), &analysis.nouns);
    let interval = format!("{} interval", confidence(&analysis.options));
    let columns = vec![
        Column::text("configuration"),
        Column::number("intercept"),
        Column::number(&interval),
        Column::number("slope"),
        Column::number(&interval),
    ];
    let row = |(name, one): (&str, Recalibration)| {
        let mut cells = vec![name.into()];
        cells.extend(coefficient(one.intercept));
        cells.extend(coefficient(one.slope));
        cells
    };
    Some(Table { caption, columns, rows: found.into_iter().map(row).collect() })
}

fn coefficient(Coefficient { value, interval, .. }: Coefficient) -> [Cell; 2] {
    let bounds = format!("{} to {}", two(interval.lower), two(interval.upper));
    [Cell::ordered(two(value), value), Cell::ordered(bounds, interval.lower)]
}

/// Two decimals, with a minus sign where there is something to it.
fn two(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let digits = format!("{:.2}", value.abs());
    let is_zero = digits.chars().all(|digit| matches!(digit, '0' | '.'));
    if value < 0.0 && !is_zero { format!("−{digits}") } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn coefficients_have_intervals_and_refusals_have_reasons() {
        let of = |data| part(&analyse(&data).unwrap());
        let whole = of(fixture::ranks());
        assert_eq!((whole.notes.len(), whole.table.as_ref().unwrap().rows.len()), (0, 2));
        assert!(!whole.table.unwrap().caption.contains("2⁻²⁴"));
        let part = of(fixture::against_classical(0, 40));
        assert_eq!(
            part.notes,
            [
                "model_4 has no calibration intercept and slope: a threshold separates the classes without an error, so that \
                 the slope is infinite."
            ]
        );
        assert_eq!(part.table.unwrap().rows.len(), 1);
        let mut data = fixture::ranks();
        data.runs[0].predictions[150].probability = 0.0;
        assert!(
            of(data)
                .table
                .unwrap()
                .caption
                .contains(" 1 prediction nearer to 0 or 1 than 2⁻²⁴ count as that.")
        );
    }

    #[test]
    fn numbers_have_two_decimals_and_zero_has_no_sign() {
        assert_eq!((two(-0.123), two(-0.001), two(1.0)), ("−0.12".into(), "0.00".into(), "1.00".into()));
        assert_eq!(two(f64::NAN), NONE);
    }
}

//! External validation: runs on images that they were not tested on.

use ranklab_settings::{Nouns, Words};

use crate::analysis::{Analysis, CallRates, External, Rate};

use super::format::{self, NONE, confidence, four, percent, thousands};
use super::intervals::few;
use super::table::{Cell, Column, Table};

/// Two rows for each evaluation: the run on its own test cells, and on the new images.
pub(crate) fn table(analysis: &Analysis) -> Option<Table> {
    let found = analysis.external.as_ref()?;
    let interval = format!("{} interval", confidence(&analysis.options));
    let Words { groups, images, .. } = analysis.nouns.words();
    let columns = vec![
        Column::text("run"),
        Column::text("images"),
        Column::number("accuracy, %"),
        Column::number(&interval),
        Column::number("sensitivity, %").under("at the run's threshold"),
        Column::number(&interval).under("at the run's threshold"),
        Column::number("specificity, %").under("at the run's threshold"),
        Column::number(&interval).under("at the run's threshold"),
        Column::number("AUC"),
        Column::number("positive, %").under("calibration in the large"),
        Column::number("mean probability, %").under("calibration in the large"),
        Column::text("seen in training"),
    ];
    let mut caption = format!(
        "Each run on its own test {images} and on images that it was evaluated on afterwards. Accuracy holds at a \
        threshold of one half; sensitivity and specificity hold at the threshold that the run brings along from its \
        validation images, which is not chosen again. Calibration in the large compares the share of positive images \
        with the mean probability of the positive class: a model that is well calibrated on these images has both \
        alike. Intervals are Wilson's with {groups} as units and hold for these trained networks."
    );
    let resampled: Vec<_> = found
        .shown
        .iter()
        .flat_map(|one| [&one.internal, &one.external])
        .flat_map(|rates| [rates.accuracy, rates.sensitivity, rates.specificity])
        .flatten()
        .map(|rate| rate.resampled)
        .collect();
    caption += &few(&resampled, &analysis.nouns);
    if found.more > 0 {
        caption += &format!(
            " {} more are in the view external_validation of the runs database.",
            format::count(found.more, "evaluation")
        );
    }
    Some(Table {
        caption,
        columns,
        rows: found.shown.iter().flat_map(|one| rows(one, &analysis.nouns)).collect(),
    })
}

fn rows(one: &External, nouns: &Nouns) -> [Vec<Cell>; 2] {
    let recorded = &one.recorded.evaluation;
    let name = format!("run {}: {}", one.recorded.run, one.name);
    let images = format!(
        "{} ({} images, {} {})",
        recorded.dataset,
        thousands(recorded.images),
        thousands(recorded.patients),
        nouns.group.many
    );
    let mut inside: Vec<Cell> =
        vec![name.as_str().into(), format!("its own test {}", nouns.image.many).into()];
    inside.extend(figures(&one.internal));
    inside.push(NONE.into());
    let mut outside: Vec<Cell> = vec![name.into(), images.into()];
    outside.extend(figures(&one.external));
    outside.push(seen(one, nouns).into());
    [inside, outside]
}

fn figures(rates: &CallRates) -> Vec<Cell> {
    let mut cells: Vec<Cell> =
        [rates.accuracy, rates.sensitivity, rates.specificity].into_iter().flat_map(rate).collect();
    cells.push(rates.auc.map_or_else(|| NONE.into(), |auc| Cell::ordered(four(auc), auc)));
    cells.push(Cell::ordered(percent(rates.prevalence), rates.prevalence));
    cells.push(Cell::ordered(percent(rates.mean_probability), rates.mean_probability));
    cells
}

fn rate(rate: Option<Rate>) -> [Cell; 2] {
    let Some(Rate { rate, interval, .. }) = rate else { return [NONE.into(), NONE.into()] };
    let between = format!("{} to {}", percent(interval.lower), percent(interval.upper));
    [Cell::ordered(percent(rate), rate), Cell::ordered(between, interval.lower)]
}

/// What of the images the run has seen.
fn seen(one: &External, nouns: &Nouns) -> String {
    let recorded = &one.recorded.evaluation;
    match (recorded.shared_images, recorded.shared_patients) {
        (Some(0), Some(0)) => format!("no image and no {}", nouns.group.one),
        (Some(images), Some(patients)) => {
            format!(
                "{} images, {} {}: not external",
                thousands(images),
                thousands(patients),
                nouns.group.many
            )
        }
        (Some(images), None) if images > 0 => format!("{} images: not external", thousands(images)),
        (None, Some(groups)) if groups > 0 => {
            format!("{} {}: not external", thousands(groups), nouns.group.many)
        }
        _ => format!("unknown: {}", recorded.audit_problem.as_deref().unwrap_or("not checked")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    #[test]
    fn a_run_stands_on_its_own_cells_and_on_the_others_with_what_it_has_seen_of_them() {
        let mut data = fixture::externally_validated();
        let shown = |data: &ReportData| table(&analyse(data).unwrap()).unwrap();
        let found = shown(&data);
        assert_eq!(found.rows.len(), 2);
        assert!(found.rows.iter().all(|row| row.len() == found.columns.len()));
        assert!(found.rows[1][1].text.starts_with("/images/elsewhere ("));
        assert_eq!(found.rows[1].last().unwrap().text, "no image and no patient");
        let evaluation = &mut data.runs[0].evaluations[0].row.evaluation;
        (evaluation.shared_images, evaluation.shared_patients) = (Some(3), Some(1));
        assert!(shown(&data).rows[1].last().unwrap().text.contains("3 images, 1 patients: not external"));
        let evaluation = &mut data.runs[0].evaluations[0].row.evaluation;
        (evaluation.shared_images, evaluation.shared_patients) = (Some(3), None);
        assert_eq!(shown(&data).rows[1].last().unwrap().text, "3 images: not external");
        assert_eq!(table(&analyse(&fixture::ranks()).unwrap()), None);
    }
}

//! Whether patients stand on both sides of the split: always said, also when none does.

use std::collections::BTreeSet;

use ranklab_store::PredictionRow;

use crate::data::ReportData;
use crate::format::{percent, thousands};

/// Whether an image's name tells its patient. An image of which it does not is its own patient to
/// `ranklab-data`, by its own name.
pub(crate) fn is_patient_known(row: &PredictionRow) -> bool {
    row.patient != row.image
}

/// What cannot be known where images do not tell their patients; `None` where all do.
pub(crate) fn unknown(data: &ReportData) -> Option<String> {
    let rows = || data.runs.iter().flat_map(|run| &run.predictions);
    let unknown =
        rows().filter(|row| !is_patient_known(row)).map(|row| &row.image).collect::<BTreeSet<_>>().len();
    if unknown == 0 {
        return None;
    }
    let all = rows().map(|row| &row.image).collect::<BTreeSet<_>>().len();
    Some(format!(
        "The names of {} of {} test images do not tell a patient (as C33P1thinF_… does): whether those stand on both sides is not \
         known, and each counts for itself, so that intervals are likely too narrow and p-values too small.",
        thousands(unknown as i64),
        thousands(all as i64)
    ))
}

/// The statement on all finished runs; `None` without any.
pub(crate) fn statement(data: &ReportData) -> Option<String> {
    let known = data.runs.iter().flat_map(|run| &run.predictions).any(is_patient_known);
    let stored = data.runs.iter().any(|run| !run.predictions.is_empty());
    let unknown = unknown(data);
    if stored && !known && unknown.is_some() {
        return unknown;
    }
    let counted = counted(data)?;
    Some(unknown.into_iter().chain([counted]).collect::<Vec<_>>().join(" "))
}

/// The patients that are known, counted.
fn counted(data: &ReportData) -> Option<String> {
    let splits: BTreeSet<(i64, i64, i64, i64)> = data
        .runs
        .iter()
        .map(|run| {
            let start = &run.row.start;
            (start.shared_patients, start.test_patients, start.shared_test_images, start.test_images)
        })
        .collect();
    let worst = splits.iter().max_by(|one, other| share(one).total_cmp(&share(other)))?;
    let (patients, test_patients, cells, test_cells) = *worst;
    if patients == 0 && cells == 0 {
        let least = splits.iter().map(|split| split.1).min().unwrap_or(0);
        let most = splits.iter().map(|split| split.1).max().unwrap_or(0);
        if most == 0 {
            return Some(
                "The runs do not say how many patients they tested, so that leakage is unknown.".to_owned(),
            );
        }
        let tested = if least == most {
            thousands(most)
        } else {
            format!("{} to {}", thousands(least), thousands(most))
        };
        let runs = if data.runs.len() > 1 { " of each run" } else { "" };
        return Some(format!(
            "No patient stands on both sides: none of the {tested} test patients{runs} has cells in training or \
             validation."
        ));
    }
    let at_most = if splits.len() > 1 { "Up to " } else { "" };
    let clean = if splits.iter().any(|split| split.0 == 0 && split.2 == 0) {
        " Other runs of this report have no patient on both sides."
    } else {
        ""
    };
    Some(format!(
        "{at_most}{} of {} test patients also stand in training or validation, and with them {} of {} test cells ({} %): \
         such a split can flatter every model; published comparisons found one to three points.{clean}",
        thousands(patients),
        thousands(test_patients),
        thousands(cells),
        thousands(test_cells),
        percent(share(worst))
    ))
}

/// Share of test cells whose patients also stand in training.
fn share((.., cells, test_cells): &(i64, i64, i64, i64)) -> f64 {
    *cells as f64 / (*test_cells).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn leaking_patients_are_counted() {
        let mut data = fixture::ranks();
        let said = statement(&data).unwrap();
        assert!(said.starts_with("36 of 40 test patients also stand in training or validation"), "{said}");
        assert!(said.contains("190 of 200 test cells (95.00 %)") && said.contains("can flatter"));
        assert!(!said.contains("Other runs"));
        (data.runs[0].row.start.shared_patients, data.runs[0].row.start.shared_test_images) = (0, 0);
        let said = statement(&data).unwrap();
        assert!(said.starts_with("Up to 36 of 40") && said.ends_with("no patient on both sides."), "{said}");
    }

    #[test]
    fn images_that_do_not_tell_their_patients_leave_leakage_unknown() {
        let mut data = fixture::ranks();
        data.runs[0].predictions[0].patient = data.runs[0].predictions[0].image.clone();
        let said = statement(&data).unwrap();
        assert!(said.starts_with("The names of 1 of 200 test images do not tell a patient"), "{said}");
        assert!(said.contains("too small. 36 of 40 test patients also"), "{said}");
        for run in &mut data.runs {
            run.predictions.iter_mut().for_each(|row| row.patient = row.image.clone());
            (run.row.start.shared_patients, run.row.start.shared_test_images) = (0, 0);
        }
        let said = statement(&data).unwrap();
        assert!(said.starts_with("The names of 200 of 200 test images do not"), "{said}");
        assert!(!said.contains("No patient stands on both sides"), "{said}");
    }

    #[test]
    fn a_clean_split_is_said_to_be_one() {
        let mut data = fixture::ranks();
        for run in &mut data.runs {
            (run.row.start.shared_patients, run.row.start.shared_test_images) = (0, 0);
        }
        assert_eq!(
            statement(&data).unwrap(),
            "No patient stands on both sides: none of the 40 test patients of each run has cells in training or validation."
        );
        data.runs.iter_mut().for_each(|run| run.row.start.test_patients = 0);
        assert!(statement(&data).unwrap().ends_with("leakage is unknown."));
        data.runs.clear();
        assert_eq!(statement(&data), None);
    }
}

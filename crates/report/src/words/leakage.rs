//! Whether groups, such as patients, stand on both sides of the split: always said, also when none does.

use ranklab_settings::{Nouns, Words};

use crate::analysis::{Analysis, Leakage, SharedPatients};

use super::format::{percent, thousands};

/// What cannot be known where image names hold no groups; `None` where all do.
pub(crate) fn unknown(leakage: &Leakage, nouns: &Nouns) -> Option<String> {
    let unknown = leakage.unknown?;
    let Words { group, groups, .. } = nouns.words();
    // The example is one of the default rule.
    let example = if *nouns == Nouns::default() { " (as C33P1thinF_… has)" } else { "" };
    Some(format!(
        "{} of {} test images have no {group} in their names{example}. Whether their {groups} also stand in training \
         is unknown. Each such image counts as one {group}, so that intervals are likely too narrow and p-values too small.",
        thousands(unknown.images as i64),
        thousands(unknown.of as i64)
    ))
}

/// The statement on all finished runs; `None` without any.
pub(crate) fn statement(analysis: &Analysis) -> Option<String> {
    let unknown = unknown(&analysis.leakage, &analysis.nouns);
    if !analysis.leakage.is_any_patient_known && unknown.is_some() {
        return unknown;
    }
    let counted = counted(analysis)?;
    Some(unknown.into_iter().chain([counted]).collect::<Vec<_>>().join(" "))
}

/// The groups that are known, counted.
fn counted(analysis: &Analysis) -> Option<String> {
    let counts = &analysis.leakage.counts;
    let worst = counts.iter().max_by(|one, other| one.share().total_cmp(&other.share()))?;
    if worst.is_none() {
        return Some(no_leakage(counts, analysis));
    }
    let Words { group, groups, images, .. } = analysis.nouns.words();
    let at_most = if counts.len() > 1 { "Up to " } else { "" };
    let clean = if counts.iter().any(SharedPatients::is_none) {
        format!(" Other runs of this report have no {group} on both sides.")
    } else {
        String::new()
    };
    Some(format!(
        "{at_most}{} of {} test {groups} also stand in training or validation, and with them {} of {} test {images} ({} %): \
         such a split can flatter every model; published comparisons found one to three points.{clean}",
        thousands(worst.patients),
        thousands(worst.test_patients),
        thousands(worst.cells),
        thousands(worst.test_cells),
        percent(worst.share())
    ))
}

fn no_leakage(counts: &[SharedPatients], analysis: &Analysis) -> String {
    let Words { group, groups, images, .. } = analysis.nouns.words();
    let least = counts.iter().map(|count| count.test_patients).min().unwrap_or(0);
    let most = counts.iter().map(|count| count.test_patients).max().unwrap_or(0);
    if most == 0 {
        return format!("The runs do not say how many {groups} they tested, so that leakage is unknown.");
    }
    let tested =
        if least == most { thousands(most) } else { format!("{} to {}", thousands(least), thousands(most)) };
    let of_each = if analysis.runs.len() > 1 { " of each run" } else { "" };
    format!(
        "No {group} stands on both sides: none of the {tested} test {groups}{of_each} has {images} in training or \
         validation."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn said(data: &ReportData) -> Option<String> {
        statement(&analyse(data).unwrap())
    }

    #[test]
    fn leaking_patients_are_counted() {
        let mut data = fixture::ranks();
        let text = said(&data).unwrap();
        assert!(text.starts_with("36 of 40 test patients also stand in training or validation"), "{text}");
        assert!(text.contains("190 of 200 test cells (95.00 %)") && text.contains("can flatter"));
        assert!(!text.contains("Other runs"));
        (data.runs[0].row.start.shared_patients, data.runs[0].row.start.shared_test_images) = (0, 0);
        let text = said(&data).unwrap();
        assert!(text.starts_with("Up to 36 of 40") && text.ends_with("no patient on both sides."), "{text}");
    }

    #[test]
    fn images_that_do_not_tell_their_patients_leave_leakage_unknown() {
        let mut data = fixture::ranks();
        data.runs[0].predictions[0].patient = data.runs[0].predictions[0].image.clone();
        let text = said(&data).unwrap();
        assert!(text.starts_with("1 of 200 test images have no patient in their names"), "{text}");
        assert!(text.contains("too small. 36 of 40 test patients also"), "{text}");
        for run in &mut data.runs {
            run.predictions.iter_mut().for_each(|row| row.patient = row.image.clone());
            (run.row.start.shared_patients, run.row.start.shared_test_images) = (0, 0);
        }
        let text = said(&data).unwrap();
        assert!(text.starts_with("200 of 200 test images have no patient in their names"), "{text}");
        assert!(!text.contains("No patient stands on both sides"), "{text}");
    }

    #[test]
    fn a_clean_split_is_said_to_be_one() {
        let mut data = fixture::ranks();
        for run in &mut data.runs {
            (run.row.start.shared_patients, run.row.start.shared_test_images) = (0, 0);
        }
        assert_eq!(
            said(&data).unwrap(),
            "No patient stands on both sides: none of the 40 test patients of each run has cells in training or validation."
        );
        data.runs.iter_mut().for_each(|run| run.row.start.test_patients = 0);
        assert!(said(&data).unwrap().ends_with("leakage is unknown."));
        data.runs.clear();
        assert_eq!(said(&data), None);
    }
}

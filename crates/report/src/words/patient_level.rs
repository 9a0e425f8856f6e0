//! Calls of whole groups, such as patients, in words.

use ranklab_settings::{Nouns, Words};
use ranklab_stats::{LEAST_PATIENTS, PatientRate, PatientRule};

use crate::analysis::{
    Analysis, ClinicalConfiguration, ClinicalSet, NoPatients, NoRule, PatientAim, PatientLevel,
    PatientOutcome, PatientPoint,
};

use super::clinical_part::{ClinicalPart, name, prevalence, rate, shown, value};
use super::format::{NONE, capitalised, confidence, counted, thousands};
use super::table::{Cell, Column, Table};
use super::test_sets;

/// The part on patients.
pub(super) fn part(analysis: &Analysis) -> ClinicalPart {
    ClinicalPart {
        title: format!("Per {}", analysis.nouns.group.one),
        notes: notes(analysis),
        table: table(analysis),
    }
}

/// What test patients allow, one sentence or more per test set.
fn notes(analysis: &Analysis) -> Vec<String> {
    let names = test_sets::names(analysis);
    let several = analysis.clinical.len() > 1;
    let Words { group, groups, images, .. } = analysis.nouns.words();
    let of_set = |set: &ClinicalSet| {
        let found = set.configurations.first()?;
        let text = match &found.patients {
            Ok(level) => of_level(analysis, level),
            Err(NoPatients::Unknown) => format!(
                "There are no rates per {group}: the {groups} of the {images} are unknown, or there is only one."
            ),
            Err(NoPatients::NotNumbers) => {
                format!("There are no rates per {group}: a test prediction is no number.")
            }
        };
        let of = || format!("Test set {} ({}): ", set.test_set + 1, names[set.test_set]);
        Some(if several { of() + &text } else { text })
    };
    analysis.clinical.iter().filter_map(of_set).collect()
}

fn of_level(analysis: &Analysis, level: &PatientLevel) -> String {
    let positive = analysis.class_names.positive_word();
    let Words { group, groups, image, images } = analysis.nouns.words();
    let (with, without) = (level.positives, level.negatives);
    let all = thousands(i64::try_from(with + without).unwrap_or(i64::MAX));
    let mut text = match (with, without) {
        (_, 0) => format!(
            "All {all} test {groups} have {positive} {images}, so there is no specificity per {group} and no predictive value."
        ),
        (_, few) if few < LEAST_PATIENTS => format!(
            "Only {few} of {all} test {groups} have no {positive} {image}: fewer than {LEAST_PATIENTS} give no specificity per \
             {group}."
        ),
        (few, _) if few < LEAST_PATIENTS => format!(
            "Only {few} of {all} test {groups} have {positive} {images}: fewer than {LEAST_PATIENTS} give no sensitivity per \
             {group}."
        ),
        _ => format!("{} of {all} test {groups} have {positive} {images}.", count_of(with)),
    };
    if level.are_shared {
        text += &format!(
            " Some of them have other {images} in training or validation, so the rates are too good for new {groups}."
        );
    }
    if level.unknown_cells > 0 {
        let unknown = counted(level.unknown_cells, &format!("test {image}"), &format!("test {images}"));
        text += &format!(" {unknown} without a known {group} are left out.");
    }
    text
}

fn count_of(patients: usize) -> String {
    thousands(i64::try_from(patients).unwrap_or(i64::MAX))
}

fn table(analysis: &Analysis) -> Option<Table> {
    let rows: Vec<Vec<Cell>> = shown(analysis)
        .filter_map(|one| Some((one, one.patients.as_ref().ok()?)))
        .flat_map(|(one, level)| {
            rows_of(level, &analysis.nouns).map(move |(aim, point)| row(analysis, one, &aim, point))
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let positive = analysis.class_names.positive_word();
    let Words { group, groups, image, images } = analysis.nouns.words();
    let (tested, each) = (format!("test {groups}"), format!("per {group}"));
    let columns = vec![
        Column::text("configuration"),
        Column::text("called positive from"),
        Column::number(&format!("with {positive} {images}")).under(&tested),
        Column::number("without").under(&tested),
        Column::number("sensitivity, %").under(&each),
        Column::number("specificity, %").under(&each),
        Column::number("PPV, %").under(&each),
        Column::number("NPV, %").under(&each),
    ];
    let caption = format!(
        "Whole {groups}. {one} is {positive} with any {positive} {image}. It is called so when enough of its {images} have a \
         probability of 0.5 or more. Each run's number or share of {images} is the one with the largest Youden's J on its own \
         validation {groups}. A number chosen on {groups} with fewer {images} than test {groups} have is too small; a share is \
         not. In brackets are {} intervals: Wilson's with {groups} as trials, and for predictive values (PPV, NPV), at a \
         prevalence of {} among {groups}, MOVER's. They hold for these trained networks and rules.",
        confidence(&analysis.options),
        prevalence(&analysis.options),
        one = capitalised(&analysis.nouns.group.with_article())
    );
    Some(Table { caption, columns, rows })
}

/// The points, each with words for how patients are called; those without a rule for the same reason are one.
fn rows_of<'a>(
    level: &'a PatientLevel,
    nouns: &Nouns,
) -> impl Iterator<Item = (String, &'a PatientPoint)> + use<'a> {
    let Words { image, images, .. } = nouns.words();
    let any = format!("any {image}");
    let [either, number, share] =
        ["a number or a share of", "a number of", "a share of its"].map(|words| format!("{words} {images}"));
    let failed = |aim: PatientAim| {
        let point = level.points.iter().find(|point| point.aim == aim);
        point.and_then(|point| point.outcome.err())
    };
    let both = failed(PatientAim::EnoughCells);
    let are_one = both.is_some() && both == failed(PatientAim::EnoughShare);
    level.points.iter().filter_map(move |point| match point.aim {
        PatientAim::AnyCell => Some((any.clone(), point)),
        PatientAim::EnoughCells if are_one => Some((either.clone(), point)),
        PatientAim::EnoughCells => Some((number.clone(), point)),
        PatientAim::EnoughShare if are_one => None,
        PatientAim::EnoughShare => Some((share.clone(), point)),
    })
}

fn row(
    analysis: &Analysis,
    one: &ClinicalConfiguration,
    aim: &str,
    PatientPoint { outcome, .. }: &PatientPoint,
) -> Vec<Cell> {
    let mut cells: Vec<Cell> = vec![name(analysis, one).into()];
    match outcome {
        Err(reason) => {
            cells.push(format!("{aim}: {}", no_rule(*reason, &analysis.nouns)).into());
            cells.extend((0..6).map(|_| NONE.into()));
        }
        Ok(PatientOutcome { rules, rates, predictive }) => {
            let patients = |count: usize| Cell::ordered(count_of(count), count as f64);
            let found = |found: Option<PatientRate>| {
                found.map_or_else(|| NONE.into(), |found| rate(found.rate, found.interval))
            };
            cells.push(rule(*rules, &analysis.nouns).into());
            cells.extend([patients(rates.positives), patients(rates.negatives)]);
            cells.extend([found(rates.sensitivity), found(rates.specificity)]);
            cells.push(value(predictive.and_then(|found| found.positive)));
            cells.push(value(predictive.and_then(|found| found.negative)));
        }
    }
    cells
}

fn no_rule(reason: NoRule, nouns: &Nouns) -> String {
    let Words { groups, image, .. } = nouns.words();
    match reason {
        NoRule::NoValidation => format!("none, as a run has fewer than 2 known validation {groups}"),
        NoRule::FewPatients { positives, negatives } => format!(
            "none, as a run has {positives} positive and {negatives} negative validation {groups}; {LEAST_PATIENTS} of each are \
             needed"
        ),
        NoRule::NothingCalled => format!("none, as no validation {image} of a run is called positive"),
        NoRule::NotNumbers => "none, as a validation prediction is no number".to_owned(),
    }
}

/// `any cell`, `4 cells`, `2 to 4 cells`, `8.0 % of its cells`.
fn rule((least, most): (PatientRule, PatientRule), nouns: &Nouns) -> String {
    let Words { image, images, .. } = nouns.words();
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    let range =
        |least: String, most: String| if least == most { least } else { format!("{least} to {most}") };
    match (least, most) {
        (PatientRule::Cells(1), PatientRule::Cells(1)) => format!("any {image}"),
        (PatientRule::Cells(least), PatientRule::Cells(most)) => {
            format!("{} {images}", range(least.to_string(), most.to_string()))
        }
        (PatientRule::Share(least), PatientRule::Share(most)) => {
            format!("{} % of its {images}", range(percent(least), percent(most)))
        }
        // Rules of one aim are of one kind.
        (PatientRule::Cells(_), PatientRule::Share(_)) | (PatientRule::Share(_), PatientRule::Cells(_)) => {
            NONE.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn found(data: &ReportData) -> ClinicalPart {
        part(&analyse(data).unwrap())
    }

    fn texts(part: &ClinicalPart, row: usize) -> Vec<String> {
        part.table.as_ref().unwrap().rows[row].iter().map(|cell| cell.text.clone()).collect()
    }

    #[test]
    fn patients_who_are_all_positive_are_named_and_leave_dashes() {
        let part = found(&fixture::ranks());
        assert!(
            part.notes[0]
                .starts_with("All 40 test patients have parasitized cells, so there is no specificity")
        );
        assert!(part.notes[0].ends_with("so the rates are too good for new patients."));
        let row = texts(&part, 0);
        assert_eq!(row[..4], ["model_4", "any cell", "40", "0"]);
        assert_eq!(row[4..], ["100.0 (91.2 to 100.0)", "—", "—", "—"]);
        assert_eq!(part.table.as_ref().unwrap().rows.len(), 4);
        assert_eq!(
            texts(&part, 1)[1],
            "a number or a share of cells: none, as a run has 40 positive and 0 negative validation patients; 5 of each are \
             needed"
        );
    }

    #[test]
    fn rules_are_written_as_they_are_applied() {
        let part = found(&fixture::healthy_patients());
        assert!(part.notes[0].starts_with("20 of 40 test patients have parasitized cells."));
        let rules: Vec<String> = (0..3).map(|row| texts(&part, row)[1].clone()).collect();
        assert_eq!(rules, ["any cell", "4 cells", "80.0 % of its cells"]);
        let row = texts(&part, 0);
        assert_eq!(row[4..6], ["100.0 (83.9 to 100.0)", "50.0 (29.9 to 70.1)"]);
        assert!(row[6].starts_with("18.2 ("), "{row:?}");
        let mixed = (PatientRule::Cells(2), PatientRule::Cells(4));
        let nouns = Nouns::default();
        assert_eq!(rule(mixed, &nouns), "2 to 4 cells");
        assert_eq!(
            rule((PatientRule::Share(0.02), PatientRule::Share(0.1)), &nouns),
            "2.0 to 10.0 % of its cells"
        );
    }

    #[test]
    fn few_or_unknown_patients_are_named() {
        let mut data = fixture::healthy_patients();
        for run in &mut data.runs {
            run.predictions.retain(|row| !row.patient.starts_with('H') || row.patient.len() == 3);
            run.predictions.retain(|row| {
                !matches!(&*row.patient, "H10" | "H11" | "H12" | "H13" | "H14" | "H15" | "H16")
            });
        }
        let note = found(&data).notes.remove(0);
        assert!(
            note.starts_with("Only 3 of 23 test patients have no parasitized cell: fewer than 5 give no"),
            "{note}"
        );
        data.runs
            .iter_mut()
            .flat_map(|run| &mut run.predictions)
            .for_each(|row| row.patient = row.image.clone());
        let part = found(&data);
        assert!(
            part.notes[0]
                .starts_with("There are no rates per patient: the patients of the cells are unknown")
        );
        assert_eq!(part.table, None);
    }

    #[test]
    fn sets_of_cells_are_named_where_there_are_several() {
        let notes = found(&fixture::both_splits(40, 400)).notes;
        assert!(notes[0].starts_with("Test set 1 (patient split, 4,000 cells): "), "{notes:?}");
        assert!(notes[1].starts_with("Test set 2 (random split, 4,000 cells): "), "{notes:?}");
    }
}

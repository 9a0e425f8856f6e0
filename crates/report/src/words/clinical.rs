//! The section of clinical measures: what is shown, at which prevalence, and its parts in order.

use ranklab_settings::Words;

use crate::analysis::{Analysis, CLINICAL_TEST_SETS, ClinicalConfiguration, Shown};

use super::clinical_part::{ClinicalPart, name, prevalence, shown};
use super::format::count;
use super::{cell_values, decision_curve, patient_level, recalibration};

/// What is said of a few configurations for clinicians.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClinicalWords {
    /// What is shown, and the assumption that it rests on.
    pub(crate) sentences: Vec<String>,
    /// Patients, predictive values, calibration; the decision curve last.
    pub(crate) parts: Vec<ClinicalPart>,
}

/// The section; `None` without a configuration to show.
pub(crate) fn words(analysis: &Analysis) -> Option<ClinicalWords> {
    if analysis.clinical.is_empty() {
        return None;
    }
    let parts = vec![
        patient_level::part(analysis),
        cell_values::part(analysis),
        recalibration::part(analysis),
        decision_curve::part(analysis),
    ];
    Some(ClinicalWords {
        sentences: vec![which(analysis), assumption(analysis)],
        parts: parts.into_iter().filter(|part| part.table.is_some() || !part.notes.is_empty()).collect(),
    })
}

fn which(analysis: &Analysis) -> String {
    let named = |one: &ClinicalConfiguration| {
        let why = match one.shown {
            Shown::Baseline => "baseline",
            Shown::BestOnValidation => "best validation accuracy, baseline aside",
        };
        format!("{} ({why})", name(analysis, one))
    };
    let listed: Vec<String> = shown(analysis).map(named).collect();
    let sets = analysis.test_sets.len();
    let per_set = if sets > 1 { " for each test set" } else { "" };
    let rest = sets.saturating_sub(CLINICAL_TEST_SETS);
    let rest =
        if rest > 0 { format!(" {} are left out.", count(rest, "more test set")) } else { String::new() };
    format!(
        "This section shows{per_set}: {}.{rest} Nothing in it is chosen on test {}.",
        listed.join("; "),
        analysis.nouns.image.many
    )
}

fn assumption(analysis: &Analysis) -> String {
    let Words { groups, images, .. } = analysis.nouns.words();
    format!(
        "Predictive values and decision curves assume a prevalence of {}, the share of {images} or of {groups} that are {}. This \
         is an assumption and no result; set it with --prevalence.",
        prevalence(&analysis.options),
        analysis.class_names.positive_word()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn the_section_names_its_choice_and_its_assumption_and_ends_with_the_decision_curve() {
        let found = words(&analyse(&fixture::ranks()).unwrap()).unwrap();
        assert_eq!(
            found.sentences,
            [
                "This section shows: model_4 (baseline); model_5 · block5 · rank 5 (best validation accuracy, baseline aside). \
                 Nothing in it is chosen on test cells.",
                "Predictive values and decision curves assume a prevalence of 10 %, the share of cells or of patients that are \
                 parasitized. This is an assumption and no result; set it with --prevalence."
            ]
        );
        let titles: Vec<&str> = found.parts.iter().map(|part| part.title.as_str()).collect();
        assert_eq!(titles, ["Per patient", "Predictive values", "Calibration", "Decision curve"]);
    }

    #[test]
    fn several_test_sets_are_named_and_those_left_out_are_counted() {
        let found = words(&analyse(&fixture::both_splits(40, 400)).unwrap()).unwrap();
        assert!(
            found.sentences[0].starts_with("This section shows for each test set: "),
            "{:?}",
            found.sentences
        );
        let mut data = fixture::many(7);
        for run in &mut data.runs {
            run.row.start.split_hash = format!("split {}", run.row.id);
            let id = run.row.id;
            run.predictions.iter_mut().for_each(|row| row.image = format!("{id}_{}", row.image).into());
        }
        let found = words(&analyse(&data).unwrap()).unwrap();
        assert!(found.sentences[0].contains(" 3 more test sets are left out."), "{:?}", found.sentences);
    }

    #[test]
    fn without_predictions_there_is_no_section() {
        let mut data = fixture::ranks();
        data.runs.iter_mut().for_each(|run| run.predictions.clear());
        assert_eq!(words(&analyse(&data).unwrap()), None);
    }
}

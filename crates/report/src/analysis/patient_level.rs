//! Whole patients called by their cells, with rules chosen on validation patients.

use std::collections::{BTreeMap, BTreeSet};

use ranklab_stats::{
    CalledPatient, Clusters, EstimatedRate, LEAST_PATIENTS, PatientCells, PatientRate, PatientRates,
    PatientRule, PredictiveValues, RuleKind, THRESHOLD, patient_cells, patient_rates, predictive_values,
    youden_rule,
};
use ranklab_store::PredictionRow;
use serde::Serialize;

use crate::data::RunData;
use crate::options::Options;

use super::leakage::is_patient_known;

/// How a patient is called by its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PatientAim {
    /// One cell called positive is enough: nothing is chosen.
    AnyCell,
    /// A number of cells, chosen on validation patients.
    EnoughCells,
    /// A share of the patient's cells, chosen on validation patients.
    EnoughShare,
}

impl PatientAim {
    /// All of them, in the order of the report.
    const ALL: [Self; 3] = [Self::AnyCell, Self::EnoughCells, Self::EnoughShare];
}

/// Why no rule could be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoRule {
    /// A run has validation predictions of fewer than two known patients.
    NoValidation,
    /// A run has too few validation patients of a class.
    FewPatients {
        /// Validation patients with a positive cell.
        positives: usize,
        /// Validation patients without one.
        negatives: usize,
    },
    /// No validation cell of a run is called positive.
    NothingCalled,
    /// A validation prediction is no number.
    NotNumbers,
}

/// What came of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PatientOutcome {
    /// The most and the least sensitive rule of the runs.
    pub rules: (PatientRule, PatientRule),
    /// Rates of test patients.
    pub rates: PatientRates,
    /// What a call of a patient is worth at the prevalence; `None` without both rates.
    pub predictive: Option<PredictiveValues>,
}

/// One way to call patients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PatientPoint {
    /// How patients are called.
    pub aim: PatientAim,
    /// The rates on test patients, or why there is no rule.
    pub outcome: Result<PatientOutcome, NoRule>,
}

/// Why there are no rates of patients at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoPatients {
    /// No patient is known, or a run tests only one.
    Unknown,
    /// A test prediction is no number.
    NotNumbers,
}

/// Calls of a configuration's test patients.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PatientLevel {
    /// Test patients with a positive cell.
    pub positives: usize,
    /// Test patients without one.
    pub negatives: usize,
    /// Test cells of all runs without a known patient, which are left out.
    pub unknown_cells: usize,
    /// Whether some test patients have other cells in training or validation.
    pub are_shared: bool,
    /// What came of each way to call patients.
    pub points: Vec<PatientPoint>,
}

/// Calls of the test patients of a configuration's runs, each run with its own rule.
///
/// # Errors
/// With the reason when the patients cannot be called.
pub(crate) fn patient_level(runs: &[&RunData], options: &Options) -> Result<PatientLevel, NoPatients> {
    let tested: Vec<Patients<'_>> =
        runs.iter().map(|run| Patients::of(&run.predictions)).collect::<Result<_, _>>().map_err(
            |problem| {
                if problem == Problem::NotNumbers { NoPatients::NotNumbers } else { NoPatients::Unknown }
            },
        )?;
    // A patient is positive by all its test cells, also where folds share it.
    let cells = || tested.iter().flat_map(|run| &run.cells);
    let positive: BTreeSet<&str> =
        cells().filter(|(_, cells)| cells.is_positive()).map(|(name, _)| *name).collect();
    let names: BTreeSet<&str> = cells().map(|(name, _)| *name).collect();
    let point = |aim| {
        let rules: Result<Vec<PatientRule>, NoRule> = runs.iter().map(|run| rule(aim, run)).collect();
        PatientPoint { aim, outcome: rules.map(|rules| outcome(&rules, &tested, &positive, options)) }
    };
    Ok(PatientLevel {
        positives: positive.len(),
        negatives: names.len() - positive.len(),
        unknown_cells: runs
            .iter()
            .map(|run| run.predictions.iter().filter(|row| !is_patient_known(row)).count())
            .sum(),
        are_shared: runs.iter().any(|run| run.row.start.shared_patients > 0),
        points: PatientAim::ALL.into_iter().map(point).collect(),
    })
}

/// Why cells cannot be counted by patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Unknown,
    NotNumbers,
}

/// The cells of each known patient in one run.
struct Patients<'a> {
    cells: Vec<(&'a str, PatientCells)>,
}

impl<'a> Patients<'a> {
    fn of(rows: &'a [PredictionRow]) -> Result<Self, Problem> {
        let known: Vec<&PredictionRow> = rows.iter().filter(|row| is_patient_known(row)).collect();
        let patients: Vec<&str> = known.iter().map(|row| &*row.patient).collect();
        // Statistics number patients in this order.
        let names: BTreeSet<&str> = patients.iter().copied().collect();
        if names.len() < 2 {
            return Err(Problem::Unknown);
        }
        let labels: Vec<u8> = known.iter().map(|row| u8::try_from(row.label).unwrap_or(u8::MAX)).collect();
        let probabilities: Vec<f64> = known.iter().map(|row| row.probability).collect();
        let cells = patient_cells(&labels, &probabilities, THRESHOLD, &Clusters::by_patient(&patients))
            .map_err(|_| Problem::NotNumbers)?;
        Ok(Self { cells: names.into_iter().zip(cells).collect() })
    }
}

/// The rule of a run, chosen on its validation patients.
fn rule(aim: PatientAim, run: &RunData) -> Result<PatientRule, NoRule> {
    let kind = match aim {
        PatientAim::AnyCell => return Ok(PatientRule::ANY),
        PatientAim::EnoughCells => RuleKind::Cells,
        PatientAim::EnoughShare => RuleKind::Share,
    };
    let patients = Patients::of(&run.validation).map_err(|problem| match problem {
        Problem::Unknown => NoRule::NoValidation,
        Problem::NotNumbers => NoRule::NotNumbers,
    })?;
    let cells: Vec<PatientCells> = patients.cells.into_iter().map(|(_, cells)| cells).collect();
    let positives = cells.iter().filter(|patient| patient.is_positive()).count();
    let negatives = cells.len() - positives;
    if positives.min(negatives) < LEAST_PATIENTS {
        return Err(NoRule::FewPatients { positives, negatives });
    }
    youden_rule(kind, &cells).map(|chosen| chosen.rule).ok_or(NoRule::NothingCalled)
}

/// The rates of test patients, each called by the networks that it was tested by.
fn outcome(
    rules: &[PatientRule],
    tested: &[Patients<'_>],
    positive: &BTreeSet<&str>,
    options: &Options,
) -> PatientOutcome {
    // Of each patient, networks that call it positive and all that it was tested by.
    let mut calls: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (rule, run) in rules.iter().zip(tested) {
        for (name, cells) in &run.cells {
            let (called, networks) = calls.entry(name).or_default();
            *called += f64::from(u8::from(rule.calls(cells)));
            *networks += 1.0;
        }
    }
    let called = |(name, (called, networks)): (&str, (f64, f64))| CalledPatient {
        is_positive: positive.contains(name),
        called: called / networks,
    };
    let patients: Vec<CalledPatient> = calls.into_iter().map(called).collect();
    let counted = |positive: bool| patients.iter().filter(|one| one.is_positive == positive).count();
    // Shares of networks are between 0 and 1, so that nothing is refused but a wrong level.
    let rates = patient_rates(&patients, options.level()).unwrap_or(PatientRates {
        positives: counted(true),
        negatives: counted(false),
        sensitivity: None,
        specificity: None,
    });
    let estimated = |PatientRate { rate, interval }| EstimatedRate { rate, interval };
    let predictive = rates.sensitivity.zip(rates.specificity).and_then(|(sensitivity, specificity)| {
        predictive_values(&estimated(sensitivity), &estimated(specificity), options.prevalence).ok()
    });
    let least = |one: &PatientRule| match one {
        PatientRule::Cells(least) => *least as f64,
        PatientRule::Share(least) => *least,
    };
    let ends = rules.iter().copied().fold(None, |ends: Option<(PatientRule, PatientRule)>, rule| {
        let (low, high) = ends.unwrap_or((rule, rule));
        Some((
            if least(&rule) < least(&low) { rule } else { low },
            if least(&rule) > least(&high) { rule } else { high },
        ))
    });
    PatientOutcome { rules: ends.unwrap_or((PatientRule::ANY, PatientRule::ANY)), rates, predictive }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn found(runs: &[RunData]) -> Result<PatientLevel, NoPatients> {
        patient_level(&runs.iter().collect::<Vec<_>>(), &Options::default())
    }

    fn outcome_of(level: &PatientLevel, place: usize) -> PatientOutcome {
        level.points[place].outcome.unwrap()
    }

    #[test]
    fn where_all_patients_are_positive_there_is_no_specificity_and_no_rule_to_choose() {
        let level = found(&fixture::ranks().runs[..1]).unwrap();
        assert_eq!((level.positives, level.negatives, level.are_shared), (40, 0, true));
        let any = outcome_of(&level, 0);
        assert_eq!((any.rates.specificity, any.predictive), (None, None));
        // Six cells of six patients are missed, who have others.
        assert_eq!(any.rates.sensitivity.unwrap().rate, 1.0);
        let reason = NoRule::FewPatients { positives: 40, negatives: 0 };
        assert_eq!(level.points[1].outcome, Err(reason));
        assert_eq!(level.points[2].outcome, Err(reason));
    }

    #[test]
    fn rules_come_from_validation_patients_whatever_test_cells_say() {
        let mut data = fixture::healthy_patients();
        let before = found(&data.runs[..1]).unwrap();
        let rules: Vec<_> = (0..3).map(|place| outcome_of(&before, place).rules).collect();
        assert_eq!(rules[0], (PatientRule::ANY, PatientRule::ANY));
        assert!(matches!(rules[1].0, PatientRule::Cells(least) if least > 1), "{rules:?}");
        assert!(matches!(rules[2].0, PatientRule::Share(least) if least > 0.0), "{rules:?}");
        // More cells are asked for, so fewer healthy patients are called infected.
        let specificity = |place| outcome_of(&before, place).rates.specificity.unwrap().rate;
        assert!(specificity(1) > specificity(0));
        assert!(outcome_of(&before, 1).predictive.unwrap().positive.unwrap().rate > 0.1);
        data.runs[0].predictions.iter_mut().for_each(|row| row.probability = 1.0 - row.probability);
        let after = found(&data.runs[..1]).unwrap();
        assert_eq!(outcome_of(&after, 1).rules, rules[1]);
        assert_eq!(outcome_of(&after, 2).rules, rules[2]);
        assert!(outcome_of(&after, 1).rates != outcome_of(&before, 1).rates);
    }

    #[test]
    fn seeds_are_no_more_patients() {
        let one = found(&fixture::healthy_patients().runs[..1]).unwrap();
        let run = fixture::healthy_patients().runs.remove(0);
        let three = found(&[run.clone(), run.clone(), run]).unwrap();
        assert_eq!(three, one);
    }

    #[test]
    fn folds_add_their_patients() {
        let level = found(&fixture::folds().runs[..4]).unwrap();
        assert_eq!((level.positives, level.negatives, level.are_shared), (40, 0, false));
    }

    #[test]
    fn what_has_no_patients_or_validation_says_why() {
        let mut data = fixture::healthy_patients();
        data.runs[0].validation.clear();
        let level = found(&data.runs[..1]).unwrap();
        assert_eq!(level.points[1].outcome, Err(NoRule::NoValidation));
        assert!(level.points[0].outcome.is_ok());
        data.runs[0].validation = data.runs[1].validation.clone();
        data.runs[0].validation[0].probability = f64::NAN;
        assert_eq!(found(&data.runs[..1]).unwrap().points[1].outcome, Err(NoRule::NotNumbers));
        data.runs[0].validation.iter_mut().for_each(|row| row.probability = 0.0);
        assert_eq!(found(&data.runs[..1]).unwrap().points[1].outcome, Err(NoRule::NothingCalled));
        data.runs[0].predictions[0].patient = data.runs[0].predictions[0].image.clone();
        assert_eq!(found(&data.runs[..1]).unwrap().unknown_cells, 1);
        data.runs[0].predictions[1].probability = f64::NAN;
        assert_eq!(found(&data.runs[..1]), Err(NoPatients::NotNumbers));
        data.runs[0].predictions.iter_mut().for_each(|row| row.patient = row.image.clone());
        assert_eq!(found(&data.runs[..1]), Err(NoPatients::Unknown));
    }
}

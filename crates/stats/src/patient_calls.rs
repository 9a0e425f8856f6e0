//! Calls of whole patients, made of the calls of their cells.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::clusters::{Clusters, Resampled};
use crate::distribution::Reference;
use crate::error::{Error, Result, check, check_score};
use crate::interval::{Interval, wilson};

/// The fewest patients of a class for which a rate is given: of fewer, one patient more or less decides.
pub const LEAST_PATIENTS: usize = 5;

/// The cells of one patient. A patient with any positive cell is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientCells {
    /// Number of cells.
    pub cells: u64,
    /// Number of positive cells.
    pub positive: u64,
    /// Number of cells called positive.
    pub called: u64,
}

impl PatientCells {
    /// Whether any cell is positive.
    pub fn is_positive(&self) -> bool {
        self.positive > 0
    }

    /// Share of cells called positive; 0 without cells.
    pub fn called_share(&self) -> f64 {
        if self.cells == 0 { 0.0 } else { self.called as f64 / self.cells as f64 }
    }
}

/// Counts the cells of each patient, in the order of the patients. Cells from the threshold on are called
/// positive.
///
/// # Errors
/// When the patients are not known or are fewer than two, the lengths differ, a label is neither 0 nor 1, or a
/// probability or the threshold is not between 0 and 1.
pub fn patient_cells(
    labels: &[u8],
    probabilities: &[f64],
    threshold: f64,
    patients: &Clusters,
) -> Result<Vec<PatientCells>> {
    check(labels, probabilities)?;
    patients.check(labels.len())?;
    if !(0.0..=1.0).contains(&threshold) {
        return Err(Error::Threshold(threshold));
    }
    if matches!(patients.resampled(), Resampled::Cells(_)) {
        return Err(Error::UnknownPatients);
    }
    let mut found = vec![PatientCells { cells: 0, positive: 0, called: 0 }; patients.units()];
    for ((label, probability), unit) in labels.iter().zip(probabilities).zip(patients.unit_of_cell()) {
        let patient = &mut found[*unit as usize];
        patient.cells += 1;
        patient.positive += u64::from(*label);
        patient.called += u64::from(*probability >= threshold);
    }
    Ok(found)
}

/// From how many of its cells on a patient is called positive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatientRule {
    /// At least so many cells are called positive.
    Cells(u64),
    /// At least this share of the cells is called positive.
    Share(f64),
}

impl PatientRule {
    /// One cell called positive is enough.
    pub const ANY: Self = Self::Cells(1);

    /// Whether the patient is called positive.
    pub fn calls(self, patient: &PatientCells) -> bool {
        match self {
            Self::Cells(least) => patient.called >= least,
            Self::Share(least) => patient.called_share() >= least,
        }
    }
}

/// What a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Cells called positive.
    Cells,
    /// The share of a patient's cells that is called positive.
    Share,
}

impl RuleKind {
    fn rule(self, patient: &PatientCells) -> PatientRule {
        match self {
            Self::Cells => PatientRule::Cells(patient.called),
            Self::Share => PatientRule::Share(patient.called_share()),
        }
    }
}

/// A rule with the rates that it has on the patients it was chosen on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChosenRule {
    /// The rule.
    pub rule: PatientRule,
    /// Share of positive patients called positive.
    pub sensitivity: f64,
    /// Share of negative patients called negative.
    pub specificity: f64,
}

/// The rule with the largest Youden's J (Youden 1950), sensitivity + specificity − 1 of patients; of several the
/// one with the highest sensitivity, since a missed infection costs more than a second look. To be chosen on
/// validation patients and judged on test patients. `None` when a class has no patient, or no cell of a patient
/// is called positive.
pub fn youden_rule(kind: RuleKind, patients: &[PatientCells]) -> Option<ChosenRule> {
    let (positives, negatives): (Vec<&PatientCells>, Vec<&PatientCells>) =
        patients.iter().partition(|patient| patient.is_positive());
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    let (all_positives, all_negatives) = (positives.len() as i128, negatives.len() as i128);
    let candidates = patients.iter().filter(|patient| patient.called > 0).map(|patient| {
        let rule = kind.rule(patient);
        let called = |of: &[&PatientCells]| of.iter().filter(|patient| rule.calls(patient)).count() as i128;
        let (found, false_alarms) = (called(&positives), called(&negatives));
        // J times both class sizes is a whole number: ties are exact.
        ((found * all_negatives - false_alarms * all_positives, found), rule, found, false_alarms)
    });
    let better = |one: &(i128, i128), other: &(i128, i128)| one.cmp(other) == Ordering::Greater;
    let (_, rule, found, false_alarms) =
        candidates.reduce(|best, next| if better(&next.0, &best.0) { next } else { best })?;
    Some(ChosenRule {
        rule,
        sensitivity: found as f64 / all_positives as f64,
        specificity: (all_negatives - false_alarms) as f64 / all_negatives as f64,
    })
}

/// A patient of the test part with the calls of the networks that it was tested by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalledPatient {
    /// Whether any cell is positive.
    pub is_positive: bool,
    /// Share of the networks that call the patient positive, from 0 to 1.
    pub called: f64,
}

/// A rate of patients with Wilson's interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatientRate {
    /// The rate, averaged over the networks.
    pub rate: f64,
    /// Its interval, with as many independent trials as patients.
    pub interval: Interval,
}

/// Rates of patients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatientRates {
    /// Number of positive patients.
    pub positives: usize,
    /// Number of negative patients.
    pub negatives: usize,
    /// Share of positive patients called positive; `None` of fewer than [`LEAST_PATIENTS`].
    pub sensitivity: Option<PatientRate>,
    /// Share of negative patients called negative; `None` of fewer than [`LEAST_PATIENTS`].
    pub specificity: Option<PatientRate>,
}

/// Sensitivity and specificity per patient with Wilson's score intervals (Wilson 1927). Patients are the
/// independent trials. A patient that several networks were tested on is one trial with the mean of their
/// calls: more networks are no more patients. The intervals hold for these trained networks and rules.
///
/// # Errors
/// When a share is not between 0 and 1, or the level is not.
pub fn patient_rates(patients: &[CalledPatient], level: f64) -> Result<PatientRates> {
    let shares = |positive: bool| -> Vec<f64> {
        let of_class = patients.iter().filter(|patient| patient.is_positive == positive);
        of_class.map(|patient| if positive { patient.called } else { 1.0 - patient.called }).collect()
    };
    let (positives, negatives) = (shares(true), shares(false));
    Ok(PatientRates {
        positives: positives.len(),
        negatives: negatives.len(),
        sensitivity: rate(&positives, level)?,
        specificity: rate(&negatives, level)?,
    })
}

fn rate(right: &[f64], level: f64) -> Result<Option<PatientRate>> {
    check_score(right)?;
    let z = Reference::Normal.two_sided_quantile(level)?;
    if right.len() < LEAST_PATIENTS {
        return Ok(None);
    }
    let n = right.len() as f64;
    let rate = right.iter().sum::<f64>() / n;
    Ok(Some(PatientRate { rate, interval: wilson(rate, n, z, level)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient(cells: u64, positive: u64, called: u64) -> PatientCells {
        PatientCells { cells, positive, called }
    }

    #[test]
    fn cells_are_counted_by_patient_and_the_threshold_itself_is_positive() {
        let patients = Clusters::by_patient(&["b", "a", "b", "a", "a"]);
        let found = patient_cells(&[0, 1, 0, 0, 0], &[0.5, 0.9, 0.4, 0.1, 0.7], 0.5, &patients).unwrap();
        assert_eq!(found, [patient(3, 1, 2), patient(2, 0, 1)]);
        assert!(found[0].is_positive() && !found[1].is_positive());
    }

    #[test]
    fn unknown_patients_are_refused() {
        let found = patient_cells(&[0, 1], &[0.5, 0.9], 0.5, &Clusters::by_cell(2));
        assert_eq!(found, Err(Error::UnknownPatients));
        let patients = Clusters::by_patient(&[1, 2]);
        assert_eq!(patient_cells(&[0, 1], &[0.5, 0.9], 1.5, &patients), Err(Error::Threshold(1.5)));
        assert!(patient_cells(&[0], &[0.5], 0.5, &patients).is_err());
    }

    #[test]
    fn false_alarms_among_many_cells_ask_for_more_than_one_cell() {
        // Healthy patients have 1 and 3 false alarms, infected ones 4, 9 and 20 calls.
        let patients = [
            patient(100, 0, 1),
            patient(100, 0, 3),
            patient(100, 8, 4),
            patient(100, 9, 9),
            patient(100, 20, 20),
        ];
        assert!(patients.iter().all(|one| PatientRule::ANY.calls(one)));
        let chosen = youden_rule(RuleKind::Cells, &patients).unwrap();
        assert_eq!(chosen, ChosenRule { rule: PatientRule::Cells(4), sensitivity: 1.0, specificity: 1.0 });
        assert_eq!(youden_rule(RuleKind::Share, &patients).unwrap().rule, PatientRule::Share(0.04));
    }

    #[test]
    fn a_share_finds_patients_of_few_cells_that_a_count_misses() {
        let patients = [patient(200, 0, 4), patient(200, 0, 5), patient(10, 3, 3), patient(200, 50, 50)];
        assert_eq!(youden_rule(RuleKind::Share, &patients).unwrap().rule, PatientRule::Share(0.25));
        let patients = [patient(200, 0, 4), patient(200, 0, 5), patient(10, 3, 3), patient(200, 50, 70)];
        let chosen = youden_rule(RuleKind::Share, &patients).unwrap();
        assert_eq!(
            (chosen.rule, chosen.sensitivity, chosen.specificity),
            (PatientRule::Share(0.3), 1.0, 1.0)
        );
        // A count gets half of the infected patients, or calls everyone.
        assert_eq!(youden_rule(RuleKind::Cells, &patients).unwrap().rule, PatientRule::Cells(70));
    }

    #[test]
    fn of_equal_youden_values_the_more_sensitive_rule_is_taken() {
        let patients = [patient(9, 0, 2), patient(9, 0, 0), patient(9, 4, 1), patient(9, 4, 3)];
        // From 3 cells on: ½ and 1. From 1 cell on: 1 and ½.
        assert_eq!(youden_rule(RuleKind::Cells, &patients).unwrap().rule, PatientRule::ANY);
    }

    #[test]
    fn without_both_classes_or_any_call_there_is_no_rule() {
        assert_eq!(youden_rule(RuleKind::Cells, &[patient(9, 4, 2), patient(9, 1, 2)]), None);
        assert_eq!(youden_rule(RuleKind::Share, &[patient(9, 0, 2)]), None);
        assert_eq!(youden_rule(RuleKind::Cells, &[patient(9, 4, 0), patient(9, 0, 0)]), None);
        assert_eq!(youden_rule(RuleKind::Cells, &[]), None);
    }

    #[test]
    fn where_nearly_every_patient_is_positive_there_is_no_specificity() {
        let mut patients = vec![CalledPatient { is_positive: true, called: 1.0 }; 40];
        patients.extend([CalledPatient { is_positive: false, called: 0.0 }; LEAST_PATIENTS - 1]);
        let found = patient_rates(&patients, 0.95).unwrap();
        assert_eq!((found.positives, found.negatives, found.specificity), (40, 4, None));
        let sensitivity = found.sensitivity.unwrap();
        assert_eq!((sensitivity.rate, sensitivity.interval.upper), (1.0, 1.0));
        assert_eq!(sensitivity.interval, crate::wilson_interval(40, 40, 0.95).unwrap());
        patients.push(CalledPatient { is_positive: false, called: 1.0 });
        assert_eq!(patient_rates(&patients, 0.95).unwrap().specificity.unwrap().rate, 0.8);
    }

    #[test]
    fn more_networks_are_no_more_patients() {
        let of = |called: f64| vec![CalledPatient { is_positive: true, called }; 20];
        let width = |patients: &[CalledPatient]| {
            let interval = patient_rates(patients, 0.95).unwrap().sensitivity.unwrap().interval;
            interval.upper - interval.lower
        };
        // Ten of twenty patients called by one network, or all by half of the networks.
        let mut one = of(1.0);
        one[..10].iter_mut().for_each(|patient| patient.called = 0.0);
        assert!((width(&one) - width(&of(0.5))).abs() < 1e-12);
        assert_eq!(patient_rates(&of(1.5), 0.95), Err(Error::Score { position: 0, score: 1.5 }));
        assert_eq!(patient_rates(&of(1.0), 1.0), Err(Error::Level(1.0)));
    }
}

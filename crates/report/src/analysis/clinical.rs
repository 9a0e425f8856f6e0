//! What clinicians ask of a few configurations: patients, predictive values, calibration and decision curves.

use ranklab_settings::Baseline;
use ranklab_stats::{
    DecisionCurve, Error, EstimatedRate, PredictiveValues, Recalibration, decision_curve, predictive_values,
    recalibration,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::options::Options;

use super::cells::TestCells;
use super::clinical_choice::{Shown, shown};
use super::clustered_rate::Rate;
use super::measured::Measured;
use super::operating_points::{Aim, AimPoint, Applied};
use super::patient_level::{NoPatients, PatientLevel, patient_level};
use super::test_sets::TestSet;

/// Most test sets that are shown.
pub(crate) const TEST_SETS: usize = 4;
/// Threshold probabilities of a decision curve, in percent.
const THRESHOLDS: std::ops::RangeInclusive<u8> = 1..=50;

/// Why there is no calibration intercept and slope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotRecalibrated {
    /// The cells are of one class.
    OneClass,
    /// A threshold separates the classes without an error: the slope is infinite.
    Separated,
    /// All predictions are equal.
    Constant,
    /// No largest likelihood was found.
    Unsolved,
}

/// What a call of a cell is worth at the threshold of one aim.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CellValues {
    /// What the thresholds were chosen for, on validation images.
    pub aim: Aim,
    /// The lowest and the highest threshold of the runs.
    pub thresholds: (f64, f64),
    /// The values at the prevalence.
    pub values: PredictiveValues,
}

/// Clinical measures of one configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClinicalConfiguration {
    /// Id of the configuration.
    pub configuration: usize,
    /// Why it is shown.
    pub shown: Shown,
    /// Calls of whole patients, or why there are none.
    pub patients: Result<PatientLevel, NoPatients>,
    /// Predictive values of calls of cells; empty without thresholds from validation images.
    pub cell_values: Vec<CellValues>,
    /// Calibration intercept and slope, or why there are none.
    pub recalibration: Result<Recalibration, NotRecalibrated>,
    /// Net benefit at the prevalence; `None` of cells of one class.
    pub decision_curve: Option<DecisionCurve>,
}

/// Clinical measures on one test set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClinicalSet {
    /// Index in [`super::Analysis::test_sets`].
    pub test_set: usize,
    /// The baseline, then the best of the others on validation images.
    pub configurations: Vec<ClinicalConfiguration>,
}

/// Clinical measures of the first test sets; those without a configuration to show are left out.
pub(crate) fn clinical(
    measured: &[Measured<'_>],
    sets: &[TestSet],
    baseline: &Baseline,
    options: &Options,
) -> Vec<ClinicalSet> {
    let of_set = |(test_set, set): (usize, &TestSet)| {
        let with_cells: Vec<&Measured<'_>> =
            set.configurations.iter().map(|id| &measured[*id]).filter(|one| one.cells.is_some()).collect();
        let configurations: Vec<ClinicalConfiguration> = shown(&with_cells, baseline)
            .into_par_iter()
            .filter_map(|(why, one)| Some(of_configuration(why, one, one.cells.as_ref()?, options)))
            .collect();
        (!configurations.is_empty()).then_some(ClinicalSet { test_set, configurations })
    };
    sets.iter().take(TEST_SETS).enumerate().filter_map(of_set).collect()
}

fn of_configuration(
    shown: Shown,
    measured: &Measured<'_>,
    cells: &TestCells,
    options: &Options,
) -> ClinicalConfiguration {
    let Measured { configuration, runs, .. } = measured;
    let points = configuration.operating_points.as_deref().unwrap_or_default();
    let lists = cells.lists();
    let thresholds: Vec<f64> = THRESHOLDS.map(|percent| f64::from(percent) / 100.0).collect();
    let found = recalibration(&cells.labels, &lists, &cells.clusters, options.level());
    ClinicalConfiguration {
        configuration: configuration.id,
        shown,
        patients: patient_level(runs, options),
        cell_values: points.iter().filter_map(|point| cell_values(point, options)).collect(),
        recalibration: found.map_err(|error| match error {
            Error::OneClass => NotRecalibrated::OneClass,
            Error::Separated => NotRecalibrated::Separated,
            Error::Constant => NotRecalibrated::Constant,
            _ => NotRecalibrated::Unsolved,
        }),
        decision_curve: decision_curve(&cells.labels, &lists, Some(options.prevalence), &thresholds).ok(),
    }
}

fn cell_values(AimPoint { aim, applied }: &AimPoint, options: &Options) -> Option<CellValues> {
    let Applied { thresholds, sensitivity, specificity } = applied.as_ref()?;
    let estimated = |Rate { rate, interval, .. }: &Rate| EstimatedRate { rate: *rate, interval: *interval };
    let values = predictive_values(&estimated(sensitivity), &estimated(specificity), options.prevalence);
    Some(CellValues { aim: *aim, thresholds: *thresholds, values: values.ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn found(data: &ReportData) -> Vec<ClinicalSet> {
        analyse(data).unwrap().clinical
    }

    #[test]
    fn the_baseline_and_the_best_on_validation_have_all_measures() {
        let mut sets = found(&fixture::healthy_patients());
        assert_eq!(sets.len(), 1);
        let set = sets.remove(0);
        let shown: Vec<(usize, Shown)> =
            set.configurations.iter().map(|one| (one.configuration, one.shown)).collect();
        assert_eq!(shown, [(0, Shown::Baseline), (2, Shown::BestOnValidation)]);
        for one in &set.configurations {
            assert_eq!(one.patients.as_ref().unwrap().points.len(), 3);
            assert_eq!(one.cell_values.len(), 3);
            assert!(one.recalibration.is_ok());
            assert_eq!(one.decision_curve.as_ref().unwrap().points.len(), 50);
        }
    }

    #[test]
    fn predictive_values_and_net_benefits_follow_the_prevalence_and_rates_do_not() {
        let mut data = fixture::healthy_patients();
        let rare = found(&data);
        data.options.prevalence = 0.5;
        let common = found(&data);
        let [rare, common] = [&rare, &common].map(|sets| &sets[0].configurations[0]);
        let positive = |one: &ClinicalConfiguration| one.cell_values[0].values.positive.unwrap().rate;
        assert!(positive(rare) < positive(common));
        assert_eq!(rare.recalibration, common.recalibration);
        let curve = |one: &ClinicalConfiguration| one.decision_curve.clone().unwrap();
        assert_eq!((curve(rare).prevalence, curve(common).prevalence), (0.1, 0.5));
        assert!(curve(rare).points[9].treat_all.abs() < 1e-12 && curve(common).points[9].treat_all > 0.4);
    }

    #[test]
    fn separated_cells_and_missing_predictions_have_reasons() {
        let mut data = fixture::against_classical(0, 4);
        let set = found(&data).remove(0);
        assert_eq!(set.configurations[0].recalibration, Err(NotRecalibrated::Separated));
        assert!(set.configurations[1].recalibration.is_ok());
        data.runs[0].predictions.iter_mut().for_each(|row| row.probability = 0.5);
        assert_eq!(found(&data)[0].configurations[0].recalibration, Err(NotRecalibrated::Constant));
        data.runs.iter_mut().for_each(|run| run.predictions.clear());
        assert!(found(&data).is_empty());
    }

    #[test]
    fn each_test_set_has_its_own() {
        let sets = found(&fixture::both_splits(40, 400));
        let shown: Vec<(usize, usize)> =
            sets.iter().map(|set| (set.test_set, set.configurations.len())).collect();
        assert_eq!(shown, [(0, 1), (1, 1)]);
        assert!(sets[0].configurations[0].configuration != sets[1].configurations[0].configuration);
    }
}

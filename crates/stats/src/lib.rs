//! Pure functions on predictions: metrics, their intervals, and comparisons of runs on the same cells.
//!
//! Everywhere class 1 is the positive class, class 0 is the negative class, and an image is
//! called positive when its probability is at least the threshold. Empty denominators give 0, as
//! scikit-learn's `zero_division=0` does.
//!
//! | question | here |
//! |---|---|
//! | how good is a run | [`ConfusionMatrix`], [`ClassificationReport`], [`roc_auc`], [`average_precision`], [`log_loss`], [`roc_curve`], [`precision_recall_curve`] |
//! | do its probabilities mean what they say | [`brier_score`], [`ReliabilityCurve`] |
//! | by how much they are too high or too extreme | [`recalibration`] over patients |
//! | from which probability on to call a cell positive | [`youden_threshold`], [`specificity_at_sensitivity`], [`sensitivity_at_specificity`], on validation predictions |
//! | from how many cells on to call a patient positive | [`youden_rule`] on validation patients, judged by [`patient_rates`] |
//! | what is a call worth at a prevalence | [`predictive_values`]; [`decision_curve`] over thresholds |
//! | how sure is a metric | [`bootstrap`] over patients, [`curve_band`] for curves, [`Summary::interval`] over seeds, [`clustered_wilson_interval`] over patients, [`wilson_interval`] and [`delong_area`] over independent cells |
//! | do two configurations differ | [`Family::compare`] over patients, seeds and folds, [`paired_bootstrap`] over patients, [`McNemar`] and [`delong_comparison`] over independent cells; on different cells [`unpaired_difference`] |
//! | on how many cells do they flip | [`flips`] over all pairs of runs |
//! | are they the same within a margin | [`Compared::equivalence`], [`Compared::noninferiority`], with [`holm`]'s correction |
//! | what could a comparison have shown | [`Sensitivity`], [`unseen_margin`], [`patients_for_margin`] |
//! | did a training converge | [`threshold_gap`], [`rising_loss`], [`stale_statistics`] |
//! | what may be said of it | [`Verdict`] |
//!
//! Cells of a patient share stain, slide and stage of the disease and so are right and wrong together.
//! Whatever is to hold for other patients takes [`Clusters`] and names in [`Resampled`] what it took as
//! independent. All differences are `first − second`.

mod assumptions;
mod band;
mod bootstrap;
mod calibration;
mod classification;
mod cluster_sizes;
mod clusters;
mod confusion;
mod convergence;
mod correctness;
mod curves;
mod decision_curve;
mod delong;
mod difference;
mod distribution;
mod draws;
mod equivalence;
mod error;
mod family;
mod flips;
mod holm;
mod interval;
mod layout;
mod mcnemar;
mod metric;
mod operating_point;
mod patient_calls;
mod power;
mod predictive_values;
mod prepared;
mod ranking;
mod recalibration;
mod resampling;
mod saturation;
mod scores;
mod source;
mod student;
mod summary;
mod unpaired;
mod unseen;
mod verdict;
mod won_pairs;

pub use assumptions::Assumptions;
pub use band::{Curve, CurveBand, curve_band, curve_heights};
pub use bootstrap::{
    Bootstrap, PairedBootstrap, bootstrap, bootstrap_with, paired_bootstrap, paired_bootstrap_with,
};
pub use calibration::{ReliabilityBin, ReliabilityCurve, brier_score};
pub use classification::{ClassScores, ClassificationReport};
pub use clusters::{Clusters, Resampled};
pub use confusion::ConfusionMatrix;
pub use convergence::{
    RisingLoss, StaleStatistics, ThresholdGap, rising_loss, stale_statistics, threshold_gap,
};
pub use correctness::{accuracies, mean_correctness};
pub use curves::{PrecisionRecallPoint, RocPoint, average_precision, precision_recall_curve, roc_curve};
pub use decision_curve::{DecisionCurve, NetBenefit, decision_curve};
pub use delong::{DelongArea, DelongComparison, delong_area, delong_comparison};
pub use difference::{Components, MeanDifference, Scope};
pub use distribution::Reference;
pub use draws::Draws;
pub use equivalence::{Equivalence, NonInferiority};
pub use error::{Error, Result};
pub use family::{Compared, Family};
pub use flips::{Flips, flips};
pub use holm::holm;
pub use interval::{Interval, wilson_interval};
pub use layout::{Concentration, Layout};
pub use mcnemar::McNemar;
pub use metric::{CountMetric, CustomMetric, Metric, THRESHOLD};
pub use operating_point::{
    OperatingPoint, sensitivity_at_specificity, specificity_at_sensitivity, youden_threshold,
};
pub use patient_calls::{
    CalledPatient, ChosenRule, LEAST_PATIENTS, PatientCells, PatientRate, PatientRates, PatientRule,
    RuleKind, patient_cells, patient_rates, youden_rule,
};
pub use power::{POWER, Sensitivity};
pub use predictive_values::{EstimatedRate, PredictiveValues, predictive_values, ratio_interval};
pub use ranking::{log_loss, roc_auc, roc_auc_within};
pub use recalibration::{Coefficient, Recalibration, recalibration};
pub use resampling::Resampling;
pub use saturation::{Saturation, saturation};
pub use scores::{Scores, SeedVariance};
pub use source::Source;
pub use summary::Summary;
pub use unpaired::{ScoredCells, clustered_wilson_interval, unpaired_difference};
pub use unseen::{patients_for_margin, unseen_margin};
pub use verdict::Verdict;

//! What the rows of a report say, as one serialisable object: [`Analysis`].
//!
//! [`analyse`] computes it once. Everything in it is a number, an id, an enum or a name; the words, the charts and the
//! files are made of it.

mod cells;
mod charted;
mod class_names;
mod clinical;
mod clinical_choice;
mod configuration;
mod content;
mod convergence;
mod curve;
mod examined;
mod galleries;
mod grouping;
mod intervals;
mod leakage;
mod learning;
mod measured;
mod operating_points;
mod other_measures;
mod pairs;
mod patient_errors;
mod patient_level;
mod precision_recall;
mod published;
mod reliability;
mod roc;
mod run;
mod run_choice;
mod run_detail;
mod series;
mod settings;
mod splits;
mod test_sets;
mod wanted;

pub use charted::Charted;
pub use class_names::ClassNames;
pub use clinical::{CellValues, ClinicalConfiguration, ClinicalSet, NotRecalibrated};
pub use clinical_choice::Shown;
pub use configuration::{Configuration, Division, Measures, NoCells, SettingValue, Tested};
pub use content::{Analysis, analyse};
pub use convergence::{NotConvergedSign, StatisticsAdvice};
pub use curve::ConfigurationCurve;
pub use galleries::{CellProbability, Galleries, Gallery, GalleryCell};
pub use leakage::{Leakage, SharedPatients, UnknownPatients};
pub use learning::{EpochValue, LearningCurves};
pub use operating_points::{Aim, AimPoint, Applied, Rate};
pub use other_measures::{LeadingOtherMeasures, OtherMeasures};
pub use pairs::{Comparisons, FailedPair, Pair};
pub use patient_errors::PatientErrors;
pub use patient_level::{NoPatients, NoRule, PatientAim, PatientLevel, PatientOutcome, PatientPoint};
pub use precision_recall::PrecisionRecallCurves;
pub use published::Published;
pub use reliability::Reliability;
pub use roc::RocCurves;
pub use run::Run;
pub use run_detail::{ProbabilityMeasures, RunDetail, RunErrors, WorstPatient};
pub use series::{AllSeries, ConfigurationSeries, Member, SeriesKind, SeriesOutcome};
pub use splits::SplitPair;
pub use test_sets::TestSet;
pub use wanted::{WantedCells, wanted_pictures};

pub(crate) use charted::{BAND_REPLICATES, OVERVIEW_CURVES};
pub(crate) use clinical::TEST_SETS as CLINICAL_TEST_SETS;
pub(crate) use configuration::{most_accurate, most_accurate_on_cells, spread};
pub(crate) use convergence::{CALM_MOMENTUM, signs};
pub(crate) use galleries::CELLS as GALLERY_CELLS;
pub(crate) use operating_points::FIXED as FIXED_RATE;
pub(crate) use pairs::CLASSICAL;
pub(crate) use published::SOURCE as PUBLISHED_SOURCE;
pub(crate) use run_choice::DETAILED;
pub(crate) use run_detail::BINS;
pub(crate) use series::MEMBERS as SERIES_MEMBERS;
pub(crate) use settings::written;

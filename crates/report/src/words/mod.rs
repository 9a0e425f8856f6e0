//! What a report says in words, made of its analysis: sentences, tables and facts.

pub(crate) mod all_runs;
pub(crate) mod banners;
mod cell_values;
pub(crate) mod clinical;
mod clinical_part;
pub(crate) mod comparison;
pub(crate) mod convergence;
mod decision_curve;
pub(crate) mod facts;
pub(crate) mod findings;
pub(crate) mod format;
pub(crate) mod galleries;
mod intervals;
mod leakage;
pub(crate) mod not_compared;
pub(crate) mod operating_points;
pub(crate) mod other_measures;
pub(crate) mod pairs;
pub(crate) mod pairs_table;
mod patient_level;
mod recalibration;
pub(crate) mod run;
pub(crate) mod series;
pub(crate) mod splits;
pub(crate) mod table;
pub(crate) mod test_sets;
pub(crate) mod unfinished;

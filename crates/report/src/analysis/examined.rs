//! A finished run with what its rows say by themselves.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::data::{ReportData, RunData};

use super::convergence::{NotConvergedSign, signs};
use super::settings::settings;
use super::tuned_setting::TunedSetting;

/// A run of a report and what follows from its rows alone.
#[derive(Clone)]
pub(crate) struct ExaminedRun<'a> {
    /// Its rows.
    pub(crate) data: &'a RunData,
    /// Its settings but seeds and fold, by their paths.
    pub(crate) settings: BTreeMap<String, String>,
    /// Signs that it did not converge.
    pub(crate) signs: Vec<NotConvergedSign>,
    /// Settings that its configuration chose for itself.
    pub(crate) tuned: Vec<TunedSetting>,
}

/// The finished runs of a report, in its order.
pub(crate) fn examine(data: &ReportData) -> Vec<ExaminedRun<'_>> {
    let of_run = |run| ExaminedRun {
        data: run,
        settings: settings(&run.row.start),
        signs: signs(run),
        tuned: Vec::new(),
    };
    data.runs.par_iter().map(of_run).collect()
}

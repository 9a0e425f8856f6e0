//! The finished runs of a report.

use std::collections::{BTreeMap, HashMap};

use ranklab_store::RunRow;
use rayon::prelude::*;
use serde::Serialize;

use crate::data::ReportData;
use crate::options::Options;

use super::configuration::Configuration;
use super::convergence::NotConvergedSign;
use super::examined::ExaminedRun;
use super::learning::{LearningCurves, learning_curves};
use super::run_choice::detailed;
use super::run_detail::{RunDetail, detail};

/// A finished run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Provenance and result.
    pub row: RunRow,
    /// Id of its configuration; `None` of a run that a newer one of the same configuration, seed and fold
    /// supersedes, and of one that tuning did not choose.
    pub configuration: Option<usize>,
    /// Its settings but seeds and fold, by their paths.
    pub settings: BTreeMap<String, String>,
    /// Signs that it did not converge.
    pub signs: Vec<NotConvergedSign>,
    /// Loss and accuracy by epoch.
    pub learning: LearningCurves,
    /// What is shown in detail; `None` where a report has too many runs to show this one.
    pub detail: Option<RunDetail>,
}

/// The runs, in the order of the report.
pub(crate) fn runs<'c>(
    data: &ReportData,
    examined: Vec<ExaminedRun<'_>>,
    configurations: impl Iterator<Item = &'c Configuration>,
    options: &Options,
) -> Vec<Run> {
    let configuration_of: HashMap<i64, usize> =
        configurations.flat_map(|one| one.runs.iter().map(|run| (*run, one.id))).collect();
    let detailed = detailed(&data.runs);
    let of_run = |ExaminedRun { data: run, settings, signs, .. }: ExaminedRun<'_>| {
        let result = run.row.result.as_ref().filter(|_| detailed.contains(&run.row.id));
        Run {
            row: run.row.clone(),
            configuration: configuration_of.get(&run.row.id).copied(),
            settings,
            signs,
            learning: learning_curves(&run.epochs),
            detail: result.map(|result| detail(run, result, options.level())),
        }
    };
    examined.into_par_iter().map(of_run).collect()
}

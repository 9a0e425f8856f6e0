//! Whether a report keeps to the analysis plan that was registered before there were results.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::data::ReportData;
use crate::options::Options;
use crate::plan_record::{LeftOut, PlanChange, RegisteredPlan};

use super::settings::settings;

/// What a margin limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MarginOf {
    /// Accuracy.
    Accuracy,
    /// Sensitivity.
    Sensitivity,
    /// Specificity.
    Specificity,
}

/// A reason for which a report is exploratory.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deviation {
    /// The runs were chosen by hand.
    RunsChosen {
        /// Number of runs.
        runs: usize,
    },
    /// The sweep was registered without a plan, by an earlier version.
    NoPlan,
    /// The plan in the database is not the one that its hash was made of.
    PlanAltered,
    /// The sweep was requested again with another plan.
    PlanChanged {
        /// Number of changes.
        changes: usize,
    },
    /// Runs of the sweep had finished before the plan was registered.
    ResultsBeforePlan {
        /// These runs.
        runs: Vec<i64>,
    },
    /// A margin is not the planned one; both are shares.
    OtherMargin {
        /// What it limits.
        of: MarginOf,
        /// The planned margin.
        planned: f64,
        /// The margin of this report.
        used: f64,
    },
    /// The significance level is not the planned one.
    OtherSignificance {
        /// The planned level.
        planned: f64,
        /// The level of this report.
        used: f64,
    },
    /// The baseline is not the planned one.
    OtherBaseline {
        /// The planned baseline.
        planned: String,
        /// The baseline of this report.
        used: String,
    },
    /// Configurations have fewer seeds than planned.
    FewerSeeds {
        /// Planned seeds.
        planned: u32,
        /// Fewest seeds of a configuration on one set of test cells.
        found: usize,
    },
    /// Results were looked at more often than planned.
    MoreLooks {
        /// Planned looks.
        planned: u32,
        /// Looks at different sets of finished runs, this one included.
        made: usize,
    },
    /// Trials have no result.
    Unfinished {
        /// These trials.
        trials: usize,
        /// All trials.
        of: usize,
    },
    /// The report leaves out finished runs on its test cells, whose results were known when its runs were chosen or
    /// planned.
    LeftOut {
        /// These runs.
        runs: Vec<i64>,
    },
}

/// How a report conforms to its plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Conformity {
    /// Whether the report keeps to a plan that was registered before there were results.
    pub confirmatory: bool,
    /// Why it is exploratory.
    pub deviations: Vec<Deviation>,
    /// The sweep's first plan.
    pub plan: Option<RegisteredPlan>,
    /// Its changes, oldest first.
    pub changes: Vec<PlanChange>,
    /// Looks at different sets of finished runs, this report included; 0 for chosen runs.
    pub looks: usize,
    /// All finished runs on the same test cells that the report leaves out.
    pub left_out: Vec<LeftOut>,
}

/// Compares a report with the plan of its sweep.
pub(crate) fn conformity(data: &ReportData) -> Conformity {
    let record = &data.plan;
    let looks = if data.sweep.is_some() { looks(data) } else { 0 };
    let mut deviations = Vec::new();
    match (&data.sweep, &record.registered) {
        (None, _) => deviations.push(Deviation::RunsChosen { runs: data.runs.len() + data.unfinished.len() }),
        (Some(_), None) => deviations.push(Deviation::NoPlan),
        (Some(_), Some(registered)) => {
            if registered.plan.hash() != registered.hash {
                deviations.push(Deviation::PlanAltered);
            }
            if !record.changes.is_empty() {
                deviations.push(Deviation::PlanChanged { changes: record.changes.len() });
            }
            let before = finished_before_plan(data);
            if !before.is_empty() {
                deviations.push(Deviation::ResultsBeforePlan { runs: before });
            }
            other_options(data, registered, &mut deviations);
            if let (Some(planned), Some(found)) = (registered.plan.planned_seeds, fewest_seeds(data))
                && found < planned as usize
            {
                deviations.push(Deviation::FewerSeeds { planned, found });
            }
            let planned = registered.plan.looks;
            if looks > planned as usize {
                deviations.push(Deviation::MoreLooks { planned, made: looks });
            }
        }
    }
    let open = data.unfinished.len();
    if open > 0 {
        deviations.push(Deviation::Unfinished { trials: open, of: open + data.runs.len() });
    }
    let known = known_left_out(data);
    if !known.is_empty() {
        deviations.push(Deviation::LeftOut { runs: known });
    }
    Conformity {
        confirmatory: deviations.is_empty(),
        deviations,
        plan: record.registered.clone(),
        changes: record.changes.clone(),
        looks,
        left_out: record.left_out.clone(),
    }
}

/// Options that are not those of the plan.
fn other_options(data: &ReportData, registered: &RegisteredPlan, deviations: &mut Vec<Deviation>) {
    let (planned, used) = (Options::planned(&registered.plan), &data.options);
    for (of, planned, used) in [
        (MarginOf::Accuracy, planned.margin, used.margin),
        (MarginOf::Sensitivity, planned.sensitivity_margin, used.sensitivity_margin),
        (MarginOf::Specificity, planned.specificity_margin, used.specificity_margin),
    ] {
        if planned != used {
            deviations.push(Deviation::OtherMargin { of, planned, used });
        }
    }
    if planned.alpha != used.alpha {
        deviations.push(Deviation::OtherSignificance { planned: planned.alpha, used: used.alpha });
    }
    if registered.plan.baseline != data.baseline {
        deviations.push(Deviation::OtherBaseline {
            planned: registered.plan.baseline.to_string(),
            used: data.baseline.to_string(),
        });
    }
}

/// Runs of the sweep that had finished when it was registered: whoever wrote the plan could know their results.
fn finished_before_plan(data: &ReportData) -> Vec<i64> {
    let shown = data.runs.iter().filter(|run| is_before(data, run.row.ended_at.as_deref()));
    shown.map(|run| run.row.id).collect()
}

/// Runs left out whose results were known: those that finished before the sweep was registered, and all of them where
/// runs were chosen by hand.
fn known_left_out(data: &ReportData) -> Vec<i64> {
    let known = data.plan.left_out.iter().filter(|one| is_before(data, one.ended_at.as_deref()));
    known.map(|one| one.run).collect()
}

/// Whether a run had ended when the sweep was registered. Times have one form, so that their text is ordered.
fn is_before(data: &ReportData, ended_at: Option<&str>) -> bool {
    match (&data.sweep, ended_at) {
        (Some(sweep), Some(ended_at)) => ended_at < sweep.created_at.as_str(),
        _ => true,
    }
}

/// Different sets of finished runs that reports of the sweep have shown, this one included.
fn looks(data: &ReportData) -> usize {
    let mut shown: Vec<i64> = data.runs.iter().map(|run| run.row.id).collect();
    shown.sort_unstable();
    let sets: BTreeSet<&Vec<i64>> = data.plan.looks.iter().chain([&shown]).collect();
    sets.into_iter().filter(|runs| !runs.is_empty()).count()
}

/// Fewest different seeds of a configuration on one set of test cells.
fn fewest_seeds(data: &ReportData) -> Option<usize> {
    let mut seeds: BTreeMap<_, BTreeSet<i64>> = BTreeMap::new();
    for run in &data.runs {
        let start = &run.row.start;
        seeds.entry((settings(start), start.split_hash.as_str())).or_default().insert(start.seed);
    }
    seeds.values().map(BTreeSet::len).min()
}

#[cfg(test)]
mod tests {
    use ranklab_settings::AnalysisPlan;

    use super::*;
    use crate::fixture;

    /// A finished sweep with the default plan.
    fn finished() -> ReportData {
        fixture::seeds()
    }

    fn planned(plan: AnalysisPlan) -> ReportData {
        let mut data = finished();
        data.plan.registered = Some(RegisteredPlan { hash: plan.hash(), plan });
        data
    }

    #[test]
    fn a_report_that_keeps_to_its_plan_is_confirmatory_however_often_it_is_repeated() {
        let mut data = finished();
        data.plan.looks = vec![vec![1, 2, 3, 4, 5, 6]; 3];
        let conformity = conformity(&data);
        assert!(conformity.confirmatory && conformity.deviations.is_empty(), "{conformity:?}");
        assert_eq!(conformity.looks, 1);
    }

    #[test]
    fn other_margins_baselines_and_levels_are_deviations() {
        let mut data = finished();
        data.options.margin = 0.02;
        data.options.specificity_margin = 0.03;
        data.options.alpha = 0.1;
        data.baseline = "model_5 rank=5".parse().unwrap();
        use MarginOf::{Accuracy, Specificity};
        assert_eq!(
            conformity(&data).deviations,
            [
                Deviation::OtherMargin { of: Accuracy, planned: 0.01, used: 0.02 },
                Deviation::OtherMargin { of: Specificity, planned: 0.02, used: 0.03 },
                Deviation::OtherSignificance { planned: 0.05, used: 0.1 },
                Deviation::OtherBaseline { planned: "model_4".into(), used: "model_5 rank=5".into() },
            ]
        );
    }

    #[test]
    fn chosen_runs_and_sweeps_without_a_plan_are_exploratory() {
        let mut data = finished();
        data.plan.registered = None;
        assert_eq!(conformity(&data).deviations, [Deviation::NoPlan]);
        data.sweep = None;
        data.plan.left_out = vec![LeftOut { run: 9, ended_at: Some("2027-01-01T00:00:00Z".into()) }];
        let chosen = conformity(&data);
        assert_eq!(
            chosen.deviations,
            [Deviation::RunsChosen { runs: 6 }, Deviation::LeftOut { runs: vec![9] }]
        );
        assert_eq!(chosen.looks, 0);
    }

    #[test]
    fn a_changed_plan_missing_seeds_looks_and_trials_are_deviations() {
        let plan = AnalysisPlan { planned_seeds: Some(3), ..AnalysisPlan::default() };
        assert!(conformity(&planned(plan.clone())).confirmatory);
        let mut data = planned(plan.clone());
        data.runs.pop();
        data.unfinished = fixture::ranks().unfinished;
        data.plan.looks = vec![vec![], vec![1, 2]];
        let changed = RegisteredPlan { hash: "x".into(), plan };
        data.plan.changes = vec![PlanChange { changed_at: "2026-01-02T03:04:05Z".into(), to: changed }];
        assert_eq!(
            conformity(&data).deviations,
            [
                Deviation::PlanChanged { changes: 1 },
                Deviation::FewerSeeds { planned: 3, found: 2 },
                Deviation::MoreLooks { planned: 1, made: 2 },
                Deviation::Unfinished { trials: 2, of: 7 },
            ]
        );
        let plan = AnalysisPlan { looks: 2, ..AnalysisPlan::default() };
        let mut data = planned(plan);
        data.plan.looks = vec![vec![1, 2]];
        assert!(conformity(&data).confirmatory);
    }

    #[test]
    fn a_plan_that_was_registered_after_results_is_exploratory_and_later_runs_change_nothing() {
        let mut data = finished();
        let later = |run| LeftOut { run, ended_at: Some("2026-02-01T00:00:00Z".into()) };
        data.plan.left_out = vec![later(8)];
        let after = conformity(&data);
        assert!(after.confirmatory && after.left_out == data.plan.left_out);
        data.sweep.as_mut().unwrap().created_at = "2026-01-02T03:02:00Z".into();
        data.plan.left_out.push(LeftOut { run: 9, ended_at: Some("2026-01-02T03:01:00Z".into()) });
        assert_eq!(
            conformity(&data).deviations,
            [Deviation::ResultsBeforePlan { runs: vec![1] }, Deviation::LeftOut { runs: vec![9] }]
        );
    }
}

//! Settings that each configuration may choose for itself, on validation figures, in every seed and fold.

use std::collections::{BTreeMap, BTreeSet};

use super::examined::ExaminedRun;
use super::tuned_setting::TunedSetting;
use super::validation::Validation;

/// Value of a tuned setting in the settings of a configuration.
pub(crate) const TUNED: &str = "tuned";

/// Everything of a run but seed, fold and the tuned settings.
type Arm = BTreeMap<String, String>;
/// Seed, seed of the split and fold.
type Repeat = (i64, i64, Option<i64>);

/// Of the runs that differ in the tuned settings only, keeps in each seed and fold the one with the best validation
/// figures. Their tuned settings read [`TUNED`] from then on, so that they make one configuration. Runs of an arm in
/// which a setting has one value, or of which one has no validation figures, stay as they are.
pub(crate) fn tune<'a>(runs: Vec<ExaminedRun<'a>>, paths: &[String]) -> Vec<ExaminedRun<'a>> {
    if paths.is_empty() {
        return runs;
    }
    let arm = |run: &ExaminedRun<'_>| -> Arm {
        run.settings
            .iter()
            .filter(|(path, _)| !paths.contains(path))
            .map(|(p, v)| (p.clone(), v.clone()))
            .collect()
    };
    let mut arms: BTreeMap<Arm, Vec<ExaminedRun<'a>>> = BTreeMap::new();
    let order: Vec<i64> = runs.iter().map(|run| run.data.row.id).collect();
    for run in runs {
        arms.entry(arm(&run)).or_default().push(run);
    }
    let mut kept: Vec<ExaminedRun<'a>> = arms.into_values().flat_map(|runs| of_arm(runs, paths)).collect();
    kept.sort_by_key(|run| order.iter().position(|id| *id == run.data.row.id));
    kept
}

fn of_arm<'a>(runs: Vec<ExaminedRun<'a>>, paths: &[String]) -> Vec<ExaminedRun<'a>> {
    let values = |path: &String| -> BTreeSet<&String> {
        runs.iter().filter_map(|run| run.settings.get(path)).collect()
    };
    let tried: Vec<(String, BTreeSet<String>)> = paths
        .iter()
        .map(|path| (path.clone(), values(path).into_iter().cloned().collect()))
        .filter(|(_, values): &(_, BTreeSet<String>)| values.len() > 1)
        .collect();
    let is_known =
        |run: &ExaminedRun<'_>| run.data.row.result.is_none() || Validation::of_run(run.data).is_some();
    if tried.is_empty() || !runs.iter().all(is_known) {
        return runs;
    }
    let mut best: BTreeMap<Repeat, (Validation, ExaminedRun<'a>)> = BTreeMap::new();
    for run in runs {
        let start = &run.data.row.start;
        let repeat = (start.seed, start.split_seed, start.fold);
        let Some(found) = Validation::of_run(run.data) else { continue };
        let is_better =
            best.get(&repeat).is_none_or(|(known, _)| Validation::order(Some(&found), Some(known)).is_lt());
        if is_better {
            best.insert(repeat, (found, run));
        }
    }
    let mut chosen: Vec<ExaminedRun<'a>> = best.into_values().map(|(_, run)| run).collect();
    let tuned: Vec<TunedSetting> = tried
        .into_iter()
        .map(|(path, values)| {
            let runs_with =
                |value: &String| chosen.iter().filter(|run| run.settings.get(&path) == Some(value)).count();
            TunedSetting {
                chosen: values.iter().map(|value| (value.clone(), runs_with(value))).collect(),
                path,
            }
        })
        .collect();
    for run in &mut chosen {
        for setting in &tuned {
            run.settings.insert(setting.path.clone(), TUNED.to_owned());
        }
        run.tuned.clone_from(&tuned);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    /// Two seeds of model_4 and of rank 5 at two learning rates, with so many errors.
    fn ladder() -> ReportData {
        let mut data = fixture::ranks();
        data.unfinished.clear();
        data.runs.clear();
        for (rank, errors) in [(None, [[6, 9], [8, 5]]), (Some(5), [[4, 4], [7, 7]])] {
            for (rate, of_seeds) in [(0.005, errors[0]), (0.01, errors[1])] {
                for (seed, errors) in (0..).zip(of_seeds) {
                    let mut run = fixture::run(1 + data.runs.len() as i64, rank, seed, errors);
                    let start = &mut run.row.start;
                    start.learning_rate = rate;
                    start.config = start.config.replace("0.005", &rate.to_string());
                    data.runs.push(run);
                }
            }
        }
        data
    }

    #[test]
    fn each_seed_has_the_setting_that_validation_chose() {
        let mut data = ladder();
        assert_eq!(analyse(&data).unwrap().configurations.len(), 4);
        data.tune = vec!["training.learning_rate".into()];
        let found = analyse(&data).unwrap();
        let names: Vec<&str> = found.configurations.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["model_4", "model_5 · block5 · rank 5"]);
        // Of model_4 0.005 was better in seed 0 (run 1), 0.01 in seed 1 (run 4).
        let classical = &found.configurations[0];
        assert_eq!(classical.runs, [1, 4]);
        let chosen: Vec<(&str, usize)> =
            classical.tuned[0].chosen.iter().map(|(value, runs)| (value.as_str(), *runs)).collect();
        assert_eq!(chosen, [("0.005", 1), ("0.01", 1)]);
        assert_eq!(found.configurations[1].runs, [5, 6]);
        assert_eq!(found.run(3).unwrap().configuration, None);
    }

    #[test]
    fn test_figures_choose_no_setting() {
        let mut data = ladder();
        data.tune = vec!["training.learning_rate".into()];
        for run in &mut data.runs {
            run.predictions.iter_mut().for_each(|row| row.probability = 1.0 - row.probability);
        }
        assert_eq!(analyse(&data).unwrap().configurations[0].runs, [1, 4]);
    }

    #[test]
    fn without_validation_figures_nothing_is_tuned() {
        let mut data = ladder();
        data.tune = vec!["training.learning_rate".into()];
        (data.runs[0].validation, data.runs[0].epochs) = (Vec::new(), Vec::new());
        let names: Vec<String> =
            analyse(&data).unwrap().configurations.into_iter().map(|one| one.name).collect();
        assert_eq!(names.len(), 3, "{names:?}");
    }
}

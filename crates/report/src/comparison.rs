//! Finished runs grouped over seeds and folds: one row per configuration.

use std::collections::BTreeMap;

use polars::prelude::*;
use ranklab_stats::Summary;
use ranklab_store::{RunResult, RunRow};
use rayon::prelude::*;

use crate::convergence;
use crate::data::{ReportData, RunData};
use crate::error::{Error, Result};
use crate::family;

/// The measured value of a run, if it has one.
type Measure = fn(&RunResult) -> Option<f64>;

/// What is averaged over the runs of a group.
const MEASURES: [(&str, Measure); 8] = [
    ("train_seconds", |result| finite(result.train_seconds)),
    ("images_per_second", |result| finite(result.images_per_second)),
    ("peak_memory", |result| finite(result.peak_memory_bytes as f64)),
    ("accuracy", |result| finite(result.test_accuracy)),
    ("sensitivity", |result| finite(result.sensitivity)),
    ("specificity", |result| finite(result.specificity)),
    ("f1", |result| finite(result.f1)),
    ("auc", |result| result.auc.and_then(finite)),
];

/// A diverged run's metrics are not numbers.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// The repeats of one configuration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// Everything that tells it from the other groups: `model_5 · block5 · rank 5`.
    pub(crate) name: String,
    /// The same without its rank: groups that differ in rank and in nothing else share a series.
    pub(crate) series: String,
    /// Its first run, for what all its runs share.
    pub(crate) first: RunRow,
    /// Ids of its runs.
    pub(crate) runs: Vec<i64>,
    /// Those of them that did not converge.
    pub(crate) not_converged: Vec<i64>,
    /// What else tells it from groups of the same model and preset.
    pub(crate) settings: String,
    /// Cuts into training and test cells that its runs used.
    pub(crate) splits: Vec<String>,
    measures: BTreeMap<String, Summary>,
}

impl Group {
    /// Mean and spread of a measured value; `None` when no run has it.
    pub(crate) fn measure(&self, name: &str) -> Option<Summary> {
        self.measures.get(name).copied()
    }

    /// Mean test accuracy.
    pub(crate) fn accuracy(&self) -> Option<f64> {
        self.measure("accuracy").map(|summary| summary.mean)
    }
}

/// What the eye sees first of a configuration.
fn base(run: &RunRow) -> (String, Option<String>, Option<String>, Option<String>) {
    let start = &run.start;
    (start.model.clone(), start.layers.clone(), start.ranks.clone(), start.preset.clone())
}

/// Groups the finished runs, ordered by model, layers, preset, rank and settings. Of several runs of
/// the very same configuration, seed and fold included, the newest counts: they are no repeats.
///
/// # Errors
/// When polars refuses, which it has no reason to.
pub(crate) fn compare(data: &ReportData) -> Result<Vec<Group>> {
    let runs = counted(data);
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let settings: Vec<_> = runs.iter().map(|run| family::settings(&run.row.start)).collect();
    let keys: Vec<String> = runs
        .iter()
        .zip(&settings)
        .map(|(run, settings)| match run.row.start.family.as_str() {
            "" => format!("{:?} {settings:?}", base(&run.row)),
            // However their settings are written, runs of a family on the same images are repeats.
            family => format!("{family} {}", run.row.start.image_set_hash),
        })
        .collect();
    let summaries = summarize(&runs, &keys)
        .map_err(|error| Error::Grouping { title: data.title.clone(), reason: error.to_string() })?;
    let mut groups: Vec<(Group, BTreeMap<String, String>)> = Vec::new();
    let mut place_of: BTreeMap<&str, usize> = BTreeMap::new();
    let unsettled: Vec<bool> = runs.par_iter().map(|run| !convergence::reasons(run).is_empty()).collect();
    for (((run, key), settings), unsettled) in runs.iter().zip(&keys).zip(settings).zip(&unsettled) {
        let place = *place_of.entry(key).or_insert_with(|| {
            groups.push((
                Group {
                    name: String::new(),
                    series: String::new(),
                    first: run.row.clone(),
                    runs: Vec::new(),
                    not_converged: Vec::new(),
                    settings: String::new(),
                    splits: Vec::new(),
                    measures: summaries.get(key).cloned().unwrap_or_default(),
                },
                settings,
            ));
            groups.len() - 1
        });
        let group = &mut groups[place].0;
        group.runs.push(run.row.id);
        if *unsettled {
            group.not_converged.push(run.row.id);
        }
        let split = format!("{}/{}", run.row.start.image_set_hash, run.row.start.split_hash);
        if !group.splits.contains(&split) {
            group.splits.push(split);
        }
    }
    // Layers and ranks stand in every name; what differs besides them has to be named across them.
    let configurations: Vec<_> = groups
        .iter()
        .map(|(group, settings)| {
            let (model, _, _, preset) = base(&group.first);
            ((model, preset), family::unnamed(settings))
        })
        .collect();
    let mut groups: Vec<Group> = groups.into_iter().map(|(group, _)| group).collect();
    for (group, settings) in groups.iter_mut().zip(family::differences(&configurations)) {
        group.settings = settings;
    }
    name(&mut groups);
    groups.sort_by_cached_key(|group| {
        let start = &group.first.start;
        let ranks: Vec<i64> = start
            .ranks
            .iter()
            .flat_map(|ranks| ranks.split('+'))
            .filter_map(|rank| rank.parse().ok())
            .collect();
        (start.model.clone(), start.layers.clone(), start.preset.clone(), ranks, group.settings.clone())
    });
    Ok(groups)
}

fn counted(data: &ReportData) -> Vec<&RunData> {
    let finished = data.runs.iter().filter(|run| run.row.result.is_some());
    let newest = finished.clone().fold(BTreeMap::new(), |mut newest: BTreeMap<&str, i64>, run| {
        let id = newest.entry(&run.row.start.config_hash).or_insert(run.row.id);
        *id = run.row.id.max(*id);
        newest
    });
    finished.filter(|run| newest.get(run.row.start.config_hash.as_str()) == Some(&run.row.id)).collect()
}

/// Mean and spread of every measure for every key.
fn summarize(
    runs: &[&RunData],
    keys: &[String],
) -> PolarsResult<BTreeMap<String, BTreeMap<String, Summary>>> {
    let mut columns = vec![Column::new("key".into(), keys)];
    for (name, measure) in MEASURES {
        let values: Vec<Option<f64>> =
            runs.iter().map(|run| run.row.result.as_ref().and_then(measure)).collect();
        columns.push(Column::new(name.into(), values));
    }
    let frame = DataFrame::new(runs.len(), columns)?;
    let grouped = frame.group_by_stable(["key"])?.apply(|group| {
        let mut columns = vec![group.column("key")?.slice(0, 1)];
        for (name, _) in MEASURES {
            let values: Vec<f64> = group.column(name)?.f64()?.iter().flatten().collect();
            let summary = Summary::new(&values).ok();
            let count = summary.map_or(0, |summary| summary.n as u64);
            columns.push(Column::new(format!("{name} n").into(), [count]));
            columns.push(Column::new(format!("{name} mean").into(), [summary.map(|summary| summary.mean)]));
            columns.push(Column::new(format!("{name} sd").into(), [summary.and_then(|summary| summary.sd)]));
        }
        DataFrame::new(1, columns)
    })?;
    read_back(&grouped)
}

fn read_back(grouped: &DataFrame) -> PolarsResult<BTreeMap<String, BTreeMap<String, Summary>>> {
    let mut summaries = BTreeMap::new();
    let keys = grouped.column("key")?.str()?;
    for row in 0..grouped.height() {
        let mut measures = BTreeMap::new();
        for (name, _) in MEASURES {
            let n = grouped.column(&format!("{name} n"))?.u64()?.get(row).unwrap_or(0);
            let mean = grouped.column(&format!("{name} mean"))?.f64()?.get(row);
            let sd = grouped.column(&format!("{name} sd"))?.f64()?.get(row);
            if let Some(mean) = mean {
                measures.insert(name.to_owned(), Summary { n: n as usize, mean, sd });
            }
        }
        summaries.insert(keys.get(row).unwrap_or_default().to_owned(), measures);
    }
    Ok(summaries)
}

/// Names every group by what it does not share with all others.
fn name(groups: &mut [Group]) {
    let presets: Vec<_> = groups.iter().filter_map(|group| group.first.start.preset.clone()).collect();
    let several_presets = presets.iter().any(|preset| *preset != presets[0]);
    for group in groups {
        let start = &group.first.start;
        let mut parts = vec![start.model.clone()];
        parts.extend(start.layers.clone());
        let rank = start.ranks.as_ref().map(|ranks| format!("rank {ranks}"));
        let preset = start.preset.clone().filter(|_| several_presets);
        let settings = Some(group.settings.clone()).filter(|settings| !settings.is_empty());
        let rest = preset.into_iter().chain(settings);
        let series: Vec<String> = parts.iter().cloned().chain(rest.clone()).collect();
        group.series = series.join(" · ");
        group.name = parts.into_iter().chain(rank).chain(rest).collect::<Vec<_>>().join(" · ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn other_training_is_another_configuration_and_is_named() {
        let mut data = fixture::seeds();
        for run in &mut data.runs[..3] {
            run.row.start.model = "model_5".into();
            run.row.start.layers = data_layers();
            run.row.start.ranks = Some("5".into());
            run.row.start.preset = Some("published".into());
            run.row.start.config = run.row.start.config.replace("0.005", "0.01");
        }
        let groups = compare(&data).unwrap();
        let settings: Vec<&str> = groups.iter().map(|group| group.settings.as_str()).collect();
        assert!(settings.iter().any(|settings| settings.contains("learning_rate=0.01")), "{settings:?}");
    }

    #[test]
    fn ranks_that_differ_in_training_as_well_are_named_so_and_make_no_series() {
        let mut data = fixture::series(&[(4, 42), (16, 40)]);
        let start = &mut data.runs[1].row.start;
        start.config = start.config.replace("0.005", "0.02");
        let groups = compare(&data).unwrap();
        let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "model_5 · block5 · rank 4 · learning_rate=0.005",
                "model_5 · block5 · rank 16 · learning_rate=0.02"
            ]
        );
        assert_ne!(groups[0].series, groups[1].series);
    }

    fn data_layers() -> Option<String> {
        Some("block5".into())
    }

    #[test]
    fn a_repeat_of_the_very_same_run_counts_once() {
        let mut data = fixture::ranks();
        let mut again = data.runs[0].clone();
        again.row.id = 99;
        data.runs.push(again);
        let groups = compare(&data).unwrap();
        assert_eq!(groups.len(), 4);
        assert!(groups.iter().any(|group| group.runs == [99]));
    }
}

//! Finished runs grouped over seeds and folds: one configuration of each group.

use std::collections::BTreeMap;

use polars::prelude::*;
use ranklab_stats::Summary;
use ranklab_store::{NewRun, RunResult};

use crate::data::RunData;
use crate::error::{Error, Result};

use super::configuration::{Configuration, Division, Measures, NoCells};
use super::examined::ExaminedRun;
use super::settings::{differences, unnamed, written};

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

/// A configuration and the rows of its runs. Its test cells and intervals are not measured yet.
pub(crate) struct Group<'a> {
    /// What the rows of the runs give at once.
    pub(crate) configuration: Configuration,
    /// Its runs, in the order of the report.
    pub(crate) runs: Vec<&'a RunData>,
}

/// What the eye sees first of a configuration.
fn base(start: &NewRun) -> (String, Option<String>, Option<String>, Option<String>) {
    (start.model.clone(), start.layers.clone(), start.ranks.clone(), start.preset.clone())
}

/// Groups the finished runs, ordered by model, layers, preset, rank and settings. Of several runs of
/// the very same configuration, seed and fold included, the newest counts: they are no repeats.
///
/// # Errors
/// When polars refuses, which it has no reason to.
pub(crate) fn group<'a>(title: &str, runs: &[ExaminedRun<'a>]) -> Result<Vec<Group<'a>>> {
    let runs = counted(runs);
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let by_settings = |run: &ExaminedRun<'_>| format!("{:?} {:?}", base(&run.data.row.start), run.settings);
    let keys: Vec<String> = runs
        .iter()
        .map(|run| match run.data.row.start.family.as_str() {
            "" => by_settings(run),
            _ if !run.tuned.is_empty() => by_settings(run),
            // However their settings are written, runs of a family on the same images are repeats.
            family => format!("{family} {}", run.data.row.start.image_set_hash),
        })
        .collect();
    let mut summaries = summarize(&runs, &keys)
        .map_err(|error| Error::Grouping { title: title.to_owned(), reason: error.to_string() })?;
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut place_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (run, key) in runs.iter().zip(&keys) {
        let place = *place_of.entry(key).or_insert_with(|| {
            let configuration = first_of(run, summaries.remove(key).unwrap_or_default());
            groups.push(Group { configuration, runs: Vec::new() });
            groups.len() - 1
        });
        groups[place].add(run);
    }
    name(&mut groups);
    groups.sort_by_cached_key(|group| {
        let Configuration { start, differing, .. } = &group.configuration;
        let ranks: Vec<i64> = start
            .ranks
            .iter()
            .flat_map(|ranks| ranks.split('+'))
            .filter_map(|rank| rank.parse().ok())
            .collect();
        (start.model.clone(), start.layers.clone(), start.preset.clone(), ranks, written(differing))
    });
    for (id, group) in groups.iter_mut().enumerate() {
        group.configuration.id = id;
    }
    Ok(groups)
}

/// A configuration without runs, of what its first run says.
fn first_of(run: &ExaminedRun<'_>, measures: Measures) -> Configuration {
    Configuration {
        id: 0,
        name: String::new(),
        without_rank: String::new(),
        without_layers: String::new(),
        without_rank_and_layers: String::new(),
        differing: Vec::new(),
        settings: run.settings.clone(),
        start: run.data.row.start.clone(),
        runs: Vec::new(),
        not_converged: Vec::new(),
        divisions: Vec::new(),
        tuned: run.tuned.clone(),
        validation: None,
        measures,
        accuracies: Vec::new(),
        shared_test_images: 0,
        test_images: 0,
        tested: Err(NoCells::NoRun),
        accuracy_interval: None,
        area_interval: None,
        operating_points: None,
    }
}

impl<'a> Group<'a> {
    fn add(&mut self, run: &ExaminedRun<'a>) {
        let row = &run.data.row;
        self.runs.push(run.data);
        let configuration = &mut self.configuration;
        configuration.runs.push(row.id);
        if !run.signs.is_empty() {
            configuration.not_converged.push(row.id);
        }
        let division = Division {
            image_set_hash: row.start.image_set_hash.clone(),
            split_hash: row.start.split_hash.clone(),
        };
        if !configuration.divisions.contains(&division) {
            configuration.divisions.push(division);
        }
        let accuracy = row.result.as_ref().and_then(|result| finite(result.test_accuracy));
        configuration.accuracies.extend(accuracy);
        configuration.shared_test_images += row.start.shared_test_images;
        configuration.test_images += row.start.test_images;
    }
}

fn counted<'r, 'a>(runs: &'r [ExaminedRun<'a>]) -> Vec<&'r ExaminedRun<'a>> {
    let finished = runs.iter().filter(|run| run.data.row.result.is_some());
    let newest = finished.clone().fold(BTreeMap::new(), |mut newest: BTreeMap<&str, i64>, run| {
        let row = &run.data.row;
        let id = newest.entry(&row.start.config_hash).or_insert(row.id);
        *id = row.id.max(*id);
        newest
    });
    let is_newest = |run: &&ExaminedRun<'_>| {
        let row = &run.data.row;
        newest.get(row.start.config_hash.as_str()) == Some(&row.id)
    };
    finished.filter(is_newest).collect()
}

/// Mean and spread of every measure for every key.
fn summarize(runs: &[&ExaminedRun<'_>], keys: &[String]) -> PolarsResult<BTreeMap<String, Measures>> {
    let mut columns = vec![Column::new("key".into(), keys)];
    for (name, measure) in MEASURES {
        let values: Vec<Option<f64>> =
            runs.iter().map(|run| run.data.row.result.as_ref().and_then(measure)).collect();
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

fn read_back(grouped: &DataFrame) -> PolarsResult<BTreeMap<String, Measures>> {
    let keys = grouped.column("key")?.str()?;
    (0..grouped.height())
        .map(|row| {
            let summary = |name: &str| -> PolarsResult<Option<Summary>> {
                let n = grouped.column(&format!("{name} n"))?.u64()?.get(row).unwrap_or(0);
                let mean = grouped.column(&format!("{name} mean"))?.f64()?.get(row);
                let sd = grouped.column(&format!("{name} sd"))?.f64()?.get(row);
                Ok(mean.map(|mean| Summary { n: n as usize, mean, sd }))
            };
            let measures = Measures {
                train_seconds: summary("train_seconds")?,
                images_per_second: summary("images_per_second")?,
                peak_memory: summary("peak_memory")?,
                accuracy: summary("accuracy")?,
                sensitivity: summary("sensitivity")?,
                specificity: summary("specificity")?,
                f1: summary("f1")?,
                auc: summary("auc")?,
            };
            Ok((keys.get(row).unwrap_or_default().to_owned(), measures))
        })
        .collect()
}

/// Names every configuration by what it does not share with all others.
fn name(groups: &mut [Group<'_>]) {
    // Layers and ranks stand in every name; what differs besides them has to be named across them.
    let configurations: Vec<_> = groups
        .iter()
        .map(|Group { configuration: Configuration { start, settings, .. }, .. }| {
            ((start.model.clone(), start.preset.clone()), unnamed(settings))
        })
        .collect();
    let presets: Vec<_> =
        groups.iter().filter_map(|group| group.configuration.start.preset.clone()).collect();
    let several_presets = presets.iter().any(|preset| *preset != presets[0]);
    for (group, differing) in groups.iter_mut().zip(differences(&configurations)) {
        let configuration = &mut group.configuration;
        let NewRun { model, layers, ranks, preset, .. } = &configuration.start;
        let rank = ranks.as_ref().map(|ranks| format!("rank {ranks}"));
        let preset = preset.clone().filter(|_| several_presets);
        let settings = Some(written(&differing)).filter(|settings| !settings.is_empty());
        let joined = |layers: Option<&String>, rank: Option<&String>| {
            let parts = [Some(model), layers, rank, preset.as_ref(), settings.as_ref()];
            parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" · ")
        };
        let name = joined(layers.as_ref(), rank.as_ref());
        let without_rank = joined(layers.as_ref(), None);
        let without_layers = joined(None, rank.as_ref());
        let without_rank_and_layers = joined(None, None);
        configuration.name = name;
        configuration.without_rank = without_rank;
        configuration.without_layers = without_layers;
        configuration.without_rank_and_layers = without_rank_and_layers;
        configuration.differing = differing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::examined::examine;
    use crate::data::ReportData;
    use crate::fixture;

    fn grouped(data: &ReportData) -> Vec<Configuration> {
        let groups = group(&data.title, &examine(data)).unwrap();
        groups.into_iter().map(|group| group.configuration).collect()
    }

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
        let groups = grouped(&data);
        let settings: Vec<String> = groups.iter().map(|group| written(&group.differing)).collect();
        assert!(settings.iter().any(|settings| settings.contains("learning_rate=0.01")), "{settings:?}");
    }

    #[test]
    fn ranks_that_differ_in_training_as_well_are_named_so_and_make_no_series() {
        let mut data = fixture::series(&[(4, 42), (16, 40)]);
        let start = &mut data.runs[1].row.start;
        start.config = start.config.replace("0.005", "0.02");
        let groups = grouped(&data);
        let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "model_5 · block5 · rank 4 · learning_rate=0.005",
                "model_5 · block5 · rank 16 · learning_rate=0.02"
            ]
        );
        assert_ne!(groups[0].without_rank, groups[1].without_rank);
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
        let groups = grouped(&data);
        assert_eq!(groups.len(), 4);
        assert!(groups.iter().any(|group| group.runs == [99]));
    }
}

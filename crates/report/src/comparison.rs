//! Finished runs grouped over seeds and folds: one row per configuration.

use std::collections::BTreeMap;

use polars::prelude::*;
use ranklab_stats::Summary;
use ranklab_store::{RunResult, RunRow};

use crate::data::{ReportData, RunData};
use crate::error::{Error, Result};
use crate::family;
use crate::format::{self, NONE, spread, thousands};
use crate::table::{Cell, Column as TableColumn, Table};

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
    /// The same without its rank: groups that differ in rank only share a series.
    pub(crate) series: String,
    /// Its first run, for what all its runs share.
    pub(crate) first: RunRow,
    /// Ids of its runs.
    pub(crate) runs: Vec<i64>,
    /// What else tells it from groups of the same model, layers, ranks and preset.
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
        .map(|(run, settings)| format!("{:?} {settings:?}", base(&run.row)))
        .collect();
    let summaries = summarize(&runs, &keys)
        .map_err(|error| Error::Grouping { title: data.title.clone(), reason: error.to_string() })?;
    let mut groups: Vec<(Group, BTreeMap<String, String>)> = Vec::new();
    let mut place_of: BTreeMap<&str, usize> = BTreeMap::new();
    for ((run, key), settings) in runs.iter().zip(&keys).zip(settings) {
        let place = *place_of.entry(key).or_insert_with(|| {
            groups.push((
                Group {
                    name: String::new(),
                    series: String::new(),
                    first: run.row.clone(),
                    runs: Vec::new(),
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
        let split = format!("{}/{}", run.row.start.image_set_hash, run.row.start.split_hash);
        if !group.splits.contains(&split) {
            group.splits.push(split);
        }
    }
    let configurations: Vec<_> =
        groups.iter().map(|(group, settings)| (base(&group.first), settings.clone())).collect();
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

/// Which end of a column is the best.
#[derive(Clone, Copy, PartialEq)]
enum Best {
    Highest,
    Lowest,
    Neither,
}

/// The comparison table. Columns that say nothing here are left out.
pub(crate) fn table(groups: &[Group]) -> Table {
    let mut columns = Vec::new();
    let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); groups.len()];
    let mut words = |title: &str, of: &dyn Fn(&Group) -> Option<String>, always: bool| {
        if always || groups.iter().any(|group| of(group).is_some()) {
            columns.push(TableColumn::text(title));
            for (row, group) in cells.iter_mut().zip(groups) {
                row.push(of(group).unwrap_or_else(|| NONE.to_owned()).into());
            }
        }
    };
    words("model", &|group| Some(group.first.start.model.clone()), true);
    words("layers", &|group| group.first.start.layers.clone(), false);
    words("rank", &|group| group.first.start.ranks.clone(), false);
    words("preset", &|group| group.first.start.preset.clone(), false);
    words("settings", &|group| Some(group.settings.clone()).filter(|text| !text.is_empty()), false);
    words("runs", &|group| Some(group.runs.len().to_string()), true);
    if let Some(column) = columns.last_mut() {
        column.numeric = true;
    }
    let mut numbers = |title: &str, best: Best, of: &dyn Fn(&Group) -> Option<(f64, String)>| {
        columns.push(TableColumn::number(title));
        let values: Vec<_> = groups.iter().map(of).collect();
        let winner = winner(&values, best);
        for (row, value) in cells.iter_mut().zip(values) {
            let text = value.map_or_else(|| NONE.to_owned(), |(_, text)| text);
            let best = winner.as_ref() == Some(&text);
            row.push(Cell { text, best });
        }
    };
    // A type for the pointers, which would otherwise each have their own.
    type Quality = (&'static str, &'static str, fn(f64) -> String);
    let qualities: [Quality; 5] = [
        ("accuracy, %", "accuracy", format::percent),
        ("sensitivity, %", "sensitivity", format::percent),
        ("specificity, %", "specificity", format::percent),
        ("F1", "f1", format::four),
        ("AUC", "auc", format::four),
    ];
    for (title, measure, format) in qualities {
        numbers(title, Best::Highest, &|group| {
            group.measure(measure).map(|summary| (summary.mean, spread(Some(summary), format)))
        });
    }
    let whole = |value: i64| Some((value as f64, thousands(value)));
    numbers("trainable parameters", Best::Lowest, &|group| whole(group.first.start.trainable_parameters));
    numbers("in adapters", Best::Neither, &|group| whole(group.first.start.adapter_parameters));
    numbers("frozen parameters", Best::Neither, &|group| whole(group.first.start.frozen_parameters));
    let mean = |group: &Group, measure: &str, format: fn(f64) -> String| {
        group.measure(measure).map(|summary| (summary.mean, format(summary.mean)))
    };
    numbers("training time", Best::Lowest, &|group| mean(group, "train_seconds", format::seconds));
    numbers("images/s", Best::Highest, &|group| mean(group, "images_per_second", format::rate));
    numbers("peak memory", Best::Lowest, &|group| mean(group, "peak_memory", format::bytes));
    Table { caption: caption(groups), columns, rows: cells }
}

/// The text of the best cell; `None` where there is nothing to win.
fn winner(values: &[Option<(f64, String)>], best: Best) -> Option<String> {
    let known: Vec<&(f64, String)> = values.iter().flatten().collect();
    let winner = match best {
        Best::Highest => known.iter().max_by(|one, other| one.0.total_cmp(&other.0)),
        Best::Lowest => known.iter().min_by(|one, other| one.0.total_cmp(&other.0)),
        Best::Neither => None,
    }?;
    known.iter().any(|(_, text)| *text != winner.1).then(|| winner.1.clone())
}

fn caption(groups: &[Group]) -> String {
    let mut caption = "Test results per configuration; parasitized is the positive class.".to_owned();
    if groups.iter().any(|group| group.runs.len() > 1) {
        caption += " Several runs differ in seed or fold only and are shown as mean ± sample standard deviation, time, speed and \
                    memory as mean.";
    }
    if groups.len() > 1 {
        caption += " ★ marks the best value of a column as shown.";
    }
    caption
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn column(table: &Table, title: &str) -> Vec<String> {
        let place = table.columns.iter().position(|column| column.title == title).unwrap();
        table.rows.iter().map(|row| row[place].text.clone()).collect()
    }

    #[test]
    fn seeds_of_one_configuration_become_one_row_with_mean_and_spread() {
        let data = fixture::seeds();
        let groups = compare(&data).unwrap();
        assert_eq!(groups.len(), 2);
        assert_eq!((groups[0].runs.len(), groups[1].runs.len()), (3, 3));
        let table = table(&groups);
        assert_eq!(column(&table, "accuracy, %"), ["96.00 ± 1.00", "97.00 ± 1.00"]);
        assert_eq!(column(&table, "runs"), ["3", "3"]);
    }

    #[test]
    fn ranks_are_ordered_as_numbers_and_only_the_best_is_marked() {
        let groups = compare(&fixture::ranks()).unwrap();
        let table = table(&groups);
        assert_eq!(column(&table, "rank"), ["—", "1", "5", "16"]);
        let place = table.columns.iter().position(|column| column.title == "accuracy, %").unwrap();
        let best: Vec<bool> = table.rows.iter().map(|row| row[place].best).collect();
        assert_eq!(best, [false, false, true, false]);
        let frozen = table.columns.iter().position(|column| column.title == "frozen parameters").unwrap();
        assert!(table.rows.iter().all(|row| !row[frozen].best));
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
        let groups = compare(&data).unwrap();
        let settings: Vec<&str> = groups.iter().map(|group| group.settings.as_str()).collect();
        assert!(settings.iter().any(|settings| settings.contains("learning_rate=0.01")), "{settings:?}");
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

    #[test]
    fn a_diverged_run_has_dashes_instead_of_numbers() {
        let mut data = fixture::ranks();
        let result = data.runs[1].row.result.as_mut().unwrap();
        result.auc = None;
        result.test_accuracy = f64::NAN;
        let table = table(&compare(&data).unwrap());
        assert_eq!(column(&table, "accuracy, %")[1], "—");
        assert_eq!(column(&table, "AUC")[1], "—");
    }

    #[test]
    fn equal_values_have_no_winner() {
        let value = |value: f64| Some((value, format::percent(value)));
        assert_eq!(winner(&[value(0.9), value(0.9)], Best::Highest), None);
        assert_eq!(winner(&[value(0.9)], Best::Highest), None);
        assert_eq!(winner(&[value(0.9), None, value(0.8)], Best::Lowest), Some("80.00".into()));
    }
}

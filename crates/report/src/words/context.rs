//! The line above a report's title: sweep, date, data, split, patients, seeds and runs.

use std::collections::BTreeSet;

use ranklab_settings::Words;
use ranklab_stats::Resampled;

use crate::analysis::Analysis;

use super::format::{count, counted, split_kind, thousands};

/// The parts of the line.
pub(crate) fn parts(analysis: &Analysis) -> Vec<String> {
    let mut parts = vec![analysis.title.clone()];
    parts.extend(date(analysis));
    parts.extend(distinct(analysis, |start| file_name(&start.dataset).to_owned()));
    parts.extend(split(analysis));
    parts.extend(patients(analysis));
    let seeds: BTreeSet<i64> = analysis.runs.iter().map(|run| run.row.start.seed).collect();
    if !seeds.is_empty() {
        parts.push(count(seeds.len(), "seed"));
    }
    let (finished, all) = (analysis.runs.len(), analysis.runs.len() + analysis.unfinished.len());
    parts.push(format!("{} of {} finished", thousands(finished as i64), count(all, "run")));
    parts
}

/// The day on which the sweep was registered, or its first run started.
fn date(analysis: &Analysis) -> Option<String> {
    let moment = match &analysis.sweep {
        Some(sweep) => &sweep.created_at,
        None => &analysis.runs.first()?.row.started_at,
    };
    moment.get(..10).map(str::to_owned)
}

fn file_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// A value that all runs share, or how many there are.
fn distinct(analysis: &Analysis, of: impl Fn(&ranklab_store::NewRun) -> String) -> Option<String> {
    let values: BTreeSet<String> = analysis.runs.iter().map(|run| of(&run.row.start)).collect();
    match values.len() {
        0 => None,
        1 => values.into_iter().next(),
        several => Some(count(several, "dataset")),
    }
}

fn split(analysis: &Analysis) -> Option<String> {
    let starts = || analysis.runs.iter().map(|run| &run.row.start);
    let kinds: BTreeSet<&str> = starts().map(|start| start.split.as_str()).collect();
    let folds: BTreeSet<i64> = starts().filter_map(|start| start.fold).collect();
    if kinds.is_empty() {
        return None;
    }
    let kinds: Vec<&str> = kinds.into_iter().map(|kind| split_kind(kind, &analysis.nouns)).collect();
    let folds = if folds.len() > 1 { format!(" in {}", count(folds.len(), "fold")) } else { String::new() };
    Some(format!("{} split{folds}", kinds.join(" and ")))
}

/// Test patients of the first test set.
fn patients(analysis: &Analysis) -> Option<String> {
    let set = analysis.test_sets.first()?;
    let tested = analysis.with_ids(&set.configurations).find_map(|one| one.tested())?;
    let Words { group, groups, .. } = analysis.nouns.words();
    match tested.resampled {
        Resampled::Patients(patients) => {
            Some(counted(patients, &format!("test {group}"), &format!("test {groups}")))
        }
        Resampled::Cells(_) => None,
    }
}

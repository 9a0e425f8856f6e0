//! The tables of a run: confusion matrix, epochs, patients with errors, files.

use std::collections::BTreeMap;

use indicatif::HumanBytes;
use ranklab_settings::{ClassScheme, Nouns, TrialConfig};
use ranklab_store::{ArtifactRow, EpochMetric, QueryResult, RunResult, RunRow, Store, Value};

use super::sections::short;
use crate::ui::{fitting::Fitting, table::table};

/// A table under its title, of columns with their ranks.
fn titled(title: &str, columns: &[(&str, usize)], rows: Vec<Vec<Value>>, width: usize) -> String {
    let fitting = Fitting::ranked(Some(width), columns.iter().map(|(_, rank)| *rank));
    let columns = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    format!("{title}\n{}", table(&QueryResult { columns, rows }, fitting).trim_end())
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

/// A share as a percentage with two decimals.
fn percent(share: f64) -> Value {
    Value::Real((share * 1e4).round() / 100.0)
}

/// Test images by their class and the class that the run found.
pub(super) fn confusion(run: &RunRow, result: &RunResult, width: usize) -> String {
    // A configuration of an earlier version may not be readable any more.
    let config: Option<TrialConfig> = serde_json::from_str(&run.start.config).ok();
    let ClassScheme { positive, negative, .. } =
        config.map(|config| config.data.scheme()).unwrap_or_default();
    let row = |class: &str, found: i64, other: i64| {
        vec![text(format!("are {class}")), Value::Integer(found), Value::Integer(other)]
    };
    let rows = vec![
        row(&positive, result.true_positives, result.false_negatives),
        row(&negative, result.false_positives, result.true_negatives),
    ];
    let (called_positive, called_negative) = (format!("called {positive}"), format!("called {negative}"));
    let columns = [("images that", 0), (called_positive.as_str(), 1), (called_negative.as_str(), 2)];
    titled("Confusion matrix", &columns, rows, width)
}

/// The measures of each epoch, the best one marked; `None` before the first.
pub(super) fn epochs(run: &RunRow, metrics: &[EpochMetric], width: usize) -> Option<String> {
    let mut epochs: BTreeMap<i64, BTreeMap<&str, f64>> = BTreeMap::new();
    for metric in metrics {
        epochs.entry(metric.epoch).or_default().insert(&metric.metric, metric.value);
    }
    let best = run.result.as_ref().map(|result| result.best_epoch);
    let rows: Vec<Vec<Value>> = epochs
        .iter()
        .map(|(epoch, metrics)| {
            let value = |name: &str, shown: fn(f64) -> Value| {
                metrics.get(name).map_or(Value::Null, |value| shown(*value))
            };
            let loss = |loss: f64| Value::Real((loss * 1e4).round() / 1e4);
            let seconds = |seconds: f64| Value::Real((seconds * 10.0).round() / 10.0);
            vec![
                Value::Integer(*epoch),
                value("train_loss", loss),
                value("train_accuracy", percent),
                value("validation_loss", loss),
                value("validation_accuracy", percent),
                value("seconds", seconds),
                if best == Some(*epoch) { text("best") } else { Value::Null },
            ]
        })
        .collect();
    let columns = [
        ("epoch", 0),
        ("train loss", 3),
        ("train %", 4),
        ("validation loss", 5),
        ("validation %", 1),
        ("seconds", 6),
        ("", 2),
    ];
    (!rows.is_empty()).then(|| titled("Epochs (% is accuracy)", &columns, rows, width))
}

/// The groups, such as patients, with most errors on test images; `None` where there are none.
///
/// # Errors
/// When the database cannot be read.
pub(super) async fn patients(store: &Store, run: &RunRow, width: usize) -> anyhow::Result<Option<String>> {
    let sql = format!(
        "SELECT patient, errors, images FROM patient_errors
         WHERE run = {} AND errors > 0 LIMIT 10",
        run.id
    );
    let group = Nouns::of_configuration(&run.start.config).group;
    let mut rows = store.query(&sql).await?.rows;
    for row in &mut rows {
        if let [_, Value::Integer(errors), Value::Integer(images)] = row[..] {
            row.push(percent(errors as f64 / images as f64));
        }
    }
    let columns = [(group.one.as_str(), 0), ("errors", 1), ("of images", 2), ("%", 3)];
    Ok((!rows.is_empty())
        .then(|| titled(&format!("{} with most test errors", group.capitals()), &columns, rows, width)))
}

/// The files of the run in the runs folder; `None` without any.
pub(super) fn files(artifacts: &[ArtifactRow], width: usize) -> Option<String> {
    let rows: Vec<Vec<Value>> = artifacts
        .iter()
        .map(|file| {
            let size = HumanBytes(u64::try_from(file.bytes).unwrap_or(0)).to_string();
            vec![text(&file.kind), text(&file.path), text(size), text(short(&file.sha256))]
        })
        .collect();
    let columns = [("kind", 1), ("path", 0), ("size", 2), ("SHA-256", 3)];
    (!rows.is_empty()).then(|| titled("Files in the runs folder", &columns, rows, width))
}

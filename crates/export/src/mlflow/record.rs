//! What a run is to MLflow: name, times, tags, parameters and metrics.

use jiff::Timestamp;
use ranklab_store::{EpochMetric, RunResult, RunRow, RunStatus, StepMetric};
use serde_json::{Map, Value, json};

use super::tags;

/// MLflow's limits on the values of parameters and tags, in characters.
const LONGEST_PARAMETER: usize = 6000;
const LONGEST_TAG: usize = 5000;

/// A run as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) name: String,
    /// `FINISHED` or `FAILED`.
    pub(super) status: &'static str,
    /// Milliseconds since 1970.
    pub(super) start: i64,
    pub(super) end: i64,
    /// Each with `key` and `value`.
    pub(super) tags: Vec<Value>,
    pub(super) parameters: Vec<Value>,
    /// Each with `key`, `value`, `step` and `timestamp`.
    pub(super) metrics: Vec<Value>,
}

/// The record of a run that ended.
pub(super) fn record(run: &RunRow, steps: &[StepMetric], epochs: &[EpochMetric], database: &str) -> Record {
    let start = milliseconds(&run.started_at);
    let end = run.ended_at.as_deref().map_or(start, milliseconds).max(start);
    let times = Times { start, end };
    let mut metrics = of_steps(steps, times);
    metrics.extend(of_epochs(epochs, times));
    metrics.extend(run.result.iter().flat_map(|result| of_result(result, end)));
    let status = if run.status == RunStatus::Finished { "FINISHED" } else { "FAILED" };
    let name = format!("run {} · {}", run.id, run.start.label);
    Record { name, status, start, end, tags: tags_of(run, database), parameters: parameters(run), metrics }
}

fn milliseconds(time: &str) -> i64 {
    time.parse::<Timestamp>().map_or(0, Timestamp::as_millisecond)
}

/// Start and end of a run. The database has no time of single steps: they are spread evenly between both.
#[derive(Clone, Copy)]
struct Times {
    start: i64,
    end: i64,
}

impl Times {
    fn at(self, part: i64, whole: i64) -> i64 {
        let share = part as f64 / whole.max(1) as f64;
        self.start + ((self.end - self.start) as f64 * share) as i64
    }
}

fn metric(key: &str, value: f64, step: i64, timestamp: i64) -> Value {
    // JSON lacks these numbers; MLflow reads them from text (protobuf's JSON).
    let value = match value {
        value if value.is_finite() => json!(value),
        value if value.is_nan() => json!("NaN"),
        value if value > 0.0 => json!("Infinity"),
        _ => json!("-Infinity"),
    };
    json!({ "key": key, "value": value, "step": step, "timestamp": timestamp })
}

fn of_steps(steps: &[StepMetric], times: Times) -> Vec<Value> {
    let last = steps.iter().map(|metric| metric.step).max().unwrap_or(0);
    let of = |found: &StepMetric| {
        metric(&format!("step/{}", found.metric), found.value, found.step, times.at(found.step, last))
    };
    steps.iter().map(of).collect()
}

fn of_epochs(epochs: &[EpochMetric], times: Times) -> Vec<Value> {
    let last = epochs.iter().map(|metric| metric.epoch).max().unwrap_or(0);
    let of = |found: &EpochMetric| {
        metric(&format!("epoch/{}", found.metric), found.value, found.epoch, times.at(found.epoch, last))
    };
    epochs.iter().map(of).collect()
}

fn of_result(result: &RunResult, end: i64) -> Vec<Value> {
    let counts = [
        ("test/true_positives", result.true_positives),
        ("test/false_negatives", result.false_negatives),
        ("test/false_positives", result.false_positives),
        ("test/true_negatives", result.true_negatives),
        ("best_epoch", result.best_epoch),
        ("peak_memory_bytes", result.peak_memory_bytes),
    ];
    let figures = [
        ("test/loss", Some(result.test_loss)),
        ("test/accuracy", Some(result.test_accuracy)),
        ("test/sensitivity", Some(result.sensitivity)),
        ("test/specificity", Some(result.specificity)),
        ("test/precision", Some(result.precision)),
        ("test/f1", Some(result.f1)),
        ("test/auc", result.auc),
        ("seconds/features", Some(result.feature_seconds)),
        ("seconds/training", Some(result.train_seconds)),
        ("seconds/test", Some(result.test_seconds)),
        ("images_per_second", Some(result.images_per_second)),
    ];
    let counts = counts.into_iter().map(|(key, count)| metric(key, count as f64, 0, end));
    let figures = figures.into_iter().filter_map(|(key, value)| Some(metric(key, value?, 0, end)));
    figures.chain(counts).collect()
}

fn pair(key: &str, value: &str, longest: usize) -> Value {
    let value: String = value.chars().take(longest).collect();
    json!({ "key": key, "value": value })
}

fn tags_of(run: &RunRow, database: &str) -> Vec<Value> {
    let start = &run.start;
    let number = run.id.to_string();
    let synthetic = start.synthetic.then_some("true");
    let model = run.result.as_ref().map(|result| result.model_hash.as_str());
    let values = [
        (tags::DATABASE, Some(database)),
        (tags::RUN, Some(&number)),
        (tags::CONFIG_HASH, Some(&start.config_hash)),
        ("ranklab.status", Some(run.status.name())),
        ("ranklab.failure", run.failure.as_deref()),
        ("ranklab.label", Some(&start.label)),
        ("ranklab.image_set_hash", Some(&start.image_set_hash)),
        ("ranklab.split_hash", Some(&start.split_hash)),
        ("ranklab.weights_hash", Some(&start.weights_hash)),
        ("ranklab.model_hash", model),
        ("ranklab.synthetic", synthetic),
        ("ranklab.host", Some(&start.host)),
        ("ranklab.version", Some(&start.version)),
        ("mlflow.source.name", Some("ranklab")),
        ("mlflow.source.type", Some("LOCAL")),
        ("mlflow.source.git.commit", start.git_commit.as_deref()),
    ];
    values.into_iter().filter_map(|(key, value)| Some(pair(key, value?, LONGEST_TAG))).collect()
}

/// The settings, nested ones with dots between their names, and what was known of images and network at the start.
fn parameters(run: &RunRow) -> Vec<Value> {
    let settings: Value = serde_json::from_str(&run.start.config).unwrap_or_default();
    let mut named = Map::new();
    flatten("", &settings, &mut named);
    let start = &run.start;
    for (key, count) in [
        ("images", start.images),
        ("train_images", start.train_images),
        ("validation_images", start.validation_images),
        ("test_images", start.test_images),
        ("trainable_parameters", start.trainable_parameters),
        ("frozen_parameters", start.frozen_parameters),
        ("adapter_parameters", start.adapter_parameters),
    ] {
        named.entry(key).or_insert_with(|| count.to_string().into());
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    named.iter().map(|(key, value)| pair(key, &text(value), LONGEST_PARAMETER)).collect()
}

fn flatten(prefix: &str, value: &Value, named: &mut Map<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&key, value, named);
            }
        }
        Value::Null => {}
        plain => {
            named.insert(prefix.to_owned(), plain.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use ranklab_store::NewRun;

    use super::*;

    fn run(status: RunStatus) -> RunRow {
        RunRow {
            id: 7,
            status,
            failure: (status != RunStatus::Finished).then(|| "no memory".to_owned()),
            started_at: "2026-11-28T10:00:00Z".into(),
            ended_at: Some("2026-11-28T10:00:10Z".into()),
            start: NewRun {
                config: r#"{"adapter":{"rank":4,"dora":false},"data":{"split":{"kind":"patient"}},"device":"flex"}"#.into(),
                config_hash: "c0ffee".into(),
                label: "rank=4".into(),
                images: 40,
                ..NewRun::default()
            },
            result: (status == RunStatus::Finished).then(|| RunResult { test_accuracy: 0.75, ..RunResult::default() }),
        }
    }

    fn value<'a>(of: &'a [Value], key: &str) -> &'a Value {
        &of.iter().find(|entry| entry["key"] == key).unwrap_or_else(|| panic!("no {key}"))["value"]
    }

    #[test]
    fn nested_settings_become_parameters_with_dots() {
        let record = record(&run(RunStatus::Finished), &[], &[], "db");
        for (key, expected) in [
            ("adapter.rank", "4"),
            ("adapter.dora", "false"),
            ("data.split.kind", "patient"),
            ("images", "40"),
        ] {
            assert_eq!(value(&record.parameters, key), expected);
        }
        assert_eq!(value(&record.tags, "ranklab.config_hash"), "c0ffee");
        assert_eq!(value(&record.metrics, "test/accuracy"), 0.75);
        assert_eq!((record.status, record.end - record.start), ("FINISHED", 10_000));
    }

    #[test]
    fn a_failed_run_has_its_failure_and_no_result() {
        let record = record(&run(RunStatus::Diverged), &[], &[], "db");
        assert_eq!(record.status, "FAILED");
        assert_eq!(value(&record.tags, "ranklab.failure"), "no memory");
        assert!(record.metrics.is_empty());
    }

    #[test]
    fn steps_and_epochs_are_spread_over_the_run_and_nan_is_text() {
        let step = |step, value| StepMetric { epoch: 1, step, metric: "loss".into(), value };
        let epoch = EpochMetric { epoch: 1, metric: "seconds".into(), value: 4.0 };
        let found = record(&run(RunStatus::Failed), &[step(1, 0.5), step(2, f64::NAN)], &[epoch], "db");
        let start = found.start;
        assert_eq!(
            found.metrics,
            [
                json!({ "key": "step/loss", "value": 0.5, "step": 1, "timestamp": start + 5000 }),
                json!({ "key": "step/loss", "value": "NaN", "step": 2, "timestamp": start + 10_000 }),
                json!({ "key": "epoch/seconds", "value": 4.0, "step": 1, "timestamp": start + 10_000 }),
            ]
        );
    }
}

//! Writes one run to a server: as a whole, once.
//!
//! A run counts as arrived when it has the tag [`COMPLETE`](tags::COMPLETE), which is set last. One without it was
//! interrupted: which of its metrics arrived is not known, and servers may keep a metric twice. It is deleted and
//! written anew.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::artifacts::{Artifact, Uploaded, upload};
use super::client::Client;
use super::failure::{Cause, Failure};
use super::lists::runs;
use super::pages::Pages;
use super::record::Record;
use super::tags;

/// MLflow's limits on one request.
const PARAMETERS: usize = 100;
const METRICS: usize = 1000;
/// Entries of one page of a metric's history.
const HISTORY: usize = 10_000;

/// A run and where it goes.
#[derive(Debug)]
pub(super) struct Written<'a> {
    pub(super) database: &'a str,
    pub(super) run: i64,
    pub(super) experiment: &'a str,
    pub(super) record: &'a Record,
    /// Tags besides those of the record.
    pub(super) tags: &'a [(String, String)],
    pub(super) artifacts: &'a [Artifact],
}

/// Writes a run that the server does not have as a whole.
pub(super) fn write(client: &Client, written: &Written<'_>) -> Result<Uploaded, Failure> {
    client.repeat(|| {
        remove_incomplete(client, written)?;
        let (id, address) = create(client, written)?;
        log_parameters(client, &id, &written.record.parameters)?;
        log_metrics(client, &id, &written.record.metrics)?;
        let uploaded = upload(client, &address, written.artifacts)?;
        let Record { status, end, .. } = written.record;
        client.post("runs/update", &json!({ "run_id": id, "status": status, "end_time": end }))?;
        set_tag(client, &id, tags::COMPLETE, "true")?;
        Ok(uploaded)
    })
}

/// Sets a tag of a run.
pub(super) fn set_tag(client: &Client, id: &str, key: &str, value: &str) -> Result<(), Failure> {
    client.post("runs/set-tag", &json!({ "run_id": id, "key": key, "value": value })).map(|_| ())
}

/// Deletes what an interrupted export left of the run.
fn remove_incomplete(client: &Client, written: &Written<'_>) -> Result<(), Failure> {
    let experiments = [written.experiment.to_owned()];
    for left in runs(client, &experiments, written.database, Some(written.run))? {
        if !left.is_complete() {
            client.post("runs/delete", &json!({ "run_id": left.id }))?;
        }
    }
    Ok(())
}

/// Creates the run; its id and the address of its artifacts.
fn create(client: &Client, written: &Written<'_>) -> Result<(String, String), Failure> {
    let record = written.record;
    let more = written.tags.iter().map(|(key, value)| json!({ "key": key, "value": value }));
    let tags: Vec<Value> = record.tags.iter().cloned().chain(more).collect();
    let body = json!({
        "experiment_id": written.experiment,
        "run_name": record.name,
        "start_time": record.start,
        "tags": tags,
    });
    // Once: a run of which the answer is lost is deleted at the next attempt.
    let answer = client.post_once("runs/create", &body)?;
    let info = &answer["run"]["info"];
    match (info["run_id"].as_str(), info["artifact_uri"].as_str()) {
        (Some(id), Some(address)) => Ok((id.to_owned(), address.to_owned())),
        _ => Err(Failure::lasting("POST runs/create", Cause::NoMlflow("a run without an id".to_owned()))),
    }
}

fn log_parameters(client: &Client, id: &str, parameters: &[Value]) -> Result<(), Failure> {
    // The same value again is no change.
    parameters.chunks(PARAMETERS).try_for_each(|chunk| {
        client.post("runs/log-batch", &json!({ "run_id": id, "params": chunk })).map(|_| ())
    })
}

fn log_metrics(client: &Client, id: &str, metrics: &[Value]) -> Result<(), Failure> {
    let mut is_doubtful = false;
    for chunk in metrics.chunks(METRICS) {
        let body = json!({ "run_id": id, "metrics": chunk });
        client.repeat(|| {
            let logged = client.post_once("runs/log-batch", &body);
            is_doubtful |= logged.is_err();
            logged
        })?;
    }
    if is_doubtful { check_counts(client, id, metrics) } else { Ok(()) }
}

/// Counts what the server has of each metric after a request had to be repeated: it may have kept values twice.
fn check_counts(client: &Client, id: &str, metrics: &[Value]) -> Result<(), Failure> {
    let mut expected: BTreeMap<&str, usize> = BTreeMap::new();
    for key in metrics.iter().filter_map(|metric| metric["key"].as_str()) {
        *expected.entry(key).or_default() += 1;
    }
    for (key, expected) in expected {
        let found = count(client, id, key)?;
        if found != expected {
            let reason = format!("it has {found} of {expected} values of {key}");
            return Err(Failure::passing("POST runs/log-batch", Cause::Server(reason)));
        }
    }
    Ok(())
}

/// The number of values that the server has of a metric.
fn count(client: &Client, id: &str, key: &str) -> Result<usize, Failure> {
    let (mut count, mut token, most) = (0, String::new(), HISTORY.to_string());
    let mut pages = Pages::default();
    loop {
        let mut query = vec![("run_id", id), ("metric_key", key), ("max_results", &most)];
        if !token.is_empty() {
            query.push(("page_token", &token));
        }
        let answer = client.get("metrics/get-history", &query)?;
        count += answer["metrics"].as_array().map_or(0, Vec::len);
        match pages.after("GET metrics/get-history", &answer)? {
            Some(next) => token = next,
            None => return Ok(count),
        }
    }
}

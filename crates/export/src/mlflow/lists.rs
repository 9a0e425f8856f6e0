//! Experiments and runs that a server already has of a database.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::client::Client;
use super::failure::{Cause, Failure};
use super::pages::Pages;
use super::tags::{COMPLETE, DATABASE, RUN, condition};

/// Entries of one answer.
const PAGE: usize = 500;

/// An experiment or run with its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tagged {
    /// The server's id.
    pub(super) id: String,
    pub(super) tags: BTreeMap<String, String>,
}

impl Tagged {
    /// The value of a tag.
    pub(super) fn tag(&self, name: &str) -> Option<&str> {
        self.tags.get(name).map(String::as_str)
    }

    /// Whether a run has arrived as a whole.
    pub(super) fn is_complete(&self) -> bool {
        self.tag(COMPLETE) == Some("true")
    }
}

/// The experiments of a database.
pub(super) fn experiments(client: &Client, database: &str) -> Result<Vec<Tagged>, Failure> {
    let body = json!({ "max_results": PAGE, "filter": condition(DATABASE, database) });
    let found = pages(client, "experiments/search", body, "experiments")?;
    found
        .iter()
        .map(|experiment| tagged(experiment, &experiment["experiment_id"], &experiment["tags"]))
        .collect()
}

/// The runs of a database in these experiments; only those of one number where it is given.
pub(super) fn runs(
    client: &Client,
    experiments: &[String],
    database: &str,
    run: Option<i64>,
) -> Result<Vec<Tagged>, Failure> {
    if experiments.is_empty() {
        return Ok(Vec::new());
    }
    let mut filter = condition(DATABASE, database);
    if let Some(run) = run {
        filter += &format!(" and {}", condition(RUN, &run.to_string()));
    }
    let body = json!({ "experiment_ids": experiments, "filter": filter, "max_results": PAGE });
    let found = pages(client, "runs/search", body, "runs")?;
    found.iter().map(|run| tagged(run, &run["info"]["run_id"], &run["data"]["tags"])).collect()
}

/// All entries of a search, page by page.
fn pages(client: &Client, path: &str, mut body: Value, list: &str) -> Result<Vec<Value>, Failure> {
    let (mut all, mut pages) = (Vec::new(), Pages::default());
    loop {
        let answer = client.post(path, &body)?;
        all.extend(answer[list].as_array().into_iter().flatten().cloned());
        match pages.after(&format!("POST {path}"), &answer)? {
            Some(token) => body["page_token"] = token.into(),
            None => return Ok(all),
        }
    }
}

fn tagged(entry: &Value, id: &Value, tags: &Value) -> Result<Tagged, Failure> {
    let id = id.as_str().ok_or_else(|| {
        Failure::lasting("a search", Cause::NoMlflow(format!("an entry without an id: {entry}")))
    })?;
    let pair = |tag: &Value| Some((tag["key"].as_str()?.to_owned(), tag["value"].as_str()?.to_owned()));
    let tags = tags.as_array().into_iter().flatten().filter_map(pair).collect();
    Ok(Tagged { id: id.to_owned(), tags })
}

//! The experiment of a sweep: found by its tags, so that another name finds it again, or created.

use std::collections::BTreeMap;

use serde_json::json;

use crate::error::Error;

use super::client::Client;
use super::failure::{Cause, Failure};
use super::lists::{Tagged, experiments};
use super::tags::{DATABASE, NO_SWEEP, SWEEP};

/// The name of the experiment for runs of no sweep.
const NAME_OF_NO_SWEEP: &str = "runs of no sweep";
/// MLflow's limit on an experiment's name, less what is appended to a taken one.
const LONGEST_NAME: usize = 400;
/// Digits of a database's id in the name of an experiment.
const SHORT: usize = 8;

/// A sweep that runs are exported of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sweep {
    pub(super) id: i64,
    pub(super) name: String,
}

/// The experiments of a database on the server, by the number of their sweep.
#[derive(Debug)]
pub(super) struct Experiments<'a> {
    client: &'a Client,
    database: &'a str,
    /// By the value of the tag.
    known: BTreeMap<String, Tagged>,
}

impl<'a> Experiments<'a> {
    /// Asks the server which there are.
    pub(super) fn of(client: &'a Client, database: &'a str) -> Result<Self, Failure> {
        let mut known = BTreeMap::new();
        for experiment in experiments(client, database)? {
            if let Some(sweep) = experiment.tag(SWEEP) {
                known.insert(sweep.to_owned(), experiment);
            }
        }
        Ok(Self { client, database, known })
    }

    /// The server's ids of all of them.
    pub(super) fn ids(&self) -> Vec<String> {
        self.known.values().map(|experiment| experiment.id.clone()).collect()
    }

    /// The id of a sweep's experiment, which is created where there is none.
    pub(super) fn ensure(&mut self, sweep: Option<&Sweep>) -> Result<String, Error> {
        let key = sweep.map_or(NO_SWEEP.to_owned(), |sweep| sweep.id.to_string());
        if let Some(known) = self.known.get(&key) {
            return Ok(known.id.clone());
        }
        let failed = |failure: Failure| failure.error(self.client.address());
        let created = match self.create(sweep, &key).map_err(failed)? {
            Some(created) => created,
            None => {
                let name = names(sweep, self.database).swap_remove(0);
                return Err(Error::NameTaken { server: self.client.address().to_string(), name });
            }
        };
        let id = created.id.clone();
        self.known.insert(key, created);
        Ok(id)
    }

    /// Creates an experiment under the first name that is free; `None` where all are taken.
    fn create(&self, sweep: Option<&Sweep>, key: &str) -> Result<Option<Tagged>, Failure> {
        let tags = json!([
            { "key": DATABASE, "value": self.database },
            { "key": SWEEP, "value": key },
        ]);
        for name in names(sweep, self.database) {
            let body = json!({ "name": name, "tags": tags });
            match self.client.post("experiments/create", &body) {
                Ok(answer) => {
                    let id = answer["experiment_id"].as_str().ok_or_else(|| {
                        let reason = "an experiment without an id".to_owned();
                        Failure::lasting("POST experiments/create", Cause::NoMlflow(reason))
                    })?;
                    return Ok(Some(Tagged { id: id.to_owned(), tags: BTreeMap::new() }));
                }
                Err(failure) if failure.is_refusal("RESOURCE_ALREADY_EXISTS") => {
                    // It may be ours, of a request whose answer was lost.
                    let ours = experiments(self.client, self.database)?;
                    if let Some(ours) = ours.into_iter().find(|found| found.tag(SWEEP) == Some(key)) {
                        return Ok(Some(ours));
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    }
}

/// Names for an experiment, the shortest first.
fn names(sweep: Option<&Sweep>, database: &str) -> Vec<String> {
    let short: String = database.chars().take(SHORT).collect();
    match sweep {
        None => vec![NAME_OF_NO_SWEEP.to_owned(), format!("{NAME_OF_NO_SWEEP} (database {short})")],
        Some(sweep) => {
            let name: String = sweep.name.chars().take(LONGEST_NAME).collect();
            let name = if name.trim().is_empty() { "sweep" } else { name.trim() };
            vec![
                name.to_owned(),
                format!("{name} (sweep {})", sweep.id),
                format!("{name} (sweep {} of database {short})", sweep.id),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_grow_where_shorter_ones_are_taken() {
        let sweep = Sweep { id: 3, name: " ranks ".into() };
        assert_eq!(
            names(Some(&sweep), "0123456789abcdef"),
            ["ranks", "ranks (sweep 3)", "ranks (sweep 3 of database 01234567)"]
        );
        assert_eq!(names(None, "0123456789abcdef")[0], "runs of no sweep");
        let nameless = Sweep { id: 3, name: String::new() };
        assert_eq!(names(Some(&nameless), "01")[0], "sweep");
    }
}

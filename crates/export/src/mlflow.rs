//! Runs for an MLflow tracking server, over its REST API: an experiment for each sweep, a run for each run that ended.
//!
//! A second export adds nothing: runs are known by tags with the database's id, the run's number and its configuration
//! hash.

mod access;
mod address;
mod artifacts;
mod client;
mod experiments;
mod failure;
mod lists;
mod pages;
mod patience;
mod plan;
mod record;
mod tags;
mod writing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ranklab_store::{RunRow, RunStatus, Store};

use crate::error::Result;

pub use self::access::Access;
pub use self::address::Address;
pub use self::patience::Patience;

use self::artifacts::{Artifact, Uploaded, models, of_report};
use self::client::Client;
use self::experiments::{Experiments, Sweep};
use self::failure::Failure;
use self::lists::{Tagged, runs};
use self::plan::{Plan, Planned, plan};
use self::record::record;
use self::writing::{Written, set_tag, write};

/// A server, and how it is asked.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its address.
    pub address: Address,
    /// What it is shown.
    pub access: Access,
    /// How often a request is repeated.
    pub patience: Patience,
}

/// Where files of runs and reports are found.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    /// The runs folder.
    pub runs_folder: &'a Path,
    /// The files of a sweep's report, if there is one.
    pub report_of: &'a dyn Fn(i64) -> Vec<PathBuf>,
}

/// What an export did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Runs that were added.
    pub added: usize,
    /// Runs that the server had already.
    pub present: usize,
    /// Runs that have not ended and are left out.
    pub unfinished: usize,
    /// Files that were uploaded.
    pub files: usize,
    /// Files that are gone or changed, each with the reason.
    pub missing: Vec<String>,
    /// Why the server takes no files.
    pub not_served: Option<String>,
}

impl Summary {
    fn add(&mut self, uploaded: Uploaded) {
        self.added += 1;
        self.files += uploaded.files;
        self.missing.extend(uploaded.missing);
        self.not_served = self.not_served.take().or(uploaded.not_served);
    }
}

/// Exports the runs that ended, or only the given one. `progress` gets the number of runs that are done, and of all.
///
/// # Errors
/// When the database cannot be read, when the run has not ended, and when the server is away, refuses or keeps failing.
/// Runs that were exported before stay; repeating the export goes on.
pub async fn export(
    store: &Store,
    server: &Server,
    run: Option<i64>,
    files: Files<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Summary> {
    let Plan { planned, unfinished } = plan(store, run).await?;
    let client = Client::new(server.address.clone(), &server.access, server.patience);
    let mut session = Session::begin(&client, store, files)?;
    let mut summary = Summary { unfinished, ..Summary::default() };
    for (done, of) in planned.iter().enumerate() {
        progress(done, planned.len());
        let exported = session.export(of).await.map_err(|error| error.after(summary.added))?;
        match exported {
            Some(uploaded) => summary.add(uploaded),
            None => summary.present += 1,
        }
    }
    progress(planned.len(), planned.len());
    Ok(summary)
}

/// What is known of the server while runs are exported to it.
struct Session<'a> {
    client: &'a Client,
    store: &'a Store,
    files: Files<'a>,
    experiments: Experiments<'a>,
    /// Runs that the server has as a whole, by their number in the database.
    complete: BTreeMap<String, Tagged>,
}

impl<'a> Session<'a> {
    /// Asks the server what it has.
    fn begin(client: &'a Client, store: &'a Store, files: Files<'a>) -> Result<Self> {
        let failed = |failure: Failure| failure.error(client.address());
        let experiments = Experiments::of(client, store.id()).map_err(failed)?;
        let found = runs(client, &experiments.ids(), store.id(), None).map_err(failed)?;
        let number = |run: Tagged| Some((run.tag(tags::RUN)?.to_owned(), run));
        let complete = found.into_iter().filter(Tagged::is_complete).filter_map(number).collect();
        Ok(Self { client, store, files, experiments, complete })
    }

    /// Exports a run; `None` where the server has it.
    async fn export(&mut self, Planned { run, sweeps }: &Planned) -> Result<Option<Uploaded>> {
        let failed = |failure: Failure| failure.error(self.client.address());
        let sweep_tags: Vec<(String, String)> =
            sweeps.iter().map(|sweep| (tags::of_sweep(sweep.id), sweep.name.clone())).collect();
        if let Some(known) = self.complete.get(&run.id.to_string()) {
            update(self.client, known, run, &sweep_tags).map_err(failed)?;
            return Ok(None);
        }
        let experiment = self.experiments.ensure(sweeps.first())?;
        let steps = self.store.step_metrics(run.id).await?;
        let epochs = self.store.epoch_metrics(run.id).await?;
        let written = Written {
            database: self.store.id(),
            run: run.id,
            experiment: &experiment,
            record: &record(run, &steps, &epochs, self.store.id()),
            tags: &sweep_tags,
            artifacts: &self.artifacts(run, sweeps).await?,
        };
        write(self.client, &written).map(Some).map_err(failed)
    }

    /// The files of a run: its trained model, and the report of its sweep.
    async fn artifacts(&self, run: &RunRow, sweeps: &[Sweep]) -> Result<Vec<Artifact>> {
        if run.status != RunStatus::Finished {
            return Ok(Vec::new());
        }
        let mut found = models(&self.store.artifacts(run.id).await?, self.files.runs_folder);
        if let Some(sweep) = sweeps.first() {
            found.extend(of_report((self.files.report_of)(sweep.id)));
        }
        Ok(found)
    }
}

/// Sets the tags of a run that changed since it was exported: sweeps that planned it later, and a configuration hash of
/// a later definition.
fn update(
    client: &Client,
    known: &Tagged,
    run: &RunRow,
    sweep_tags: &[(String, String)],
) -> std::result::Result<(), Failure> {
    let hash = (tags::CONFIG_HASH.to_owned(), run.start.config_hash.clone());
    sweep_tags
        .iter()
        .chain([&hash])
        .filter(|(key, value)| known.tag(key) != Some(value))
        .try_for_each(|(key, value)| set_tag(client, &known.id, key, value))
}

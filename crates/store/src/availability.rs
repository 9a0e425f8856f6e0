//! Whether trials can be claimed, asked for many at once and without keeping other handles from writing.

use std::collections::HashMap;

use crate::backend::{Outcome, Row, Statement, Target, placeholders};
use crate::clock::Clock;
use crate::columns::Column as _;
use crate::error::Result;
use crate::lease::{LAPSED, RunningProcess, read_process};
use crate::record::RunStatus;
use crate::store::Store;

/// Configuration hashes per statement, far below every database's limit of parameters.
const HASHES_PER_STATEMENT: usize = 500;

/// What a trial's runs allow: the answer that [`Store::claim`] would give at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Availability {
    /// The trial has no run, or failed ones only. A claim starts a new run.
    #[default]
    Free,
    /// This run was interrupted. A claim continues it.
    Interrupted(i64),
    /// This process trains it, unless it is gone: see [`RunningProcess::lapsed`] and [`Store::mark_interrupted`].
    Running(RunningProcess),
    /// This finished run has the trial's results.
    Finished(i64),
    /// The trial diverged in this run and is not trained again.
    Diverged(i64),
}

impl Store {
    /// Whether the trials with these configuration hashes can be claimed, in their order. It only reads: another
    /// process may claim a free trial before this one does.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn availability(&self, config_hashes: &[String]) -> Result<Vec<Availability>> {
        let clock = self.pool.clock().await.map_err(|failure| self.failed(failure))?;
        let mut known = HashMap::with_capacity(config_hashes.len());
        for chunk in config_hashes.chunks(HASHES_PER_STATEMENT) {
            let found = availability(&self.pool, chunk, clock).await;
            known.extend(found.map_err(|failure| self.failed(failure))?);
        }
        let of = |hash: &String| match known.get(hash).cloned().unwrap_or_default() {
            Availability::Running(process) if self.is_presumed_interrupted(process.run) => {
                Availability::Interrupted(process.run)
            }
            availability => availability,
        };
        Ok(config_hashes.iter().map(of).collect())
    }
}

/// The availability of trials that have a run which decides it, by configuration hash. A finished run counts before
/// one that diverged, that before one that is running, and that before an interrupted one; of equals the newest counts.
pub(crate) async fn availability(
    on: impl Into<Target<'_>>,
    config_hashes: &[String],
    clock: Clock,
) -> Outcome<HashMap<String, Availability>> {
    let sql = format!(
        "SELECT id, config_hash, status, host, process, process_started, heartbeat_at, {LAPSED} AS lapsed FROM runs
         WHERE config_hash IN ({}) AND status IN ('finished', 'diverged', 'running', 'interrupted')
         ORDER BY CASE status WHEN 'finished' THEN 0 WHEN 'diverged' THEN 1 WHEN 'running' THEN 2 ELSE 3 END,
            id DESC",
        placeholders(4, config_hashes.len()),
    );
    let statement = Statement::new(sql)
        .once()
        .bind(clock.now())
        .bind(clock.latest_lease_end())
        .bind(clock.oldest_heartbeat())
        .bind_all(config_hashes.iter().map(Into::into));
    let mut found = HashMap::with_capacity(config_hashes.len());
    for row in statement.all(on).await? {
        found.entry(row.get("config_hash")?).or_insert(read(&row)?);
    }
    Ok(found)
}

fn read(row: &Row) -> Outcome<Availability> {
    let run = row.get("id")?;
    Ok(match RunStatus::read(row, "status")? {
        RunStatus::Finished => Availability::Finished(run),
        RunStatus::Diverged => Availability::Diverged(run),
        RunStatus::Running => Availability::Running(read_process(row)?),
        RunStatus::Interrupted => Availability::Interrupted(run),
        RunStatus::Failed | RunStatus::Imported => Availability::Free,
    })
}

//! Typed reads of sweeps, runs and what runs recorded.

use std::collections::{BTreeMap, HashMap};

use crate::backend::{Outcome, Row, Statement, placeholders};
use crate::columns::{Columns, read_run};
use crate::error::{Error, Result};
use crate::record::{ArtifactRow, EpochMetric, PlannedTrial, RunRow, StepMetric, SweepRow};
use crate::store::Store;

/// Ids per statement, far below every database's limit of parameters.
const IDS_PER_STATEMENT: usize = 500;

/// Sweeps with the counts of their trials.
const SWEEPS: &str =
    "SELECT s.id, s.name, s.command, s.plan_hash, s.created_at, s.analysis_plan, s.analysis_plan_hash,
    (SELECT COUNT(*) FROM trials t WHERE t.sweep_id = s.id) AS trials,
    (SELECT COUNT(*) FROM trials t WHERE t.sweep_id = s.id AND EXISTS (
        SELECT 1 FROM runs r WHERE r.config_hash = t.config_hash AND r.status = 'finished')) AS finished
    FROM sweeps s";

impl Store {
    /// All sweeps, the one that was requested last first. A counter orders them, so that no clock does.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sweeps(&self) -> Result<Vec<SweepRow>> {
        let sql = format!("{SWEEPS} ORDER BY s.request DESC, s.id DESC");
        self.rows(Statement::new(sql)).await
    }

    /// The sweep that was registered, or requested again, last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn latest_sweep(&self) -> Result<Option<SweepRow>> {
        let sql = format!("{SWEEPS} ORDER BY s.request DESC, s.id DESC LIMIT 1");
        Ok(self.rows(Statement::new(sql)).await?.pop())
    }

    /// One sweep.
    ///
    /// # Errors
    /// When there is no such sweep and when the database cannot be read.
    pub async fn sweep(&self, sweep: i64) -> Result<SweepRow> {
        let sql = format!("{SWEEPS} WHERE s.id = $1");
        let mut rows = self.rows(Statement::new(sql).bind(sweep)).await?;
        rows.pop().ok_or(Error::UnknownSweep { sweep })
    }

    /// A sweep's planned trials in order.
    ///
    /// # Errors
    /// When there is no such sweep and when the database cannot be read.
    pub async fn trials(&self, sweep: i64) -> Result<Vec<PlannedTrial>> {
        self.sweep(sweep).await?;
        let sql =
            "SELECT position, label, config_hash, config FROM trials WHERE sweep_id = $1 ORDER BY position";
        self.rows(Statement::new(sql).bind(sweep)).await
    }

    /// A sweep's planned trials in order, each with the newest finished run of its configuration if
    /// there is one, else with the newest run, else with none.
    ///
    /// # Errors
    /// When there is no such sweep and when the database cannot be read.
    pub async fn runs_of_sweep(&self, sweep: i64) -> Result<Vec<(PlannedTrial, Option<RunRow>)>> {
        let trials = self.trials(sweep).await?;
        let sql = "SELECT position, run FROM trial_states WHERE sweep = $1 AND run IS NOT NULL";
        let states = Statement::new(sql).bind(sweep).all(&self.pool).await;
        let states = states.and_then(|rows| {
            rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Outcome<HashMap<i64, i64>>>()
        });
        let mut run_at = states.map_err(|failure| self.failed(failure))?;
        let mut ids: Vec<i64> = run_at.values().copied().collect();
        ids.sort_unstable();
        let runs = self.existing_runs(&ids).await?;
        Ok(trials
            .into_iter()
            .map(|trial| {
                let run = run_at.remove(&trial.position).and_then(|id| runs.get(&id).cloned());
                (trial, run)
            })
            .collect())
    }

    /// The newest finished run of a configuration.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn finished_run(&self, config_hash: &str) -> Result<Option<i64>> {
        let sql =
            "SELECT id FROM runs WHERE config_hash = $1 AND status = 'finished' ORDER BY id DESC LIMIT 1";
        let found = Statement::new(sql).bind(config_hash).value(&self.pool).await;
        found.map_err(|failure| self.failed(failure))
    }

    /// The newest run that was imported under this configuration hash.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn imported_run(&self, config_hash: &str) -> Result<Option<i64>> {
        let sql =
            "SELECT id FROM runs WHERE config_hash = $1 AND status = 'imported' ORDER BY id DESC LIMIT 1";
        let found = Statement::new(sql).bind(config_hash).value(&self.pool).await;
        found.map_err(|failure| self.failed(failure))
    }

    /// The runs of these ids, in this order.
    ///
    /// # Errors
    /// When one of them does not exist and when the database cannot be read.
    pub async fn runs(&self, ids: &[i64]) -> Result<Vec<RunRow>> {
        let runs = self.existing_runs(ids).await?;
        ids.iter().map(|run| runs.get(run).cloned().ok_or(Error::UnknownRun { run: *run })).collect()
    }

    async fn existing_runs(&self, ids: &[i64]) -> Result<HashMap<i64, RunRow>> {
        let mut runs = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(IDS_PER_STATEMENT) {
            let sql = format!("SELECT * FROM runs WHERE id IN ({})", placeholders(1, chunk.len()));
            let statement = Statement::new(sql).bind_all(chunk.iter().map(|id| (*id).into()));
            let rows = statement.all(&self.pool).await.map_err(|failure| self.failed(failure))?;
            for row in &rows {
                let run = self.read_run(row).map_err(|failure| self.failed(failure))?;
                runs.insert(run.id, run);
            }
        }
        Ok(runs)
    }

    fn read_run(&self, row: &Row) -> Outcome<RunRow> {
        let run = read_run(row)?;
        Ok(RunRow { status: self.presumed(run.id, run.status), ..run })
    }

    /// All runs, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn all_runs(&self) -> Result<Vec<RunRow>> {
        let rows = Statement::new("SELECT * FROM runs ORDER BY id").all(&self.pool).await;
        rows.and_then(|rows| rows.iter().map(|row| self.read_run(row)).collect())
            .map_err(|failure| self.failed(failure))
    }

    /// A run's metrics per epoch, by epoch and name.
    ///
    /// # Errors
    /// When there is no such run and when the database cannot be read.
    pub async fn epoch_metrics(&self, run: i64) -> Result<Vec<EpochMetric>> {
        let sql = "SELECT epoch, metric, value FROM epoch_metrics WHERE run_id = $1 ORDER BY epoch, metric";
        self.rows_of_run(run, sql).await
    }

    /// A run's metrics per step, by step and name.
    ///
    /// # Errors
    /// When there is no such run and when the database cannot be read.
    pub async fn step_metrics(&self, run: i64) -> Result<Vec<StepMetric>> {
        let sql =
            "SELECT epoch, step, metric, value FROM step_metrics WHERE run_id = $1 ORDER BY step, metric";
        self.rows_of_run(run, sql).await
    }

    /// The files that a run left, by path.
    ///
    /// # Errors
    /// When there is no such run and when the database cannot be read.
    pub async fn artifacts(&self, run: i64) -> Result<Vec<ArtifactRow>> {
        let sql = "SELECT kind, path, sha256, bytes FROM artifacts WHERE run_id = $1 ORDER BY path";
        self.rows_of_run(run, sql).await
    }

    /// The files of these runs that no other run names, by path: they can be deleted with the runs.
    ///
    /// # Errors
    /// When one of the runs does not exist and when the database cannot be read.
    pub async fn exclusive_artifacts(&self, runs: &[i64]) -> Result<Vec<ArtifactRow>> {
        let mut files = BTreeMap::new();
        for run in runs {
            for file in self.artifacts(*run).await? {
                if self.runs_with_artifact(&file.path).await?.iter().all(|run| runs.contains(run)) {
                    files.insert(file.path.clone(), file);
                }
            }
        }
        Ok(files.into_values().collect())
    }

    async fn runs_with_artifact(&self, path: &str) -> Result<Vec<i64>> {
        let found = Statement::new("SELECT run_id FROM artifacts WHERE path = $1").bind(path);
        found.values(&self.pool).await.map_err(|failure| self.failed(failure))
    }

    async fn rows_of_run<R: Columns>(&self, run: i64, sql: &'static str) -> Result<Vec<R>> {
        let rows = self.rows(Statement::new(sql).bind(run)).await?;
        // Nothing recorded is an answer, no such run is an error.
        if rows.is_empty() && !self.exists(run).await? {
            return Err(Error::UnknownRun { run });
        }
        Ok(rows)
    }

    pub(crate) async fn exists(&self, run: i64) -> Result<bool> {
        let found = Statement::new("SELECT id FROM runs WHERE id = $1").bind(run).optional(&self.pool).await;
        Ok(found.map_err(|failure| self.failed(failure))?.is_some())
    }

    pub(crate) async fn rows<R: Columns>(&self, statement: Statement) -> Result<Vec<R>> {
        let rows = statement.all(&self.pool).await;
        rows.and_then(|rows| rows.iter().map(R::read).collect()).map_err(|failure| self.failed(failure))
    }
}

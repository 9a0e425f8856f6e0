//! Writes: sweeps and their plan, and the records of a run while it trains.

use crate::analysis_plan::record_change;
use crate::backend::{self, Outcome, Pool, Statement, Transaction, placeholders};
use crate::columns::{Column as _, Columns};
use crate::error::{Error, Result};
use crate::record::{
    EpochMetric, NewSweep, PlannedTrial, PredictionRow, Registration, RunStatus, StepMetric,
};
use crate::store::Store;

/// Rows per statement: large enough that the statement's fixed cost vanishes, small enough that its
/// parameters stay far below every database's limit.
const ROWS_PER_STATEMENT: usize = 500;

impl Store {
    /// Registers a sweep with its planned trials before anything runs. A sweep with the same plan is
    /// the same sweep: its id is returned, it becomes the latest one again, it takes the name and the command
    /// of this request, and its trials take the hashes that they have now. It keeps its analysis plan; another one is
    /// recorded as a change.
    ///
    /// # Errors
    /// When the database cannot be written, and when two trials claim one position.
    pub async fn register_sweep(&self, sweep: &NewSweep, trials: &[PlannedTrial]) -> Result<Registration> {
        self.repeating(move || async move {
        let failed = |failure| match backend::broken_rule(&failure) {
            Some(reason) => Error::Refused { record: format!("sweep {}", sweep.name), reason },
            None => self.failed(failure),
        };
        let mut transaction = self.begin(&self.pool).await?;
        let now = transaction.clock().now();
        // A failed insertion would use an id up, so that the sweep is looked up first.
        let known: Option<i64> = Statement::new(
            "UPDATE sweeps SET name = $1, command = $2, requested_at = $4,
                request = (SELECT MAX(request) FROM sweeps) + 1
             WHERE plan_hash = $3 RETURNING id",
        )
        .bind(&sweep.name)
        .bind(&sweep.command)
        .bind(&sweep.plan_hash)
        .bind(&now)
        .value(&mut transaction)
        .await
        .map_err(failed)?;
        let plan = sweep.analysis_plan.as_ref();
        let mut plan_change = None;
        let (id, again) = match known {
            Some(id) => {
                if let Some(plan) = plan {
                    plan_change = record_change(&mut transaction, id, plan).await.map_err(failed)?;
                }
                // Other images or weights at the same paths make other trials of the same plan.
                let again = "ON CONFLICT (sweep_id, position) DO UPDATE SET label = excluded.label,
                    config_hash = excluded.config_hash, config = excluded.config";
                (id, again)
            }
            None => {
                let row = Statement::new(
                    "INSERT INTO sweeps
                        (name, command, plan_hash, created_at, requested_at, request, analysis_plan, analysis_plan_hash)
                     VALUES ($1, $2, $3, $4, $4, (SELECT COALESCE(MAX(request), 0) FROM sweeps) + 1, $5, $6)
                     RETURNING id",
                )
                .bind(&sweep.name)
                .bind(&sweep.command)
                .bind(&sweep.plan_hash)
                .bind(&now)
                .bind(plan.map(|plan| plan.plan.as_str()))
                .bind(plan.map(|plan| plan.hash.as_str()))
                .one(&mut transaction)
                .await
                .map_err(failed)?;
                (row.get(0).map_err(failed)?, "")
            }
        };
        insert(&mut transaction, "trials", "sweep_id", id, trials, again).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(Registration { sweep: id, plan_change })
    }).await
    }

    /// Records metrics of steps; a step recorded again takes the newer value. Hand over many at once:
    /// each call is one transaction.
    ///
    /// # Errors
    /// When the run does not exist and when the database cannot be written.
    pub async fn record_steps(&self, run: i64, metrics: &[StepMetric]) -> Result<()> {
        let again =
            "ON CONFLICT (run_id, step, metric) DO UPDATE SET epoch = excluded.epoch, value = excluded.value";
        self.record(&self.pool, run, "step_metrics", metrics, again).await
    }

    /// Records metrics of an epoch; one recorded again takes the newer value. They, and the steps recorded
    /// before, are on the disk when it returns: the epoch's checkpoint may follow.
    ///
    /// # Errors
    /// When the run does not exist and when the database cannot be written.
    pub async fn record_epoch(&self, run: i64, metrics: &[EpochMetric]) -> Result<()> {
        let again = "ON CONFLICT (run_id, epoch, metric) DO UPDATE SET value = excluded.value";
        self.record(&self.durable, run, "epoch_metrics", metrics, again).await
    }

    /// Records predictions of validation images, those of the best epoch so far; an image recorded again
    /// takes the newer prediction.
    ///
    /// # Errors
    /// When the run does not exist and when the database cannot be written.
    pub async fn record_validation(&self, run: i64, predictions: &[PredictionRow]) -> Result<()> {
        let again = "ON CONFLICT (run_id, image) DO UPDATE SET patient = excluded.patient,
            label = excluded.label, probability = excluded.probability";
        self.record(&self.durable, run, "validation_predictions", predictions, again).await
    }

    async fn record<R: Columns>(
        &self,
        pool: &Pool,
        run: i64,
        table: &str,
        rows: &[R],
        again: &str,
    ) -> Result<()> {
        self.repeating(move || async move {
            if rows.is_empty() {
                return Ok(());
            }
            let refused = |failure| self.refused(failure, run, table);
            let mut transaction = self.begin_run(pool, run).await?;
            self.check_owner(&mut transaction, run).await?;
            insert(&mut transaction, table, "run_id", run, rows, again).await.map_err(refused)?;
            transaction.commit().await.map_err(refused)
        })
        .await
    }

    /// Deletes a run with its metrics, predictions and artifact rows, whatever its state. Files stay where they
    /// are.
    ///
    /// # Errors
    /// When the run does not exist and when the database cannot be written.
    pub async fn delete_run(&self, run: i64) -> Result<()> {
        self.delete_runs(&[run], true).await
    }

    /// Deletes runs with their metrics, predictions and artifact rows: all of them or, on an error, none.
    /// Files stay where they are. What trains a run that is deleted has its next record refused.
    ///
    /// # Errors
    /// When a run does not exist, when one is marked as running and `even_running` is not set, and when the
    /// database cannot be written.
    pub async fn delete_runs(&self, runs: &[i64], even_running: bool) -> Result<()> {
        self.repeating(move || async move {
            let failed = |failure| self.failed(failure);
            let mut transaction = self.begin(&self.pool).await?;
            for run in runs {
                let deleted =
                    Statement::new("DELETE FROM runs WHERE id = $1 RETURNING status, host, process")
                        .bind(*run)
                        .optional(&mut transaction)
                        .await
                        .map_err(failed)?;
                let Some(row) = deleted else { return Err(Error::UnknownRun { run: *run }) };
                let status = RunStatus::read(&row, "status").map_err(failed)?;
                if status == RunStatus::Running && !even_running {
                    let (host, process) = (row.get("host"), row.get("process"));
                    return Err(Error::InTraining {
                        run: *run,
                        host: host.map_err(failed)?,
                        process: process.map_err(failed)?,
                    });
                }
            }
            transaction.commit().await.map_err(failed)
        })
        .await
    }
}

/// Inserts rows below a parent, many per statement. `again` says what to do about a row that exists.
pub(crate) async fn insert<R: Columns>(
    connection: &mut Transaction,
    table: &str,
    parent_column: &str,
    parent: i64,
    rows: &[R],
    again: &str,
) -> Outcome<()> {
    let width = R::NAMES.len();
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        let tuples: Vec<String> =
            (0..chunk.len()).map(|row| format!("($1, {})", placeholders(2 + row * width, width))).collect();
        let sql = format!(
            "INSERT INTO {table} ({parent_column}, {}) VALUES {} {again}",
            R::NAMES.join(", "),
            tuples.join(", "),
        );
        let statement = Statement::new(sql).bind(parent).bind_all(chunk.iter().flat_map(Columns::parameters));
        // Only full chunks come again with the same text; others would push them out of the cache.
        let is_full = chunk.len() == ROWS_PER_STATEMENT;
        let statement = if is_full { statement } else { statement.once() };
        statement.execute(&mut *connection).await?;
    }
    Ok(())
}

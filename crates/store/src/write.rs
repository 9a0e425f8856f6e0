//! Writes: sweeps and their plan, runs from start to end, and everything recorded on the way.

use sqlx::{AssertSqlSafe, Row as _};

use crate::columns::{Column as _, Columns, placeholders};
use crate::error::{Error, Result};
use crate::family::family;
use crate::record::{
    ArtifactRow, EpochMetric, NewRun, NewSweep, PlannedTrial, PredictionRow, RunResult, RunStatus, StepMetric,
};
use crate::sqlite::{self, Connection};
use crate::store::Store;

/// Rows per statement: large enough that the statement's own cost vanishes, small enough that its
/// parameters stay far below every database's limit.
const ROWS_PER_STATEMENT: usize = 500;

impl Store {
    /// Registers a sweep with its planned trials before anything runs. A sweep with the same plan is
    /// the same sweep: its id is returned and it becomes the latest one again.
    ///
    /// # Errors
    /// When the database cannot be written, and when two trials claim one position.
    pub async fn register_sweep(&self, sweep: &NewSweep, trials: &[PlannedTrial]) -> Result<i64> {
        let failed = |error| match sqlite::broken_rule(&error) {
            Some(reason) => Error::Refused { record: format!("sweep {}", sweep.name), reason },
            None => self.failed(error),
        };
        let mut transaction = sqlite::begin_write(&self.pool).await.map_err(failed)?;
        let id: Option<i64> = sqlx::query_scalar(
            "INSERT INTO sweeps (name, command, plan_hash, created_at, requested_at)
             VALUES ($1, $2, $3, $4, $4) ON CONFLICT (plan_hash) DO NOTHING RETURNING id",
        )
        .bind(&sweep.name)
        .bind(&sweep.command)
        .bind(&sweep.plan_hash)
        .bind(now())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        let id = match id {
            Some(id) => {
                insert(&mut transaction, "trials", "sweep_id", id, trials, "").await.map_err(failed)?;
                id
            }
            None => {
                sqlx::query_scalar("UPDATE sweeps SET requested_at = $1 WHERE plan_hash = $2 RETURNING id")
                    .bind(now())
                    .bind(&sweep.plan_hash)
                    .fetch_one(&mut *transaction)
                    .await
                    .map_err(failed)?
            }
        };
        transaction.commit().await.map_err(failed)?;
        Ok(id)
    }

    /// Records a run that starts now and returns its id, which is never given to another run.
    ///
    /// # Errors
    /// When the database cannot be written, and when a count is negative.
    pub async fn start_run(&self, run: &NewRun) -> Result<i64> {
        let names = NewRun::NAMES;
        let sql = format!(
            "INSERT INTO runs (status, started_at, heartbeat_at, family, {}) VALUES ($1, $2, $2, $3, {}) RETURNING id",
            names.join(", "),
            placeholders(4, names.len()),
        );
        let query =
            RunStatus::Running.bind(sqlx::query(AssertSqlSafe(sql))).bind(now()).bind(family(&run.config));
        let row = run.bind(query).fetch_one(&self.pool).await.map_err(|error| {
            match sqlite::broken_rule(&error) {
                Some(reason) => Error::Refused { record: format!("a run of {}", run.label), reason },
                None => self.failed(error),
            }
        })?;
        row.try_get("id").map_err(|error| self.failed(error))
    }

    /// Records metrics of steps; a step recorded again takes the newer value. Hand over many at once:
    /// each call is one transaction.
    ///
    /// # Errors
    /// When the run does not exist and when the database cannot be written.
    pub async fn record_steps(&self, run: i64, metrics: &[StepMetric]) -> Result<()> {
        let again =
            "ON CONFLICT (run_id, step, metric) DO UPDATE SET epoch = excluded.epoch, value = excluded.value";
        self.record(run, "step_metrics", metrics, again).await
    }

    /// Records metrics of an epoch; one recorded again takes the newer value.
    ///
    /// # Errors
    /// When the run does not exist and when the database cannot be written.
    pub async fn record_epoch(&self, run: i64, metrics: &[EpochMetric]) -> Result<()> {
        let again = "ON CONFLICT (run_id, epoch, metric) DO UPDATE SET value = excluded.value";
        self.record(run, "epoch_metrics", metrics, again).await
    }

    /// Records predictions of validation images, those of the best epoch so far; an image recorded again
    /// takes the newer prediction.
    ///
    /// # Errors
    /// When the run does not exist and when the database cannot be written.
    pub async fn record_validation(&self, run: i64, predictions: &[PredictionRow]) -> Result<()> {
        let again = "ON CONFLICT (run_id, image) DO UPDATE SET patient = excluded.patient,
            label = excluded.label, probability = excluded.probability";
        self.record(run, "validation_predictions", predictions, again).await
    }

    async fn record<R: Columns>(&self, run: i64, table: &str, rows: &[R], again: &str) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let refused = |error| self.refused(error, run, table);
        let mut transaction = sqlite::begin_write(&self.pool).await.map_err(refused)?;
        insert(&mut transaction, table, "run_id", run, rows, again).await.map_err(refused)?;
        transaction.commit().await.map_err(refused)
    }

    /// Notes that the run is alive.
    ///
    /// # Errors
    /// When the run does not exist and when the database cannot be written.
    pub async fn heartbeat(&self, run: i64) -> Result<()> {
        let done = sqlx::query("UPDATE runs SET heartbeat_at = $1 WHERE id = $2")
            .bind(now())
            .bind(run)
            .execute(&self.pool)
            .await
            .map_err(|error| self.failed(error))?;
        if done.rows_affected() == 0 { Err(Error::UnknownRun { run }) } else { Ok(()) }
    }

    /// Ends a run with its result, test predictions and artifacts: all of them or, on an error, none.
    /// A run that was taken for interrupted may still end well.
    ///
    /// # Errors
    /// When the run does not exist or already ended, when a record breaks a rule, and when the database
    /// cannot be written.
    pub async fn finish_run(
        &self,
        run: i64,
        result: &RunResult,
        predictions: &[PredictionRow],
        artifacts: &[ArtifactRow],
    ) -> Result<()> {
        let refused = |error| self.refused(error, run, "its end");
        let mut transaction = sqlite::begin_write(&self.pool).await.map_err(refused)?;
        let assignments: Vec<String> =
            RunResult::NAMES.iter().zip(4..).map(|(name, index)| format!("{name} = ${index}")).collect();
        let sql = format!(
            "UPDATE runs SET status = $1, ended_at = $2, heartbeat_at = $2, {}
             WHERE id = $3 AND status IN ('running', 'interrupted')",
            assignments.join(", "),
        );
        let query = RunStatus::Finished.bind(sqlx::query(AssertSqlSafe(sql))).bind(now()).bind(run);
        let done = result.bind(query).execute(&mut *transaction).await.map_err(refused)?;
        if done.rows_affected() == 0 {
            return Err(self.not_running(&mut transaction, run).await);
        }
        insert(&mut transaction, "predictions", "run_id", run, predictions, "").await.map_err(refused)?;
        insert(&mut transaction, "artifacts", "run_id", run, artifacts, "").await.map_err(refused)?;
        transaction.commit().await.map_err(refused)
    }

    /// Ends a run with the reason why it failed, in one line.
    ///
    /// # Errors
    /// When the run does not exist or already ended, and when the database cannot be written.
    pub async fn fail_run(&self, run: i64, reason: &str) -> Result<()> {
        let failed = |error| self.failed(error);
        let mut transaction = sqlite::begin_write(&self.pool).await.map_err(failed)?;
        let done = sqlx::query(
            "UPDATE runs SET status = 'failed', failure = $1, ended_at = $2, heartbeat_at = $2
             WHERE id = $3 AND status IN ('running', 'interrupted')",
        )
        .bind(reason)
        .bind(now())
        .bind(run)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if done.rows_affected() == 0 {
            return Err(self.not_running(&mut transaction, run).await);
        }
        transaction.commit().await.map_err(failed)
    }

    /// Why a run could not be ended.
    async fn not_running(&self, connection: &mut Connection, run: i64) -> Error {
        let row =
            sqlx::query("SELECT status FROM runs WHERE id = $1").bind(run).fetch_optional(connection).await;
        match row.and_then(|row| row.map(|row| RunStatus::read(&row, "status")).transpose()) {
            Ok(Some(status)) => Error::Ended { run, status },
            Ok(None) => Error::UnknownRun { run },
            Err(error) => self.failed(error),
        }
    }

    /// Marks this host's running runs whose process is gone as interrupted and returns their ids.
    /// `is_alive` answers for a process id.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn mark_interrupted(&self, host: &str, is_alive: &dyn Fn(i64) -> bool) -> Result<Vec<i64>> {
        let failed = |error| self.failed(error);
        let mut transaction = sqlite::begin_write(&self.pool).await.map_err(failed)?;
        let running: Vec<(i64, i64)> =
            sqlx::query_as("SELECT id, process FROM runs WHERE status = 'running' AND host = $1 ORDER BY id")
                .bind(host)
                .fetch_all(&mut *transaction)
                .await
                .map_err(failed)?;
        let gone: Vec<i64> =
            running.into_iter().filter(|(_, process)| !is_alive(*process)).map(|(run, _)| run).collect();
        for run in &gone {
            sqlx::query("UPDATE runs SET status = 'interrupted', ended_at = $1 WHERE id = $2")
                .bind(now())
                .bind(run)
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(gone)
    }

    /// Deletes a run with its metrics, predictions and artifact rows. Files stay where they are.
    ///
    /// # Errors
    /// When the run does not exist and when the database cannot be written.
    pub async fn delete_run(&self, run: i64) -> Result<()> {
        let done = sqlx::query("DELETE FROM runs WHERE id = $1")
            .bind(run)
            .execute(&self.pool)
            .await
            .map_err(|error| self.failed(error))?;
        if done.rows_affected() == 0 { Err(Error::UnknownRun { run }) } else { Ok(()) }
    }
}

/// Inserts rows below a parent, many per statement. `again` says what to do about a row that exists.
async fn insert<R: Columns>(
    connection: &mut Connection,
    table: &str,
    parent_column: &str,
    parent: i64,
    rows: &[R],
    again: &str,
) -> sqlx::Result<()> {
    let width = R::NAMES.len();
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        let tuples: Vec<String> =
            (0..chunk.len()).map(|row| format!("($1, {})", placeholders(2 + row * width, width))).collect();
        let sql = format!(
            "INSERT INTO {table} ({parent_column}, {}) VALUES {} {again}",
            R::NAMES.join(", "),
            tuples.join(", "),
        );
        // Only full chunks come again with the same text; others would push them out of the cache.
        let query =
            sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == ROWS_PER_STATEMENT).bind(parent);
        chunk.iter().fold(query, |query, row| row.bind(query)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The present moment as RFC 3339 in UTC with a fixed width, so that text order is time order.
fn now() -> String {
    format!("{:.6}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_utc_with_microseconds() {
        let now = super::now();
        assert_eq!(now.len(), "2026-01-01T00:00:00.000000Z".len(), "{now}");
        assert!(now.ends_with('Z'));
    }
}

//! The end of a run: with its result, with an error, or with a loss that is no number.

use crate::backend::Parameter;
use crate::columns::{Column as _, Columns as _};
use crate::error::Result;
use crate::record::{ArtifactRow, PredictionRow, RunResult, RunStatus};
use crate::store::Store;
use crate::write::insert;

/// The predictions and files that a run leaves at its end.
#[derive(Clone, Copy, Default)]
struct Left<'a> {
    predictions: &'a [PredictionRow],
    artifacts: &'a [ArtifactRow],
}

impl Store {
    /// Ends a run with its result, test predictions and artifacts: all of them or, on an error, none.
    /// A run that was taken for interrupted may still end well.
    ///
    /// # Errors
    /// When the run does not exist, already ended or was taken over, when a record breaks a rule, and when
    /// the database cannot be written.
    pub async fn finish_run(
        &self,
        run: i64,
        result: &RunResult,
        predictions: &[PredictionRow],
        artifacts: &[ArtifactRow],
    ) -> Result<()> {
        let left = Left { predictions, artifacts };
        self.end(run, RunStatus::Finished, RunResult::NAMES, result.parameters(), left).await
    }

    /// Ends a run with the reason why it failed, in one line.
    ///
    /// # Errors
    /// When the run does not exist, already ended or was taken over, and when the database cannot be
    /// written.
    pub async fn fail_run(&self, run: i64, reason: &str) -> Result<()> {
        self.end(run, RunStatus::Failed, &["failure"], vec![reason.into()], Left::default()).await
    }

    /// Ends a run whose loss was no finite number any more, with the epoch and step where that happened, the
    /// reason in one line and the files that it left: all of it or, on an error, nothing.
    ///
    /// # Errors
    /// When the run does not exist, already ended or was taken over, and when the database cannot be
    /// written.
    pub async fn diverge_run(
        &self,
        run: i64,
        [epoch, step]: [i64; 2],
        reason: &str,
        artifacts: &[ArtifactRow],
    ) -> Result<()> {
        let columns = ["failure", "diverged_epoch", "diverged_step"];
        let left = Left { artifacts, ..Left::default() };
        let values = vec![reason.into(), epoch.into(), step.into()];
        self.end(run, RunStatus::Diverged, &columns, values, left).await
    }

    /// Ends a run whose weights come from elsewhere, with their hash and file.
    ///
    /// # Errors
    /// When the run does not exist, already ended or was taken over, and when the database cannot be
    /// written.
    pub async fn complete_import(&self, run: i64, model_hash: &str, artifacts: &[ArtifactRow]) -> Result<()> {
        let left = Left { artifacts, ..Left::default() };
        self.end(run, RunStatus::Imported, &["model_hash"], vec![model_hash.into()], left).await
    }

    /// Ends a run with these values of these columns, on the disk when it returns.
    async fn end(
        &self,
        run: i64,
        status: RunStatus,
        columns: &[&str],
        values: Vec<Parameter>,
        left: Left<'_>,
    ) -> Result<()> {
        let values = &values;
        self.repeating(move || async move {
            let refused = |failure| self.refused(failure, run, "its end");
            let mut transaction = self.begin_run(&self.durable, run).await?;
            let columns = [&["status", "ended_at", "heartbeat_at"], columns].concat();
            let now = transaction.clock().now();
            let values = [vec![status.parameter(), (&now).into(), (&now).into()], values.clone()].concat();
            self.change_own(&mut transaction, run, "its end", &columns, values).await?;
            insert(&mut transaction, "predictions", "run_id", run, left.predictions, "")
                .await
                .map_err(refused)?;
            insert(&mut transaction, "artifacts", "run_id", run, left.artifacts, "")
                .await
                .map_err(refused)?;
            transaction.commit().await.map_err(refused)?;
            // The result counts only where the next command looks for it.
            self.check_files().await
        })
        .await
    }
}

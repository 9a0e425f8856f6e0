//! Configuration hashes of earlier definitions, and the change of their runs and trials to the present one.

use std::collections::HashSet;

use crate::backend::{Statement, placeholders};
use crate::columns::read_run;
use crate::error::Result;
use crate::record::{PlannedTrial, RunRow, SweepRow};
use crate::store::Store;

/// The definition of the configuration hash that new runs follow.
pub const IDENTITY_VERSION: i64 = 2;

/// A run with its hashes by the present definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CarriedOver {
    /// Primary key.
    pub run: i64,
    /// The configuration hash that it had. Trials of this hash follow it.
    pub from: String,
    /// The configuration hash that it has now.
    pub config_hash: String,
    /// See [`crate::NewRun::family`].
    pub family: String,
    /// Hash over the images used.
    pub image_set_hash: String,
    /// Hash over which image is in which part of the split.
    pub split_hash: String,
    /// Names of images, before and now, where they changed.
    pub renamed: Vec<(String, String)>,
}

impl Store {
    /// Whether there are runs whose configuration hash follows an earlier definition.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn has_outdated_runs(&self) -> Result<bool> {
        let sql = "SELECT id FROM runs WHERE identity_version < $1 LIMIT 1";
        let found = Statement::new(sql).bind(IDENTITY_VERSION).optional(&self.pool).await;
        Ok(found.map_err(|failure| self.failed(failure))?.is_some())
    }

    /// Runs whose configuration hash follows an earlier definition, finished ones first, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn outdated_runs(&self) -> Result<Vec<RunRow>> {
        let sql = "SELECT * FROM runs WHERE identity_version < $1
            ORDER BY CASE status WHEN 'finished' THEN 0 ELSE 1 END, id DESC";
        let rows = Statement::new(sql).bind(IDENTITY_VERSION).all(&self.pool).await;
        rows.and_then(|rows| rows.iter().map(read_run).collect()).map_err(|failure| self.failed(failure))
    }

    /// Runs on images of one of these hashes that do not train at the moment, finished ones first, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn runs_on_images(&self, hashes: &[String]) -> Result<Vec<RunRow>> {
        if hashes.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT * FROM runs WHERE image_set_hash IN ({}) AND status <> 'running'
             ORDER BY CASE status WHEN 'finished' THEN 0 ELSE 1 END, id DESC",
            placeholders(1, hashes.len())
        );
        let statement = Statement::new(sql).bind_all(hashes.iter().map(Into::into));
        let rows = statement.all(&self.pool).await;
        rows.and_then(|rows| rows.iter().map(read_run).collect()).map_err(|failure| self.failed(failure))
    }

    /// Gives runs, and the trials that they fulfil, their hashes by the present definition: all of them or, on an
    /// error, none.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn carry_over(&self, runs: &[CarriedOver]) -> Result<()> {
        self.repeating(move || async move {
            let failed = |failure| self.failed(failure);
            let mut transaction = self.begin(&self.pool).await?;
            for run in runs {
                Statement::new(
                    "UPDATE runs SET config_hash = $2, family = $3, image_set_hash = $4, split_hash = $5,
                    identity_version = $6
                 WHERE id = $1",
                )
                .bind(run.run)
                .bind(&run.config_hash)
                .bind(&run.family)
                .bind(&run.image_set_hash)
                .bind(&run.split_hash)
                .bind(IDENTITY_VERSION)
                .execute(&mut transaction)
                .await
                .map_err(failed)?;
                Statement::new("UPDATE trials SET config_hash = $2 WHERE config_hash = $1")
                    .bind(&run.from)
                    .bind(&run.config_hash)
                    .execute(&mut transaction)
                    .await
                    .map_err(failed)?;
                for (before, now) in &run.renamed {
                    for table in ["predictions", "validation_predictions"] {
                        let sql = format!("UPDATE {table} SET image = $3 WHERE run_id = $1 AND image = $2");
                        Statement::new(sql)
                            .bind(run.run)
                            .bind(before)
                            .bind(now)
                            .execute(&mut transaction)
                            .await
                            .map_err(failed)?;
                    }
                }
            }
            transaction.commit().await.map_err(failed)
        })
        .await
    }

    /// The newest run of a configuration, whatever its status.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn newest_run(&self, config_hash: &str) -> Result<Option<RunRow>> {
        let row = Statement::new("SELECT * FROM runs WHERE config_hash = $1 ORDER BY id DESC LIMIT 1")
            .bind(config_hash)
            .optional(&self.pool)
            .await
            .map_err(|failure| self.failed(failure))?;
        row.as_ref().map(read_run).transpose().map_err(|failure| self.failed(failure))
    }

    /// Sweeps whose trials have these configuration hashes in this order, repeated ones left out, each with its trials;
    /// the one requested last first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sweeps_of(&self, config_hashes: &[String]) -> Result<Vec<(SweepRow, Vec<PlannedTrial>)>> {
        let Some(first) = config_hashes.first() else { return Ok(Vec::new()) };
        let ids: Vec<i64> = Statement::new(
            "SELECT s.id FROM sweeps s JOIN trials t ON t.sweep_id = s.id
             WHERE t.position = 0 AND t.config_hash = $1 ORDER BY s.request DESC",
        )
        .bind(first)
        .values(&self.pool)
        .await
        .map_err(|failure| self.failed(failure))?;
        let mut sweeps = Vec::new();
        for id in ids {
            let mut seen = HashSet::new();
            let mut trials = self.trials(id).await?;
            trials.retain(|trial| seen.insert(trial.config_hash.clone()));
            if trials.iter().map(|trial| &trial.config_hash).eq(config_hashes) {
                sweeps.push((self.sweep(id).await?, trials));
            }
        }
        Ok(sweeps)
    }
}

//! Reading the predictions of many runs at once: in parallel, with one copy of each name.

use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

use crate::backend::{self, Outcome, Row, Statement};
use crate::columns::Column as _;
use crate::error::{Error, Result};
use crate::record::PredictionRow;
use crate::shared_names::SharedNames;
use crate::store::Store;

const PREDICTIONS: &str =
    "SELECT image, patient, label, probability FROM predictions WHERE run_id = $1 ORDER BY image";
const VALIDATION_PREDICTIONS: &str =
    "SELECT image, patient, label, probability FROM validation_predictions WHERE run_id = $1 ORDER BY image";

impl Store {
    /// A run's test predictions, by image.
    ///
    /// # Errors
    /// When there is no such run and when the database cannot be read.
    pub async fn predictions(&self, run: i64) -> Result<Vec<PredictionRow>> {
        self.read_one(PREDICTIONS, run, &SharedNames::default()).await
    }

    /// The test predictions of these runs, in their order, each by image. In a file, two threads
    /// read at the same time; runs on the same images share their names: 48 bytes per prediction.
    ///
    /// # Errors
    /// When one of the runs does not exist and when the database cannot be read.
    pub async fn predictions_of(&self, runs: &[i64]) -> Result<Vec<Vec<PredictionRow>>> {
        self.read_all(PREDICTIONS, runs).await
    }

    /// Predictions of a run's validation images in the epoch whose weights were kept, by image; none of runs
    /// that an earlier version trained.
    ///
    /// # Errors
    /// When there is no such run and when the database cannot be read.
    pub async fn validation_predictions(&self, run: i64) -> Result<Vec<PredictionRow>> {
        self.read_one(VALIDATION_PREDICTIONS, run, &SharedNames::default()).await
    }

    /// Predictions of these runs' validation images, in the order of the runs, each run's by image. Runs on the same
    /// images share their names.
    ///
    /// # Errors
    /// When one of the runs does not exist and when the database cannot be read.
    pub async fn validation_predictions_of(&self, runs: &[i64]) -> Result<Vec<Vec<PredictionRow>>> {
        self.read_all(VALIDATION_PREDICTIONS, runs).await
    }

    async fn read_all(&self, sql: &'static str, runs: &[i64]) -> Result<Vec<Vec<PredictionRow>>> {
        let names = SharedNames::default();
        if let Some(all) = self.read_in_two_threads(sql, runs, &names) {
            let all = all?;
            for (run, rows) in runs.iter().zip(&all) {
                self.check_known(*run, rows).await?;
            }
            return Ok(all);
        }
        let mut all = Vec::with_capacity(runs.len());
        for run in runs {
            all.push(self.read_one(sql, *run, &names).await?);
        }
        Ok(all)
    }

    /// `None` where the database is read on the pool's connections.
    fn read_in_two_threads(
        &self,
        sql: &str,
        runs: &[i64],
        names: &SharedNames,
    ) -> Option<Result<Vec<Vec<PredictionRow>>>> {
        let read = |runs| backend::predictions(self.location(), sql, runs, names);
        let (one, other) = runs.split_at(runs.len().div_ceil(2));
        let (one, other) = thread::scope(|scope| {
            let other = scope.spawn(|| read(other));
            (read(one), joined(other))
        });
        let (one, other) = (one?, other?);
        Some(one.and_then(|mut all| {
            all.append(&mut other?);
            Ok(all)
        }))
    }

    async fn read_one(&self, sql: &'static str, run: i64, names: &SharedNames) -> Result<Vec<PredictionRow>> {
        let read = Statement::new(sql).bind(run).all(&self.pool).await;
        let rows = read.and_then(|rows| rows.iter().map(|row| prediction(row, names)).collect());
        let rows: Vec<PredictionRow> = rows.map_err(|failure| self.failed(failure))?;
        self.check_known(run, &rows).await?;
        Ok(rows)
    }

    /// Nothing recorded is an answer, no such run is an error.
    async fn check_known(&self, run: i64, rows: &[PredictionRow]) -> Result<()> {
        if rows.is_empty() && !self.exists(run).await? { Err(Error::UnknownRun { run }) } else { Ok(()) }
    }
}

/// What a thread found. It ends by itself, so that a panic goes on here.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// A prediction of a row with image, patient, label and probability.
pub(crate) fn prediction(row: &Row, names: &SharedNames) -> Outcome<PredictionRow> {
    Ok(PredictionRow {
        image: names.shared(row.get(0)?, None),
        patient: names.shared(row.get(1)?, None),
        label: row.get(2)?,
        probability: f64::read(row, "probability")?,
    })
}

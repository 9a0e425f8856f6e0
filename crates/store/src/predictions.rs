//! Reading the predictions of many runs at once: in parallel, with one copy of each name.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::backend::{Outcome, Row, Statement};
use crate::columns::Column as _;
use crate::error::{Error, Result};
use crate::record::PredictionRow;
use crate::store::Store;

const PREDICTIONS: &str =
    "SELECT image, patient, label, probability FROM predictions WHERE run_id = $1 ORDER BY image";
const VALIDATION_PREDICTIONS: &str =
    "SELECT image, patient, label, probability FROM validation_predictions WHERE run_id = $1 ORDER BY image";

/// Names that were seen, each kept once.
pub(crate) type Names = Mutex<HashSet<Arc<str>>>;

impl Store {
    /// A run's test predictions, by image.
    ///
    /// # Errors
    /// When there is no such run and when the database cannot be read.
    pub async fn predictions(&self, run: i64) -> Result<Vec<PredictionRow>> {
        self.read_predictions(PREDICTIONS, run, &[], &Names::default()).await
    }

    /// The test predictions of these runs, in their order, each by image. Two connections read at the
    /// same time, and runs on the same images share their names: 48 bytes per prediction.
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
        self.read_predictions(VALIDATION_PREDICTIONS, run, &[], &Names::default()).await
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
        let names = Names::default();
        let (one, other) = runs.split_at(runs.len().div_ceil(2));
        let (one, other) =
            tokio::join!(self.read_several(sql, one, &names), self.read_several(sql, other, &names));
        let mut all = one?;
        all.append(&mut other?);
        Ok(all)
    }

    async fn read_several(
        &self,
        sql: &'static str,
        runs: &[i64],
        names: &Names,
    ) -> Result<Vec<Vec<PredictionRow>>> {
        let mut all: Vec<Vec<PredictionRow>> = Vec::with_capacity(runs.len());
        for run in runs {
            let alike = all.last().map_or(&[][..], Vec::as_slice);
            let rows = self.read_predictions(sql, *run, alike, names).await?;
            all.push(rows);
        }
        Ok(all)
    }

    /// `alike` are the predictions of a run that may have tested the same images.
    async fn read_predictions(
        &self,
        sql: &'static str,
        run: i64,
        alike: &[PredictionRow],
        names: &Names,
    ) -> Result<Vec<PredictionRow>> {
        let rows = Statement::new(sql).bind(run).all(&self.pool).await;
        let rows = rows.map_err(|failure| self.failed(failure))?;
        // Nothing recorded is an answer, no such run is an error.
        if rows.is_empty() && !self.exists(run).await? {
            return Err(Error::UnknownRun { run });
        }
        let read = rows.iter().enumerate().map(|(index, row)| prediction(row, alike.get(index), names));
        read.collect::<Outcome<_>>().map_err(|failure| self.failed(failure))
    }
}

/// A prediction; `alike` is one that may be of the same image.
pub(crate) fn prediction(row: &Row, alike: Option<&PredictionRow>, names: &Names) -> Outcome<PredictionRow> {
    Ok(PredictionRow {
        image: shared(row.get(0)?, alike.map(|alike| &alike.image), names),
        patient: shared(row.get(1)?, alike.map(|alike| &alike.patient), names),
        label: row.get(2)?,
        probability: f64::read(row, "probability")?,
    })
}

/// The one copy of a name; `guess` is where it most likely is.
fn shared(name: &str, guess: Option<&Arc<str>>, names: &Names) -> Arc<str> {
    if let Some(guess) = guess.filter(|guess| ***guess == *name) {
        return Arc::clone(guess);
    }
    // A set that another thread left in the middle of an insertion still holds names only.
    let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Arc::clone(known);
    }
    let name = Arc::from(name);
    names.insert(Arc::clone(&name));
    name
}

//! Transactions that write, each begun only after a look at the database's files.

use std::time::Duration;

use crate::backend::{self, Pool, Transaction};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::waiting::Wait;

/// The time between two attempts to write.
const PAUSE: Duration = Duration::from_millis(100);

impl Store {
    /// Gives runs that start from now on numbers above `number`: the folder of that number is taken.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn start_runs_above(&self, number: i64) -> Result<()> {
        self.repeating(move || async move {
            let failed = |failure| self.failed(failure);
            let mut transaction = self.begin(&self.pool).await?;
            backend::start_above(&mut transaction, "runs", number).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)
        })
        .await
    }

    /// Begins to write: no other process writes until the transaction ends.
    ///
    /// # Errors
    /// When the file at the database's path is not the one that is open, or was overwritten, when another
    /// process keeps it locked, and when it cannot be written.
    pub(crate) async fn begin(&self, pool: &Pool) -> Result<Transaction> {
        self.begin_of(pool, None).await
    }

    /// Begins to write records of one run: no other process writes that run, or looks at several runs to write, until
    /// the transaction ends. A SQLite file has one writer in any case.
    ///
    /// # Errors
    /// Those of [`Store::begin`].
    pub(crate) async fn begin_run(&self, pool: &Pool, run: i64) -> Result<Transaction> {
        self.begin_of(pool, Some(run)).await
    }

    async fn begin_of(&self, pool: &Pool, run: Option<i64>) -> Result<Transaction> {
        let failed = |failure| self.failed(failure);
        let begin = || backend::begin_write(pool, self.location(), self.longest, run, failed);
        let Some(watched) = &self.watched else { return begin().await };
        self.check_lost(watched.standing.look().await.map_err(failed)?).await?;
        let mut transaction = begin().await?;
        match watched.standing.look_within(&mut transaction).await.map_err(failed)? {
            None => Ok(transaction),
            loss => {
                transaction.rollback().await.map_err(failed)?;
                self.check_lost(loss).await?;
                begin().await
            }
        }
    }

    /// Writes, and writes again where the server went away, gave the transaction up or met a lock before its commit:
    /// nothing of it was recorded then. A commit whose answer was lost is looked up by the transaction itself.
    ///
    /// # Errors
    /// Those of the write, for at most as long as a write waits.
    pub(crate) async fn repeating<T, W: Future<Output = Result<T>>>(
        &self,
        write: impl Fn() -> W,
    ) -> Result<T> {
        let mut wait = Wait::new(self.location(), self.longest, |_| None);
        loop {
            let error = match write().await {
                Err(error) if error.passes() => error,
                outcome => return outcome,
            };
            let goes_on = match &error {
                Error::Locked { .. } => {
                    wait.see(backend::lock_holder(&self.pool).await);
                    wait.goes_on()
                }
                Error::Away { .. } => wait.goes_on_without_server(),
                _ => wait.lasts(),
            };
            if !goes_on {
                return Err(wait.ended(error));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

//! Transactions that write, each begun only after a look at the database's files.

use crate::backend::{self, Pool, Transaction};
use crate::error::Result;
use crate::store::Store;

impl Store {
    /// Gives runs that start from now on numbers above `number`: the folder of that number is taken.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn start_runs_above(&self, number: i64) -> Result<()> {
        let failed = |failure| self.failed(failure);
        let mut transaction = self.begin(&self.pool).await?;
        backend::start_runs_above(&mut transaction, number).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    /// Begins to write: no other process writes until the transaction ends.
    ///
    /// # Errors
    /// When the file at the database's path is not the one that is open, or was overwritten, when another
    /// process keeps it locked, and when it cannot be written.
    pub(crate) async fn begin(&self, pool: &Pool) -> Result<Transaction> {
        let failed = |failure| self.failed(failure);
        let begin = || backend::begin_write(pool, self.location(), self.longest, failed);
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
}

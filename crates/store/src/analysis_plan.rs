//! Analysis plans of sweeps, their changes, and the reports that were written of a sweep.

use crate::backend::{Outcome, Statement, Transaction, placeholders};
use crate::columns::Columns as _;
use crate::error::Result;
use crate::record::{FinishedRun, LookRow, NewLook, PlanChangeRow, RecordedPlan};
use crate::store::Store;

impl Store {
    /// The changes of a sweep's plan since it was registered, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn plan_changes(&self, sweep: i64) -> Result<Vec<PlanChangeRow>> {
        let names = PlanChangeRow::NAMES.join(", ");
        let sql = format!("SELECT {names} FROM plan_changes WHERE sweep_id = $1 ORDER BY id");
        self.rows(Statement::new(sql).bind(sweep)).await
    }

    /// The reports of a sweep, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn looks(&self, sweep: i64) -> Result<Vec<LookRow>> {
        let names = LookRow::NAMES.join(", ");
        let sql = format!("SELECT {names} FROM looks WHERE sweep_id = $1 ORDER BY id");
        self.rows(Statement::new(sql).bind(sweep)).await
    }

    /// Records a report of a sweep.
    ///
    /// # Errors
    /// When there is no such sweep and when the database cannot be written.
    pub async fn record_look(&self, sweep: i64, look: &NewLook) -> Result<()> {
        self.repeating(move || async move {
            self.sweep(sweep).await?;
            let failed = |failure| self.failed(failure);
            let mut transaction = self.begin(&self.pool).await?;
            let names = NewLook::NAMES;
            let sql = format!(
                "INSERT INTO looks (sweep_id, looked_at, {}) VALUES ($1, $2, {})",
                names.join(", "),
                placeholders(3, names.len())
            );
            let statement =
                Statement::new(sql).bind(sweep).bind(transaction.clock().now()).bind_all(look.parameters());
            statement.execute(&mut transaction).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)
        })
        .await
    }

    /// The newest finished run of each configuration, by id: what a report of the whole database would show.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn finished_runs(&self) -> Result<Vec<FinishedRun>> {
        let sql = format!("SELECT {} FROM finished_runs ORDER BY id", FinishedRun::NAMES.join(", "));
        self.rows(Statement::new(sql)).await
    }
}

/// Compares the plan of a request with that of the request before, and records a change.
pub(crate) async fn record_change(
    connection: &mut Transaction,
    sweep: i64,
    plan: &RecordedPlan,
) -> Outcome<Option<PlanChangeRow>> {
    let sql = "SELECT new_plan, new_plan_hash FROM plan_changes WHERE sweep_id = $1 ORDER BY id DESC LIMIT 1";
    let changed = Statement::new(sql).bind(sweep).optional(&mut *connection).await?;
    let latest = match changed {
        Some(row) => row,
        None => {
            let sql = "SELECT analysis_plan, analysis_plan_hash FROM sweeps WHERE id = $1";
            Statement::new(sql).bind(sweep).one(&mut *connection).await?
        }
    };
    let (old_plan, old_plan_hash): (Option<String>, Option<String>) = (latest.get(0)?, latest.get(1)?);
    if old_plan_hash.as_ref() == Some(&plan.hash) {
        return Ok(None);
    }
    let change = PlanChangeRow {
        changed_at: connection.clock().now(),
        old_plan,
        old_plan_hash,
        new_plan: plan.plan.clone(),
        new_plan_hash: plan.hash.clone(),
    };
    let names = PlanChangeRow::NAMES;
    let sql = format!(
        "INSERT INTO plan_changes (sweep_id, {}) VALUES ($1, {})",
        names.join(", "),
        placeholders(2, names.len())
    );
    Statement::new(sql).bind(sweep).bind_all(change.parameters()).execute(connection).await?;
    Ok(Some(change))
}

//! Evaluations of finished runs on images that they were not tested on.

use crate::backend::{Outcome, Row, Statement, placeholders};
use crate::columns::Columns as _;
use crate::error::Result;
use crate::evaluation_record::{EvaluationRow, NewEvaluation};
use crate::record::PredictionRow;
use crate::shared_names::SharedNames;
use crate::store::Store;
use crate::write::insert;

const PREDICTIONS: &str = "SELECT image, patient, label, probability FROM evaluation_predictions
    WHERE evaluation_id = $1 ORDER BY image";

impl Store {
    /// Records an evaluation of a run with its predictions; one of the same run, images and groups is replaced.
    ///
    /// # Errors
    /// When the run does not exist and when the database cannot be written.
    pub async fn record_evaluation(
        &self,
        run: i64,
        evaluation: &NewEvaluation,
        predictions: &[PredictionRow],
    ) -> Result<i64> {
        self.repeating(move || async move {
            let refused = |failure| self.refused(failure, run, "evaluations");
            let mut transaction = self.begin(&self.durable).await?;
            Statement::new(
                "DELETE FROM evaluations WHERE run_id = $1 AND image_set_hash = $2 AND group_rule = $3",
            )
            .bind(run)
            .bind(&evaluation.image_set_hash)
            .bind(&evaluation.group_rule)
            .execute(&mut transaction)
            .await
            .map_err(refused)?;
            let names = NewEvaluation::NAMES;
            let sql = format!(
                "INSERT INTO evaluations (run_id, evaluated_at, {}) VALUES ($1, $2, {}) RETURNING id",
                names.join(", "),
                placeholders(3, names.len())
            );
            let inserted = Statement::new(sql)
                .bind(run)
                .bind(transaction.clock().now())
                .bind_all(evaluation.parameters());
            let row = inserted.one(&mut transaction).await.map_err(refused)?;
            let id: i64 = row.get(0).map_err(refused)?;
            insert(&mut transaction, "evaluation_predictions", "evaluation_id", id, predictions, "")
                .await
                .map_err(refused)?;
            transaction.commit().await.map_err(refused)?;
            Ok(id)
        })
        .await
    }

    /// The evaluation of a run on these images with this rule for groups, if there is one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn evaluation(
        &self,
        run: i64,
        image_set_hash: &str,
        group_rule: &str,
    ) -> Result<Option<EvaluationRow>> {
        let evaluations = self.evaluations_of(&[run]).await?;
        Ok(evaluations.into_iter().find(|row| {
            row.evaluation.image_set_hash == image_set_hash && row.evaluation.group_rule == group_rule
        }))
    }

    /// The evaluations of these runs, by run and number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn evaluations_of(&self, runs: &[i64]) -> Result<Vec<EvaluationRow>> {
        let rows = Statement::new("SELECT * FROM evaluations ORDER BY run_id, id").all(&self.pool).await;
        let rows: Outcome<Vec<EvaluationRow>> =
            rows.and_then(|rows| rows.iter().map(read_evaluation).collect());
        let mut rows = rows.map_err(|failure| self.failed(failure))?;
        rows.retain(|row| runs.contains(&row.run));
        Ok(rows)
    }

    /// The predictions of an evaluation, by image.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn evaluation_predictions(&self, evaluation: i64) -> Result<Vec<PredictionRow>> {
        let rows = Statement::new(PREDICTIONS).bind(evaluation).all(&self.pool).await;
        let rows = rows.map_err(|failure| self.failed(failure))?;
        let names = SharedNames::default();
        let read = rows.iter().map(|row| crate::predictions::prediction(row, &names));
        read.collect::<Outcome<_>>().map_err(|failure| self.failed(failure))
    }
}

fn read_evaluation(row: &Row) -> Outcome<EvaluationRow> {
    Ok(EvaluationRow {
        id: row.get("id")?,
        run: row.get("run_id")?,
        evaluated_at: row.get("evaluated_at")?,
        evaluation: NewEvaluation::read(row)?,
    })
}

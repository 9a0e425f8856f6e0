//! How Rust values become columns and back: one list of fields per row type, used for writing and reading.

use std::sync::Arc;

use sqlx::Row as _;

use crate::record::{
    ArtifactRow, EpochMetric, NewRun, PlannedTrial, PredictionRow, RunResult, RunRow, RunStatus, StepMetric,
    SweepRow,
};
use crate::sqlite::{Query, Row};

/// A value of one column.
pub(crate) trait Column: Sized {
    /// Appends the value to a statement's parameters.
    fn bind<'q>(&self, query: Query<'q>) -> Query<'q>;
    /// Reads the value back by its column's name.
    fn read(row: &Row, name: &str) -> sqlx::Result<Self>;
}

macro_rules! plain_columns {
    ($($kind:ty),+) => {$(
        impl Column for $kind {
            fn bind<'q>(&self, query: Query<'q>) -> Query<'q> {
                query.bind(self.clone())
            }

            fn read(row: &Row, name: &str) -> sqlx::Result<Self> {
                row.try_get(name)
            }
        }
    )+};
}

plain_columns!(i64, bool, String, Option<i64>, Option<f64>, Option<bool>, Option<String>);

impl Column for Arc<str> {
    fn bind<'q>(&self, query: Query<'q>) -> Query<'q> {
        query.bind(self.to_string())
    }

    fn read(row: &Row, name: &str) -> sqlx::Result<Self> {
        row.try_get::<&str, _>(name).map(Self::from)
    }
}

/// SQLite has no NaN: it is stored as NULL and read back as NaN.
impl Column for f64 {
    fn bind<'q>(&self, query: Query<'q>) -> Query<'q> {
        query.bind((!self.is_nan()).then_some(*self))
    }

    fn read(row: &Row, name: &str) -> sqlx::Result<Self> {
        row.try_get::<Option<Self>, _>(name).map(|value| value.unwrap_or(Self::NAN))
    }
}

impl Column for RunStatus {
    fn bind<'q>(&self, query: Query<'q>) -> Query<'q> {
        query.bind(self.name())
    }

    fn read(row: &Row, name: &str) -> sqlx::Result<Self> {
        let text: String = row.try_get(name)?;
        [Self::Running, Self::Finished, Self::Failed, Self::Interrupted, Self::Diverged]
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or_else(|| sqlx::Error::Decode(format!("unknown run status {text}").into()))
    }
}

/// A struct whose fields are columns of the same names.
pub(crate) trait Columns: Sized {
    /// The columns in the order in which they are bound.
    const NAMES: &'static [&'static str];
    /// Appends all fields to a statement's parameters.
    fn bind<'q>(&self, query: Query<'q>) -> Query<'q>;
    /// Reads all fields from a row that holds at least these columns.
    fn read(row: &Row) -> sqlx::Result<Self>;
}

macro_rules! columns {
    ($kind:ty: $($field:ident)+) => {
        impl Columns for $kind {
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];

            fn bind<'q>(&self, query: Query<'q>) -> Query<'q> {
                $(let query = self.$field.bind(query);)+
                query
            }

            fn read(row: &Row) -> sqlx::Result<Self> {
                Ok(Self { $($field: Column::read(row, stringify!($field))?),+ })
            }
        }
    };
}

columns!(SweepRow: id name command plan_hash created_at trials finished);
columns!(PlannedTrial: position label config_hash config);
columns!(NewRun:
    config_hash config family label model layers rank ranks preset optimizer learning_rate epochs batch_size seed
    dataset synthetic images duplicate_images unreadable_images image_size resize image_set_hash
    contradicting_images skipped_files
    split fold split_seed split_hash train_images validation_images test_images
    train_patients test_patients shared_patients shared_test_images
    weights weights_hash device host process git_commit git_dirty version
    trainable_parameters frozen_parameters adapter_parameters select_by
);
columns!(RunResult:
    best_epoch model_hash feature_seconds train_seconds test_seconds images_per_second peak_memory_bytes
    test_loss test_accuracy sensitivity specificity precision f1 auc
    true_positives false_negatives false_positives true_negatives
);
columns!(StepMetric: epoch step metric value);
columns!(EpochMetric: epoch metric value);
columns!(PredictionRow: image patient label probability);
columns!(ArtifactRow: kind path sha256 bytes);

/// Reads a row of `SELECT * FROM runs`.
pub(crate) fn read_run(row: &Row) -> sqlx::Result<RunRow> {
    let status = RunStatus::read(row, "status")?;
    Ok(RunRow {
        id: row.try_get("id")?,
        status,
        failure: row.try_get("failure")?,
        started_at: row.try_get("started_at")?,
        ended_at: row.try_get("ended_at")?,
        start: NewRun::read(row)?,
        result: (status == RunStatus::Finished).then(|| RunResult::read(row)).transpose()?,
    })
}

/// `count` placeholders from `$first` on: `$2, $3, $4`.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    (first..first + count).map(|index| format!("${index}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_on() {
        assert_eq!(placeholders(3, 3), "$3, $4, $5");
        assert_eq!(placeholders(1, 0), "");
    }
}

//! How Rust values become columns and back: one list of fields per row type, used for writing and reading.

use std::sync::Arc;

use crate::backend::{Outcome, Parameter, Row, undecodable};
use crate::evaluation_record::NewEvaluation;
use crate::record::{
    ArtifactRow, EpochMetric, FinishedRun, LookRow, NewLook, NewRun, PlanChangeRow, PlannedTrial,
    PredictionRow, RunResult, RunRow, RunStatus, StepMetric, SweepRow,
};

/// A value of one column.
pub(crate) trait Column: Sized {
    /// The value as a statement's parameter.
    fn parameter(&self) -> Parameter;
    /// Reads the value back by its column's name.
    fn read(row: &Row, name: &str) -> Outcome<Self>;
}

macro_rules! plain_columns {
    ($($kind:ty),+) => {$(
        impl Column for $kind {
            fn parameter(&self) -> Parameter {
                self.clone().into()
            }

            fn read(row: &Row, name: &str) -> Outcome<Self> {
                row.get(name)
            }
        }
    )+};
}

plain_columns!(i64, bool, String, Option<i64>, Option<f64>, Option<bool>, Option<String>);

impl Column for Arc<str> {
    fn parameter(&self) -> Parameter {
        (**self).into()
    }

    fn read(row: &Row, name: &str) -> Outcome<Self> {
        row.get::<&str>(name).map(Self::from)
    }
}

/// A number that is none (NaN) is stored as NULL and read back as NaN: not every database has NaN.
impl Column for f64 {
    fn parameter(&self) -> Parameter {
        (!self.is_nan()).then_some(*self).into()
    }

    fn read(row: &Row, name: &str) -> Outcome<Self> {
        row.get::<Option<Self>>(name).map(|value| value.unwrap_or(Self::NAN))
    }
}

impl Column for RunStatus {
    fn parameter(&self) -> Parameter {
        self.name().into()
    }

    fn read(row: &Row, name: &str) -> Outcome<Self> {
        let text: String = row.get(name)?;
        text.parse().map_err(|_| undecodable(format!("unknown run status {text}")))
    }
}

/// A struct whose fields are columns of the same names.
pub(crate) trait Columns: Sized {
    /// The columns in the order of their values.
    const NAMES: &'static [&'static str];
    /// The values of all fields.
    fn parameters(&self) -> Vec<Parameter>;
    /// Reads all fields from a row that holds at least these columns.
    fn read(row: &Row) -> Outcome<Self>;
}

macro_rules! columns {
    ($kind:ty: $($field:ident)+) => {
        impl Columns for $kind {
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];

            fn parameters(&self) -> Vec<Parameter> {
                vec![$(self.$field.parameter()),+]
            }

            fn read(row: &Row) -> Outcome<Self> {
                Ok(Self { $($field: Column::read(row, stringify!($field))?),+ })
            }
        }
    };
}

columns!(SweepRow: id name command plan_hash created_at trials finished analysis_plan analysis_plan_hash);
columns!(PlanChangeRow: changed_at old_plan old_plan_hash new_plan new_plan_hash);
columns!(NewLook: finished trials runs options);
columns!(LookRow: looked_at finished trials runs options);
columns!(FinishedRun: id config_hash image_set_hash split_hash ended_at);
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
columns!(NewEvaluation:
    dataset positive negative group_rule synthetic images patients image_set_hash
    shared_images shared_patients audit_problem threshold threshold_images
    device version git_commit git_dirty
    loss accuracy sensitivity specificity precision f1 auc
    true_positives false_negatives false_positives true_negatives
);

/// Reads a row of `SELECT * FROM runs`.
pub(crate) fn read_run(row: &Row) -> Outcome<RunRow> {
    let status = RunStatus::read(row, "status")?;
    Ok(RunRow {
        id: row.get("id")?,
        status,
        failure: row.get("failure")?,
        started_at: row.get("started_at")?,
        ended_at: row.get("ended_at")?,
        start: NewRun::read(row)?,
        result: (status == RunStatus::Finished).then(|| RunResult::read(row)).transpose()?,
    })
}

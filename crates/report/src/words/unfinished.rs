//! Trials and runs without a result, with the reason.

use ranklab_store::RunStatus;

use crate::analysis::Analysis;
use crate::data::{Unfinished, UnfinishedRun};

use super::format::{NONE, moment};
use super::table::{Cell, Column, Table};

/// All of them; `None` when there are none.
pub(crate) fn table(analysis: &Analysis) -> Option<Table> {
    if analysis.unfinished.is_empty() {
        return None;
    }
    Some(Table {
        caption: "Trials without a result, with the reason.".to_owned(),
        columns: vec![
            Column::text("trial"),
            Column::number("run"),
            Column::text("status"),
            Column::text("reason"),
        ],
        rows: analysis.unfinished.iter().map(row).collect(),
    })
}

fn row(Unfinished { label, run }: &Unfinished) -> Vec<Cell> {
    match run {
        None => vec![label.as_str().into(), NONE.into(), "planned".into(), "has not started".into()],
        Some(run) => vec![
            label.as_str().into(),
            run.id.to_string().into(),
            run.status.name().into(),
            reason(run).into(),
        ],
    }
}

/// Why a run has no result, or since when it runs.
fn reason(run: &UnfinishedRun) -> String {
    match run.status {
        RunStatus::Running => format!("has been running since {}", moment(&run.started_at)),
        RunStatus::Interrupted => {
            let ended = run.ended_at.as_deref().map_or_else(|| "an unknown time".to_owned(), moment);
            format!("its process was gone by {ended}")
        }
        RunStatus::Imported => "was imported and has no test".to_owned(),
        RunStatus::Failed | RunStatus::Diverged | RunStatus::Finished => {
            run.failure.clone().unwrap_or_else(|| "left no reason".to_owned())
        }
    }
}

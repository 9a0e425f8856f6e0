//! Records a report as a look at the results of its sweep.

use ranklab_report::ReportData;
use ranklab_store::{Location, NewLook, Store};

use crate::{runtime::block_on, ui::output::log};

/// Records the report of a sweep. A database that cannot be written at once does not fail the report: a note says that
/// the look is not recorded.
pub(crate) fn record(database: &Location, data: &ReportData) {
    let (Some(sweep), Some(look)) = (&data.sweep, data.look()) else { return };
    if let Err(problem) = block_on(write(database, sweep.id, &look)) {
        log(format_args!("note: this report is not recorded as a look at sweep {}: {problem}", sweep.id));
    }
}

async fn write(database: &Location, sweep: i64, look: &NewLook) -> anyhow::Result<()> {
    let store = Store::open_if_free(database).await?;
    let recorded = store.record_look(sweep, look).await;
    store.close().await;
    Ok(recorded?)
}

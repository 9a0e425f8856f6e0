//! Words for groups and images, as the settings of the runs give them.

use ranklab_settings::Nouns;
use ranklab_store::RunRow;

/// The words of a run's settings.
pub(crate) fn of_run(run: &RunRow) -> Nouns {
    Nouns::of_configuration(&run.start.config)
}

/// The words of all runs' settings; plain words where runs differ in them.
pub(crate) fn of_runs<'a>(runs: impl IntoIterator<Item = &'a RunRow>) -> Nouns {
    Nouns::shared(runs.into_iter().map(of_run))
}

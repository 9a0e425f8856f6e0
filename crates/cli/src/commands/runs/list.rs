//! `ranklab runs`: lists all runs.

use std::path::Path;

use crate::{
    database::{show_presumed_interrupted, with_store},
    ui::query_result::{Format, print_query_with},
};

const LIST: &str = "SELECT id AS run, status, model, layers, ranks, preset, split, seed, dataset,
    test_accuracy AS accuracy, auc, (feature_seconds + train_seconds + test_seconds) / 60 AS minutes,
    substr(started_at, 1, 19) AS started, failure
    FROM runs ORDER BY id";

/// Prints all runs, the newest last.
pub(super) async fn list(database: &Path, json: bool) -> anyhow::Result<()> {
    let format = if json { Format::Json } else { Format::Table };
    with_store(database, async |store| {
        print_query_with(store, LIST, format, &|row| show_presumed_interrupted(store, row))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::two_runs, *};
    use crate::ui::query_result::print_query;

    #[tokio::test]
    async fn the_list_and_a_query_need_a_database() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("ranklab.db");
        let missing = list(&database, false).await.unwrap_err().to_string();
        assert!(missing.contains("run `ranklab sweep` first"), "{missing}");
        let (_folder, database) = two_runs().await;
        list(&database, true).await.unwrap();
        with_store(&database, async |store| print_query(store, "select count(*) from runs", Format::Csv))
            .await
            .unwrap();
    }
}

//! How Datasette shows tables and views: labels of rows, order and facets.

/// How one table or view is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Presentation {
    /// The column that names a row where other tables refer to it.
    pub(super) label: Option<&'static str>,
    /// The column by which the highest value comes first.
    pub(super) newest_first: Option<&'static str>,
    /// Columns whose values are counted beside the rows.
    pub(super) facets: &'static [&'static str],
}

/// How the table or view of this name is shown.
pub(super) fn presentation(name: &str) -> Presentation {
    let facets: &[&str] = match name {
        "runs" | "finished_runs" => &["status", "model", "layers", "ranks", "dataset", "split"],
        "runs_summary" => &["test_set_name", "model", "layers", "rank", "status"],
        "trials_with_runs" => &["sweep_name", "status", "model", "layers", "rank"],
        "trial_states" => &["sweep", "status"],
        "leaderboard" => &["test_set_name", "model", "layers", "rank"],
        "rank_comparison" | "layer_comparison" | "repeats" => &["model", "layers", "ranks", "preset"],
        "test_errors" => &["run", "actual"],
        "patient_errors" | "learning_curves" => &["run"],
        "predictions" | "validation_predictions" => &["run_id", "label"],
        "step_metrics" | "epoch_metrics" => &["run_id", "metric"],
        "artifacts" => &["kind"],
        _ => &[],
    };
    let (label, newest_first) = match name {
        "sweeps" => (Some("name"), Some("request")),
        "runs" => (Some("label"), Some("id")),
        "statuses" => (Some("status"), None),
        _ => (None, None),
    };
    Presentation { label, newest_first, facets }
}

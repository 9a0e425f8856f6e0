//! `ranklab report`: the latest sweep, or chosen runs, as a page and a Markdown file.

use std::path::Path;

use clap::Args;
use ranklab_report::{ReportData, Selection, load, write};
use ranklab_runs::DATABASE;
use ranklab_store::Store;
use serde_json::json;

use crate::{
    Folders, gallery,
    output::{print, tell},
    printable::{printable, printable_json},
};

/// Write the report of a sweep or of chosen runs: one HTML page and one Markdown file.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab report                 the latest sweep
  ranklab report --sweep 2
  ranklab report --runs 1,4,7    chosen runs side by side
  ranklab report --margin 0.5    equivalent within half a point of accuracy
  ranklab report --explain 7     Grad-CAM of run 7 over the cells that runs get wrong")]
pub(crate) struct ReportArgs {
    /// A sweep; the latest when absent.
    #[arg(long, conflicts_with = "runs")]
    pub(crate) sweep: Option<i64>,
    /// Chosen runs, separated by commas.
    #[arg(long, value_delimiter = ',')]
    pub(crate) runs: Vec<i64>,
    /// Points of accuracy within which configurations count as equivalent.
    #[arg(long, value_name = "POINTS", default_value = "1", value_parser = margin)]
    pub(crate) margin: f64,
    /// The run whose calls Grad-CAM explains; a run of the most accurate configuration when absent.
    #[arg(long, value_name = "RUN", conflicts_with = "no_pictures")]
    pub(crate) explain: Option<i64>,
    /// List the cells of the galleries without their pictures.
    #[arg(long)]
    pub(crate) no_pictures: bool,
    /// Print where it was written as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Points as a share.
fn margin(text: &str) -> Result<f64, String> {
    let points: f64 = text.parse().map_err(|_| "give points of accuracy, such as 1 or 0.5".to_owned())?;
    if points > 0.0 && points < 100.0 {
        Ok(points / 100.0)
    } else {
        Err("give points of accuracy above 0 and below 100, such as 1 or 0.5".to_owned())
    }
}

/// Rows and pictures.
async fn collect(
    store: &Store,
    selection: Selection,
    folders: &Folders,
    arguments: &ReportArgs,
) -> anyhow::Result<ReportData> {
    let mut data = load(store, selection).await?;
    data.options.margin = arguments.margin;
    if !arguments.no_pictures {
        data.pictures = gallery::pictures(&data, store, folders, arguments.explain).await?;
    }
    Ok(data)
}

/// Writes the report.
pub(crate) async fn report(folders: &Folders, arguments: &ReportArgs) -> anyhow::Result<()> {
    let selection = match (arguments.sweep, arguments.runs.as_slice()) {
        (Some(sweep), _) => Selection::Sweep(sweep),
        (None, []) => Selection::LatestSweep,
        (None, runs) => Selection::Runs(runs.to_vec()),
    };
    let store = crate::database::open(&folders.runs.join(DATABASE)).await?;
    let data = collect(&store, selection, folders, arguments).await;
    store.close().await;
    let data = data?;
    let written = write(&data, &folders.reports)?;
    for moved in &written.moved {
        let name = |path: &Path| printable(&path.to_string_lossy());
        tell(format_args!(
            "note: {} stood where the report belongs and is now {}",
            name(&moved.from),
            name(&moved.to)
        ));
    }
    if arguments.json {
        return print(&format!(
            "{}\n",
            printable_json(&json!({ "html": written.html, "markdown": written.markdown }).to_string())
        ));
    }
    print(&format!(
        "{}\n{}\nopen {}\n",
        written.html.display(),
        written.markdown.display(),
        written.latest_html.display()
    ))
}

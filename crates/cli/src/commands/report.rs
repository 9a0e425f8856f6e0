//! `ranklab report`: writes the report of a sweep or of chosen runs.

mod look;
mod pictures;

use std::path::Path;

use clap::Args;
use ranklab_report::{ReportData, Selection, load, write};
use ranklab_settings::Baseline;
use ranklab_store::Store;
use serde_json::json;

use crate::{
    database::with_store,
    folders::Folders,
    opener::open_page,
    runtime::block_on,
    ui::{
        output::{log, print},
        printable::{printable, printable_json},
    },
};

/// Write the report of a sweep or of chosen runs: one HTML page and one Markdown file.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab report                 report the most recent sweep
  ranklab report --open          report it and open the page in a browser
  ranklab report --sweep 2       report sweep 2
  ranklab report --runs 1,4,7    compare chosen runs
  ranklab report --margin 0.5    count half a point of accuracy as equivalent
  ranklab report --baseline \"model_5 rank=16\"
  ranklab report --prevalence 2  assume that 2 % are positive in practice
  ranklab report --explain 7     show Grad-CAM of run 7 for misclassified cells

Margins and the baseline are those of the sweep's analysis plan (`ranklab sweep margin=1 baseline=model_4 …`). A \
report with others, or of chosen runs, is exploratory and says so. Each report of a sweep is recorded as a look at its \
results.")]
pub(crate) struct ReportArgs {
    /// Sweep to report [default: the most recent one].
    #[arg(long, conflicts_with = "runs")]
    pub(crate) sweep: Option<i64>,
    /// Runs to compare, separated by commas.
    #[arg(long, value_delimiter = ',')]
    pub(crate) runs: Vec<i64>,
    /// Configuration that the others are compared with: a model or settings [default: that of the plan, model_4
    /// without one].
    #[arg(long, value_name = "TEXT")]
    pub(crate) baseline: Option<Baseline>,
    /// Points of accuracy within which configurations count as equivalent [default: those of the plan, 1 without one].
    #[arg(long, value_name = "POINTS", value_parser = margin)]
    pub(crate) margin: Option<f64>,
    /// Points of sensitivity that do not matter [default: those of the plan, 2 without one].
    #[arg(long, value_name = "POINTS", value_parser = margin)]
    pub(crate) sensitivity_margin: Option<f64>,
    /// Points of specificity that do not matter [default: those of the plan, 2 without one].
    #[arg(long, value_name = "POINTS", value_parser = margin)]
    pub(crate) specificity_margin: Option<f64>,
    /// Percent of patients or cells assumed to be positive, for predictive values and decision curves.
    #[arg(long, value_name = "PERCENT", default_value = "10", value_parser = prevalence)]
    pub(crate) prevalence: f64,
    /// Run that Grad-CAM explains [default: a run of the best configuration by validation].
    #[arg(long, value_name = "RUN", conflicts_with = "no_pictures")]
    pub(crate) explain: Option<i64>,
    /// Leave the pictures out of the galleries.
    #[arg(long)]
    pub(crate) no_pictures: bool,
    /// Open the page in a browser: $BROWSER, else the system's program for web pages.
    #[arg(long)]
    pub(crate) open: bool,
    /// Print the paths of the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads points as a share.
fn margin(text: &str) -> Result<f64, String> {
    let points: f64 = text.parse().map_err(|_| "give points, such as 1 or 0.5".to_owned())?;
    if points > 0.0 && points < 100.0 {
        Ok(points / 100.0)
    } else {
        Err("give points above 0 and below 100, such as 1 or 0.5".to_owned())
    }
}

impl ReportArgs {
    /// Replaces planned options by those that are given.
    fn override_plan(&self, data: &mut ReportData) {
        let options = &mut data.options;
        for (option, given) in [
            (&mut options.margin, self.margin),
            (&mut options.sensitivity_margin, self.sensitivity_margin),
            (&mut options.specificity_margin, self.specificity_margin),
        ] {
            *option = given.unwrap_or(*option);
        }
        if let Some(baseline) = &self.baseline {
            data.baseline = baseline.clone();
        }
    }
}

/// Reads percent as a share.
fn prevalence(text: &str) -> Result<f64, String> {
    let percent: f64 = text.parse().map_err(|_| "give percent, such as 10 or 0.5".to_owned())?;
    let share = percent / 100.0;
    // As a share, so that what rounds to none or all is refused, too.
    if share > 0.0 && share < 1.0 {
        Ok(share)
    } else {
        Err("give percent above 0 and below 100, such as 10 or 0.5".to_owned())
    }
}

/// Reads the rows of the runs and makes the pictures.
async fn collect(
    store: &Store,
    selection: Selection,
    folders: &Folders,
    arguments: &ReportArgs,
) -> anyhow::Result<ReportData> {
    let mut data = load(store, selection).await?;
    arguments.override_plan(&mut data);
    data.options.prevalence = arguments.prevalence;
    if !arguments.no_pictures {
        data.pictures = pictures::pictures(&data, store, folders, arguments.explain).await?;
    }
    Ok(data)
}

/// Writes the report and prints its paths.
pub(crate) fn report(folders: &Folders, arguments: &ReportArgs) -> anyhow::Result<()> {
    let selection = match (arguments.sweep, arguments.runs.as_slice()) {
        (Some(sweep), _) => Selection::Sweep(sweep),
        (None, []) => Selection::LatestSweep,
        (None, runs) => Selection::Runs(runs.to_vec()),
    };
    let database = folders.database();
    let data =
        block_on(with_store(&database, async |store| collect(store, selection, folders, arguments).await))?;
    let written = write(&data, &folders.reports)?;
    look::record(&database, &data);
    for moved in &written.moved {
        let name = |path: &Path| printable(&path.to_string_lossy());
        log(format_args!(
            "note: {} was in the way of the report and was moved to {}",
            name(&moved.from),
            name(&moved.to)
        ));
    }
    print(&if arguments.json {
        let paths = json!({ "html": written.html, "markdown": written.markdown });
        format!("{}\n", printable_json(&paths.to_string()))
    } else {
        format!(
            "{}\n{}\nopen {}\n",
            written.html.display(),
            written.markdown.display(),
            written.latest_html.display()
        )
    })?;
    if arguments.open {
        open_page(&written.latest_html);
    }
    Ok(())
}

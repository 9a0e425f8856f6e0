//! `ranklab open`: opens the latest report.

use anyhow::bail;
use clap::Args;
use ranklab_report::latest_page;

use crate::{folders::Folders, opener::open_page, ui::output::print};

/// Open the latest report in a browser.
#[derive(Args, Clone, Debug)]
#[command(after_help = "The browser is $BROWSER, else the system's program for web pages.")]
pub(crate) struct OpenArgs {}

/// Prints the path of the latest report and opens it.
///
/// # Errors
/// When there is no report.
pub(crate) fn open(folders: &Folders, OpenArgs {}: &OpenArgs) -> anyhow::Result<()> {
    let page = latest_page(&folders.reports);
    if !page.is_file() {
        bail!("there is no report at {}; run `ranklab report` first", page.display());
    }
    print(&format!("{}\n", page.display()))?;
    open_page(&page);
    Ok(())
}

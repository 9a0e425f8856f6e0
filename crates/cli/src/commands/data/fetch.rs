//! `ranklab data fetch`: fetches a zip of images and checks its hash.

use std::{
    cell::Cell,
    io::{IsTerminal, stderr},
};

use clap::Args;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use ranklab_data::fetch::{FetchRequest, OFFICIAL_BYTES, OFFICIAL_SHA256, OFFICIAL_URL, PATIENCE, ZIP};

use crate::{
    folders::Folders,
    signals::StopCheck,
    ui::output::{log, print},
};

/// Fetch the official zip, or a copy of it from a URL or a path.
#[derive(Args, Clone, Debug)]
pub(super) struct FetchArgs {
    /// URLs (https, http or file) or paths, tried in turn [default: the official URL].
    sources: Vec<String>,
    /// Expected SHA-256 [default: that of the official zip].
    #[arg(long)]
    sha256: Option<String>,
    /// Accept any zip, without checking a hash.
    #[arg(long, conflicts_with = "sha256")]
    any: bool,
}

impl FetchArgs {
    /// The state of a fetch that a signal ended, and how to go on.
    pub(super) fn interrupted_state(&self) -> &'static str {
        if self.any {
            "before the file was fetched; the partial file was removed"
        } else {
            "before the file was fetched; repeat the command to resume the download"
        }
    }

    /// What to fetch, and from where.
    fn request(&self, folders: &Folders) -> FetchRequest {
        let expected = || self.sha256.clone().unwrap_or_else(|| OFFICIAL_SHA256.to_owned());
        let sha256 = (!self.any).then(expected);
        let is_official = sha256.as_ref().is_some_and(|hash| hash.eq_ignore_ascii_case(OFFICIAL_SHA256));
        let sources =
            if self.sources.is_empty() { vec![OFFICIAL_URL.to_owned()] } else { self.sources.clone() };
        FetchRequest {
            sources,
            destination: folders.images(),
            sha256,
            bytes: is_official.then_some(OFFICIAL_BYTES),
            magic: ZIP,
            patience: PATIENCE,
        }
    }
}

/// Fetches the zip with a progress bar, or with a line at every tenth where standard error is no terminal.
pub(super) fn fetch(folders: &Folders, arguments: &FetchArgs, stop: StopCheck<'_>) -> anyhow::Result<()> {
    let request = arguments.request(folders);
    let bar = if stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let template = "[{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let logged_tenths = Cell::new(0);
    let hash = ranklab_data::fetch::fetch(&request, &|done, total| {
        bar.set_length(total.unwrap_or(done));
        bar.set_position(done);
        let tenths = total.map_or(0, |total| 10 * done / total.max(1));
        if bar.is_hidden() && tenths > logged_tenths.get() {
            logged_tenths.set(tenths);
            log(format_args!("{tenths}0 %, {}", HumanBytes(done)));
        }
        stop()
    })?;
    bar.finish_and_clear();
    print(&format!("{} (sha256 {hash})\n", request.destination.display()))
}

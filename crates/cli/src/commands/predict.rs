//! `ranklab predict`: classifies images without labels with a finished run.

mod outcome;
mod page;
mod text;

use std::{ops::ControlFlow, path::PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, ValueEnum};
use ranklab_data::LooseImages;
use ranklab_report::not_converged;
use ranklab_runs::{
    ChosenThreshold, FinishedRun, Predictions, UnlabelledImages, chosen_threshold, predict as predict_images,
};
use ranklab_stats::THRESHOLD;
use ranklab_trainer::WholeNetwork;

use crate::{
    database::with_store,
    device::device,
    folders::Folders,
    named_run::{log_notice, named_run},
    opener::open_page,
    runtime::block_on,
    signals::Signals,
    ui::output::{log, print, print_fitted},
};

use outcome::{Called, Outcome};

/// Images from which on the progress is logged.
const COUNTED: usize = 1024;

/// Classify images without labels with a finished run.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab predict 3 cell.png                  one image with run 3
  ranklab predict best slides/ more.zip       all images of a folder and a zip
  ranklab predict latest slides/ --format csv > predictions.csv
  ranklab predict best slides/ --explain      a page with pictures and Grad-CAM

An image is called positive from the threshold on that the run's validation images give (the largest sum of \
sensitivity and specificity), or from `--threshold` on. An image that cannot be read is named on standard error; \
the others are predicted, and the exit code is 1.")]
pub(crate) struct PredictArgs {
    /// Number or name of a finished run, `best` (highest validation accuracy of the latest sweep that has a finished run) or `latest`.
    run: String,
    /// Images, folders and zips.
    #[arg(required = true, value_name = "IMAGES")]
    images: Vec<PathBuf>,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Probability from which an image is called positive, from 0 to 1.
    #[arg(long, value_name = "P", value_parser = probability)]
    threshold: Option<f64>,
    /// Also write a page with the images, in the folder of reports.
    #[arg(long)]
    html: bool,
    /// Also write a page with the images and their Grad-CAM.
    #[arg(long)]
    explain: bool,
    /// Open the page in a browser.
    #[arg(long)]
    open: bool,
    /// Device that computes [default: the run's].
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Hide the progress.
    #[arg(short, long)]
    quiet: bool,
}

/// A form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people.
    Table,
    /// Comma-separated values, a row for each image.
    Csv,
    /// One JSON object.
    Json,
}

fn probability(text: &str) -> Result<f64, String> {
    let problem = || format!("`{text}` is no probability; give a number from 0 to 1");
    text.parse().ok().filter(|value| (0.0..=1.0).contains(value)).ok_or_else(problem)
}

/// Predicts the images and prints what came out.
///
/// # Errors
/// When the run, its weights or a path cannot be used, when a signal arrives, and when an image cannot be read.
pub(crate) fn predict(folders: &Folders, arguments: &PredictArgs) -> anyhow::Result<()> {
    let (run, chosen, not_converged) = block_on(with_store(&folders.database(), async |store| {
        let run = named_run(store, &arguments.run, arguments.quiet).await?;
        let threshold = chosen_threshold(store, &run).await?;
        let not_converged = not_converged(store, &[run.row.id]).await?.pop();
        Ok((run, threshold, not_converged))
    }))?;
    let signals = Signals::listen().context("cannot install signal handlers")?;
    let config = &run.config.data;
    let check = signals.stop_check();
    let images = LooseImages::open(&arguments.images, &config.scheme(), &|_, _| check())?;
    for line in images.passed_over().filter(|_| !arguments.quiet) {
        log(format_args!("note: passed over: {line}"));
    }
    let images = UnlabelledImages::new(images, config);
    let device_name = arguments.device.as_deref().unwrap_or(&run.config.device);
    let device = device(device_name).map_err(|problem| {
        anyhow!(
            "run {} was trained on {}: {problem}; `--device flex` computes on the processor",
            run.row.id,
            run.config.device
        )
    })?;
    let locations = folders.locations();
    let weights = run.weights(&locations, &mut log_notice)?;
    let network = run.open(&weights, &locations.runs_folder, &device)?;
    let Some(predictions) = predicted(&network, &images, &run, &signals, arguments.quiet)? else {
        let state = "before all images were predicted; repeat the command";
        return Err(signals.interruption(state).map_or_else(|| anyhow!("stopped"), anyhow::Error::from));
    };
    let called = threshold(arguments.threshold, chosen);
    let outcome = Outcome { run: &run, device: device_name, called, not_converged, predictions };
    if arguments.format != Format::Table {
        outcome.warnings().iter().for_each(|line| log(format_args!("{line}")));
    }
    match arguments.format {
        Format::Table => print_fitted(&text::tables(&outcome)),
        Format::Csv => print(&text::csv(&outcome)?),
        Format::Json => print(&text::json(&outcome)?),
    }?;
    if arguments.html || arguments.explain || arguments.open {
        let page = page::write(&outcome, &network, &images, arguments.explain, &folders.reports)?;
        log(format_args!("page: {}", page.display()));
        if arguments.open {
            open_page(&page);
        }
    }
    unreadable(&outcome.predictions)
}

/// The predictions of all images; `None` after a signal.
fn predicted(
    network: &WholeNetwork<'_>,
    images: &UnlabelledImages,
    run: &FinishedRun,
    signals: &Signals,
    quiet: bool,
) -> anyhow::Result<Option<Predictions>> {
    let (check, total) = (signals.stop_check(), images.images().images().len());
    let mut tenths = 0;
    let predictions = predict_images(network, images, &run.config.data.group, &mut |done| {
        if !quiet && total >= COUNTED && 10 * done / total > tenths {
            tenths = 10 * done / total;
            log(format_args!("  predicting: {done}/{total} images"));
        }
        // After the last image there is nothing left to stop.
        if done < total { check() } else { ControlFlow::Continue(()) }
    });
    match predictions {
        Err(ranklab_runs::Error::Trainer(ranklab_trainer::Error::Stopped)) => Ok(None),
        predictions => Ok(Some(predictions?)),
    }
}

/// The threshold, and where it comes from.
fn threshold(given: Option<f64>, chosen: Option<ChosenThreshold>) -> Called {
    match (given, chosen) {
        (Some(threshold), _) => Called { threshold, source: "given".to_owned() },
        (None, Some(ChosenThreshold { value, images, is_imported })) => {
            let chosen =
                format!("chosen on {images} validation images, largest sum of sensitivity and specificity");
            let came = if is_imported { "imported with the adapter, " } else { "" };
            Called { threshold: value, source: format!("{came}{chosen}") }
        }
        (None, None) => Called {
            threshold: THRESHOLD,
            source: "the default, as the run recorded no validation images of both classes".to_owned(),
        },
    }
}

/// Names the images that cannot be read.
fn unreadable(predictions: &Predictions) -> anyhow::Result<()> {
    const NAMED: usize = 10;
    for (image, problem) in predictions.unreadable.iter().take(NAMED) {
        log(format_args!("not predicted: {image}: {problem}"));
    }
    match predictions.unreadable.len() {
        0 => Ok(()),
        1 => bail!("1 image cannot be read; the others are predicted; repair or remove it"),
        many => bail!("{many} images cannot be read; the others are predicted; repair or remove them"),
    }
}

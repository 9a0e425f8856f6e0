//! `ranklab evaluate`: a finished run on labelled images that it was not tested on, recorded in the database.

mod images;
mod text;

use std::{ffi::OsString, ops::ControlFlow};

use anyhow::{Context as _, anyhow};
use clap::Args;
use ranklab_runs::{
    Audit, ChosenThreshold, Dataset, Evaluator, FinishedRun, SourceEvent, audit, chosen_threshold,
    evaluate as evaluate_images,
};
use ranklab_settings::DataConfig;
use ranklab_store::{EvaluationRow, PredictionRow, Store};
use ranklab_trainer::WholeNetwork;

use super::complete;
use crate::{
    build_info::source_commit,
    database::with_store,
    device::device,
    folders::Folders,
    named_run::named_run,
    runtime::block_on,
    signals::Signals,
    ui::output::{log, print, print_fitted},
};

/// Images from which on the progress is logged.
const COUNTED: usize = 1024;

/// Test a finished run on labelled images that it has not seen, and record the result.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab evaluate 3 dataset=other_hospital.zip
  ranklab evaluate best dataset=slides positive=malignant negative=benign group='(patient_[0-9]+)'
  ranklab report                              shows it under \"External validation\"

Class names and the rule for groups are the run's unless they are given. The threshold is the run's, chosen on its \
validation images, and not chosen again. The run's training and validation images are read as well, to count which of \
the new images and groups are among them. An evaluation of the same run on the same images is not computed again.")]
pub(crate) struct EvaluateArgs {
    /// Number or name of a finished run, `best` (highest validation accuracy of the latest sweep that has a finished run) or `latest`.
    run: String,
    /// The images: dataset=PATH, and positive=, negative=, group=, limit= where they differ from the run's.
    #[arg(required = true, value_name = "KEY=VALUE", add = complete::settings())]
    overrides: Vec<OsString>,
    /// Compute and record again what is recorded already.
    #[arg(long)]
    again: bool,
    /// Device that computes [default: the run's].
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Hide the progress.
    #[arg(short, long)]
    quiet: bool,
}

/// Evaluates the run on each dataset, records and prints what came out.
///
/// # Errors
/// When the run, its weights or the images cannot be used, and when a signal arrives.
pub(crate) fn evaluate(folders: &Folders, arguments: &EvaluateArgs) -> anyhow::Result<()> {
    let (run, threshold) = block_on(with_store(&folders.database(), async |store| {
        let run = named_run(store, &arguments.run, arguments.quiet).await?;
        let threshold = chosen_threshold(store, &run).await?;
        Ok((run, threshold))
    }))?;
    let configs = images::configs(&run.config.data, &arguments.overrides)?;
    let signals = Signals::listen().context("cannot install signal handlers")?;
    let mut evaluated = Vec::new();
    for config in &configs {
        let work = Work { folders, arguments, run: &run, threshold, signals: &signals };
        evaluated.push(work.evaluation(config)?);
    }
    let text = block_on(with_store(&folders.database(), async |store| {
        if arguments.json {
            text::json(store, &evaluated).await
        } else {
            text::table(store, &run, &evaluated).await
        }
    }))?;
    if arguments.json { print(&text) } else { print_fitted(&text) }
}

/// What the evaluation of one dataset needs.
struct Work<'a> {
    folders: &'a Folders,
    arguments: &'a EvaluateArgs,
    run: &'a FinishedRun,
    threshold: Option<ChosenThreshold>,
    signals: &'a Signals,
}

impl Work<'_> {
    /// The recorded evaluation on these images; one that is missing is computed and recorded.
    fn evaluation(&self, config: &DataConfig) -> anyhow::Result<EvaluationRow> {
        let (id, locations) = (self.run.row.id, self.folders.locations());
        let dataset = Dataset::open(config, &locations, &self.signals.stop(), &mut |event| self.note(event));
        let dataset = dataset.map_err(|problem| self.or_interrupted(problem))?;
        let (hash, group) = (&dataset.images.hash, config.group.to_string());
        let recorded = block_on(with_store(&self.folders.database(), async |store| {
            Ok(store.evaluation(id, hash, &group).await?)
        }))?;
        if let Some(recorded) = recorded.filter(|_| !self.arguments.again) {
            self.log(&format!(
                "note: run {id} was evaluated on these images before, at {}",
                recorded.evaluated_at
            ));
            self.report(&Audit::recorded(&recorded.evaluation));
            return Ok(recorded);
        }
        let (rule, stop) = (config.scheme().group, self.signals.stop());
        let audit = audit(self.run, &dataset.images, &rule, &locations, &stop, &mut |_| {})
            .map_err(|problem| self.or_interrupted(problem))?;
        self.report(&audit);
        let name = self.arguments.device.as_deref().unwrap_or(&self.run.config.device);
        let device = device(name).map_err(|problem| anyhow!("run {id}: {problem}"))?;
        let weights = self.run.weights(&locations, &mut |event| self.note(event))?;
        let network = self.run.open(&weights, &locations.runs_folder, &device)?;
        let (evaluation, predictions) = self.figures(&network, &dataset, config, &audit, name)?;
        self.record(&evaluation, &predictions)
    }

    fn figures(
        &self,
        network: &WholeNetwork<'_>,
        dataset: &Dataset,
        config: &DataConfig,
        audit: &Audit,
        device: &str,
    ) -> anyhow::Result<(ranklab_store::NewEvaluation, Vec<PredictionRow>)> {
        let (check, total, code) = (self.signals.stop_check(), dataset.images.entries.len(), source_commit());
        let by = Evaluator {
            device: device.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            git_commit: code.commit,
            git_dirty: code.dirty,
        };
        let mut tenths = 0;
        let mut watch = |done: usize| {
            if total >= COUNTED && 10 * done / total > tenths {
                tenths = 10 * done / total;
                self.log(&format!("  evaluating: {done}/{total} images"));
            }
            if done < total { check() } else { ControlFlow::Continue(()) }
        };
        evaluate_images(network, dataset, config, audit, self.threshold, &by, &mut watch)
            .map_err(|problem| self.or_interrupted(problem))
    }

    fn record(
        &self,
        evaluation: &ranklab_store::NewEvaluation,
        predictions: &[PredictionRow],
    ) -> anyhow::Result<EvaluationRow> {
        let id = self.run.row.id;
        block_on(async {
            let store = Store::open(&self.folders.database()).await?;
            let recorded = store.record_evaluation(id, evaluation, predictions).await;
            let row = match recorded {
                Ok(_) => store.evaluation(id, &evaluation.image_set_hash, &evaluation.group_rule).await,
                Err(problem) => Err(problem),
            };
            store.close().await;
            row?.with_context(|| format!("the evaluation of run {id} is gone already; repeat the command"))
        })
    }

    /// Says what of the images the run has seen.
    fn report(&self, audit: &Audit) {
        if let Some(warning) = audit.warning() {
            log(format_args!("warning: {warning}"));
        }
    }

    /// The interruption by a signal where there was one, else the problem.
    fn or_interrupted(&self, problem: ranklab_runs::Error) -> anyhow::Error {
        let interrupted = self.signals.interruption("before the evaluation was recorded; repeat the command");
        interrupted.map_or_else(|| problem.into(), anyhow::Error::from)
    }

    fn note(&self, event: SourceEvent) {
        if let SourceEvent::Notice(text) = event {
            self.log(&format!("note: {text}"));
        }
    }

    fn log(&self, line: &str) {
        if !self.arguments.quiet {
            log(line);
        }
    }
}

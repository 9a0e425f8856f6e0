//! Runs a plan: registers it, skips what is finished, trains the rest and records everything.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use burn::tensor::Device;
use ranklab_data::{Split, SplitKind};
use ranklab_stats::{ConfusionMatrix, THRESHOLD, roc_auc};
use ranklab_store::{ArtifactRow, NewRun, PredictionRow, RunResult, Store};
use ranklab_trainer::{Outcome, Trial};
use ranklab_zoo::{ParameterCounts, weights::TrunkWeights};
use sha2::{Digest, Sha256};

use crate::{
    Error,
    dataset::Dataset,
    event::SweepEvent,
    plan::{Plan, PlanTrial},
    provenance::{Tree, host, is_alive, peak_memory},
    recorder::{Recorder, runtime},
    sources::Sources,
    trial::hexadecimal,
};

/// The database's name in the runs folder.
pub const DATABASE: &str = "ranklab.db";

/// Where things are.
#[derive(Clone, Debug)]
pub struct Context {
    /// Database, feature caches and a folder per run.
    pub runs_folder: PathBuf,
    /// Generated images.
    pub data_folder: PathBuf,
    /// The file that `weights=imagenet` means.
    pub imagenet_weights: PathBuf,
    /// The command as it was typed.
    pub command: String,
}

/// How a sweep ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepSummary {
    /// The sweep in the database.
    pub sweep: i64,
    /// Trials that were trained now.
    pub finished: usize,
    /// Trials that had a finished run.
    pub skipped: usize,
    /// Label and reason of trials that failed.
    pub failed: Vec<(String, String)>,
}

/// Gives a device for its name.
pub type DeviceOf<'a> = &'a dyn Fn(&str) -> Result<Device, String>;

/// Runs every trial of a plan that has no finished run. One failing trial does not stop the others.
///
/// # Errors
/// When the database cannot be used. What goes wrong within a trial is recorded with it.
pub fn execute(
    plan: &Plan,
    context: &Context,
    device_of: DeviceOf<'_>,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<SweepSummary, Error> {
    let runtime = runtime()?;
    let store = runtime.block_on(Store::open(&context.runs_folder.join(DATABASE)))?;
    let interrupted = runtime.block_on(store.mark_interrupted(&host(), &is_alive))?;
    for run in interrupted {
        on_event(SweepEvent::Notice(format!("run {run} was interrupted: its process is gone")));
    }
    let mut sources = Sources::default();
    let mut identities = Vec::new();
    for trial in &plan.trials {
        sources.open(&trial.config, context, on_event)?;
        identities.push(sources.identity(&trial.config)?);
    }
    let rows = plan.rows(&identities);
    let sweep = runtime.block_on(store.register_sweep(&plan.sweep(&context.command), &rows))?;
    let mut finished_runs = Vec::new();
    for identity in &identities {
        finished_runs.push(runtime.block_on(store.finished_run(identity))?);
    }
    on_event(SweepEvent::Planned {
        sweep,
        trials: plan.trials.len(),
        finished: finished_runs.iter().flatten().count(),
    });
    let session = Session {
        context,
        device_of,
        runtime: &runtime,
        store: &store,
        tree: Tree::current(),
        sources: &sources,
    };
    let mut summary = SweepSummary { sweep, finished: 0, skipped: 0, failed: Vec::new() };
    for (position, (trial, identity)) in plan.trials.iter().zip(&identities).enumerate() {
        let label = trial.label.clone();
        // Asked again: another process may have finished it in the meantime.
        if let Some(run) = runtime.block_on(store.finished_run(identity))? {
            summary.skipped += 1;
            on_event(SweepEvent::TrialSkipped { position, label, run });
            continue;
        }
        on_event(SweepEvent::TrialStarted { position, label: label.clone() });
        match session.run(position, trial, identity, on_event) {
            Ok((run, result)) => {
                summary.finished += 1;
                on_event(SweepEvent::TrialFinished { position, label, run, result: Box::new(result) });
            }
            Err(problem) => {
                let reason = problem.to_string();
                summary.failed.push((label.clone(), reason.clone()));
                on_event(SweepEvent::TrialFailed { position, label, reason });
            }
        }
    }
    drop(session);
    runtime.block_on(store.close());
    Ok(summary)
}

/// What trials of one sweep share.
struct Session<'a> {
    context: &'a Context,
    device_of: DeviceOf<'a>,
    runtime: &'a tokio::runtime::Runtime,
    store: &'a Store,
    tree: Tree,
    sources: &'a Sources,
}

impl Session<'_> {
    fn run(
        &self,
        position: usize,
        trial: &PlanTrial,
        identity: &str,
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<(i64, RunResult), Error> {
        let config = &trial.config;
        let device = (self.device_of)(&config.device).map_err(Error::Setting)?;
        let (dataset, weights) = self.sources.of(config)?;
        let split = Split::new(&dataset.images, &config.data.split)?;
        let cache_folder = self.context.runs_folder.join("features");
        let training = Trial {
            architecture: config.model.architecture,
            adapter: config.adapter.as_ref(),
            weights,
            images: dataset,
            train: &split.train,
            validation: &split.validation,
            test: &split.test,
            training: &config.training,
            device: &device,
            device_name: &config.device,
            cache_folder: &cache_folder,
        };
        let row = self.new_run(trial, identity, dataset, &split, weights)?;
        let run = self.runtime.block_on(self.store.start_run(&row))?;
        let outcome = self.train(run, position, &training, on_event).and_then(|outcome| {
            let result = run_result(dataset, &split, &outcome)?;
            let artifact = save_model(&self.context.runs_folder, run, &outcome)?;
            let predictions = predictions(dataset, &split, &outcome);
            self.runtime.block_on(self.store.finish_run(run, &result, &predictions, &[artifact]))?;
            Ok(result)
        });
        match outcome {
            Ok(result) => Ok((run, result)),
            Err(problem) => {
                // The trial's own reason matters more than that it could not be recorded.
                let _ = self.runtime.block_on(self.store.fail_run(run, &problem.to_string()));
                Err(problem)
            }
        }
    }

    fn train(
        &self,
        run: i64,
        position: usize,
        trial: &Trial<'_>,
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<Outcome, Error> {
        let recorder = Recorder::start(self.store.clone(), run)?;
        let outcome = trial.run(&mut |event| {
            recorder.send(&event);
            on_event(SweepEvent::Training { position, event });
        });
        let recorded = recorder.finish();
        let outcome = outcome?;
        recorded?;
        Ok(outcome)
    }

    fn new_run(
        &self,
        trial: &PlanTrial,
        identity: &str,
        dataset: &Dataset,
        split: &Split,
        weights: &TrunkWeights,
    ) -> Result<NewRun, Error> {
        let config = &trial.config;
        let architecture = config.model.architecture;
        let counts = ParameterCounts::of(architecture, config.adapter.as_ref(), config.data.image_size)?;
        let adapter = config.adapter.as_ref();
        let (data, training) = (&config.data, &config.training);
        Ok(NewRun {
            config_hash: identity.to_owned(),
            config: config.canonical_json(),
            label: trial.label.clone(),
            model: architecture.name().to_owned(),
            layers: adapter.map(|adapter| adapter.layers.to_string()),
            rank: adapter.and_then(|adapter| adapter.rank.single()).map(|rank| rank as i64),
            ranks: adapter.map(|adapter| adapter.rank.to_string()),
            preset: adapter.map(|adapter| adapter.preset.name().to_owned()),
            optimizer: training.optimizer.name().to_owned(),
            learning_rate: training.learning_rate,
            epochs: training.epochs as i64,
            batch_size: training.batch_size as i64,
            seed: training.seed as i64,
            dataset: data.dataset.clone(),
            synthetic: dataset.synthetic,
            images: dataset.images.entries.len() as i64,
            duplicate_images: dataset.duplicates as i64,
            unreadable_images: dataset.unreadable as i64,
            image_size: data.image_size as i64,
            resize: data.resize.name().to_owned(),
            image_set_hash: dataset.images.hash.clone(),
            split: data.split.kind.name().to_owned(),
            fold: (data.split.kind == SplitKind::Patient).then_some(data.split.fold as i64),
            split_seed: data.split.seed as i64,
            split_hash: split.hash.clone(),
            train_images: split.train.len() as i64,
            validation_images: split.validation.len() as i64,
            test_images: split.test.len() as i64,
            train_patients: split.audit.train_patients as i64,
            test_patients: split.audit.test_patients as i64,
            shared_patients: split.audit.shared_patients as i64,
            shared_test_images: split.audit.shared_test_images as i64,
            weights: config.model.weights.clone(),
            weights_hash: weights.hash.clone(),
            device: config.device.clone(),
            host: host(),
            process: i64::from(std::process::id()),
            git_commit: self.tree.commit.clone(),
            git_dirty: self.tree.dirty,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            trainable_parameters: counts.trainable as i64,
            frozen_parameters: counts.frozen as i64,
            adapter_parameters: counts.adapter as i64,
            select_by: training.select_by.name().to_owned(),
        })
    }
}

fn run_result(dataset: &Dataset, split: &Split, outcome: &Outcome) -> Result<RunResult, Error> {
    let labels: Vec<u8> =
        split.test.iter().map(|&image| dataset.images.entries[image].label.class()).collect();
    let matrix = ConfusionMatrix::from_predictions(&labels, &outcome.probabilities, THRESHOLD)?;
    Ok(RunResult {
        best_epoch: outcome.best_epoch as i64,
        model_hash: outcome.model_hash.clone(),
        feature_seconds: outcome.feature_seconds,
        train_seconds: outcome.train_seconds,
        test_seconds: outcome.test_seconds,
        images_per_second: outcome.images_per_second,
        peak_memory_bytes: peak_memory(),
        test_loss: outcome.test_loss,
        test_accuracy: matrix.accuracy(),
        sensitivity: matrix.sensitivity(),
        specificity: matrix.specificity(),
        precision: matrix.precision(),
        f1: matrix.f1(),
        auc: roc_auc(&labels, &outcome.probabilities)?,
        true_positives: matrix.true_positives as i64,
        false_negatives: matrix.false_negatives as i64,
        false_positives: matrix.false_positives as i64,
        true_negatives: matrix.true_negatives as i64,
    })
}

fn predictions(dataset: &Dataset, split: &Split, outcome: &Outcome) -> Vec<PredictionRow> {
    split
        .test
        .iter()
        .zip(&outcome.probabilities)
        .map(|(&image, &probability)| {
            let entry = &dataset.images.entries[image];
            PredictionRow {
                image: entry.name.clone(),
                patient: entry.patient.clone(),
                label: i64::from(entry.label.class()),
                probability,
            }
        })
        .collect()
}

/// Stores the trained state in the run's folder: aside, synced, renamed.
fn save_model(runs_folder: &Path, run: i64, outcome: &Outcome) -> Result<ArtifactRow, Error> {
    let relative = format!("{run:06}/model.safetensors");
    let path = runs_folder.join(&relative);
    let part = path.with_extension("part");
    let failed = |source| Error::Io { action: "writing", path: path.clone(), source };
    fs::create_dir_all(path.parent().unwrap_or(runs_folder)).map_err(failed)?;
    let mut file = fs::File::create(&part).map_err(failed)?;
    file.write_all(&outcome.model).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&part, &path).map_err(failed)?;
    Ok(ArtifactRow {
        kind: "model".to_owned(),
        path: relative,
        sha256: hexadecimal(&Sha256::digest(&outcome.model)),
        bytes: outcome.model.len() as i64,
    })
}

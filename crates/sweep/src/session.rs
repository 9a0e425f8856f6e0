//! Runs trials together, from their rows in the database to their results there.

use std::time::Instant;

use ranklab_data::Split;
use ranklab_store::{PredictionRow, RunResult, Store};
use ranklab_trainer::{Event, Outcome, Trial, run_together};
use ranklab_zoo::{Cut, Operations, trunk_operations};

use crate::{
    Error,
    event::{Profile, SweepEvent},
    execute::{Context, DeviceOf},
    plan::PlanTrial,
    provenance::Tree,
    recorder::Recorder,
    rows::{new_run, predictions, run_result, save_model, validation_images},
    sources::Sources,
};

/// What trials of one sweep share.
pub(crate) struct Session<'a> {
    pub(crate) context: &'a Context,
    pub(crate) device_of: DeviceOf<'a>,
    pub(crate) runtime: &'a tokio::runtime::Runtime,
    pub(crate) store: &'a Store,
    pub(crate) tree: Tree,
    pub(crate) sources: &'a Sources,
}

/// A trial that is about to run.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    pub(crate) position: usize,
    pub(crate) trial: &'a PlanTrial,
    pub(crate) identity: &'a str,
}

/// A run and its figures, or in one line why there are none.
type Ended = Result<(i64, RunResult), String>;

impl Session<'_> {
    /// Runs trials that go together; one result each, in their order.
    pub(crate) fn run(&self, members: &[Member<'_>], on_event: &mut dyn FnMut(SweepEvent)) -> Vec<Ended> {
        match self.run_all(members, on_event) {
            Ok(ended) => ended,
            Err(problem) => members.iter().map(|_| Err(problem.to_string())).collect(),
        }
    }

    fn run_all(
        &self,
        members: &[Member<'_>],
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<Vec<Ended>, Error> {
        let Some(first) = members.first().map(|member| &member.trial.config) else { return Ok(Vec::new()) };
        let device = (self.device_of)(&first.device).map_err(Error::Setting)?;
        let (dataset, weights) = self.sources.of(first)?;
        let split = Split::new(&dataset.images, &first.data.split)?;
        let cache_folder = self.context.runs_folder.join("features");
        let trials: Vec<Trial<'_>> = members
            .iter()
            .map(|member| {
                let config = &member.trial.config;
                Trial {
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
                }
            })
            .collect();
        let mut runs = Vec::new();
        for member in members {
            let row = new_run(&self.tree, member.trial, member.identity, dataset, &split, weights)?;
            runs.push(self.runtime.block_on(self.store.start_run(&row))?);
        }
        let validation = validation_images(dataset, &split);
        let outcomes = self.train(&runs, members, &trials, validation, on_event);
        let phases = outcomes.iter().flatten().map(|outcome| outcome.phases).next();
        let started = Instant::now();
        let finish = |(run, outcome): (&i64, Result<Outcome, String>)| {
            let ended = outcome.and_then(|outcome| {
                let result = run_result(dataset, &split, &outcome).map_err(|problem| problem.to_string())?;
                self.save(*run, &result, &predictions(dataset, &split, &outcome), &outcome)
                    .map_err(|problem| problem.to_string())?;
                Ok((*run, result))
            });
            if let Err(reason) = &ended {
                // The trial's own reason matters more than that it could not be recorded.
                let _ = self.runtime.block_on(self.store.fail_run(*run, reason));
            }
            ended
        };
        let ended = runs.iter().zip(outcomes).map(finish).collect();
        if let Some(phases) = phases {
            let (cut, size) = (Cut::of(trials[0].architecture, trials[0].adapter), first.data.image_size);
            let seen = (split.train.len() * first.training.epochs) as f64;
            let count = trials.len() as f64;
            // Equal seeds shuffle alike: one batch serves all, and with it the lowest frozen products.
            let same = trials.iter().all(|trial| trial.training.seed == first.training.seed);
            let one = Operations::of(trials[0].architecture, trials[0].adapter, size);
            let shared = match (phases.frozen_known, same) {
                (true, _) => 0.0,
                (false, true) => one.shared_forward * seen,
                (false, false) => one.shared_forward * seen * count,
            };
            on_event(SweepEvent::Profile(Box::new(Profile {
                phases,
                store: started.elapsed().as_secs_f64(),
                trunk_operations: trunk_operations(cut, size) * phases.trunk_images as f64
                    + one.shared_forward * phases.frozen_images as f64,
                forward_operations: one.forward * seen * count + shared,
                backward_operations: one.backward * seen * count,
            })));
        }
        Ok(ended)
    }

    fn save(
        &self,
        run: i64,
        result: &RunResult,
        predictions: &[PredictionRow],
        outcome: &Outcome,
    ) -> Result<(), Error> {
        let artifact = save_model(&self.context.runs_folder, run, outcome)?;
        self.runtime.block_on(self.store.finish_run(run, result, predictions, &[artifact]))?;
        Ok(())
    }

    fn train(
        &self,
        runs: &[i64],
        members: &[Member<'_>],
        trials: &[Trial<'_>],
        validation: Vec<PredictionRow>,
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Vec<Result<Outcome, String>> {
        let everyone = |reason: String| runs.iter().map(|_| Err(reason.clone())).collect();
        let recorder = Recorder::start(self.runtime, self.store.clone(), runs.to_vec(), validation);
        let outcomes = run_together(trials, &mut |place, event: Event| {
            recorder.send(place, &event);
            on_event(SweepEvent::Training { position: members[place].position, event });
        });
        let recorded = recorder.finish();
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(problem) => return everyone(problem.to_string()),
        };
        if let Err(problem) = recorded {
            return everyone(problem.to_string());
        }
        outcomes.into_iter().map(|outcome| outcome.map_err(|problem| problem.to_string())).collect()
    }
}

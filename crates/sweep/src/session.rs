//! Trains claimed trials together and records their ends.

use std::{ops::ControlFlow, time::Instant};

use ranklab_data::Split;
use ranklab_runs::{CheckpointFile, Dataset, DeviceOf, Sources, process_start, run_folder};
use ranklab_settings::Network;
use ranklab_store::{Claim, PredictionRow, RunResult, Store};
use ranklab_trainer::{Checkpoint, Error as TrainerError, Event, Outcome, Trial, run_together};
use ranklab_zoo::{Cut, OperationCount, trunk_operation_count};

use crate::{
    Error,
    context::Context,
    event::{Profile, SweepEvent},
    planned::PlanTrial,
    recorder::{Recorded, Recorder, RunErrors, is_of_one_run},
    rows::{new_run, predictions, run_result, validation_images},
};

/// Everything that the trials of a sweep share.
pub(crate) struct Session<'a> {
    pub(crate) context: &'a Context,
    pub(crate) device_of: DeviceOf<'a>,
    pub(crate) runtime: &'a tokio::runtime::Runtime,
    pub(crate) store: &'a Store,
    pub(crate) sources: &'a Sources,
}

/// A trial that this process claimed.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    pub(crate) position: usize,
    pub(crate) trial: &'a PlanTrial,
    pub(crate) identity: &'a str,
    pub(crate) run: i64,
    /// Whether an earlier process started the run.
    pub(crate) continued: bool,
}

/// The end of a trial.
pub(crate) enum Ended {
    /// Finished, with its results.
    Finished(Box<RunResult>),
    /// Diverged, with position and reason in one line.
    Diverged(String),
    /// Failed, with the reason in one line.
    Failed(String),
    /// Interrupted; it can be resumed.
    Interrupted,
}

impl Session<'_> {
    /// Claims a trial in the database.
    pub(crate) fn claim(&self, trial: &PlanTrial, identity: &str) -> Result<Claim, Error> {
        let (dataset, weights) = self.sources.of(&trial.config)?;
        let split = self.sources.split(&trial.config)?;
        let row = new_run(&self.context.code, trial, identity, dataset, &split, weights)?;
        Ok(self.runtime.block_on(self.store.claim(&row, process_start().as_deref()))?)
    }

    /// The reason why a run failed or diverged; `None` if the run was removed.
    pub(crate) fn failure(&self, run: i64) -> Result<Option<String>, Error> {
        match self.runtime.block_on(self.store.runs(&[run])) {
            Ok(mut rows) => Ok(rows.pop().map(|row| row.failure.unwrap_or_default())),
            Err(ranklab_store::Error::UnknownRun { .. }) => Ok(None),
            Err(problem) => Err(problem.into()),
        }
    }

    /// Trains trials together, and returns their ends in order.
    ///
    /// # Errors
    /// When results cannot be stored. The trials are interrupted then.
    pub(crate) fn run(
        &self,
        members: &[Member<'_>],
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<Vec<Ended>, Error> {
        let problem = match self.run_all(members, on_event) {
            Ok(ended) => return Ok(ended),
            Err(problem) => problem,
        };
        let ended = if is_of_storage(&problem) {
            Err(problem)
        } else {
            members.iter().map(|member| self.fail(member, &problem)).collect()
        };
        if ended.is_err() {
            self.interrupt_all(members);
        }
        ended
    }

    fn interrupt_all(&self, members: &[Member<'_>]) {
        for member in members {
            // Ended runs stay unchanged. On a full disk the next command marks the others.
            let _ = self.runtime.block_on(self.store.interrupt_run(member.run));
        }
    }

    fn run_all(
        &self,
        members: &[Member<'_>],
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<Vec<Ended>, Error> {
        let Some(first) = members.first().map(|member| &member.trial.config) else { return Ok(Vec::new()) };
        let device = (self.device_of)(&first.device).map_err(Error::Device)?;
        let (dataset, weights) = self.sources.of(first)?;
        let split = self.sources.split(first)?;
        let stop = self.context.stop.within();
        let steps = split.train.len().div_ceil(first.training.batch_size.max(1));
        let (mut all, mut checkpoints) = (Vec::new(), Vec::new());
        for member in members {
            match self.checkpoint(member, steps, on_event) {
                Ok(checkpoint) => {
                    all.push(None);
                    checkpoints.push(checkpoint);
                }
                Err(problem) => all.push(Some(self.end_alone(member, problem)?)),
            }
        }
        // Trials with an error have ended; the others train.
        let members: Vec<Member<'_>> = members
            .iter()
            .zip(&all)
            .filter(|(_, ended)| ended.is_none())
            .map(|(member, _)| *member)
            .collect();
        let networks: Vec<Network> =
            members.iter().map(|member| member.trial.config.network()).collect::<Result<_, _>>()?;
        let trials: Vec<Trial<'_>> = members
            .iter()
            .zip(&networks)
            .zip(&checkpoints)
            .map(|((member, network), checkpoint)| {
                let config = &member.trial.config;
                Trial {
                    network,
                    weights,
                    images: dataset,
                    train: &split.train,
                    validation: &split.validation,
                    test: &split.test,
                    start: self.sources.start(config).map(|start| &start.adapter),
                    precision: config.precision,
                    training: &config.training,
                    device: &device,
                    device_name: &config.device,
                    cache_folder: &self.context.locations.features_folder,
                    checkpoint: checkpoint.as_ref(),
                    stop: &stop,
                }
            })
            .collect();
        let validation = validation_images(dataset, &split);
        let (outcomes, errors) = self.train(&members, &trials, validation, on_event)?;
        let phases = outcomes.iter().flatten().map(|outcome| outcome.phases).next();
        let started = Instant::now();
        let ended = members
            .iter()
            .zip(outcomes.into_iter().zip(errors))
            .map(|(member, (outcome, error))| {
                let ended = match error {
                    Some(problem) => Err(problem),
                    None => self.end(member, outcome, dataset, &split),
                };
                ended.or_else(|problem| self.end_alone(member, problem))
            })
            .collect::<Result<Vec<Ended>, Error>>()?;
        if let Some(phases) = phases {
            let (cut, size) = (Cut::of(trials[0].network), first.data.image_size);
            let seen = |trial: &Trial<'_>| {
                let done = trial.checkpoint.map_or(0, Checkpoint::epoch);
                (split.train.len() * first.training.epochs.saturating_sub(done)) as f64
            };
            let all: f64 = trials.iter().map(seen).sum();
            let most = trials.iter().map(seen).fold(0.0, f64::max);
            // Equal seeds give equal batches, which share the lowest frozen products.
            let same = trials.iter().all(|trial| trial.training.seed == first.training.seed);
            let one = OperationCount::of(trials[0].network, size);
            let shared = match (phases.frozen_known, same) {
                (true, _) => 0.0,
                (false, true) => one.shared_forward * most,
                (false, false) => one.shared_forward * all,
            };
            on_event(SweepEvent::Profile(Box::new(Profile {
                phases,
                store: started.elapsed().as_secs_f64(),
                trunk_operations: trunk_operation_count(cut, size) * phases.trunk_images as f64
                    + one.shared_forward * phases.frozen_images as f64,
                forward_operations: one.forward * all + shared,
                backward_operations: one.backward * all,
            })));
        }
        let mut ended = ended.into_iter();
        Ok(all.into_iter().filter_map(|settled| settled.or_else(|| ended.next())).collect())
    }

    /// Ends a trial after an error with its row or folder; the others of its group continue.
    ///
    /// # Errors
    /// When the error concerns more than this trial.
    fn end_alone(&self, member: &Member<'_>, problem: Error) -> Result<Ended, Error> {
        use ranklab_store::Error::{Ended as EndedElsewhere, TakenOver, UnknownRun};
        match problem {
            // Another process resumed it.
            Error::Store(TakenOver { .. } | EndedElsewhere { .. }) => Ok(Ended::Interrupted),
            Error::Store(UnknownRun { run }) => {
                // The run was removed with its files; these were written later.
                self.file(member).remove_all();
                Ok(Ended::Failed(format!("run {run} was removed while it was trained")))
            }
            problem if is_of_one_run(&problem) => {
                let reason = problem.to_string();
                match self.runtime.block_on(self.store.fail_run(member.run, &reason)).map_err(Error::Store) {
                    Err(problem) if !is_of_one_run(&problem) => Err(problem),
                    _ => Ok(Ended::Failed(reason)),
                }
            }
            problem => Err(problem),
        }
    }

    fn file(&self, member: &Member<'_>) -> CheckpointFile {
        let (folder, database) = (&self.context.locations.runs_folder, self.store.id());
        CheckpointFile::new(folder, database, member.run, member.identity)
    }

    /// The checkpoint of a resumed run, after the database was rewound to its epoch. `None` means that the run
    /// starts from the first epoch.
    fn checkpoint(
        &self,
        member: &Member<'_>,
        steps: usize,
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<Option<Checkpoint>, Error> {
        self.file(member).check()?;
        if !member.continued {
            return Ok(None);
        }
        let rewind = |epoch: usize| self.runtime.block_on(self.store.rewind(member.run, epoch as i64));
        let reason = match self.file(member).read() {
            Ok(checkpoint) => {
                let epoch = checkpoint.epoch();
                if rewind(epoch)? == (epoch as i64, (epoch * steps) as i64) {
                    on_event(SweepEvent::Notice(format!(
                        "{}: run {} resumes after epoch {epoch} of {}",
                        member.trial.label, member.run, member.trial.config.training.epochs
                    )));
                    return Ok(Some(checkpoint));
                }
                "the database lacks metrics of epochs before its checkpoint".to_owned()
            }
            Err(reason) => reason,
        };
        rewind(0)?;
        // If the run diverges in its first epoch, it must not have a checkpoint.
        self.file(member).remove();
        let (label, run) = (&member.trial.label, member.run);
        on_event(SweepEvent::Notice(format!("{label}: run {run} starts over: {reason}")));
        Ok(None)
    }

    /// Trains trials together and records their events.
    fn train(
        &self,
        members: &[Member<'_>],
        trials: &[Trial<'_>],
        validation: Vec<PredictionRow>,
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<(Vec<Result<Outcome, TrainerError>>, RunErrors), Error> {
        let runs: Vec<Recorded> = members
            .iter()
            .map(|member| Recorded { run: member.run, checkpoint: self.file(member) })
            .collect();
        let Some(first) = trials.first() else { return Ok((Vec::new(), Vec::new())) };
        let recorder =
            Recorder::start(self.runtime, self.store.clone(), runs, validation, first.stop.clone());
        let outcomes = run_together(trials, &mut |index, event: Event| {
            recorder.send(index, &event);
            on_event(SweepEvent::Training { position: members[index].position, event });
            ControlFlow::Continue(())
        });
        let errors = recorder.finish()?;
        let outcomes = match outcomes {
            Err(TrainerError::Stopped) => members.iter().map(|_| Err(TrainerError::Stopped)).collect(),
            outcomes => outcomes?,
        };
        Ok((outcomes, errors))
    }

    /// Records the end of a trial.
    fn end(
        &self,
        member: &Member<'_>,
        outcome: Result<Outcome, TrainerError>,
        dataset: &Dataset,
        split: &Split,
    ) -> Result<Ended, Error> {
        match outcome {
            Ok(outcome) => match run_result(dataset, split, &outcome) {
                Ok(result) => self.finish(member, result, &predictions(dataset, split, &outcome), &outcome),
                Err(problem) => self.fail(member, &problem),
            },
            Err(TrainerError::Stopped) => self.interrupt(member),
            Err(problem @ TrainerError::Diverged { epoch, step, .. }) => {
                self.diverge(member, [epoch as i64, step as i64], problem.to_string())
            }
            Err(problem) => self.fail(member, &problem.into()),
        }
    }

    fn finish(
        &self,
        member: &Member<'_>,
        result: RunResult,
        predictions: &[PredictionRow],
        outcome: &Outcome,
    ) -> Result<Ended, Error> {
        let artifact = run_folder::save_model(
            &self.context.locations.runs_folder,
            self.store.id(),
            member.run,
            &outcome.model,
        )?;
        self.runtime.block_on(self.store.finish_run(member.run, &result, predictions, &[artifact]))?;
        self.file(member).remove();
        Ok(Ended::Finished(Box::new(result)))
    }

    fn interrupt(&self, member: &Member<'_>) -> Result<Ended, Error> {
        self.runtime.block_on(self.store.interrupt_run(member.run))?;
        Ok(Ended::Interrupted)
    }

    /// Records a diverged trial; the checkpoint of its last good epoch becomes one of the run's files.
    fn diverge(&self, member: &Member<'_>, position: [i64; 2], reason: String) -> Result<Ended, Error> {
        let checkpoint = self.file(member).artifact();
        let reason = match &checkpoint {
            Some(file) => {
                format!("{reason}; the checkpoint of epoch {} is kept in {}", position[0] - 1, file.path)
            }
            None => reason,
        };
        let artifacts: Vec<_> = checkpoint.into_iter().collect();
        self.runtime.block_on(self.store.diverge_run(member.run, position, &reason, &artifacts))?;
        Ok(Ended::Diverged(reason))
    }

    /// Records a failed trial. After a temporary error it keeps its checkpoint. A run that another process took over keeps
    /// all its files.
    fn fail(&self, member: &Member<'_>, problem: &Error) -> Result<Ended, Error> {
        let (file, reason) = (self.file(member), problem.to_string());
        let is_resumable = is_temporary(problem) && file.exists();
        let recorded = self.runtime.block_on(async {
            match is_resumable {
                true => self.store.interrupt_run(member.run).await,
                false => self.store.fail_run(member.run, &reason).await,
            }
        });
        match recorded.map_err(Error::Store) {
            Err(problem) => self.end_alone(member, problem),
            Ok(()) if is_resumable => Ok(Ended::Failed(format!(
                "{reason}; run {} keeps its checkpoint; repeat the command to resume it",
                member.run
            ))),
            Ok(()) => {
                file.remove();
                Ok(Ended::Failed(reason))
            }
        }
    }
}

/// Whether an error may be temporary: it comes from a disk or a device, not from the trial.
fn is_temporary(problem: &Error) -> bool {
    use TrainerError::{DamagedCache, Device, Images, Weights};
    matches!(
        problem,
        Error::Device(_) | Error::Trainer(DamagedCache { .. } | Device(_) | Images(_) | Weights(_))
    )
}

/// Whether an error prevents storing results.
fn is_of_storage(problem: &Error) -> bool {
    matches!(
        problem,
        Error::Store(_)
            | Error::Runs(ranklab_runs::Error::Unsaved { .. })
            | Error::Trainer(TrainerError::Cache { .. })
    )
}

#[cfg(test)]
mod tests;

//! Claims the trials that this process trains next; other processes may work on the same plan.

use std::collections::BTreeSet;

use ranklab_settings::TrialConfig;
use ranklab_store::{Availability, Claim};

use crate::{
    Error,
    ahead::Ahead,
    event::SweepEvent,
    joining::can_join,
    memory::{self, AvailableMemory},
    plan::Plan,
    planned::PlanTrial,
    recorder::is_of_one_run,
    session::{Member, Session},
    summary::SweepSummary,
};

/// The trials of a plan that have not ended yet.
pub(crate) struct Claims<'a> {
    plan: &'a Plan,
    identities: &'a [String],
    waiting: Vec<usize>,
    /// Positions of trials that other processes train, as of the last query.
    taken: BTreeSet<usize>,
    /// Runs of other processes that a notice announced.
    announced: Vec<i64>,
}

impl<'a> Claims<'a> {
    pub(crate) fn new(plan: &'a Plan, identities: &'a [String]) -> Self {
        Self {
            plan,
            identities,
            waiting: (0..plan.trials.len()).collect(),
            taken: BTreeSet::new(),
            announced: Vec::new(),
        }
    }

    /// Number of trials that have not ended.
    pub(crate) fn left(&self) -> usize {
        self.waiting.len()
    }

    /// Number of trials that have no result yet, from any process.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn without_result(&self, session: &Session<'_>) -> Result<usize, Error> {
        let hashes: Vec<String> =
            self.waiting.iter().map(|&position| self.identities[position].clone()).collect();
        let known = session.runtime.block_on(session.store.availability(&hashes))?;
        let has_result =
            |known: &&Availability| matches!(known, Availability::Finished(_) | Availability::Diverged(_));
        Ok(known.len() - known.iter().filter(has_result).count())
    }

    /// Whether other processes train all trials that have not ended, as of the last query.
    pub(crate) fn are_taken(&self) -> bool {
        self.waiting.iter().all(|position| self.taken.contains(position))
    }

    /// Returns a claimed trial that was interrupted to the waiting ones.
    pub(crate) fn requeue(&mut self, position: usize) {
        self.waiting.push(position);
        self.waiting.sort_unstable();
    }

    /// Notes a trial that another process trains.
    fn is_taken(&mut self, position: usize, by: (i64, &str, i64), on_event: &mut dyn FnMut(SweepEvent)) {
        let (run, host, process) = by;
        self.taken.insert(position);
        if !self.announced.contains(&run) {
            self.announced.push(run);
            let label = &self.plan.trials[position].label;
            on_event(SweepEvent::Notice(format!(
                "{label}: process {process} on {host} trains it as run {run}"
            )));
        }
    }

    /// Claims up to `most` trials that train together; none if other processes train all that remain. Trials with an
    /// ended run are reported and dropped.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub(crate) fn next_group(
        &mut self,
        session: &Session<'_>,
        most: usize,
        summary: &mut SweepSummary,
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<Vec<Member<'a>>, Error> {
        let mut group: Vec<Member<'a>> = Vec::new();
        let available = memory::available();
        let mut waiting = Vec::new();
        self.taken.clear();
        let mut ahead = Ahead::default();
        let before = self.waiting.clone();
        for (index, &position) in before.iter().enumerate() {
            if group.len() >= most {
                waiting.extend(&before[index..]);
                break;
            }
            let (trial, identity) = (&self.plan.trials[position], &self.identities[position]);
            match ahead.of(&before[index..], self.identities, session)? {
                Availability::Running(by) if !by.lapsed => {
                    self.is_taken(position, (by.run, &by.host, by.process), on_event);
                    waiting.push(position);
                    continue;
                }
                Availability::Finished(run) => {
                    summary.skipped += 1;
                    on_event(SweepEvent::TrialSkipped { position, label: trial.label.clone(), run });
                    continue;
                }
                _ => {}
            }
            let joins = |member: &Member<'_>| {
                can_join(&member.trial.config, &trial.config) && *member.identity != *identity
            };
            if !group.iter().all(joins) || !fits(&group, trial, session, available)? {
                waiting.push(position);
                continue;
            }
            let label = trial.label.clone();
            let claim = match session.claim(trial, identity) {
                Ok(claim) => claim,
                Err(problem @ Error::Store(_)) if !is_of_one_run(&problem) => return Err(problem),
                Err(problem) => {
                    let reason = problem.to_string();
                    summary.failed.push((label.clone(), reason.clone()));
                    on_event(SweepEvent::TrialFailed { position, label, reason });
                    continue;
                }
            };
            match claim {
                Claim::New(run) | Claim::Continued(run) => {
                    let continued = matches!(claim, Claim::Continued(_));
                    group.push(Member { position, trial, identity, run, continued });
                    on_event(SweepEvent::TrialStarted { position, label, run });
                }
                Claim::Finished(run) => {
                    summary.skipped += 1;
                    on_event(SweepEvent::TrialSkipped { position, label, run });
                }
                Claim::Diverged(run) => {
                    let Some(reason) = session.failure(run)? else {
                        // The run was removed meanwhile, so the trial waits for another claim.
                        waiting.push(position);
                        continue;
                    };
                    summary.diverged.push((label.clone(), reason.clone()));
                    let reason = format!(
                        "{reason}; run {run} diverged earlier and is not retried; to retry it, delete it: `ranklab runs rm {run} --yes`"
                    );
                    on_event(SweepEvent::TrialDiverged { position, label, run, reason });
                }
                Claim::Taken { run, host, process } => {
                    waiting.push(position);
                    self.is_taken(position, (run, &host, process), on_event);
                }
            }
        }
        self.waiting = waiting;
        Ok(group)
    }
}

/// Whether a trial fits into memory together with a group. A single trial was checked before.
fn fits(
    group: &[Member<'_>],
    trial: &PlanTrial,
    session: &Session<'_>,
    available: Option<AvailableMemory>,
) -> Result<bool, Error> {
    if group.is_empty() {
        return Ok(true);
    }
    let images = session.sources.of(&trial.config)?.0.images.entries.len();
    let mut together: Vec<&TrialConfig> = group.iter().map(|member| &member.trial.config).collect();
    together.push(&trial.config);
    memory::fit(&together, images, available)
}

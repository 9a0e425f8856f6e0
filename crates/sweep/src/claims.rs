//! Which trials of a plan this process trains next; others may work on the same plan.

use std::collections::BTreeSet;

use ranklab_settings::TrialConfig;
use ranklab_store::{Availability, Claim};

use crate::{
    Error,
    event::SweepEvent,
    joining::can_join,
    memory::{self, Room},
    plan::Plan,
    planned::PlanTrial,
    recorder::is_of_one_run,
    session::{Member, Session},
    summary::SweepSummary,
};

/// The trials of a plan that are not settled yet.
pub(crate) struct Claims<'a> {
    plan: &'a Plan,
    identities: &'a [String],
    waiting: Vec<usize>,
    /// Trials that other processes train, as far as is known.
    taken: BTreeSet<usize>,
    /// Runs of other processes that a notice named.
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

    /// Trials that are not settled.
    pub(crate) fn left(&self) -> usize {
        self.waiting.len()
    }

    /// Takes a trial back that was claimed and not ended.
    pub(crate) fn give_back(&mut self, position: usize) {
        self.waiting.push(position);
        self.waiting.sort_unstable();
    }

    /// Asks, by reading alone, which trials other processes still train: a claim would take the lock that they write by.
    fn forget_released(&mut self, session: &Session<'_>) -> Result<(), Error> {
        let positions: Vec<usize> = self.taken.iter().copied().collect();
        let hashes: Vec<String> =
            positions.iter().map(|&position| self.identities[position].clone()).collect();
        let known = session.runtime.block_on(session.store.availability(&hashes))?;
        let is_held = |availability: &Availability| matches!(availability, Availability::Running(process) if !process.lapsed);
        self.taken =
            positions.into_iter().zip(&known).filter(|(_, known)| is_held(known)).map(|(at, _)| at).collect();
        Ok(())
    }

    /// Claims trials that train together, as many as there are up to `jobs`; none where others have all
    /// that are left. Trials that ended before are settled on the way.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub(crate) fn next_group(
        &mut self,
        session: &Session<'_>,
        summary: &mut SweepSummary,
        on_event: &mut dyn FnMut(SweepEvent),
    ) -> Result<Vec<Member<'a>>, Error> {
        let mut group: Vec<Member<'a>> = Vec::new();
        let room = memory::room();
        let mut kept = Vec::new();
        self.forget_released(session)?;
        for (index, &position) in self.waiting.iter().enumerate() {
            if group.len() >= session.context.jobs {
                kept.extend(&self.waiting[index..]);
                break;
            }
            if self.taken.contains(&position) {
                kept.push(position);
                continue;
            }
            let (trial, identity) = (&self.plan.trials[position], &self.identities[position]);
            let joins = |member: &Member<'_>| {
                can_join(&member.trial.config, &trial.config) && *member.identity != *identity
            };
            if !group.iter().all(joins) || !fits(&group, trial, session, room)? {
                kept.push(position);
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
                    on_event(SweepEvent::TrialStarted { position, label });
                }
                Claim::Finished(run) => {
                    summary.skipped += 1;
                    on_event(SweepEvent::TrialSkipped { position, label, run });
                }
                Claim::Diverged(run) => {
                    let Some(reason) = session.failure(run)? else {
                        // It was removed meanwhile, so that the trial is asked for again.
                        kept.push(position);
                        continue;
                    };
                    summary.diverged.push((label.clone(), reason.clone()));
                    let reason =
                        format!("{reason} (nothing is trained again; `ranklab runs rm {run} --yes` would)");
                    on_event(SweepEvent::TrialDiverged { position, label, run, reason });
                }
                Claim::Taken { run, host, process } => {
                    kept.push(position);
                    self.taken.insert(position);
                    if !self.announced.contains(&run) {
                        self.announced.push(run);
                        on_event(SweepEvent::Notice(format!(
                            "{label}: process {process} on {host} trains it as run {run}"
                        )));
                    }
                }
            }
        }
        self.waiting = kept;
        Ok(group)
    }
}

/// Whether a trial finds room in memory beside those of the group; alone it was asked before.
fn fits(
    group: &[Member<'_>],
    trial: &PlanTrial,
    session: &Session<'_>,
    room: Option<Room>,
) -> Result<bool, Error> {
    if group.is_empty() {
        return Ok(true);
    }
    let images = session.sources.of(&trial.config)?.0.images.entries.len();
    let mut together: Vec<&TrialConfig> = group.iter().map(|member| &member.trial.config).collect();
    together.push(&trial.config);
    memory::fit(&together, images, room)
}

//! Registers a sweep: opens its images and weights, computes configuration hashes, and writes the plan.

use std::collections::HashMap;

use ranklab_runs::{Sources, follow_images, locate, short_hash};
use ranklab_settings::{AnalysisPlan, first_version};
use ranklab_store::{PlanChangeRow, Registration, Store};
use tokio::runtime::Runtime;

use crate::{Error, context::Context, event::SweepEvent, memory, plan::Plan, planned::PlanTrial};

/// A registered sweep, whose trials can be claimed.
pub(crate) struct Registered {
    /// Trials with distinct configuration hashes.
    pub(crate) plan: Plan,
    pub(crate) sources: Sources,
    /// The configuration hash of each trial.
    pub(crate) identities: Vec<String>,
    /// The sweep's number.
    pub(crate) sweep: i64,
}

/// Opens the images and weights of a plan, drops trials that compute the same, and registers the sweep. A sweep that is
/// `known` by its number is registered again only if this version computes other configuration hashes.
///
/// # Errors
/// When images or weights cannot be read, when those of a resumed sweep have changed, and when the database cannot be
/// written.
pub(crate) fn register(
    plan: &Plan,
    known: Option<i64>,
    context: &Context,
    runtime: &Runtime,
    store: &Store,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<Registered, Error> {
    let mut plan = plan.clone();
    let mut sources = Sources::default();
    let mut sent: Vec<String> = Vec::new();
    for trial in &mut plan.trials {
        for notice in locate(&mut trial.config, &context.locations.runs_folder)? {
            if !sent.contains(&notice) {
                sent.push(notice.clone());
                on_event(SweepEvent::Notice(notice));
            }
        }
        sources
            .open(&trial.config, &context.locations, &context.stop, &mut |event| on_event(event.into()))?;
    }
    let mut carried = HashMap::new();
    for dataset in sources.datasets() {
        let former = dataset.former_hashes();
        carried.extend(runtime.block_on(follow_images(store, &dataset.images, &former))?);
    }
    let mut identities = Vec::new();
    for trial in &plan.trials {
        let identity = sources.identity(&trial.config)?;
        check_recorded(trial, &identity, &carried, &sources, runtime, store)?;
        identities.push(identity);
    }
    let is_as_recorded = plan
        .trials
        .iter()
        .zip(&identities)
        .all(|(trial, identity)| trial.recorded.as_ref() == Some(identity));
    let registered = plan.clone();
    let all_identities = identities.clone();
    let repeated = drop_repeated(&mut plan, &mut identities);
    for (label, first) in repeated {
        on_event(SweepEvent::Notice(format!("{label} computes the same as {first}; it is trained once")));
    }
    // A resumed sweep keeps its positions; a new one has no positions for dropped trials.
    let rows = match registered.registered {
        Some(_) => registered.rows(&all_identities),
        None => plan.rows(&identities),
    };
    if let Some(sweep) = known.filter(|_| is_as_recorded) {
        refuse_too_large(runtime, store, &plan, &identities, &sources)?;
        return Ok(Registered { plan, sources, identities, sweep });
    }
    let mut row = plan.sweep(&context.command);
    if let Some(known) = plan_hash_of_earlier_version(&row.plan_hash, &identities, context, runtime, store)? {
        row.plan_hash = known;
    }
    refuse_too_large(runtime, store, &plan, &identities, &sources)?;
    let Registration { sweep, plan_change } = runtime.block_on(store.register_sweep(&row, &rows))?;
    if let Some(change) = plan_change {
        on_event(SweepEvent::Notice(change_of_plan(sweep, &change)));
    }
    Ok(Registered { plan, sources, identities, sweep })
}

/// The message on a changed analysis plan.
fn change_of_plan(sweep: i64, change: &PlanChangeRow) -> String {
    let Some(before) = &change.old_plan else {
        return format!(
            "sweep {sweep} has no analysis plan: an earlier version registered it; its reports are exploratory"
        );
    };
    let differences = match (AnalysisPlan::from_json(before), AnalysisPlan::from_json(&change.new_plan)) {
        (Ok(before), Ok(plan)) => format!(" ({})", plan.differences(&before).join(", ")),
        // A plan of a later version has keys that this one cannot read.
        _ => String::new(),
    };
    format!(
        "the analysis plan of sweep {sweep} changed{differences}; the sweep keeps its first plan, and its reports are exploratory"
    )
}

/// The plan hash of these settings if an earlier version registered them. Earlier versions hashed settings as they were
/// written, with relative paths.
fn plan_hash_of_earlier_version(
    plan_hash: &str,
    identities: &[String],
    context: &Context,
    runtime: &Runtime,
    store: &Store,
) -> Result<Option<String>, Error> {
    for (sweep, trials) in runtime.block_on(store.sweeps_of(identities))? {
        // Settings that this version cannot read do not belong to this plan.
        let Ok(mut plan) = Plan::registered(&sweep, &trials) else { continue };
        plan.registered = None;
        for trial in &mut plan.trials {
            // A path that does not exist any more stays unchanged.
            let _ = locate(&mut trial.config, &context.locations.runs_folder);
        }
        if plan.hash() == plan_hash {
            return Ok(Some(sweep.plan_hash));
        }
    }
    Ok(None)
}

/// Keeps the first trial of each configuration hash, and returns the labels of dropped trials with that of the first.
fn drop_repeated(plan: &mut Plan, identities: &mut Vec<String>) -> Vec<(String, String)> {
    let mut first_of: HashMap<String, String> = HashMap::new();
    let mut repeated = Vec::new();
    let mut distinct = Vec::new();
    let mut trials = Vec::new();
    for (trial, identity) in plan.trials.drain(..).zip(identities.drain(..)) {
        match first_of.get(&identity) {
            Some(first) => repeated.push((trial.label, first.clone())),
            None => {
                first_of.insert(identity.clone(), trial.label.clone());
                distinct.push(identity);
                trials.push(trial);
            }
        }
    }
    (plan.trials, *identities) = (trials, distinct);
    repeated
}

/// Refuses to resume a trial whose images or weights have changed since it was registered.
fn check_recorded(
    trial: &PlanTrial,
    identity: &str,
    carried: &HashMap<String, String>,
    sources: &Sources,
    runtime: &Runtime,
    store: &Store,
) -> Result<(), Error> {
    let Some(recorded) = &trial.recorded else { return Ok(()) };
    let recorded = carried.get(recorded).unwrap_or(recorded);
    if recorded == identity {
        return Ok(());
    }
    let (dataset, weights) = sources.of(&trial.config)?;
    let former = dataset.former_hashes();
    let mut image_hashes = former.iter().chain([&dataset.images.hash]);
    if image_hashes.any(|images| first_version(&trial.config, images, &weights.hash) == *recorded) {
        // An earlier version registered the trial and never started it.
        return Ok(());
    }
    let changed = match runtime.block_on(store.newest_run(recorded))? {
        Some(run) if run.start.image_set_hash != dataset.images.hash => format!(
            "the images at {} had the hash {} for run {} and now have {}",
            trial.config.data.dataset,
            short_hash(&run.start.image_set_hash),
            run.id,
            short_hash(&dataset.images.hash)
        ),
        Some(run) if run.start.weights_hash != weights.hash => format!(
            "the weights {} had the hash {} for run {} and now have {}",
            trial.config.model.weights,
            short_hash(&run.start.weights_hash),
            run.id,
            short_hash(&weights.hash)
        ),
        _ => format!(
            "the images at {} or the weights {} have changed: the configuration hash was {} and now is {}",
            trial.config.data.dataset,
            trial.config.model.weights,
            short_hash(recorded),
            short_hash(identity)
        ),
    };
    Err(Error::ChangedSources(format!(
        "{}: {changed}; put back what the sweep was registered with, or repeat its command without --resume to use the present images and weights",
        trial.label
    )))
}

/// Refuses a plan with an unfinished trial that does not fit into memory even alone.
fn refuse_too_large(
    runtime: &Runtime,
    store: &Store,
    plan: &Plan,
    identities: &[String],
    sources: &Sources,
) -> Result<(), Error> {
    let mut left = Vec::new();
    for (trial, identity) in plan.trials.iter().zip(identities) {
        if runtime.block_on(store.finished_run(identity))?.is_none() {
            left.push(trial);
        }
    }
    memory::refuse_too_large(left.into_iter(), sources, memory::available())
}

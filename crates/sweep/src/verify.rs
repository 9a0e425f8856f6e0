//! Trains a recorded run again, from its row alone, and says where the two part.

use std::{fs, path::Path};

use ranklab_files::sha256;
use ranklab_runs::{
    DATABASE, DeviceOf, ImageNames, Locations, Sources, host, identity_of_run, locate, runtime, short_hash,
};
use ranklab_settings::{TrialConfig, first_version};
use ranklab_store::{RunRow, RunStatus, Store};

use crate::{
    Error,
    context::Context,
    differences::{
        Difference, OF_EARLIER_SUMS, differ_in_sums_only, first_epoch, first_step, of_predictions, of_results,
    },
    event::SweepEvent,
    plan::Plan,
    planned::PlanTrial,
    provenance::Code,
    summary::SweepSummary,
    work::execute,
};

/// How a run is verified.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifyRules {
    /// Also a run of another version of ranklab.
    pub any_version: bool,
}

/// What a verification found.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The run as it is recorded.
    pub run: RunRow,
    /// Epochs, metrics per step, and predictions of test and validation images that were compared.
    pub compared: [usize; 4],
    /// Where the two part, in the order of training; empty when they are identical.
    pub differences: Vec<Difference>,
}

/// Trains run `run` again in a folder of its own, which is removed, and compares. The recorded run is only read.
/// Feature caches of `context` are used and added to; everything else is made anew.
///
/// # Errors
/// When the run did not finish, when its images, weights, version or device are not at hand as they were, when it
/// was asked to stop, and when it cannot be trained again.
pub fn verify(
    run: i64,
    rules: &VerifyRules,
    context: &Context,
    device_of: DeviceOf<'_>,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<Option<Verification>, Error> {
    let runtime = runtime()?;
    let recorded = runtime.block_on(Store::open_read_only(&context.locations.database()))?;
    let row = runtime.block_on(recorded.runs(&[run]))?.remove(0);
    let mut config = config_of(&row, rules)?;
    for notice in locate(&mut config, &context.locations.runs_folder)? {
        on_event(SweepEvent::Notice(notice));
    }
    device_of(&config.device).map_err(|problem| {
        Error::NotVerified(format!("run {run} was trained on {}: {problem}", config.device))
    })?;
    tell_differences_of_place(&row, &context.code, on_event);

    let folder = tempfile::tempdir().map_err(|reason| ranklab_runs::Error::Io {
        action: "making a folder in",
        path: std::env::temp_dir(),
        reason,
    })?;
    let locations = Locations { runs_folder: folder.path().to_owned(), ..context.locations.clone() };
    let context = Context { locations, jobs: 1, ..context.clone() };
    let mut sources = Sources::default();
    sources.open(&config, &context.locations, &context.stop, &mut |event| on_event(event.into()))?;
    let names = check_sources(&row, &config, &sources)?;
    drop(sources);
    let plan = Plan {
        name: format!("verify {run}"),
        trials: vec![PlanTrial::new(row.start.label.clone(), config)],
        ..Plan::default()
    };
    let summary = execute(&plan, &context, device_of, on_event)?;
    if summary.left > 0 {
        return Ok(None);
    }
    let repeated = repeated(run, &summary)?;
    let again = runtime.block_on(Store::open_read_only(&folder.path().join(DATABASE)))?;
    let verification = runtime.block_on(compare(&recorded, row, &again, repeated, &names))?;
    runtime.block_on(async {
        again.close().await;
        recorded.close().await;
    });
    Ok(Some(verification))
}

/// The configuration of a run that can be trained again.
fn config_of(row: &RunRow, rules: &VerifyRules) -> Result<TrialConfig, Error> {
    let run = row.id;
    let refused = |reason: String| Err(Error::NotVerified(reason));
    if row.status != RunStatus::Finished {
        return refused(format!("run {run} is {}: only a finished run can be verified", row.status));
    }
    let here = env!("CARGO_PKG_VERSION");
    if row.start.version != here && !rules.any_version {
        return refused(format!(
            "run {run} was trained by ranklab {}, and this is {here}: verify it with that version, or add --any-version to see what this one makes of it",
            row.start.version
        ));
    }
    serde_json::from_str(&row.start.config).map_err(|problem| {
        Error::NotVerified(format!(
            "run {run} has a configuration of another version ({problem}): verify it with ranklab {}",
            row.start.version
        ))
    })
}

/// Other machines and commits may compute otherwise; that is told, and no reason not to try.
fn tell_differences_of_place(row: &RunRow, code: &Code, on_event: &mut dyn FnMut(SweepEvent)) {
    let here = host();
    if row.start.host != here {
        on_event(SweepEvent::Notice(format!(
            "run {} was trained on the host {}; another processor may round otherwise",
            row.id, row.start.host
        )));
    }
    if let (Some(then), Some(now)) = (&row.start.git_commit, &code.commit)
        && then != now
    {
        on_event(SweepEvent::Notice(format!(
            "run {} was trained by a program of commit {then}, this one is of {now}",
            row.id
        )));
    }
}

/// Refuses images and weights that are not those of the run. The names that its images have now, where an earlier
/// version gave them others.
fn check_sources(row: &RunRow, config: &TrialConfig, sources: &Sources) -> Result<ImageNames, Error> {
    let (dataset, weights) = sources.of(config)?;
    let renamed = row.start.image_set_hash != dataset.images.hash;
    for (what, name, then, now) in [
        ("images", &config.data.dataset, &row.start.image_set_hash, &dataset.images.hash),
        ("weights", &config.model.weights, &row.start.weights_hash, &weights.hash),
    ] {
        // A run of an earlier version in a database that cannot be written knows its images by another hash.
        let former = what == "images" && dataset.former_hashes().contains(then);
        if then != now && !former {
            return Err(Error::NotVerified(format!(
                "the {what} of run {} have changed: {name} had the hash {} and now has {}; put back those that it was trained with",
                row.id,
                short_hash(then),
                short_hash(now)
            )));
        }
    }
    let (then, now) = (&row.start.config_hash, sources.identity(config)?);
    let first = first_version(config, &row.start.image_set_hash, &row.start.weights_hash);
    if ![now, identity_of_run(config, row), first].contains(then) {
        return Err(Error::NotVerified(format!(
            "this version computes another configuration hash for run {} than it was recorded with: verify it with the commit that trained it{}",
            row.id,
            row.start.git_commit.as_ref().map_or(String::new(), |commit| format!(" ({commit})"))
        )));
    }
    Ok(if renamed { ImageNames::of(&dataset.images) } else { ImageNames::default() })
}

/// The repeated run's number.
fn repeated(run: i64, summary: &SweepSummary) -> Result<i64, Error> {
    let undone = summary.failed.iter().chain(&summary.diverged).next();
    match undone {
        Some((_, reason)) => {
            Err(Error::NotVerified(format!("run {run} could not be trained again: {reason}")))
        }
        // It is the first of an empty database.
        None => Ok(1),
    }
}

async fn compare(
    recorded: &Store,
    row: RunRow,
    again: &Store,
    repeated: i64,
    names: &ImageNames,
) -> Result<Verification, Error> {
    let run = row.id;
    let other = again.runs(&[repeated]).await?.remove(0);
    let mut differences = Vec::new();
    let steps = [recorded.step_metrics(run).await?, again.step_metrics(repeated).await?];
    let epochs = [recorded.epoch_metrics(run).await?, again.epoch_metrics(repeated).await?];
    let mut tests = [recorded.predictions(run).await?, again.predictions(repeated).await?];
    let mut validations =
        [recorded.validation_predictions(run).await?, again.validation_predictions(repeated).await?];
    for row in tests[0].iter_mut().chain(&mut validations[0]) {
        if let Some(name) = names.current(&row.image) {
            row.image = name.into();
        }
    }
    differences.extend(first_step(&steps).map(|how| Difference { what: "metrics per step", how }));
    differences.extend(first_epoch(&epochs).map(|how| Difference { what: "metrics per epoch", how }));
    let images = [("validation predictions", &validations), ("test predictions", &tests)];
    for (what, both) in images {
        // Earlier versions recorded none of validation images.
        if !both[0].is_empty() {
            differences.extend(of_predictions(both).map(|how| Difference { what, how }));
        }
    }
    let results = [&row.result, &other.result];
    differences.extend(of_results(results));
    if differ_in_sums_only(&differences, &epochs, results) {
        differences.iter_mut().for_each(|difference| difference.how += OF_EARLIER_SUMS);
    }
    let folder = recorded.path().parent().unwrap_or(Path::new("")).to_owned();
    for file in recorded.artifacts(run).await? {
        let found = fs::read(folder.join(&file.path)).map(sha256);
        let how = match found {
            Ok(hash) if hash == file.sha256 => continue,
            Ok(_) => format!("{} was changed since", file.path),
            Err(problem) => format!("{} cannot be read: {problem}", file.path),
        };
        differences.push(Difference { what: "stored file", how });
    }
    let epochs_compared = epochs[0].last().map_or(0, |metric| metric.epoch as usize);
    let compared = [epochs_compared, steps[0].len(), tests[0].len(), validations[0].len()];
    Ok(Verification { run: row, compared, differences })
}

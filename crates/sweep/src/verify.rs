//! Verifies a recorded run: trains it again from its row, and compares everything.

use std::{fs, path::Path};

use ranklab_data::Split;
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
        Difference, SUMS_EXPLANATION, differ_in_sums_only, first_epoch, first_step, prediction_differences,
        result_differences,
    },
    event::SweepEvent,
    plan::Plan,
    planned::PlanTrial,
    provenance::Code,
    summary::SweepSummary,
    work::execute,
};

/// Options of a verification.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifyRules {
    /// Whether runs of other versions of ranklab are verified.
    pub any_version: bool,
}

/// The result of a verification.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The recorded run.
    pub run: RunRow,
    /// Numbers of compared epochs, metrics per step, test predictions and validation predictions.
    pub compared: [usize; 4],
    /// The differences in the order of training; empty if the runs are identical.
    pub differences: Vec<Difference>,
}

/// Trains a run again in a temporary folder and compares the results. The recorded run is only read. Feature caches of
/// `context` are used and extended. Returns `None` after a request to stop.
///
/// # Errors
/// When the run is not finished, when its images, weights, version or device are missing or changed, and when it cannot
/// be trained again.
pub fn verify(
    run: i64,
    rules: &VerifyRules,
    context: &Context,
    device_of: DeviceOf<'_>,
    on_event: &mut dyn FnMut(SweepEvent),
) -> Result<Option<Verification>, Error> {
    let runtime = runtime()?;
    let recorded = runtime.block_on(Store::open_read_only(&context.database))?;
    let row = runtime.block_on(recorded.runs(&[run]))?.remove(0);
    let mut config = config_of(&row, rules)?;
    for notice in locate(&mut config, &context.locations.runs_folder)? {
        on_event(SweepEvent::Notice(notice));
    }
    device_of(&config.device).map_err(|problem| {
        Error::NotVerified(format!("run {run} was trained on {}: {problem}", config.device))
    })?;
    report_other_environment(&row, &context.code, on_event);

    let folder = tempfile::tempdir().map_err(|reason| ranklab_runs::Error::Io {
        action: "making a folder in",
        path: std::env::temp_dir(),
        reason,
    })?;
    let files = context.locations.runs_folder.clone();
    let locations = Locations { runs_folder: folder.path().to_owned(), ..context.locations.clone() };
    let database = folder.path().join(DATABASE);
    let context = Context { locations, database: database.into(), jobs: 1, ..context.clone() };
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
    let again = runtime.block_on(Store::open_read_only(&context.database))?;
    let verification = runtime.block_on(compare(&recorded, row, &files, &again, repeated, &names))?;
    runtime.block_on(async {
        again.close().await;
        recorded.close().await;
    });
    Ok(Some(verification))
}

/// The configuration of a run, if it can be trained again.
fn config_of(row: &RunRow, rules: &VerifyRules) -> Result<TrialConfig, Error> {
    let run = row.id;
    let refused = |reason: String| Err(Error::NotVerified(reason));
    if row.status != RunStatus::Finished {
        return refused(format!("run {run} is {}: only a finished run can be verified", row.status));
    }
    let here = env!("CARGO_PKG_VERSION");
    if row.start.version != here && !rules.any_version {
        return refused(format!(
            "run {run} was trained by ranklab {}, and this is {here}: verify it with that version, or add --any-version to verify it with this one",
            row.start.version
        ));
    }
    serde_json::from_str(&row.start.config).map_err(|problem| {
        Error::NotVerified(format!(
            "this version cannot read the configuration of run {run} ({problem}): verify it with ranklab {}",
            row.start.version
        ))
    })
}

/// Reports another machine or commit, which may compute other results.
fn report_other_environment(row: &RunRow, code: &Code, on_event: &mut dyn FnMut(SweepEvent)) {
    let here = host();
    if row.start.host != here {
        on_event(SweepEvent::Notice(format!(
            "run {} was trained on the host {}; another processor may round differently",
            row.id, row.start.host
        )));
    }
    if let (Some(then), Some(now)) = (&row.start.git_commit, &code.commit)
        && then != now
    {
        on_event(SweepEvent::Notice(format!(
            "run {} was trained by a program of commit {then}; this program is of commit {now}",
            row.id
        )));
    }
}

/// Refuses images and weights that have changed since the run. Returns the current names of its images if an earlier
/// version named them in other ways.
fn check_sources(row: &RunRow, config: &TrialConfig, sources: &Sources) -> Result<ImageNames, Error> {
    let (dataset, weights) = sources.of(config)?;
    let renamed = row.start.image_set_hash != dataset.images.hash;
    for (what, name, then, now) in [
        ("images", &config.data.dataset, &row.start.image_set_hash, &dataset.images.hash),
        ("weights", &config.model.weights, &row.start.weights_hash, &weights.hash),
    ] {
        // In a read-only database, a run of an earlier version may have another hash for its images.
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
    let then = &row.start.split_hash;
    if let Ok(split) = Split::new(&dataset.images, &config.data.split)
        && split.hash != *then
        && !renamed
    {
        return Err(Error::NotVerified(format!(
            "the split of run {} has changed: {} gave one with the hash {} and now gives {}; put back the parts that it was \
             trained with",
            row.id,
            config.data.dataset,
            short_hash(then),
            short_hash(&split.hash)
        )));
    }
    let (then, now) = (&row.start.config_hash, sources.identity(config)?);
    let first = first_version(config, &row.start.image_set_hash, &row.start.weights_hash);
    if ![now, identity_of_run(config, row), first].contains(then) {
        return Err(Error::NotVerified(format!(
            "this version computes a different configuration hash for run {}; verify it with the commit that trained it{}",
            row.id,
            row.start.git_commit.as_ref().map_or(String::new(), |commit| format!(" ({commit})"))
        )));
    }
    Ok(if renamed { ImageNames::of(&dataset.images) } else { ImageNames::default() })
}

/// The number of the repeated run.
fn repeated(run: i64, summary: &SweepSummary) -> Result<i64, Error> {
    let unfinished = summary.failed.iter().chain(&summary.diverged).next();
    match unfinished {
        Some((_, reason)) => {
            Err(Error::NotVerified(format!("run {run} could not be trained again: {reason}")))
        }
        // It is the first run of an empty database.
        None => Ok(1),
    }
}

/// Compares a recorded run, whose files are in the folder `files`, with its repetition.
async fn compare(
    recorded: &Store,
    row: RunRow,
    files: &Path,
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
        // Earlier versions recorded no predictions of validation images.
        if !both[0].is_empty() {
            differences.extend(prediction_differences(both).map(|how| Difference { what, how }));
        }
    }
    let results = [&row.result, &other.result];
    differences.extend(result_differences(results));
    if differ_in_sums_only(&differences, &epochs, results) {
        differences.iter_mut().for_each(|difference| difference.how += SUMS_EXPLANATION);
    }
    for file in recorded.artifacts(run).await? {
        let found = fs::read(files.join(&file.path)).map(sha256);
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

//! Trains a recorded run again, from its row alone, and says where the two part.

use std::{collections::BTreeMap, fs, path::Path};

use ranklab_store::{EpochMetric, PredictionRow, RunRow, RunStatus, StepMetric, Store};
use sha2::{Digest, Sha256};

use crate::{
    DATABASE, Error, TrialConfig,
    carry_over::{Names, of_row},
    event::SweepEvent,
    execute::{Context, DeviceOf, SweepSummary, execute},
    identity::first_version,
    paths::locate,
    plan::{Plan, PlanTrial},
    provenance::{Code, host},
    recorder::runtime,
    sources::Sources,
    trial::hexadecimal,
};

/// Metrics per epoch that measure the machine.
const OF_THE_MACHINE: [&str; 2] = ["seconds", "images_per_second"];

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

/// One place where the recorded and the repeated run part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub what: &'static str,
    /// How, in words.
    pub how: String,
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
    let recorded = runtime.block_on(Store::open_read_only(&context.runs_folder.join(DATABASE)))?;
    let row = runtime.block_on(recorded.runs(&[run]))?.remove(0);
    let mut config = config_of(&row, rules)?;
    for notice in locate(&mut config, &context.runs_folder)? {
        on_event(SweepEvent::Notice(notice));
    }
    device_of(&config.device).map_err(|problem| {
        Error::Setting(format!("run {run} was trained on {}: {problem}", config.device))
    })?;
    tell_differences_of_place(&row, &context.code, on_event);

    let folder = tempfile::tempdir().map_err(|source| Error::Io {
        action: "making a folder in",
        path: std::env::temp_dir(),
        source,
    })?;
    let context = Context { runs_folder: folder.path().to_owned(), jobs: 1, ..context.clone() };
    let mut sources = Sources::default();
    sources.open(&config, &context, on_event)?;
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
    let refused = |reason: String| Err(Error::Setting(reason));
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
        Error::Setting(format!(
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
fn check_sources(row: &RunRow, config: &TrialConfig, sources: &Sources) -> Result<Names, Error> {
    let (dataset, weights) = sources.of(config)?;
    let renamed = row.start.image_set_hash != dataset.images.hash;
    for (what, name, then, now) in [
        ("images", &config.data.dataset, &row.start.image_set_hash, &dataset.images.hash),
        ("weights", &config.model.weights, &row.start.weights_hash, &weights.hash),
    ] {
        // A run of an earlier version in a database that cannot be written knows its images by another hash.
        let former = what == "images" && dataset.former_hashes().contains(then);
        if then != now && !former {
            let short = |hash: &str| hash.chars().take(16).collect::<String>();
            return Err(Error::Setting(format!(
                "the {what} of run {} have changed: {name} had the hash {} and now has {}; put back those that it was trained with",
                row.id,
                short(then),
                short(now)
            )));
        }
    }
    let (then, now) = (&row.start.config_hash, sources.identity(config)?);
    let first = first_version(config, &row.start.image_set_hash, &row.start.weights_hash);
    if ![now, of_row(config, row), first].contains(then) {
        return Err(Error::Setting(format!(
            "this version computes another configuration hash for run {} than it was recorded with: verify it with the commit that trained it{}",
            row.id,
            row.start.git_commit.as_ref().map_or(String::new(), |commit| format!(" ({commit})"))
        )));
    }
    Ok(if renamed { Names::of(&dataset.images) } else { Names::default() })
}

/// The repeated run's number.
fn repeated(run: i64, summary: &SweepSummary) -> Result<i64, Error> {
    let undone = summary.failed.iter().chain(&summary.diverged).next();
    match undone {
        Some((_, reason)) => Err(Error::Setting(format!("run {run} could not be trained again: {reason}"))),
        // It is the first of an empty database.
        None => Ok(1),
    }
}

async fn compare(
    recorded: &Store,
    row: RunRow,
    again: &Store,
    repeated: i64,
    names: &Names,
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
        if let Some(name) = names.now(&row.image) {
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
    if let (Some(then), Some(now)) = (&row.result, &other.result) {
        if then.best_epoch != now.best_epoch {
            let how = format!("epoch {} was the best, now {}", then.best_epoch, now.best_epoch);
            differences.push(Difference { what: "best epoch", how });
        }
        if then.model_hash != now.model_hash {
            let how = format!("their hash was {}, now {}", then.model_hash, now.model_hash);
            differences.push(Difference { what: "weights", how });
        }
    }
    let folder = recorded.path().parent().unwrap_or(Path::new("")).to_owned();
    for file in recorded.artifacts(run).await? {
        let found = fs::read(folder.join(&file.path)).map(|bytes| hexadecimal(&Sha256::digest(bytes)));
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

/// Two numbers that a computer would tell apart; all that are no numbers are equal.
fn differ(then: f64, now: f64) -> bool {
    then.to_bits() != now.to_bits() && !(then.is_nan() && now.is_nan())
}

/// The first place in order at which two series part.
fn first_difference<K: Ord + Clone>(both: [BTreeMap<K, f64>; 2]) -> Option<(K, Option<f64>, Option<f64>)> {
    let [then, now] = both;
    let places: std::collections::BTreeSet<&K> = then.keys().chain(now.keys()).collect();
    places.into_iter().find_map(|place| {
        let values = (then.get(place).copied(), now.get(place).copied());
        let parted = match values {
            (Some(then), Some(now)) => differ(then, now),
            _ => true,
        };
        parted.then(|| (place.clone(), values.0, values.1))
    })
}

fn told(value: Option<f64>) -> String {
    value.map_or("nothing".to_owned(), |value| value.to_string())
}

fn first_step(both: &[Vec<StepMetric>; 2]) -> Option<String> {
    let series = both.each_ref().map(|metrics| {
        metrics
            .iter()
            .map(|metric| ((metric.step, metric.metric.clone(), metric.epoch), metric.value))
            .collect()
    });
    let ((step, metric, epoch), then, now) = first_difference(series)?;
    Some(format!("from step {step} in epoch {epoch} on: {metric} was {}, now {}", told(then), told(now)))
}

fn first_epoch(both: &[Vec<EpochMetric>; 2]) -> Option<String> {
    let series = both.each_ref().map(|metrics| {
        let computed = metrics.iter().filter(|metric| !OF_THE_MACHINE.contains(&metric.metric.as_str()));
        computed.map(|metric| ((metric.epoch, metric.metric.clone()), metric.value)).collect()
    });
    let ((epoch, metric), then, now) = first_difference(series)?;
    Some(format!("from epoch {epoch} on: {metric} was {}, now {}", told(then), told(now)))
}

fn of_predictions(both: &[Vec<PredictionRow>; 2]) -> Option<String> {
    let [then, now] = both
        .each_ref()
        .map(|rows| rows.iter().map(|row| (&*row.image, row.probability)).collect::<BTreeMap<&str, f64>>());
    let shared = then.iter().filter_map(|(image, then)| Some((*then, *now.get(image)?)));
    let parted: Vec<f64> =
        shared.filter(|(then, now)| differ(*then, *now)).map(|(then, now)| (then - now).abs()).collect();
    let lost = then.keys().filter(|image| !now.contains_key(*image)).count();
    let added = now.keys().filter(|image| !then.contains_key(*image)).count();
    if parted.is_empty() && lost + added == 0 {
        return None;
    }
    let largest = parted.iter().copied().fold(0.0, f64::max);
    let mut how = format!("{} of {} differ, by {largest:e} at most", parted.len(), then.len());
    if lost + added > 0 {
        how += &format!("; {lost} images are missing and {added} are new");
    }
    Some(how)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: i64, value: f64) -> StepMetric {
        StepMetric { epoch: 1, step, metric: "loss".to_owned(), value }
    }

    fn prediction(image: &str, probability: f64) -> PredictionRow {
        PredictionRow { image: image.into(), patient: "C1".into(), label: 1, probability }
    }

    #[test]
    fn the_first_place_where_two_runs_part_is_told_to_the_last_bit() {
        let almost = f64::from_bits(0.25f64.to_bits() + 1);
        let series = |last: f64| vec![step(1, 0.5), step(2, f64::NAN), step(3, last)];
        assert_eq!(first_step(&[series(0.25), series(0.25)]), None);
        assert_eq!(
            first_step(&[series(0.25), series(almost)]).unwrap(),
            "from step 3 in epoch 1 on: loss was 0.25, now 0.25000000000000006"
        );
        assert_eq!(
            first_step(&[series(0.25), series(0.25)[..2].to_vec()]).unwrap(),
            "from step 3 in epoch 1 on: loss was 0.25, now nothing"
        );
        let epoch = |metric: &str, value| EpochMetric { epoch: 1, metric: metric.to_owned(), value };
        assert_eq!(first_epoch(&[vec![epoch("seconds", 1.0)], vec![epoch("seconds", 2.0)]]), None);
        assert!(first_epoch(&[vec![epoch("train_loss", 1.0)], vec![epoch("train_loss", 2.0)]]).is_some());
    }

    #[test]
    fn differing_missing_and_new_predictions_are_counted() {
        let then = vec![prediction("a", 0.5), prediction("b", 0.25), prediction("c", 0.75)];
        assert_eq!(of_predictions(&[then.clone(), then.clone()]), None);
        let now = vec![prediction("a", 0.5), prediction("b", 0.5), prediction("d", 0.75)];
        assert_eq!(
            of_predictions(&[then, now]).unwrap(),
            "1 of 3 differ, by 2.5e-1 at most; 1 images are missing and 1 are new"
        );
    }
}

//! Updates runs of earlier versions to today's configuration hash, so that no run is trained again.

use std::collections::HashMap;

use ranklab_data::{ImageSet, Split};
use ranklab_settings::{Contents, TrialConfig, family, identity};
use ranklab_store::{CarriedOver, RunRow, Store};

use crate::{Error, image_names::ImageNames};

/// Updates runs with a configuration hash of an earlier definition to today's hash and family, from their rows. Rows
/// with settings that this version does not know stay unchanged.
///
/// # Errors
/// When the database cannot be written.
pub async fn carry_over(store: &Store) -> Result<(), Error> {
    if !store.has_outdated_runs().await? {
        return Ok(());
    }
    let runs = store.outdated_runs().await?;
    let carried: Vec<CarriedOver> = runs.iter().filter_map(with_current_hash).collect();
    // Unchanged rows must not make every command write.
    if !carried.is_empty() {
        store.carry_over(&carried).await?;
    }
    Ok(())
}

/// The current hash and family of a run, from its row; `None` if its settings are unknown.
fn with_current_hash(run: &RunRow) -> Option<CarriedOver> {
    let config: TrialConfig = serde_json::from_str(&run.start.config).ok()?;
    Some(CarriedOver {
        run: run.id,
        from: run.start.config_hash.clone(),
        config_hash: identity_of_run(&config, run),
        family: family(&config, &run.start.weights_hash),
        image_set_hash: run.start.image_set_hash.clone(),
        split_hash: run.start.split_hash.clone(),
        renamed: Vec::new(),
    })
}

/// The configuration hash of a run, computed from its row.
pub fn identity_of_run(config: &TrialConfig, run: &RunRow) -> String {
    // The row does not hold the contents of the adapter that training started from.
    if config.adapter.as_ref().is_some_and(|adapter| adapter.start.is_some()) {
        return run.start.config_hash.clone();
    }
    let contents = Contents {
        images: &run.start.image_set_hash,
        split: &run.start.split_hash,
        train_images: usize::try_from(run.start.train_images).unwrap_or(usize::MAX),
        weights: &run.start.weights_hash,
        start: None,
    };
    identity(config, contents)
}

/// Updates runs of earlier versions that used these images under other names and hashes. Returns their former
/// configuration hashes with the current ones. A run changes only if today's split puts every image into the same part.
///
/// # Errors
/// When the database cannot be read or written.
pub async fn follow_images(
    store: &Store,
    images: &ImageSet,
    former: &[String],
) -> Result<HashMap<String, String>, Error> {
    let names = ImageNames::of(images);
    let mut carried = Vec::new();
    for run in store.runs_on_images(former).await? {
        let Ok(config) = serde_json::from_str::<TrialConfig>(&run.start.config) else { continue };
        let Ok(split) = Split::new(images, &config.data.split) else { continue };
        if let Some(renamed) = renamed(store, &run, images, &split, &names).await? {
            let mut run = run;
            run.start.image_set_hash = images.hash.clone();
            run.start.split_hash = split.hash;
            let Some(today) = with_current_hash(&run) else { continue };
            carried.push(CarriedOver { renamed, ..today });
        }
    }
    if !carried.is_empty() {
        store.carry_over(&carried).await?;
    }
    Ok(carried.into_iter().map(|run| (run.from, run.config_hash)).collect())
}

/// The former and current names of a run's images; `None` if the run tested or validated on images other than those of
/// `split`.
async fn renamed(
    store: &Store,
    run: &RunRow,
    images: &ImageSet,
    split: &Split,
    names: &ImageNames,
) -> Result<Option<Vec<(String, String)>>, Error> {
    let counts = [run.start.train_images, run.start.validation_images, run.start.test_images];
    if counts != [&split.train, &split.validation, &split.test].map(|part| part.len() as i64) {
        return Ok(None);
    }
    let recorded = [store.predictions(run.id).await?, store.validation_predictions(run.id).await?];
    let mut renamed = Vec::new();
    for (rows, part) in recorded.iter().zip([&split.test, &split.validation]) {
        // An unfinished run has no such rows.
        if rows.is_empty() {
            continue;
        }
        let mut recorded_names: Vec<&str> = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(name) = names.current(&row.image) else { return Ok(None) };
            recorded_names.push(name);
            if *row.image != *name {
                renamed.push((row.image.to_string(), name.to_owned()));
            }
        }
        recorded_names.sort_unstable();
        let mut expected: Vec<&str> = part.iter().map(|&image| images.entries[image].name.as_str()).collect();
        expected.sort_unstable();
        if recorded_names != expected {
            return Ok(None);
        }
    }
    Ok(Some(renamed))
}

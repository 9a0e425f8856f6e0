//! Runs that an earlier version knew by another hash: found under today's, so that nothing is trained again.

use std::collections::HashMap;

use ranklab_data::{ImageSet, Split};
use ranklab_settings::{Contents, TrialConfig, family, identity};
use ranklab_store::{CarriedOver, RunRow, Store};

use crate::{Error, names::Names};

/// Gives runs whose configuration hash follows an earlier definition the hash and the family of today's, from what
/// their rows hold. Rows whose settings this version does not know stay as they are.
///
/// # Errors
/// When the database cannot be written.
pub async fn carry_over(store: &Store) -> Result<(), Error> {
    if !store.has_outdated_runs().await? {
        return Ok(());
    }
    let runs = store.outdated_runs().await?;
    let carried: Vec<CarriedOver> = runs.iter().filter_map(under_todays_definition).collect();
    // Rows that stay as they are must not make every command write.
    if !carried.is_empty() {
        store.carry_over(&carried).await?;
    }
    Ok(())
}

/// A run by what its row holds; `None` where its settings are not known.
fn under_todays_definition(run: &RunRow) -> Option<CarriedOver> {
    let config: TrialConfig = serde_json::from_str(&run.start.config).ok()?;
    Some(CarriedOver {
        run: run.id,
        from: run.start.config_hash.clone(),
        config_hash: of_row(&config, run),
        family: family(&config, &run.start.weights_hash),
        image_set_hash: run.start.image_set_hash.clone(),
        split_hash: run.start.split_hash.clone(),
        renamed: Vec::new(),
    })
}

/// The configuration hash of a run by its row.
pub fn of_row(config: &TrialConfig, run: &RunRow) -> String {
    let contents = Contents {
        images: &run.start.image_set_hash,
        split: &run.start.split_hash,
        train_images: usize::try_from(run.start.train_images).unwrap_or(usize::MAX),
        weights: &run.start.weights_hash,
    };
    identity(config, contents)
}

/// Gives runs on these images that know them by the names and hashes of an earlier version those of today, and returns
/// their configuration hashes, before and now. A run stays as it is unless today's settings put every image where it
/// put it.
///
/// # Errors
/// When the database cannot be read or written.
pub async fn follow_images(
    store: &Store,
    images: &ImageSet,
    former: &[String],
) -> Result<HashMap<String, String>, Error> {
    let names = Names::of(images);
    let mut carried = Vec::new();
    for run in store.runs_on_images(former).await? {
        let Ok(config) = serde_json::from_str::<TrialConfig>(&run.start.config) else { continue };
        let Ok(split) = Split::new(images, &config.data.split) else { continue };
        if let Some(renamed) = renamed(store, &run, images, &split, &names).await? {
            let mut run = run;
            run.start.image_set_hash = images.hash.clone();
            run.start.split_hash = split.hash;
            let Some(today) = under_todays_definition(&run) else { continue };
            carried.push(CarriedOver { renamed, ..today });
        }
    }
    if !carried.is_empty() {
        store.carry_over(&carried).await?;
    }
    Ok(carried.into_iter().map(|run| (run.from, run.config_hash)).collect())
}

/// The images of a run under their names before and now; `None` where it tested or validated on others than `split`
/// would.
async fn renamed(
    store: &Store,
    run: &RunRow,
    images: &ImageSet,
    split: &Split,
    names: &Names,
) -> Result<Option<Vec<(String, String)>>, Error> {
    let counts = [run.start.train_images, run.start.validation_images, run.start.test_images];
    if counts != [&split.train, &split.validation, &split.test].map(|part| part.len() as i64) {
        return Ok(None);
    }
    let recorded = [store.predictions(run.id).await?, store.validation_predictions(run.id).await?];
    let mut renamed = Vec::new();
    for (rows, part) in recorded.iter().zip([&split.test, &split.validation]) {
        // A run that did not end has none of these.
        if rows.is_empty() {
            continue;
        }
        let mut found: Vec<&str> = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(name) = names.now(&row.image) else { return Ok(None) };
            found.push(name);
            if *row.image != *name {
                renamed.push((row.image.to_string(), name.to_owned()));
            }
        }
        found.sort_unstable();
        let mut expected: Vec<&str> = part.iter().map(|&image| images.entries[image].name.as_str()).collect();
        expected.sort_unstable();
        if found != expected {
            return Ok(None);
        }
    }
    Ok(Some(renamed))
}

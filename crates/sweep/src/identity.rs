//! The configuration hash: one hash for one computation, however its settings are written.
//!
//! Version 2 hashes what a trial computes. Version 1 hashed the settings as they were written, so that `rank=2` and
//! `rank=2+2+2`, or PEFT's preset and its particulars, counted as different work.

use ranklab_trainer::{OptimizerKind, SelectBy, TrainingConfig};
use ranklab_zoo::AdapterConfig;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::trial::{TrialConfig, hexadecimal, write_sorted};

/// The definition of the hash that [`identity`] follows.
pub(crate) const VERSION: i64 = 2;

/// What the settings name, by its contents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contents<'a> {
    /// Hash of the images used.
    pub(crate) images: &'a str,
    /// Hash over which image is trained on, validated on and tested on.
    pub(crate) split: &'a str,
    /// Training images.
    pub(crate) train_images: usize,
    /// Hash of the trunk's weights.
    pub(crate) weights: &'a str,
}

/// The hash that stands for all that a trial computes. Other images at the same path make another trial, the same
/// images at another path do not; neither do settings that come to the same split, batches or adapters.
pub(crate) fn identity(config: &TrialConfig, contents: Contents<'_>) -> String {
    let most = contents.train_images.max(1);
    let training = TrainingConfig { batch_size: config.training.batch_size.min(most), ..config.training.clone() };
    hash(&json!({
        "adapter": config.adapter.as_ref().map(adapter),
        "architecture": config.model.architecture.name(),
        "device": config.device,
        "image_size": config.data.image_size,
        "images": contents.images,
        "resize": config.data.resize.name(),
        "split": contents.split,
        "training": normal_training(&training),
        "version": VERSION,
        "weights": contents.weights,
    }))
}

/// The hash of what settings say by themselves, with images and weights by their names.
pub(crate) fn of_settings(config: &TrialConfig) -> String {
    hash(&settings(config))
}

/// Runs whose families are equal differ in seeds, in the fold and in images at most: on the same images they are
/// repeats of one another. The settings in their normal form as canonical JSON, with weights by their contents.
pub(crate) fn family(config: &TrialConfig, weights_hash: &str) -> String {
    let mut value = settings(config);
    value["model"]["weights"] = json!(weights_hash);
    if let Some(data) = value["data"].as_object_mut() {
        for named_by_contents in ["dataset", "limit", "synthetic"] {
            data.remove(named_by_contents);
        }
    }
    for (table, repeated) in [(&["data", "split"][..], &["seed", "fold"][..]), (&["training"], &["seed"])] {
        let table = table.iter().try_fold(&mut value, |value, name| value.get_mut(name));
        if let Some(table) = table.and_then(Value::as_object_mut) {
            for key in repeated {
                table.remove(*key);
            }
        }
    }
    canonical(&value)
}

/// The hash by the first definition, which rows of databases before schema 5 have.
pub(crate) fn first_version(config: &TrialConfig, images_hash: &str, weights_hash: &str) -> String {
    let mut contents = config.clone();
    contents.data.dataset = images_hash.to_owned();
    contents.data.limit = None;
    contents.data.synthetic = ranklab_data::SyntheticConfig::default();
    contents.model.weights = weights_hash.to_owned();
    hexadecimal(&Sha256::digest(contents.canonical_json()))
}

/// The settings in their normal form.
fn settings(config: &TrialConfig) -> Value {
    let mut data = serde_json::to_value(&config.data).unwrap_or(Value::Null);
    if let Some(split) = data.get_mut("split").and_then(Value::as_object_mut) {
        for fraction in ["test_fraction", "validation_fraction"] {
            if let Some(value) = split.get_mut(fraction) {
                *value = json!(value.as_f64().map(unsigned_zero));
            }
        }
    }
    json!({
        "adapter": config.adapter.as_ref().map(adapter),
        "data": data,
        "device": config.device,
        "model": config.model,
        "training": normal_training(&config.training),
    })
}

/// An adapter by what it computes. A preset is a name for particulars and adds nothing to them. The delta path's
/// geometry is left out: all convolutions of VGG16 are of stride 1 and "same", which both choices come to.
fn adapter(config: &AdapterConfig) -> Value {
    let ranks = config.rank.per_layer(&config.layers).unwrap_or_default();
    let scales: Vec<f64> = ranks.iter().map(|rank| config.scale(*rank)).collect();
    json!({
        "activation": config.activation,
        "dora": config.dora,
        "dropout": unsigned_zero(config.dropout),
        "initialisation": config.initialisation,
        "layers": config.layers,
        "ranks": ranks,
        "scales": scales,
    })
}

/// Training by what it computes: momentum is SGD's alone, and of one epoch each rule selects the first.
fn normal_training(config: &TrainingConfig) -> TrainingConfig {
    let defaults = TrainingConfig::default();
    let momentum = if config.optimizer == OptimizerKind::Sgd { config.momentum } else { defaults.momentum };
    let select_by = if config.epochs == 1 { SelectBy::default() } else { config.select_by };
    TrainingConfig {
        weight_decay: unsigned_zero(config.weight_decay),
        momentum: unsigned_zero(momentum),
        head_dropout: unsigned_zero(config.head_dropout),
        batch_norm_momentum: unsigned_zero(config.batch_norm_momentum),
        select_by,
        ..config.clone()
    }
}

/// A negative zero is the same number, and is written otherwise.
fn unsigned_zero(number: f64) -> f64 {
    number + 0.0
}

fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_sorted(value, &mut text);
    text
}

fn hash(value: &Value) -> String {
    hexadecimal(&Sha256::digest(canonical(value)))
}

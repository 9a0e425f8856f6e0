//! The configuration hash: trials that compute the same have the same hash, however their settings are written.
//!
//! Version 2 hashes what a trial computes. Version 1 hashed the settings as they were written, so that `rank=2` and
//! `rank=2+2+2`, or PEFT's preset and its options, counted as different work.

use serde_json::{Value, json};

use crate::{
    adapter::AdapterConfig,
    canonical::{canonical, sha256},
    data::SyntheticConfig,
    training::{OptimizerKind, SelectBy, TrainingConfig},
    trial::TrialConfig,
};

/// Version of the hash that [`identity`] computes.
pub const IDENTITY_VERSION: i64 = 2;

/// Hashes of the images, the split and the weights that the settings name.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// Hash of the images used.
    pub images: &'a str,
    /// Hash of the split: the part of each image.
    pub split: &'a str,
    /// Number of training images.
    pub train_images: usize,
    /// Hash of the trunk's weights.
    pub weights: &'a str,
    /// Hash of the adapter that training starts from; `None` for fresh factors.
    pub start: Option<&'a str>,
}

/// The configuration hash of a trial. It depends on the contents of images and weights, not on their paths. Settings
/// that give equal splits, batches and adapters give equal hashes.
pub fn identity(config: &TrialConfig, contents: Contents<'_>) -> String {
    let most = contents.train_images.max(1);
    let training =
        TrainingConfig { batch_size: config.training.batch_size.min(most), ..config.training.clone() };
    let mut value = json!({
        "adapter": config.adapter.as_ref().map(adapter),
        "architecture": config.model.architecture.name(),
        "device": config.device,
        "image_size": config.data.image_size,
        "images": contents.images,
        "resize": config.data.resize.name(),
        "split": contents.split,
        "training": normal_training(&training),
        "version": IDENTITY_VERSION,
        "weights": contents.weights,
    });
    // The default rule is left out: runs of earlier versions keep their hashes.
    if !config.data.group.is_default() {
        value["group"] = json!(config.data.group);
    }
    if !config.precision.is_default() {
        value["precision"] = json!(config.precision);
    }
    // So is the start, where there is none.
    if let Some(start) = contents.start {
        value["adapter"]["start"] = json!(start);
    }
    hash(&value)
}

impl TrialConfig {
    /// SHA-256 of the settings in their normal form, in hexadecimal digits. Images and weights enter with their names;
    /// [`identity`] uses their contents instead.
    pub fn hash(&self) -> String {
        hash(&settings(self))
    }
}

/// The family of a trial: its settings in their normal form as canonical JSON, without seeds, fold and images, and with
/// weights by their contents. Runs of one family on the same images are repeats of each other.
pub fn family(config: &TrialConfig, weights_hash: &str) -> String {
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

/// The hash by its first definition, as in databases before schema 5.
pub fn first_version(config: &TrialConfig, images_hash: &str, weights_hash: &str) -> String {
    let mut contents = config.clone();
    contents.data = contents.data.without_words();
    contents.data.dataset = images_hash.to_owned();
    contents.data.limit = None;
    contents.data.synthetic = SyntheticConfig::default();
    contents.model.weights = weights_hash.to_owned();
    sha256(contents.canonical_json())
}

/// The settings in their normal form.
fn settings(config: &TrialConfig) -> Value {
    let mut data = serde_json::to_value(config.data.without_words()).unwrap_or(Value::Null);
    if let Some(split) = data.get_mut("split").and_then(Value::as_object_mut) {
        for fraction in ["test_fraction", "validation_fraction"] {
            if let Some(value) = split.get_mut(fraction) {
                *value = json!(value.as_f64().map(unsigned_zero));
            }
        }
    }
    let mut value = json!({
        "adapter": config.adapter.as_ref().map(adapter),
        "data": data,
        "device": config.device,
        "model": config.model,
        "training": normal_training(&config.training),
    });
    // Left out like the default of the rule for groups.
    if !config.precision.is_default() {
        value["precision"] = json!(config.precision);
    }
    value
}

/// The settings of an adapter that affect its results. The preset is left out, since its options are included. The
/// delta path's geometry is left out, since every convolution of VGG16 has stride 1 and "same" padding.
fn adapter(config: &AdapterConfig) -> Value {
    let ranks = config.rank.per_layer(&config.layers).unwrap_or_default();
    let scales: Vec<f64> = ranks.iter().map(|rank| config.scale(*rank)).collect();
    let mut value = json!({
        "activation": config.activation,
        "dora": config.dora,
        "dropout": unsigned_zero(config.dropout),
        "initialisation": config.initialisation,
        "layers": config.layers,
        "ranks": ranks,
        "scales": scales,
    });
    if let Some(start) = &config.start {
        value["start"] = json!(start);
    }
    value
}

/// The settings of training that affect its results. Only SGD uses momentum, and every rule selects a single epoch.
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

/// Turns a negative zero into zero, which is equal and has another text.
fn unsigned_zero(number: f64) -> f64 {
    number + 0.0
}

fn hash(value: &Value) -> String {
    sha256(canonical(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Experiment;

    const CONTENTS: Contents<'static> =
        Contents { images: "images", split: "split", train_images: 1000, weights: "weights", start: None };

    fn config(overrides: &[&str]) -> TrialConfig {
        let experiment = Experiment::default().with_overrides(overrides).unwrap();
        experiment.resolve_all().unwrap().remove(0).1
    }

    fn of(overrides: &[&str]) -> String {
        identity(&config(overrides), CONTENTS)
    }

    #[test]
    fn equal_work_has_one_hash_however_it_is_written() {
        for (one, other) in [
            (&["rank=2"][..], &["rank=2+2+2"][..]),
            (
                &["layers=block5_conv1+block5_conv3", "rank=16+4"],
                &["layers=block5_conv3+block5_conv1", "rank=4+16"],
            ),
            (&["layers=block5+block5_conv2", "rank=3"], &["layers=block5", "rank=3"]),
            (&["lr=0.01"], &["lr=0.01000000001"]),
            (&["lr=0.0003"], &["lr=3.00000000001e-4"]),
            (&["dropout=0.5", "head_dropout=0.1"], &["dropout=0.50000000001", "head_dropout=0.10000000001"]),
            (&["batch_norm_momentum=0.9"], &["batch_norm_momentum=0.90000000001"]),
            (&["weight_decay=0.001"], &["weight_decay=0.00100000000001"]),
            (&["rank=4", "scaling=one"], &["scaling=alpha_over_rank", "rank=4", "alpha=4.0000000001"]),
            (
                &["preset=peft", "rank=8"],
                &[
                    "rank=8",
                    "initialisation=kaiming_zero",
                    "scaling=alpha_over_rank",
                    "alpha=8",
                    "activation=relu",
                ],
            ),
            (&["preset=peft"], &["preset=peft", "delta_geometry=stride_one_same"]),
            (&[], &["delta_geometry=layer"]),
            (&[], &["preset=peft", "rank=5", "initialisation=glorot", "scaling=one", "activation=none"]),
            // alpha/rank is 1 as well.
            (&["rank=16"], &["rank=16", "scaling=alpha_over_rank", "alpha=16"]),
            (&["rank=16", "scaling=alpha_over_sqrt_rank", "alpha=4"], &["rank=16", "alpha=7"]),
            (
                &["rank=16", "scaling=alpha_over_sqrt_rank", "alpha=8"],
                &["rank=16", "scaling=alpha_over_rank", "alpha=32"],
            ),
            (
                &["weight_decay=-0.0", "dropout=-0", "head_dropout=0"],
                &["weight_decay=0", "head_dropout=-0e0"],
            ),
            (&["epochs=1", "select_by=last_epoch"], &["epochs=1", "select_by=validation_loss"]),
            (&["momentum=0.9"], &["momentum=0.1"]),
            (&["batch=1000"], &["batch=4096"]),
            (&["split=random", "folds=7", "fold=3"], &[]),
            (&["split=given", "folds=7", "fold=3", "test_fraction=0.3"], &["split=given"]),
            (&["model=model_4", "rank=3", "dora=true"], &["model=model_4", "preset=peft"]),
            (&["dataset=/a/b", "weights=/x"], &["dataset=/c", "weights=imagenet", "limit=5000"]),
            (&["lr=0.005"], &["lr=5e-3"]),
            (&["precision=f32"], &[]),
            (&["layers=all", "precision=int8"], &["layers=all"]),
        ] {
            assert_eq!(of(one), of(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn other_work_has_another_hash() {
        let all: Vec<&[&str]> = vec![
            &[],
            &["rank=2"],
            &["rank=2+2+3"],
            &["rank=3+2+2"],
            &["layers=block5_conv3"],
            &["layers=block5_conv1+block5_conv3", "rank=4+16"],
            &["layers=block5_conv3+block5_conv1", "rank=4+16"],
            &["preset=peft"],
            &["preset=peft", "alpha=16"],
            &["initialisation=kaiming_zero"],
            &["activation=relu"],
            &["dora=true"],
            &["dropout=0.1"],
            &["image_size=96"],
            &["resize=antialias"],
            &["optimizer=sgd"],
            &["optimizer=sgd", "momentum=0.9"],
            &["optimizer=adam"],
            &["lr=0.01"],
            &["weight_decay=0.01"],
            &["epochs=1"],
            &["select_by=last_epoch"],
            &["batch=64"],
            &["batch=999"],
            &["head_dropout=0"],
            &["batch_norm_momentum=0.9"],
            &["seed=1"],
            &["model=model_4"],
            &["device=tch"],
            &["precision=bf16"],
            &["precision=int16"],
            &["precision=int8"],
        ];
        let hashes: std::collections::HashSet<String> = all.iter().map(|overrides| of(overrides)).collect();
        assert_eq!(hashes.len(), all.len());
        let config = config(&[]);
        for contents in [
            Contents { images: "others", ..CONTENTS },
            Contents { split: "other", ..CONTENTS },
            Contents { weights: "others", ..CONTENTS },
        ] {
            assert_ne!(identity(&config, contents), identity(&config, CONTENTS));
        }
    }

    #[test]
    fn a_family_is_one_for_repeats_and_for_spellings() {
        let of = |overrides: &[&str]| family(&config(overrides), "weights");
        let base = of(&[]);
        for repeat in [
            &["seed=3"][..],
            &["split_seed=4"],
            &["dataset=/elsewhere", "limit=50"],
            &["rank=5+5+5"],
            &["delta_geometry=layer"],
            &["weights=/x"],
        ] {
            assert_eq!(of(repeat), base, "{repeat:?}");
        }
        assert_eq!(of(&["split=patient", "fold=1"]), of(&["split=patient", "fold=4"]));
        for other in
            [&["rank=4"][..], &["epochs=9"], &["split=patient"], &["test_fraction=0.2"], &["precision=int8"]]
        {
            assert_ne!(of(other), base, "{other:?}");
        }
    }

    #[test]
    fn words_of_reports_are_stored_and_change_no_hash() {
        let plain = ["positive=tumour", "negative=normal"];
        let named = [&plain[..], &["group_word=slide", "image_word=mouse/mice"]].concat();
        let (plain, named) = (config(&plain), config(&named));
        assert_eq!(named.hash(), plain.hash());
        assert_eq!(identity(&named, CONTENTS), identity(&plain, CONTENTS));
        assert_eq!(family(&named, "weights"), family(&plain, "weights"));
        assert_eq!(first_version(&named, "images", "weights"), first_version(&plain, "images", "weights"));
        let stored = named.canonical_json();
        assert!(stored.contains(r#""group_word":"slide""#), "{stored}");
        assert!(stored.contains(r#""image_word":"mouse/mice""#), "{stored}");
        assert_eq!(serde_json::from_str::<TrialConfig>(&stored).unwrap(), named);
        assert!(!plain.canonical_json().contains("_word"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// Layers in any order with their ranks, each named once, and any spelling of the scale.
        #[test]
        fn any_order_of_layers_and_any_spelling_of_the_scale_has_one_hash(
            picked in prop::collection::btree_map(0usize..13, 0u32..6, 1..5),
            seed in any::<u64>(), dora in any::<bool>(), exponent in -3i32..4,
        ) {
            let layers: Vec<String> = crate::Layer::all().map(|layer| layer.to_string()).collect();
            let mut pairs: Vec<(String, u32)> =
                picked.iter().map(|(layer, power)| (layers[*layer].clone(), 1 << power)).collect();
            let written = |pairs: &[(String, u32)]| {
                let layers: Vec<&str> = pairs.iter().map(|(layer, _)| layer.as_str()).collect();
                let ranks: Vec<String> = pairs.iter().map(|(_, rank)| rank.to_string()).collect();
                [format!("layers={}", layers.join("+")), format!("rank={}", ranks.join("+")), format!("dora={dora}")]
            };
            let sorted = written(&pairs);
            let shift = (seed % pairs.len() as u64) as usize;
            pairs.rotate_left(shift);
            if seed % 2 == 0 { pairs.reverse(); }
            let shuffled = written(&pairs);
            let all = |settings: &[String], more: &[&str]| {
                let overrides: Vec<&str> = settings.iter().map(String::as_str).chain(more.iter().copied()).collect();
                of(&overrides)
            };
            prop_assert_eq!(all(&sorted, &[]), all(&shuffled, &[]));
            let first = pairs[0].1;
            if pairs.iter().all(|(_, rank)| *rank == first) {
                // Powers of two divide without rounding.
                let alpha = format!("alpha={}", f64::from(first) * 2f64.powi(exponent));
                let scaled = all(&shuffled, &["scaling=alpha_over_rank", &alpha]);
                prop_assert_eq!(exponent == 0, scaled == all(&sorted, &[]));
            }
        }
    }
}

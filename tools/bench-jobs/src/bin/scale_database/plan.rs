//! Which trials a generated database holds.

use ranklab_store::NewRun;

/// Folds of a split by patient.
pub(crate) const FOLDS: usize = 5;

/// How runs are spread over configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Models, layers, ranks and presets, by both splits, with seeds and folds.
    Mixed,
    /// One configuration, one run per seed.
    Repeats,
    /// One run per configuration.
    Families,
}

impl Shape {
    pub(crate) fn named(name: &str) -> Option<Self> {
        [(Self::Mixed, "mixed"), (Self::Repeats, "repeats"), (Self::Families, "families")]
            .into_iter()
            .find_map(|(shape, known)| (known == name).then_some(shape))
    }
}

/// A run to be written.
pub(crate) struct Trial {
    pub(crate) run: NewRun,
    /// Seed of all that is random in it.
    pub(crate) stream: u64,
    /// How good its configuration is, in logits.
    pub(crate) skill: f64,
}

#[derive(Clone, Copy)]
struct Configuration {
    layers: Option<&'static str>,
    rank: i64,
    preset: &'static str,
    learning_rate: f64,
}

const CLASSICAL: Configuration =
    Configuration { layers: None, rank: 0, preset: "published", learning_rate: 0.005 };
const LAYERS: [&str; 3] = ["block5_conv3", "block5", "block4+block5"];
const RANKS: [i64; 8] = [1, 2, 4, 5, 8, 16, 32, 64];

/// So many trials of a shape, each of which tests so many cells.
pub(crate) fn trials(shape: Shape, runs: usize, epochs: usize, tested: usize) -> Vec<Trial> {
    let configurations = match shape {
        Shape::Mixed => mixed(),
        Shape::Repeats => vec![Configuration { layers: Some("block5"), rank: 5, ..CLASSICAL }],
        Shape::Families => (0..runs).map(one_of_many).collect(),
    };
    (0..runs)
        .map(|place| {
            let repeat = place / configurations.len();
            // Every second round of the mixed ones is one of folds.
            let (seed, fold) = match shape {
                Shape::Mixed if repeat % 2 == 1 => (repeat / 2 / FOLDS, Some(repeat / 2 % FOLDS)),
                Shape::Mixed => (repeat / 2, None),
                Shape::Repeats | Shape::Families => (repeat, None),
            };
            trial(place, configurations[place % configurations.len()], seed, fold, epochs, tested)
        })
        .collect()
}

fn mixed() -> Vec<Configuration> {
    let mut all = vec![CLASSICAL, Configuration { learning_rate: 0.001, ..CLASSICAL }];
    for layers in LAYERS {
        for preset in ["published", "peft"] {
            all.extend(RANKS.map(|rank| Configuration { layers: Some(layers), rank, preset, ..CLASSICAL }));
        }
    }
    all
}

/// model_4 once, then ranks and layers at ever other learning rates.
fn one_of_many(place: usize) -> Configuration {
    let Some(place) = place.checked_sub(1) else { return CLASSICAL };
    Configuration {
        layers: Some(LAYERS[place / RANKS.len() % LAYERS.len()]),
        rank: RANKS[place % RANKS.len()],
        preset: "published",
        learning_rate: 0.0001 * (1 + place / RANKS.len() / LAYERS.len()) as f64,
    }
}

fn trial(
    place: usize,
    configuration: Configuration,
    seed: usize,
    fold: Option<usize>,
    epochs: usize,
    tested: usize,
) -> Trial {
    let Configuration { layers, rank, preset, learning_rate } = configuration;
    let model = if layers.is_some() { "model_5" } else { "model_4" };
    let split = if fold.is_some() { "patient" } else { "random" };
    let adapter =
        layers.map(|layers| serde_json::json!({ "layers": layers, "rank": rank, "preset": preset }));
    let config = serde_json::json!({
        "adapter": adapter,
        "data": { "dataset": "generated", "image_size": 64, "resize": "opencv",
            "split": { "kind": split, "fold": fold, "folds": FOLDS, "seed": 0, "test_fraction": 0.1 } },
        "device": "flex",
        "model": { "architecture": model, "weights": "random" },
        "training": { "batch_norm_momentum": 0.99, "batch_size": 32, "epochs": epochs, "head_dropout": 0.5,
            "learning_rate": learning_rate, "optimizer": "adamax", "seed": seed,
            "select_by": "validation_accuracy", "weight_decay": 0.0 },
    });
    let images = 10 * tested as i64;
    let adapter_parameters = if layers.is_some() { 15_360 * rank } else { 0 };
    let leak = fold.is_none();
    Trial {
        run: NewRun {
            config_hash: format!("{place:064x}"),
            config: config.to_string(),
            label: format!("model={model} rank={rank} seed={seed}"),
            model: model.into(),
            layers: layers.map(Into::into),
            rank: layers.map(|_| rank),
            ranks: layers.map(|_| rank.to_string()),
            preset: layers.map(|_| preset.into()),
            optimizer: "adamax".into(),
            learning_rate,
            epochs: epochs as i64,
            batch_size: 32,
            seed: seed as i64,
            dataset: "generated".into(),
            synthetic: true,
            images,
            image_size: 64,
            resize: "opencv".into(),
            image_set_hash: "0".repeat(64),
            split: split.into(),
            fold: fold.map(|fold| fold as i64),
            split_hash: format!("{split} {fold:?}"),
            train_images: images * 8 / 10,
            validation_images: images / 10,
            test_images: tested as i64,
            train_patients: if leak { 200 } else { 160 },
            test_patients: 40,
            shared_patients: if leak { 40 } else { 0 },
            shared_test_images: if leak { tested as i64 } else { 0 },
            weights: "random".into(),
            weights_hash: "1".repeat(64),
            device: "flex".into(),
            host: "generated".into(),
            process: 1,
            version: "generated".into(),
            trainable_parameters: if layers.is_some() { 1_182_466 + adapter_parameters } else { 2_757_378 },
            frozen_parameters: 14_714_688,
            adapter_parameters,
            select_by: "validation_accuracy".into(),
            ..NewRun::default()
        },
        stream: 1 + place as u64,
        // Ranks from 8 on are alike.
        skill: 3.6 + 0.1 * (rank.min(8) as f64) + if preset == "peft" { 0.1 } else { 0.0 },
    }
}

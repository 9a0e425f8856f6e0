//! The keys of all settings, with their short names, limits and suggestions for unknown keys.

use strum::VariantNames as _;

use crate::{
    Error,
    adapter::{AdaptedActivation, DeltaGeometry, Initialisation, NO_START, Preset, Scaling},
    data::{Resize, SYNTHETIC, SplitKind},
    limits::Limits,
    model::{Architecture, NAMED_WEIGHTS},
    precision::Precision,
    ranks::Ranks,
    training::{OptimizerKind, SelectBy},
};

/// Number of trials that train together unless `jobs` is given.
pub const DEFAULT_JOBS: usize = 4;
/// Word that stands for several values of a setting that has a ladder.
pub(crate) const AUTO: &str = "auto";
/// The ladder of learning rates, as a list.
pub(crate) const LEARNING_RATES: &str = "0.00125,0.0025,0.005,0.01";
/// Names of devices.
const DEVICES: &[&str] = &["flex", "tch", "cuda", "wgpu"];

/// Kind and limits of a key's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A whole number from the first to the second, both included, and a multiple of the third.
    Whole(i64, i64, i64),
    /// A whole number from the first to the second, both included, or `none`.
    WholeOrNone(i64, i64),
    /// A number within limits.
    Number(Limits),
    /// Points of a percentage, within [`Limits::POINTS`].
    Points,
    /// `true` or `false`.
    Truth,
    /// One of these words, or the path of a file or folder. A path is a single value, with all its characters.
    Path(&'static [&'static str]),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The name of a class and its folder: a single value, with all its characters.
    FolderName,
    /// A regular expression, `none` or `column`: a single value, with all its characters.
    Pattern,
    /// A noun in the singular, or singular and plural: a single value.
    Word,
    /// A list of convolutions.
    Layers,
    /// One rank, or one per layer joined by `+`.
    Ranks,
    /// The settings of a baseline: a single value, with all its characters.
    Baseline,
    /// Keys of settings, joined by commas, or `none`.
    Settings,
}

/// The key of a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    /// Short name; often the last part of the path.
    pub short: &'static str,
    /// Path in an experiment file: table and key, joined by dots.
    pub path: &'static str,
    pub(crate) kind: Kind,
}

const fn key(short: &'static str, path: &'static str, kind: Kind) -> Key {
    Key { short, path, kind }
}

/// Largest seed: the largest whole number of a TOML file and of the database.
const LARGEST_SEED: i64 = i64::MAX;

const fn whole(least: i64, most: i64) -> Kind {
    Kind::Whole(least, most, 1)
}

/// The keys of all settings with their limits. Values above a limit are surely mistakes, which would take memory or
/// time without bound.
pub(crate) const KEYS: &[Key] = &[
    key("model", "model.architecture", Kind::Choice(Architecture::VARIANTS)),
    key("weights", "model.weights", Kind::Path(NAMED_WEIGHTS)),
    key("preset", "adapter.preset", Kind::Choice(Preset::VARIANTS)),
    key("layers", "adapter.layers", Kind::Layers),
    key("rank", "adapter.rank", Kind::Ranks),
    key("initialisation", "adapter.initialisation", Kind::Choice(Initialisation::VARIANTS)),
    key("scaling", "adapter.scaling", Kind::Choice(Scaling::VARIANTS)),
    key("alpha", "adapter.alpha", Kind::Number(Limits::ABOVE_ZERO)),
    key("activation", "adapter.activation", Kind::Choice(AdaptedActivation::VARIANTS)),
    key("delta_geometry", "adapter.delta_geometry", Kind::Choice(DeltaGeometry::VARIANTS)),
    key("dora", "adapter.dora", Kind::Truth),
    key("dropout", "adapter.dropout", Kind::Number(Limits::SHARE)),
    key("start", "adapter.start", Kind::Path(&[NO_START])),
    key("dataset", "data.dataset", Kind::Path(&[SYNTHETIC])),
    key("positive", "data.positive", Kind::FolderName),
    key("negative", "data.negative", Kind::FolderName),
    key("group", "data.group", Kind::Pattern),
    key("group_word", "data.group_word", Kind::Word),
    key("image_word", "data.image_word", Kind::Word),
    key("image_size", "data.image_size", Kind::Whole(32, 512, 32)),
    key("resize", "data.resize", Kind::Choice(Resize::VARIANTS)),
    key("limit", "data.limit", Kind::WholeOrNone(20, 10_000_000)),
    key("split", "data.split.kind", Kind::Choice(SplitKind::VARIANTS)),
    key("split_seed", "data.split.seed", whole(0, LARGEST_SEED)),
    key("test_fraction", "data.split.test_fraction", Kind::Number(Limits::PART)),
    key("validation_fraction", "data.split.validation_fraction", Kind::Number(Limits::PART)),
    key("folds", "data.split.folds", whole(2, 1000)),
    key("fold", "data.split.fold", whole(0, 999)),
    key("images", "data.synthetic.images", whole(20, 1_000_000)),
    key("patients", "data.synthetic.patients", whole(2, 100_000)),
    key("data_seed", "data.synthetic.seed", whole(0, LARGEST_SEED)),
    key("optimizer", "training.optimizer", Kind::Choice(OptimizerKind::VARIANTS)),
    key("lr", "training.learning_rate", Kind::Number(Limits::RATE)),
    key("weight_decay", "training.weight_decay", Kind::Number(Limits::FROM_ZERO)),
    key("momentum", "training.momentum", Kind::Number(Limits::SHARE)),
    key("epochs", "training.epochs", whole(1, 100_000)),
    key("batch", "training.batch_size", whole(2, 65_536)),
    key("head_dropout", "training.head_dropout", Kind::Number(Limits::SHARE)),
    key("batch_norm_momentum", "training.batch_norm_momentum", Kind::Number(Limits::SHARE)),
    key("seed", "training.seed", whole(0, LARGEST_SEED)),
    key("select_by", "training.select_by", Kind::Choice(SelectBy::VARIANTS)),
    key("precision", "precision", Kind::Choice(Precision::VARIANTS)),
    key("device", "device", Kind::Choice(DEVICES)),
];

/// The table of the analysis plan in an experiment file.
pub(crate) const ANALYSIS: &str = "analysis";

/// The keys of the analysis plan. They are not part of a trial and never vary.
pub(crate) const ANALYSIS_KEYS: &[Key] = &[
    key("baseline", "analysis.baseline", Kind::Baseline),
    key("margin", "analysis.margin", Kind::Points),
    key("sensitivity_margin", "analysis.sensitivity_margin", Kind::Points),
    key("specificity_margin", "analysis.specificity_margin", Kind::Points),
    key("significance", "analysis.significance", Kind::Number(Limits::PART)),
    key("planned_seeds", "analysis.planned_seeds", Kind::WholeOrNone(1, 10_000)),
    key("looks", "analysis.looks", whole(1, 1000)),
    key("tune", "analysis.tune", Kind::Settings),
];

/// The table of the Slurm job in an experiment file.
pub(crate) const SLURM: &str = "slurm";

/// A key of a Slurm job, which is no part of a trial and has one value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlurmKey {
    /// Name on a command line, and in the table.
    pub(crate) name: &'static str,
    /// Valid values, for errors and lists.
    pub(crate) fitting: &'static str,
}

const fn slurm(name: &'static str, fitting: &'static str) -> SlurmKey {
    SlurmKey { name, fitting }
}

/// The keys of a Slurm job.
pub(crate) const SLURM_KEYS: &[SlurmKey] = &[
    slurm("workers", "a whole number from 1 to 10000"),
    slurm("partition", "the name of a partition"),
    slurm("time", "a time such as 3h, 90m, 2d or 1-12:00:00, of a minute or more"),
    slurm("cpus", "a whole number from 1 to 4096"),
    slurm("gpus", "a number or a kind and a number, such as 1 or a100:1"),
    slurm("memory", "a number with a unit, such as 8G or 500M"),
    slurm("account", "the name of an account"),
    slurm("extra", "options of sbatch, such as --constraint=avx512"),
];

impl SlurmKey {
    /// Finds a key by its name, alone or after `slurm.`.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let name = name.strip_prefix("slurm.").unwrap_or(name);
        SLURM_KEYS.iter().find(|key| key.name == name).copied()
    }

    /// The error of an unknown key of the table.
    pub(crate) fn unknown(name: &str, file: String) -> Error {
        let names: Vec<String> = SLURM_KEYS.iter().map(|key| format!("{SLURM}.{}", key.name)).collect();
        let suggestion = suggest(name, names.iter().map(String::as_str));
        Error::UnknownKey { key: name.to_owned(), file, suggestion }
    }
}

/// The key of the number of trials that train together; it is not part of a trial.
pub(crate) const JOBS: &str = "jobs";

impl Key {
    /// Finds a key by its short name or path. The error names `file`: empty, or ` in FILE`.
    ///
    /// # Errors
    /// When there is no such key, with a suggestion.
    pub(crate) fn find(name: &str, file: &str) -> Result<Self, Error> {
        let last = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
        let exact = KEYS.iter().find(|key| key.short == name || key.path == name);
        // `learning_rate` and `batch_size` are clear without their table; `seed` is a short name.
        let tail = || KEYS.iter().find(|key| last(key.path) == name);
        exact.or_else(tail).copied().ok_or_else(|| {
            let names = KEYS.iter().flat_map(|key| [key.short, key.path, last(key.path)]).chain([JOBS]);
            let names = names
                .chain(ANALYSIS_KEYS.iter().map(|key| key.short))
                .chain(SLURM_KEYS.iter().map(|key| key.name));
            let suggestion = match Self::within_table(name).copied().or_else(|| Self::find_analysis(name)) {
                _ if name == JOBS => ": give it on the command line, as in `ranklab sweep jobs=2`".to_owned(),
                Some(key) => format!(": did you mean `{}`?", key.path),
                None => match SlurmKey::find(name) {
                    Some(key) => format!(": did you mean `{SLURM}.{}`?", key.name),
                    None => suggest(name, names),
                },
            };
            Error::UnknownKey { key: name.to_owned(), file: file.to_owned(), suggestion }
        })
    }

    /// Finds a key of the analysis plan by its short name or path.
    pub(crate) fn find_analysis(name: &str) -> Option<Self> {
        ANALYSIS_KEYS.iter().find(|key| key.short == name || key.path == name).copied()
    }

    /// The key that is named by its table and its short name, such as `training.lr`.
    fn within_table(name: &str) -> Option<&'static Self> {
        let (table, short) = name.rsplit_once('.')?;
        let is_in_table = |key: &&Self| {
            key.path.strip_prefix(table).is_some_and(|rest| rest.starts_with('.')) && key.short == short
        };
        KEYS.iter().find(is_in_table)
    }

    /// Whether `auto` stands for a ladder of values: for learning rates.
    pub(crate) fn has_ladder(&self) -> bool {
        self.path == "training.learning_rate"
    }

    /// The table that the key belongs to in an experiment file.
    pub(crate) fn table(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(table, _)| table)
    }

    /// The valid values, for an error: `a whole number from 1 to 100000`.
    pub(crate) fn fitting(&self) -> String {
        match self.kind {
            Kind::Choice(choices) => choices.join(" or "),
            Kind::Truth => "true or false".to_owned(),
            _ => self.describe(),
        }
    }

    /// The valid values, for a list of keys.
    pub(crate) fn describe(&self) -> String {
        match self.kind {
            Kind::Whole(least, most, 1) => format!("a whole number from {least} to {most}"),
            Kind::Whole(least, most, step) => format!("a multiple of {step} from {least} to {most}"),
            Kind::WholeOrNone(least, most) => format!("a whole number from {least} to {most}, or none"),
            Kind::Number(limits) => limits.to_string(),
            Kind::Points => format!("{}, in points", Limits::POINTS),
            Kind::Truth => "true, false".to_owned(),
            Kind::Path(names) => format!("{}, or a path", names.join(", ")),
            Kind::Choice(choices) => choices.join(", "),
            Kind::FolderName => "the name of a class".to_owned(),
            Kind::Pattern => "a regular expression with a bracket, none, or column".to_owned(),
            Kind::Word => "a singular noun, or singular/plural such as mouse/mice".to_owned(),
            Kind::Layers => "block1 to block5, block5_conv3, block4+block5, all".to_owned(),
            Kind::Ranks => {
                format!("a whole number from {} to {}, or one per layer: 4+8+16", Ranks::LEAST, Ranks::MOST)
            }
            Kind::Baseline => "a model or settings, such as `model_4` or `model_5 rank=4`".to_owned(),
            Kind::Settings => "settings of training or adapters, such as lr,weight_decay, or none".to_owned(),
        }
    }
}

/// `: did you mean …?` with the nearest of `names`, or how to list the keys.
pub(crate) fn suggest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = names
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, candidate)) if distance <= 1 + name.len() / 3 => {
            format!(": did you mean `{candidate}`?")
        }
        _ => "; `ranklab sweep --keys` lists the keys".to_owned(),
    }
}

/// The short name of the setting at a path of a configuration: `lr` for `training.learning_rate`.
pub fn short_name(path: &str) -> Option<&'static str> {
    KEYS.iter().find(|key| key.path == path).map(|key| key.short)
}

/// Short name, path and valid values of every key, as `ranklab sweep --keys` prints them.
pub fn describe_keys() -> String {
    let mut text = String::new();
    for key in KEYS {
        let ladder = if key.has_ladder() { format!(", or auto: {LEARNING_RATES}") } else { String::new() };
        text += &format!("  {:<20} {:<32} {}{ladder}\n", key.short, key.path, key.describe());
    }
    for key in ANALYSIS_KEYS {
        text += &format!("  {:<20} {:<32} {}\n", key.short, key.path, key.describe());
    }
    for SlurmKey { name, fitting } in SLURM_KEYS {
        text += &format!("  {name:<20} {:<32} {fitting}\n", format!("{SLURM}.{name}"));
    }
    let jobs = format!(
        "how many trials train together, from 1 (usually {DEFAULT_JOBS}); results do not depend on it"
    );
    text += &format!("  {JOBS:<20} {:<32} {jobs}\n", "");
    text += "\nA comma separates values (rank=1,5,16), 0..4 are the whole numbers from 0 to 4. A path is one value:\n\
             repeat the key for several (dataset=a dataset=b). An experiment file gives lists under [sweep].\n\
             The analysis plan (analysis.…) says how reports compare; it changes no trial.\n\
             The Slurm job (slurm.…) counts with --on slurm.\n";
    text
}

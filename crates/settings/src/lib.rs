//! Settings of trials: keys and limits, experiment files, layers, ranks, presets, the class scheme and configuration
//! hashes.

mod adapter;
mod analysis_plan;
mod analysis_settings;
mod assemble;
mod baseline;
mod canonical;
mod classes;
mod combination;
mod completion;
mod data;
mod error;
mod experiment;
mod experiment_file;
mod identity;
mod key;
mod layer;
mod layers;
mod limits;
mod model;
mod nested;
mod network;
mod noun;
mod nouns;
mod paths;
mod precision;
mod ranks;
mod shell;
mod slurm;
mod table;
mod threshold;
mod training;
mod trial;
mod value;

pub use adapter::{
    AdaptedActivation, AdapterConfig, AdapterSettings, DeltaGeometry, Initialisation, Preset, Scaling,
};
pub use analysis_plan::AnalysisPlan;
pub use baseline::Baseline;
pub use classes::{Class, ClassScheme, GroupRule};
pub use combination::Combination;
pub use completion::{Suggestion, path_in_setting, suggestions};
pub use data::{DataConfig, Resize, SYNTHETIC, SplitConfig, SplitKind, SyntheticConfig};
pub use error::Error;
pub use experiment::Experiment;
pub use identity::{Contents, IDENTITY_VERSION, family, first_version, identity};
pub use key::{DEFAULT_JOBS, Key, describe_keys, short_name};
pub use layer::Layer;
pub use layers::{LayerList, LayerSet};
pub use model::{Architecture, IMAGENET_WEIGHTS, ModelConfig, NAMED_WEIGHTS, RANDOM_WEIGHTS};
pub use network::Network;
pub use noun::Noun;
pub use nouns::{Nouns, Words};
pub use paths::{absolute, is_name};
pub use precision::Precision;
pub use ranks::Ranks;
pub use shell::shell_word;
pub use slurm::SlurmSettings;
pub use table::is_table;
pub use threshold::{ImportedThreshold, Probability};
pub use training::{OptimizerKind, SelectBy, TrainingConfig};
pub use trial::{LEFT_OUT, TrialConfig, default_settings};

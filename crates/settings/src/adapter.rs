//! Settings of adapters: presets, layers, ranks and every option of LoRAConv2D.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    Error,
    layers::{LayerList, LayerSet},
    ranks::Ranks,
};

/// Text that stands for no adapter to start from.
pub(crate) const NO_START: &str = "none";

/// Initial values of an adapter's factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Initialisation {
    /// Both factors are Glorot-uniform, as published: the initial model differs from the pretrained one.
    Glorot,
    /// A is Kaiming-uniform (a = √5) and B is zero, as in the LoRA paper and PEFT: the initial model equals the
    /// pretrained one.
    KaimingZero,
}

/// The factor on the adapter's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Scaling {
    /// 1, as published.
    One,
    /// alpha / rank (Hu et al. 2021, arXiv:2106.09685).
    AlphaOverRank,
    /// alpha / √rank (rsLoRA, Kalajdzievski 2023, arXiv:2312.03732).
    AlphaOverSqrtRank,
}

/// The activation after an adapted convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AdaptedActivation {
    /// No activation, as published: the pretrained ReLU is dropped.
    None,
    /// The pretrained ReLU.
    Relu,
}

/// Stride and padding of the delta path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeltaGeometry {
    /// Stride 1 and "same" padding for every layer, as published.
    StrideOneSame,
    /// Stride and padding of the adapted layer. Every convolution of VGG16 has stride 1 and "same" padding, so both
    /// choices compute equal results on this trunk.
    Layer,
}

/// A named set of adapter options.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Preset {
    /// The published LoRAConv2D.
    #[default]
    Published,
    /// PEFT's Conv2d LoRA.
    Peft,
}

impl Preset {
    /// The name used in configurations and reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Adapter settings as a user writes them; the preset fills absent ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdapterSettings {
    /// Named set of options.
    pub preset: Preset,
    /// Adapted convolutions in the order of their ranks; block5 when absent.
    pub layers: Option<LayerList>,
    /// Rank, one number or one per layer of `layers` as written; 5 (published) or 8 (PEFT) when absent.
    pub rank: Option<Ranks>,
    /// Initial values of the factors.
    pub initialisation: Option<Initialisation>,
    /// Factor on the adapter's output.
    pub scaling: Option<Scaling>,
    /// Alpha of the scaled forms.
    pub alpha: Option<f64>,
    /// Activation after an adapted convolution.
    pub activation: Option<AdaptedActivation>,
    /// Stride and padding of the delta path.
    pub delta_geometry: Option<DeltaGeometry>,
    /// Weight-decomposed adaptation (DoRA, Liu et al. 2024, arXiv:2402.09353).
    pub dora: Option<bool>,
    /// Dropout on the adapter's input, 0 to 1 (exclusive).
    pub dropout: Option<f64>,
    /// Folder of a PEFT adapter that training starts from; `none` or absent for fresh factors.
    pub start: Option<String>,
}

/// Complete adapter settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterConfig {
    /// The preset that the settings started from.
    pub preset: Preset,
    /// Adapted convolutions.
    pub layers: LayerSet,
    /// Rank, one number or one per adapted layer from the input on.
    pub rank: Ranks,
    /// Initial values of the factors.
    pub initialisation: Initialisation,
    /// Factor on the adapter's output.
    pub scaling: Scaling,
    /// Alpha of the scaled forms.
    pub alpha: f64,
    /// Activation after an adapted convolution.
    pub activation: AdaptedActivation,
    /// Stride and padding of the delta path.
    pub delta_geometry: DeltaGeometry,
    /// Weight-decomposed adaptation.
    pub dora: bool,
    /// Dropout on the adapter's input.
    pub dropout: f64,
    /// Folder of a PEFT adapter that training starts from, in place of fresh factors.
    // Left out where there is none: configurations of earlier versions keep their text and hashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
}

impl AdapterSettings {
    /// Fills what is absent from the preset and gives each layer its rank.
    ///
    /// # Errors
    /// When the number of ranks is neither 1 nor the number of adapted layers, or a layer is named twice beside several
    /// ranks.
    pub fn resolve(&self) -> Result<AdapterConfig, Error> {
        let published = self.preset == Preset::Published;
        let pick = |published_value, peft_value| if published { published_value } else { peft_value };
        let rank = self.rank.clone().unwrap_or_else(|| Ranks::same(if published { 5 } else { 8 }));
        let (layers, rank) = rank.assigned_to(&self.layers.clone().unwrap_or_default())?;
        Ok(AdapterConfig {
            preset: self.preset,
            layers,
            rank,
            initialisation: self.initialisation.unwrap_or(if published {
                Initialisation::Glorot
            } else {
                Initialisation::KaimingZero
            }),
            scaling: self.scaling.unwrap_or(if published { Scaling::One } else { Scaling::AlphaOverRank }),
            alpha: self.alpha.unwrap_or(pick(1.0, 8.0)),
            activation: self.activation.unwrap_or(if published {
                AdaptedActivation::None
            } else {
                AdaptedActivation::Relu
            }),
            delta_geometry: self.delta_geometry.unwrap_or(if published {
                DeltaGeometry::StrideOneSame
            } else {
                DeltaGeometry::Layer
            }),
            dora: self.dora.unwrap_or(false),
            dropout: self.dropout.unwrap_or(0.0),
            start: self.start.clone().filter(|start| start != NO_START),
        })
    }
}

impl AdapterConfig {
    /// The factor on an adapter of the given rank.
    pub fn scale(&self, rank: usize) -> f64 {
        match self.scaling {
            Scaling::One => 1.0,
            Scaling::AlphaOverRank => self.alpha / rank as f64,
            Scaling::AlphaOverSqrtRank => self.alpha / (rank as f64).sqrt(),
        }
    }
}

//! Settings of adapters: presets, layers, ranks and every particular of LoRAConv2D.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    Error,
    layers::{LayerList, LayerSet},
    ranks::Ranks,
};

/// How an adapter's factors start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Initialisation {
    /// A and B glorot-uniform, as published: the model starts changed.
    Glorot,
    /// A Kaiming-uniform (a = √5), B zero, as in the LoRA paper and PEFT: the model starts as the
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

/// What follows an adapted convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AdaptedActivation {
    /// Nothing, as published: the pretrained ReLU is lost.
    None,
    /// The pretrained ReLU stays.
    Relu,
}

/// Stride and padding of the delta path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeltaGeometry {
    /// Stride 1 and "same" padding whatever the layer's, as published.
    StrideOneSame,
    /// The layer's own. VGG16's convolutions are all stride 1 and "same", so that both choices
    /// compute the same thing on this trunk.
    Layer,
}

/// A named set of adapter particulars.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Preset {
    /// The posts' LoRAConv2D.
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

/// Adapter settings as a user writes them: whatever is absent comes from the preset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdapterSettings {
    /// Named set of particulars.
    pub preset: Preset,
    /// Adapted convolutions in the order of their ranks; block5 when absent.
    pub layers: Option<LayerList>,
    /// Rank, one number or one per layer of `layers` as written; 5 (published) or 8 (PEFT) when absent.
    pub rank: Option<Ranks>,
    /// How the factors start.
    pub initialisation: Option<Initialisation>,
    /// Factor on the adapter's output.
    pub scaling: Option<Scaling>,
    /// Alpha of the scaled forms.
    pub alpha: Option<f64>,
    /// What follows an adapted convolution.
    pub activation: Option<AdaptedActivation>,
    /// Stride and padding of the delta path.
    pub delta_geometry: Option<DeltaGeometry>,
    /// Weight-decomposed adaptation (DoRA, Liu et al. 2024, arXiv:2402.09353).
    pub dora: Option<bool>,
    /// Dropout on the adapter's input, 0 to 1 (exclusive).
    pub dropout: Option<f64>,
}

/// Adapter settings with nothing left open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterConfig {
    /// The preset that the settings started from.
    pub preset: Preset,
    /// Adapted convolutions.
    pub layers: LayerSet,
    /// Rank, one number or one per adapted layer from the input on.
    pub rank: Ranks,
    /// How the factors start.
    pub initialisation: Initialisation,
    /// Factor on the adapter's output.
    pub scaling: Scaling,
    /// Alpha of the scaled forms.
    pub alpha: f64,
    /// What follows an adapted convolution.
    pub activation: AdaptedActivation,
    /// Stride and padding of the delta path.
    pub delta_geometry: DeltaGeometry,
    /// Weight-decomposed adaptation.
    pub dora: bool,
    /// Dropout on the adapter's input.
    pub dropout: f64,
}

impl AdapterSettings {
    /// Fills what is absent from the preset and gives each layer its rank.
    ///
    /// # Errors
    /// When the number of ranks is neither 1 nor the number of adapted layers, and when a layer with a rank of its own
    /// is named twice.
    pub fn resolve(&self) -> Result<AdapterConfig, Error> {
        let published = self.preset == Preset::Published;
        let pick = |published_value, peft_value| if published { published_value } else { peft_value };
        let rank = self.rank.clone().unwrap_or_else(|| Ranks::same(if published { 5 } else { 8 }));
        let (layers, rank) = rank.given_to(&self.layers.clone().unwrap_or_default())?;
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

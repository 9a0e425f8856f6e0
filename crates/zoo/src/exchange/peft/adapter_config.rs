//! Writes the file `adapter_config.json` of PEFT's LoRA.

use ranklab_settings::{AdapterConfig, Layer, Scaling};
use serde_json::{Map, Value, json};

use crate::{Error, exchange::merged::module_name};

/// The version of PEFT whose files these are.
const PEFT_VERSION: &str = "0.21.2";
/// The module of the classifier, trained beside the adapters.
pub(super) const CLASSIFIER: &str = "classifier";

/// The file's bytes. It holds the settings that every version of PEFT since 0.10 reads; absent ones have its defaults.
///
/// A factor that PEFT has no word for, the published 1, is written as an alpha that equals the rank.
///
/// # Errors
/// When ranks and layers do not fit together.
pub(super) fn write(config: &AdapterConfig) -> Result<Vec<u8>, Error> {
    let ranks = config.rank.per_layer(&config.layers)?;
    let layers = config.layers.layers();
    let (rank, alpha) = (ranks[0], alpha(config, ranks[0]));
    let differing = |differs: &dyn Fn(usize) -> bool, value: &dyn Fn(usize) -> Value| -> Value {
        let pairs = layers.iter().zip(&ranks).filter(|(_, rank)| differs(**rank));
        let named = |(layer, rank): (&Layer, &usize)| (module_name(*layer), value(*rank));
        pairs.map(named).collect::<Map<String, Value>>().into()
    };
    let file = json!({
        "alpha_pattern": differing(
            &|other| self::alpha(config, other) != alpha, &|rank| number(self::alpha(config, rank)),
        ),
        "auto_mapping": null,
        "base_model_name_or_path": null,
        "bias": "none",
        "fan_in_fan_out": false,
        "inference_mode": true,
        "init_lora_weights": true,
        "layers_pattern": null,
        "layers_to_transform": null,
        "lora_alpha": number(alpha),
        "lora_dropout": config.dropout,
        "modules_to_save": [CLASSIFIER],
        "peft_type": "LORA",
        "peft_version": PEFT_VERSION,
        "r": rank,
        "rank_pattern": differing(&|other| other != rank, &|rank| rank.into()),
        "revision": null,
        "target_modules": layers.iter().map(|layer| module_name(*layer)).collect::<Vec<_>>(),
        "task_type": null,
        "use_dora": config.dora,
        "use_rslora": config.scaling == Scaling::AlphaOverSqrtRank,
    });
    let text = serde_json::to_string_pretty(&file)
        .map_err(|problem| Error::Setting(format!("adapter_config.json cannot be written: {problem}")))?;
    Ok(format!("{text}\n").into_bytes())
}

/// PEFT's alpha of an adapter of this rank.
fn alpha(config: &AdapterConfig, rank: usize) -> f64 {
    match config.scaling {
        Scaling::One => rank as f64,
        Scaling::AlphaOverRank | Scaling::AlphaOverSqrtRank => config.alpha,
    }
}

/// Whole numbers without a point, as PEFT writes them.
fn number(value: f64) -> Value {
    let whole = value as i64;
    if whole as f64 == value { whole.into() } else { value.into() }
}

#[cfg(test)]
mod tests {
    use ranklab_settings::{AdapterSettings, Preset};

    use super::*;

    fn written(settings: &AdapterSettings) -> Value {
        serde_json::from_slice(&write(&settings.resolve().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn the_published_scale_is_an_alpha_that_equals_each_rank() {
        let config = written(&AdapterSettings {
            layers: Some("block5_conv1+block5_conv3+block1_conv1".parse().unwrap()),
            rank: Some("4+8+4".parse().unwrap()),
            ..Default::default()
        });
        assert_eq!(config["target_modules"], json!(["features.0", "features.24", "features.28"]));
        assert_eq!((&config["r"], &config["lora_alpha"]), (&json!(4), &json!(4)));
        assert_eq!(config["rank_pattern"], json!({"features.28": 8}));
        assert_eq!(config["alpha_pattern"], json!({"features.28": 8}));
        assert_eq!(config["use_rslora"], false);
    }

    #[test]
    fn alpha_stays_as_it_is_where_peft_has_the_scaling() {
        let settings = AdapterSettings {
            preset: Preset::Peft,
            rank: Some("2+4+8".parse().unwrap()),
            scaling: Some(Scaling::AlphaOverSqrtRank),
            alpha: Some(1.5),
            dora: Some(true),
            dropout: Some(0.25),
            ..Default::default()
        };
        let config = written(&settings);
        assert_eq!((&config["lora_alpha"], &config["lora_dropout"]), (&json!(1.5), &json!(0.25)));
        assert_eq!(config["rank_pattern"], json!({"features.26": 4, "features.28": 8}));
        assert_eq!(config["alpha_pattern"], json!({}));
        assert_eq!((&config["use_rslora"], &config["use_dora"]), (&json!(true), &json!(true)));
        assert_eq!(written(&AdapterSettings { alpha: Some(16.0), ..settings })["lora_alpha"], json!(16));
    }
}

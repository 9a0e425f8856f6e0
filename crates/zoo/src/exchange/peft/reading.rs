//! Reads a PEFT folder of VGG16's convolutions.

use ranklab_settings::{AdapterConfig, AdapterSettings, Layer, LayerList, Preset, Ranks};
use safetensors::SafeTensors;

use super::{
    config_reading::PeftConfig,
    head_reading::head,
    imported::{Factors, ImportedAdapter},
    scales::{self, PeftScale},
    stored::{Stored, StoredAdapter, StoredTensors},
};
use crate::{
    Error,
    exchange::{
        description::Description,
        torch_layout::{reverse_axes, swap_colours},
    },
};

/// The files of a PEFT folder that an import reads.
#[derive(Clone, Copy, Debug)]
pub struct PeftFolder<'a> {
    /// [`super::ADAPTER_CONFIG_FILE`].
    pub config: &'a [u8],
    /// [`super::ADAPTER_FILE`].
    pub tensors: &'a [u8],
    /// [`super::DESCRIPTION_FILE`], which only an exported folder has.
    pub description: Option<&'a [u8]>,
}

/// Reads an adapter of VGG16's convolutions that PEFT trained, or that an export wrote: LoRA, with DoRA, rsLoRA, ranks
/// and alphas by module. The base model's convolutions are known by torchvision's names, and adapters of the first one
/// are taken to expect RGB, as torchvision does.
///
/// Alphas that differ between modules are multiplied into B.
///
/// # Errors
/// When a file is damaged, the adapter is of another kind or for another network, or a value is not finite.
pub fn read_peft(folder: &PeftFolder<'_>) -> Result<ImportedAdapter, Error> {
    // Names in a file may hold anything.
    read(folder).map_err(|problem| Error::Import(problem.replace(char::is_control, " ")))
}

fn read(folder: &PeftFolder<'_>) -> Result<ImportedAdapter, String> {
    let peft = PeftConfig::read(folder.config)?;
    let file = SafeTensors::deserialize(folder.tensors)
        .map_err(|problem| format!("adapter_model.safetensors is not whole ({problem})"))?;
    let stored = StoredTensors::sort(&file)?;
    let description = folder.description.map(Description::decode).transpose()?;
    let mut factors = stored
        .adapters
        .iter()
        .map(|(layer, adapter)| read_factors(*layer, adapter, &peft))
        .collect::<Result<Vec<_>, String>>()?;
    let peft_scales = stored
        .adapters
        .values()
        .zip(&factors)
        .map(|(adapter, factors)| {
            let alpha = peft.alpha(&adapter.module)?;
            let scale = PeftScale { alpha, rank: factors.rank, rank_stabilised: peft.use_rslora };
            scale.check(&adapter.module).map(|()| scale)
        })
        .collect::<Result<Vec<_>, String>>()?;
    let (scaling, alpha, multipliers) = scales::settings(&peft_scales);
    for (factors, multiplier) in factors.iter_mut().zip(multipliers) {
        if multiplier != 1.0 {
            factors.up.iter_mut().for_each(|value| *value = (f64::from(*value) * multiplier) as f32);
        }
        if !factors.up.iter().all(|value| value.is_finite()) {
            return Err(format!(
                "the alpha of {} multiplies its lora_B.weight beyond single precision",
                factors.layer
            ));
        }
    }
    let (layers, rank) = layers_and_ranks(&factors)?;
    let settings = AdapterSettings {
        preset: Preset::Peft,
        layers: Some(layers),
        rank: Some(rank),
        scaling: Some(scaling),
        alpha: Some(alpha),
        activation: description.as_ref().map(|description| description.activation),
        dora: Some(peft.use_dora),
        dropout: Some(peft.lora_dropout),
        ..AdapterSettings::default()
    };
    let config: AdapterConfig = settings.resolve().map_err(|problem| problem.to_string())?;
    let (head, left_out) = head(&stored)?;
    Ok(ImportedAdapter { config, factors, head, description, left_out })
}

/// Layers and ranks as settings write them.
fn layers_and_ranks(factors: &[Factors]) -> Result<(LayerList, Ranks), String> {
    let joined = |parts: Vec<String>| parts.join("+");
    let layers = joined(factors.iter().map(|factors| factors.layer.to_string()).collect());
    let ranks = joined(factors.iter().map(|factors| factors.rank.to_string()).collect());
    let wrong = |problem: ranklab_settings::Error| problem.to_string();
    Ok((layers.parse().map_err(wrong)?, ranks.parse().map_err(wrong)?))
}

fn read_factors(layer: Layer, adapter: &StoredAdapter<'_>, peft: &PeftConfig) -> Result<Factors, String> {
    let module = &adapter.module;
    let (inputs, outputs) = (layer.channels_in(), layer.channels_out());
    let down = part(&adapter.down, module, "lora_A.weight")?;
    let up = part(&adapter.up, module, "lora_B.weight")?;
    let rank = down.shape().first().copied().unwrap_or_default();
    let mut down = down.values(&[rank, inputs, 3, 3])?;
    let up = up.values(&[outputs, rank, 1, 1])?;
    let expected = peft.rank(module)?;
    if rank != expected {
        return Err(format!(
            "adapter_config.json says rank {expected} for `{module}`, and its tensors have rank {rank}"
        ));
    }
    let magnitude = match (&adapter.magnitude, peft.use_dora) {
        (Some(magnitude), true) => Some(magnitude.values(&[1, outputs, 1, 1])?),
        (None, false) => None,
        (None, true) => return Err(format!("`{module}` has no lora_magnitude_vector, which DoRA needs")),
        (Some(_), false) => {
            return Err(format!(
                "`{module}` has a lora_magnitude_vector, and adapter_config.json no use_dora"
            ));
        }
    };
    if layer.index() == 0 {
        swap_colours(&mut down);
    }
    let down = reverse_axes(&down, [rank, inputs, 9]);
    let up = reverse_axes(&up, [outputs, 1, rank]);
    Ok(Factors { layer, rank, down, up, magnitude })
}

fn part<'s, 'a>(stored: &'s Option<Stored<'a>>, module: &str, part: &str) -> Result<&'s Stored<'a>, String> {
    stored.as_ref().ok_or_else(|| format!("`{module}` has no {part}"))
}

#[cfg(test)]
mod tests {
    use ranklab_settings::{AdaptedActivation, Scaling};

    use super::*;
    use crate::exchange::tensor::{NamedTensor, safetensors_file};

    const CONFIG: &str = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4}"#;

    /// An adapter of rank 2 for `module`, which has the first convolution's shape.
    fn adapter(module: &str) -> Vec<NamedTensor> {
        let values = |count: usize| (0..count).map(|value| value as f32).collect();
        let name = |part: &str| format!("base_model.model.{module}.{part}");
        vec![
            NamedTensor::new(name("lora_A.weight"), &[2, 3, 3, 3], values(54)),
            NamedTensor::new(name("lora_B.weight"), &[64, 2, 1, 1], values(128)),
        ]
    }

    fn read_with(config: &str, tensors: &[NamedTensor]) -> Result<ImportedAdapter, String> {
        let tensors = safetensors_file(tensors, &[]).unwrap();
        let folder = PeftFolder { config: config.as_bytes(), tensors: &tensors, description: None };
        read_peft(&folder).map_err(|problem| {
            let problem = problem.to_string();
            assert!(problem.starts_with("the PEFT adapter cannot be imported: "), "{problem}");
            assert!(!problem.contains('\n'), "{problem}");
            problem
        })
    }

    fn refused(config: &str, tensors: &[NamedTensor], expected: &str) {
        let problem = read_with(config, tensors).unwrap_err();
        assert!(problem.contains(expected), "{problem}");
    }

    #[test]
    fn factors_come_in_our_layout_and_for_bgr() {
        let imported = read_with(CONFIG, &adapter("features.0")).unwrap();
        assert_eq!((imported.config.scaling, imported.config.alpha), (Scaling::AlphaOverRank, 4.0));
        assert_eq!(imported.config.activation, AdaptedActivation::Relu);
        let Factors { down, up, rank, .. } = &imported.factors[0];
        assert_eq!(*rank, 2);
        // [tap, colour, component]: A's first component holds 0 to 8 for red, which comes last here.
        assert_eq!((down[2 * 2], down[0], down[2 * 2 + 1]), (0.0, 18.0, 27.0));
        // [component, channel]: B holds two components a channel.
        assert_eq!(up[..3], [0.0, 2.0, 4.0]);
        assert_eq!(up[64..67], [1.0, 3.0, 5.0]);
        assert!(imported.head.is_none());
        // Alphas by module are multiplied into B.
        let two = [adapter("features.0"), block1_conv2()].concat();
        let config = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "alpha_pattern": {"features.2": 1}}"#;
        let imported = read_with(config, &two).unwrap();
        assert_eq!(imported.config.scaling, Scaling::One);
        assert_eq!(imported.config.layers.to_string(), "block1");
        assert_eq!(imported.factors[0].up[..3], [0.0, 4.0, 8.0]);
        assert_eq!(imported.factors[1].up[..3], [0.0, 1.0, 2.0]);
    }

    /// An adapter of rank 2 for the second convolution.
    fn block1_conv2() -> Vec<NamedTensor> {
        let name = |part: &str| format!("base_model.model.features.2.{part}");
        vec![
            NamedTensor::new(name("lora_A.weight"), &[2, 64, 3, 3], vec![0.0; 2 * 64 * 9]),
            NamedTensor::new(
                name("lora_B.weight"),
                &[64, 2, 1, 1],
                (0..128).map(|value| value as f32).collect(),
            ),
        ]
    }

    #[test]
    fn adapters_of_other_networks_and_damaged_ones_are_refused_in_one_line() {
        let good = adapter("features.0");
        refused(CONFIG, &adapter("layer4.0.conv1"), "it adapts `layer4.0.conv1`, which is none of VGG16's");
        refused(CONFIG, &adapter("a\nb"), "it adapts `a b`, which is none of VGG16's");
        refused(CONFIG, &adapter("features.5"), "shape [2, 3, 3, 3] instead of [2, 64, 3, 3]");
        refused(CONFIG, &good[..1], "`features.0` has no lora_B.weight");
        refused(CONFIG, &[], "it holds no adapter");
        refused(r#"{"peft_type": "LORA", "r": 4}"#, &good, "says rank 4 for `features.0`");
        let dora = r#"{"peft_type": "LORA", "r": 2, "use_dora": true}"#;
        refused(dora, &good, "no lora_magnitude_vector");
        refused(r#"{"peft_type": "VERA"}"#, &good, "says peft_type VERA");
        let twice = [good.clone(), adapter("model.features.0")].concat();
        refused(CONFIG, &twice, "it adapts block1_conv1 twice");
        let mut infinite = good.clone();
        infinite[0].values[3] = f32::NAN;
        refused(CONFIG, &infinite, "lora_A.weight` holds values that are not finite");
        let mut linear = good.clone();
        linear[0] = NamedTensor::new(linear[0].name.clone(), &[2, 27], linear[0].values.clone());
        refused(CONFIG, &linear, "shape [2, 27]");
        let foreign = [NamedTensor::new("features.0.weight", &[1], vec![0.0])];
        refused(CONFIG, &foreign, "is none of PEFT's");
        let bias = NamedTensor::new("base_model.model.features.0.lora_B.bias", &[64], vec![0.0; 64]);
        refused(CONFIG, &[good.clone(), vec![bias]].concat(), "of a kind that ranklab does not know");
        for alpha in ["1e300", "-1e39"] {
            let large = format!(r#"{{"peft_type": "LORA", "r": 2, "lora_alpha": {alpha}}}"#);
            refused(&large, &good, "for `features.0`, which is too large for single precision");
        }
        let two = [good.clone(), block1_conv2()].concat();
        let pattern = r#"{"peft_type": "LORA", "r": 2, "alpha_pattern": {"features.2": 1e300}}"#;
        refused(pattern, &two, "for `features.2`, which is too large for single precision");
        let pattern = r#"{"peft_type": "LORA", "r": 2, "alpha_pattern": {"features.2": 3e38}}"#;
        refused(pattern, &two, "the alpha of block1_conv2 multiplies its lora_B.weight beyond");
        let cut = PeftFolder { config: CONFIG.as_bytes(), tensors: b"not whole", description: None };
        assert!(read_peft(&cut).unwrap_err().to_string().contains("adapter_model.safetensors is not whole"));
        let whole = safetensors_file(&good, &[]).unwrap();
        let described = PeftFolder { config: CONFIG.as_bytes(), tensors: &whole, description: Some(b"{}") };
        assert!(read_peft(&described).unwrap_err().to_string().contains("ranklab.json"));
    }

    #[test]
    fn another_classifier_is_left_out_by_name() {
        let mut tensors = adapter("features.0");
        tensors.push(NamedTensor::new("base_model.model.classifier.0.weight", &[2, 512], vec![0.0; 1024]));
        let imported = read_with(CONFIG, &tensors).unwrap();
        assert!(imported.head.is_none());
        assert_eq!(imported.left_out, ["classifier.0.weight"]);
    }
}

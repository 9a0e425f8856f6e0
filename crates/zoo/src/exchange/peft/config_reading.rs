//! Reads the file `adapter_config.json` of PEFT's LoRA, and refuses what our adapters cannot compute.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{base_model::other_network, pattern::Patterns};

/// The kind of adapter that can be imported.
const LORA: &str = "LORA";
/// The option that names the network of the adapter.
const BASE_MODEL: &str = "base_model_name_or_path";
/// Options that change what an adapter computes or what is trained beside it.
const REFUSED: [&str; 11] = [
    "alora_invocation_tokens",
    "arrow_config",
    "kasa_config",
    "layer_replication",
    "lora_bias",
    "monteclora_config",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "use_qalora",
    "velora_config",
];
/// Named initialisations that leave the base model as it is; others change its weights.
const HARMLESS_STARTS: [&str; 4] = ["gaussian", "eva", "orthogonal", "true"];

/// What an import needs of the file; absent settings have PEFT's defaults.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(super) struct PeftConfig {
    peft_type: String,
    bias: String,
    init_lora_weights: Value,
    r: usize,
    lora_alpha: f64,
    rank_pattern: Patterns<usize>,
    alpha_pattern: Patterns<f64>,
    pub(super) lora_dropout: f64,
    pub(super) use_dora: bool,
    pub(super) use_rslora: bool,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Default for PeftConfig {
    fn default() -> Self {
        Self {
            peft_type: String::new(),
            bias: "none".to_owned(),
            init_lora_weights: true.into(),
            r: 8,
            lora_alpha: 8.0,
            rank_pattern: Patterns::default(),
            alpha_pattern: Patterns::default(),
            lora_dropout: 0.0,
            use_dora: false,
            use_rslora: false,
            others: Map::new(),
        }
    }
}

impl PeftConfig {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is no such file, or says something that our adapters cannot compute.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let config: Self = serde_json::from_slice(bytes)
            .map_err(|problem| format!("adapter_config.json is no settings file of PEFT ({problem})"))?;
        config.check().map_err(|problem| format!("adapter_config.json {problem}"))?;
        Ok(config)
    }

    /// Rank of a module's adapter.
    pub(super) fn rank(&self, module: &str) -> Result<usize, String> {
        Ok(self.rank_pattern.find(module)?.unwrap_or(self.r))
    }

    /// Alpha of a module's adapter.
    pub(super) fn alpha(&self, module: &str) -> Result<f64, String> {
        Ok(self.alpha_pattern.find(module)?.unwrap_or(self.lora_alpha))
    }

    /// In words that follow the file's name.
    fn check(&self) -> Result<(), String> {
        if self.peft_type != LORA {
            return Err(match self.peft_type.as_str() {
                "" => "names no peft_type: it is no settings file of PEFT".to_owned(),
                other => format!("says peft_type {other}; only {LORA} adapters can be imported"),
            });
        }
        if self.bias != "none" {
            return Err(format!(
                "says bias {}; only adapters that train no biases can be imported",
                self.bias
            ));
        }
        if let Some(Value::String(base)) = self.others.get(BASE_MODEL)
            && let Some(other) = other_network(base)
        {
            return Err(format!(
                "says {BASE_MODEL} {base}, and an adapter of {other} does not fit VGG16; if it is one of VGG16, put null there"
            ));
        }
        let is_set = |name: &&str| self.others.get(*name).is_some_and(is_set);
        if let Some(option) = REFUSED.iter().find(|name| is_set(name)) {
            return Err(format!("sets {option}, which adapters of ranklab do not have"));
        }
        if let Value::String(start) = &self.init_lora_weights
            && !HARMLESS_STARTS.contains(&start.as_str())
        {
            return Err(format!("says init_lora_weights {start}, which changes the frozen weights as well"));
        }
        if !(0.0..1.0).contains(&self.lora_dropout) {
            return Err(format!("says lora_dropout {}; it must be from 0 to below 1", self.lora_dropout));
        }
        Ok(())
    }
}

/// Whether an option is anything but absent, false or empty.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::Array(values) => !values.is_empty(),
        Value::Object(values) => !values.is_empty(),
        Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let problem = PeftConfig::read(text.as_bytes()).unwrap_err();
        assert!(!problem.contains('\n'), "{problem}");
        problem
    }

    #[test]
    fn settings_that_our_adapters_cannot_compute_are_refused_by_name() {
        assert!(refused("{}").contains("names no peft_type"));
        assert!(refused("[]").contains("no settings file of PEFT"));
        assert!(refused(r#"{"peft_type": "LORA", "r": -1}"#).contains("no settings file of PEFT"));
        assert!(refused(r#"{"peft_type": "LOHA"}"#).contains("says peft_type LOHA; only LORA"));
        assert!(refused(r#"{"peft_type": "LORA", "bias": "all"}"#).contains("says bias all"));
        assert!(refused(r#"{"peft_type": "LORA", "lora_bias": true}"#).contains("sets lora_bias"));
        assert!(refused(r#"{"peft_type": "LORA", "kasa_config": {"beta": 1}}"#).contains("sets kasa_config"));
        let pissa = refused(r#"{"peft_type": "LORA", "init_lora_weights": "pissa"}"#);
        assert!(pissa.contains("changes the frozen weights"), "{pissa}");
        let other = refused(r#"{"peft_type": "LORA", "base_model_name_or_path": "timm/vgg19.tv_in1k"}"#);
        assert!(other.contains("timm/vgg19.tv_in1k, and an adapter of vgg19 does not fit VGG16"), "{other}");
        assert!(refused(r#"{"peft_type": "LORA", "lora_dropout": 1.0}"#).contains("lora_dropout 1"));
    }

    #[test]
    fn absent_settings_are_those_of_peft_and_patterns_go_by_module() {
        let text = br#"{"peft_type": "LORA", "lora_bias": false, "rank_pattern": {"features.24": 2},
            "alpha_pattern": {"28": 1.5}, "a_setting_of_the_future": {}}"#;
        let config = PeftConfig::read(text).unwrap();
        assert_eq!((config.rank("features.24"), config.rank("features.28")), (Ok(2), Ok(8)));
        assert_eq!((config.alpha("features.24"), config.alpha("features.28")), (Ok(8.0), Ok(1.5)));
    }
}

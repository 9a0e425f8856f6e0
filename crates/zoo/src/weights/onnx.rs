//! The few fields of an ONNX file (protobuf) that hold its initializers.

use prost::Message;

use super::{LayerWeights, TrunkWeights, safetensors_file::floats};
use crate::layer::Layer;

/// `TensorProto.DataType.FLOAT`.
const FLOAT: i32 = 1;

/// `ModelProto`.
#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
}

/// `GraphProto`.
#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<Initializer>,
}

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
    let model = Model::decode(bytes).map_err(|problem| format!("it is not a whole ONNX file ({problem})"))?;
    let initializers = model.graph.map(|graph| graph.initializer).unwrap_or_default();
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
    let layers = Layer::all()
        .map(|layer| {
            Ok(LayerWeights {
                kernel: find(layer, "kernel", &[layer.channels_out(), layer.channels_in(), 3, 3])?,
                bias: find(layer, "bias", &[layer.channels_out()])?,
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    TrunkWeights::checked(layers)
}

/// An ONNX file with nothing but the trunk's initializers, for tests.
#[cfg(test)]
pub(super) fn write(weights: &TrunkWeights) -> Vec<u8> {
    let initializer = Layer::all()
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
    Model { graph: Some(Graph { initializer }) }.encode_to_vec()
}

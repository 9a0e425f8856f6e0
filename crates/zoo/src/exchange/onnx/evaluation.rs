//! Evaluates an ONNX file as the specification defines its operators, for tests.

use std::collections::HashMap;

use prost::Message as _;

use super::message::{AttributeProto, ModelProto, NodeProto};

/// A value of the graph.
#[derive(Clone)]
struct Value {
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// The output for 8-bit images of one shape.
pub(crate) fn evaluate(file: &[u8], images: &[u8], shape: &[usize]) -> Vec<f32> {
    let graph = ModelProto::decode(file).unwrap().graph.unwrap();
    let floats = |bytes: &[u8]| -> Vec<f32> {
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
    };
    let mut values: HashMap<String, Value> = graph
        .initializer
        .iter()
        .map(|tensor| {
            let shape: Vec<usize> = tensor.dims.iter().map(|size| *size as usize).collect();
            (tensor.name.clone(), Value { shape, values: floats(&tensor.raw_data) })
        })
        .collect();
    let input =
        Value { shape: shape.to_vec(), values: images.iter().map(|value| f32::from(*value)).collect() };
    values.insert(graph.input[0].name.clone(), input);
    for node in &graph.node {
        let inputs: Vec<&Value> = node.input.iter().map(|name| &values[name]).collect();
        let output = apply(node, &inputs);
        assert_eq!(output.values.len(), output.shape.iter().product::<usize>(), "{}", node.name);
        values.insert(node.output[0].clone(), output);
    }
    values.remove(&graph.output[0].name).unwrap().values
}

fn apply(node: &NodeProto, inputs: &[&Value]) -> Value {
    let attribute = |name: &str| -> &AttributeProto {
        node.attribute.iter().find(|attribute| attribute.name == name).unwrap()
    };
    let x = inputs[0];
    let each = |function: &dyn Fn(f32) -> f32| Value {
        shape: x.shape.clone(),
        values: x.values.iter().map(|value| function(*value)).collect(),
    };
    match node.op_type.as_str() {
        "Cast" => x.clone(),
        "Sub" => {
            let means = inputs[1].values.iter().cycle();
            let values = x.values.iter().zip(means).map(|(value, mean)| value - mean).collect();
            Value { shape: x.shape.clone(), values }
        }
        "Transpose" => {
            assert_eq!(attribute("perm").ints, [0, 3, 1, 2]);
            channels_first(x)
        }
        "Conv" => convolve(inputs, &attribute("pads").ints),
        "Relu" => each(&|value| value.max(0.0)),
        "LeakyRelu" => {
            let slope = attribute("alpha").f;
            each(&|value| if value < 0.0 { slope * value } else { value })
        }
        "MaxPool" => {
            assert_eq!(
                (&attribute("kernel_shape").ints[..], &attribute("strides").ints[..]),
                (&[2, 2][..], &[2, 2][..])
            );
            pool(x)
        }
        "Flatten" => {
            Value { shape: vec![x.shape[0], x.shape[1..].iter().product()], values: x.values.clone() }
        }
        "Gemm" => {
            assert_eq!(attribute("transB").i, 1);
            multiply(inputs)
        }
        "BatchNormalization" => normalise(inputs, attribute("epsilon").f),
        "Softmax" => softmax(x),
        other => panic!("unknown operator {other}"),
    }
}

fn channels_first(x: &Value) -> Value {
    let [batch, height, width, channels] = x.shape[..] else { panic!("four dimensions") };
    let mut values = Vec::with_capacity(x.values.len());
    for image in x.values.chunks_exact(height * width * channels) {
        for channel in 0..channels {
            values.extend(image.iter().skip(channel).step_by(channels));
        }
    }
    Value { shape: vec![batch, channels, height, width], values }
}

fn convolve(inputs: &[&Value], pads: &[i64]) -> Value {
    let [x, kernel, bias] = inputs else { panic!("three inputs") };
    let [batch, channels, height, width] = x.shape[..] else { panic!("four dimensions") };
    let [outputs, kernel_channels, side, _] = kernel.shape[..] else { panic!("four dimensions") };
    assert_eq!(kernel_channels, channels);
    let (top, left) = (pads[0] as isize, pads[1] as isize);
    let mut values = Vec::with_capacity(batch * outputs * height * width);
    for image in x.values.chunks_exact(channels * height * width) {
        for (kernel, bias) in kernel.values.chunks_exact(channels * side * side).zip(&bias.values) {
            let mut map = vec![*bias; height * width];
            for (plane, taps) in image.chunks_exact(height * width).zip(kernel.chunks_exact(side * side)) {
                for (tap, weight) in taps.iter().enumerate() {
                    let (down, right) = ((tap / side) as isize - top, (tap % side) as isize - left);
                    for y in 0..height as isize {
                        for x in 0..width as isize {
                            let (from_y, from_x) = (y + down, x + right);
                            if (0..height as isize).contains(&from_y) && (0..width as isize).contains(&from_x)
                            {
                                let from = plane[from_y as usize * width + from_x as usize];
                                map[y as usize * width + x as usize] += weight * from;
                            }
                        }
                    }
                }
            }
            values.extend(map);
        }
    }
    Value { shape: vec![batch, outputs, height, width], values }
}

fn pool(x: &Value) -> Value {
    let [batch, channels, height, width] = x.shape[..] else { panic!("four dimensions") };
    let mut values = Vec::new();
    for plane in x.values.chunks_exact(height * width) {
        for y in 0..height / 2 {
            for x in 0..width / 2 {
                let at = |row: usize, column: usize| plane[(2 * y + row) * width + 2 * x + column];
                values.push(at(0, 0).max(at(0, 1)).max(at(1, 0)).max(at(1, 1)));
            }
        }
    }
    Value { shape: vec![batch, channels, height / 2, width / 2], values }
}

fn multiply(inputs: &[&Value]) -> Value {
    let [x, weight, bias] = inputs else { panic!("three inputs") };
    let [outputs, features] = weight.shape[..] else { panic!("two dimensions") };
    let mut values = Vec::new();
    for row in x.values.chunks_exact(features) {
        for (weight, bias) in weight.values.chunks_exact(features).zip(&bias.values) {
            let products = row.iter().zip(weight).map(|(x, weight)| f64::from(*x) * f64::from(*weight));
            values.push((products.sum::<f64>() + f64::from(*bias)) as f32);
        }
    }
    Value { shape: vec![x.shape[0], outputs], values }
}

fn normalise(inputs: &[&Value], epsilon: f32) -> Value {
    let [x, scale, shift, mean, variance] = inputs else { panic!("five inputs") };
    let (channels, positions) = (x.shape[1], x.shape[2..].iter().product::<usize>());
    let mut values = x.values.clone();
    for (place, plane) in values.chunks_exact_mut(positions).enumerate() {
        let channel = place % channels;
        let factor = scale.values[channel] / (variance.values[channel] + epsilon).sqrt();
        plane
            .iter_mut()
            .for_each(|value| *value = (*value - mean.values[channel]) * factor + shift.values[channel]);
    }
    Value { shape: x.shape.clone(), values }
}

fn softmax(x: &Value) -> Value {
    let mut values = x.values.clone();
    for row in values.chunks_exact_mut(x.shape[1]) {
        let most = row.iter().copied().fold(f32::MIN, f32::max);
        row.iter_mut().for_each(|value| *value = (*value - most).exp());
        let sum: f32 = row.iter().sum();
        row.iter_mut().for_each(|value| *value /= sum);
    }
    Value { shape: x.shape.clone(), values }
}

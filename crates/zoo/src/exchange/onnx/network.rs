//! The operators of both networks, from 8-bit images to probabilities.

use super::{
    chain::Chain,
    message::{AttributeProto, FLOAT, NodeProto},
};
use crate::{
    VGG16,
    exchange::{
        classifier::{DENSE, NORMS},
        merged::{UPPER_CONVOLUTIONS, UPPER_NORM, module_name},
        module::without_relu,
        trained::{Trained, TrainedNetwork},
    },
    head::{EPSILON, LEAK},
};

/// Names of the graph's input and output.
pub(super) const INPUT: &str = "images";
pub(super) const OUTPUT: &str = "probabilities";
/// Name of the means of red, green and blue.
pub(super) const MEANS: &str = "means";

/// All operators of a network.
pub(super) fn nodes(network: &TrainedNetwork<'_>, trained: &Trained<'_>) -> Vec<NodeProto> {
    let mut chain = Chain::from_input(INPUT);
    preprocess(&mut chain);
    let without_relu = match trained {
        Trained::Model4(_) => Vec::new(),
        Trained::Model5(_, config) => without_relu(config),
    };
    for layer in network.convolutions() {
        convolve(&mut chain, &module_name(layer), [1, 1, 1, 1]);
        if !without_relu.contains(&(VGG16.torchvision_index(layer) + 1)) {
            chain.add("Relu", &[], vec![]);
        }
        if layer.ends_block() {
            pool(&mut chain);
        }
    }
    match trained {
        Trained::Model4(_) => upper(&mut chain),
        Trained::Model5(..) => leaky_relu(&mut chain),
    }
    classify(&mut chain);
    chain.ending_as(OUTPUT)
}

/// 8-bit RGB `[batch, height, width, 3]` to `[batch, 3, height, width]` without ImageNet's means.
fn preprocess(chain: &mut Chain) {
    chain.add("Cast", &[], vec![AttributeProto::int("to", i64::from(FLOAT))]);
    chain.add("Sub", &[MEANS.to_owned()], vec![]);
    chain.add("Transpose", &[], vec![AttributeProto::ints("perm", &[0, 3, 1, 2])]);
}

/// model_4's own convolutions: padded at the bottom and at the right, pooled, and the second one normalised.
fn upper(chain: &mut Chain) {
    let [first, second] = UPPER_CONVOLUTIONS.map(|place| format!("upper.{place}"));
    convolve(chain, &first, [0, 0, 1, 1]);
    pool(chain);
    leaky_relu(chain);
    convolve(chain, &second, [0, 0, 1, 1]);
    pool(chain);
    batch_norm(chain, &format!("upper.{UPPER_NORM}"));
    leaky_relu(chain);
}

fn classify(chain: &mut Chain) {
    chain.add("Flatten", &[], vec![]);
    for (dense, norm) in DENSE.into_iter().zip(NORMS) {
        multiply(chain, dense);
        batch_norm(chain, &format!("classifier.{norm}"));
        leaky_relu(chain);
    }
    multiply(chain, DENSE[2]);
    chain.add("Softmax", &[], vec![AttributeProto::int("axis", 1)]);
}

/// A dense layer, whose weights are `[outputs, inputs]`.
fn multiply(chain: &mut Chain, place: usize) {
    let weights = named(&format!("classifier.{place}"), &["weight", "bias"]);
    chain.add("Gemm", &weights, vec![AttributeProto::int("transB", 1)]);
}

/// Padding at the top, left, bottom and right.
fn convolve(chain: &mut Chain, module: &str, padding: [i64; 4]) {
    chain.add("Conv", &named(module, &["weight", "bias"]), vec![AttributeProto::ints("pads", &padding)]);
}

fn pool(chain: &mut Chain) {
    let two = |name| AttributeProto::ints(name, &[2, 2]);
    chain.add("MaxPool", &[], vec![two("kernel_shape"), two("strides")]);
}

fn leaky_relu(chain: &mut Chain) {
    chain.add("LeakyRelu", &[], vec![AttributeProto::float("alpha", LEAK as f32)]);
}

fn batch_norm(chain: &mut Chain, module: &str) {
    let weights = named(module, &["weight", "bias", "running_mean", "running_var"]);
    chain.add("BatchNormalization", &weights, vec![AttributeProto::float("epsilon", EPSILON as f32)]);
}

fn named(module: &str, parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| format!("{module}.{part}")).collect()
}

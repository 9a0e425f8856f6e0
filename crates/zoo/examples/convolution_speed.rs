//! Measures the frozen 3×3 convolution against burn's direct conv2d, alternately, on the trunk's shapes
//! and batch 32, and prints medians and their ratio.

use std::{hint::black_box, time::Instant};

use burn::tensor::{Device, Tensor, TensorData, module::conv2d, ops::ConvOptions};
use ranklab_zoo::{ConvolutionUse, Cut, FeatureMap, FrozenConvolution, Randomness, TileTransform};

const BATCH: usize = 32;
const ROUNDS: usize = 5;

fn main() {
    let device = Device::flex();
    println!("{:<14}{:>12}{:>12}{:>8}", "layer", "conv2d ms", "frozen ms", "ratio");
    for layer in Cut::top().below() {
        let side = 64 >> (layer.block() - 1);
        let (channels_in, channels_out) = (layer.channels_in(), layer.channels_out());
        let mut randomness = Randomness::new(0, 0);
        let kernel = randomness.normal(9 * channels_in * channels_out, 0.05);
        let values = randomness.normal(side * side * BATCH * channels_in, 1.0);
        let bias = vec![0.0; channels_out];
        let frozen = FrozenConvolution::new(
            &kernel,
            &bias,
            [channels_in, channels_out],
            ConvolutionUse::default(),
            &device,
        );
        let tiles = TileTransform::new(side, side, &device);
        let positions =
            Tensor::<3>::from_data(TensorData::new(values, [side * side, BATCH, channels_in]), &device);
        let images = positions.clone().reshape([side, side, BATCH, channels_in]).permute([2, 3, 0, 1]);
        // One contiguous copy, as a network would hold it.
        let images = Tensor::<4>::from_data(images.into_data(), &device);
        let weight =
            Tensor::<4>::from_data(TensorData::new(kernel, [channels_out, channels_in, 3, 3]), &device);
        let direct =
            || conv2d(images.clone(), weight.clone(), None, ConvOptions::new([1, 1], [1, 1], [1, 1], 1));
        let winograd = || frozen.forward(FeatureMap::new(positions.clone(), side, side), &tiles).values;
        let (mut direct_times, mut frozen_times) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let started = Instant::now();
            black_box(direct());
            let middle = Instant::now();
            black_box(winograd());
            // The first round warms up.
            if round > 0 {
                direct_times.push((middle - started).as_secs_f64() * 1e3);
                frozen_times.push(middle.elapsed().as_secs_f64() * 1e3);
            }
        }
        let (direct, frozen) = (median(direct_times), median(frozen_times));
        println!("{:<14}{direct:>12.1}{frozen:>12.1}{:>7.1}×", layer.to_string(), direct / frozen);
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

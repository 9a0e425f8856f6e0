//! Measures the trunk up to block4_pool: on the processor's own path and with burn's tensors.

use std::{hint::black_box, time::Instant};

use burn::tensor::Device;
use ranklab_zoo::{Cut, ProcessorTrunk, Trunk, preprocess, weights::TrunkWeights};

fn main() {
    let weights = TrunkWeights::random(0);
    let cut = Cut::above(10);
    let count = ProcessorTrunk::images_at_once();
    let rgb: Vec<u8> = (0..count * 64 * 64 * 3).map(|place| (place * 7919 % 251) as u8).collect();
    let started = Instant::now();
    let processor = ProcessorTrunk::new(&weights, cut, 64);
    println!("transforming the kernels: {:.2} s", started.elapsed().as_secs_f64());
    let device = Device::flex();
    let trunk = Trunk::new(&weights, cut, 64, &device);
    for _ in 0..4 {
        let started = Instant::now();
        black_box(processor.forward(&rgb));
        let own = count as f64 / started.elapsed().as_secs_f64();
        let started = Instant::now();
        black_box(trunk.forward(preprocess(&rgb, count, 64, &device)).values.into_data());
        let tensors = count as f64 / started.elapsed().as_secs_f64();
        println!("processor {own:.0} images/s, tensors {tensors:.0} images/s");
    }
}

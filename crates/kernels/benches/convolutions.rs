//! Times frozen convolutions beside burn's direct conv2d, which they replace.

use std::{hint::black_box, time::Duration};

use burn::tensor::{Device, Tensor, TensorData, module::conv2d, ops::ConvOptions};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ranklab_kernels::{ConvolutionUse, FeatureMap, FrozenConvolution, Randomness, TileTransform};

/// Images of a step.
const BATCH: usize = 32;
/// Side, input channels and output channels: those of VGG16 on images of 64 pixels.
const SIZES: [[usize; 3]; 9] = [
    [64, 3, 64],
    [64, 64, 64],
    [32, 64, 128],
    [32, 128, 128],
    [16, 128, 256],
    [16, 256, 256],
    [8, 256, 512],
    [8, 512, 512],
    [4, 512, 512],
];

fn map(side: usize, channels: usize, device: &Device) -> FeatureMap {
    let values = Randomness::new(1, 0).normal(side * side * BATCH * channels, 1.0);
    let values = TensorData::new(values, [side * side, BATCH, channels]);
    FeatureMap::new(Tensor::from_data(values, device), side, side)
}

/// Every convolution of the sizes on a batch, ours and burn's.
fn convolutions(criterion: &mut Criterion) {
    let device = Device::flex();
    let mut group = criterion.benchmark_group("convolution");
    group.throughput(Throughput::Elements(BATCH as u64));
    for [side, channels_in, channels_out] in SIZES {
        let name = format!("{side}x{side} {channels_in} to {channels_out}");
        let kernel = Randomness::new(0, 0).normal(9 * channels_in * channels_out, 0.05);
        let (bias, usage) = (vec![0.0; channels_out], ConvolutionUse::default());
        let frozen = FrozenConvolution::new(&kernel, &bias, [channels_in, channels_out], usage, &device);
        let tiles = TileTransform::new(side, side, &device);
        let map = map(side, channels_in, &device);
        let images = map.values.clone().reshape([side, side, BATCH, channels_in]).permute([2, 3, 0, 1]);
        // One contiguous copy, as a network would hold it.
        let images = Tensor::<4>::from_data(images.into_data(), &device);
        let weight =
            Tensor::<4>::from_data(TensorData::new(kernel, [channels_out, channels_in, 3, 3]), &device);
        group.bench_function(BenchmarkId::new("frozen", &name), |bencher| {
            bencher.iter(|| black_box(frozen.forward(map.clone(), &tiles)));
        });
        group.bench_function(BenchmarkId::new("conv2d", &name), |bencher| {
            let options = || ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
            bencher.iter(|| black_box(conv2d(images.clone(), weight.clone(), None, options())));
        });
    }
}

criterion_group! {
    name = convolution;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = convolutions
}
criterion_main!(convolution);

//! Times the parts of the networks: the trunk beside the same with tensors, and whole training steps of both models.

use std::{hint::black_box, time::Duration};

use burn::tensor::{Device, Tensor, TensorData};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ranklab_kernels::{FeatureMap, Randomness};
use ranklab_settings::{AdapterConfig, AdapterSettings};
use ranklab_zoo::{
    Cut, HeadConfig, Model, ProcessorTrunk, Trunk, UpperTrunk, preprocess, weights::TrunkWeights,
};

/// Images of a step.
const BATCH: usize = 32;
/// Side of an image in pixels.
const SIZE: usize = 64;

fn map(side: usize, channels: usize, device: &Device) -> FeatureMap {
    let values = Randomness::new(1, 0).normal(side * side * BATCH * channels, 1.0);
    let values = TensorData::new(values, [side * side, BATCH, channels]);
    FeatureMap::new(Tensor::from_data(values, device), side, side)
}

/// Features at block4_pool, by the processor's own path and with tensors.
fn trunk(criterion: &mut Criterion) {
    let (weights, cut, device) = (TrunkWeights::random(0), Cut::above(10), Device::flex());
    let count = ProcessorTrunk::images_at_once();
    let rgb: Vec<u8> = (0..count * SIZE * SIZE * 3).map(|place| (place * 7919 % 251) as u8).collect();
    let processor = ProcessorTrunk::new(&weights, cut, SIZE);
    let tensors = Trunk::new(&weights, cut, SIZE, &device);
    let mut group = criterion.benchmark_group("trunk");
    group.throughput(Throughput::Elements(count as u64));
    group.bench_function("processor", |bencher| bencher.iter(|| black_box(processor.forward(&rgb))));
    group.bench_function("tensors", |bencher| {
        bencher
            .iter(|| black_box(tensors.forward(preprocess(&rgb, count, SIZE, &device)).values.into_data()));
    });
}

fn adapter(rank: usize) -> Option<AdapterConfig> {
    AdapterSettings { rank: rank.to_string().parse().ok(), ..Default::default() }.resolve().ok()
}

/// Forward and backward pass of one batch: model_5 at ranks alone and together, and model_4.
fn steps(criterion: &mut Criterion) {
    let device = Device::flex().autodiff();
    let head = HeadConfig { dropout: 0.5, batch_norm_momentum: 0.99 };
    let mut group = criterion.benchmark_group("step");
    for ranks in [&[1][..], &[5], &[16], &[1, 5, 16]] {
        let adapters: Vec<AdapterConfig> = ranks.iter().filter_map(|rank| adapter(*rank)).collect();
        let upper = UpperTrunk::new(&TrunkWeights::random(0), &adapters[0], SIZE, &device);
        let models: Vec<Model> = adapters
            .iter()
            .filter_map(|adapter| Model::new(Some((adapter, &upper)), SIZE, head, 0, &device).ok())
            .collect();
        let models: Vec<&Model> = models.iter().collect();
        let features = map(4, 512, &device);
        group.throughput(Throughput::Elements((BATCH * models.len()) as u64));
        group.bench_function(BenchmarkId::new("model_5", format!("ranks {ranks:?}")), |bencher| {
            bencher.iter(|| {
                let mut dropout: Vec<Randomness> = models.iter().map(|_| Randomness::new(0, 1)).collect();
                let features = features.clone().into();
                let scores = Model::forward_together(Some(&upper), &models, features, BATCH, &mut dropout);
                let loss = scores.into_iter().map(Tensor::sum).reduce(|sum, loss| sum + loss);
                black_box(loss.map(|loss| loss.backward()));
            });
        });
    }
    let Ok(model) = Model::new(None, SIZE, head, 0, &device) else { return };
    let features = map(8, 256, &device);
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("model_4", |bencher| {
        bencher.iter(|| {
            let scores = model.forward(None, features.clone(), Some(&mut Randomness::new(0, 1)));
            black_box(scores.sum().backward());
        });
    });
}

criterion_group! {
    name = parts;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = trunk, steps
}
criterion_main!(parts);

//! Random numbers that depend on nothing but a seed: initial weights and dropout masks.
//!
//! burn's generator is one per process, so that two runs in one process would disturb each other,
//! and each device has its own. Everything random here is drawn on the host from ChaCha8 streams, so
//! that a run repeats bit for bit and starts alike on every device.

use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers for one purpose.
#[derive(Clone, Debug)]
pub struct Randomness(ChaCha8Rng);

impl Randomness {
    /// The stream of `seed` numbered `stream`: different numbers give unrelated streams.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self(generator)
    }

    /// The generator itself, for shuffles.
    pub fn generator(&mut self) -> &mut ChaCha8Rng {
        &mut self.0
    }

    /// Values drawn evenly from −`limit` to `limit`.
    pub fn uniform(&mut self, count: usize, limit: f64) -> Vec<f32> {
        (0..count).map(|_| ((self.0.random::<f32>() * 2.0 - 1.0) as f64 * limit) as f32).collect()
    }

    /// Values of a normal distribution with mean 0 (Box & Muller 1958).
    pub fn normal(&mut self, count: usize, deviation: f64) -> Vec<f32> {
        (0..count)
            .map(|_| {
                let radius = (-2.0 * (1.0 - self.0.random::<f64>()).ln()).sqrt();
                let angle = std::f64::consts::TAU * self.0.random::<f64>();
                (deviation * radius * angle.cos()) as f32
            })
            .collect()
    }

    /// Glorot-uniform values (Glorot & Bengio 2010): limit √(6 / (fan_in + fan_out)).
    pub fn glorot(&mut self, count: usize, fan_in: usize, fan_out: usize) -> Vec<f32> {
        self.uniform(count, (6.0 / (fan_in + fan_out) as f64).sqrt())
    }

    /// Inverted dropout's mask: 0 with probability `rate`, else 1 / (1 − `rate`).
    pub fn dropout_mask<const D: usize>(
        &mut self,
        shape: [usize; D],
        rate: f64,
        device: &Device,
    ) -> Tensor<D> {
        let kept = (1.0 / (1.0 - rate)) as f32;
        let count = shape.iter().product();
        let values: Vec<f32> =
            (0..count).map(|_| if f64::from(self.0.random::<f32>()) < rate { 0.0 } else { kept }).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_stream_give_the_same_numbers_and_others_do_not() {
        let draw = |seed, stream| Randomness::new(seed, stream).uniform(8, 1.0);
        assert_eq!(draw(3, 1), draw(3, 1));
        assert_ne!(draw(3, 1), draw(3, 2));
        assert_ne!(draw(3, 1), draw(4, 1));
    }

    #[test]
    fn a_dropout_mask_keeps_the_expectation() {
        let mask = Randomness::new(0, 0).dropout_mask([40_000], 0.25, &Device::flex());
        let mean = mask.mean().into_scalar::<f32>();
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
    }
}

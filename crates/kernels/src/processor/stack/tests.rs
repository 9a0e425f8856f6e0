//! Tests of stacks at every precision.

use proptest::prelude::*;

use super::{
    layer::StackLayer,
    scratch::Scratch,
    shape::{MapShape, StackedConvolution},
    *,
};
use crate::{precision::Precision, randomness::Randomness};

/// One convolution with random values, and maps that enter it, which are positive as after ReLU.
struct Case {
    kernel: Vec<f32>,
    bias: Vec<f32>,
    maps: Vec<f32>,
    side: usize,
    channels: [usize; 2],
    pools: bool,
}

impl Case {
    fn new(side: usize, channels: [usize; 2], pools: bool, images: usize, seed: u64) -> Self {
        let mut randomness = Randomness::new(seed, 0);
        let [channels_in, channels_out] = channels;
        let kernel = randomness.uniform(9 * channels_in * channels_out, 1.0);
        let bias = randomness.uniform(channels_out, 1.0);
        let maps = randomness.uniform(images * side * side * channels_in, 1.0);
        let maps = maps.into_iter().map(|value| value.max(0.0)).collect();
        Self { kernel, bias, maps, side, channels, pools }
    }

    fn convolution(&self) -> StackedConvolution<'_> {
        let Self { kernel, bias, side, channels: [channels_in, channels_out], pools, .. } = self;
        let (side, channels_in, channels_out, pools) = (*side, *channels_in, *channels_out, *pools);
        StackedConvolution { kernel, bias, side, channels_in, channels_out, pools }
    }

    fn layer(&self, precision: Precision) -> StackLayer {
        let ranges = LayerRanges::new(&self.maps, MapShape { side: self.side, channels: self.channels[0] });
        StackLayer::new(&self.convolution(), Rounding::new(precision, Some(&ranges)).unwrap())
    }

    fn output(&self, precision: Precision) -> Vec<f32> {
        let layer = self.layer(precision);
        let images = self.maps.len() / layer.around.input.values();
        let mut outputs = vec![f32::NAN; images * layer.around.output().values()];
        layer.forward(&self.maps, &mut Scratch::default(), &mut outputs);
        outputs
    }

    /// The convolution of the definition.
    fn expected(&self) -> Vec<f64> {
        self.defined(|value| value)
    }

    /// The same of magnitudes alone: what rounding errors are relative to, where sums cancel.
    fn magnitudes(&self) -> Vec<f64> {
        self.defined(f64::abs)
    }

    fn defined(&self, of: impl Fn(f64) -> f64) -> Vec<f64> {
        let Self { side, channels: [channels_in, channels_out], pools, .. } = *self;
        let at = |map: &[f32], y: usize, x: usize, output: usize| {
            let mut sum = of(f64::from(self.bias[output]));
            for tap in 0..9 {
                let (y, x) = ((y + tap / 3).wrapping_sub(1), (x + tap % 3).wrapping_sub(1));
                if y < side && x < side {
                    for input in 0..channels_in {
                        let value = map[(y * side + x) * channels_in + input];
                        let weight = self.kernel[(output * channels_in + input) * 9 + tap];
                        sum += of(f64::from(value) * f64::from(weight));
                    }
                }
            }
            sum.max(0.0)
        };
        let step = if pools { 2 } else { 1 };
        let mut outputs = Vec::new();
        for map in self.maps.chunks_exact(side * side * channels_in) {
            for place in 0..(side / step) * (side / step) {
                let (y, x) = (place / (side / step) * step, place % (side / step) * step);
                for output in 0..channels_out {
                    let parts =
                        (0..step * step).map(|part| at(map, y + part / step, x + part % step, output));
                    outputs.push(parts.fold(0.0, f64::max));
                }
            }
        }
        outputs
    }
}

/// The error's size relative to that of the magnitudes.
fn relative_error(found: &[f32], expected: &[f64], magnitudes: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let difference: f64 =
        found.iter().zip(expected).map(|(found, expected)| (f64::from(*found) - expected).powi(2)).sum();
    (difference / magnitudes.iter().map(|value| value * value).sum::<f64>().max(1e-9)).sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_precision_gives_the_convolution_of_the_definition_within_its_rounding(
        side in 2usize..11, channels_in in 3usize..40, channels_out in 1usize..100, pools: bool,
        images in 1usize..4, seed in 0u64..1000,
    ) {
        let pools = pools && channels_in > 3;
        let case = Case::new(side, [channels_in, channels_out], pools, images, seed);
        let (expected, magnitudes) = (case.expected(), case.magnitudes());
        for (precision, most) in [
            (Precision::F32, 1e-5), (Precision::Bf16, 0.04), (Precision::Int16, 0.01), (Precision::Int8, 0.06),
        ] {
            let error = relative_error(&case.output(precision), &expected, &magnitudes);
            prop_assert!(error < most, "{}: {}", precision, error);
        }
    }
}

#[test]
fn integers_stay_in_range_where_every_value_is_as_large_as_it_can_be() {
    for precision in [Precision::Int16, Precision::Int8] {
        let mut case = Case::new(8, [512, 40], false, 1, 0);
        case.kernel.fill(1.0);
        let ranges = LayerRanges::new(&case.maps, MapShape { side: 8, channels: 512 });
        // Far beyond what was calibrated.
        case.maps.fill(1e6);
        let layer = StackLayer::new(&case.convolution(), Rounding::new(precision, Some(&ranges)).unwrap());
        let mut outputs = vec![0.0; 64 * 40];
        layer.forward(&case.maps, &mut Scratch::default(), &mut outputs);
        // A sum that overflowed would be negative, and zero after ReLU.
        let inside = &outputs[(3 * 8 + 3) * 40..][..40];
        assert!(inside.iter().all(|value| *value > 100.0), "{precision}: {inside:?}");
    }
}

/// Two convolutions on images of 12 pixels, the second with pooling.
fn small_stack(precision: Precision, calibration: Option<Calibration>) -> (ConvolutionStack, Vec<u8>) {
    let [lower, upper] = [Case::new(12, [3, 20], false, 1, 1), Case::new(12, [20, 70], true, 1, 2)];
    let convolutions = [lower.convolution(), upper.convolution()];
    let rgb: Vec<u8> = (0..70 * 12 * 12 * 3).map(|place: usize| (place * 7919 % 251) as u8).collect();
    let calibration =
        calibration.unwrap_or_else(|| ConvolutionStack::new(&convolutions, 12).calibrate(&rgb, &prepare));
    let rounding = Rounding::new(precision, Some(&calibration)).unwrap();
    (ConvolutionStack::rounded(&convolutions, 12, rounding).unwrap(), rgb)
}

fn prepare(bytes: &[u8], values: &mut [f32]) {
    for (value, byte) in values.iter_mut().zip(bytes) {
        *value = f32::from(*byte) - 117.25;
    }
}

#[test]
fn an_image_has_the_same_output_among_any_others_and_on_any_number_of_cores() {
    for precision in Precision::ALL {
        let (stack, rgb) = small_stack(precision, None);
        let together = stack.forward(&rgb, &prepare);
        let alone: Vec<f32> =
            rgb.chunks(12 * 12 * 3).flat_map(|image| stack.forward(image, &prepare)).collect();
        assert!(together == alone, "{precision}: alone");
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(
                together == pool.install(|| stack.forward(&rgb, &prepare)),
                "{precision}: {threads} threads"
            );
        }
    }
}

/// The bits of integer outputs on x86-64 with AVX-512. Every other processor has to give the same. Calibrations are not
/// compared: sums in `f32` have other last bits where multiplications are not fused.
#[test]
fn integer_outputs_have_the_same_bits_on_every_processor() {
    let layer =
        |input: f32| LayerRanges { input, small: vec![2.0 * input; 16], large: vec![9.0 * input; 36] };
    let calibration = Calibration { layers: vec![layer(130.0), layer(700.0)] };
    for (precision, expected) in [(Precision::Int16, INT16_BITS), (Precision::Int8, INT8_BITS)] {
        let (stack, rgb) = small_stack(precision, Some(calibration.clone()));
        let output = stack.forward(&rgb, &prepare);
        let bits = output.iter().fold(0u64, |bits, value| bits.rotate_left(5) ^ u64::from(value.to_bits()));
        assert_eq!(bits, expected, "{precision}");
    }
}

const INT16_BITS: u64 = 9755959860803606444;
const INT8_BITS: u64 = 15289866441166687199;

#[test]
fn a_calibration_joins_in_any_order_and_is_its_values() {
    let case = Case::new(12, [3, 20], false, 1, 1);
    let stack = ConvolutionStack::new(&[case.convolution()], 12);
    let rgb: Vec<u8> = (0..6 * 12 * 12 * 3).map(|place: usize| (place * place % 251) as u8).collect();
    let whole = stack.calibrate(&rgb, &prepare);
    let (first, second) = rgb.split_at(2 * 12 * 12 * 3);
    let [first, second] = [first, second].map(|rgb| stack.calibrate(rgb, &prepare));
    assert_ne!(first, whole);
    assert_eq!(first.clone().merged(&second), whole);
    assert_eq!(second.merged(&first), whole);
    let values = whole.values();
    assert_eq!(values.len(), Calibration::LAYER_VALUES);
    assert_eq!(Calibration::from_values(&values), Some(whole));
    assert_eq!(Calibration::from_values(&values[1..]), None);
    for wrong in [f32::NAN, f32::INFINITY, -1.0] {
        let mut values = values.clone();
        values[20] = wrong;
        assert_eq!(Calibration::from_values(&values), None, "{wrong}");
    }
}

#[test]
fn a_calibration_of_fewer_layers_is_refused() {
    let [lower, upper] = [Case::new(12, [3, 20], false, 1, 1), Case::new(12, [20, 70], true, 1, 2)];
    let calibration =
        ConvolutionStack::new(&[lower.convolution()], 12).calibrate(&[7; 12 * 12 * 3], &prepare);
    let convolutions = [lower.convolution(), upper.convolution()];
    let error = ConvolutionStack::rounded(&convolutions, 12, Rounding::Int8(&calibration)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the calibration covers 1 of 2 frozen convolutions; calibrate again at this cut"
    );
}

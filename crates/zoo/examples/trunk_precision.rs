//! Times the trunk to block4_pool at every precision, in turns, and compares its features with those of `f32`.
//!
//!     cargo run --release --package ranklab-zoo --example trunk_precision -- vgg16_imagenet.safetensors cell_images.zip

use std::{
    env,
    error::Error,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::Instant,
};

use ranklab_data::{decode, resize};
use ranklab_kernels::{Precision, Rounding, product_peak_at};
use ranklab_settings::Resize;
use ranklab_zoo::{Cut, ProcessorTrunk, weights::TrunkWeights};
use zip::ZipArchive;

/// Side of an image in pixels.
const SIZE: usize = 64;
/// Images at once.
const BATCH: usize = 64;
/// Turns of every precision.
const TURNS: usize = 5;
/// Batches of a turn.
const BATCHES: usize = 2;
/// Side, input channels and output channels of the convolutions up to block4_pool.
const LAYERS: [[usize; 3]; 10] = [
    [64, 3, 64],
    [64, 64, 64],
    [32, 64, 128],
    [32, 128, 128],
    [16, 128, 256],
    [16, 256, 256],
    [16, 256, 256],
    [8, 256, 512],
    [8, 512, 512],
    [8, 512, 512],
];

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<PathBuf> = env::args().skip(1).map(PathBuf::from).collect();
    let [weights, images] = &paths[..] else {
        return Err("usage: trunk_precision WEIGHTS.safetensors IMAGES.zip".into());
    };
    let weights = TrunkWeights::load(weights)?;
    let mut calibration = read_images(images, 2 * BATCH)?;
    let rgb = calibration.split_off(calibration.len() / 2);

    let exact = ProcessorTrunk::new(&weights, Cut::above(10), SIZE);
    let calibration = exact.calibrate(&calibration);
    let mut trunks = Vec::new();
    for precision in Precision::ALL {
        let rounding = Rounding::new(precision, Some(&calibration)).ok_or("no calibration")?;
        trunks.push((precision, ProcessorTrunk::rounded(&weights, Cut::above(10), SIZE, rounding)?));
    }

    let mut rates = vec![Vec::new(); trunks.len()];
    for _ in 0..TURNS {
        for ((_, trunk), rates) in trunks.iter().zip(&mut rates) {
            trunk.forward(&rgb);
            let started = Instant::now();
            for _ in 0..BATCHES {
                trunk.forward(&rgb);
            }
            rates.push((BATCHES * BATCH) as f64 / started.elapsed().as_secs_f64());
        }
    }
    let medians: Vec<f64> = rates.into_iter().map(median).collect();
    let expected = exact.forward(&rgb);
    println!("precision  images/s  to f32  relative error of features");
    for ((precision, trunk), rate) in trunks.iter().zip(&medians) {
        let error = relative_error(&trunk.forward(&rgb), &expected);
        println!("{:9} {rate:9.0} {:7.2} {error:8.4}", precision.name(), rate / medians[0]);
    }
    for (precision, trunk) in &trunks {
        print_layers(*precision, trunk, &rgb);
    }
    Ok(())
}

/// Every so many images of a zip file, `count` in all.
fn read_images(path: &Path, count: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut archive = ZipArchive::new(File::open(path)?)?;
    let mut names = archive
        .file_names()
        .map(|name| name.map(|name| name.into_owned()))
        .collect::<Result<Vec<String>, _>>()?;
    names.retain(|name| name.ends_with(".png"));
    names.sort();
    let mut rgb = Vec::new();
    for name in names.iter().step_by(names.len().div_ceil(count)) {
        let mut bytes = Vec::new();
        archive.by_name(name)?.read_to_end(&mut bytes)?;
        rgb.extend(resize(&decode(&bytes)?, SIZE, Resize::default())?);
    }
    // Both classes in both halves: alternate images.
    let values = SIZE * SIZE * 3;
    let half = |first: usize| {
        rgb.chunks_exact(values).skip(first).step_by(2).flatten().copied().collect::<Vec<u8>>()
    };
    Ok([half(0), half(1)].concat())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn relative_error(found: &[f32], expected: &[f32]) -> f64 {
    let squares = |value: f32| f64::from(value) * f64::from(value);
    let difference: f64 = found.iter().zip(expected).map(|(found, expected)| squares(found - expected)).sum();
    (difference / expected.iter().map(|value| squares(*value)).sum::<f64>()).sqrt()
}

/// Each layer's time on one core, and its operations, as many as a direct convolution's, beside the peak of the
/// precision's products on one core.
fn print_layers(precision: Precision, trunk: &ProcessorTrunk, rgb: &[u8]) {
    let images = &rgb[..rgb.len() / 2];
    let peak = product_peak_at(precision) / 2e9;
    let runs: Vec<_> = (0..TURNS).map(|_| trunk.layer_times(images)).collect();
    println!("{precision}: peak of products {peak:.0} G/s a core");
    for (layer, [side, channels_in, channels_out]) in LAYERS.into_iter().enumerate() {
        let seconds = median(runs.iter().map(|times| times[layer].as_secs_f64()).collect());
        let operations = (2 * 9 * side * side * channels_in * channels_out * BATCH / 2) as f64;
        let rate = operations / seconds / 1e9;
        println!(
            "  {side:2}x{side:<2} {channels_in:3} to {channels_out:3} {:7.2} ms {rate:7.0} G/s, {:4.2} of peak",
            seconds * 1e3,
            rate / peak
        );
    }
}

//! Our side of bench/run.py: one job per process, its figures as one JSON line.

#[path = "../../../../crates/cli/src/allocator.rs"]
mod allocator;

use std::{env, error::Error, ops::ControlFlow, path::Path, time::Instant};

use burn::tensor::Device;
use ranklab_data::{ImageSource, Manifest, load_images, unwatched};
use ranklab_kernels::{Precision as TrunkPrecision, Rounding};
use ranklab_settings::{AdapterSettings, ClassScheme, Network, Precision, Resize, TrainingConfig};
use ranklab_store::{NewRun, StepMetric, Store, Value};
use ranklab_trainer::{ImageLoader, Stop, Trial, run_together};
use ranklab_zoo::{Cut, ProcessorTrunk, weights::TrunkWeights};
use serde_json::json;

const SIZE: usize = 64;

/// What was done (images, images × trials, points) and the seconds it took.
type Figures = Result<(usize, f64), Box<dyn Error>>;

/// Arguments `--name value`.
struct Arguments(Vec<String>);

impl Arguments {
    fn text(&self, name: &str) -> Option<&str> {
        let place = self.0.iter().position(|argument| argument == name)?;
        self.0.get(place + 1).map(String::as_str)
    }

    fn number(&self, name: &str, default: usize) -> usize {
        self.text(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    allocator::keep_freed_memory();
    let arguments = Arguments(env::args().skip(1).collect());
    let job = arguments.0.first().cloned().unwrap_or_default();
    let (count, seconds) = match job.as_str() {
        "decode" => decode(&arguments)?,
        "trunk" => trunk(&arguments)?,
        "train" => train(&arguments)?,
        "metrics" => metrics(&arguments)?,
        _ => return Err("give a job: decode, trunk, train or metrics".into()),
    };
    let figures =
        json!({ "job": job, "images": count, "seconds": seconds, "per_second": count as f64 / seconds });
    println!("{figures}");
    Ok(())
}

/// Reads, decodes and resizes `--images` of `--zip`, the manifest not counted.
fn decode(arguments: &Arguments) -> Figures {
    let source =
        ImageSource::open(Path::new(arguments.text("--zip").ok_or("give --zip")?), &ClassScheme::default())?;
    let folder = tempfile::tempdir()?;
    let manifest = Manifest::open_or_build(&source, folder.path(), &unwatched)?;
    let set = manifest.select(Some(arguments.number("--images", 3000)));
    let entries: Vec<_> = set.entries.iter().collect();
    let started = Instant::now();
    for chunk in entries.chunks(256) {
        std::hint::black_box(load_images(&source, chunk, SIZE, Resize::Opencv)?);
    }
    Ok((entries.len(), started.elapsed().as_secs_f64()))
}

fn weights(arguments: &Arguments) -> Result<TrunkWeights, Box<dyn Error>> {
    match arguments.text("--weights") {
        Some(path) => Ok(TrunkWeights::load(Path::new(path))?),
        None => Ok(TrunkWeights::random(0)),
    }
}

/// Pixels without meaning.
fn pixels(images: usize) -> Vec<u8> {
    (0..images * SIZE * SIZE * 3).map(|place| (place * 7919 % 251) as u8).collect()
}

/// Features of `--images` at block4_pool, with products of `--precision`. Scales come from the pixels themselves, whose
/// magnitudes change no time.
fn trunk(arguments: &Arguments) -> Figures {
    let (weights, cut) = (weights(arguments)?, Cut::above(10));
    let images = arguments.number("--images", 512);
    let at_once = ProcessorTrunk::images_at_once().min(images);
    let rgb = pixels(at_once);
    let products: TrunkPrecision = arguments.text("--precision").unwrap_or("f32").parse()?;
    let calibration =
        products.needs_calibration().then(|| ProcessorTrunk::new(&weights, cut, SIZE).calibrate(&rgb));
    let rounding = Rounding::new(products, calibration.as_ref()).ok_or("no calibration")?;
    let trunk = ProcessorTrunk::rounded(&weights, cut, SIZE, rounding)?;
    std::hint::black_box(trunk.forward(&rgb));
    let started = Instant::now();
    let rounds = images.div_ceil(at_once);
    for _ in 0..rounds {
        std::hint::black_box(trunk.forward(&rgb));
    }
    Ok((rounds * at_once, started.elapsed().as_secs_f64()))
}

/// Images without meaning whose features are cached in a folder that stays.
struct Pixels {
    labels: Vec<u8>,
}

impl ImageLoader for Pixels {
    fn load(&self, indices: &[usize]) -> Result<Vec<u8>, String> {
        let bytes = SIZE * SIZE * 3;
        let pattern = pixels(64);
        Ok(indices.iter().flat_map(|image| pattern[image % 64 * bytes..][..bytes].to_vec()).collect())
    }

    fn size(&self) -> usize {
        SIZE
    }

    fn count(&self) -> usize {
        self.labels.len()
    }

    fn labels(&self) -> &[u8] {
        &self.labels
    }

    fn key(&self) -> String {
        format!("benchmark {}", self.labels.len())
    }
}

/// Training images × trials of one epoch from cached features: `--model`, `--ranks 1,5,16`, `--precision`.
fn train(arguments: &Arguments) -> Figures {
    let count = arguments.number("--images", 2048);
    let images = Pixels { labels: (0..count).map(|image| (image % 2) as u8).collect() };
    let all: Vec<usize> = (0..count).collect();
    let batch_size = arguments.number("--batch", 32);
    let training = TrainingConfig { epochs: 1, batch_size, ..TrainingConfig::default() };
    let model_4 = arguments.text("--model") == Some("model_4");
    let layers: ranklab_settings::LayerList = arguments.text("--layers").unwrap_or("block5").parse()?;
    let mut networks = Vec::new();
    for rank in arguments.text("--ranks").unwrap_or("5").split(',') {
        let rank = Some(rank.parse()?);
        let adapter =
            AdapterSettings { rank, layers: Some(layers.clone()), ..Default::default() }.resolve()?;
        networks.push(if model_4 { Network::Model4 } else { Network::Model5(adapter) });
    }
    let precision: Precision = match arguments.text("--precision") {
        Some(name) => serde_json::from_value(json!(name))?,
        None => Precision::default(),
    };
    let (weights, device) = (weights(arguments)?, Device::flex());
    let folder = env::temp_dir().join("ranklab-benchmark-features");
    let stop = Stop::default();
    let trials: Vec<Trial<'_>> = networks
        .iter()
        .map(|network| Trial {
            start: None,
            network,
            weights: &weights,
            images: &images,
            train: &all,
            validation: &all[..2],
            test: &all[..2],
            precision,
            training: &training,
            device: &device,
            device_name: "flex",
            cache_folder: &folder,
            checkpoint: None,
            stop: &stop,
        })
        .collect();
    let outcomes = run_together(&trials, &mut |_, event| {
        if event == ranklab_trainer::Event::FeaturesReady {
            allocator::release_freed_memory();
        }
        ControlFlow::Continue(())
    })?;
    if let Some(Ok(outcome)) = outcomes.first() {
        eprintln!("{:?}", outcome.phases);
    }
    let seconds: Result<Vec<f64>, _> = outcomes
        .into_iter()
        .map(|outcome| Ok::<_, Box<dyn Error>>(count as f64 / outcome?.images_per_second))
        .collect();
    let seconds: f64 = seconds?.iter().sum();
    Ok((count * trials.len(), seconds))
}

/// Metric points stored per second, in transactions of the recorder's size, while another connection
/// reads the newest back after every hundredth.
fn metrics(arguments: &Arguments) -> Figures {
    let points = arguments.number("--points", 1_000_000);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ranklab.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(&path).await?;
        let run = store.start_run(&NewRun { config: "{}".to_owned(), ..NewRun::default() }).await?;
        let reader = Store::open_read_only(&path).await?;
        let at_once = 512;
        let started = Instant::now();
        for (number, first) in (0..points).step_by(at_once).enumerate() {
            let count = at_once.min(points - first);
            let rows: Vec<StepMetric> = (first..first + count)
                .map(|point| StepMetric {
                    epoch: 1,
                    step: point as i64 / 2 + 1,
                    metric: if point % 2 == 0 { "loss" } else { "accuracy" }.to_owned(),
                    value: point as f64,
                })
                .collect();
            store.record_steps(run, &rows).await?;
            if number % 100 == 0 {
                let answer = reader.query("select max(step) from step_metrics").await?;
                let seen = &answer.rows[0][0];
                if *seen != Value::Integer(rows[count - 1].step) {
                    return Err(format!("another connection saw step {seen:?} last").into());
                }
            }
        }
        Ok((points, started.elapsed().as_secs_f64()))
    })
}

//! Small generated images, and trials on them.

use std::{
    ops::ControlFlow,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use burn::tensor::Device;
use ranklab_settings::{AdapterSettings, Network, Precision, TrainingConfig};
use ranklab_trainer::{Checkpoint, Error, Event, ImageLoader, Outcome, Snapshot, Stop, Trial, run_together};
use ranklab_zoo::weights::TrunkWeights;

pub const SIZE: usize = 32;
pub const COUNT: usize = 48;

/// Noise, with a bright square in every second image.
pub struct Squares {
    labels: Vec<u8>,
    pub loaded: AtomicUsize,
}

impl Squares {
    pub fn new() -> Self {
        Self::of(COUNT)
    }

    pub fn of(count: usize) -> Self {
        Self { labels: (0..count).map(|image| (image % 2) as u8).collect(), loaded: AtomicUsize::new(0) }
    }
}

impl ImageLoader for Squares {
    fn load(&self, indices: &[usize]) -> Result<Vec<u8>, String> {
        self.loaded.fetch_add(indices.len(), Ordering::Relaxed);
        let mut rgb = Vec::new();
        for &image in indices {
            for place in 0..SIZE * SIZE {
                let inside = (8..20).contains(&(place / SIZE)) && (8..20).contains(&(place % SIZE));
                let noise = ((image * 7919 + place * 104_729) % 61) as u8;
                let bright = if inside && image % 2 == 1 { 180 } else { 0 };
                rgb.extend([noise + bright, noise, noise]);
            }
        }
        Ok(rgb)
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
        "squares".to_owned()
    }
}

/// model_5 with adapters of rank 2.
pub fn adapted(layers: &str) -> Network {
    with_rank(layers, "2")
}

/// model_5 with these adapters.
pub fn with(settings: &AdapterSettings) -> Network {
    Network::Model5(settings.resolve().unwrap())
}

pub fn training(epochs: usize, seed: u64) -> TrainingConfig {
    TrainingConfig { epochs, seed, batch_size: 8, batch_norm_momentum: 0.3, ..TrainingConfig::default() }
}

pub fn run(
    images: &Squares,
    network: &Network,
    training: &TrainingConfig,
    folder: &Path,
) -> Result<(Outcome, Vec<Event>), Error> {
    run_until(images, network, training, folder, &Stop::default())
}

pub fn run_until(
    images: &Squares,
    network: &Network,
    training: &TrainingConfig,
    folder: &Path,
    stop: &Stop,
) -> Result<(Outcome, Vec<Event>), Error> {
    with_trial(images, network, training, folder, |trial| {
        let mut events = Vec::new();
        let outcome = Trial { stop, ..trial }.run(&mut |event| {
            events.push(event);
            ControlFlow::Continue(())
        })?;
        Ok((outcome, events))
    })
}

/// Gives a trial on [`COUNT`] images to `work`.
pub fn with_trial<T>(
    images: &Squares,
    network: &Network,
    training: &TrainingConfig,
    folder: &Path,
    work: impl FnOnce(Trial<'_>) -> T,
) -> T {
    let all: Vec<usize> = (0..COUNT).collect();
    work(Trial {
        network,
        weights: &TrunkWeights::random(1),
        images,
        train: &all[..32],
        validation: &all[32..40],
        test: &all[40..],
        start: None,
        precision: Precision::F32,
        training,
        device: &Device::flex(),
        device_name: "flex",
        cache_folder: folder,
        checkpoint: None,
        stop: &Stop::default(),
    })
}

pub fn with_rank(layers: &str, rank: &str) -> Network {
    let (layers, rank) = (Some(layers.parse().unwrap()), Some(rank.parse().unwrap()));
    with(&AdapterSettings { layers, rank, ..Default::default() })
}

/// The events of trials, each with the place of its trial.
pub type Events = Vec<(usize, Event)>;

/// The snapshots in events, each with the place of its trial.
pub fn snapshots(events: &[(usize, Event)]) -> Vec<(usize, Snapshot)> {
    events
        .iter()
        .filter_map(|(place, event)| match event {
            Event::Checkpoint(snapshot) => Some((*place, snapshot.clone())),
            _ => None,
        })
        .collect()
}

/// All that trials of a test share.
pub struct Bench {
    folder: tempfile::TempDir,
    images: Squares,
    weights: TrunkWeights,
    device: Device,
    /// The number of every image.
    pub all: Vec<usize>,
    pub stop: Stop,
}

impl Bench {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            images: Squares::new(),
            weights: TrunkWeights::random(1),
            device: Device::flex(),
            all: (0..COUNT).collect(),
            stop: Stop::default(),
        }
    }

    /// A trial of `network`; the last of its batches is smaller.
    pub fn trial<'a>(&'a self, network: &'a Network, training: &'a TrainingConfig) -> Trial<'a> {
        Trial {
            network,
            weights: &self.weights,
            images: &self.images,
            train: &self.all[..29],
            validation: &self.all[32..40],
            test: &self.all[40..],
            start: None,
            precision: Precision::F32,
            training,
            device: &self.device,
            device_name: "flex",
            cache_folder: self.folder.path(),
            checkpoint: None,
            stop: &self.stop,
        }
    }
}

/// Trains trials together, each from its checkpoint.
pub fn train_from(
    settings: &[(Network, TrainingConfig)],
    checkpoints: &[Option<Checkpoint>],
    stop: &Stop,
    on_event: &mut dyn FnMut(usize, &Event),
) -> (Vec<Result<Outcome, Error>>, Events) {
    train_until(settings, checkpoints, stop, &mut |place, event| {
        on_event(place, event);
        ControlFlow::Continue(())
    })
}

/// Trains trials together, each from its checkpoint and until an event of it is answered with a stop.
pub fn train_until(
    settings: &[(Network, TrainingConfig)],
    checkpoints: &[Option<Checkpoint>],
    stop: &Stop,
    on_event: &mut dyn FnMut(usize, &Event) -> ControlFlow<()>,
) -> (Vec<Result<Outcome, Error>>, Events) {
    let bench = Bench::new();
    let trials: Vec<Trial<'_>> = settings
        .iter()
        .zip(checkpoints)
        .map(|((network, training), checkpoint)| Trial {
            checkpoint: checkpoint.as_ref(),
            stop,
            ..bench.trial(network, training)
        })
        .collect();
    let mut events = Vec::new();
    let outcomes = run_together(&trials, &mut |place, event| {
        let answer = on_event(place, &event);
        events.push((place, event));
        answer
    });
    (outcomes.unwrap(), events)
}

pub fn steps_and_epochs(events: &[(usize, Event)], place: usize, after: usize) -> Vec<String> {
    let lines = events.iter().filter(|(of, _)| *of == place).filter_map(|(_, event)| match event {
        Event::Step { epoch, step, loss, accuracy, .. } if *epoch > after => {
            Some(format!("{epoch} {step} {loss:e} {accuracy}"))
        }
        Event::Epoch(summary) if summary.epoch > after => Some(format!(
            "{} {:e} {} {:e} {} {}",
            summary.epoch,
            summary.train_loss,
            summary.train_accuracy,
            summary.validation_loss,
            summary.validation_accuracy,
            summary.best
        )),
        _ => None,
    });
    lines.collect()
}

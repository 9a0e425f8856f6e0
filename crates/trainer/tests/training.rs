//! Whole trials on small generated images: repeatable, cached, and able to learn.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test may panic.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use burn::tensor::Device;
use ranklab_trainer::{
    Checkpoint, Error, Event, ImageLoader, OptimizerKind, Outcome, Snapshot, Stop, TrainingConfig, Trial,
    run_together,
};
use ranklab_zoo::{AdapterConfig, AdapterSettings, Architecture, weights::TrunkWeights};

const SIZE: usize = 32;
const COUNT: usize = 48;

/// Noise, with a bright square in every second image.
struct Squares {
    labels: Vec<u8>,
    loaded: AtomicUsize,
}

impl Squares {
    fn new() -> Self {
        Self { labels: (0..COUNT).map(|image| (image % 2) as u8).collect(), loaded: AtomicUsize::new(0) }
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
        COUNT
    }

    fn labels(&self) -> &[u8] {
        &self.labels
    }

    fn key(&self) -> String {
        "squares".to_owned()
    }
}

fn adapter(layers: &str) -> AdapterConfig {
    let rank = Some("2".parse().unwrap());
    AdapterSettings { layers: Some(layers.parse().unwrap()), rank, ..Default::default() }.resolve().unwrap()
}

fn training(epochs: usize, seed: u64) -> TrainingConfig {
    TrainingConfig { epochs, seed, batch_size: 8, batch_norm_momentum: 0.3, ..TrainingConfig::default() }
}

fn run(
    images: &Squares,
    adapter: Option<&AdapterConfig>,
    training: &TrainingConfig,
    folder: &Path,
) -> Result<(Outcome, Vec<Event>), Error> {
    run_until(images, adapter, training, folder, &Stop::default())
}

fn run_until(
    images: &Squares,
    adapter: Option<&AdapterConfig>,
    training: &TrainingConfig,
    folder: &Path,
    stop: &Stop,
) -> Result<(Outcome, Vec<Event>), Error> {
    let all: Vec<usize> = (0..COUNT).collect();
    let trial = Trial {
        architecture: if adapter.is_some() { Architecture::Model5 } else { Architecture::Model4 },
        adapter,
        weights: &TrunkWeights::random(1),
        images,
        train: &all[..32],
        validation: &all[32..40],
        test: &all[40..],
        training,
        device: &Device::flex(),
        device_name: "flex",
        cache_folder: folder,
        checkpoint: None,
        stop,
    };
    let mut events = Vec::new();
    let outcome = trial.run(&mut |event| events.push(event))?;
    Ok((outcome, events))
}

fn cache_file(events: &[Event]) -> (std::path::PathBuf, u64, bool) {
    match &events[0] {
        Event::Features { path: Some(path), bytes, reused, .. } => (path.clone(), *bytes, *reused),
        other => panic!("the first event is {other:?}"),
    }
}

#[test]
fn one_seed_gives_one_set_of_weights_bit_for_bit_and_another_seed_another() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    let adapter = adapter("block5");
    let hash = |seed| run(&images, Some(&adapter), &training(2, seed), folder.path()).unwrap().0.model_hash;
    let first = hash(5);
    assert_eq!(first, hash(5));
    assert_ne!(first, hash(6));
}

#[test]
fn features_are_computed_once_for_trials_with_the_same_cut_and_told_in_size_beforehand() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    let (first, events) = run(&images, None, &training(1, 0), folder.path()).unwrap();
    let (path, bytes, reused) = cache_file(&events);
    assert!(!reused);
    assert_eq!(fs::metadata(&path).unwrap().len(), bytes);
    assert_eq!(images.loaded.load(Ordering::Relaxed), COUNT);

    // block4+block5 starts from block3_pool, as model_4 does.
    let adapter = adapter("block4+block5");
    let (_, events) = run(&images, Some(&adapter), &training(1, 0), folder.path()).unwrap();
    assert!(cache_file(&events).2);
    assert_eq!(images.loaded.load(Ordering::Relaxed), COUNT);

    let (again, _) = run(&images, None, &training(1, 0), folder.path()).unwrap();
    assert_eq!(first.model_hash, again.model_hash);
}

#[test]
fn a_damaged_cache_is_noticed_and_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    let (first, events) = run(&images, None, &training(1, 0), folder.path()).unwrap();
    let (path, ..) = cache_file(&events);
    let whole = fs::read(&path).unwrap();
    for damage in ["a flipped bit", "a lost tail", "nothing but an empty file"] {
        let mut bytes = whole.clone();
        match damage {
            "a flipped bit" => bytes[whole.len() / 2] ^= 1,
            "a lost tail" => bytes.truncate(whole.len() - 1),
            _ => bytes.clear(),
        }
        // Written anew, as a map of the old file may still be open.
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let (again, events) = run(&images, None, &training(1, 0), folder.path()).unwrap();
        assert!(!cache_file(&events).2, "{damage} was taken for a sound cache");
        assert_eq!(first.model_hash, again.model_hash);
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn trials_that_want_the_same_features_at_once_compute_them_once() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| run(&images, None, &training(1, 0), folder.path()).unwrap());
        }
    });
    assert_eq!(images.loaded.load(Ordering::Relaxed), COUNT);
}

#[test]
fn a_wish_to_stop_ends_the_wait_for_features_that_somebody_else_computes() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    let (_, events) = run(&images, None, &training(1, 0), folder.path()).unwrap();
    let (cache, ..) = cache_file(&events);
    fs::remove_file(&cache).unwrap();
    // Whoever computes features holds this locked.
    let lock = fs::File::options().write(true).open(cache.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let outcome = run_until(&images, None, &training(1, 0), folder.path(), &stop);
            matches!(outcome, Err(Error::Stopped))
        });
        std::thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished(), "it did not wait");
        stop.request();
        let asked = Instant::now();
        while !waiting.is_finished() && asked.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let stopped = waiting.is_finished();
        drop(lock);
        assert!(stopped && waiting.join().unwrap(), "it went on waiting");
    });
}

#[test]
fn with_adapters_from_the_first_convolution_on_no_cache_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (outcome, events) =
        run(&Squares::new(), Some(&adapter("all")), &training(1, 0), folder.path()).unwrap();
    assert!(matches!(events[0], Event::Features { path: None, .. }));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(outcome.probabilities.len(), COUNT - 40);
}

#[test]
fn both_models_learn_to_tell_the_squares_and_the_best_epoch_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    let adapter = adapter("block5");
    for adapter in [None, Some(&adapter)] {
        let (outcome, events) = run(&images, adapter, &training(8, 0), folder.path()).unwrap();
        let accuracies: Vec<f64> = events
            .iter()
            .filter_map(|event| match event {
                Event::Epoch(summary) => Some(summary.validation_accuracy),
                _ => None,
            })
            .collect();
        let best = accuracies.iter().copied().fold(0.0, f64::max);
        assert_eq!(accuracies[outcome.best_epoch - 1], best);
        assert!(accuracies[..outcome.best_epoch - 1].iter().all(|accuracy| *accuracy < best));
        let right = outcome
            .probabilities
            .iter()
            .enumerate()
            .filter(|(place, probability)| (**probability >= 0.5) == ((40 + place) % 2 == 1))
            .count();
        assert!(right >= 7, "{right} of 8 test images right, validation {accuracies:?}");
    }
}

#[test]
fn a_diverging_run_stops_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let training = TrainingConfig { learning_rate: 1e38, ..training(3, 0) };
    let error = run(&Squares::new(), Some(&adapter("block5")), &training, folder.path()).unwrap_err();
    assert!(error.to_string().contains("training diverged"), "{error}");
}

#[test]
fn a_cache_folder_that_cannot_be_made_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "").unwrap();
    let error = run(&Squares::new(), None, &training(1, 0), &blocked.join("cache")).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("feature cache") && !message.contains('\n'), "{message}");
}

/// Trains the given adapters and settings together, then each alone.
fn together_and_alone(settings: &[(AdapterConfig, TrainingConfig)]) -> [Vec<Result<Outcome, Error>>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let (images, weights, device) = (Squares::new(), TrunkWeights::random(1), Device::flex());
    let (stop, all) = (Stop::default(), (0..COUNT).collect::<Vec<usize>>());
    let trials: Vec<Trial<'_>> = settings
        .iter()
        .map(|(adapter, training)| Trial {
            architecture: Architecture::Model5,
            adapter: Some(adapter),
            weights: &weights,
            images: &images,
            // 8 does not divide it: the last batch is smaller.
            train: &all[..29],
            validation: &all[32..40],
            test: &all[40..],
            training,
            device: &device,
            device_name: "flex",
            cache_folder: folder.path(),
            checkpoint: None,
            stop: &stop,
        })
        .collect();
    assert!(trials.iter().all(|trial| trials[0].joins(trial)));
    let together = run_together(&trials, &mut |_, _| {}).unwrap();
    let alone = trials.iter().map(|trial| trial.run(&mut |_| {})).collect();
    [together, alone]
}

fn with_rank(layers: &str, rank: &str) -> AdapterConfig {
    let (layers, rank) = (Some(layers.parse().unwrap()), Some(rank.parse().unwrap()));
    AdapterSettings { layers, rank, ..Default::default() }.resolve().unwrap()
}

#[test]
fn trials_trained_together_end_with_the_weights_that_each_has_alone() {
    let other_rate = TrainingConfig { learning_rate: 0.001, ..training(2, 3) };
    for layers in ["block5", "block5_conv3", "block4_conv3+block5"] {
        let settings = [
            (with_rank(layers, "1"), training(2, 3)),
            (with_rank(layers, "5"), other_rate.clone()),
            (with_rank(layers, "16"), training(2, 3)),
        ];
        let [together, alone] = together_and_alone(&settings);
        for (together, alone) in together.into_iter().zip(alone) {
            let (together, alone) = (together.unwrap(), alone.unwrap());
            assert_eq!(together.model_hash, alone.model_hash, "{layers}");
            assert_eq!(together.probabilities, alone.probabilities, "{layers}");
        }
    }
}

#[test]
fn trials_with_different_seeds_train_together_as_well() {
    let settings = [0, 1, 2].map(|seed| (with_rank("block5", "2"), training(2, seed)));
    let [together, alone] = together_and_alone(&settings);
    let hashes = |outcomes: Vec<Result<Outcome, Error>>| -> Vec<String> {
        outcomes.into_iter().map(|outcome| outcome.unwrap().model_hash).collect()
    };
    let (together, alone) = (hashes(together), hashes(alone));
    assert_eq!(together, alone);
    assert_ne!(together[0], together[1]);
}

#[test]
fn a_trial_that_diverges_leaves_the_others_undisturbed() {
    let diverging = TrainingConfig { learning_rate: 1e38, ..training(3, 0) };
    let settings = [(with_rank("block5", "2"), diverging), (with_rank("block5", "2"), training(3, 0))];
    let [together, alone] = together_and_alone(&settings);
    assert!(matches!(together[0], Err(Error::Diverged { .. })));
    let (together, alone) = (together[1].as_ref().unwrap(), alone[1].as_ref().unwrap());
    assert_eq!(together.model_hash, alone.model_hash);
}

#[test]
fn trials_that_do_not_share_a_frozen_part_do_not_join() {
    let folder = tempfile::tempdir().unwrap();
    let (images, weights, device) = (Squares::new(), TrunkWeights::random(1), Device::flex());
    let stop = Stop::default();
    let (all, training_0) = ((0..COUNT).collect::<Vec<usize>>(), training(1, 0));
    let other_batch = TrainingConfig { batch_size: 4, ..training(1, 0) };
    let dora = AdapterSettings { dora: Some(true), ..Default::default() }.resolve().unwrap();
    let (rank_7, seed_9) = (with_rank("block5", "7"), training(1, 9));
    let (block5, conv3) = (with_rank("block5", "2"), with_rank("block5_conv3", "2"));
    let trial = |adapter, training, train| Trial {
        architecture: if Option::<&AdapterConfig>::is_none(&adapter) {
            Architecture::Model4
        } else {
            Architecture::Model5
        },
        adapter,
        weights: &weights,
        images: &images,
        train,
        validation: &all[32..40],
        test: &all[40..],
        training,
        device: &device,
        device_name: "flex",
        cache_folder: folder.path(),
        checkpoint: None,
        stop: &stop,
    };
    let base = trial(Some(&block5), &training_0, &all[..32]);
    assert!(base.joins(&trial(Some(&rank_7), &seed_9, &all[..32])));
    let other = trial(Some(&conv3), &training_0, &all[..32]);
    assert!(!base.joins(&other));
    let refused = run_together(&[trial(Some(&block5), &training_0, &all[..32]), other], &mut |_, _| {});
    assert!(refused.unwrap_err().to_string().contains("one by one"));
    assert!(!base.joins(&trial(Some(&dora), &training_0, &all[..32])));
    assert!(!base.joins(&trial(None, &training_0, &all[..32])));
    assert!(!base.joins(&trial(Some(&block5), &other_batch, &all[..32])));
    assert!(!base.joins(&trial(Some(&block5), &training_0, &all[1..32])));
}

/// What trials told, each with its place.
type Events = Vec<(usize, Event)>;

/// The snapshots that trials told of, each with the place of its trial.
fn snapshots(events: &[(usize, Event)]) -> Vec<(usize, Snapshot)> {
    events
        .iter()
        .filter_map(|(place, event)| match event {
            Event::Checkpoint(snapshot) => Some((*place, snapshot.clone())),
            _ => None,
        })
        .collect()
}

/// Trains trials together, each from its checkpoint.
fn train_from(
    settings: &[(Option<AdapterConfig>, TrainingConfig)],
    checkpoints: &[Option<Checkpoint>],
    stop: &Stop,
    on_event: &mut dyn FnMut(usize, &Event),
) -> (Vec<Result<Outcome, Error>>, Events) {
    let folder = tempfile::tempdir().unwrap();
    let (images, weights, device) = (Squares::new(), TrunkWeights::random(1), Device::flex());
    let all: Vec<usize> = (0..COUNT).collect();
    let trials: Vec<Trial<'_>> = settings
        .iter()
        .zip(checkpoints)
        .map(|((adapter, training), checkpoint)| Trial {
            architecture: if adapter.is_some() { Architecture::Model5 } else { Architecture::Model4 },
            adapter: adapter.as_ref(),
            weights: &weights,
            images: &images,
            train: &all[..29],
            validation: &all[32..40],
            test: &all[40..],
            training,
            device: &device,
            device_name: "flex",
            cache_folder: folder.path(),
            checkpoint: checkpoint.as_ref(),
            stop,
        })
        .collect();
    let mut events = Vec::new();
    let outcomes = run_together(&trials, &mut |place, event| {
        on_event(place, &event);
        events.push((place, event));
    });
    (outcomes.unwrap(), events)
}

fn steps_and_epochs(events: &[(usize, Event)], place: usize, after: usize) -> Vec<String> {
    let told = events.iter().filter(|(of, _)| *of == place).filter_map(|(_, event)| match event {
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
    told.collect()
}

#[test]
fn from_every_epochs_checkpoint_training_goes_on_as_if_it_had_never_stopped() {
    let with =
        |optimizer, momentum| TrainingConfig { optimizer, momentum, learning_rate: 0.002, ..training(3, 4) };
    let full = AdapterSettings { dora: Some(true), dropout: Some(0.2), ..Default::default() };
    let settings = [
        (Some(adapter("block5")), with(OptimizerKind::Adamax, 0.0)),
        (Some(full.resolve().unwrap()), with(OptimizerKind::Adam, 0.0)),
        (None, with(OptimizerKind::Adamw, 0.0)),
        (None, with(OptimizerKind::Sgd, 0.9)),
    ];
    for setting in settings {
        let name = setting.1.optimizer.name();
        let setting = [setting];
        let (whole, events) = train_from(&setting, &[None], &Stop::default(), &mut |_, _| {});
        let whole = whole[0].as_ref().unwrap();
        let snapshots = snapshots(&events);
        assert_eq!(snapshots.len(), 3);
        for (_, snapshot) in snapshots {
            let bytes = snapshot.encode("this trial").unwrap();
            let checkpoint = Checkpoint::decode(&bytes, "this trial").unwrap();
            let epoch = checkpoint.epoch();
            let (rest, told) = train_from(&setting, &[Some(checkpoint)], &Stop::default(), &mut |_, _| {});
            let rest = rest[0].as_ref().unwrap();
            assert_eq!(rest.model_hash, whole.model_hash, "{name} after epoch {epoch}");
            assert_eq!(rest.probabilities, whole.probabilities, "{name} after epoch {epoch}");
            assert_eq!((rest.best_epoch, rest.test_loss), (whole.best_epoch, whole.test_loss));
            assert_eq!(steps_and_epochs(&told, 0, 0), steps_and_epochs(&events, 0, epoch), "{name}");
        }
    }
}

#[test]
fn trials_that_stopped_after_different_epochs_go_on_together() {
    let settings = [1, 2, 3].map(|rank| (Some(with_rank("block5", &rank.to_string())), training(3, rank)));
    let (whole, events) = train_from(&settings, &[None, None, None], &Stop::default(), &mut |_, _| {});
    let at = |place: usize, epoch: usize| {
        let snapshot =
            snapshots(&events).into_iter().find(|(of, found)| (*of, found.epoch()) == (place, epoch));
        let bytes = snapshot.unwrap().1.encode("").unwrap();
        Some(Checkpoint::decode(&bytes, "").unwrap())
    };
    // The first is done but for its test, the second lacks an epoch, the third has nothing.
    let checkpoints = [at(0, 3), at(1, 2), None];
    let (rest, told) = train_from(&settings, &checkpoints, &Stop::default(), &mut |_, _| {});
    for (place, done) in [(0, 3), (1, 2), (2, 0)] {
        let (whole, rest) = (whole[place].as_ref().unwrap(), rest[place].as_ref().unwrap());
        assert_eq!(rest.model_hash, whole.model_hash, "{place}");
        assert_eq!(rest.probabilities, whole.probabilities, "{place}");
        assert_eq!(steps_and_epochs(&told, place, 0), steps_and_epochs(&events, place, done), "{place}");
    }
}

#[test]
fn a_wish_to_stop_ends_training_within_a_step() {
    let stop = Stop::default();
    let setting = [(None, training(3, 0))];
    let mut steps = 0;
    let (outcomes, _) = train_from(&setting, &[None], &stop, &mut |_, event| {
        if let Event::Step { step, .. } = event {
            steps = *step;
            if *step == 6 {
                stop.request();
            }
        }
    });
    assert!(matches!(outcomes[0], Err(Error::Stopped)));
    assert_eq!(steps, 6);
}

#[test]
fn a_checkpoint_of_another_trial_or_with_any_byte_changed_is_refused() {
    let setting = [(Some(adapter("block5")), training(1, 0))];
    let (_, events) = train_from(&setting, &[None], &Stop::default(), &mut |_, _| {});
    let bytes = snapshots(&events)[0].1.encode("rank 2").unwrap();
    assert!(Checkpoint::decode(&bytes, "rank 2").is_ok());
    assert!(Checkpoint::decode(&bytes, "rank 3").unwrap_err().contains("another version"));
    for length in [0, 3, 30, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(Checkpoint::decode(&bytes[..length], "rank 2").is_err(), "cut to {length} bytes");
    }
    for place in (0..bytes.len()).step_by(bytes.len() / 97) {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        assert!(Checkpoint::decode(&changed, "rank 2").is_err(), "byte {place} changed");
    }
}

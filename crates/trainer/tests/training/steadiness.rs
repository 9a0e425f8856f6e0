//! All that a trial leaves is the same, to the last bit, whatever it trains with and on however many cores.

use std::{ops::ControlFlow, path::Path};

use burn::tensor::Device;
use ranklab_settings::{AdapterSettings, Network, OptimizerKind, Precision, SelectBy, TrainingConfig};
use ranklab_trainer::{Event, Stop, Trial, run_together};
use ranklab_zoo::weights::TrunkWeights;
use rayon::ThreadPoolBuilder;

use crate::fixture::{Events, Squares, steps_and_epochs, training, with, with_rank};

/// More validation and test images than are evaluated at once, and no multiple of it.
const IMAGES: usize = 420;
const TRAIN: usize = 20;
const VALIDATION: usize = 203;

/// A network and how to train it.
type Setting = (Network, TrainingConfig);

/// Everything that trials leave but times, trained together on so many threads.
fn left(settings: &[&Setting], threads: usize, folder: &Path) -> Vec<Vec<String>> {
    let (images, weights, device) = (Squares::of(IMAGES), TrunkWeights::random(1), Device::flex());
    let (all, stop) = ((0..IMAGES).collect::<Vec<usize>>(), Stop::default());
    let trials: Vec<Trial<'_>> = settings
        .iter()
        .map(|(network, training)| Trial {
            network,
            weights: &weights,
            images: &images,
            train: &all[..TRAIN],
            validation: &all[TRAIN..TRAIN + VALIDATION],
            test: &all[TRAIN + VALIDATION..],
            start: None,
            precision: Precision::F32,
            training,
            device: &device,
            device_name: "flex",
            cache_folder: folder,
            checkpoint: None,
            stop: &stop,
        })
        .collect();
    let mut events: Events = Vec::new();
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let outcomes = pool.install(|| {
        run_together(&trials, &mut |place, event| {
            events.push((place, event));
            ControlFlow::Continue(())
        })
    });
    let outcomes = outcomes.unwrap().into_iter().map(Result::unwrap).enumerate();
    let all = outcomes.map(|(place, outcome)| {
        let mut left = steps_and_epochs(&events, place, 0);
        left.extend(events.iter().filter(|(of, _)| *of == place).filter_map(|(_, event)| match event {
            Event::BestValidation(probabilities) => Some(format!("{probabilities:?}")),
            _ => None,
        }));
        left.push(format!("{:?} {} {:?}", outcome.probabilities, outcome.best_epoch, outcome.test_loss));
        left.push(outcome.model_hash);
        left
    });
    all.collect()
}

/// With checks that nothing was left out.
fn alone(setting: &Setting, threads: usize, folder: &Path) -> Vec<String> {
    let left = left(&[setting], threads, folder).remove(0);
    assert!(
        left.len() > 8 && left.iter().any(|line| line.matches(',').count() == VALIDATION - 1),
        "{left:?}"
    );
    left
}

#[test]
fn losses_metrics_predictions_and_weights_depend_on_no_company() {
    let folder = tempfile::tempdir().unwrap();
    let by_loss = |seed| TrainingConfig { select_by: SelectBy::ValidationLoss, ..training(2, seed) };
    let settings: [Setting; 6] = [
        (with_rank("block5_conv2+block5_conv3", "1"), by_loss(0)),
        (with_rank("block5_conv2+block5_conv3", "5"), by_loss(1)),
        (with_rank("block5_conv2+block5_conv3", "40"), by_loss(0)),
        (
            with_rank("block5_conv2+block5_conv3", "3+17"),
            TrainingConfig { optimizer: OptimizerKind::Adamw, learning_rate: 0.001, ..by_loss(2) },
        ),
        (with_rank("block5_conv2+block5_conv3", "2"), training(2, 7)),
        (with_rank("block5_conv2+block5_conv3", "16"), training(2, 7)),
    ];
    let alone: Vec<Vec<String>> = settings.iter().map(|setting| alone(setting, 2, folder.path())).collect();
    for group in [&[0, 2][..], &[1, 0, 3], &[0, 1, 2, 3], &[5, 4, 3, 2, 1, 0]] {
        let together: Vec<&Setting> = group.iter().map(|&place| &settings[place]).collect();
        for (place, found) in group.iter().zip(left(&together, 2, folder.path())) {
            assert!(found == alone[*place], "trial {place} in the group {group:?}");
        }
    }
}

#[test]
fn losses_metrics_predictions_and_weights_depend_on_no_number_of_threads() {
    let dora = AdapterSettings { dora: Some(true), dropout: Some(0.3), ..Default::default() };
    let settings: [Setting; 4] = [
        (Network::Model4, training(2, 3)),
        (with(&dora), training(2, 3)),
        (with_rank("block5", "5"), training(2, 3)),
        (with_rank("block4_conv3+block5_conv3", "64"), training(2, 3)),
    ];
    for setting in &settings {
        let found = [1, 2, 5].map(|threads| {
            // Features are computed by so many threads as well.
            let folder = tempfile::tempdir().unwrap();
            alone(setting, threads, folder.path())
        });
        assert!(found[0] == found[1] && found[1] == found[2], "{setting:?}");
    }
}

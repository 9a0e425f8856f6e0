//! Trials on trunks of lower precision.

use std::{fs, ops::ControlFlow, path::PathBuf, sync::atomic::Ordering};

use burn::tensor::Device;
use ranklab_settings::{Network, Precision};
use ranklab_trainer::{Event, ImageLoader, NetworkSettings, Outcome, Trial, check_features, run_together};
use ranklab_zoo::{HeadConfig, stored_calibration, weights::TrunkWeights};

use crate::fixture::{Bench, COUNT, Squares, adapted, training, with_rank, with_trial};

const ROUNDED: [Precision; 3] = [Precision::Bf16, Precision::Int16, Precision::Int8];

/// A trial's outcome, and its feature caches with whether each was there before.
fn trained(trial: &Trial<'_>) -> (Outcome, Vec<(PathBuf, bool)>) {
    let mut caches = Vec::new();
    let outcome = trial.run(&mut |event| {
        if let Event::Features { path: Some(path), bytes, reused, .. } = event {
            caches.push((path, bytes, reused));
        }
        ControlFlow::Continue(())
    });
    let size = |path: &PathBuf| fs::metadata(path).unwrap().len();
    assert!(caches.iter().all(|(path, bytes, _)| size(path) == *bytes));
    (outcome.unwrap(), caches.into_iter().map(|(path, _, reused)| (path, reused)).collect())
}

#[test]
fn a_network_opened_again_has_the_very_probabilities_of_its_trial_at_every_precision() {
    let (images, weights, training) = (Squares::new(), TrunkWeights::random(1), training(2, 3));
    let head =
        HeadConfig { dropout: training.head_dropout, batch_norm_momentum: training.batch_norm_momentum };
    let test: Vec<usize> = (40..COUNT).collect();
    for network in [Network::Model4, adapted("block5")] {
        let mut seen = Vec::new();
        for precision in [&[Precision::F32], &ROUNDED[..]].concat() {
            let folder = tempfile::tempdir().unwrap();
            let (outcome, caches) = with_trial(&images, &network, &training, folder.path(), |trial| {
                trained(&Trial { precision, ..trial })
            });
            for (path, _) in &caches {
                assert_eq!(check_features(path, &|| true), Ok(()), "{path:?}");
            }
            let settings = NetworkSettings {
                network: &network,
                image_size: images.size(),
                precision,
                head,
                seed: 3,
                start: None,
            };
            let opened = settings.open(&weights, Some(&outcome.model), &Device::flex()).unwrap();
            let found = opened.probabilities(&images, &test, &mut |_| ControlFlow::Continue(())).unwrap();
            assert_eq!(found, outcome.probabilities, "{}", precision.name());
            for (explanation, probability) in
                opened.explain(&images, &test).unwrap().iter().zip(&outcome.probabilities)
            {
                assert!((explanation.probability() - probability).abs() < 1e-3, "{}", precision.name());
            }
            let has_scales = matches!(precision, Precision::Int16 | Precision::Int8);
            assert_eq!(stored_calibration(&outcome.model).is_ok(), has_scales, "{}", precision.name());
            assert!(!seen.contains(&outcome.model_hash), "{} trained as another did", precision.name());
            seen.push(outcome.model_hash);
        }
    }
}

#[test]
fn scales_come_from_training_images_alone_and_each_split_has_caches_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (images, training, network) = (Squares::new(), training(1, 0), adapted("block5"));
    let all: Vec<usize> = (0..COUNT).collect();
    let on = |precision, train: std::ops::Range<usize>| {
        with_trial(&images, &network, &training, folder.path(), |trial| {
            trained(&Trial { precision, train: &all[train], ..trial })
        })
    };
    for precision in ROUNDED {
        let (first, _) = on(precision, 0..32);
        let (again, caches) = on(precision, 0..32);
        assert!(caches.len() == 2 && caches.iter().all(|(_, reused)| *reused), "{caches:?}");
        assert_eq!(again.model_hash, first.model_hash);
        // The calibration is there without images.
        assert_eq!(again.model, first.model);
        let loaded = images.loaded.load(Ordering::Relaxed);
        let (other, caches) = on(precision, 0..16);
        let has_scales = precision != Precision::Bf16;
        assert!(caches.iter().all(|(_, reused)| *reused != has_scales), "{}: {caches:?}", precision.name());
        // Sixteen training images to calibrate on, then all to compute features of.
        let expected = if has_scales { 16 + COUNT } else { 0 };
        assert_eq!(images.loaded.load(Ordering::Relaxed) - loaded, expected);
        assert_eq!(
            stored_calibration(&other.model).ok() == stored_calibration(&first.model).ok(),
            !has_scales
        );
    }
}

#[test]
fn a_cache_with_a_damaged_calibration_is_noticed_and_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let (images, training) = (Squares::new(), training(1, 0));
    let run = || {
        with_trial(&images, &Network::Model4, &training, folder.path(), |trial| {
            trained(&Trial { precision: Precision::Int8, ..trial })
        })
    };
    let (first, caches) = run();
    let whole = fs::read(&caches[0].0).unwrap();
    for place in [1, 2, 300] {
        let mut damaged = whole.clone();
        let end = damaged.len();
        damaged[end - place] ^= 0x40;
        fs::write(&caches[0].0, damaged).unwrap();
        assert_eq!(
            check_features(&caches[0].0, &|| true),
            Err("its table of checksums or calibration is damaged".to_owned())
        );
        let (again, caches) = run();
        assert!(!caches[0].1);
        assert!(again.model == first.model && fs::read(&caches[0].0).unwrap() == whole);
    }
}

#[test]
fn trials_of_one_precision_train_together_and_of_two_do_not() {
    let bench = Bench::new();
    let networks = [with_rank("block5", "2"), with_rank("block5", "16")];
    let training = training(2, 5);
    let trials: Vec<Trial<'_>> = networks
        .iter()
        .map(|network| Trial { precision: Precision::Int8, ..bench.trial(network, &training) })
        .collect();
    assert!(trials[0].joins(&trials[1]));
    assert!(!trials[0].joins(&bench.trial(&networks[1], &training)));
    let together = run_together(&trials, &mut |_, _| ControlFlow::Continue(())).unwrap();
    for (trial, together) in trials.iter().zip(together) {
        let alone = trial.run(&mut |_| ControlFlow::Continue(())).unwrap();
        let together = together.unwrap();
        assert!(alone.model == together.model && alone.probabilities == together.probabilities);
    }
}

//! Trials that train together: each as if it were alone.

use burn::tensor::Device;
use ranklab_trainer::{Error, Outcome, Stop, TrainingConfig, Trial, run_together};
use ranklab_zoo::{AdapterConfig, AdapterSettings, Architecture, weights::TrunkWeights};

use crate::fixture::{COUNT, Squares, training, with_rank};

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

//! Trials that train together: each as if it were alone.

use std::ops::ControlFlow;

use ranklab_settings::{AdapterSettings, Network, TrainingConfig};
use ranklab_trainer::{Error, Outcome, Trial, run_together};

use crate::fixture::{Bench, training, with, with_rank};

/// Trains the given adapters and settings together, then each alone.
fn together_and_alone(settings: &[(Network, TrainingConfig)]) -> [Vec<Result<Outcome, Error>>; 2] {
    let bench = Bench::new();
    let trials: Vec<Trial<'_>> =
        settings.iter().map(|(network, training)| bench.trial(network, training)).collect();
    assert!(trials.iter().all(|trial| trials[0].joins(trial)));
    let together = run_together(&trials, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let alone = trials.iter().map(|trial| trial.run(&mut |_| ControlFlow::Continue(()))).collect();
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
    let (bench, training_0) = (Bench::new(), training(1, 0));
    let other_batch = TrainingConfig { batch_size: 4, ..training(1, 0) };
    let dora = with(&AdapterSettings { dora: Some(true), ..Default::default() });
    let (rank_7, seed_9) = (with_rank("block5", "7"), training(1, 9));
    let (block5, conv3) = (with_rank("block5", "2"), with_rank("block5_conv3", "2"));
    let base = bench.trial(&block5, &training_0);
    assert!(base.joins(&bench.trial(&rank_7, &seed_9)));
    let other = bench.trial(&conv3, &training_0);
    assert!(!base.joins(&other));
    let refused =
        run_together(&[bench.trial(&block5, &training_0), other], &mut |_, _| ControlFlow::Continue(()));
    assert!(refused.unwrap_err().to_string().contains("one by one"));
    assert!(!base.joins(&bench.trial(&dora, &training_0)));
    assert!(!base.joins(&bench.trial(&Network::Model4, &training_0)));
    assert!(!base.joins(&bench.trial(&block5, &other_batch)));
    assert!(!base.joins(&Trial { train: &bench.all[1..29], ..bench.trial(&block5, &training_0) }));
}

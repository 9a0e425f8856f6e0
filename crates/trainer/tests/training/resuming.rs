//! Checkpoints: trials go on as if they had never stopped.

use std::ops::ControlFlow;

use ranklab_settings::{AdapterSettings, Network, OptimizerKind, TrainingConfig};
use ranklab_trainer::{Checkpoint, Error, Event, Stop};

use crate::fixture::{
    adapted, snapshots, steps_and_epochs, train_from, train_until, training, with as with_adapters, with_rank,
};

#[test]
fn from_every_epochs_checkpoint_training_goes_on_as_if_it_had_never_stopped() {
    let with =
        |optimizer, momentum| TrainingConfig { optimizer, momentum, learning_rate: 0.002, ..training(3, 4) };
    let full = AdapterSettings { dora: Some(true), dropout: Some(0.2), ..Default::default() };
    let settings = [
        (adapted("block5"), with(OptimizerKind::Adamax, 0.0)),
        (with_adapters(&full), with(OptimizerKind::Adam, 0.0)),
        (Network::Model4, with(OptimizerKind::Adamw, 0.0)),
        (Network::Model4, with(OptimizerKind::Sgd, 0.9)),
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
            let checkpoint = Checkpoint::decode(&bytes, |identity| identity == "this trial").unwrap();
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
    let settings = [1, 2, 3].map(|rank| (with_rank("block5", &rank.to_string()), training(3, rank)));
    let (whole, events) = train_from(&settings, &[None, None, None], &Stop::default(), &mut |_, _| {});
    let at = |place: usize, epoch: usize| {
        let snapshot =
            snapshots(&events).into_iter().find(|(of, found)| (*of, found.epoch()) == (place, epoch));
        let bytes = snapshot.unwrap().1.encode("").unwrap();
        Some(Checkpoint::decode(&bytes, str::is_empty).unwrap())
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
    let setting = [(Network::Model4, training(3, 0))];
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
fn a_trial_whose_epoch_is_answered_with_a_stop_ends_there_and_goes_on_from_its_checkpoint() {
    for network in [Network::Model4, adapted("block5")] {
        let setting = [(network, training(4, 6))];
        let (whole, events) = train_from(&setting, &[None], &Stop::default(), &mut |_, _| {});
        let whole = whole[0].as_ref().unwrap();
        let (stopped, before) =
            train_until(&setting, &[None], &Stop::default(), &mut |_, event| match event {
                Event::Epoch(summary) if summary.epoch == 2 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            });
        assert!(matches!(stopped[0], Err(Error::Stopped)));
        let snapshots = snapshots(&before);
        assert_eq!(snapshots.iter().map(|(_, snapshot)| snapshot.epoch()).collect::<Vec<_>>(), [1, 2]);
        let is_later =
            |event: &Event| matches!(event, Event::EpochStarted { epoch: 3, .. } | Event::TestStarted { .. });
        assert!(!before.iter().any(|(_, event)| is_later(event)));

        let bytes = snapshots[1].1.encode("this trial").unwrap();
        let checkpoint = Checkpoint::decode(&bytes, |identity| identity == "this trial").unwrap();
        let (rest, after) = train_from(&setting, &[Some(checkpoint)], &Stop::default(), &mut |_, _| {});
        let rest = rest[0].as_ref().unwrap();
        assert_eq!(rest.model_hash, whole.model_hash);
        assert_eq!(rest.probabilities, whole.probabilities);
        assert_eq!((rest.best_epoch, rest.test_loss), (whole.best_epoch, whole.test_loss));
        let in_two_parts = [steps_and_epochs(&before, 0, 0), steps_and_epochs(&after, 0, 0)].concat();
        assert_eq!(in_two_parts, steps_and_epochs(&events, 0, 0));
    }
}

#[test]
fn a_stop_of_one_trial_leaves_the_others_that_train_with_it_undisturbed() {
    let settings = [1, 2, 3].map(|rank| (with_rank("block5", &rank.to_string()), training(3, rank)));
    let (whole, _) = train_from(&settings, &[None, None, None], &Stop::default(), &mut |_, _| {});
    // In the middle of an epoch: the trial ends after it.
    let (found, events) =
        train_until(&settings, &[None, None, None], &Stop::default(), &mut |place, event| match event {
            Event::Step { epoch: 1, step: 2, .. } if place == 1 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
    assert!(matches!(found[1], Err(Error::Stopped)));
    let kept = snapshots(&events).into_iter().filter(|(place, _)| *place == 1);
    assert_eq!(kept.map(|(_, snapshot)| snapshot.epoch()).collect::<Vec<_>>(), [1]);
    for place in [0, 2] {
        let (found, whole) = (found[place].as_ref().unwrap(), whole[place].as_ref().unwrap());
        assert_eq!(found.model_hash, whole.model_hash, "{place}");
        assert_eq!(found.probabilities, whole.probabilities, "{place}");
    }
}

#[test]
fn a_checkpoint_of_another_trial_or_with_any_byte_changed_is_refused() {
    let setting = [(adapted("block5"), training(1, 0))];
    let (_, events) = train_from(&setting, &[None], &Stop::default(), &mut |_, _| {});
    let bytes = snapshots(&events)[0].1.encode("rank 2").unwrap();
    assert!(Checkpoint::decode(&bytes, |identity| identity == "rank 2").is_ok());
    assert!(
        Checkpoint::decode(&bytes, |identity| identity == "rank 3").unwrap_err().contains("another version")
    );
    for length in [0, 3, 30, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(
            Checkpoint::decode(&bytes[..length], |identity| identity == "rank 2").is_err(),
            "cut to {length} bytes"
        );
    }
    for place in (0..bytes.len()).step_by(bytes.len() / 97) {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        assert!(
            Checkpoint::decode(&changed, |identity| identity == "rank 2").is_err(),
            "byte {place} changed"
        );
    }
}

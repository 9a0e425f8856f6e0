//! Whole trials: repeatable and able to learn.

use ranklab_settings::{Network, TrainingConfig};
use ranklab_trainer::Event;

use crate::fixture::{Squares, adapted, run, training};

#[test]
fn one_seed_gives_one_set_of_weights_bit_for_bit_and_another_seed_another() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    let network = adapted("block5");
    let hash = |seed| run(&images, &network, &training(2, seed), folder.path()).unwrap().0.model_hash;
    let first = hash(5);
    assert_eq!(first, hash(5));
    assert_ne!(first, hash(6));
}

#[test]
fn both_models_learn_to_tell_the_squares_and_the_best_epoch_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    for network in [Network::Model4, adapted("block5")] {
        let (outcome, events) = run(&images, &network, &training(8, 0), folder.path()).unwrap();
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
    let error = run(&Squares::new(), &adapted("block5"), &training, folder.path()).unwrap_err();
    assert!(error.to_string().contains("training diverged"), "{error}");
}

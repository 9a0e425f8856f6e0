//! Networks of finished trials, opened without one.

use std::ops::ControlFlow;

use burn::tensor::Device;
use ranklab_settings::{Network, Precision};
use ranklab_trainer::{ImageLoader, NetworkSettings};
use ranklab_zoo::{HeadConfig, weights::TrunkWeights};

use crate::fixture::{COUNT, Squares, adapted, run, training};

#[test]
fn an_opened_network_gives_the_very_probabilities_of_its_trial_and_explains_them() {
    let (images, weights, training) = (Squares::new(), TrunkWeights::random(1), training(2, 3));
    let head =
        HeadConfig { dropout: training.head_dropout, batch_norm_momentum: training.batch_norm_momentum };
    let test: Vec<usize> = (40..COUNT).collect();
    for network in [Network::Model4, adapted("block5"), adapted("block4_conv2"), adapted("all")] {
        let folder = tempfile::tempdir().unwrap();
        let (outcome, _) = run(&images, &network, &training, folder.path()).unwrap();
        let settings = NetworkSettings {
            network: &network,
            image_size: images.size(),
            precision: Precision::F32,
            head,
            seed: 3,
            start: None,
        };
        let opened = settings.open(&weights, Some(&outcome.model), &Device::flex()).unwrap();
        assert_eq!(
            opened.probabilities(&images, &test, &mut |_| ControlFlow::Continue(())).unwrap(),
            outcome.probabilities
        );
        let (probabilities, loss) =
            opened.evaluate(&images, &test, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(
            (probabilities, loss.to_bits()),
            (outcome.probabilities.clone(), outcome.test_loss.to_bits())
        );
        let explained = opened.explain(&images, &test).unwrap();
        for (explanation, probability) in explained.iter().zip(&outcome.probabilities) {
            assert!((explanation.probability() - probability).abs() < 1e-3);
        }
        let untrained = settings.open(&weights, None, &Device::flex()).unwrap();
        assert_ne!(
            untrained.probabilities(&images, &test, &mut |_| ControlFlow::Continue(())).unwrap(),
            outcome.probabilities
        );
    }
    let settings = NetworkSettings {
        network: &Network::Model4,
        image_size: images.size(),
        precision: Precision::F32,
        head,
        seed: 3,
        start: None,
    };
    assert!(settings.open(&weights, Some(b"no state"), &Device::flex()).is_err());
}

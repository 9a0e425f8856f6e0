//! Class scores on the host: cross-entropy, accuracy and probabilities.

use burn::tensor::Tensor;

use crate::Error;

/// Class scores of a batch, read back from the device.
#[derive(Debug)]
pub(crate) struct Scores(Vec<f32>);

impl Scores {
    /// Reads `[batch, 2]` scores back.
    pub(crate) fn read(scores: Tensor<2>) -> Result<Self, Error> {
        scores.into_data().try_to_vec().map(Self).map_err(|problem| Error::Device(format!("{problem:?}")))
    }

    #[cfg(test)]
    pub(crate) fn of(values: Vec<f32>) -> Self {
        Self(values)
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        self.0.chunks_exact(2).map(|pair| (f64::from(pair[0]), f64::from(pair[1])))
    }

    /// Softmax's probability of class 1, the positive one.
    pub(crate) fn probabilities(&self) -> impl Iterator<Item = f64> {
        self.pairs().map(|(negative, positive)| 1.0 / (1.0 + (negative - positive).exp()))
    }

    /// Cross-entropy of each image.
    pub(crate) fn losses<'a>(&'a self, labels: &'a [u8]) -> impl Iterator<Item = f64> + 'a {
        self.pairs().zip(labels).map(|((negative, positive), label)| {
            let wrong_minus_right = if *label == 1 { negative - positive } else { positive - negative };
            // ln(1 + eˣ) without overflow.
            wrong_minus_right.max(0.0) + (-wrong_minus_right.abs()).exp().ln_1p()
        })
    }

    /// Summed cross-entropy of a step's images.
    pub(crate) fn loss(&self, labels: &[u8]) -> f64 {
        self.losses(labels).sum()
    }

    /// Images whose higher score is their label's; a tie counts as positive.
    pub(crate) fn correct(&self, labels: &[u8]) -> usize {
        self.pairs()
            .zip(labels)
            .filter(|((negative, positive), label)| u8::from(positive >= negative) == **label)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_and_probabilities_follow_softmax() {
        let scores = Scores(vec![1.0, 3.0, 0.0, 0.0, 500.0, -500.0]);
        let labels = [1, 0, 1];
        let expected = (1.0 + (-2.0f64).exp()).ln() + 2.0f64.ln() + 1000.0;
        assert!((scores.loss(&labels) - expected).abs() < 1e-12);
        let probabilities: Vec<f64> = scores.probabilities().collect();
        assert!((probabilities[0] - 0.880_797_077_977_882_3).abs() < 1e-12);
        assert_eq!(probabilities[1], 0.5);
        assert_eq!(scores.correct(&labels), 1);
    }
}

//! Probabilities that rank nothing: all equal, or all at 0 and 1.

/// How probabilities fail to rank images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Saturation {
    /// All are this one.
    Equal(f64),
    /// Each is 0 or 1 in single precision.
    Extreme,
}

/// Fewest probabilities that say something of a network.
const FEWEST: usize = 5;

/// How these probabilities rank nothing; `None` where they do, and for fewer than five.
pub fn saturation(probabilities: &[f64]) -> Option<Saturation> {
    let first = *probabilities.first().filter(|_| probabilities.len() >= FEWEST)?;
    if probabilities.iter().all(|probability| *probability == first) {
        return Some(Saturation::Equal(first));
    }
    // Near 0, single precision has more digits: a probability counts as 0 where its complement is 1.
    let is_extreme = |probability: &f64| {
        let (value, rest) = (*probability as f32, (1.0 - *probability) as f32);
        value == 1.0 || rest == 1.0
    };
    probabilities.iter().all(is_extreme).then_some(Saturation::Extreme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_probabilities_and_those_at_both_ends_rank_nothing() {
        assert_eq!(saturation(&[0.25; 5]), Some(Saturation::Equal(0.25)));
        assert_eq!(saturation(&[1.0; 6]), Some(Saturation::Equal(1.0)));
        assert_eq!(saturation(&[0.0, 1.0, 1e-9, 1.0 - 1e-9, 1e-300]), Some(Saturation::Extreme));
    }

    #[test]
    fn one_probability_between_ranks_and_few_say_nothing() {
        assert_eq!(saturation(&[0.0, 1.0, 0.0, 1.0, 1e-6]), None);
        assert_eq!(saturation(&[0.25, 0.25, 0.25, 0.25, 0.26]), None);
        assert_eq!(saturation(&[1.0; 4]), None);
        assert_eq!(saturation(&[]), None);
    }
}

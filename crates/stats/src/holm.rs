//! Holm's correction of p-values for several comparisons.

use crate::error::{Error, Result};

/// Adjusted p-values in the given order (Holm 1979): the i-th smallest of n times n − i + 1, made not to
/// fall from one to the next and at most 1. To call those below alpha significant errs anywhere with a
/// chance of at most alpha, however the tests depend on each other.
///
/// # Errors
/// When one is not between 0 and 1.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>> {
    if let Some((position, value)) =
        p_values.iter().enumerate().find(|(_, value)| !(0.0..=1.0).contains(*value))
    {
        return Err(Error::PValue { position, value: *value });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|one, other| p_values[*one].total_cmp(&p_values[*other]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, position) in order.into_iter().enumerate() {
        let remaining = (p_values.len() - rank) as f64;
        largest = largest.max((p_values[position] * remaining).min(1.0));
        adjusted[position] = largest;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_multiplied_by_those_not_yet_rejected() {
        assert_eq!(holm(&[0.5, 0.125, 0.25]), Ok(vec![0.5, 0.375, 0.5]));
        assert_eq!(holm(&[]), Ok(vec![]));
        assert!(matches!(holm(&[0.1, f64::NAN]), Err(Error::PValue { position: 1, .. })));
    }
}

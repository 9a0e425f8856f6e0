//! Student's t with tails and quantiles that hold far out, from statrs.

use statrs::distribution::{Continuous, ContinuousCDF, Normal, StudentsT};

use crate::error::{Error, Result};

/// Student's t.
pub(crate) struct Student(StudentsT);

impl Student {
    pub(crate) fn upper_tail(&self, statistic: f64) -> f64 {
        self.0.sf(statistic)
    }

    /// The value that is exceeded with a chance of at most one half. The inverse of statrs 0.19.1 panics far out, so its
    /// tail is inverted here: its logarithm is a concave function of that of the value, on which Newton's steps, from
    /// the second on, come down to the root.
    pub(crate) fn upper_quantile(&self, upper_tail: f64) -> f64 {
        if upper_tail >= 0.5 {
            return 0.0;
        }
        let guess = Normal::standard().inverse_cdf(upper_tail).abs();
        let (wanted, mut position) = (upper_tail.ln(), guess.ln());
        for _ in 0..50 {
            let (value, tail) = (position.exp(), self.0.sf(position.exp()));
            let step = (tail.ln() - wanted) * tail / (self.0.pdf(value) * value);
            if !step.is_finite() {
                return f64::INFINITY;
            }
            position += step;
            // Each step squares the error.
            if step.abs() < 1e-7 {
                break;
            }
        }
        position.exp()
    }
}

/// Student's t of a positive and finite number of degrees of freedom.
pub(crate) fn student(degrees_of_freedom: f64) -> Result<Student> {
    // statrs takes an infinite number, whose quantiles it does not compute.
    if !degrees_of_freedom.is_finite() {
        return Err(Error::DegreesOfFreedom(degrees_of_freedom));
    }
    let law = StudentsT::new(0.0, 1.0, degrees_of_freedom);
    law.map(Student).map_err(|_| Error::DegreesOfFreedom(degrees_of_freedom))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_and_quantile_undo_each_other_far_out() {
        for degrees_of_freedom in [1.0, 2.0, 3.0, 9.0, 99.0, 5000.0] {
            let law = student(degrees_of_freedom).unwrap();
            for tail in [0.4, 0.025, 1e-4, 1e-9, 1e-30] {
                let found = law.upper_tail(law.upper_quantile(tail));
                assert!((found / tail - 1.0).abs() < 1e-9, "{degrees_of_freedom}, {tail}: {found}");
            }
            assert_eq!((law.upper_quantile(0.5), law.upper_quantile(0.0)), (0.0, f64::INFINITY));
        }
    }
}

//! Limits of numeric settings, checked in double and in single precision, in which training computes.

use std::fmt;

/// The valid numbers of a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    least: f64,
    /// Whether `least` is valid.
    includes_least: bool,
    /// The first number that is too large.
    below: Option<f64>,
    /// Whether usual values are fractions, so that `1,5` is more likely a number than a list.
    pub(crate) fractional: bool,
}

impl Limits {
    /// Learning rates.
    pub(crate) const RATE: Self = Self { fractional: true, ..Self::ABOVE_ZERO };
    /// Any number above 0.
    pub(crate) const ABOVE_ZERO: Self =
        Self { least: 0.0, includes_least: false, below: None, fractional: false };
    /// 0 and above.
    pub(crate) const FROM_ZERO: Self =
        Self { least: 0.0, includes_least: true, below: None, fractional: true };
    /// From 0 up to, not including, 1.
    pub(crate) const SHARE: Self = Self { below: Some(1.0), ..Self::FROM_ZERO };
    /// Between 0 and 1, both excluded.
    pub(crate) const PART: Self = Self { includes_least: false, ..Self::SHARE };

    /// Points of a percentage: above 0 and below 100.
    pub(crate) const POINTS: Self = Self { below: Some(100.0), ..Self::RATE };

    fn include(self, number: f64) -> bool {
        (number > self.least || (self.includes_least && number == self.least))
            && self.below.is_none_or(|below| number < below)
    }

    /// The number, with a negative zero turned into zero.
    ///
    /// # Errors
    /// When the number is invalid, with a predicate for the message; empty if the limits explain it.
    pub(crate) fn check(self, number: f64) -> Result<f64, &'static str> {
        if !self.include(number) || !number.is_finite() {
            return Err("");
        }
        let single = number as f32;
        match single {
            _ if single.is_infinite() => Err("is too large for single precision"),
            0.0 if number != 0.0 => Err("is 0 in single precision"),
            _ if !self.include(f64::from(single)) => Err("is outside the limits in single precision"),
            // A negative zero is equal to zero and has another text.
            _ => Ok(number + 0.0),
        }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = if self.includes_least { "from" } else { "above" };
        write!(formatter, "a number {least} {}", self.least)?;
        match self.below {
            Some(below) if self.includes_least => write!(formatter, " up to, not including, {below}"),
            Some(below) => write!(formatter, " and below {below}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_single_precision_takes_for_another_is_refused() {
        let rate = Limits::RATE;
        assert_eq!(rate.check(1e-50), Err("is 0 in single precision"));
        assert_eq!(rate.check(1e39), Err("is too large for single precision"));
        assert_eq!(Limits::SHARE.check(0.999_999_999_9), Err("is outside the limits in single precision"));
        assert_eq!(Limits::FROM_ZERO.check(1e-300), Err("is 0 in single precision"));
        assert_eq!((rate.check(1e38), rate.check(0.0), rate.check(f64::NAN)), (Ok(1e38), Err(""), Err("")));
        assert!(Limits::FROM_ZERO.check(-0.0).unwrap().is_sign_positive());
    }
}

//! The precision of frozen products.

use std::{fmt, str::FromStr};

/// How exactly a frozen trunk multiplies. Sums are exact (integers) or `f32`, and transforms are `f32`, at every precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit floating point.
    #[default]
    F32,
    /// Operands rounded to bfloat16, sums in `f32`. Sums differ in their last bits between processors.
    Bf16,
    /// Operands rounded to 16-bit integers by calibrated scales; the same results on every processor.
    Int16,
    /// Operands rounded to 8-bit integers by calibrated scales; the same results on every processor.
    Int8,
}

impl Precision {
    /// Every precision, from the most exact to the fastest.
    pub const ALL: [Self; 4] = [Self::F32, Self::Bf16, Self::Int16, Self::Int8];

    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int16 => "int16",
            Self::Int8 => "int8",
        }
    }

    /// Whether its scales come from calibration images.
    pub const fn needs_calibration(self) -> bool {
        matches!(self, Self::Int16 | Self::Int8)
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that is not that of a precision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPrecision(String);

impl fmt::Display for UnknownPrecision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Precision::ALL.iter().map(|precision| precision.name()).collect();
        write!(formatter, "unknown precision `{}`; use one of {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownPrecision {}

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(name: &str) -> Result<Self, UnknownPrecision> {
        let found = Self::ALL.into_iter().find(|precision| precision.name() == name);
        found.ok_or_else(|| UnknownPrecision(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_precision_is_found_by_its_name_and_no_other() {
        for precision in Precision::ALL {
            assert_eq!(precision.to_string().parse(), Ok(precision));
        }
        let error = "f16".parse::<Precision>().unwrap_err();
        assert_eq!(error.to_string(), "unknown precision `f16`; use one of f32, bf16, int16, int8");
    }
}

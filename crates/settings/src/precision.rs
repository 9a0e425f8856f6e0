//! How exactly frozen convolutions multiply.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

/// Precision of frozen products. What is trained is computed in 32-bit floating point at every precision.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Precision {
    /// 32-bit floating point, above the cut with kernels rounded to 16 bits.
    #[default]
    F32,
    /// Below the cut operands rounded to bfloat16, sums in 32-bit floating point; above it as [`Self::F32`].
    Bf16,
    /// Operands rounded to 16-bit integers: below the cut by scales that training images give, above it row by row.
    Int16,
    /// Below the cut operands rounded to 8-bit integers, by scales that training images give; above it as
    /// [`Self::Int16`].
    Int8,
}

impl Precision {
    /// The name used in configurations and cache keys.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether it is the default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

//! A frozen, transformed kernel in memory, by the kind of its products.

use super::{compact::CompactKernel, integer_kernel::IntegerKernel};

/// How frozen convolutions between trained ones multiply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Products {
    /// In 32-bit floating point, by kernels of 16-bit integers with scales.
    #[default]
    F32,
    /// In 16-bit integers, with a scale for each row of the transformed maps.
    Int16,
}

/// `U` or `Uᵀ` of a frozen kernel.
#[derive(Debug)]
pub(crate) enum HeldKernel {
    F32(CompactKernel),
    Int16(IntegerKernel),
}

impl HeldKernel {
    /// `U` of a kernel `[9, C_in, C_out]`.
    pub(crate) fn new(kernel: &[f32], channels: [usize; 2], products: Products) -> Self {
        match products {
            Products::F32 => Self::F32(CompactKernel::new(kernel, channels)),
            Products::Int16 => Self::Int16(IntegerKernel::new(kernel, channels)),
        }
    }

    /// `Uᵀ`.
    pub(crate) fn transposed(kernel: &[f32], channels: [usize; 2], products: Products) -> Self {
        match products {
            Products::F32 => Self::F32(CompactKernel::transposed(kernel, channels)),
            Products::Int16 => Self::Int16(IntegerKernel::transposed(kernel, channels)),
        }
    }

    /// `U` as products in `f32` take it, in the order `[36, C_in, C_out]`; `None` of other products.
    pub(crate) fn rounded(&self) -> Option<Vec<f32>> {
        match self {
            Self::F32(kernel) => Some(kernel.rounded()),
            Self::Int16(_) => None,
        }
    }

    /// Values that are held.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::F32(kernel) => kernel.len(),
            Self::Int16(kernel) => kernel.len(),
        }
    }

    /// `out = left · U` (or `Uᵀ`) at one position of the transformed domain: `[rows, inner] · [inner, columns]`, on the
    /// calling thread. A row of the output depends on its own row of `left` alone.
    pub(crate) fn multiply(&self, position: usize, left: &[f32], out: &mut [f32]) {
        match self {
            Self::F32(kernel) => kernel.multiply(position, left, out),
            Self::Int16(kernel) => kernel.multiply(position, left, out),
        }
    }
}

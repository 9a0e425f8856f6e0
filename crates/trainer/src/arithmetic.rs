//! The version of the arithmetic by which training computes.

/// Version of the arithmetic. Programs of one version train the same trial to the same bits on the same device, so that
/// one resumes what another began. Whoever changes a bit of a trained model raises it.
pub const ARITHMETIC: u32 = 1;

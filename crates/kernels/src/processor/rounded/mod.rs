//! Products of rounded values: 8-bit and 16-bit integers and bfloat16, by the processor's dot-product instructions.
//!
//! # Layout
//!
//! A dot-product instruction multiplies groups of neighbouring values (four bytes, or two 16-bit values) and adds them to
//! one 32-bit sum. Channels are the innermost axis of every map, so a row `[channels]` already holds the groups that
//! an instruction reads: the left operand needs no packing. One group of a row is repeated over all lanes and multiplied
//! with a vector of the kernel's panel.
//!
//! - Left operand `V`: `[positions, tiles, channels]`, channels filled up to whole groups.
//! - Kernel: panels `[channels / group, 32, group]`: for each group of input channels, 32 output channels.
//! - Sums: `[positions, tiles, columns]` for as many columns as are transformed back at once, so that they stay in the
//!   core's own cache.
//!
//! One block of the product is 12 rows by 32 columns: 24 vector registers of sums, two of the panel, one of the row.
//!
//! `vpdpbusd` multiplies unsigned by signed bytes. `V` has both signs, so its bytes hold value + 128, and each sum starts
//! at −128 times the sum of its kernel's column.
//!
//! # Exactness
//!
//! Integer sums are exact: no sum can leave 32 bits, which bounds the scale of 16-bit kernels. Transforms and scales
//! are `f32` operations in one fixed order without fused steps. Integer results are therefore equal on every processor.
//! `vdpbf16ps` sums in an order of its own and flushes denormals: bfloat16 results agree within rounding.

mod dispatch;
mod dot;
mod element;
mod kernel;
mod multiply;
mod product;
mod tiling;
mod vector;
mod wide;

pub(crate) use dispatch::dispatch;
pub(crate) use element::{Bf16, Element, Int8, Int16};
pub(crate) use kernel::{COLUMNS, RoundedKernel};
pub(crate) use multiply::{Multiply, bf16_dot_is_fast};
pub(crate) use product::{PANEL, Product, Weights};
pub(crate) use tiling::{Large, Small, Tiling};
pub(crate) use vector::{Pass, Vector};

//! The sizes and matrices of Winograd's F(4×4, 3×3) for stride-1, pad-1 convolutions (Lavin & Gray 2016,
//! arXiv:1509.09308).
//!
//! A convolution becomes three products: tiles of the input are transformed (`V`), each of the 36
//! transformed positions is one `[tiles · batch, C_in] × [C_in, C_out]` product, and the result is
//! transformed back. The kernel's transform is made once when the kernel is frozen.

/// Side of an output tile.
pub const TILE: usize = 4;
/// Side of the input window that an output tile depends on.
pub(crate) const WINDOW: usize = 6;
/// Positions in the transformed domain.
pub const POSITIONS: usize = WINDOW * WINDOW;

/// Bᵀ of the paper: the input transform along one axis.
pub(crate) const INPUT: [[f64; 6]; 6] = [
    [4.0, 0.0, -5.0, 0.0, 1.0, 0.0],
    [0.0, -4.0, -4.0, 1.0, 1.0, 0.0],
    [0.0, 4.0, -4.0, -1.0, 1.0, 0.0],
    [0.0, -2.0, -1.0, 2.0, 1.0, 0.0],
    [0.0, 2.0, -1.0, -2.0, 1.0, 0.0],
    [0.0, 4.0, 0.0, -5.0, 0.0, 1.0],
];

/// G of the paper: the kernel transform along one axis.
pub(crate) const KERNEL: [[f64; 3]; 6] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// Aᵀ of the paper: the output transform along one axis.
pub(crate) const OUTPUT: [[f64; 6]; 4] = [
    [1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
    [0.0, 1.0, -1.0, 2.0, -2.0, 0.0],
    [0.0, 1.0, 1.0, 4.0, 4.0, 0.0],
    [0.0, 1.0, -1.0, 8.0, -8.0, 1.0],
];

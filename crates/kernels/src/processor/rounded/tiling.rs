//! Winograd's transforms for the tile sizes that rounded products use.

use super::vector::Vector;
use crate::{processor::tiles::ZERO, winograd};

/// The transforms of one tile size for 3×3 kernels, sixteen channels at a time.
pub(crate) trait Tiling: Send + Sync + 'static {
    /// Side of an output tile.
    const TILE: usize;
    /// Side of the input window that an output tile depends on.
    const WINDOW: usize;
    /// Positions in the transformed domain.
    const POSITIONS: usize = Self::WINDOW * Self::WINDOW;

    /// Gives every position of the transformed window to `put`.
    fn input<V: Vector>(load: impl Fn(usize, usize) -> V, put: impl FnMut(usize, V));

    /// Gives the rows of the tile of products to `put`, two rows at once.
    fn output<V: Vector>(load: impl Fn(usize) -> V, put: impl FnMut(usize, [&[V]; 2]));

    /// What a tap of the kernel is multiplied with at a position of the transformed kernel.
    fn kernel_factor(position: usize, tap: usize) -> f32;
}

/// F(4×4, 3×3): a quarter of the multiplications of a direct convolution.
#[derive(Debug)]
pub(crate) struct Large;

/// F(2×2, 3×3): four ninths of the multiplications, with a fifth of the rounding errors of [`Large`].
#[derive(Debug)]
pub(crate) struct Small;

/// `$axis` along the columns of what `$load` gives for the rows `$y` and columns `$x`.
macro_rules! along_columns {
    ($axis:ident, $from:literal => $to:literal, |$y:ident, $x:ident| $load:expr) => {{
        let mut columns = [[V::new(&ZERO); $from]; $to];
        for $x in 0..$from {
            let mut along = [V::new(&ZERO); $from];
            for ($y, value) in along.iter_mut().enumerate() {
                *value = $load;
            }
            for (row, value) in columns.iter_mut().zip($axis(along)) {
                row[$x] = value;
            }
        }
        columns
    }};
}

impl Tiling for Large {
    const TILE: usize = winograd::TILE;
    const WINDOW: usize = winograd::WINDOW;

    #[inline(always)]
    fn input<V: Vector>(load: impl Fn(usize, usize) -> V, mut put: impl FnMut(usize, V)) {
        let columns = along_columns!(large_input_axis, 6 => 6, |y, x| load(y, x));
        for (y, row) in columns.iter().enumerate() {
            for (x, value) in large_input_axis(*row).into_iter().enumerate() {
                put(y * 6 + x, value);
            }
        }
    }

    #[inline(always)]
    fn output<V: Vector>(load: impl Fn(usize) -> V, mut put: impl FnMut(usize, [&[V]; 2])) {
        let rows = along_columns!(large_output_axis, 6 => 4, |y, x| load(y * 6 + x));
        for y in [0, 2] {
            put(y, [&large_output_axis(rows[y]), &large_output_axis(rows[y + 1])]);
        }
    }

    fn kernel_factor(position: usize, tap: usize) -> f32 {
        factor(&winograd::KERNEL, position, tap)
    }
}

/// G of F(2, 3).
const SMALL_KERNEL: [[f64; 3]; 4] = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];

impl Tiling for Small {
    const TILE: usize = 2;
    const WINDOW: usize = 4;

    #[inline(always)]
    fn input<V: Vector>(load: impl Fn(usize, usize) -> V, mut put: impl FnMut(usize, V)) {
        let columns = along_columns!(small_input_axis, 4 => 4, |y, x| load(y, x));
        for (y, row) in columns.iter().enumerate() {
            for (x, value) in small_input_axis(*row).into_iter().enumerate() {
                put(y * 4 + x, value);
            }
        }
    }

    #[inline(always)]
    fn output<V: Vector>(load: impl Fn(usize) -> V, mut put: impl FnMut(usize, [&[V]; 2])) {
        let rows = along_columns!(small_output_axis, 4 => 2, |y, x| load(y * 4 + x));
        put(0, [&small_output_axis(rows[0]), &small_output_axis(rows[1])]);
    }

    fn kernel_factor(position: usize, tap: usize) -> f32 {
        factor(&SMALL_KERNEL, position, tap)
    }
}

fn factor<const W: usize>(matrix: &[[f64; 3]; W], position: usize, tap: usize) -> f32 {
    (matrix[position / W][tap / 3] * matrix[position % W][tap % 3]) as f32
}

/// Bᵀ of F(2, 3) along one axis.
#[inline(always)]
fn small_input_axis<V: Vector>([a, b, c, d]: [V; 4]) -> [V; 4] {
    [a.minus(c), b.plus(c), c.minus(b), b.minus(d)]
}

/// Aᵀ of F(2, 3) along one axis.
#[inline(always)]
fn small_output_axis<V: Vector>([a, b, c, d]: [V; 4]) -> [V; 2] {
    [a.plus(b).plus(c), b.minus(c).minus(d)]
}

/// Bᵀ of F(4, 3) along one axis.
#[inline(always)]
fn large_input_axis<V: Vector>([a, b, c, d, e, f]: [V; 6]) -> [V; 6] {
    let even = e.minus(c.scaled(4.0));
    let odd = d.minus(b.scaled(4.0));
    let near = e.minus(c);
    let far = d.minus(b).scaled(2.0);
    [
        a.minus(c).scaled(4.0).plus(near),
        even.plus(odd),
        even.minus(odd),
        near.plus(far),
        near.minus(far),
        f.minus(d.scaled(4.0)).minus(odd),
    ]
}

/// Aᵀ of F(4, 3) along one axis.
#[inline(always)]
fn large_output_axis<V: Vector>([a, b, c, d, e, f]: [V; 6]) -> [V; 4] {
    let (sum, difference) = (b.plus(c), b.minus(c));
    let (far_sum, far_difference) = (d.plus(e), d.minus(e));
    [
        a.plus(sum).plus(far_sum),
        difference.plus(far_difference.scaled(2.0)),
        sum.plus(far_sum.scaled(4.0)),
        difference.plus(far_difference.scaled(8.0)).plus(f),
    ]
}

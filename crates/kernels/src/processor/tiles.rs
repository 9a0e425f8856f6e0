//! Winograd's transforms of one tile for F(4×4, 3×3), sixteen channels at a time: the matrices of
//! [`crate::winograd`] multiplied out (Lavin & Gray 2016, section 4.3), and their transposes, which carry
//! gradients back.

use rayon::prelude::*;

use super::{memory::Buffer, vectors::vectorized};
use crate::winograd::{POSITIONS, TILE, WINDOW};

/// Channels that are worked on together; the compiler makes vector instructions of the loops.
pub(crate) const LANES: usize = 16;

pub(crate) type Lanes = [f32; LANES];

pub(crate) const ZERO: Lanes = [0.0; LANES];

/// `count` values from `place` on, the rest zero.
#[inline(always)]
pub(crate) fn load(values: &[f32], place: usize, count: usize) -> Lanes {
    let mut lanes = ZERO;
    if count == LANES {
        lanes.copy_from_slice(&values[place..place + LANES]);
    } else {
        lanes[..count].copy_from_slice(&values[place..place + count]);
    }
    lanes
}

/// Writes the first `count` lanes to `place`.
#[inline(always)]
pub(crate) fn store(lanes: &Lanes, values: &mut [f32], place: usize, count: usize) {
    if count == LANES {
        values[place..place + LANES].copy_from_slice(lanes);
    } else {
        values[place..place + count].copy_from_slice(&lanes[..count]);
    }
}

/// Channels in groups of lanes: first channel and count.
#[inline(always)]
pub(crate) fn lane_groups(channels: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..channels).step_by(LANES).map(move |channel| (channel, LANES.min(channels - channel)))
}

#[inline(always)]
fn combine<const N: usize>(terms: [(f32, Lanes); N]) -> Lanes {
    let mut sum = ZERO;
    for (lane, sum) in sum.iter_mut().enumerate() {
        for (factor, values) in &terms {
            *sum += factor * values[lane];
        }
    }
    sum
}

/// Bᵀ along one axis.
#[inline(always)]
fn input_axis(d: [Lanes; WINDOW]) -> [Lanes; WINDOW] {
    let even = combine([(1.0, d[4]), (-4.0, d[2])]);
    let odd = combine([(1.0, d[3]), (-4.0, d[1])]);
    let near = combine([(1.0, d[4]), (-1.0, d[2])]);
    let far = combine([(2.0, d[3]), (-2.0, d[1])]);
    [
        combine([(4.0, d[0]), (-5.0, d[2]), (1.0, d[4])]),
        combine([(1.0, even), (1.0, odd)]),
        combine([(1.0, even), (-1.0, odd)]),
        combine([(1.0, near), (1.0, far)]),
        combine([(1.0, near), (-1.0, far)]),
        combine([(4.0, d[1]), (-5.0, d[3]), (1.0, d[5])]),
    ]
}

/// B along one axis.
#[inline(always)]
fn input_axis_transposed(v: [Lanes; WINDOW]) -> [Lanes; WINDOW] {
    let sum = combine([(1.0, v[1]), (1.0, v[2])]);
    let difference = combine([(1.0, v[1]), (-1.0, v[2])]);
    let far_sum = combine([(1.0, v[3]), (1.0, v[4])]);
    let far_difference = combine([(2.0, v[3]), (-2.0, v[4])]);
    [
        combine([(4.0, v[0])]),
        combine([(-4.0, difference), (-1.0, far_difference), (4.0, v[5])]),
        combine([(-5.0, v[0]), (-4.0, sum), (-1.0, far_sum)]),
        combine([(1.0, difference), (1.0, far_difference), (-5.0, v[5])]),
        combine([(1.0, v[0]), (1.0, sum), (1.0, far_sum)]),
        v[5],
    ]
}

/// Aᵀ along one axis.
#[inline(always)]
fn output_axis(m: [Lanes; WINDOW]) -> [Lanes; TILE] {
    let sum = combine([(1.0, m[1]), (1.0, m[2])]);
    let difference = combine([(1.0, m[1]), (-1.0, m[2])]);
    let far_sum = combine([(1.0, m[3]), (1.0, m[4])]);
    let far_difference = combine([(1.0, m[3]), (-1.0, m[4])]);
    [
        combine([(1.0, m[0]), (1.0, sum), (1.0, far_sum)]),
        combine([(1.0, difference), (2.0, far_difference)]),
        combine([(1.0, sum), (4.0, far_sum)]),
        combine([(1.0, difference), (8.0, far_difference), (1.0, m[5])]),
    ]
}

/// A along one axis.
#[inline(always)]
fn output_axis_transposed(y: [Lanes; TILE]) -> [Lanes; WINDOW] {
    let even = combine([(1.0, y[0]), (1.0, y[2])]);
    let odd = combine([(1.0, y[1]), (1.0, y[3])]);
    let far_even = combine([(1.0, y[0]), (4.0, y[2])]);
    let far_odd = combine([(2.0, y[1]), (8.0, y[3])]);
    [
        y[0],
        combine([(1.0, even), (1.0, odd)]),
        combine([(1.0, even), (-1.0, odd)]),
        combine([(1.0, far_even), (1.0, far_odd)]),
        combine([(1.0, far_even), (-1.0, far_odd)]),
        y[3],
    ]
}

/// `matrix` applied along both axes of a grid that `load(y, x)` gives.
macro_rules! along_both_axes {
    ($name:ident, $axis:ident, $from:expr, $to:expr, $documentation:literal) => {
        #[doc = $documentation]
        #[inline(always)]
        pub(crate) fn $name(load: impl Fn(usize, usize) -> Lanes) -> [[Lanes; $to]; $to] {
            let mut columns = [[ZERO; $from]; $to];
            for x in 0..$from {
                let mut along = [ZERO; $from];
                for (y, lanes) in along.iter_mut().enumerate() {
                    *lanes = load(y, x);
                }
                for (row, lanes) in columns.iter_mut().zip($axis(along)) {
                    row[x] = lanes;
                }
            }
            let mut result = [[ZERO; $to]; $to];
            for (row, columns) in result.iter_mut().zip(columns) {
                *row = $axis(columns);
            }
            result
        }
    };
}

along_both_axes!(input, input_axis, WINDOW, WINDOW, "A window into the transformed domain.");
along_both_axes!(
    input_transposed,
    input_axis_transposed,
    WINDOW,
    WINDOW,
    "A gradient of a transformed window into that of the window."
);
along_both_axes!(output, output_axis, WINDOW, TILE, "Products of the transformed domain into a tile.");
along_both_axes!(
    output_transposed,
    output_axis_transposed,
    TILE,
    WINDOW,
    "A gradient of a tile into that of its products."
);

/// Kernel `[9, C_in, C_out]` → `[36, C_in, C_out]`: G along both axes.
pub(crate) fn transform_kernel(kernel: &[f32], pairs: usize) -> Vec<f32> {
    let mut transformed = vec![0.0; POSITIONS * pairs];
    transformed
        .par_chunks_exact_mut(pairs)
        .enumerate()
        .for_each(|(position, out)| transform_kernel_at(position, kernel, out));
    transformed
}

/// [`transform_kernel`], packed position by position: `pack` lays one position out in `values`.
pub(crate) fn transform_and_pack(
    kernel: &[f32],
    pairs: usize,
    values: usize,
    pack: impl Fn(&[f32]) -> Vec<f32> + Sync,
) -> Vec<f32> {
    let mut packed = vec![0.0; POSITIONS * values];
    packed.par_chunks_exact_mut(values).enumerate().for_each(|(position, out)| {
        let mut transformed = Buffer::of(pairs);
        transform_kernel_at(position, kernel, &mut transformed);
        out.copy_from_slice(&pack(&transformed));
    });
    packed
}

/// One position of the transformed kernel: `[9, C_in, C_out]` → `[C_in, C_out]`.
pub(crate) fn transform_kernel_at(position: usize, kernel: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for (tap, values) in kernel.chunks_exact(out.len()).enumerate() {
        add_scaled(kernel_factor(position, tap), values, out);
    }
}

/// One tap of the gradient of a kernel, `[C_in, C_out]`, from those of its transformed positions.
pub(crate) fn transform_kernel_transposed_at<'a>(
    tap: usize,
    gradients: impl Iterator<Item = &'a [f32]>,
    out: &mut [f32],
) {
    out.fill(0.0);
    for (position, values) in gradients.enumerate() {
        add_scaled(kernel_factor(position, tap), values, out);
    }
}

fn kernel_factor(position: usize, tap: usize) -> f32 {
    let matrix = crate::winograd::KERNEL;
    (matrix[position / WINDOW][tap / 3] * matrix[position % WINDOW][tap % 3]) as f32
}

/// `out += factor · values`.
pub(crate) fn add_scaled(factor: f32, values: &[f32], out: &mut [f32]) {
    if factor != 0.0 {
        vectorized(
            #[inline(always)]
            || {
                for (out, value) in out.iter_mut().zip(values) {
                    *out += factor * value;
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::randomness::Randomness;

    /// ⟨T a, b⟩ = ⟨a, Tᵀ b⟩ for random a and b, in the first lane.
    #[test]
    fn transposed_transforms_are_the_transposes() {
        let mut randomness = Randomness::new(0, 0);
        let mut draw = || -> [[Lanes; WINDOW]; WINDOW] {
            std::array::from_fn(|_| std::array::from_fn(|_| [randomness.normal(1, 1.0)[0]; LANES]))
        };
        let dot = |a: &[Lanes], b: &[Lanes]| -> f32 { a.iter().zip(b).map(|(a, b)| a[0] * b[0]).sum() };
        let (a, b) = (draw(), draw());
        let tile: [[Lanes; TILE]; TILE] = std::array::from_fn(|y| std::array::from_fn(|x| b[y][x]));
        let left = dot(input(|y, x| a[y][x]).as_flattened(), b.as_flattened());
        let right = dot(a.as_flattened(), input_transposed(|y, x| b[y][x]).as_flattened());
        assert!((left - right).abs() < 1e-3, "{left} {right}");
        let left = dot(output(|y, x| a[y][x]).as_flattened(), tile.as_flattened());
        let right = dot(a.as_flattened(), output_transposed(|y, x| tile[y][x]).as_flattened());
        assert!((left - right).abs() < 1e-3, "{left} {right}");
    }
}

//! A dense layer, forward and backward. Its weights change with every step, so that none of them is laid
//! out anew where it can be read as it is: the input's gradient is computed transposed.

use rayon::prelude::*;

use super::{
    memory::Buffer,
    packed::{PANEL, multiply, multiply_transposed_packed, pack, pack_columns, pack_transposed},
    tiles::add_scaled,
};

/// Rows of the weights that one task of the backward pass takes.
const ROWS_PER_TASK: usize = 64;

/// Sizes of one dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) rows: usize,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

/// `x · weight + bias`.
pub(crate) fn forward(shape: &Shape, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let Shape { rows, inputs, outputs } = *shape;
    let starts: Vec<usize> = (0..outputs).step_by(PANEL).collect();
    let blocks: Vec<(usize, Buffer)> = starts
        .into_par_iter()
        .map(|start| {
            let columns = PANEL.min(outputs - start);
            let mut panel = Buffer::of(inputs * PANEL);
            pack_columns(weight, [inputs, outputs], start, &mut panel);
            let mut block = Buffer::of(rows * columns);
            multiply::<PANEL>([inputs, columns], x, &panel, &mut block);
            (columns, block)
        })
        .collect();
    let mut y = Vec::with_capacity(rows * outputs);
    for row in 0..rows {
        for (columns, block) in &blocks {
            let start = y.len() % outputs;
            let values = block[row * columns..][..*columns].iter().zip(&bias[start..]);
            y.extend(values.map(|(value, bias)| value + bias));
        }
    }
    y
}

/// Gradients of `x` (empty unless `with_input`), `weight` and `bias`.
pub(crate) fn backward(
    shape: &Shape,
    x: &[f32],
    weight: &[f32],
    gradient: &[f32],
    with_input: bool,
) -> [Vec<f32>; 3] {
    let Shape { rows, inputs, outputs } = *shape;
    let panels = pack::<PANEL>(gradient, rows, outputs);
    let transposed = if with_input { pack_transposed::<PANEL>(gradient, outputs, rows) } else { Vec::new() };
    let mut weight_gradient = vec![0.0; inputs * outputs];
    let mut turned = Buffer::of(if with_input { inputs * rows } else { 0 });
    let mut turned_parts: Vec<&mut [f32]> = if with_input {
        turned.chunks_mut(ROWS_PER_TASK * rows).collect()
    } else {
        (0..inputs.div_ceil(ROWS_PER_TASK)).map(|_| &mut [][..]).collect()
    };
    weight_gradient
        .par_chunks_mut(ROWS_PER_TASK * outputs)
        .zip(weight.par_chunks(ROWS_PER_TASK * outputs))
        .zip(turned_parts.par_iter_mut())
        .enumerate()
        .for_each(|(task, ((weight_gradient, weight), turned))| {
            let sizes = [rows, weight_gradient.len() / outputs, outputs];
            multiply_transposed_packed(sizes, &x[task * ROWS_PER_TASK..], inputs, &panels, weight_gradient);
            if with_input {
                multiply::<PANEL>([outputs, rows], weight, &transposed, turned);
            }
        });
    let mut input = Vec::new();
    if with_input {
        input = vec![0.0; rows * inputs];
        input.par_chunks_exact_mut(inputs).enumerate().for_each(|(row, input)| {
            for (value, turned) in input.iter_mut().zip(turned.iter().skip(row).step_by(rows)) {
                *value = *turned;
            }
        });
    }
    let mut bias = vec![0.0; outputs];
    for values in gradient.chunks_exact(outputs) {
        add_scaled(1.0, values, &mut bias);
    }
    [input, weight_gradient, bias]
}

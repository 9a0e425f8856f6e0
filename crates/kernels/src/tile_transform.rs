//! Winograd's transforms of whole maps written with matrix products alone, so that they run and differentiate on
//! every device.

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData, s},
};

use crate::{
    feature_map::FeatureMap,
    winograd::{INPUT, KERNEL, OUTPUT, POSITIONS, TILE, WINDOW},
};

/// The Kronecker product of `matrix` with itself, rows and columns restricted to the given index
/// pairs: `[rows, columns]`.
fn kronecker<const N: usize>(
    matrix: &[[f64; N]],
    rows: &[(usize, usize)],
    columns: &[(usize, usize)],
    device: &Device,
) -> Tensor<2> {
    let values: Vec<f32> = rows
        .iter()
        .flat_map(|&(row_y, row_x)| {
            columns
                .iter()
                .map(move |&(column_y, column_x)| (matrix[row_y][column_y] * matrix[row_x][column_x]) as f32)
        })
        .collect();
    Tensor::from_data(TensorData::new(values, [rows.len(), columns.len()]), device)
}

/// All index pairs of a `height × width` grid, row by row.
fn grid(height: usize, width: usize) -> Vec<(usize, usize)> {
    (0..height).flat_map(|y| (0..width).map(move |x| (y, x))).collect()
}

/// `T_g`, the kernel transform: `[36, 9]`.
pub fn kernel_transform(device: &Device) -> Tensor<2> {
    kronecker(&KERNEL, &grid(WINDOW, WINDOW), &grid(3, 3), device)
}

/// Transforms a 3×3 kernel given as `[9, C_in, C_out]` into the product's domain:
/// `[36, C_in, C_out]`. Linear, so that it also transforms an adapter's down-projection and
/// differentiates.
pub fn transform_kernel(transform: &Tensor<2>, kernel: Tensor<3>) -> Tensor<3> {
    let [taps, channels_in, channels_out] = kernel.dims();
    let flat = kernel.reshape([taps, channels_in * channels_out]);
    transform.clone().matmul(flat).reshape([POSITIONS, channels_in, channels_out])
}

/// The input and output transforms for feature maps of one size.
///
/// A map of at most 4×4 positions is one tile: its padding is folded into the transform and nothing
/// is copied. Larger maps are cut into overlapping 6×6 windows.
#[derive(Module, Debug)]
pub struct TileTransform {
    height: usize,
    width: usize,
    /// `[36, positions]` for one tile, `[36, 36]` otherwise.
    input: Tensor<2>,
    /// `[positions, 36]` for one tile, `[16, 36]` otherwise.
    output: Tensor<2>,
}

impl TileTransform {
    /// Transforms for maps of `height × width` positions.
    pub fn new(height: usize, width: usize, device: &Device) -> Self {
        let window = grid(WINDOW, WINDOW);
        let (input, output) = if height <= TILE && width <= TILE {
            let inside: Vec<_> = grid(height, width).iter().map(|&(y, x)| (y + 1, x + 1)).collect();
            (
                kronecker(&INPUT, &window, &inside, device),
                kronecker(&OUTPUT, &grid(height, width), &window, device),
            )
        } else {
            (
                kronecker(&INPUT, &window, &window, device),
                kronecker(&OUTPUT, &grid(TILE, TILE), &window, device),
            )
        };
        Self { height, width, input, output }
    }

    fn one_tile(&self) -> bool {
        self.height <= TILE && self.width <= TILE
    }

    fn tiles(&self) -> (usize, usize) {
        (self.height.div_ceil(TILE), self.width.div_ceil(TILE))
    }

    /// `V`: `[36, tiles · batch, channels]`.
    pub fn input(&self, map: FeatureMap) -> Tensor<3> {
        let (batch, channels) = (map.batch(), map.channels());
        let inner = batch * channels;
        if self.one_tile() {
            let flat = map.values.reshape([self.height * self.width, inner]);
            return self.input.clone().matmul(flat).reshape([POSITIONS, batch, channels]);
        }
        let (tall, wide) = self.tiles();
        let (bottom, right) = (TILE * (tall + 1) - self.height - 1, TILE * (wide + 1) - self.width - 1);
        let blocks = map
            .values
            .reshape([self.height, self.width, inner])
            .pad([(1, bottom), (1, right), (0, 0)], 0.0)
            .reshape([tall + 1, TILE, wide + 1, TILE, inner]);
        // A window is one block and the first two rows (columns) of the next.
        let rows = Tensor::cat(
            vec![blocks.clone().slice(s![0..tall]), blocks.slice(s![1..tall + 1, 0..WINDOW - TILE])],
            1,
        );
        let windows = Tensor::cat(
            vec![
                rows.clone().slice(s![.., .., 0..wide]),
                rows.slice(s![.., .., 1..wide + 1, 0..WINDOW - TILE]),
            ],
            3,
        );
        let flat = windows.permute([1, 3, 0, 2, 4]).reshape([POSITIONS, tall * wide * inner]);
        self.input.clone().matmul(flat).reshape([POSITIONS, tall * wide * batch, channels])
    }

    /// Back from `[36, tiles · batch, channels]` to a feature map of `batch` images.
    pub fn output(&self, products: Tensor<3>, batch: usize) -> FeatureMap {
        let [_, rows, channels] = products.dims();
        let flat = products.reshape([POSITIONS, rows * channels]);
        let outputs = self.output.clone().matmul(flat);
        let values = if self.one_tile() {
            outputs
        } else {
            let (tall, wide) = self.tiles();
            let inner = batch * channels;
            outputs
                .reshape([TILE, TILE, tall, wide, inner])
                .permute([2, 0, 3, 1, 4])
                .reshape([TILE * tall, TILE * wide, inner])
                .slice(s![0..self.height, 0..self.width])
                .reshape([self.height * self.width, inner])
        };
        FeatureMap::new(values.reshape([self.height * self.width, batch, channels]), self.height, self.width)
    }
}

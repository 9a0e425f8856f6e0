//! Grad-CAM: where in the image the last convolution speaks for a class (Selvaraju et al. 2017,
//! arXiv:1610.02391).

use burn::{
    module::Module,
    tensor::{Tensor, TensorData, activation::relu},
};
use ranklab_kernels::FeatureMap;

use crate::{
    Error,
    network::{Model, UpperTrunk},
};

/// Why a model called one image what it did.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Scores of the negative and the positive class before softmax.
    pub scores: [f32; 2],
    /// The class with the higher score, which is the one explained; 1 = positive, also where both are
    /// equal.
    pub class: u8,
    /// Rows of the last convolution's map.
    pub height: usize,
    /// Its columns.
    pub width: usize,
    /// `[height · width]`, row by row: `ReLU(Σₖ αₖ Aₖ)`, with αₖ the mean over positions of the gradient of
    /// the class's score with respect to the channel's map Aₖ. At least 0, in the score's unit.
    pub heat: Vec<f32>,
}

impl Model {
    /// Explains each image of `features` (at the model's cut) by the class that the model gives it.
    ///
    /// The last convolution's map is taken before its pooling: 4 × 4 positions for images of 64 pixels. The
    /// model and its frozen part `upper` must be on a device with autodiff; the model is evaluated, not
    /// trained.
    ///
    /// # Errors
    /// When the device does not give its values back.
    ///
    /// # Panics
    /// When a model_5 comes without its frozen part.
    pub fn explain(
        &self,
        upper: Option<&UpperTrunk>,
        features: FeatureMap,
    ) -> Result<Vec<Explanation>, Error> {
        // Batch norms of a frozen module use their running statistics.
        let model = self.clone().freeze();
        let map = match &model {
            Self::Model4(model) => model.last_map(features),
            Self::Model5(model) => {
                let upper = upper.unwrap_or_else(|| panic!("model_5 runs on its frozen part"));
                model.last_map(upper, features)
            }
        };
        explain_map(&model, map)
    }

    /// Class scores `[images, 2]` from the last convolution's map before its pooling.
    fn scores_of(&self, map: FeatureMap) -> Tensor<2> {
        match self {
            Self::Model4(model) => model.scores_of(map),
            Self::Model5(model) => model.scores_of(map),
        }
    }
}

/// Explains by the last convolution's map; `model` is frozen.
fn explain_map(model: &Model, map: FeatureMap) -> Result<Vec<Explanation>, Error> {
    let (height, width, images) = (map.height, map.width, map.batch());
    let last = map.values.detach().require_grad();
    let scores = model.scores_of(FeatureMap::new(last.clone(), height, width));
    let read = |data: TensorData| {
        data.try_to_vec::<f32>()
            .map_err(|problem| Error::Setting(format!("the device does not give its values: {problem:?}")))
    };
    let pairs = read(scores.clone().into_data())?;
    let classes: Vec<u8> = pairs.chunks_exact(2).map(|pair| u8::from(pair[1] >= pair[0])).collect();
    let chosen: Vec<f32> =
        classes.iter().flat_map(|class| if *class == 1 { [0.0, 1.0] } else { [1.0, 0.0] }).collect();
    let chosen = Tensor::<2>::from_data(TensorData::new(chosen, [images, 2]), &scores.device());
    // Images do not touch one another, so that one pass gives each its own gradient.
    let gradients = (scores * chosen).sum().backward();
    let heat = match last.grad(&gradients) {
        Some(gradient) => {
            let weights = gradient.mean_dim(0);
            read(relu((last.inner() * weights).sum_dim(2)).into_data())?
        }
        // Nothing in the map moves the score.
        None => vec![0.0; height * width * images],
    };
    let of_image = |(image, class): (usize, &u8)| Explanation {
        scores: [pairs[2 * image], pairs[2 * image + 1]],
        class: *class,
        height,
        width,
        heat: (0..height * width).map(|position| heat[position * images + image]).collect(),
    };
    Ok(classes.iter().enumerate().map(of_image).collect())
}

impl Explanation {
    /// Softmax's probability of the positive class.
    pub fn probability(&self) -> f64 {
        let [negative, positive] = self.scores.map(f64::from);
        1.0 / (1.0 + (negative - positive).exp())
    }

    /// The heat on `size × size` pixels, row by row, as a share of its highest value, by bilinear
    /// interpolation between the middles of positions (PyTorch's `interpolate` without aligned corners).
    /// Without any heat all is 0.
    pub fn upsampled(&self, size: usize) -> Vec<f32> {
        let highest = self.heat.iter().copied().fold(0.0, f32::max);
        if highest <= 0.0 {
            return vec![0.0; size * size];
        }
        let (rows, columns) = (places(self.height, size), places(self.width, size));
        let at = |row: usize, column: usize| self.heat[row * self.width + column];
        let mut pixels = Vec::with_capacity(size * size);
        for (above, below, down) in &rows {
            for (left, right, across) in &columns {
                let mix = |row: usize| at(row, *left) * (1.0 - across) + at(row, *right) * across;
                pixels.push((mix(*above) * (1.0 - down) + mix(*below) * down) / highest);
            }
        }
        pixels
    }
}

/// For each pixel the two positions around it and the share of the second.
fn places(positions: usize, size: usize) -> Vec<(usize, usize, f32)> {
    let scale = positions as f32 / size as f32;
    (0..size)
        .map(|pixel| {
            let place = ((pixel as f32 + 0.5) * scale - 0.5).max(0.0);
            let before = (place as usize).min(positions - 1);
            (before, (before + 1).min(positions - 1), place - before as f32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use burn::{
        module::{Param, RunningState},
        nn::{BatchNorm, BatchNormConfig, Linear},
        tensor::Device,
    };
    use ranklab_kernels::Randomness;
    use serde_json::Value;

    use super::*;
    use crate::{Head, HeadConfig, Model4, Model5, SameConvolution2x2};

    /// Made by tests/golden/grad_cam.py with PyTorch.
    fn golden() -> Value {
        serde_json::from_str(include_str!("../../../tests/golden/grad_cam.json")).unwrap()
    }

    fn numbers(value: &Value) -> Vec<f32> {
        value["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
    }

    fn vector(value: &Value, device: &Device) -> Tensor<1> {
        let values = numbers(value);
        let count = values.len();
        Tensor::from_data(TensorData::new(values, [count]), device)
    }

    fn shape(value: &Value) -> Vec<usize> {
        value["shape"].as_array().unwrap().iter().map(|value| value.as_u64().unwrap() as usize).collect()
    }

    /// `[images, channels, height, width]` of PyTorch, position-major.
    fn map(value: &Value, device: &Device) -> FeatureMap {
        let [images, channels, height, width] = shape(value)[..] else { panic!("four dimensions") };
        let tensor = Tensor::<4>::from_data(
            TensorData::new(numbers(value), [images, channels, height, width]),
            device,
        );
        let values = tensor.permute([2, 3, 0, 1]).reshape([height * width, images, channels]);
        FeatureMap::new(values, height, width)
    }

    fn linear(value: &Value, device: &Device) -> Linear {
        let [outputs, inputs] = shape(&value["weight"])[..] else { panic!("two dimensions") };
        let weight = TensorData::new(numbers(&value["weight"]), [outputs, inputs]);
        Linear {
            weight: Param::from_tensor(Tensor::<2>::from_data(weight, device).transpose()),
            bias: Some(Param::from_tensor(vector(&value["bias"], device))),
        }
    }

    fn norm(value: &Value, device: &Device) -> BatchNorm {
        let count = shape(&value["gamma"])[0];
        let mut norm = BatchNormConfig::new(count).with_epsilon(1e-3).init(device);
        norm.gamma = Param::from_tensor(vector(&value["gamma"], device));
        norm.beta = Param::from_tensor(vector(&value["beta"], device));
        norm.running_mean = RunningState::new(vector(&value["mean"], device));
        norm.running_var = RunningState::new(vector(&value["variance"], device));
        norm
    }

    fn head(value: &Value, device: &Device) -> Head {
        let start = HeadConfig { dropout: 0.5, ..HeadConfig::default() };
        let inputs = shape(&value["dense_1"]["weight"])[1];
        let mut head = Head::with_widths(inputs, [10, 6, 2], start, &mut Randomness::new(0, 0), device);
        head.dense_1 = linear(&value["dense_1"], device);
        head.norm_1 = norm(&value["norm_1"], device);
        head.dense_2 = linear(&value["dense_2"], device);
        head.norm_2 = norm(&value["norm_2"], device);
        head.output = linear(&value["output"], device);
        head
    }

    fn convolution(value: &Value, device: &Device) -> SameConvolution2x2 {
        // PyTorch [out, in, 2, 2]; here [4 · in, out], taps row by row.
        let [outputs, inputs, ..] = shape(&value["weight"])[..] else { panic!("four dimensions") };
        let weight = Tensor::<4>::from_data(
            TensorData::new(numbers(&value["weight"]), [outputs, inputs, 2, 2]),
            device,
        );
        SameConvolution2x2 {
            weight: Param::from_tensor(weight.permute([2, 3, 1, 0]).reshape([4 * inputs, outputs])),
            bias: Param::from_tensor(vector(&value["bias"], device)),
        }
    }

    /// Relative to the largest expected value.
    fn assert_close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        let scale = expected.iter().map(|value| value.abs()).fold(0.0, f32::max);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 2e-6 * scale, "{found}, not {expected}");
        }
    }

    fn assert_explained(found: &[Explanation], golden: &Value) {
        let scores: Vec<f32> = found.iter().flat_map(|one| one.scores).collect();
        assert_close(&scores, &numbers(&golden["scores"]));
        let heat: Vec<f32> = found.iter().flat_map(|one| one.heat.clone()).collect();
        assert_close(&heat, &numbers(&golden["heat"]));
        let pixels: Vec<f32> = found.iter().flat_map(|one| one.upsampled(10)).collect();
        assert_close(&pixels, &numbers(&golden["pixels"]));
        assert!(heat.contains(&0.0) && heat.iter().any(|value| *value > 0.0));
    }

    #[test]
    fn the_heat_of_model_5_is_pytorchs() {
        let (device, golden) = (Device::flex().autodiff(), &golden()["model_5"]);
        let model = Model::Model5(Model5 { adapters: Vec::new(), head: head(&golden["head"], &device) });
        let found = explain_map(&model.freeze(), map(&golden["map"], &device)).unwrap();
        assert_explained(&found, golden);
    }

    #[test]
    fn the_heat_of_model_4_is_pytorchs_and_explaining_changes_nothing() {
        let (device, golden) = (Device::flex().autodiff(), &golden()["model_4"]);
        let model = Model::Model4(Model4 {
            convolution_1: convolution(&golden["convolution_1"], &device),
            convolution_2: convolution(&golden["convolution_2"], &device),
            norm: norm(&golden["norm"], &device),
            head: head(&golden["head"], &device),
        });
        let before = model.state_hash();
        let features = map(&golden["features"], &device);
        let Model::Model4(layers) = &model else { unreachable!() };
        let last: Vec<f32> = layers.last_map(features.clone()).values.into_data().try_to_vec().unwrap();
        let expected: Vec<f32> = map(&golden["map"], &device).values.into_data().try_to_vec().unwrap();
        assert_close(&last, &expected);
        let found = explain_map(&model.clone().freeze(), map(&golden["map"], &device)).unwrap();
        assert_explained(&found, golden);
        let found = model.explain(None, features.clone()).unwrap();
        assert_explained(&found, golden);
        assert_eq!(model.state_hash(), before);
        // Each image alone has the heat that it has among others.
        let alone = model.explain(None, features.part(1, 1)).unwrap();
        assert_eq!(alone[0].class, found[1].class);
        for (one, other) in alone[0].heat.iter().zip(&found[1].heat) {
            assert!((one - other).abs() < 1e-6);
        }
    }

    #[test]
    fn no_heat_stays_none_and_one_position_fills_the_image() {
        let cold = Explanation { scores: [0.0, 0.0], class: 1, height: 2, width: 2, heat: vec![0.0; 4] };
        assert_eq!(cold.upsampled(4), [0.0; 16]);
        assert_eq!(cold.probability(), 0.5);
        let single = Explanation { height: 1, width: 1, heat: vec![3.0], ..cold };
        assert_eq!(single.upsampled(3), [1.0; 9]);
    }
}

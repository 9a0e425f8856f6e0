//! The layers against golden values from PyTorch and PEFT: tests/golden/layers.py and trunk.py.

use std::path::PathBuf;

use burn::{
    module::Param,
    tensor::{Device, Gradients, Tensor, TensorData, activation::log_softmax, activation::relu},
};
use ranklab_kernels::{ConvolutionUse, FeatureMap, FrozenConvolution, Products, Randomness, TileTransform};
use ranklab_settings::{AdapterSettings, Network, Scaling};
use ranklab_zoo::{
    Adapter, Cut, Head, HeadConfig, SameConvolution2x2, Trunk, preprocess, weights::TrunkWeights,
};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../../../tests/golden/layers.json")).unwrap()
}

fn values(golden: &Value) -> Vec<f32> {
    golden["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn shape(golden: &Value) -> Vec<usize> {
    golden["shape"].as_array().unwrap().iter().map(|value| value.as_u64().unwrap() as usize).collect()
}

/// `[batch, channels, height, width]` of PyTorch as `[height · width, batch, channels]`.
fn position_major(golden: &Value, device: &Device) -> (Tensor<3>, usize, usize) {
    let shape = shape(golden);
    let [batch, channels, height, width] = shape[..] else { panic!("four dimensions") };
    let tensor =
        Tensor::<4>::from_data(TensorData::new(values(golden), [batch, channels, height, width]), device);
    (tensor.permute([2, 3, 0, 1]).reshape([height * width, batch, channels]), height, width)
}

fn assert_close<const D: usize>(name: &str, found: Tensor<D>, expected: Tensor<D>) {
    assert_within(2e-5, name, found, expected);
}

fn assert_within<const D: usize>(allowed: f32, name: &str, found: Tensor<D>, expected: Tensor<D>) {
    assert_eq!(found.dims(), expected.dims(), "{name}");
    let (found, expected) = (found.into_data(), expected.into_data());
    let pairs: Vec<(f32, f32)> = found.iter::<f32>().zip(expected.iter::<f32>()).collect();
    let scale = pairs.iter().map(|(_, expected)| expected.abs()).fold(1.0, f32::max);
    let worst = pairs.iter().map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
    assert!(worst <= allowed * scale, "{name} differs by {worst} at a scale of {scale}");
}

fn gradient<const D: usize>(tensor: &Tensor<D>, gradients: &Gradients) -> Tensor<D> {
    tensor.grad(gradients).expect("a gradient")
}

#[test]
fn lora_and_its_gradients_agree_with_pytorch_and_peft() {
    let device = Device::flex().autodiff();
    let plain = Device::flex();
    for case in golden()["lora"].as_array().unwrap() {
        let kernel = shape(&case["kernel"]);
        let (channels_out, channels_in) = (kernel[0], kernel[1]);
        let (rank, dora) = (case["rank"].as_u64().unwrap() as usize, case["dora"].as_bool().unwrap());
        let published = case["preset"] == "published";
        let name = format!("{} dora={dora} {:?}", case["preset"], shape(&case["x"]));
        let settings = AdapterSettings {
            preset: if published {
                ranklab_settings::Preset::Published
            } else {
                ranklab_settings::Preset::Peft
            },
            alpha: case["alpha"].as_f64(),
            dora: Some(dora),
            ..Default::default()
        };
        let config = settings.resolve().unwrap();
        assert_eq!(config.scaling == Scaling::One, published);
        let packed = |products| {
            FrozenConvolution::new(
                &values(&case["kernel"]),
                &values(&case["bias"]),
                [channels_in, channels_out],
                ConvolutionUse { input_gradient: true, kernel: dora, products },
                &device,
            )
        };
        let (packed, integers) = (packed(Products::F32), packed(Products::Int16));
        // PyTorch: A [rank, in, 3, 3] and B [out, rank, 1, 1]; here [9, in, rank] and [rank, out].
        let down = |golden: &Value, device: &Device| {
            Tensor::<3>::from_data(TensorData::new(values(golden), [rank, channels_in, 9]), device)
                .permute([2, 1, 0])
        };
        let up = |golden: &Value, device: &Device| {
            Tensor::<2>::from_data(TensorData::new(values(golden), [channels_out, rank]), device).transpose()
        };
        let exact = packed.clone().with_tensors(&values(&case["kernel"]), &device);
        // The processor's kernel is rounded to 16 bits, and in products of integers maps and gradients to 14 bits.
        for (kernel, convolution, allowed) in
            [("exact", &exact, 2e-5), ("16-bit", &packed, 3e-4), ("integer", &integers, 2e-3)]
        {
            let start = Tensor::zeros([rank, channels_out], &device);
            let mut adapter =
                Adapter::from_factors(&config, down(&case["down"], &device), start, convolution);
            adapter.up = Param::from_tensor(up(&case["up"], &device));

            let (x, height, width) = position_major(&case["x"], &device);
            let x = x.detach().require_grad();
            let tiles = TileTransform::new(height, width, &device);
            let map = FeatureMap::new(x.clone(), height, width);
            let y = adapter.forward(convolution, map, &tiles, None).values;
            let y = if published { y } else { relu(y) };
            let (towards, ..) = position_major(&case["towards"], &device);
            let gradients = (y.clone() * towards).sum().backward();

            assert_within(
                allowed,
                &format!("{name} {kernel} y"),
                y.inner(),
                position_major(&case["y"], &plain).0,
            );
            let found = gradient(&adapter.down.val(), &gradients);
            assert_within(
                allowed,
                &format!("{name} {kernel} A"),
                found,
                down(&case["down_gradient"], &plain),
            );
            let found = gradient(&adapter.up.val(), &gradients);
            assert_within(allowed, &format!("{name} {kernel} B"), found, up(&case["up_gradient"], &plain));
            assert_within(
                allowed,
                &format!("{name} {kernel} x"),
                gradient(&x, &gradients),
                position_major(&case["x_gradient"], &plain).0,
            );
            if let Some(magnitude) = &adapter.magnitude {
                let expected = TensorData::new(values(&case["magnitude_gradient"]), [channels_out]);
                let found = gradient(&magnitude.val(), &gradients);
                assert_within(
                    allowed,
                    &format!("{name} {kernel} magnitude"),
                    found,
                    Tensor::<1>::from_data(expected, &plain),
                );
            }
        }
    }
}

#[test]
fn the_head_in_training_mode_agrees_with_pytorch() {
    let (device, plain) = (Device::flex().autodiff(), Device::flex());
    let golden = &golden()["head"];
    let config = HeadConfig { dropout: 0.0, ..HeadConfig::default() };
    let mut head = Head::with_widths(12, [10, 6, 2], config, &mut Randomness::new(0, 0), &device);
    // PyTorch stores dense weights as [out, in].
    let matrix = |golden: &Value, device: &Device| {
        let shape = shape(golden);
        Tensor::<2>::from_data(TensorData::new(values(golden), [shape[0], shape[1]]), device).transpose()
    };
    let vector = |golden: &Value, device: &Device| {
        Tensor::<1>::from_data(TensorData::new(values(golden), [shape(golden)[0]]), device)
    };
    let given = |name: &str| &golden["parameters"][name];
    for (dense, place) in [(&mut head.dense_1, 0), (&mut head.dense_2, 3), (&mut head.output, 6)] {
        dense.weight = Param::from_tensor(matrix(given(&format!("{place}.weight")), &device));
        dense.bias = Some(Param::from_tensor(vector(given(&format!("{place}.bias")), &device)));
    }
    for (norm, place) in [(&mut head.norm_1, 1), (&mut head.norm_2, 4)] {
        norm.gamma = Param::from_tensor(vector(given(&format!("{place}.weight")), &device));
        norm.beta = Param::from_tensor(vector(given(&format!("{place}.bias")), &device));
    }
    let x = Tensor::<2>::from_data(TensorData::new(values(&golden["x"]), [5, 12]), &device);
    let scores = head.forward(x, None);
    let hot: Vec<f32> = golden["labels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|label| if label.as_u64() == Some(1) { [0.0, 1.0] } else { [1.0, 0.0] })
        .collect();
    let hot = Tensor::<2>::from_data(TensorData::new(hot, [5, 2]), &device);
    let loss = (log_softmax(scores.clone(), 1) * hot).sum().div_scalar(-5.0);
    let gradients = loss.clone().backward();
    let expected = Tensor::<2>::from_data(TensorData::new(values(&golden["scores"]), [5, 2]), &plain);
    assert_close("scores", scores.inner(), expected);
    let loss: f32 = loss.into_scalar();
    assert!((f64::from(loss) - golden["loss"].as_f64().unwrap()).abs() < 1e-6);

    let wanted = |name: String| &golden["gradients"][&name];
    for (dense, place) in [(&head.dense_1, 0), (&head.dense_2, 3), (&head.output, 6)] {
        let found = gradient(&dense.weight.val(), &gradients);
        assert_close("dense weight", found, matrix(wanted(format!("{place}.weight")), &plain));
        let found = gradient(&dense.bias.as_ref().unwrap().val(), &gradients);
        assert_close("dense bias", found, vector(wanted(format!("{place}.bias")), &plain));
    }
    for (norm, place) in [(&head.norm_1, 1), (&head.norm_2, 4)] {
        let found = gradient(&norm.gamma.val(), &gradients);
        assert_close("batch norm weight", found, vector(wanted(format!("{place}.weight")), &plain));
        let found = gradient(&norm.beta.val(), &gradients);
        assert_close("batch norm bias", found, vector(wanted(format!("{place}.bias")), &plain));
    }
    let mean = head.norm_1.running_mean.value_sync();
    assert_close("running mean", mean.inner(), vector(&golden["running_mean"], &plain));
    // PyTorch keeps the unbiased variance, burn (like Keras) the biased one: 0.99 + 0.01 · v.
    let unbiased = vector(&golden["running_variance"], &plain);
    let biased = unbiased.sub_scalar(0.99).mul_scalar(4.0 / 5.0).add_scalar(0.99);
    assert_close("running variance", head.norm_1.running_var.value_sync().inner(), biased);
}

#[test]
fn the_two_by_two_convolution_pads_and_differentiates_as_keras_does() {
    let (device, plain) = (Device::flex().autodiff(), Device::flex());
    let golden = &golden()["convolution"];
    // PyTorch: [5, 3, 2, 2]; here [taps · in, out].
    let weight = |golden: &Value, device: &Device| {
        let tensor = Tensor::<3>::from_data(TensorData::new(values(golden), [5, 3, 4]), device);
        tensor.permute([2, 1, 0]).reshape([12, 5])
    };
    let mut convolution = SameConvolution2x2::new(3, 5, &mut Randomness::new(0, 0), &device);
    convolution.weight = Param::from_tensor(weight(&golden["weight"], &device));
    convolution.bias =
        Param::from_tensor(Tensor::from_data(TensorData::new(values(&golden["bias"]), [5]), &device));
    let (x, height, width) = position_major(&golden["x"], &device);
    let x = x.detach().require_grad();
    let y = convolution.forward(FeatureMap::new(x.clone(), height, width)).values;
    let gradients = (y.clone() * position_major(&golden["towards"], &device).0).sum().backward();
    assert_close("y", y.inner(), position_major(&golden["y"], &plain).0);
    assert_close("x", gradient(&x, &gradients), position_major(&golden["x_gradient"], &plain).0);
    let found = gradient(&convolution.weight.val(), &gradients);
    assert_close("weight", found, weight(&golden["weight_gradient"], &plain));
    let expected = Tensor::<1>::from_data(TensorData::new(values(&golden["bias_gradient"]), [5]), &plain);
    assert_close("bias", gradient(&convolution.bias.val(), &gradients), expected);
}

/// The fetched weights, where there are any: `.ci/run` fetches them.
fn imagenet_weights() -> Option<TrunkWeights> {
    let data = std::env::var_os("RANKLAB_DATA").map_or_else(|| "../../data".into(), PathBuf::from);
    TrunkWeights::load(&data.join("vgg16_imagenet.safetensors")).ok()
}

#[test]
fn every_block_of_the_trunk_agrees_with_pytorch_on_the_real_weights() {
    let Some(weights) = imagenet_weights() else {
        eprintln!("skipped: no weights; `ranklab weights fetch` gets them");
        return;
    };
    assert!(weights.are_imagenet());
    let golden: Value = serde_json::from_str(include_str!("../../../../tests/golden/trunk.json")).unwrap();
    let size = golden["size"].as_u64().unwrap() as usize;
    let rgb: Vec<u8> = (0..size * size * 3)
        .map(|place| {
            let (y, x, channel) = (place / 3 / size, place / 3 % size, place % 3);
            ((x * 7 + y * 13 + channel * 29 + (x * y) / 5) % 256) as u8
        })
        .collect();
    let device = Device::flex();
    let trunk = Trunk::new(&weights, Cut::top(), size, &device);
    let maps = trunk.forward_each(preprocess(&rgb, 1, size, &device));
    let ends = [1, 3, 6, 9, 12];
    for (block, end) in golden["blocks"].as_array().unwrap().iter().zip(ends) {
        let channels = block["channels"].as_u64().unwrap() as usize;
        let side = block["side"].as_u64().unwrap() as usize;
        let found: Vec<f32> = maps[end].values.to_data().iter::<f32>().collect();
        assert_eq!(found.len(), side * side * channels);
        let largest = block["largest"].as_f64().unwrap();
        for sample in block["samples"].as_array().unwrap() {
            let at = |key: &str| sample[key].as_u64().unwrap() as usize;
            let found = f64::from(found[(at("y") * side + at("x")) * channels + at("channel")]);
            let expected = sample["value"].as_f64().unwrap();
            assert!(
                (found - expected).abs() < 2e-5 * largest,
                "{}: {found} instead of {expected}",
                block["name"]
            );
        }
        let mean = found.iter().map(|value| f64::from(*value)).sum::<f64>() / found.len() as f64;
        assert!((mean - block["mean"].as_f64().unwrap()).abs() < 1e-5 * largest);
    }
    // In parts, as features are computed, nothing changes.
    let whole = trunk.forward(preprocess(&rgb, 1, size, &device)).values;
    assert_close("in parts", whole, maps[12].values.clone());
}

#[test]
fn parameter_counts_are_the_published_ones() {
    use ranklab_zoo::ParameterCounts;
    let adapter = AdapterSettings::default().resolve().unwrap();
    let expected = ParameterCounts { trainable: 2_757_378, adapter: 0, frozen: 1_735_488 };
    assert_eq!(ParameterCounts::of(&Network::Model4, 64).unwrap(), expected);
    let expected = ParameterCounts { trainable: 1_259_266, adapter: 76_800, frozen: 14_714_688 };
    assert_eq!(ParameterCounts::of(&Network::Model5(adapter), 64).unwrap(), expected);
}

#[test]
fn parameters_are_counted_as_a_network_holds_them() {
    use ranklab_zoo::{Model, ParameterCounts, UpperTrunk};
    let weights = TrunkWeights::random(0);
    let settings = |layers: &str, rank: &str, dora| {
        let (layers, rank) = (Some(layers.parse().unwrap()), Some(rank.parse().unwrap()));
        AdapterSettings { layers, rank, dora: Some(dora), ..Default::default() }.resolve().unwrap()
    };
    let networks = [
        Network::Model5(settings("block5_conv1+block5_conv3", "3", true)),
        Network::Model5(settings("block5", "1+2+4", false)),
        Network::Model4,
    ];
    for (network, size) in networks.iter().flat_map(|network| [(network, 64), (network, 100)]) {
        let adapter = network.adapter();
        let device = Device::flex().autodiff();
        let upper = adapter.map(|adapter| UpperTrunk::new(&weights, adapter, size, &device));
        let model = Model::new(adapter.zip(upper.as_ref()), size, HeadConfig::default(), 0, &device).unwrap();
        let held: usize = model.state().iter().filter(|t| t.trainable).map(|t| t.values.len()).sum();
        assert_eq!(ParameterCounts::of(network, size).unwrap().trainable, held);
    }
}

#[test]
fn under_the_peft_preset_an_adapted_network_starts_as_the_pretrained_one() {
    let device = Device::flex();
    let mut randomness = Randomness::new(3, 0);
    let kernel = randomness.normal(4 * 3 * 9, 1.0);
    let usage = ConvolutionUse { kernel: true, ..ConvolutionUse::default() };
    for dora in [false, true] {
        let convolution = FrozenConvolution::new(&kernel, &[0.5, -1.0, 0.0, 2.0], [3, 4], usage, &device);
        let preset = ranklab_settings::Preset::Peft;
        let config = AdapterSettings { preset, dora: Some(dora), ..Default::default() }.resolve().unwrap();
        let adapter = Adapter::new(&config, 2, &convolution, &mut randomness, &device);
        let tiles = TileTransform::new(4, 4, &device);
        let x = Tensor::from_data(TensorData::new(randomness.normal(16 * 2 * 3, 1.0), [16, 2, 3]), &device);
        let map = FeatureMap::new(x, 4, 4);
        let adapted = adapter.forward(&convolution, map.clone(), &tiles, None).values;
        assert_close("y", adapted, convolution.forward(map, &tiles).values);
    }
}

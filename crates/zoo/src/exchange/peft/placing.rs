//! Puts an imported adapter into a model.

use burn::{
    module::{Param, RunningState},
    nn::{BatchNorm, Linear},
    tensor::{Device, Tensor, TensorData},
};
use ranklab_kernels::FrozenConvolution;
use ranklab_settings::AdapterConfig;

use super::imported::{Factors, ImportedAdapter, ImportedHead};
use crate::{
    Error,
    adapter::Adapter,
    head::Head,
    network::{Model, Model5, UpperTrunk},
};

impl Model {
    /// This model of model_5 with the factors of an imported adapter, and with its classifier where it has one. The model
    /// is one of `config` on `upper`; its scaling may differ from the adapter's, whose B is then multiplied so that the
    /// product stays. Where only `config` has DoRA, the magnitudes are those of the adapted kernels.
    ///
    /// # Errors
    /// When layers, ranks, DoRA or the classifier's features are not the adapter's.
    pub fn with_adapter(
        self,
        imported: &ImportedAdapter,
        config: &AdapterConfig,
        upper: &UpperTrunk,
    ) -> Result<Self, Error> {
        let Self::Model5(model) = self else {
            return Err(Error::Setting("model_4 has no adapters: an imported one needs model_5".to_owned()));
        };
        check(imported, config)?;
        let device = model.head.output.weight.device();
        let convolutions =
            upper.layers.iter().filter(|layer| layer.adapted).map(|layer| &layer.layer.convolution);
        let adapters = imported
            .factors
            .iter()
            .zip(convolutions)
            .map(|(factors, convolution)| adapter(factors, imported, config, convolution, &device))
            .collect();
        let head = match &imported.head {
            Some(imported) => with_head(model.head, imported, &device)?,
            None => model.head,
        };
        Ok(Self::Model5(Model5 { adapters, head }))
    }
}

/// Whether an adapter can go into a model with these settings.
fn check(imported: &ImportedAdapter, config: &AdapterConfig) -> Result<(), Error> {
    let own = &imported.config;
    let ranks = |config: &AdapterConfig| config.rank.per_layer(&config.layers);
    if own.layers != config.layers || ranks(own)? != ranks(config)? {
        return Err(Error::Setting(format!(
            "the imported adapter has layers={} rank={}, and the settings say layers={} rank={}: give those of the \
             adapter",
            own.layers, own.rank, config.layers, config.rank
        )));
    }
    if own.dora && !config.dora {
        return Err(Error::Setting("the imported adapter has DoRA's magnitudes: give dora=true".to_owned()));
    }
    Ok(())
}

fn adapter(
    factors: &Factors,
    imported: &ImportedAdapter,
    config: &AdapterConfig,
    convolution: &FrozenConvolution,
    device: &Device,
) -> Adapter {
    let Factors { layer, rank, down, up, magnitude } = factors;
    let down = TensorData::new(down.clone(), [9, layer.channels_in(), *rank]);
    let up = Tensor::from_data(TensorData::new(up.clone(), [*rank, layer.channels_out()]), device);
    let ratio = imported.config.scale(*rank) / config.scale(*rank);
    let up: Tensor<2> = if ratio == 1.0 { up } else { up.mul_scalar(ratio) };
    let mut adapter = Adapter::from_factors(config, Tensor::from_data(down, device), up, convolution);
    if let Some(magnitude) = magnitude {
        adapter.magnitude = Some(Param::from_tensor(vector(magnitude, device)));
    }
    adapter
}

fn with_head(mut head: Head, imported: &ImportedHead, device: &Device) -> Result<Head, Error> {
    let features = head.dense_1.weight.dims()[0];
    if imported.features() != features {
        return Err(Error::Setting(format!(
            "the imported classifier takes {} features, and images of this image_size have {features}: give the \
             image_size that it was trained with",
            imported.features()
        )));
    }
    let dense = [&mut head.dense_1, &mut head.dense_2, &mut head.output];
    for (layer, values) in dense.into_iter().zip(&imported.dense) {
        set_dense(layer, values, device);
    }
    for (norm, values) in [&mut head.norm_1, &mut head.norm_2].into_iter().zip(&imported.norms) {
        set_norm(norm, values, device);
    }
    Ok(head)
}

fn set_dense(layer: &mut Linear, [weight, bias]: &[Vec<f32>; 2], device: &Device) {
    let weight = TensorData::new(weight.clone(), layer.weight.dims());
    layer.weight = Param::from_tensor(Tensor::from_data(weight, device));
    layer.bias = Some(Param::from_tensor(vector(bias, device)));
}

fn set_norm(norm: &mut BatchNorm, [scale, shift, mean, variance]: &[Vec<f32>; 4], device: &Device) {
    norm.gamma = Param::from_tensor(vector(scale, device));
    norm.beta = Param::from_tensor(vector(shift, device));
    norm.running_mean = RunningState::new(vector(mean, device));
    norm.running_var = RunningState::new(vector(variance, device));
}

fn vector(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

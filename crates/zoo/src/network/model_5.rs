//! model_5: LoRA in VGG16's convolutions, the pretrained kernels frozen.

use burn::{
    module::Module,
    tensor::{Device, Tensor, s},
};
use ranklab_kernels::{FeatureMap, Randomness};

use super::upper::{UpperInput, UpperTrunk};
use ranklab_settings::AdapterConfig;

use crate::{
    Error,
    adapter::Adapter,
    backbone::vgg16::Cut,
    head::HeadConfig,
    head::{Head, LEAK},
};

/// What is trained of model_5; its frozen convolutions are an [`UpperTrunk`].
#[derive(Module, Debug)]
pub struct Model5 {
    /// From the input on.
    pub adapters: Vec<Adapter>,
    /// The classifier.
    pub head: Head,
}

impl Model5 {
    /// Fresh adapters and head on `upper`, for square images of `image_size` pixels.
    ///
    /// # Errors
    /// When ranks and layers do not fit together.
    pub fn new(
        upper: &UpperTrunk,
        config: &AdapterConfig,
        image_size: usize,
        head: HeadConfig,
        randomness: &mut Randomness,
        device: &Device,
    ) -> Result<Self, Error> {
        let ranks = config.rank.per_layer(&config.layers)?;
        let convolutions =
            upper.layers.iter().filter(|layer| layer.adapted).map(|layer| &layer.layer.convolution);
        let adapters = convolutions
            .zip(ranks)
            .map(|(convolution, rank)| Adapter::new(config, rank, convolution, randomness, device))
            .collect();
        let [height, width, channels] = Cut::top().shape(image_size);
        let head = Head::new(height * width * channels, head, randomness, device);
        Ok(Self { adapters, head })
    }

    /// Class scores `[images, 2]` of each model, before softmax. `features` holds `images` images of
    /// every model, model by model, or the same ones for all. `randomness` is given while training, one
    /// per model.
    pub(crate) fn forward_together(
        upper: &UpperTrunk,
        models: &[&Self],
        features: UpperInput,
        images: usize,
        randomness: &mut [Randomness],
    ) -> Vec<Tensor<2>> {
        let adapters: Vec<&[Adapter]> = models.iter().map(|model| model.adapters.as_slice()).collect();
        let map = upper.forward(features, &adapters, images, randomness);
        let rows = map.pool_into_rows(LEAK);
        let part = |place: usize| match rows.dims()[0] == images {
            true => rows.clone(),
            false => rows.clone().slice(s![place * images..(place + 1) * images, ..]),
        };
        let heads = models.iter().map(|model| &model.head).enumerate();
        heads.map(|(place, head)| head.forward(part(place), randomness.get_mut(place))).collect()
    }

    /// The last convolution's map before its pooling.
    pub(crate) fn last_map(&self, upper: &UpperTrunk, features: FeatureMap) -> FeatureMap {
        let images = features.batch();
        upper.forward(features.into(), &[&self.adapters], images, &mut [])
    }

    /// Class scores `[images, 2]` from [`Model5::last_map`].
    pub(crate) fn scores_of(&self, map: FeatureMap) -> Tensor<2> {
        self.head.forward(map.pool_into_rows(LEAK), None)
    }
}

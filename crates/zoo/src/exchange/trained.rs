//! What an export needs to know of a trained network.

use ranklab_settings::{AdapterConfig, GroupRule, ImportedThreshold, Layer, Network, Noun, Resize};

use crate::{
    Error,
    adapter::Adapter,
    backbone::vgg16::{Cut, weights::TrunkWeights},
    head::{Head, HeadConfig},
    network::{Model, Model4, Model5},
};

/// A trained network with all that its files for other programs say of it.
#[derive(Clone, Copy, Debug)]
pub struct TrainedNetwork<'a> {
    /// What was trained.
    pub model: &'a Model,
    /// Which network, with its adapters' settings.
    pub network: &'a Network,
    /// The frozen trunk.
    pub weights: &'a TrunkWeights,
    /// Settings of the classifier.
    pub head: HeadConfig,
    /// What it takes and what it says.
    pub images: ImageInput<'a>,
}

/// The images that a network takes, its classes, and how it calls them.
#[derive(Clone, Copy, Debug)]
pub struct ImageInput<'a> {
    /// Side of the square images in pixels.
    pub size: usize,
    /// How images are resized to it.
    pub resize: Resize,
    /// Names of class 0 and class 1, the positive one.
    pub classes: [&'a str; 2],
    /// Threshold that was chosen on validation images, where there is one.
    pub threshold: Option<ImportedThreshold>,
    /// Rule that finds the group of an image.
    pub group: Option<&'a GroupRule>,
    /// Word for a group, where settings give one.
    pub group_word: Option<&'a Noun>,
    /// Word for an image, where settings give one.
    pub image_word: Option<&'a Noun>,
}

/// The trained part of either network beside its settings.
pub(super) enum Trained<'a> {
    Model4(&'a Model4),
    Model5(&'a Model5, &'a AdapterConfig),
}

impl<'a> TrainedNetwork<'a> {
    /// The trained part beside its settings.
    ///
    /// # Errors
    /// When the model is not one of the settings.
    pub(super) fn trained(&self) -> Result<Trained<'a>, Error> {
        match (self.model, self.network) {
            (Model::Model4(model), Network::Model4) => Ok(Trained::Model4(model)),
            (Model::Model5(model), Network::Model5(config))
                if model.adapters.len() == config.layers.layers().len() =>
            {
                Ok(Trained::Model5(model, config))
            }
            _ => Err(Error::Setting("the trained model is not one of its run's settings".to_owned())),
        }
    }

    /// The classifier.
    pub(super) fn classifier(&self) -> &'a Head {
        match self.model {
            Model::Model4(model) => &model.head,
            Model::Model5(model) => &model.head,
        }
    }

    /// VGG16's convolutions that the network holds, adapted ones included.
    pub(super) fn convolutions(&self) -> impl Iterator<Item = Layer> + use<> {
        let cut = match self.network {
            Network::Model4 => Cut::of(self.network),
            Network::Model5(_) => Cut::top(),
        };
        cut.below()
    }
}

/// The adapted convolutions with their adapters, from the input on.
pub(super) fn adapted<'a>(
    model: &'a Model5,
    config: &'a AdapterConfig,
) -> impl Iterator<Item = (Layer, &'a Adapter)> {
    config.layers.layers().iter().copied().zip(&model.adapters)
}

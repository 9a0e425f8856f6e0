//! VGG16 as a backbone.

use crate::backbone::Backbone;

/// VGG16's 13 convolutions for BGR input of scale 0 to 255, as `keras.applications.vgg16` takes it: the means are those
/// of ImageNet's blue, green and red channels.
pub const VGG16: Backbone =
    Backbone { name: "VGG16", convolutions: 13, channel_means: [103.939, 116.779, 123.68] };

//! Where the frozen trunk ends under each network.

use ranklab_settings::Network;

use crate::backbone::vgg16::Cut;

/// The block below model_4's trained convolutions.
const MODEL_4_BLOCK: usize = 3;

impl Cut {
    /// The cut of a network: block3_pool for model_4, just below the lowest adapter for model_5.
    pub fn of(network: &Network) -> Self {
        match network {
            Network::Model4 => Self::after_block(MODEL_4_BLOCK),
            Network::Model5(adapter) => Self::below_layer(adapter.layers.lowest()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ranklab_settings::AdapterSettings;

    use super::*;

    fn cut(layers: &str) -> Cut {
        let settings = AdapterSettings { layers: Some(layers.parse().unwrap()), ..Default::default() };
        Cut::of(&Network::Model5(settings.resolve().unwrap()))
    }

    #[test]
    fn the_lowest_adapter_decides_what_is_frozen() {
        assert_eq!(cut("block5").name(), "block4_pool");
        assert_eq!(cut("block5").shape(64), [4, 4, 512]);
        assert_eq!(cut("block5_conv3").name(), "block5_conv2");
        assert_eq!(cut("block4+block5"), Cut::of(&Network::Model4));
        assert_eq!(cut("block4+block5").shape(64), [8, 8, 256]);
        assert!(cut("all").is_input());
        assert_eq!(cut("all").shape(64), [64, 64, 3]);
    }
}

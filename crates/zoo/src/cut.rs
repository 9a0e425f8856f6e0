//! Where the frozen trunk ends and training begins.

use crate::{
    config::{AdapterConfig, Architecture},
    layer::Layer,
};

/// The boundary below the lowest trained layer: everything under it is frozen and computed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cut {
    below: usize,
}

impl Cut {
    /// The cut of a model: block3_pool for model_4, just below the lowest adapter for model_5.
    pub fn of(architecture: Architecture, adapter: Option<&AdapterConfig>) -> Self {
        let below = match (architecture, adapter) {
            (Architecture::Model4, _) | (_, None) => 7,
            (Architecture::Model5, Some(adapter)) => adapter.layers.lowest().index(),
        };
        Self { below }
    }

    /// The end of the whole trunk (block5_pool).
    pub fn top() -> Self {
        Self { below: 13 }
    }

    /// A cut above the given number of convolutions (0 to 13).
    pub fn above(convolutions: usize) -> Self {
        Self { below: convolutions.min(13) }
    }

    /// Whether nothing is frozen below: images enter the trained part directly.
    pub fn is_input(self) -> bool {
        self.below == 0
    }

    /// The convolutions below the cut, from the input on.
    pub fn below(self) -> impl Iterator<Item = Layer> {
        Layer::all().take(self.below)
    }

    /// The convolutions above the cut.
    pub fn above_layers(self) -> impl Iterator<Item = Layer> {
        Layer::all().skip(self.below)
    }

    /// Height, width and channels of the features at the cut, for square images of `image_size`.
    pub fn shape(self, image_size: usize) -> [usize; 3] {
        let pools = self.below().filter(|layer| layer.ends_block()).count();
        let side = image_size >> pools;
        [side, side, self.below().last().map_or(3, Layer::channels_out)]
    }

    /// `block4_pool`, `block5_conv2`, `input`, …: the last thing that is frozen.
    pub fn name(self) -> String {
        match self.below().last() {
            None => "input".to_owned(),
            Some(layer) if layer.ends_block() => format!("block{}_pool", layer.block()),
            Some(layer) => layer.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AdapterSettings;

    fn cut(layers: &str) -> Cut {
        let settings = AdapterSettings { layers: Some(layers.parse().unwrap()), ..Default::default() };
        Cut::of(Architecture::Model5, Some(&settings.resolve().unwrap()))
    }

    #[test]
    fn the_lowest_adapter_decides_what_is_frozen() {
        assert_eq!(cut("block5").name(), "block4_pool");
        assert_eq!(cut("block5").shape(64), [4, 4, 512]);
        assert_eq!(cut("block5_conv3").name(), "block5_conv2");
        assert_eq!(cut("block4+block5"), Cut::of(Architecture::Model4, None));
        assert_eq!(cut("block4+block5").shape(64), [8, 8, 256]);
        assert!(cut("all").is_input());
        assert_eq!(cut("all").shape(64), [64, 64, 3]);
    }
}

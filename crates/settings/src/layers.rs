//! Sets and lists of convolutions: `block5`, `block4+block5`, `block5_conv3`, `all`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Error,
    layer::{BLOCKS, Layer},
};

/// A non-empty set of convolutions: `block5`, `block4+block5`, `block5_conv3`, `all`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LayerSet(Vec<Layer>);

impl Default for LayerSet {
    /// Block 5, as published.
    fn default() -> Self {
        Self(Layer::all().filter(|layer| layer.block() == 5).collect())
    }
}

impl LayerSet {
    /// The layers, from the input on.
    pub fn layers(&self) -> &[Layer] {
        &self.0
    }

    /// The layer nearest to the input.
    pub fn lowest(&self) -> Layer {
        self.0[0]
    }

    /// Whether `layer` is in the set.
    pub fn contains(&self, layer: Layer) -> bool {
        self.0.contains(&layer)
    }
}

impl FromStr for LayerSet {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(text.parse::<LayerList>()?.set())
    }
}

/// Convolutions in the order in which they were written. Several ranks are given in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LayerList(pub(crate) Vec<Layer>);

impl Default for LayerList {
    /// Block 5 from the input on, as published.
    fn default() -> Self {
        Self(LayerSet::default().0)
    }
}

impl LayerList {
    /// The set of these layers, without repetitions.
    pub fn set(&self) -> LayerSet {
        let mut layers = self.0.clone();
        layers.sort_unstable();
        layers.dedup();
        LayerSet(layers)
    }
}

impl FromStr for LayerList {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let fitting = "give block1 to block5, a convolution like block5_conv3, several joined by `+`, or all";
        let mut layers = Vec::new();
        for name in text.split('+').map(str::trim) {
            if name.is_empty() {
                return Err(Error::Setting(match text.trim() {
                    "" => format!("layers: no layer is given; {fitting}"),
                    _ => format!("layers: `{text}` has an empty part; {fitting}"),
                }));
            }
            let matching: Vec<Layer> = Layer::all()
                .filter(|layer| {
                    name == "all" || name == format!("block{}", layer.block()) || name == layer.to_string()
                })
                .collect();
            if matching.is_empty() {
                return Err(Error::Setting(format!("layers: `{name}` is not a part of VGG16; {fitting}")));
            }
            layers.extend(matching);
        }
        Ok(Self(layers))
    }
}

impl fmt::Display for LayerList {
    /// Writes the spelling of the set if the layers are in order, and layer by layer otherwise.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.set();
        if set.0 == self.0 {
            return set.fmt(formatter);
        }
        let parts: Vec<String> = self.0.iter().map(Layer::to_string).collect();
        formatter.write_str(&parts.join("+"))
    }
}

impl Serialize for LayerList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LayerList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for LayerSet {
    /// Writes the shortest spelling, with whole blocks by name.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() == 13 {
            return formatter.write_str("all");
        }
        let mut parts = Vec::new();
        for block in 1..=5 {
            let members: Vec<Layer> = self.0.iter().copied().filter(|layer| layer.block() == block).collect();
            if members.len() == usize::from(BLOCKS[block - 1]) {
                parts.push(format!("block{block}"));
            } else {
                parts.extend(members.iter().map(Layer::to_string));
            }
        }
        formatter.write_str(&parts.join("+"))
    }
}

impl Serialize for LayerSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LayerSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_its_order_through_its_text() {
        for text in ["block5_conv3+block5_conv1", "block5", "block4+block5", "all"] {
            let list: LayerList = text.parse().unwrap();
            assert_eq!(list.to_string(), text);
            assert_eq!(list.to_string().parse::<LayerList>().unwrap(), list);
        }
        let reversed: LayerList = "block5+block4".parse().unwrap();
        assert_eq!(reversed.to_string().parse::<LayerList>().unwrap(), reversed);
        assert_eq!(reversed.set().to_string(), "block4+block5");
    }
}

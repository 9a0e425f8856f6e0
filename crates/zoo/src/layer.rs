//! Names and shapes of VGG16's 13 convolutions, lists and sets of them, and the ranks given to them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// One of VGG16's 13 convolutions, by its place from the input (0 to 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer(u8);

/// Convolutions per block.
const BLOCKS: [u8; 5] = [2, 2, 3, 3, 3];
/// Output channels per block.
const CHANNELS: [usize; 5] = [64, 128, 256, 512, 512];

impl Layer {
    /// All 13, from the input on.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..13).map(Self)
    }

    /// Place from the input, 0 to 12.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Block, 1 to 5.
    pub fn block(self) -> usize {
        self.place().0
    }

    /// Place within its block, from 1.
    pub fn convolution(self) -> usize {
        self.place().1
    }

    fn place(self) -> (usize, usize) {
        let mut left = self.0;
        for (block, &count) in BLOCKS.iter().enumerate() {
            if left < count {
                return (block + 1, usize::from(left) + 1);
            }
            left -= count;
        }
        (5, 3)
    }

    /// Whether a max pooling follows it.
    pub fn ends_block(self) -> bool {
        let (block, convolution) = self.place();
        convolution == usize::from(BLOCKS[block - 1])
    }

    /// Output channels.
    pub fn channels_out(self) -> usize {
        CHANNELS[self.block() - 1]
    }

    /// Input channels.
    pub fn channels_in(self) -> usize {
        match self.0 {
            0 => 3,
            index => Self(index - 1).channels_out(),
        }
    }

    /// The highest rank that a change of this layer's kernel can have: more adds parameters and nothing that
    /// fewer could not express.
    pub fn full_rank(self) -> usize {
        (9 * self.channels_in()).min(self.channels_out())
    }

    /// Parameters: kernel and bias.
    pub fn parameters(self) -> usize {
        9 * self.channels_in() * self.channels_out() + self.channels_out()
    }

    /// Index of this convolution in torchvision's `features` sequence (block5: 24, 26, 28).
    pub fn torchvision_index(self) -> usize {
        2 * self.index() + self.block() - 1
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (block, convolution) = self.place();
        write!(formatter, "block{block}_conv{convolution}")
    }
}

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
pub struct LayerList(Vec<Layer>);

impl Default for LayerList {
    /// Block 5 from the input on, as published.
    fn default() -> Self {
        Self(LayerSet::default().0)
    }
}

impl LayerList {
    /// The set of these layers. A layer that is named twice counts once.
    pub fn set(&self) -> LayerSet {
        let mut layers = self.0.clone();
        layers.sort_unstable();
        layers.dedup();
        LayerSet(layers)
    }

    /// The set of these layers, and their ranks in the order of the set. Equal ranks become a single one.
    ///
    /// # Errors
    /// When there are several ranks and either not one per layer or a layer that is named twice.
    pub fn with_ranks(&self, ranks: &Ranks) -> Result<(LayerSet, Ranks), Error> {
        let set = self.set();
        if ranks.0.len() == 1 {
            return Ok((set, ranks.clone()));
        }
        if let Some(twice) = self.0.iter().enumerate().find(|(place, layer)| self.0[..*place].contains(layer))
        {
            return Err(Error::Setting(format!(
                "layers: {} is named twice in `{self}`, so that it is not clear which of the ranks {ranks} it has; \
                 name each layer once",
                twice.1
            )));
        }
        ranks.per_layer(&set)?;
        let mut pairs: Vec<(Layer, usize)> = self.0.iter().copied().zip(ranks.0.iter().copied()).collect();
        pairs.sort_unstable_by_key(|(layer, _)| *layer);
        let ranks = Ranks(pairs.into_iter().map(|(_, rank)| rank).collect());
        Ok((set, ranks.single().map_or(ranks, Ranks::same)))
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
    /// The set's spelling where the order is the set's, else layer by layer.
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
    /// The shortest spelling: whole blocks by their name.
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

/// Rank of every adapter, or one per adapted layer: `5`, `4+8+16`. The order is that of the layers they are given to:
/// of a [`LayerList`] as written, of a [`LayerSet`] from the input on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ranks(Vec<usize>);

impl Ranks {
    /// The lowest rank.
    pub const LEAST: usize = 1;
    /// The highest rank: the most channels that a layer of VGG16 has.
    pub const MOST: usize = 512;

    /// One rank for all layers.
    pub fn same(rank: usize) -> Self {
        Self(vec![rank])
    }

    /// The rank, where all layers share one.
    pub fn single(&self) -> Option<usize> {
        self.0.iter().all(|rank| *rank == self.0[0]).then(|| self.0[0])
    }

    /// One rank per layer of `layers`, from the input on.
    ///
    /// # Errors
    /// When there are several ranks but not one per layer.
    pub fn per_layer(&self, layers: &LayerSet) -> Result<Vec<usize>, Error> {
        let wanted = layers.layers().len();
        match self.0.len() {
            1 => Ok(vec![self.0[0]; wanted]),
            given if given == wanted => Ok(self.0.clone()),
            given => Err(Error::Setting(format!(
                "rank: {given} ranks ({self}) for the {wanted} adapted layers of `{layers}`; give one, or {wanted}"
            ))),
        }
    }
}

impl FromStr for Ranks {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let fitting = format!(
            "give a whole number from {} to {}, or one per layer joined by `+`",
            Self::LEAST,
            Self::MOST
        );
        let wrong = |problem: String| Err(Error::Setting(format!("rank: {problem}; {fitting}")));
        if text.trim().is_empty() {
            return wrong("no rank is given".to_owned());
        }
        let mut ranks = Vec::new();
        for part in text.split('+').map(str::trim) {
            match part.parse::<usize>() {
                _ if part.is_empty() => return wrong(format!("`{text}` has an empty part")),
                _ if part.len() > 1 && part.starts_with('0') => {
                    return wrong(format!("`{part}` begins with a zero"));
                }
                Ok(rank) if (Self::LEAST..=Self::MOST).contains(&rank) => ranks.push(rank),
                _ => return wrong(format!("`{part}` is not a rank")),
            }
        }
        Ok(Self(ranks))
    }
}

impl fmt::Display for Ranks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(usize::to_string).collect();
        formatter.write_str(&parts.join("+"))
    }
}

impl Serialize for Ranks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [rank] => serializer.serialize_u64(*rank as u64),
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Ranks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(i64),
            Several(Vec<i64>),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::One(rank) => rank.to_string(),
            Written::Several(ranks) => ranks.iter().map(i64::to_string).collect::<Vec<_>>().join("+"),
            Written::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(layers: &str, ranks: &str) -> Result<Vec<(String, usize)>, String> {
        let layers: LayerList = layers.parse().map_err(|problem: Error| problem.to_string())?;
        let ranks: Ranks = ranks.parse().map_err(|problem: Error| problem.to_string())?;
        let (set, ranks) = layers.with_ranks(&ranks).map_err(|problem| problem.to_string())?;
        let ranks = ranks.per_layer(&set).map_err(|problem| problem.to_string())?;
        Ok(set.layers().iter().map(Layer::to_string).zip(ranks).collect())
    }

    #[test]
    fn ranks_follow_the_layers_as_they_are_written() {
        let of = |layers: &str, ranks: &str| -> Vec<(String, usize)> { pairs(layers, ranks).unwrap() };
        let named = |expected: &[(&str, usize)]| -> Vec<(String, usize)> {
            expected.iter().map(|(layer, rank)| ((*layer).to_owned(), *rank)).collect()
        };
        assert_eq!(
            of("block5_conv3+block5_conv1", "4+16"),
            named(&[("block5_conv1", 16), ("block5_conv3", 4)])
        );
        // Blocks stand for their layers from the input on, in the place where they are written.
        assert_eq!(
            of("block5_conv2+block2+block1_conv1", "1+2+3+4"),
            named(&[("block1_conv1", 4), ("block2_conv1", 2), ("block2_conv2", 3), ("block5_conv2", 1)])
        );
        assert_eq!(of("block5", "4+8+16").iter().map(|(_, rank)| *rank).collect::<Vec<_>>(), [4, 8, 16]);
        let all: Vec<String> = (1..=13).map(|rank| rank.to_string()).collect();
        assert_eq!(of("all", &all.join("+"))[12], ("block5_conv3".to_owned(), 13));
    }

    #[test]
    fn a_layer_named_twice_counts_once_and_has_no_rank_of_its_own() {
        assert_eq!(pairs("block5+block5_conv2", "3").unwrap().len(), 3);
        let refused = pairs("block5+block5_conv2", "1+2+3+4").unwrap_err();
        assert!(refused.contains("block5_conv2 is named twice in `block5_conv1+block5_conv2"), "{refused}");
        assert!(
            pairs("block5", "1+2")
                .unwrap_err()
                .contains("2 ranks (1+2) for the 3 adapted layers of `block5`")
        );
    }

    #[test]
    fn equal_ranks_become_one() {
        let (_, ranks) = LayerList::default().with_ranks(&"2+2+2".parse().unwrap()).unwrap();
        assert_eq!(ranks, Ranks::same(2));
    }

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

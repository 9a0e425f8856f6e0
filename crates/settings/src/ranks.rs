//! Ranks of adapters: one for all layers, or one for each.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Error,
    layer::Layer,
    layers::{LayerList, LayerSet},
};

/// One rank for all adapters, or one per adapted layer: `5`, `4+8+16`. Ranks follow the order of their layers: a
/// [`LayerList`] as written, or a [`LayerSet`] from the input on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ranks(Vec<usize>);

impl Ranks {
    /// The lowest rank.
    pub const LEAST: usize = 1;
    /// The highest rank: the number of channels in the widest layer of VGG16.
    pub const MOST: usize = 512;

    /// One rank for all layers.
    pub fn same(rank: usize) -> Self {
        Self(vec![rank])
    }

    /// Assigns the ranks to `layers`: the set of layers, with ranks in its order. Equal ranks become one.
    ///
    /// # Errors
    /// When there are several ranks, and their number is not that of the layers or a layer is named twice.
    pub fn assigned_to(&self, layers: &LayerList) -> Result<(LayerSet, Self), Error> {
        let set = layers.set();
        if self.0.len() == 1 {
            return Ok((set, self.clone()));
        }
        let written = &layers.0;
        let is_repeated = |(index, layer): &(usize, &Layer)| written[..*index].contains(layer);
        if let Some((_, twice)) = written.iter().enumerate().find(is_repeated) {
            return Err(Error::Setting(format!(
                "layers: {twice} is named twice in `{layers}`, so that its rank among {self} is ambiguous; \
                 name each layer once"
            )));
        }
        self.per_layer(&set)?;
        let mut pairs: Vec<(Layer, usize)> = written.iter().copied().zip(self.0.iter().copied()).collect();
        pairs.sort_unstable_by_key(|(layer, _)| *layer);
        let ranks = Self(pairs.into_iter().map(|(_, rank)| rank).collect());
        Ok((set, ranks.single().map_or(ranks, Self::same)))
    }

    /// The common rank of all layers; `None` if ranks differ.
    pub fn single(&self) -> Option<usize> {
        self.0.iter().all(|rank| *rank == self.0[0]).then(|| self.0[0])
    }

    /// One rank per layer of `layers`, from the input on.
    ///
    /// # Errors
    /// When there are several ranks and their number is not that of the layers.
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
            PerLayer(Vec<i64>),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::One(rank) => rank.to_string(),
            Written::PerLayer(ranks) => ranks.iter().map(i64::to_string).collect::<Vec<_>>().join("+"),
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
        let (set, ranks) = ranks.assigned_to(&layers).map_err(|problem| problem.to_string())?;
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
        // A block stands for its layers from the input on.
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
        let (_, ranks) = "2+2+2".parse::<Ranks>().unwrap().assigned_to(&LayerList::default()).unwrap();
        assert_eq!(ranks, Ranks::same(2));
    }
}

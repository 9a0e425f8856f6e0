//! A threshold that comes along with an imported network.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A threshold with the number of images that it was chosen on, elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportedThreshold {
    /// Probability from which an image is called positive.
    pub probability: Probability,
    /// Number of validation images that it was chosen on.
    pub images: usize,
}

/// A probability that keeps its value in JSON: it is written as text, since a number may lose its last digit there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probability(f64);

impl Probability {
    /// The probability of this value; `None` unless it is from 0 to 1.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The value.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl Serialize for Probability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Probability {
    /// Reads a text or a number.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Number(f64),
        }
        let (value, written) = match Written::deserialize(deserializer)? {
            Written::Text(text) => (text.parse().ok(), text),
            Written::Number(number) => (Some(number), number.to_string()),
        };
        let problem = || D::Error::custom(format!("{written} is no probability; put a number from 0 to 1"));
        value.and_then(Self::new).ok_or_else(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_keeps_every_digit_and_others_are_refused() {
        let mut value: f64 = 0.001;
        for _ in 0..1000 {
            // Neighbours in steps of many sizes.
            value = f64::from_bits(value.to_bits() + 0x1234_5678_9ABC);
            let probability = Probability::new(value).unwrap();
            let text = serde_json::to_string(&probability).unwrap();
            let read: Probability = serde_json::from_str(&text).unwrap();
            assert_eq!(read.value().to_bits(), value.to_bits(), "{text}");
        }
        assert_eq!(serde_json::from_str::<Probability>("0.25").unwrap(), Probability(0.25));
        for wrong in ["\"1.5\"", "-0.1", "\"NaN\"", "\"half\""] {
            let refused = serde_json::from_str::<Probability>(wrong).unwrap_err().to_string();
            assert!(refused.contains("is no probability; put a number from 0 to 1"), "{refused}");
        }
    }
}

//! Every setting by name: short names for the usual ones, what a value may be, and "did you mean".

use ranklab_zoo::{LayerSet, Ranks};
use toml::Value;

use crate::{Error, execute::DEFAULT_JOBS};

/// What a key's value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// A whole number from the first to the second, both included.
    Whole(i64, i64),
    /// The same, or `none`.
    WholeOrNone(i64, i64),
    /// A number.
    Number,
    /// True or false.
    Truth,
    /// Anything.
    Text,
    /// One of these.
    Choice(&'static [&'static str]),
    /// Convolutions.
    Layers,
    /// One rank, or one per layer joined by `+`.
    Ranks,
}

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Key {
    /// The usual short name; the last part of the path where there is no other.
    pub(crate) short: &'static str,
    /// Table and key in an experiment file, joined by dots.
    pub(crate) path: &'static str,
    kind: Kind,
}

const fn key(short: &'static str, path: &'static str, kind: Kind) -> Key {
    Key { short, path, kind }
}

/// No limit from above: seeds.
const ANY: i64 = i64::MAX;

/// All settings. What is above a limit is a slip, and would claim memory or time without end.
pub(crate) const KEYS: &[Key] = &[
    key("model", "model.architecture", Kind::Choice(&["model_4", "model_5"])),
    key("weights", "model.weights", Kind::Text),
    key("preset", "adapter.preset", Kind::Choice(&["published", "peft"])),
    key("layers", "adapter.layers", Kind::Layers),
    key("rank", "adapter.rank", Kind::Ranks),
    key("initialisation", "adapter.initialisation", Kind::Choice(&["glorot", "kaiming_zero"])),
    key("scaling", "adapter.scaling", Kind::Choice(&["one", "alpha_over_rank", "alpha_over_sqrt_rank"])),
    key("alpha", "adapter.alpha", Kind::Number),
    key("activation", "adapter.activation", Kind::Choice(&["none", "relu"])),
    key("delta_geometry", "adapter.delta_geometry", Kind::Choice(&["stride_one_same", "layer"])),
    key("dora", "adapter.dora", Kind::Truth),
    key("dropout", "adapter.dropout", Kind::Number),
    key("dataset", "data.dataset", Kind::Text),
    key("image_size", "data.image_size", Kind::Whole(32, 1024)),
    key("resize", "data.resize", Kind::Choice(&["opencv", "antialias"])),
    key("limit", "data.limit", Kind::WholeOrNone(1, 10_000_000)),
    key("split", "data.split.kind", Kind::Choice(&["random", "patient"])),
    key("split_seed", "data.split.seed", Kind::Whole(0, ANY)),
    key("test_fraction", "data.split.test_fraction", Kind::Number),
    key("validation_fraction", "data.split.validation_fraction", Kind::Number),
    key("folds", "data.split.folds", Kind::Whole(2, 1000)),
    key("fold", "data.split.fold", Kind::Whole(0, 999)),
    key("images", "data.synthetic.images", Kind::Whole(20, 1_000_000)),
    key("patients", "data.synthetic.patients", Kind::Whole(2, 100_000)),
    key("data_seed", "data.synthetic.seed", Kind::Whole(0, ANY)),
    key("optimizer", "training.optimizer", Kind::Choice(&["adamax", "adam", "adamw", "sgd"])),
    key("lr", "training.learning_rate", Kind::Number),
    key("weight_decay", "training.weight_decay", Kind::Number),
    key("momentum", "training.momentum", Kind::Number),
    key("epochs", "training.epochs", Kind::Whole(1, 100_000)),
    key("batch", "training.batch_size", Kind::Whole(2, 65_536)),
    key("head_dropout", "training.head_dropout", Kind::Number),
    key("batch_norm_momentum", "training.batch_norm_momentum", Kind::Number),
    key("seed", "training.seed", Kind::Whole(0, ANY)),
    key(
        "select_by",
        "training.select_by",
        Kind::Choice(&["validation_accuracy", "validation_loss", "last_epoch"]),
    ),
    key("device", "device", Kind::Text),
];

/// Steps from a range's beginning to its end.
const LONGEST_RANGE: i64 = 10_000;

/// `whole number from 0 to 999`.
fn whole(least: i64, most: i64) -> String {
    let to = if most == ANY { String::new() } else { format!(" to {most}") };
    format!("whole number from {least}{to}")
}

impl Key {
    /// The key of a short name or path.
    pub(crate) fn find(name: &str, place: &str) -> Result<Self, Error> {
        let last = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
        let exact = KEYS.iter().find(|key| key.short == name || key.path == name);
        // `learning_rate` and `batch_size` are clear without their table; `seed` is a short name.
        let tail = || KEYS.iter().find(|key| last(key.path) == name);
        exact.or_else(tail).copied().ok_or_else(|| {
            let names = KEYS.iter().flat_map(|key| [key.short, key.path, last(key.path)]);
            Error::UnknownKey {
                key: name.to_owned(),
                place: place.to_owned(),
                suggestion: suggest(name, names),
            }
        })
    }

    /// Reads one value as it is written on a command line.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, Error> {
        let name = self.short;
        let wrong =
            |may_be: String| Err(Error::Setting(format!("{name}: `{text}` does not fit; give {may_be}")));
        match self.kind {
            Kind::Whole(least, most) | Kind::WholeOrNone(least, most) => match text.parse::<i64>() {
                Ok(number) if (least..=most).contains(&number) => Ok(Value::Integer(number)),
                _ if text == "none" && matches!(self.kind, Kind::WholeOrNone(..)) => {
                    Ok(Value::String("none".to_owned()))
                }
                _ => wrong(format!("a {}", whole(least, most))),
            },
            Kind::Number => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Value::Float(number)),
                _ => wrong("a number".to_owned()),
            },
            Kind::Truth => match text {
                "true" => Ok(Value::Boolean(true)),
                "false" => Ok(Value::Boolean(false)),
                _ => wrong("true or false".to_owned()),
            },
            Kind::Text if text.is_empty() => wrong("a value".to_owned()),
            Kind::Text => Ok(Value::String(text.to_owned())),
            Kind::Choice(choices) if choices.contains(&text) => Ok(Value::String(text.to_owned())),
            Kind::Choice(choices) => wrong(choices.join(" or ")),
            Kind::Layers => Ok(Value::String(text.parse::<LayerSet>()?.to_string())),
            Kind::Ranks => {
                let ranks: Ranks = text.parse()?;
                Ok(match ranks.to_string().parse::<i64>() {
                    Ok(rank) => Value::Integer(rank),
                    Err(_) => Value::String(ranks.to_string()),
                })
            }
        }
    }

    /// Reads all values of a comma-separated list; `0..4` are the whole numbers from 0 to 4, both
    /// included.
    pub(crate) fn parse_list(&self, text: &str) -> Result<Vec<Value>, Error> {
        let mut values = Vec::new();
        for part in text.split(',').map(str::trim) {
            let numeric = matches!(self.kind, Kind::Whole(..) | Kind::WholeOrNone(..) | Kind::Ranks);
            match part.split_once("..").filter(|_| numeric) {
                Some((from, to)) => {
                    let bounds = (from.trim().parse::<i64>(), to.trim().parse::<i64>());
                    let (Ok(from), Ok(to)) = bounds else {
                        return Err(Error::Setting(format!(
                            "{}: `{part}` is no range; give 0..4",
                            self.short
                        )));
                    };
                    if from > to || to.checked_sub(from).is_none_or(|length| length > LONGEST_RANGE) {
                        return Err(Error::Setting(format!(
                            "{}: the range `{part}` is empty or too long; give 0..4",
                            self.short
                        )));
                    }
                    for number in from..=to {
                        values.push(self.parse(&number.to_string())?);
                    }
                }
                None => values.push(self.parse(part)?),
            }
        }
        Ok(values)
    }
}

/// `: did you mean …?` for the nearest of `names`.
pub(crate) fn suggest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = names
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, candidate)) if distance <= 1 + name.len() / 3 => {
            format!(": did you mean `{candidate}`?")
        }
        _ => "; `ranklab sweep --help` lists the keys".to_owned(),
    }
}

/// Short name, path and allowed values of every key, for help texts.
pub fn describe_keys() -> String {
    let mut text = String::new();
    for key in KEYS {
        let values = match key.kind {
            Kind::Whole(least, most) => whole(least, most),
            Kind::WholeOrNone(least, most) => format!("{}, or none", whole(least, most)),
            Kind::Number => "number".to_owned(),
            Kind::Truth => "true, false".to_owned(),
            Kind::Text => "text".to_owned(),
            Kind::Choice(choices) => choices.join(", "),
            Kind::Layers => "block1 … block5, block5_conv3, block4+block5, all".to_owned(),
            Kind::Ranks => "1 to 512, or one per layer: 4+8+16".to_owned(),
        };
        text += &format!("  {:<20} {:<32} {values}\n", key.short, key.path);
    }
    let jobs = format!(
        "how many trials train together, from 1 (usually {DEFAULT_JOBS}); results do not depend on it"
    );
    text += &format!("  {:<20} {:<32} {jobs}\n", "jobs", "");
    text
}

//! Parses values of settings: single values, comma-separated lists and ranges, with suggestions for ambiguous ones.

use toml::Value;

use crate::{
    Error,
    classes::GroupRule,
    key::{AUTO, Key, Kind, LEARNING_RATES},
    layers::LayerList,
    limits::Limits,
    noun::Noun,
    ranks::Ranks,
};

/// Largest difference between the ends of a range.
const LONGEST_RANGE: i64 = 10_000;

impl Key {
    /// Whether values keep all their commas and spaces: paths, names and patterns. A list of such values repeats the
    /// key.
    pub(crate) fn is_verbatim(&self) -> bool {
        matches!(self.kind, Kind::Path(_) | Kind::FolderName | Kind::Pattern | Kind::Word | Kind::Baseline)
    }

    /// Parses one value.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, Error> {
        let wrong = |reason: &str| {
            let comma = if matches!(self.kind, Kind::Number(_) | Kind::Points) && text.contains(',') {
                ", with a decimal point"
            } else {
                ""
            };
            Err(Error::Setting(format!("{}: `{text}` {reason}; give {}{comma}", self.short, self.fitting())))
        };
        if text.is_empty() || (text.trim().is_empty() && !self.is_verbatim()) {
            return Err(Error::Setting(format!(
                "{}: no value is given; give {}",
                self.short,
                self.fitting()
            )));
        }
        if matches!(self.kind, Kind::Whole(..) | Kind::WholeOrNone(..) | Kind::Number(_) | Kind::Points)
            && has_leading_zero(text)
        {
            return wrong("begins with a zero");
        }
        match self.kind {
            Kind::Whole(least, most, step) => match text.parse::<i64>() {
                Ok(number) if (least..=most).contains(&number) && number % step == 0 => {
                    Ok(Value::Integer(number))
                }
                _ => wrong("does not fit"),
            },
            Kind::WholeOrNone(least, most) => match text.parse::<i64>() {
                Ok(number) if (least..=most).contains(&number) => Ok(Value::Integer(number)),
                _ if text == "none" => Ok(Value::String(text.to_owned())),
                _ => wrong("does not fit"),
            },
            Kind::Number(_) if text == AUTO && self.has_ladder() => {
                wrong("is several values, which belong under [sweep]")
            }
            Kind::Number(limits) => match number(limits, text) {
                Ok(number) => Ok(Value::Float(number)),
                Err(reason) => wrong(reason),
            },
            Kind::Points => match number(Limits::POINTS, text) {
                Ok(number) => Ok(Value::Float(number)),
                Err(reason) => wrong(reason),
            },
            Kind::Truth => match text {
                "true" => Ok(Value::Boolean(true)),
                "false" => Ok(Value::Boolean(false)),
                _ => wrong("does not fit"),
            },
            Kind::Path(_) | Kind::Baseline | Kind::Settings => Ok(Value::String(text.to_owned())),
            Kind::FolderName if text.contains(['/', '\\']) || [".", ".."].contains(&text) => {
                wrong("is a path")
            }
            Kind::FolderName => Ok(Value::String(text.to_owned())),
            Kind::Pattern => Ok(Value::String(text.parse::<GroupRule>()?.to_string())),
            Kind::Word => match text.parse::<Noun>() {
                Ok(noun) => Ok(Value::String(noun.to_string())),
                Err(problem) => Err(Error::Setting(format!("{}: {problem}", self.short))),
            },
            Kind::Choice(choices) if choices.contains(&text) => Ok(Value::String(text.to_owned())),
            Kind::Choice(_) => wrong("does not fit"),
            Kind::Layers => Ok(Value::String(text.parse::<LayerList>()?.to_string())),
            Kind::Ranks => {
                let ranks: Ranks = text.parse()?;
                Ok(match ranks.to_string().parse::<i64>() {
                    Ok(rank) => Value::Integer(rank),
                    Err(_) => Value::String(ranks.to_string()),
                })
            }
        }
    }

    /// Parses a comma-separated list. A path is a single value, with all its commas and spaces.
    pub(crate) fn parse_list(&self, text: &str) -> Result<Vec<Value>, Error> {
        if self.is_verbatim() || text.trim().is_empty() {
            return Ok(vec![self.parse(text)?]);
        }
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(Error::Setting(format!(
                "{}: the list `{text}` has an empty element; give {}",
                self.short,
                self.fitting()
            )));
        }
        if let Some(meant) = self.suggest_numbers(&parts) {
            return Err(Error::Setting(format!("{}: `{text}` is not clear; {meant}", self.short)));
        }
        let mut values = Vec::new();
        for part in parts {
            values.extend(self.parse_element(part)?);
        }
        Ok(values)
    }

    /// Parses an element of a list: one value, a range like `0..4`, which includes both ends, or `auto` where there is
    /// a ladder.
    pub(crate) fn parse_element(&self, text: &str) -> Result<Vec<Value>, Error> {
        if self.is_ladder(text) {
            return LEARNING_RATES.split(',').map(|rate| self.parse(rate)).collect();
        }
        let numeric = matches!(self.kind, Kind::Whole(..) | Kind::WholeOrNone(..) | Kind::Ranks);
        let Some((from, to)) = text.split_once("..").filter(|_| numeric) else {
            return Ok(vec![self.parse(text)?]);
        };
        let wrong = |problem: &str| {
            Err(Error::Setting(format!("{}: the range `{text}` {problem}; give 0..4", self.short)))
        };
        if has_leading_zero(from.trim()) || has_leading_zero(to.trim()) {
            return wrong("has a number that begins with a zero");
        }
        let (Ok(from), Ok(to)) = (from.trim().parse::<i64>(), to.trim().parse::<i64>()) else {
            return wrong("is not two whole numbers");
        };
        if from > to || to.checked_sub(from).is_none_or(|length| length > LONGEST_RANGE) {
            return wrong("is empty or too long");
        }
        let Kind::Whole(least, most, step) = self.kind else {
            return (from..=to).map(|number| self.parse(&number.to_string())).collect();
        };
        if !(least..=most).contains(&from) || !(least..=most).contains(&to) {
            return wrong(&format!("leaves its limits, {}", self.fitting()));
        }
        // A range of image sizes holds the multiples within it.
        let numbers = (from..=to).filter(|number| number % step == 0);
        numbers.map(|number| self.parse(&number.to_string())).collect()
    }

    /// Whether an element of a list stands for the ladder of this key.
    pub(crate) fn is_ladder(&self, text: &str) -> bool {
        self.has_ladder() && text == AUTO
    }

    /// A suggestion for a list of numbers whose commas seem to mark decimals or thousands.
    fn suggest_numbers(&self, parts: &[&str]) -> Option<String> {
        match self.kind {
            Kind::Number(limits) => {
                let paired = || {
                    let whole =
                        |pair: &[&str]| pair.len() == 2 && is_whole(pair[0]) && begins_as_number(pair[1]);
                    parts.chunks(2).all(whole).then(|| {
                        let pairs: Vec<String> = parts.chunks(2).map(|pair| pair.join(".")).collect();
                        pairs.join(",")
                    })
                };
                if parts.len() > 1 && parts.iter().any(|part| has_leading_zero(part)) {
                    return Some(match paired() {
                        Some(numbers) => format!("a comma separates values: did you mean {numbers}?"),
                        None => {
                            "a number begins with a zero: write decimals with a point, as in 0.01".to_owned()
                        }
                    });
                }
                let all_whole = parts.iter().all(|part| is_whole(part));
                // `1,5e-3` is not a sweep over 1 and 0.005. `0,1e-4` may be a sweep without and with a decay.
                let exponent = parts.len() == 2
                    && is_whole(parts[0])
                    && !is_whole(parts[1])
                    && !parts[1].contains('.')
                    && (parts[0] != "0" || limits.check(0.0).is_err());
                let unclear = (all_whole && limits.fractional) || exponent;
                let numbers = paired().filter(|_| unclear)?;
                let apart: Vec<String> = parts
                    .iter()
                    .map(|part| if is_whole(part) { format!("{part}.0") } else { (*part).to_owned() })
                    .collect();
                Some(format!(
                    "a comma separates values: give {numbers} for decimals, or {} for {} values",
                    apart.join(","),
                    parts.len()
                ))
            }
            Kind::Whole(..) | Kind::WholeOrNone(..) => {
                let grouped =
                    parts.len() > 1 && parts[1..].iter().all(|part| part.len() == 3 && is_whole(part));
                let zero = parts.len() > 1 && parts.iter().any(|part| has_leading_zero(part));
                (grouped && zero)
                    .then(|| format!("a comma separates values: did you mean {}?", parts.concat()))
            }
            _ => None,
        }
    }
}

/// Parses a number within limits.
///
/// # Errors
/// When it is none of them, with a predicate for the message.
fn number(limits: Limits, text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>().map(|number| limits.check(number)) {
        Ok(Ok(number)) => Ok(number),
        Ok(Err(reason)) if !reason.is_empty() => Err(reason),
        _ => Err("does not fit"),
    }
}

/// Whether the text consists of digits.
fn is_whole(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the text may follow a decimal comma: digits, perhaps with an exponent.
fn begins_as_number(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit()) && !text.contains('.')
}

/// Whether a number begins with a superfluous zero: `01` and `-007`, but not `0`, `0.1` and `0e0`.
fn has_leading_zero(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    matches!(digits, [b'0', next, ..] if next.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(name: &str, text: &str) -> Result<Vec<Value>, String> {
        Key::find(name, "").and_then(|key| key.parse_list(text)).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_decimal_comma_is_refused_with_the_number_that_was_meant() {
        for (name, text, meant) in [
            ("weight_decay", "0,01", "did you mean 0.01?"),
            ("lr", "1,5e-3", "give 1.5e-3 for decimals"),
            ("lr", "0,005,0,01", "did you mean 0.005,0.01?"),
            ("lr", "0,5", "give 0.5 for decimals, or 0.0,5.0 for 2 values"),
            ("weight_decay", "0,1", "give 0.1 for decimals, or 0.0,1.0 for 2 values"),
            ("head_dropout", "0,25", "give 0.25 for decimals"),
            ("test_fraction", "0,2", "give 0.2 for decimals"),
            ("batch_norm_momentum", "0,9", "give 0.9 for decimals"),
            ("alpha", "8,05", "did you mean 8.05?"),
            ("lr", "0,5e-3", "give 0.5e-3 for decimals"),
            ("limit", "10,000", "did you mean 10000?"),
        ] {
            let refused = list(name, text).unwrap_err();
            assert!(refused.starts_with(&format!("{name}: `{text}` is not clear")), "{refused}");
            assert!(refused.contains(meant), "{refused}");
        }
        assert!(list("lr", "0.1,01").unwrap_err().contains("write decimals with a point"));
        assert!(list("seed", "007").unwrap_err().contains("`007` begins with a zero"));
        assert!(list("rank", "1,05").unwrap_err().contains("`05` begins with a zero"));
        assert!(list("seed", "0..09").unwrap_err().contains("begins with a zero"));
    }

    #[test]
    fn lists_that_are_clear_are_lists() {
        for (name, text, count) in [
            ("seed", "0,1", 2),
            ("rank", "1,5,16", 3),
            ("lr", "0.1,0.01", 2),
            ("lr", "1e-2,1e-3", 2),
            ("lr", "1.0,5.0", 2),
            ("weight_decay", "0,1e-4", 2),
            ("weight_decay", "0,0.01", 2),
            ("weight_decay", "0", 1),
            ("alpha", "8,16", 2),
            ("dropout", "0,0.1,0.2", 3),
            ("epochs", "1, 5", 2),
            ("limit", "3000,500,none", 3),
            ("image_size", "32..96", 3),
            ("seed", "0..2,7", 4),
        ] {
            assert_eq!(list(name, text).map(|values| values.len()), Ok(count), "{name}={text}");
        }
    }

    #[test]
    fn paths_are_never_split_or_trimmed() {
        for path in ["/x/a,b", " a ", "a, b,", "0,01", "x..y", "images,01.zip"] {
            assert_eq!(list("dataset", path), Ok(vec![Value::String(path.to_owned())]));
            assert_eq!(list("weights", path), Ok(vec![Value::String(path.to_owned())]));
        }
        assert!(list("dataset", "").unwrap_err().contains("no value is given"));
    }

    #[test]
    fn a_value_that_is_missing_is_named_as_missing() {
        assert!(
            list("rank", "")
                .unwrap_err()
                .contains("rank: no value is given; give a whole number from 1 to 512")
        );
        assert!(list("rank", "1,,5").unwrap_err().contains("the list `1,,5` has an empty element"));
        assert!(list("rank", "4++8").unwrap_err().contains("`4++8` has an empty part"));
        assert!(list("layers", "block5+").unwrap_err().contains("`block5+` has an empty part"));
        assert!(list("lr", " ").unwrap_err().contains("lr: no value is given; give a number above 0"));
    }
}

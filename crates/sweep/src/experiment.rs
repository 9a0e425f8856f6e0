//! What a sweep is asked to vary: an experiment file and overrides, as values and axes.

use std::{fs::File, io::Read as _, path::Path};

use toml::{Table, Value};

use crate::{
    Error,
    key::{Key, suggest},
};

/// Settings and what is varied over them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiment {
    /// Name for people.
    pub name: Option<String>,
    /// Keys with their values, in the order given: one value is a setting, several are an axis.
    pub(crate) values: Vec<(Key, Vec<Value>)>,
}

/// An experiment file has a few hundred bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// The tables that an experiment file may hold, besides `[sweep]`.
const TABLES: [&str; 6] = ["data", "data.split", "data.synthetic", "model", "adapter", "training"];

impl Experiment {
    /// Reads an experiment file.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML, or holds an unknown key or a value that does not fit.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut text = String::new();
        File::open(path).and_then(|file| file.take(LARGEST_FILE + 1).read_to_string(&mut text)).map_err(
            |source| Error::Io { action: "reading the experiment file", path: path.to_owned(), source },
        )?;
        if text.len() as u64 > LARGEST_FILE {
            let problem = format!("it is larger than {} KiB", LARGEST_FILE >> 10);
            return Err(Error::Experiment { path: path.to_owned(), problem });
        }
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let wrong = |problem: String| Error::Experiment { path: path.to_owned(), problem };
        let mut table: Table = text.parse().map_err(|problem: toml::de::Error| {
            let line =
                problem.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            wrong(format!("line {line}: {}", problem.message().lines().collect::<Vec<_>>().join(" ")))
        })?;
        let name = match table.remove("name") {
            None => path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
            Some(Value::String(name)) => Some(name),
            Some(_) => return Err(wrong("name is not text".to_owned())),
        };
        let axes = match table.remove("sweep") {
            None => Table::new(),
            Some(Value::Table(axes)) => axes,
            Some(_) => return Err(wrong("[sweep] is not a table".to_owned())),
        };
        let mut experiment = Self { name, values: Vec::new() };
        experiment.take_settings("", table, path)?;
        let place = format!(" in [sweep] of {}", path.display());
        for (name, value) in axes {
            let key = Key::find(&name, &place)?;
            let written =
                written_list(&value).ok_or_else(|| wrong(format!("{name} in [sweep] is not a list")))?;
            experiment.set(key, key.parse_list(&written).map_err(|problem| wrong(problem.to_string()))?);
        }
        Ok(experiment)
    }

    fn take_settings(&mut self, prefix: &str, table: Table, path: &Path) -> Result<(), Error> {
        let wrong = |problem: String| Error::Experiment { path: path.to_owned(), problem };
        let place = format!(" in {}", path.display());
        for (name, value) in table {
            let full = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            if let Value::Table(inner) = value {
                if !TABLES.contains(&full.as_str()) {
                    let suggestion = suggest(&full, TABLES.into_iter().chain(["sweep"]));
                    return Err(Error::UnknownKey { key: full, place, suggestion });
                }
                self.take_settings(&full, inner, path)?;
                continue;
            }
            let key = Key::find(&full, &place)?;
            if key.path != full {
                // `rank` belongs to [adapter]: outside its table it would be overlooked.
                let suggestion = format!(": did you mean `{}`?", key.path);
                return Err(Error::UnknownKey { key: full, place, suggestion });
            }
            let written =
                written(&value).ok_or_else(|| wrong(format!("{full} has a value of the wrong kind")))?;
            let value = key.parse(&written).map_err(|problem| wrong(problem.to_string()))?;
            self.set(key, vec![value]);
        }
        Ok(())
    }

    /// Applies `key=value` overrides from a command line; lists and ranges become axes.
    ///
    /// # Errors
    /// When an override is not `key=value`, its key is unknown or given twice, or its value does not
    /// fit.
    pub fn with_overrides<'a>(mut self, overrides: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut seen: Vec<Key> = Vec::new();
        for text in overrides {
            let Some((name, list)) = text.split_once('=') else {
                return Err(Error::Setting(format!("`{text}` is not key=value, like rank=1,5,16")));
            };
            let key = Key::find(name.trim(), "")?;
            if seen.contains(&key) {
                return Err(Error::Setting(format!(
                    "`{name}` is given twice: give one list, like {name}=1,2"
                )));
            }
            seen.push(key);
            self.set(key, key.parse_list(list)?);
        }
        Ok(self)
    }

    /// Sets a value unless the experiment gives one.
    ///
    /// # Errors
    /// When the value does not fit.
    pub fn with_default(mut self, name: &str, list: &str) -> Result<Self, Error> {
        let key = Key::find(name, "")?;
        if !self.values.iter().any(|(given, _)| *given == key) {
            self.set(key, key.parse_list(list)?);
        }
        Ok(self)
    }

    fn set(&mut self, key: Key, values: Vec<Value>) {
        match self.values.iter_mut().find(|(given, _)| *given == key) {
            Some((_, given)) => *given = values,
            None => self.values.push((key, values)),
        }
    }
}

/// A TOML value as it would be written on a command line.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        // One rank per layer.
        Value::Array(parts) => Some(parts.iter().map(written).collect::<Option<Vec<_>>>()?.join("+")),
        Value::Table(_) | Value::Datetime(_) => None,
    }
}

/// The values of an axis as a comma-separated list.
fn written_list(value: &Value) -> Option<String> {
    match value {
        Value::Array(parts) => Some(parts.iter().map(written).collect::<Option<Vec<_>>>()?.join(",")),
        other => written(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Experiment, String> {
        Experiment::parse(text, Path::new("x.toml")).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_file_gives_settings_and_axes_and_overrides_win() {
        let experiment = parse(
            "name = \"ranks\"\n[adapter]\nlayers = \"block5\"\nrank = 5\n[training]\nepochs = 3\n[sweep]\nseed = \"0..2\"\nrank = [1, 5]\n",
        )
        .unwrap()
        .with_overrides(["rank=7", "lr=0.01"])
        .unwrap();
        let lengths: Vec<(&str, usize)> =
            experiment.values.iter().map(|(key, values)| (key.short, values.len())).collect();
        assert!(
            lengths.contains(&("rank", 1)) && lengths.contains(&("seed", 3)) && lengths.contains(&("lr", 1))
        );
        assert_eq!(experiment.name.as_deref(), Some("ranks"));
    }

    #[test]
    fn unknown_keys_are_refused_with_a_suggestion_and_the_file() {
        for (text, expected) in [
            (
                "[training]\nepoch = 3",
                "unknown key `training.epoch` in x.toml: did you mean `training.epochs`?",
            ),
            ("[trainin]\nepochs = 3", "unknown key `trainin` in x.toml: did you mean `training`?"),
            ("[sweep]\nrnak = [1]", "unknown key `rnak` in [sweep] of x.toml: did you mean `rank`?"),
            ("rank = 5", "unknown key `rank` in x.toml: did you mean `adapter.rank`?"),
        ] {
            assert_eq!(parse(text).unwrap_err(), expected);
        }
        let broken = parse("[training\nepochs = 3").unwrap_err();
        assert!(broken.starts_with("experiment file x.toml: line 1:") && !broken.contains('\n'), "{broken}");
        assert!(parse("[training]\nepochs = true").unwrap_err().contains("epochs: `true` does not fit"));
    }

    #[test]
    fn wrong_overrides_say_what_would_fit() {
        let message = |text: &str| Experiment::default().with_overrides([text]).unwrap_err().to_string();
        assert!(message("rank=0").contains("`0` is not a rank"));
        assert!(message("rank=abc").contains("`abc` is not a rank"));
        assert!(message("layers=block9").contains("`block9` is not a part of VGG16"));
        assert!(message("rnak=5").contains("did you mean `rank`?"));
        assert!(message("epochs=0").contains("a whole number from 1"));
        assert!(message("model=model_6").contains("model_4 or model_5"));
        assert!(message("seed=4..0").contains("empty"));
        assert!(message("seed").contains("is not key=value"));
        assert!(message("dataset=").contains("give a value"));
        let twice = Experiment::default().with_overrides(["rank=1", "rank=2"]).unwrap_err().to_string();
        assert!(twice.contains("given twice"));
    }
}

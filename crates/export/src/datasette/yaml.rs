//! Writes YAML: maps, lists and texts in double quotes.

use std::fmt;

/// A YAML value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Yaml {
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Yaml {
    /// A text.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A map with its fields in this order.
    pub(super) fn map<'a>(fields: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        Self::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Writes the lines of a list or map, or the rest of the line of a text.
    fn write(&self, depth: usize, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = "  ".repeat(depth);
        match self {
            Self::Text(text) if text.contains('\n') => {
                // A block keeps the line breaks of a statement.
                writeln!(formatter, " |-")?;
                text.lines().try_for_each(|line| writeln!(formatter, "{indent}{line}"))
            }
            Self::Text(text) => writeln!(formatter, " {}", quoted(text)),
            Self::List(values) => {
                writeln!(formatter)?;
                values.iter().try_for_each(|value| {
                    write!(formatter, "{indent}-")?;
                    value.write(depth + 1, formatter)
                })
            }
            Self::Map(fields) => {
                if depth > 0 {
                    writeln!(formatter)?;
                }
                fields.iter().try_for_each(|(name, value)| {
                    write!(formatter, "{indent}{}:", quoted(name))?;
                    value.write(depth + 1, formatter)
                })
            }
        }
    }
}

impl fmt::Display for Yaml {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(0, formatter)
    }
}

/// A text in double quotes: JSON's escapes are YAML's as well (YAML 1.2, 7.3.1).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_lists_and_texts_are_indented_and_quoted() {
        let value = Yaml::map([
            ("title", Yaml::text("a \"b\": c")),
            ("facets", Yaml::List(vec![Yaml::text("model"), Yaml::text("rank")])),
            ("queries", Yaml::map([("one", Yaml::map([("sql", Yaml::text("select 1\n  from x"))]))])),
        ]);
        assert_eq!(
            value.to_string(),
            r#""title": "a \"b\": c"
"facets":
  - "model"
  - "rank"
"queries":
  "one":
    "sql": |-
      select 1
        from x
"#
        );
    }
}

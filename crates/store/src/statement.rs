//! A statement of SQL with the values of its placeholders, for any database.

use std::borrow::Cow;

/// A statement with `$n` placeholders and their values in order.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) parameters: Vec<Parameter>,
    /// Whether a connection keeps the prepared statement for the next use of the same text.
    pub(crate) is_kept: bool,
}

/// The value of a placeholder; `None` is NULL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Parameter {
    Boolean(Option<bool>),
    Integer(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
}

impl Statement {
    /// A statement without values.
    pub(crate) fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self { sql: sql.into(), parameters: Vec::new(), is_kept: true }
    }

    /// Appends the next placeholder's value.
    pub(crate) fn bind(mut self, value: impl Into<Parameter>) -> Self {
        self.parameters.push(value.into());
        self
    }

    /// Appends the next placeholders' values.
    pub(crate) fn bind_all(mut self, values: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(values);
        self
    }

    /// Keeps the prepared statement out of the connection's cache: the same text hardly comes again.
    pub(crate) fn once(self) -> Self {
        Self { is_kept: false, ..self }
    }
}

/// `count` placeholders from `$first` on: `$2, $3, $4`.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    (first..first + count).map(|index| format!("${index}")).collect::<Vec<_>>().join(", ")
}

macro_rules! parameters {
    ($($variant:ident: $kind:ty),+) => {$(
        impl From<$kind> for Parameter {
            fn from(value: $kind) -> Self {
                Self::$variant(Some(value))
            }
        }

        impl From<Option<$kind>> for Parameter {
            fn from(value: Option<$kind>) -> Self {
                Self::$variant(value)
            }
        }
    )+};
}

parameters!(Boolean: bool, Integer: i64, Real: f64, Text: String);

impl From<&str> for Parameter {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<Option<&str>> for Parameter {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}

impl From<&String> for Parameter {
    fn from(value: &String) -> Self {
        Self::Text(Some(value.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_on() {
        assert_eq!(placeholders(3, 3), "$3, $4, $5");
        assert_eq!(placeholders(1, 0), "");
    }
}

//! Values of one column, gathered row by row.

use polars::prelude::{Column, DataType};
use ranklab_store::Value;
use ranklab_store::catalog::{CatalogColumn, ColumnKind};

/// The values of a column; `None` is NULL.
#[derive(Debug)]
pub(super) enum Gathered {
    Integer(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    Boolean(Vec<Option<bool>>),
}

impl Gathered {
    /// No values yet.
    pub(super) fn new(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Integer => Self::Integer(Vec::new()),
            ColumnKind::Real => Self::Real(Vec::new()),
            ColumnKind::Text => Self::Text(Vec::new()),
            ColumnKind::Boolean => Self::Boolean(Vec::new()),
        }
    }

    /// Appends a value and returns its size in bytes; `None` where it is of another type.
    pub(super) fn push(&mut self, value: Value) -> Option<usize> {
        match (self, value) {
            (Self::Integer(values), Value::Null) => values.push(None),
            (Self::Integer(values), Value::Integer(number)) => values.push(Some(number)),
            (Self::Real(values), Value::Null) => values.push(None),
            (Self::Real(values), Value::Real(number)) => values.push(Some(number)),
            // SQLite computes whole numbers where a sum of them is one.
            (Self::Real(values), Value::Integer(number)) => values.push(Some(number as f64)),
            (Self::Boolean(values), Value::Null) => values.push(None),
            (Self::Boolean(values), Value::Integer(number @ (0 | 1))) => values.push(Some(number == 1)),
            (Self::Text(values), Value::Null) => values.push(None),
            (Self::Text(values), Value::Text(text)) => {
                let bytes = text.len();
                values.push(Some(text));
                return Some(bytes);
            }
            // Text that is not UTF-8, from the name of a file.
            (Self::Text(values), Value::Blob(bytes)) => {
                values.push(Some(String::from_utf8_lossy(&bytes).into_owned()));
                return Some(bytes.len());
            }
            _ => return None,
        }
        Some(size_of::<i64>())
    }

    /// The gathered values as a column of a frame; none are left here.
    pub(super) fn take(&mut self, name: &str) -> Column {
        let name = name.into();
        match self {
            Self::Integer(values) => Column::new(name, std::mem::take(values)),
            Self::Real(values) => Column::new(name, std::mem::take(values)),
            Self::Text(values) => Column::new(name, std::mem::take(values)),
            Self::Boolean(values) => Column::new(name, std::mem::take(values)),
        }
    }
}

/// The type of a column in a Parquet file.
pub(super) fn data_type(column: &CatalogColumn) -> DataType {
    match column.kind {
        ColumnKind::Integer => DataType::Int64,
        ColumnKind::Real => DataType::Float64,
        ColumnKind::Text => DataType::String,
        ColumnKind::Boolean => DataType::Boolean,
    }
}

/// The type of a column in words.
pub(super) fn in_words(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Integer => "a whole number",
        ColumnKind::Real => "a real number",
        ColumnKind::Text => "a text",
        ColumnKind::Boolean => "0 or 1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_type_and_null_stays_null() {
        let mut reals = Gathered::new(ColumnKind::Real);
        for value in [Value::Real(0.5), Value::Null, Value::Integer(1)] {
            assert!(reals.push(value).is_some());
        }
        let column = reals.take("value");
        assert_eq!(column.f64().unwrap().to_vec(), [Some(0.5), None, Some(1.0)]);
        assert_eq!(reals.take("value").len(), 0);
        let mut flags = Gathered::new(ColumnKind::Boolean);
        for value in [Value::Integer(1), Value::Integer(0), Value::Null] {
            assert!(flags.push(value).is_some());
        }
        let column = flags.take("best");
        let values: Vec<Option<bool>> = column.bool().unwrap().iter().collect();
        assert_eq!(values, [Some(true), Some(false), None]);
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        assert_eq!(Gathered::new(ColumnKind::Integer).push(Value::Real(0.5)), None);
        assert_eq!(Gathered::new(ColumnKind::Boolean).push(Value::Integer(2)), None);
        assert_eq!(Gathered::new(ColumnKind::Text).push(Value::Integer(2)), None);
        assert_eq!(Gathered::new(ColumnKind::Real).push(Value::Text("x".into())), None);
    }
}

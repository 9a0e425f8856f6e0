//! What a column of a table holds: no value, the same value in all rows, or several.

use ranklab_store::Value;

/// The values of a column so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    first: Option<Value>,
    varies: bool,
    rows: usize,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind<'a> {
    /// Several values, or one row, or none.
    Varied,
    /// This value in all of several rows.
    Same(&'a Value),
    /// No value in any row.
    Empty,
}

impl Contents {
    /// Adds the value of a further row.
    pub(super) fn add(&mut self, value: &Value) {
        self.rows += 1;
        match &self.first {
            None => self.first = Some(value.clone()),
            Some(first) => self.varies |= first != value,
        }
    }

    /// What the column holds so far.
    pub(super) fn kind(&self) -> Kind<'_> {
        match &self.first {
            Some(Value::Null) if !self.varies => Kind::Empty,
            Some(value) if !self.varies && self.rows > 1 => Kind::Same(value),
            _ => Kind::Varied,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_is_no_constant_and_a_late_value_ends_one() {
        let mut column = Contents::default();
        assert_eq!(column.kind(), Kind::Varied);
        column.add(&Value::Integer(3));
        assert_eq!(column.kind(), Kind::Varied);
        column.add(&Value::Integer(3));
        assert_eq!(column.kind(), Kind::Same(&Value::Integer(3)));
        column.add(&Value::Null);
        assert_eq!(column.kind(), Kind::Varied);
        let mut empty = Contents::default();
        empty.add(&Value::Null);
        assert_eq!(empty.kind(), Kind::Empty);
    }
}

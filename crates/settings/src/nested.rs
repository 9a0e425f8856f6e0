//! Settings under dotted paths as the nested tables of an experiment file.

use toml::{Table, Value};

use crate::key::Key;

/// Dotted paths as nested tables. A `none` that stands for an absent value is left out.
pub(crate) fn nested(values: &[(Key, Value)]) -> Table {
    let mut root = Table::new();
    for (key, value) in values {
        if *value == Value::String("none".to_owned()) && key.short == "limit" {
            continue;
        }
        let mut table = &mut root;
        let mut parts = key.path.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                table.insert(part.to_owned(), value.clone());
                break;
            }
            match table.entry(part).or_insert_with(|| Value::Table(Table::new())) {
                Value::Table(inner) => table = inner,
                _ => break,
            }
        }
    }
    root
}

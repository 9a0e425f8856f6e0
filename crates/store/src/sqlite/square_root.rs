//! The function `sqrt()` for the views. The SQLite that is compiled into the program lacks mathematical functions.

use rusqlite::{Connection, functions::FunctionFlags, types::ValueRef};

/// Gives the connection the function `sqrt()` as SQLite's mathematical functions define it for numbers: NULL for a
/// negative number and for what is no number (<https://www.sqlite.org/lang_mathfunc.html#sqrt>).
pub(super) fn add(connection: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("sqrt", 1, flags, |context| {
        let number = match context.get_raw(0) {
            ValueRef::Integer(number) => Some(number as f64),
            ValueRef::Real(number) => Some(number),
            ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
        };
        Ok(number.map(f64::sqrt).filter(|root| !root.is_nan()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_numbers_are_exact_and_others_are_null() {
        let connection = Connection::open_in_memory().unwrap();
        add(&connection).unwrap();
        for (argument, expected) in [
            ("4", Some(2.0)),
            ("2.0", Some(std::f64::consts::SQRT_2)),
            ("0.0", Some(0.0)),
            ("-1.0", None),
            ("NULL", None),
            ("'text'", None),
        ] {
            let sql = format!("SELECT sqrt({argument})");
            let root: Option<f64> = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(root, expected, "{argument}");
        }
    }
}

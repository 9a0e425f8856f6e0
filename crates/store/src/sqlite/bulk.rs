//! Predictions of many runs, read on a connection of their own: a driver that hands each row from one thread to another
//! takes most of the time of a large report.

use rusqlite::{Row, Statement};

use super::reading::{connect, failed};
use crate::{
    error::{Error, Result},
    location::Location,
    record::PredictionRow,
    shared_names::SharedNames,
};

/// Predictions of these runs in their order. `sql` gives image, patient, label and probability of the run `$1`.
pub(crate) fn predictions(
    location: &Location,
    sql: &str,
    runs: &[i64],
    names: &SharedNames,
) -> Result<Vec<Vec<PredictionRow>>> {
    let unreadable = |failure| match failed(location, failure) {
        Error::Query { reason } => Error::NotReadable { location: location.clone(), reason },
        other => other,
    };
    let connection = connect(location)?;
    let mut statement = connection.prepare(sql).map_err(unreadable)?;
    let mut all: Vec<Vec<PredictionRow>> = Vec::with_capacity(runs.len());
    for run in runs {
        let alike = all.last().map_or(&[][..], Vec::as_slice);
        all.push(of_run(&mut statement, *run, alike, names).map_err(unreadable)?);
    }
    Ok(all)
}

/// `alike` are the predictions of a run that may have tested the same images.
fn of_run(
    statement: &mut Statement<'_>,
    run: i64,
    alike: &[PredictionRow],
    names: &SharedNames,
) -> rusqlite::Result<Vec<PredictionRow>> {
    let mut rows = statement.query([run])?;
    let mut read = Vec::with_capacity(alike.len());
    while let Some(row) = rows.next()? {
        read.push(prediction(row, alike.get(read.len()), names)?);
    }
    Ok(read)
}

fn prediction(
    row: &Row<'_>,
    alike: Option<&PredictionRow>,
    names: &SharedNames,
) -> rusqlite::Result<PredictionRow> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
    Ok(PredictionRow {
        image: names.shared(text(0)?, alike.map(|alike| &alike.image)),
        patient: names.shared(text(1)?, alike.map(|alike| &alike.patient)),
        label: row.get(2)?,
        // NaN is stored as NULL.
        probability: row.get::<_, Option<f64>>(3)?.unwrap_or(f64::NAN),
    })
}

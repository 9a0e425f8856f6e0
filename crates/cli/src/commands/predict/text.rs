//! Predictions as a table, as comma-separated values and as JSON.

use ranklab_store::{QueryResult, Value};
use serde_json::json;

use super::outcome::Outcome;
use crate::ui::{fitting::Fitting, output::json_text, printable::printable, table::table};

/// Digits of a probability in a table.
fn rounded(probability: f64) -> Value {
    Value::Real((probability * 1e4).round() / 1e4)
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

fn whole(count: usize) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

fn fitted(columns: &[&str], rows: Vec<Vec<Value>>) -> String {
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    table(&QueryResult { columns, rows }, Fitting::of_output("--format csv has everything"))
}

/// For people: what predicted, the images, and their groups where there are any.
pub(super) fn tables(outcome: &Outcome<'_>) -> String {
    let lines = outcome.facts().into_iter().chain(outcome.warnings());
    let mut parts: Vec<String> = vec![lines.map(|line| printable(&line) + "\n").collect()];
    let groups = outcome.groups();
    let rows = outcome.predictions.images.iter().map(|image| {
        let mut row = vec![text(&image.image)];
        if !groups.is_empty() {
            row.push(image.group.as_ref().map_or(Value::Null, text));
        }
        row.extend([rounded(image.probability), text(outcome.class(image))]);
        row
    });
    let group_word = outcome.run.config.data.nouns().group.one;
    let columns: &[&str] = if groups.is_empty() {
        &["image", "probability", "class"]
    } else {
        &["image", group_word.as_str(), "probability", "class"]
    };
    parts.push(fitted(columns, rows.collect()));
    if !groups.is_empty() {
        let positive = format!("called {}", outcome.scheme().positive);
        let rows = groups.iter().map(|group| {
            let share = group.positive as f64 / group.images as f64;
            vec![
                text(&group.name),
                whole(group.images),
                whole(group.positive),
                Value::Real((share * 1e4).round() / 100.0),
                rounded(group.mean_probability),
            ]
        });
        parts.push(fitted(&[&group_word, "images", &positive, "%", "mean probability"], rows.collect()));
    }
    parts.join("\n")
}

/// A row for each image.
///
/// # Errors
/// When the rows cannot be written.
pub(super) fn csv(outcome: &Outcome<'_>) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["image", "group", "probability", "class"])?;
    for image in &outcome.predictions.images {
        let group = image.group.as_deref().unwrap_or_default();
        let probability = image.probability.to_string();
        writer.write_record([image.image.as_str(), group, &probability, &outcome.class(image)])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// One object: what predicted, the images, their groups and the images that cannot be read.
///
/// # Errors
/// When a value cannot be written as JSON.
pub(super) fn json(outcome: &Outcome<'_>) -> anyhow::Result<String> {
    let (row, data, scheme) = (&outcome.run.row, &outcome.run.config.data, outcome.scheme());
    let images = outcome.predictions.images.iter().map(|image| {
        json!({
            "image": image.image,
            "group": image.group,
            "probability": image.probability,
            "class": outcome.class(image),
        })
    });
    let groups = outcome.groups().into_iter().map(|group| {
        json!({
            "group": group.name,
            "images": group.images,
            "called_positive": group.positive,
            "mean_probability": group.mean_probability,
        })
    });
    let unreadable = outcome.predictions.unreadable.iter();
    let unreadable = unreadable.map(|(image, reason)| json!({ "image": image, "reason": reason }));
    json_text(&json!({
        "run": row.id,
        "label": row.start.label,
        "config_hash": row.start.config_hash,
        "model_hash": row.result.as_ref().map(|result| &result.model_hash),
        "weights": row.start.weights,
        "weights_hash": row.start.weights_hash,
        "image_size": data.image_size,
        "resize": data.resize.name(),
        "device": outcome.device,
        "positive": scheme.positive,
        "negative": scheme.negative,
        "threshold": outcome.called.threshold,
        "threshold_source": outcome.called.source,
        "not_converged": outcome.not_converged.as_ref().map_or(&[][..], |found| &found.reasons),
        "warnings": outcome.warnings(),
        "predictions": images.collect::<Vec<_>>(),
        "groups": groups.collect::<Vec<_>>(),
        "unreadable": unreadable.collect::<Vec<_>>(),
    }))
}

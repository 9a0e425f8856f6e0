//! Words of the malaria cells in texts for readers, where other images are reported.

/// Patients and cells.
const WORDS: [&str; 4] = ["patient", "patients", "cell", "cells"];
/// Attributes of HTML and SVG that no reader sees.
const UNSEEN: [&str; 8] =
    ["class", "id", "href", "src", "aria-labelledby", "aria-describedby", "headers", "style"];

/// A text without its parts from one mark to another.
fn without(text: &str, from: &str, to: &str) -> String {
    let mut parts = text.split(from);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + " " + part.split_once(to).map_or("", |(_, rest)| rest))
}

/// What a reader reads of a page, a drawing or a Markdown file, without code.
pub fn read(text: &str) -> String {
    let hidden = [("<style", "</style>"), ("<script", "</script>"), ("<pre", "</pre>"), ("<code", "</code>")];
    let text = hidden.iter().fold(text.to_owned(), |text, (from, to)| without(&text, from, to));
    let unseen = |text: String, name: &&str| without(&text, &format!(" {name}=\""), "\"");
    let text = UNSEEN.iter().fold(text, unseen);
    // The cells of a table of verdicts.
    without(&without(&text, "`", "`"), "](", ")").replace("Each cell unfolds to its sentence.", "")
}

/// Uses of words of the malaria cells, with the words around them. Values of settings are none.
pub fn found_in(text: &str) -> Vec<String> {
    let text = text.replace("split=patient", "");
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let is_found = |place: &usize| WORDS.contains(&words[*place].to_lowercase().as_str());
    let around = |place: usize| words[place.saturating_sub(6)..words.len().min(place + 4)].join(" ");
    (0..words.len()).filter(is_found).map(around).collect()
}

//! Lays text out in a number of columns: shortens names, drops parts of a line, and wraps at words.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a name keeps before a part of its line is dropped, and after all of them are.
const LEAST_NAME: (usize, usize) = (10, 2);
/// Indent of the lines that a wrapped line goes on in.
const INDENT: usize = 4;

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    text: String,
    /// Parts with the lowest number are dropped last; those with 0 never.
    drop: u8,
}

/// A part of a line that is dropped in the order of `drop`, the highest first and 0 never.
pub(crate) fn part(drop: u8, text: impl Into<String>) -> Part {
    Part { text: text.into(), drop }
}

/// Columns that a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// A name in at most so many columns: its middle gives way to `…`.
pub(crate) fn shortened(name: &str, most: usize) -> String {
    if columns(name) <= most {
        return name.to_owned();
    }
    let Some(rest) = most.checked_sub(1) else { return String::new() };
    // Names differ at their ends more often than at their beginnings.
    let start = beginning(name, rest / 3);
    let end: String =
        beginning(&name.chars().rev().collect::<String>(), rest - rest / 3).chars().rev().collect();
    format!("{start}…{end}")
}

/// The beginning of a text that takes at most so many columns.
fn beginning(text: &str, most: usize) -> String {
    let mut taken = 0;
    let fits = |letter: &char| {
        taken += letter.width().unwrap_or(0);
        taken <= most
    };
    text.chars().take_while(fits).collect()
}

/// A text that is cut to so many columns.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match columns(text) <= most {
        true => text.to_owned(),
        false => beginning(text, most.saturating_sub(1)) + "…",
    }
}

/// A line of a head, a name, what joins it to its parts, and the parts. To fit into `most` columns it drops parts and
/// shortens the name. It can be too long still.
pub(crate) fn line(head: &str, name: &str, joint: &str, mut parts: Vec<Part>, most: usize) -> String {
    let least_name = columns(name).min(LEAST_NAME.0.max(most / 5 * 2));
    let others = |parts: &[Part]| {
        let texts: usize = parts.iter().map(|part| columns(&part.text)).sum();
        let joint = if parts.is_empty() { 0 } else { columns(joint) };
        columns(head) + joint + texts + 2 * parts.len().saturating_sub(1)
    };
    while others(&parts) + least_name > most {
        let Some(last) = parts.iter().map(|part| part.drop).max().filter(|drop| *drop > 0) else { break };
        parts.retain(|part| part.drop != last);
    }
    let name = shortened(name, most.saturating_sub(others(&parts)).max(LEAST_NAME.1));
    let joint = if parts.is_empty() { "" } else { joint };
    let parts: Vec<String> = parts.into_iter().map(|part| part.text).collect();
    format!("{head}{name}{joint}{}", parts.join(", "))
}

/// A line over as many lines as it needs, none longer than `most` columns. It breaks at spaces, but not within
/// backquotes; a longer word is cut in pieces where `whole_words` is false.
pub(crate) fn wrapped(line: &str, most: usize, whole_words: bool) -> String {
    wrapped_by(line, most, INDENT, whole_words)
}

/// [`wrapped`] with the blanks by which the lines after the first one are indented.
pub(crate) fn wrapped_by(line: &str, most: usize, indent: usize, whole_words: bool) -> String {
    if columns(line) <= most {
        return line.to_owned();
    }
    let start = line.len() - line.trim_start_matches(' ').len();
    let indent = " ".repeat((start + indent).min(most / 2));
    let (mut lines, mut current) = (Vec::new(), line[..start.min(most / 2)].to_owned());
    let mut is_begun = false;
    for word in words(&line[start..]) {
        let gap = usize::from(is_begun);
        if is_begun && columns(&current) + gap + columns(&word) > most {
            lines.push(std::mem::replace(&mut current, indent.clone()));
            is_begun = false;
        }
        if is_begun {
            current.push(' ');
        }
        current += &word;
        is_begun = true;
        while !whole_words && columns(&current) > most {
            let piece = beginning(&current, most);
            let rest = format!("{indent}{}", &current[piece.len()..]);
            lines.push(piece);
            current = rest;
        }
    }
    lines.push(current);
    lines.join("\n")
}

/// The words of a text; text between backquotes is one word.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in text.chars() {
        is_quoted ^= letter == '`';
        match words.last_mut() {
            Some(word) if letter != ' ' || is_quoted => word.push(letter),
            _ => words.push(String::new()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_loses_its_middle() {
        assert_eq!(shortened("model_5 · block5 · rank 16", 30), "model_5 · block5 · rank 16");
        assert_eq!(shortened("model_5 · block5 · rank 16", 14), "mode…· rank 16");
        assert_eq!(shortened("model_5", 1), "…");
        assert_eq!(shortened("model_5", 0), "");
        assert_eq!(shortened("漢字漢字漢字", 7), "漢…漢字");
    }

    #[test]
    fn parts_are_dropped_before_a_name_is_unreadable() {
        let parts = || vec![part(0, "run 3"), part(1, "accuracy 0.95"), part(2, "9 s")];
        let name = "model_5 · block5 · rank 16";
        assert_eq!(
            line("[1/2] ", name, ": ", parts(), 80),
            "[1/2] model_5 · block5 · rank 16: run 3, accuracy 0.95, 9 s"
        );
        assert_eq!(
            line("[1/2] ", name, ": ", parts(), 50),
            "[1/2] model_5…ock5 · rank 16: run 3, accuracy 0.95"
        );
        assert_eq!(line("[1/2] ", name, ": ", parts(), 25), "[1/2] mod… rank 16: run 3");
        assert_eq!(line("", "epoch 1", ": ", Vec::new(), 20), "epoch 1");
    }

    #[test]
    fn a_line_breaks_at_words_and_keeps_commands_whole() {
        let text = "  note: run 7 diverged; delete it: `ranklab runs rm 7 --yes`";
        assert_eq!(
            wrapped(text, 40, true),
            "  note: run 7 diverged; delete it:\n      `ranklab runs rm 7 --yes`"
        );
        assert_eq!(wrapped("see /a/very/long/path", 12, true), "see\n    /a/very/long/path");
        assert_eq!(wrapped("see /a/very/long/path", 12, false), "see\n    /a/very/\n    long/pat\n    h");
    }

    #[test]
    fn a_cut_text_ends_with_a_mark_and_keeps_to_its_columns() {
        assert_eq!(cut("block5", 6), "block5");
        assert_eq!(cut("block5_conv3", 6), "block…");
        assert_eq!(cut("細胞の画像", 6), "細胞…");
        assert_eq!(cut("x", 0), "…");
    }

    #[test]
    fn the_indent_of_further_lines_is_chosen() {
        assert_eq!(wrapped_by("one two three four", 9, 2, true), "one two\n  three\n  four");
        assert_eq!(wrapped_by("averylongword x", 5, 0, true), "averylongword\nx");
        assert_eq!(wrapped_by("", 5, 0, true), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_wider_than_it_may_be_and_wrapping_loses_no_letter(
            text in "[a-z `漢…·]{0,120}", most in 19usize..200,
        ) {
            prop_assert!(columns(&shortened(&text, most)) <= most);
            prop_assert!(columns(&cut(&text, most)) <= most);
            let lines = wrapped(&text, most, false);
            prop_assert!(lines.lines().all(|line| columns(line) <= most), "{lines:?}");
            let letters = |text: &str| text.replace([' ', '\n'], "");
            prop_assert_eq!(letters(&lines), letters(&text));
        }
    }
}

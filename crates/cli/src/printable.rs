//! Names from files and databases on a terminal: nothing in them steers it.

/// Text without characters that a terminal obeys: controls, and those that turn the direction of writing.
/// They are shown as what they are, `\u{1b}` for one.
pub(crate) fn printable(text: &str) -> String {
    let escaped = |character: &char| character.is_control() || turns_direction(*character);
    text.chars()
        .flat_map(|character| {
            let plain = (!escaped(&character)).then_some(character);
            let shown = escaped(&character).then(|| character.escape_debug());
            shown.into_iter().flatten().chain(plain)
        })
        .collect()
}

/// The same where line breaks are meant.
pub(crate) fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// Unicode's marks, embeddings, overrides and isolates (Unicode Standard Annex 9): they can make a name look
/// like another one.
fn turns_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(printable("a\n\u{1b}[2Jé\t'\"<b>"), "a\\n\\u{1b}[2Jé\\t'\"<b>");
        assert_eq!(printable("\u{9b}31m\u{202e}gnp"), "\\u{9b}31m\\u{202e}gnp");
        assert_eq!(printable_lines("a\rb\nc\n"), "a\\rb\nc\n");
    }
}

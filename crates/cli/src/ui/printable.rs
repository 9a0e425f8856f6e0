//! Printable text for terminals and logs: characters that control a terminal or reorder text are escaped.

/// Text in which every character that a terminal obeys or hides is escaped, for example as `\u{1b}`.
pub(crate) fn printable(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hazardous(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Text of several lines, each made [`printable`]; its line breaks stay.
pub(crate) fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// JSON of the same value that is harmless on a terminal: the characters that [`printable`] escapes become escapes of
/// JSON, for example `\u001b`. Outside of strings, JSON holds none of them but spaces and line breaks.
pub(crate) fn printable_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if is_hazardous(character) && !character.is_ascii_whitespace() {
            let units = &mut [0; 2];
            escaped.extend(character.encode_utf16(units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Whether a character controls a terminal, reorders text or is invisible: control characters, line and paragraph
/// separators, directional marks, embeddings, overrides and isolates (Unicode Standard Annex 9), format characters.
fn is_hazardous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_a_terminal_obeys_are_escaped() {
        assert_eq!(printable("a\n\u{1b}[2Jé\t'\"<b>"), "a\\n\\u{1b}[2Jé\\t'\"<b>");
        assert_eq!(printable("\u{9b}31m\u{202e}gnp"), "\\u{9b}31m\\u{202e}gnp");
        assert_eq!(printable_lines("a\rb\nc\n"), "a\\rb\nc\n");
    }

    #[test]
    fn every_control_and_directional_character_is_escaped_and_other_text_is_unchanged() {
        let numbered = |code: u32| {
            code < 0x20
                || (0x7f..0xa0).contains(&code)
                || matches!(code, 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2060..=0x206f)
        };
        for code in (0..=0xff).chain([0x61c]).chain(0x200e..=0x206f) {
            let character = char::from_u32(code).unwrap();
            let (text, json) =
                (printable(&format!("a{character}b")), serde_json::to_string(&character).unwrap());
            if numbered(code) {
                let short = [('\t', "\\t"), ('\r', "\\r"), ('\n', "\\n")];
                let short = short.iter().find(|(known, _)| *known == character);
                let expected = short.map_or(format!("\\u{{{code:x}}}"), |(_, escaped)| (*escaped).to_owned());
                assert_eq!(text, format!("a{expected}b"));
                assert!(printable_json(&json).chars().all(|letter| letter.is_ascii_graphic()), "{code:x}");
            } else {
                assert_eq!(text, format!("a{character}b"), "{code:x}");
                assert_eq!(printable_json(&json), json);
            }
            let back: char = serde_json::from_str(&printable_json(&json)).unwrap();
            assert_eq!(back, character);
        }
        let tag = '\u{e0041}';
        assert_eq!(printable(&tag.to_string()), "\\u{e0041}");
        assert_eq!(serde_json::from_str::<char>(&printable_json(&format!("\"{tag}\""))).unwrap(), tag);
    }
}

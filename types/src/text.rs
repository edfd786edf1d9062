//! Texts of others as messages show them: not too much of them.

use alloc::{format, string::String};

/// How many letters of a text messages show.
const SHOWN: usize = 80;

/// The first letters of a text.
pub fn beginning(text: &str, letters: usize) -> &str {
    text.char_indices().nth(letters).map_or(text, |(end, _)| &text[..end])
}

/// As much of a text as messages show.
pub fn shown(text: &str) -> &str {
    beginning(text, SHOWN)
}

/// A text in quotes, cut off if it is long.
pub fn quoted(text: &str) -> String {
    format!("{:?}{}", shown(text), dots(text))
}

/// A text without quotes, in which control characters are escaped, cut off if it is long.
pub fn plain(text: &str) -> String {
    format!("{}{}", shown(text).escape_debug(), dots(text))
}

fn dots(text: &str) -> &'static str {
    if shown(text).len() < text.len() { "..." } else { "" }
}

/// A number of things: `1 item`, `2 items`.
pub fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_off() {
        assert_eq!(beginning("äöü", 2), "äö");
        assert_eq!(beginning("äöü", 3), "äöü");
        assert_eq!(quoted("a\n"), "\"a\\n\"");
        assert_eq!(plain("a\0"), "a\\0");
        assert_eq!(plain(&"a".repeat(81)), format!("{}...", "a".repeat(80)));
        assert_eq!(quoted(&"ä".repeat(80)), format!("{:?}", "ä".repeat(80)));
        assert_eq!(quoted(&"ä".repeat(81)), format!("{:?}...", "ä".repeat(80)));
    }
}

//! Grapheme clusters by the rules of .NET 10.
//!
//! Its tables are those of Unicode 16, and so must be the crate's. Of the rules it
//! lacks GB9c, which joins the consonants of an Indic conjunct.

use unicode_segmentation::{UNICODE_VERSION, UnicodeSegmentation};

const _: () = assert!(UNICODE_VERSION.0 == 16, "other tables count other clusters");

/// Joins emoji with the next one, by rule GB11.
const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Returns the number of clusters.
pub(super) fn count(text: &str) -> usize {
    if text.is_ascii() {
        // Only a line feed joins with what comes before it.
        return text.len() - text.matches("\r\n").count();
    }
    text.graphemes(true).map(|cluster| 1 + conjuncts(cluster)).sum()
}

/// Returns how often rule GB9c joins characters of a cluster. It is the only rule but
/// GB11 that joins two characters because of those before them.
fn conjuncts(cluster: &str) -> usize {
    let starts = || cluster.char_indices();
    let is_conjunct = |&((previous, _), (start, character)): &((usize, char), (usize, char))| {
        let end = start + character.len_utf8();
        let by_emoji = cluster[previous..].starts_with(ZERO_WIDTH_JOINER) && is_pictographic(character);
        !by_emoji && cluster[previous..end].graphemes(true).nth(1).is_some()
    };
    starts().zip(starts().skip(1)).filter(is_conjunct).count()
}

/// Returns whether a zero-width joiner joins a character with an emoji before it.
fn is_pictographic(character: char) -> bool {
    format!("\u{a9}{ZERO_WIDTH_JOINER}{character}").graphemes(true).nth(1).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts, as the code points of their characters, and the counts of .NET 10.
    #[test]
    fn recorded_texts_have_as_many_clusters() {
        let recorded = include_str!("../../../../tests/data/graphemes.txt");
        let character = |code| u32::from_str_radix(code, 16).ok().and_then(char::from_u32).unwrap();
        for line in recorded.lines() {
            let (expected, codes) = line.split_once('\t').unwrap();
            let text: String = codes.split_whitespace().map(character).collect();
            assert_eq!(count(&text).to_string(), expected, "{codes}");
        }
    }

    #[test]
    fn ascii_is_counted_alike() {
        for text in ["", "\r", "\r\n", "\n\r", "\r\r\n\n", "a\0b\r\n"] {
            assert_eq!(count(text), text.graphemes(true).count(), "{text:?}");
        }
    }
}

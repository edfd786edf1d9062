//! Bytes from hexadecimal digits, with errors that say where a text is wrong.

use alloc::{string::String, vec::Vec};
use core::fmt;

/// Why a text is not hexadecimal. Lines and characters are counted from 1, in the text
/// as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HexError {
    /// A character is no digit.
    NoDigit {
        /// The character.
        character: char,
        /// Its line, if the text has several.
        line: Option<usize>,
        /// Its place in that line.
        place: usize,
    },
    /// There is an odd number of digits, this one.
    Odd(usize),
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoDigit { character, line, place } => {
                write_place(f, character, line, place)?;
                f.write_str(" is no hexadecimal digit")
            }
            Self::Odd(count) => write!(f, "an odd number of digits, {count}: the last byte is cut off"),
        }
    }
}

impl core::error::Error for HexError {}

/// Returns the bytes of a text that consists of hexadecimal digits.
///
/// # Errors
/// [`HexError`] if a character is no digit, or their number is odd.
pub fn decode(text: &str) -> Result<Vec<u8>, HexError> {
    hex::decode(text).map_err(|_| error(text, 0, text))
}

/// Returns the bytes of hexadecimal digits, with or without `0x` before them.
///
/// # Errors
/// As of [`decode`].
///
/// ```
/// use neovm_types::hexadecimal::decode_prefixed;
///
/// assert_eq!(decode_prefixed("0x600a")?, [0x60, 0x0a]);
/// let error = decode_prefixed("0x60zz").unwrap_err();
/// assert_eq!(error.to_string(), "'z' at character 5 is no hexadecimal digit");
/// # Ok::<(), neovm_types::hexadecimal::HexError>(())
/// ```
pub fn decode_prefixed(text: &str) -> Result<Vec<u8>, HexError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits).map_err(|_| error(text, text.len() - digits.len(), digits))
}

/// Returns the bytes of hexadecimal digits, with or without `0x` before them, with white
/// space around and between them.
///
/// # Errors
/// As of [`decode`].
pub fn decode_spaced(text: &str) -> Result<Vec<u8>, HexError> {
    let digits = text.trim_start();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let start = text.len() - digits.len();
    let compact: String = digits.split_whitespace().collect();
    hex::decode(&compact).map_err(|_| {
        let bad = digits.char_indices().find(|(_, letter)| !letter.is_ascii_hexdigit() && !letter.is_whitespace());
        bad.map_or(HexError::Odd(compact.len()), |(place, letter)| no_digit(text, start + place, letter))
    })
}

/// What is wrong with digits that start at a byte of a text.
fn error(text: &str, start: usize, digits: &str) -> HexError {
    let bad = digits.char_indices().find(|(_, letter)| !letter.is_ascii_hexdigit());
    bad.map_or(HexError::Odd(digits.len()), |(place, letter)| no_digit(text, start + place, letter))
}

/// A character at a byte of a text.
fn no_digit(text: &str, byte: usize, character: char) -> HexError {
    let (line, place) = position(text, byte);
    HexError::NoDigit { character, line, place }
}

/// Writes a character and its place, as [`position`] gives it.
pub(crate) fn write_place(
    f: &mut fmt::Formatter<'_>,
    character: char,
    line: Option<usize>,
    place: usize,
) -> fmt::Result {
    write!(f, "{character:?} at ")?;
    line.map_or(Ok(()), |line| write!(f, "line {line}, "))?;
    write!(f, "character {place}")
}

/// The line of a byte of a text, if the text has several, and its character in that line, counted from 1.
pub(crate) fn position(text: &str, byte: usize) -> (Option<usize>, usize) {
    let before = &text[..byte];
    let line = text.trim_end().contains('\n').then(|| before.matches('\n').count() + 1);
    (line, before.rsplit('\n').next().unwrap_or(before).chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_is_no_digit_is_told_with_its_place() {
        let error = |text: &str| decode_spaced(text).unwrap_err().to_string();
        assert_eq!(decode_spaced(" 0x60\n 0a\n"), Ok([0x60, 0x0a].into()));
        assert_eq!(error("60zz"), "'z' at character 3 is no hexadecimal digit");
        assert_eq!(error("  0x60zz\n"), "'z' at character 7 is no hexadecimal digit");
        assert_eq!(error("60\n0x\n"), "'x' at line 2, character 2 is no hexadecimal digit");
        assert_eq!(error("ab\ncd ä"), "'ä' at line 2, character 4 is no hexadecimal digit");
        assert_eq!(error("600"), "an odd number of digits, 3: the last byte is cut off");
    }

    #[test]
    fn places_are_those_of_the_text_as_given() {
        let error = |result: Result<Vec<u8>, HexError>| result.unwrap_err().to_string();
        assert_eq!(error(decode("äz")), "'ä' at character 1 is no hexadecimal digit");
        assert_eq!(error(decode("0x60")), "'x' at character 2 is no hexadecimal digit");
        assert_eq!(error(decode("60 ")), "' ' at character 3 is no hexadecimal digit");
        assert_eq!(error(decode("60\n")), "'\\n' at character 3 is no hexadecimal digit");
        assert_eq!(error(decode_prefixed("0x6ä")), "'ä' at character 4 is no hexadecimal digit");
        assert_eq!(error(decode_prefixed("6z")), "'z' at character 2 is no hexadecimal digit");
        assert_eq!(error(decode_prefixed("0x600")), "an odd number of digits, 3: the last byte is cut off");
        assert_eq!(
            (decode(""), decode_prefixed("0x"), decode_spaced(" \n")),
            (Ok(Vec::new()), Ok(Vec::new()), Ok(Vec::new()))
        );
    }
}

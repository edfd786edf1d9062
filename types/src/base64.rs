//! Bytes from base64 text, with errors that say where a text is wrong.

use alloc::{string::String, vec::Vec};
use core::fmt;

use base64::{DecodeError, Engine, prelude::BASE64_STANDARD};

use crate::hexadecimal::position;

/// Why a text is not base64. Lines and characters are counted from 1, in the text as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base64Error {
    /// A character is no digit, or padding where there should be none.
    NoDigit {
        /// The character.
        character: char,
        /// Its line, if the text has several.
        line: Option<usize>,
        /// Its place in that line.
        place: usize,
    },
    /// The last digit stands for more bits than the last byte takes.
    LastDigit {
        /// The digit.
        character: char,
        /// Its line, if the text has several.
        line: Option<usize>,
        /// Its place in that line.
        place: usize,
    },
    /// The digits and their padding, so many, are no groups of four.
    Length(usize),
}

impl fmt::Display for Base64Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (character, line, place, what) = match *self {
            Self::NoDigit { character, line, place } => (character, line, place, "is no base64 digit there"),
            Self::LastDigit { character, line, place } => (character, line, place, "has bits that belong to no byte"),
            Self::Length(count) => return write!(f, "{count} digits, padding included: they come in groups of 4"),
        };
        write!(f, "{character:?} at ")?;
        line.map_or(Ok(()), |line| write!(f, "line {line}, "))?;
        write!(f, "character {place} {what}")
    }
}

impl core::error::Error for Base64Error {}

/// Returns the bytes of a text that consists of base64 digits, with padding.
///
/// # Errors
/// [`Base64Error`] if a character is no digit, or the digits are no whole groups.
///
/// ```
/// use neovm_types::base64::decode;
///
/// assert_eq!(decode("EhOg")?, [0x12, 0x13, 0xa0]);
/// assert_eq!(decode("Eh*g").unwrap_err().to_string(), "'*' at character 3 is no base64 digit there");
/// # Ok::<(), neovm_types::base64::Base64Error>(())
/// ```
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    BASE64_STANDARD.decode(text).map_err(|error| located(&error, text, text.len(), Some))
}

/// Returns the same of a text with white space around and between the digits.
///
/// # Errors
/// As of [`decode`].
pub fn decode_spaced(text: &str) -> Result<Vec<u8>, Base64Error> {
    let digits: String = text.split_whitespace().collect();
    BASE64_STANDARD.decode(&digits).map_err(|error| {
        // The digit at a byte of what was decoded starts at a byte of the text.
        let start = |wanted: usize| {
            let mut left = wanted;
            for (start, letter) in text.char_indices().filter(|(_, letter)| !letter.is_whitespace()) {
                left = match left.checked_sub(letter.len_utf8()) {
                    Some(left) => left,
                    None => return Some(start),
                };
            }
            None
        };
        located(&error, text, digits.len(), start)
    })
}

/// An error with its place in a text; `start` finds it there.
fn located(error: &DecodeError, text: &str, length: usize, start: impl Fn(usize) -> Option<usize>) -> Base64Error {
    let at = |offset: usize| {
        let start = start(offset)?;
        let start = (0..=start).rev().find(|start| text.is_char_boundary(*start))?;
        let character = text[start..].chars().next()?;
        let (line, place) = position(text, start);
        Some((character, line, place))
    };
    let found = match error {
        DecodeError::InvalidByte(offset, _) => {
            at(*offset).map(|(character, line, place)| Base64Error::NoDigit { character, line, place })
        }
        DecodeError::InvalidLastSymbol(offset, _) => {
            at(*offset).map(|(character, line, place)| Base64Error::LastDigit { character, line, place })
        }
        DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => None,
    };
    found.unwrap_or(Base64Error::Length(length))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let error = |text: &str| decode_spaced(text).unwrap_err().to_string();
        assert_eq!(decode_spaced(" EhOg\n EQ = =\n"), Ok([0x12, 0x13, 0xa0, 0x11].into()));
        assert_eq!(error("Eh*g"), "'*' at character 3 is no base64 digit there");
        assert_eq!(error(" Eh Og\n E*== \n"), "'*' at line 2, character 3 is no base64 digit there");
        assert_eq!(error("ä h\u{20ac}g"), "'ä' at character 1 is no base64 digit there");
        assert_eq!(error("Eh \u{20ac}g"), "'\u{20ac}' at character 4 is no base64 digit there");
        assert_eq!(error("E h\nO"), "3 digits, padding included: they come in groups of 4");
        assert_eq!(error("EhOgE"), "5 digits, padding included: they come in groups of 4");
        assert_eq!(error("EhOgEQ="), "7 digits, padding included: they come in groups of 4");
    }

    #[test]
    fn without_white_space() {
        let error = |text: &str| decode(text).unwrap_err().to_string();
        assert_eq!((decode(""), decode("EQ==")), (Ok(Vec::new()), Ok([0x11].into())));
        assert_eq!(error("EhOg\n"), "'\\n' at character 5 is no base64 digit there");
        assert_eq!(error("ER=="), "'R' at character 2 has bits that belong to no byte");
        assert_eq!(error("=EhO"), "'=' at character 1 is no base64 digit there");
    }
}

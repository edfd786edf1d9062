//! Bytes from base64 text as .NET reads it, with errors that say where a text is wrong.

use alloc::{string::String, vec::Vec};
use core::fmt;

use base64::{
    DecodeError, Engine, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};

use crate::{
    hexadecimal::{position, write_place},
    text,
};

/// Digits as .NET reads them: padded, but the last one may have bits that belong to no byte.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

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
    /// The digits and their padding, so many, are no groups of four.
    Length(usize),
}

impl fmt::Display for Base64Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoDigit { character, line, place } => {
                write_place(f, character, line, place)?;
                f.write_str(" is no base64 digit there")
            }
            Self::Length(count) => {
                write!(f, "{}, padding included: they come in groups of 4", text::count(count as u64, "digit"))
            }
        }
    }
}

impl core::error::Error for Base64Error {}

/// Returns whether .NET skips a character in base64, wherever it stands.
pub fn is_skipped(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// Returns the bytes of a text as `Convert.FromBase64String` of .NET reads it, which is what the reference's StdLib,
/// manifests and JSON go by: digits with padding, in which spaces, tabs and ends of line may stand anywhere, and the
/// last digit may have bits that belong to no byte.
///
/// # Errors
/// [`Base64Error`] if a character is no digit, or the digits are no whole groups.
///
/// ```
/// use neovm_types::base64::decode;
///
/// assert_eq!(decode("EhOg")?, [0x12, 0x13, 0xa0]);
/// assert_eq!(decode(" EhOg\n EQ==\n")?, [0x12, 0x13, 0xa0, 0x11]);
/// assert_eq!(decode("Eh*g").unwrap_err().to_string(), "'*' at character 3 is no base64 digit there");
/// # Ok::<(), neovm_types::base64::Base64Error>(())
/// ```
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    let digits: String = text.chars().filter(|&character| !is_skipped(character)).collect();
    LENIENT.decode(&digits).map_err(|error| located(&error, text, digits.len()))
}

/// An error with its place in a text that has so many bytes of digits.
fn located(error: &DecodeError, text: &str, length: usize) -> Base64Error {
    let offset = match error {
        DecodeError::InvalidByte(offset, _) | DecodeError::InvalidLastSymbol(offset, _) => *offset,
        DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => return Base64Error::Length(length),
    };
    let mut digits = text.char_indices().filter(|&(_, character)| !is_skipped(character));
    let mut left = offset;
    let found = digits.find(|(_, digit)| {
        let is_found = left < digit.len_utf8();
        left = left.saturating_sub(digit.len_utf8());
        is_found
    });
    found.map_or(Base64Error::Length(length), |(start, character)| {
        let (line, place) = position(text, start);
        Base64Error::NoDigit { character, line, place }
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn as_dotnet_reads_it() {
        let texts: [(&str, &[u8]); 6] = [
            ("", b""),
            ("Zm8=", b"fo"),
            (" Z\tm\r8\n= ", b"fo"),
            ("Zm9=", b"fo"),
            ("Zm8\n=", b"fo"),
            ("Z h = =", b"f"),
        ];
        for (text, bytes) in texts {
            assert_eq!(decode(text).as_deref(), Ok(bytes), "{text:?}");
        }
        for text in
            ["Z", "Zg", "Zg=", "Zg===", "====", "=Zg=", "Zg==Zg==", "Zm8=\0", "Zm\u{b}8=", "_-8=", "Zm\u{a0}8=", "é"]
        {
            assert!(decode(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let error = |text: &str| decode(text).unwrap_err().to_string();
        assert_eq!(error("Eh*g"), "'*' at character 3 is no base64 digit there");
        assert_eq!(error(" Eh Og\n E*== \n"), "'*' at line 2, character 3 is no base64 digit there");
        assert_eq!(error("ä h\u{20ac}g"), "'ä' at character 1 is no base64 digit there");
        assert_eq!(error("Eh \u{20ac}g"), "'\u{20ac}' at character 4 is no base64 digit there");
        assert_eq!(error("Eh\u{b}Og"), "'\\u{b}' at character 3 is no base64 digit there");
        assert_eq!(error("=EhO"), "'=' at character 1 is no base64 digit there");
        assert_eq!(error("E h\nO"), "3 digits, padding included: they come in groups of 4");
        assert_eq!(error("EhOgE"), "5 digits, padding included: they come in groups of 4");
        assert_eq!(error("EhOgEQ="), "7 digits, padding included: they come in groups of 4");
    }
}

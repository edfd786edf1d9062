//! Bytes as text: base 64, 58 and 16.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use neovm_types::{FaultKind, base64 as dotnet_base64};

use super::{check_length, fault};

/// Returns bytes in base 64, padded.
///
/// # Errors
/// If there are more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn base64_encode(bytes: &[u8]) -> Result<String, FaultKind> {
    check_length(bytes)?;
    Ok(BASE64_STANDARD.encode(bytes))
}

/// Reads padded base 64. Spaces, tabs and ends of line may stand anywhere.
///
/// # Errors
/// For any other text, and if it has more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn base64_decode(text: &str) -> Result<Vec<u8>, FaultKind> {
    check_length(text.as_bytes())?;
    dotnet_base64::decode(text).or_else(|_| not_base(64))
}

/// Returns a text's UTF-8 in base 64 with `-` and `_`, not padded.
///
/// # Errors
/// If the text has more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn base64_url_encode(text: &str) -> Result<String, FaultKind> {
    check_length(text.as_bytes())?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(text))
}

/// Reads a text from its UTF-8 in base 64, with `-` and `_` or `+` and `/`, padded or
/// not. U+FFFD stands for what is not UTF-8. Spaces, tabs and ends of line may stand
/// anywhere, but they count as digits where the length tells how much padding is missing.
///
/// # Errors
/// For any other text, and if it has more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn base64_url_decode(text: &str) -> Result<String, FaultKind> {
    check_length(text.as_bytes())?;
    let padding = match text.len() % 4 {
        1 => return not_base(64),
        rest => (4 - rest) % 4,
    };
    let digits = text.bytes().filter(|&byte| !dotnet_base64::is_skipped(byte.into())).map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    });
    let padded: Vec<u8> = digits.chain(std::iter::repeat_n(b'=', padding)).collect();
    let bytes = BASE64_STANDARD.decode(padded).or_else(|_| not_base(64))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn not_base<T>(base: u32) -> Result<T, FaultKind> {
    fault(format!("The input is not in base {base}"))
}

/// Returns bytes in base 58.
///
/// # Errors
/// If there are more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn base58_encode(bytes: &[u8]) -> Result<String, FaultKind> {
    check_length(bytes)?;
    Ok(neovm_crypto::base58_encode(bytes))
}

/// Reads base 58.
///
/// # Errors
/// For any other text, and if it has more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn base58_decode(text: &str) -> Result<Vec<u8>, FaultKind> {
    check_length(text.as_bytes())?;
    neovm_crypto::base58_decode(text).map_err(|error| FaultKind::Host(error.to_string()))
}

/// Returns bytes and their checksum in base 58.
///
/// # Errors
/// If there are more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn base58_check_encode(bytes: &[u8]) -> Result<String, FaultKind> {
    check_length(bytes)?;
    Ok(neovm_crypto::base58_check_encode(bytes))
}

/// Reads bytes and their checksum in base 58 and returns the bytes.
///
/// # Errors
/// For any other text, for a wrong checksum, and if the text has more than
/// [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn base58_check_decode(text: &str) -> Result<Vec<u8>, FaultKind> {
    check_length(text.as_bytes())?;
    neovm_crypto::base58_check_decode(text).map_err(|error| FaultKind::Host(error.to_string()))
}

/// Returns bytes in base 16, in lower case.
///
/// # Errors
/// If there are more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn hex_encode(bytes: &[u8]) -> Result<String, FaultKind> {
    check_length(bytes)?;
    Ok(hex::encode(bytes))
}

/// Reads base 16, in lower or upper case.
///
/// # Errors
/// For any other text, and if it has more than [`super::MAX_INPUT_LENGTH`] bytes.
pub(crate) fn hex_decode(text: &str) -> Result<Vec<u8>, FaultKind> {
    check_length(text.as_bytes())?;
    hex::decode(text).or_else(|_| not_base(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of bytes and text, for which both directions are inverse.
    fn round_trip(
        cases: &[(&[u8], &str)],
        encode: fn(&[u8]) -> Result<String, FaultKind>,
        decode: fn(&str) -> Result<Vec<u8>, FaultKind>,
    ) {
        for (bytes, text) in cases {
            assert_eq!(&encode(bytes).unwrap(), text);
            assert_eq!(&decode(text).unwrap(), bytes, "{text}");
        }
        assert!(encode(&[1; 1024]).is_ok() && encode(&[1; 1025]).is_err());
        assert!(decode(&"1".repeat(1025)).is_err());
    }

    #[test]
    fn base_64() {
        round_trip(&[(b"", ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"\xfb\xff", "+/8=")], base64_encode, base64_decode);
        for (text, bytes) in [(" Z\tm\r8\n= ", b"fo"), ("Zm9=", b"fo"), ("Zm8\n=", b"fo")] {
            assert_eq!(base64_decode(text).unwrap(), bytes, "{text:?}");
        }
        for text in
            ["Z", "Zg", "Zg=", "Zg===", "====", "=Zg=", "Zg==Zg==", "Zm8=\0", "Zm\u{b}8=", "_-8=", "Zm\u{a0}8=", "é"]
        {
            assert!(base64_decode(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn base_64_url() {
        assert_eq!(base64_url_encode("é?").unwrap(), "w6k_");
        assert!(base64_url_encode(&"é".repeat(512)).is_ok() && base64_url_encode(&"é".repeat(513)).is_err());
        let cases = [
            ("", ""),
            ("w6k_", "é?"),
            ("w6k/", "é?"),
            ("Zg", "f"),
            ("Zg=", "f"),
            ("Zg==", "f"),
            ("_w", "\u{fffd}"),
            ("4oI", "\u{fffd}"),
            ("gIA", "\u{fffd}\u{fffd}"),
            ("Zm9v\n\n\n\n", "foo"),
        ];
        for (text, decoded) in cases {
            assert_eq!(base64_url_decode(text).unwrap(), decoded, "{text:?}");
        }
        for text in ["Z", "Z=", "Zh", "Zm9", "====", "Zm8 ", " Zm8", "Zg== ", "Zm9v=", "é", "Zm9v\0"] {
            assert!(base64_url_decode(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn base_58() {
        round_trip(
            &[(b"", ""), (b"\0\0\x01", "112"), (b"a", "2g"), (b"\xff\xff", "LUv")],
            base58_encode,
            base58_decode,
        );
        round_trip(&[(b"", "3QJmnh"), (b"\0", "1Wh4bh"), (b"a", "C2dGTwc")], base58_check_encode, base58_check_decode);
        for text in ["0", "O", "I", "l", " 2g", "é", "\0"] {
            assert!(base58_decode(text).is_err(), "{text:?}");
        }
        assert!(base58_check_decode("C2dGTwd").is_err() && base58_check_decode("2g").is_err());
    }

    #[test]
    fn base_16() {
        round_trip(&[(b"", ""), (b"\0\xab", "00ab")], hex_encode, hex_decode);
        assert_eq!(hex_decode("aBCd").unwrap(), b"\xab\xcd");
        for text in ["0", "0x00", "g0", " 00", "00\0\0", "é"] {
            assert!(hex_decode(text).is_err(), "{text:?}");
        }
    }
}

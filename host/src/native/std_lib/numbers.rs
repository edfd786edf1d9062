//! Integers as text.
//!
//! The forms are those of .NET's `BigInteger.ToString` and `BigInteger.Parse`.

use neovm_types::{FaultKind, Integer, integer::MAX_SIZE};

use super::{check_length, fault};

/// Returns an integer in base 10 or 16.
///
/// In base 16 it is the shortest row of digits whose first one tells the sign, as
/// the highest bit of two's complement does: `7f` is 127, `0ff` is 255, `f` is -1.
/// Digits come in pairs but for the first, which may stand alone.
///
/// # Errors
/// For any other base.
pub(crate) fn itoa(value: Integer, base: i32) -> Result<String, FaultKind> {
    match base {
        10 => Ok(value.to_string()),
        16 => Ok(to_hex(value)),
        _ => invalid_base(base),
    }
}

fn to_hex(value: Integer) -> String {
    let mut bytes = value.wide().to_le_bytes();
    let bytes = &mut bytes[..value.byte_len().max(1)];
    bytes.reverse();
    let mut digits = hex::encode(&*bytes);
    if matches!(bytes[0], 0..=7 | 0xf8..) {
        digits.remove(0);
    }
    digits
}

/// Reads an integer in base 10, with or without a sign, or in base 16, where the
/// first digit tells the sign: see [`itoa`]. NUL characters may follow, in base 16
/// in odd ways: see [`from_hex`].
///
/// # Errors
/// For any other text or base, and if the text has more than
/// [`super::MAX_INPUT_LENGTH`] bytes; [`FaultKind::IntegerSize`].
pub(crate) fn atoi(text: &str, base: i32) -> Result<Integer, FaultKind> {
    check_length(text.as_bytes())?;
    let value = match base {
        10 => from_decimal(text.trim_end_matches('\0')),
        16 => from_hex(text.as_bytes()),
        _ => return invalid_base(base),
    };
    value.unwrap_or_else(|| fault(format!("{text:?} is not an integer in base {base}")))
}

fn invalid_base<T>(base: i32) -> Result<T, FaultKind> {
    fault(format!("Invalid base: {base}"))
}

/// None if the text is not an integer.
fn from_decimal(text: &str) -> Option<Result<Integer, FaultKind>> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    if let Ok(small) = text.parse::<i64>() {
        return Some(Ok(small.into()));
    }
    let significant = digits.trim_start_matches('0');
    // Of these texts `Integer` refuses only those that are too large.
    Some(format!("{sign}{significant}").parse().map_err(|_| FaultKind::IntegerSize(MAX_SIZE + 1)))
}

/// Digits that .NET reads at once in base 16.
const BLOCK: usize = 8;

/// None if the text is not an integer.
///
/// .NET reads blocks of eight digits, before which the digits stand that are left
/// over. Up to the first block that is not filled with the sign, NUL characters may
/// end a block: its digits then are its lowest ones, below zeros. So `f` and a NUL
/// is `0f` with a negative sign, which is -241.
fn from_hex(text: &[u8]) -> Option<Result<Integer, FaultKind>> {
    let digit = |&byte: &u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let sign = if digit(text.first()?)? < 8 { 0 } else { 0xf };
    let (left_over, blocks) = text.split_at(text.len() % BLOCK);
    let mut digits = Vec::with_capacity(text.len());
    let mut is_sign = true;
    for block in [left_over].into_iter().filter(|block| !block.is_empty()).chain(blocks.chunks(BLOCK)) {
        let length = if is_sign { block.iter().rposition(|&byte| byte != 0)? + 1 } else { block.len() };
        let start = digits.len();
        digits.resize(start + block.len() - length, 0);
        for byte in &block[..length] {
            digits.push(digit(byte)?);
        }
        is_sign = is_sign && digits[start..].iter().all(|&digit| digit == sign);
    }
    Some(from_digits(sign, &digits))
}

/// The integer of digits in base 16, before which there is nothing but the sign.
fn from_digits(sign: u8, digits: &[u8]) -> Result<Integer, FaultKind> {
    let too_large = FaultKind::IntegerSize(MAX_SIZE + 1);
    let significant = digits.iter().position(|&digit| digit != sign).unwrap_or(digits.len());
    let mut bytes = [sign << 4 | sign; MAX_SIZE];
    for (index, digit) in digits[significant..].iter().rev().enumerate() {
        let Some(byte) = bytes.get_mut(index / 2) else { return Err(too_large) };
        let shift = 4 * (index % 2);
        *byte = *byte & !(0xf << shift) | digit << shift;
    }
    let value = Integer::from_le_bytes(&bytes).filter(|value| value.is_negative() == (sign != 0));
    value.ok_or(too_large)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, base: i32) -> Option<String> {
        atoi(text, base).ok().map(|value| value.to_string())
    }

    #[test]
    fn base_16_tells_the_sign_by_its_first_digit() {
        let cases = [
            (0, "0"),
            (1, "1"),
            (7, "7"),
            (8, "08"),
            (15, "0f"),
            (127, "7f"),
            (128, "080"),
            (255, "0ff"),
            (256, "100"),
            (2048, "0800"),
            (-1, "f"),
            (-8, "8"),
            (-9, "f7"),
            (-128, "80"),
            (-129, "f7f"),
            (-256, "f00"),
            (i64::MAX, "7fffffffffffffff"),
            (i64::MIN, "8000000000000000"),
        ];
        for (value, text) in cases {
            assert_eq!(itoa(value.into(), 16).unwrap(), text);
            assert_eq!(atoi(text, 16).unwrap(), value.into(), "{text}");
        }
        assert_eq!(read("00FF", 16).as_deref(), Some("255"));
        assert_eq!(read(&"f".repeat(1024), 16).as_deref(), Some("-1"));
    }

    #[test]
    fn texts_that_are_no_integers_fault() {
        for text in [
            "", "+", "-", "--1", "+-1", "1-", " 1", "1 ", "1.0", "1e3", "1_0", "1,0", "0x1", "\0", "-\0", "1\u{0}1",
            "٣",
        ] {
            assert_eq!(read(text, 10), None, "{text:?}");
        }
        for text in ["", "+1", "-1", "g", " 1", "1 ", "0x1", "\0", "\u{0}1", "é"] {
            assert_eq!(read(text, 16), None, "{text:?}");
        }
        for base in [0, 2, 8, 11, -10] {
            assert!(atoi("1", base).is_err() && itoa(1.into(), base).is_err(), "{base}");
        }
        assert_eq!(read(&format!("{:01$}", 7, 1024), 10).as_deref(), Some("7"));
        assert_eq!(read(&format!("{:01$}", 7, 1025), 10), None);
    }

    #[test]
    fn the_largest_integers_are_read() {
        let (max, min) = (format!("7{}", "f".repeat(63)), format!("8{}", "0".repeat(63)));
        for hex in [&max, &min] {
            let value = atoi(hex, 16).unwrap();
            assert_eq!(&itoa(value, 16).unwrap(), hex);
            assert_eq!(atoi(&itoa(value, 10).unwrap(), 10).unwrap(), value);
        }
        let above = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
        assert_eq!(read(above, 10), None);
        assert_eq!(read(&format!("-{above}"), 10), Some(format!("-{above}")));
        assert_eq!(read("-57896044618658097711785492504343953926634992332820282019728792003956564819969", 10), None);
        for hex in
            [format!("0{min}"), format!("f{max}"), format!("f{}", "0".repeat(64)), format!("1{}", "0".repeat(64))]
        {
            assert_eq!(read(&hex, 16), None, "{hex}");
        }
    }

    #[test]
    fn nul_characters_end_blocks() {
        assert_eq!(read("-12\0\0", 10).as_deref(), Some("-12"));
        let cases = [
            ("1\0", Some("1")),
            ("f\0", Some("-241")),
            ("ff\0\0\0\0\0\0", Some("-4294967041")),
            ("0\x000000001a", Some("26")),
            ("0000000000000001\0", Some("1")),
            ("000000000000000\0", Some("0")),
            ("0000000100000001", Some("4294967297")),
            ("000000010000000\0", None),
            ("00000000\0\0\0\0\0\0\0\0", None),
        ];
        for (text, value) in cases {
            assert_eq!(read(text, 16).as_deref(), value, "{text:?}");
        }
    }
}

//! How .NET rounds numbers with many digits.

use alloc::{borrow::Cow, format, string::String, vec::Vec};
use core::str::from_utf8;

use super::end_of_string;

/// Numbers with up to so many digits are rounded correctly.
const MAX_CORRECT: usize = 19;

/// .NET looks at so many digits, not counting zeros before the first other one.
const MAX_DIGITS: usize = 768;

/// Integers from here on have at least the 54 bits that decide how a number is rounded.
const WIDE: &str = "9007199254740992";

/// Rewrites numbers so that they are read as .NET reads them if they are rounded correctly.
pub(super) fn with_tails(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.');
    // A longer number has a part at one of these places.
    if !text.iter().skip(MAX_CORRECT).step_by(MAX_CORRECT + 1).any(is_part) {
        return text;
    }
    let (mut rewritten, mut kept, mut place) = (Vec::new(), 0, 0);
    while let Some(&byte) = text.get(place) {
        let end = match byte {
            b'"' => end_of_string(&text, place),
            b'-' | b'0'..=b'9' => {
                let is_over = |byte: &u8| !is_part(byte) && !matches!(byte, b'e' | b'E' | b'+' | b'-');
                text[place..].iter().position(is_over).map_or(text.len(), |length| place + length)
            }
            _ => place + 1,
        };
        // Nothing but a string or a number is so long.
        let is_long = byte != b'"' && end - place > MAX_CORRECT;
        if let Some(number) = is_long.then(|| from_utf8(&text[place..end]).ok().and_then(with_tail)).flatten() {
            rewritten.extend_from_slice(&text[kept..place]);
            rewritten.extend_from_slice(number.as_bytes());
            kept = end;
        }
        place = end;
    }
    if kept == 0 {
        return text;
    }
    rewritten.extend_from_slice(&text[kept..]);
    rewritten.into()
}

/// Returns a number with one digit more behind the last that .NET looks at, if .NET rounds it as if there were one: a
/// tie goes up then, not to the even neighbour. That is so
/// - if the integer is wide and digits stand behind it, be they zeros;
/// - if a digit other than 0 stands at place 768 or behind it, where zeros before the first other digit of the fraction
///   count, too.
///
/// None for what is no number.
///
/// Sources: `Utf8Parser.Number.cs` (`TryParseNumber`) and `Number.NumberToFloatingPointBits.cs` of .NET.
fn with_tail(number: &str) -> Option<String> {
    serde_json::from_str::<f64>(number).ok()?;
    let (sign, unsigned) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.trim_start_matches('0');
    let counted = format!("{whole}{fraction}");
    let digits = counted.trim_start_matches('0');
    let leading_zeros = counted.len() - digits.len();
    // Where the decimal point stands, counted from the first of the digits.
    let point = exponent.parse::<i64>().ok()? + whole.len() as i64 - leading_zeros as i64;
    let digits = &digits[..digits.len().min(MAX_DIGITS)];
    let integer = &digits[..point.clamp(0, digits.len() as i64) as usize];
    let is_wide = (integer.len(), integer) >= (WIDE.len(), WIDE);
    let has_tail = is_wide || counted.bytes().skip(MAX_DIGITS - 1).any(|digit| digit != b'0');
    let is_rounded_so = digits.len() > MAX_CORRECT && integer.len() < digits.len() && has_tail;
    // A tie with a wide integer has no fraction; others have fewer digits than .NET looks at.
    let width = if is_wide { 0 } else { MAX_DIGITS };
    is_rounded_so.then(|| format!("{sign}0.{digits:0<width$}1e{point}"))
}

//! JSON text, byte by byte as the reference node writes it.

use alloc::{format, string::ToString};
use core::{
    fmt::{self, Display, Formatter, Write},
    ops::RangeInclusive,
};

use base64::{Engine, prelude::BASE64_STANDARD};

use super::Json;

/// Where the decimal point may stand, counted from the first significant digit,
/// in a number that is written without an exponent: 0.000123 to 12345678901234567.
const FIXED: RangeInclusive<i32> = -3..=17;

impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write_number(f, *value),
            Self::String(text) => write_string(f, text),
            Self::Array(items) => write_list(f, ['[', ']'], items, |f, item| item.fmt(f)),
            Self::Object(members) => write_list(f, ['{', '}'], members, |f, (key, value)| {
                write_string(f, key)?;
                f.write_char(':')?;
                value.fmt(f)
            }),
        }
    }
}

fn write_list<T>(
    f: &mut Formatter<'_>,
    [open, close]: [char; 2],
    items: &[T],
    write: impl Fn(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    f.write_char(open)?;
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_char(',')?;
        }
        write(f, item)?;
    }
    f.write_char(close)
}

/// Writes bytes as a text in base64, whose `+` the node's writer escapes.
///
/// # Errors
/// Those of the writer.
pub fn write_base64(out: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    write_string(out, &BASE64_STANDARD.encode(bytes))
}

/// Writes a text in quotes, with the escapes that the node's writer uses.
///
/// # Errors
/// Those of the writer.
pub fn write_string(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    let mut rest = text;
    while let Some(index) = rest.find(|character| !is_plain(character)) {
        out.write_str(&rest[..index])?;
        let mut characters = rest[index..].chars();
        characters.next().map_or(Ok(()), |character| write_escaped(out, character))?;
        rest = characters.as_str();
    }
    out.write_str(rest)?;
    out.write_char('"')
}

fn is_plain(character: char) -> bool {
    matches!(character, ' '..='~') && !matches!(character, '\\' | '"' | '<' | '>' | '&' | '\'' | '+' | '`')
}

fn write_escaped(out: &mut impl Write, character: char) -> fmt::Result {
    match character {
        '\\' => out.write_str(r"\\"),
        '\n' => out.write_str(r"\n"),
        '\r' => out.write_str(r"\r"),
        '\t' => out.write_str(r"\t"),
        '\u{8}' => out.write_str(r"\b"),
        '\u{c}' => out.write_str(r"\f"),
        _ => character.encode_utf16(&mut [0; 2]).iter().try_for_each(|&unit| write_unit(out, unit)),
    }
}

/// Writes the escape of a unit of UTF-16.
fn write_unit(out: &mut impl Write, unit: u16) -> fmt::Result {
    let digit = |shift: u16| b"0123456789ABCDEF"[usize::from(unit >> shift & 0xf)];
    let escape = [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)];
    out.write_str(core::str::from_utf8(&escape).unwrap_or_default())
}

/// Writes the shortest decimal number that reads back as the same value.
fn write_number(f: &mut Formatter<'_>, value: f64) -> fmt::Result {
    // `serde_json` finds the shortest digits and of several such the nearest, as
    // .NET does; where they stand is up to us. (Core's `{:e}` breaks ties upwards.)
    let Some(number) = serde_json::Number::from_f64(value) else { return f.write_str("null") };
    let text = number.to_string();
    let (sign, text) = text.strip_prefix('-').map_or(("", &*text), |rest| ("-", rest));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    // Where the decimal point stands, counted from the first significant digit.
    let point = whole.len() as i32 + exponent.parse::<i32>().map_err(|_| fmt::Error)?
        - (digits.len() - significant.len()) as i32;
    f.write_str(sign)?;
    match significant.trim_end_matches('0') {
        "" => f.write_char('0'),
        digits if FIXED.contains(&point) => write_fixed(f, digits, point),
        digits => write_scientific(f, digits, point - 1),
    }
}

fn write_scientific(f: &mut Formatter<'_>, digits: &str, exponent: i32) -> fmt::Result {
    let (first, rest) = digits.split_at(1);
    let separator = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    write!(f, "{first}{separator}{rest}E{sign}{:02}", exponent.unsigned_abs())
}

fn write_fixed(f: &mut Formatter<'_>, digits: &str, point: i32) -> fmt::Result {
    match usize::try_from(point) {
        Err(_) | Ok(0) => write!(f, "0.{:0>1$}", digits, digits.len() + point.unsigned_abs() as usize),
        Ok(point) if point >= digits.len() => write!(f, "{digits:0<point$}"),
        Ok(point) => write!(f, "{}.{}", &digits[..point], &digits[point..]),
    }
}

//! JSON as the reference node reads and writes it.
//!
//! A contract's manifest is stored as the node writes it again, so the order of
//! keys, the form of numbers and the escapes in strings end up in the state
//! root. This module is the one place where the node's rules differ from those
//! of RFC 8259:
//!
//! - `//` and `/* */` comments are skipped, except between a key and its colon;
//! - a key that occurs twice in an object is an error;
//! - nesting is limited;
//! - every number is a 64-bit float, which must be finite, and is written in
//!   .NET's shortest form that reads back as the same value: `1E+17`, not
//!   `100000000000000000`;
//! - some numbers of 20 and more digits halfway between two floats are rounded
//!   up instead of to the even one: `9007199254740993.0000`;
//! - strings are written with `<>&'"+`, the backtick, control characters and
//!   everything that is not ASCII escaped.
//!
//! Sources: `Neo.Json/*.cs` of the reference node, and of .NET 10, on which it
//! runs, `Utf8JsonReader`, `Utf8Parser.Number.cs`, `Number.NumberToFloatingPointBits.cs`,
//! `Utf8JsonWriter` and `Number.Formatting.cs`.

pub mod file;
mod number;
mod place;
mod write;

pub use self::{
    place::place,
    write::{write_base64, write_string},
};

use alloc::{
    borrow::Cow,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{
    Serialize, Serializer,
    de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};

/// Up to here every integer is a float.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A JSON value.
///
/// `Display` writes it as the node does, without whitespace.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number. The parser makes finite ones only; others are written as `null`.
    Number(f64),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Self>),
    /// An object: its keys and values in the order of the text.
    Object(Vec<(String, Self)>),
}

/// Why a text could not be read as JSON, with line and column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ParseJsonError {
    text: String,
    line: usize,
    column: usize,
}

impl ParseJsonError {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The byte of the line at which reading ended, counted from 1; 0 before the first one.
    pub fn column(&self) -> usize {
        self.column
    }
}

impl From<serde_json::Error> for ParseJsonError {
    fn from(error: serde_json::Error) -> Self {
        Self { text: error.to_string(), line: error.line(), column: error.column() }
    }
}

impl Json {
    /// The nesting that the node allows in manifests.
    pub const MAX_DEPTH: usize = 64;

    /// Parses a JSON text with at most `max_depth` arrays and objects inside one
    /// another. More than 127 are refused in any case.
    ///
    /// # Errors
    /// [`ParseJsonError`] for the first thing that the node would refuse.
    pub fn parse(text: &[u8], max_depth: usize) -> Result<Self, ParseJsonError> {
        let text = number::with_tails(without_comments(text)?);
        let mut deserializer = serde_json::Deserializer::from_slice(&text);
        let value = Seed { max_depth, depth_left: max_depth }.deserialize(&mut deserializer);
        Ok(value.and_then(|value| deserializer.end().map(|()| value))?)
    }

    /// Returns the value of a key, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Returns the text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl<T: Into<Self>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            // Serializers tell integers from floats, JSON does not.
            Self::Number(value) if value.abs() <= MAX_EXACT && *value % 1.0 == 0.0 => {
                serializer.serialize_i64(*value as i64)
            }
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

/// Overwrites comments with spaces, so that positions stay what they were.
fn without_comments(text: &[u8]) -> Result<Cow<'_, [u8]>, ParseJsonError> {
    let mut blanked = Cow::Borrowed(text);
    if !text.contains(&b'/') {
        return Ok(blanked);
    }
    let (mut place, mut after_comment) = (0, false);
    while let Some(&byte) = text.get(place) {
        let end = match (byte, text.get(place + 1)) {
            (b'"', _) => end_of_string(text, place),
            (b'/', Some(b'/')) => end_of_line_comment(text, place)?,
            (b'/', Some(b'*')) => end_of_block_comment(text, place)?,
            (b':', _) if after_comment => return Err(error_at(text, place, "a comment stands before this colon")),
            _ => place + 1,
        };
        if byte == b'/' && end > place + 1 {
            after_comment = true;
            blanked.to_mut()[place..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        } else if !byte.is_ascii_whitespace() {
            after_comment = false;
        }
        place = end;
    }
    Ok(blanked)
}

/// Where a string ends, its closing quote included.
fn end_of_string(text: &[u8], start: usize) -> usize {
    let mut place = start + 1;
    while let Some(byte) = text.get(place) {
        match byte {
            b'"' => return place + 1,
            b'\\' => place += 2,
            _ => place += 1,
        }
    }
    text.len()
}

fn end_of_line_comment(text: &[u8], start: usize) -> Result<usize, ParseJsonError> {
    let end = text[start..].iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    let end = end.map_or(text.len(), |length| start + length);
    // U+2028 and U+2029 would end the line for some readers and not for others.
    let separator = text[start..end].windows(3).position(|bytes| matches!(bytes, [0xe2, 0x80, 0xa8 | 0xa9]));
    match separator {
        Some(place) => Err(error_at(text, start + place, "a line separator stands in a comment")),
        None => Ok(end),
    }
}

fn end_of_block_comment(text: &[u8], start: usize) -> Result<usize, ParseJsonError> {
    let length = text[start + 2..].windows(2).position(|bytes| bytes == b"*/");
    length.map(|length| start + length + 4).ok_or_else(|| error_at(text, start, "this comment is not closed"))
}

fn error_at(text: &[u8], place: usize, what: &str) -> ParseJsonError {
    let before = &text[..place];
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let column = 1 + before.iter().rev().take_while(|&&byte| byte != b'\n').count();
    ParseJsonError { text: format!("{what} at line {line} column {column}"), line, column }
}

/// Reads one value, of at most `depth_left` levels.
#[derive(Clone, Copy)]
struct Seed {
    max_depth: usize,
    depth_left: usize,
}

impl Seed {
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => Err(E::custom(format!("more than {} arrays and objects inside one another", self.max_depth))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Json, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = array.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let inner = self.inner()?;
        let (mut members, mut keys) = (Vec::new(), BTreeSet::new());
        while let Some(key) = object.next_key::<String>()? {
            if !is_new(&key, &members, &mut keys) {
                return Err(A::Error::custom(format!("key {key:?} occurs twice")));
            }
            members.push((key, object.next_value_seed(inner)?));
        }
        Ok(Json::Object(members))
    }
}

/// Whether an object has no such key yet. From `FEW` members on, `keys` holds all of them.
fn is_new(key: &str, members: &[(String, Json)], keys: &mut BTreeSet<String>) -> bool {
    const FEW: usize = 16;
    if members.len() < FEW {
        return members.iter().all(|(known, _)| known != key);
    }
    if keys.is_empty() {
        keys.extend(members.iter().map(|(known, _)| known.clone()));
    }
    keys.insert(key.into())
}

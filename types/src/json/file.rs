//! JSON of files and messages, whose objects are objects.
//!
//! Readers that serde derives for structs take lists, too, whose values have no names, and their errors speak of the
//! types of Rust, and quote all of a text.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
};
use core::fmt;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use crate::text::beginning;

/// Reads a value from JSON. What is a struct of Rust is read from an object alone.
///
/// # Errors
/// [`JsonFileError`] if the text is not JSON, or not what it should be.
pub fn read<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Result<T, JsonFileError> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = T::deserialize(Objects(&mut json))?;
    json.end()?;
    Ok(value)
}

/// Reads a value from JSON that was parsed, as [`read`] does.
///
/// # Errors
/// [`JsonFileError`] if it is not what it should be; without a place.
pub fn read_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, JsonFileError> {
    Ok(T::deserialize(Objects(value))?)
}

/// Why JSON cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", Place(*.line, *.column))]
pub struct JsonFileError {
    /// What is wrong.
    pub what: String,
    /// The line, counted from 1; 0 if it is not known.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
}

struct Place(usize, usize);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, " at line {} column {}", self.0, self.1) }
    }
}

impl From<serde_json::Error> for JsonFileError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column, text) = (error.line(), error.column(), error.to_string());
        let what = text.strip_suffix(&Place(line, column).to_string()).unwrap_or(&text);
        Self { what: in_words(what), line, column }
    }
}

/// An error of serde, without its place, without the names of Rust's types, and without most of a long text.
pub fn in_words(what: &str) -> String {
    /// How much of what was found is shown.
    const MAX_SHOWN: usize = 160;
    let (found, expected) = what.rsplit_once(", expected ").unwrap_or((what, ""));
    let mut found = Cow::Borrowed(found);
    for (name, word) in
        [("invalid type: map", "invalid type: object"), ("invalid type: sequence", "invalid type: list")]
    {
        if &*found == name {
            found = Cow::Borrowed(word);
        }
    }
    let shown = beginning(&found, MAX_SHOWN);
    let dots = if shown.len() < found.len() { "..." } else { "" };
    match expected {
        "" => format!("{shown}{dots}"),
        expected => format!("{shown}{dots}, expected {}", wanted(expected)),
    }
}

/// What was expected, in words.
fn wanted(expected: &str) -> Cow<'_, str> {
    let range = |least: i64, most: u64| Cow::Owned(format!("an integer from {least} to {most}"));
    match expected {
        "u8" => range(0, u8::MAX.into()),
        "u16" => range(0, u16::MAX.into()),
        "u32" => range(0, u32::MAX.into()),
        "i32" => range(i32::MIN.into(), i32::MAX as u64),
        "u64" => "an integer from 0 to 2^64 - 1".into(),
        "usize" => format!("an integer from 0 to 2^{} - 1", usize::BITS).into(),
        "i64" => "an integer from -2^63 to 2^63 - 1".into(),
        "f64" => "a number".into(),
        "a map" => "an object".into(),
        "a sequence" => "a list".into(),
        _ if expected.starts_with("struct ") => "an object".into(),
        _ => expected.into(),
    }
}

/// A reader that takes a struct from an object alone, and what belongs to it.
pub struct Objects<T>(
    /// The reader that does the rest.
    pub T,
);

macro_rules! readers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(Objects(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    readers! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option
        deserialize_unit deserialize_seq deserialize_map deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Objects(visitor))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, Objects(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Objects(visitor))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(length, Objects(visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple_struct(name, length, Objects(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, Objects(visitor))
    }
}

macro_rules! values {
    ($($method:ident($value:ty))*) => {$(
        fn $method<E: Error>(self, value: $value) -> Result<V::Value, E> {
            self.0.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Objects<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    values! {
        visit_bool(bool) visit_i64(i64) visit_i128(i128) visit_u64(u64) visit_u128(u128) visit_f64(f64) visit_char(char)
        visit_str(&str) visit_borrowed_str(&'de str) visit_string(String)
        visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8]) visit_byte_buf(alloc::vec::Vec<u8>)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Objects(value))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Objects(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Objects(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Objects(members))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Objects(variant))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Objects<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Objects(value))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Objects(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Objects<A> {
    type Error = A::Error;
    type Variant = Objects<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        self.0.variant_seed(Objects(seed)).map(|(value, variant)| (value, Objects(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Objects(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(length, Objects(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Objects(visitor))
    }
}

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeMap, vec::Vec};

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer<'a> {
        name: &'a str,
        #[serde(default)]
        inner: Vec<Inner>,
        pairs: Option<Vec<(u8, i64)>>,
        named: Option<BTreeMap<String, Inner>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        count: u32,
    }

    fn error(text: &str) -> String {
        read::<Outer<'_>>(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn objects_are_read() {
        let text = br#"{"name":"a","inner":[{"count":1},{"count":2}],"pairs":[[1,-2]],"named":{"b":{"count":3}}}"#;
        let named = BTreeMap::from([("b".into(), Inner { count: 3 })]);
        let inner = [1, 2].map(|count| Inner { count }).into();
        let expected = Outer { name: "a", inner, pairs: Some([(1, -2)].into()), named: Some(named) };
        assert_eq!(read::<Outer<'_>>(text).unwrap(), expected);
        assert_eq!(read_value::<Inner>(serde_json::json!({"count": 5})).unwrap(), Inner { count: 5 });
    }

    #[test]
    fn lists_are_no_objects() {
        assert_eq!(error(r#"["a",[],null,null]"#), "invalid type: list, expected an object at line 1 column 0");
        for text in [r#"{"name":"a","inner":[[1]]}"#, r#"{"name":"a","named":{"b":[1]}}"#] {
            assert!(error(text).contains("invalid type: list, expected an object at line 1"), "{}", error(text));
        }
        let refused = read_value::<Inner>(serde_json::json!([5])).unwrap_err();
        assert_eq!(refused.to_string(), "invalid type: list, expected an object");
    }

    #[test]
    fn errors_are_in_words() {
        for (text, words) in [
            (r#"{"name":"a","inner":{}}"#, "invalid type: object, expected a list at line 1 column 20"),
            (
                r#"{"name":"a","inner":[{"count":-1}]}"#,
                "invalid value: integer `-1`, expected an integer from 0 to 4294967295",
            ),
            (r#"{"name":"a","pairs":[["x",1]]}"#, "invalid type: string \"x\", expected an integer from 0 to 255"),
            (r#"{"name":"a","pairs":[[1,1.5]]}"#, "expected an integer from -2^63 to 2^63 - 1"),
            (
                r#"{"name":"a","other":1}"#,
                "unknown field `other`, expected one of `name`, `inner`, `pairs`, `named` at line 1",
            ),
            (r#"{"name":"a"} x"#, "trailing characters at line 1 column 14"),
            ("{}", "missing field `name` at line 1 column 2"),
        ] {
            assert!(error(text).contains(words), "{}", error(text));
        }
        let long = format!(r#"{{"name":"a","inner":"{}"}}"#, "x".repeat(100_000));
        assert!(error(&long).ends_with("xxx..., expected a list at line 1 column 100022"), "{}", error(&long));
        assert!(error(&long).len() < 300);
    }
}

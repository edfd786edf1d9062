//! Building and reading the JSON forms.

use std::fmt;

use neovm_types::{base64, json::Json};

/// Why JSON is not the form of what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FromJsonError {
    /// The path of the field: `rules[0].condition.type`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl FromJsonError {
    pub(crate) fn new(field: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self { field: field.into(), problem: problem.to_string() }
    }
}

/// Returns an object with these members, in this order.
pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.map(|(key, value)| (key.into(), value)).into())
}

/// A value with the path that leads to it.
pub(crate) struct Field<'a> {
    pub(crate) path: String,
    pub(crate) value: &'a Json,
}

impl<'a> Field<'a> {
    fn wrong(&self, problem: impl fmt::Display) -> FromJsonError {
        FromJsonError::new(&*self.path, problem)
    }

    /// Reads a text with a function.
    pub(crate) fn parse<T, E: fmt::Display>(&self, f: impl FnOnce(&str) -> Result<T, E>) -> Result<T, FromJsonError> {
        let text = self.value.as_str().ok_or_else(|| self.wrong("is not a string"))?;
        f(text).map_err(|error| self.wrong(error))
    }

    pub(crate) fn boolean(&self) -> Result<bool, FromJsonError> {
        match self.value {
            Json::Bool(value) => Ok(*value),
            _ => Err(self.wrong("is neither true nor false")),
        }
    }

    /// Reads a whole number.
    pub(crate) fn integer<T: TryFrom<u64>>(&self) -> Result<T, FromJsonError> {
        let whole = match self.value {
            // What is not whole or out of range does not come back the same.
            Json::Number(value) => Some(*value as u64).filter(|whole| *whole as f64 == *value),
            _ => None,
        };
        let number = whole.and_then(|whole| T::try_from(whole).ok());
        number.ok_or_else(|| self.wrong(format_args!("is {}, not a whole number of the right size", self.value)))
    }

    /// Reads bytes in base64.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, FromJsonError> {
        self.parse(base64::decode)
    }

    /// Reads an array of at most `limit` elements with a function.
    pub(crate) fn list<T>(
        &self,
        limit: usize,
        f: impl Fn(Field<'a>) -> Result<T, FromJsonError>,
    ) -> Result<Vec<T>, FromJsonError> {
        let Json::Array(items) = self.value else { return Err(self.wrong("is not an array")) };
        if items.len() > limit {
            return Err(self.wrong(format_args!("has {} elements, at most {limit} are allowed", items.len())));
        }
        let element = |(i, value)| f(Field { path: format!("{}[{i}]", self.path), value });
        items.iter().enumerate().map(element).collect()
    }

    /// Reads an object.
    pub(crate) fn object(self) -> Result<Object<'a>, FromJsonError> {
        match self.value {
            Json::Object(_) => Ok(Object(self)),
            _ => Err(self.wrong("is not an object")),
        }
    }
}

/// An object whose members are read by key.
pub(crate) struct Object<'a>(Field<'a>);

impl<'a> Object<'a> {
    pub(crate) fn new(value: &'a Json, name: &str) -> Result<Self, FromJsonError> {
        Field { path: name.into(), value }.object()
    }

    pub(crate) fn path(&self) -> &str {
        &self.0.path
    }

    /// Returns the member with a key, unless it is missing or null.
    pub(crate) fn optional(&self, key: &str) -> Option<Field<'a>> {
        let value = self.0.value.get(key).filter(|value| **value != Json::Null)?;
        Some(Field { path: format!("{}.{key}", self.0.path), value })
    }

    /// Checks that a member, if it is there, is the text that follows from the others.
    pub(crate) fn check(&self, key: &str, expected: &str) -> Result<(), FromJsonError> {
        match self.optional(key) {
            Some(field) if field.value.as_str() != Some(expected) => {
                Err(field.wrong(format_args!("is {}, of the rest it is {expected:?}", field.value)))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn required(&self, key: &str) -> Result<Field<'a>, FromJsonError> {
        self.optional(key).ok_or_else(|| FromJsonError::new(format!("{}.{key}", self.0.path), "is missing"))
    }
}

/// Returns a number.
pub(crate) fn number(value: impl Into<f64>) -> Json {
    Json::Number(value.into())
}

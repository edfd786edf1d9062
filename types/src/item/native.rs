//! Rust values as items.
//!
//! Items compare with Rust values for tests: an item equals a number, boolean,
//! text or bytes if it has the type of these and the same value. Items do not
//! compare with each other, since compounds, buffers and objects of the host
//! have an identity; [`StackItem::is_same`] and the rules of EQUAL look at that.

use alloc::{string::String, vec::Vec};

use super::{ByteString, StackItem};
use crate::integer::Integer;

macro_rules! integers {
    ($($type:ty),*) => {
        $(
            impl From<$type> for StackItem {
                fn from(value: $type) -> Self {
                    Integer::from(value).into()
                }
            }

            impl PartialEq<$type> for StackItem {
                fn eq(&self, other: &$type) -> bool {
                    *self == Integer::from(*other)
                }
            }
        )*
    };
}

integers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

impl From<bool> for StackItem {
    fn from(value: bool) -> Self {
        Self::Boolean(value.into())
    }
}

impl From<&[u8]> for StackItem {
    fn from(bytes: &[u8]) -> Self {
        Self::ByteString(ByteString::new(bytes))
    }
}

impl<const N: usize> From<[u8; N]> for StackItem {
    fn from(bytes: [u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

impl From<Vec<u8>> for StackItem {
    fn from(bytes: Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl From<&str> for StackItem {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<String> for StackItem {
    fn from(text: String) -> Self {
        text.as_bytes().into()
    }
}

/// An Array of the items.
impl From<Vec<StackItem>> for StackItem {
    fn from(items: Vec<StackItem>) -> Self {
        Self::array(items)
    }
}

/// Null for `None`.
impl<T: Into<StackItem>> From<Option<T>> for StackItem {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl PartialEq<Integer> for StackItem {
    fn eq(&self, other: &Integer) -> bool {
        matches!(self, Self::Integer(_) | Self::BigInteger(_)) && self.to_integer().as_ref() == Ok(other)
    }
}

impl PartialEq<bool> for StackItem {
    fn eq(&self, other: &bool) -> bool {
        matches!(self, Self::Boolean(value) if value.get() == *other)
    }
}

impl PartialEq<[u8]> for StackItem {
    fn eq(&self, other: &[u8]) -> bool {
        matches!(self, Self::ByteString(bytes) if **bytes == *other)
    }
}

impl PartialEq<&[u8]> for StackItem {
    fn eq(&self, other: &&[u8]) -> bool {
        *self == **other
    }
}

impl PartialEq<str> for StackItem {
    fn eq(&self, other: &str) -> bool {
        *self == *other.as_bytes()
    }
}

impl PartialEq<&str> for StackItem {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;

    #[test]
    fn all_integers_become_items() {
        let highest = [
            StackItem::from(i8::MAX),
            i16::MAX.into(),
            i32::MAX.into(),
            i64::MAX.into(),
            i128::MAX.into(),
            u8::MAX.into(),
            u16::MAX.into(),
            u32::MAX.into(),
            u64::MAX.into(),
            u128::MAX.into(),
        ];
        let texts = highest.map(|item| item.to_integer().unwrap().to_string());
        let expected = [
            i8::MAX.to_string(),
            i16::MAX.to_string(),
            i32::MAX.to_string(),
            i64::MAX.to_string(),
            i128::MAX.to_string(),
            u8::MAX.to_string(),
            u16::MAX.to_string(),
            u32::MAX.to_string(),
            u64::MAX.to_string(),
            u128::MAX.to_string(),
        ];
        assert_eq!(texts, expected);
        assert_eq!(StackItem::from(i128::MIN).to_integer().unwrap().to_string(), i128::MIN.to_string());
        assert!(matches!(StackItem::from(-1i128), StackItem::Integer(-1)), "small ones are small");
        assert!(matches!(StackItem::from(7u128), StackItem::Integer(7)));
    }

    #[test]
    fn items_equal_values_of_their_type() {
        assert_eq!(StackItem::from(5u8), 5);
        assert_eq!(StackItem::from(u128::MAX), u128::MAX);
        assert_ne!(StackItem::from(5), 6);
        assert_eq!(StackItem::from("text"), "text");
        assert_eq!(StackItem::from(vec![1, 2]), [1, 2].as_slice());
        assert_eq!(StackItem::from(true), true);
        assert_ne!(StackItem::from(true), 1, "of another type");
        assert_ne!(StackItem::from([1].as_slice()), 1, "of another type");
        assert_ne!(StackItem::buffer(b"text"), "text", "a buffer has an identity");
        assert_eq!([StackItem::from(1), StackItem::from(2)], [1, 2]);
    }

    #[test]
    fn options_and_lists() {
        assert!(StackItem::from(None::<i32>).is_null());
        assert_eq!(StackItem::from(Some("text")), "text");
        let StackItem::Array(array) = StackItem::from(vec![StackItem::from(1), "two".into()]) else {
            panic!("an array")
        };
        assert_eq!(array.get(1).unwrap(), "two");
    }
}

//! Arguments of system calls and native methods as Rust values, and results as
//! stack items.
//!
//! The types that handlers take and return are the declaration of a method: the
//! parameter types of manifests come from them.
//!
//! Sources: `InteropParameterDescriptor.cs`, `ContractMethodMetadata.cs`
//! (`ToParameterType`), `ApplicationEngine.cs` (`Convert`), `ECPoint.cs`.

use neovm_crypto::{Curve, uncompress_public_key};
use neovm_interp::Caller;
use neovm_types::{
    Array, ByteString, CallFlags, FaultKind, Hash160, Hash256, Integer, Interop, Script, StackItem,
    manifest::{ParameterType, PublicKey},
};

use crate::fault;

/// A value that an argument is converted to.
pub trait Parameter: Sized {
    /// The type that manifests show.
    const TYPE: ParameterType;

    /// Converts an argument.
    ///
    /// A list that is given as a number takes its elements from the stack, so
    /// converting may pop items.
    ///
    /// # Errors
    /// A fault if the item is not such a value.
    fn from_item(item: StackItem, caller: &mut Caller<'_>) -> Result<Self, FaultKind>;

    /// Pops an argument and converts it.
    ///
    /// # Errors
    /// A fault if there is none, and those of [`Parameter::from_item`].
    #[inline]
    fn pop(caller: &mut Caller<'_>) -> Result<Self, FaultKind> {
        let item = caller.pop()?;
        Self::from_item(item, caller)
    }
}

/// What a system call or a native method returns.
pub trait Return {
    /// The type that manifests show.
    const TYPE: ParameterType;

    /// Converts the value to an item; `None` if the method returns nothing.
    fn into_item(self) -> Option<StackItem>;
}

fn not_null(item: &StackItem) -> Result<(), FaultKind> {
    if item.is_null() { Err(fault("an argument is null")) } else { Ok(()) }
}

impl Parameter for StackItem {
    const TYPE: ParameterType = ParameterType::Any;

    fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
        Ok(item)
    }
}

impl Parameter for bool {
    const TYPE: ParameterType = ParameterType::Boolean;

    fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
        not_null(&item)?;
        item.to_boolean()
    }
}

impl Parameter for Integer {
    const TYPE: ParameterType = ParameterType::Integer;

    fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
        item.to_integer()
    }
}

macro_rules! integers {
    ($($name:ty),*) => {
        $(impl Parameter for $name {
            const TYPE: ParameterType = ParameterType::Integer;

            fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
                let value = match item.to_integer()? {
                    Integer::Small(value) => Self::try_from(value).ok(),
                    wide => wide.to_string().parse().ok(),
                };
                value.ok_or(FaultKind::Overflow)
            }
        }

        impl Return for $name {
            const TYPE: ParameterType = ParameterType::Integer;

            fn into_item(self) -> Option<StackItem> {
                Some(self.into())
            }
        })*
    };
}

integers!(u8, i32, u32, i64, u64);

/// Values that are made of the bytes of an item, which lies on the stack meanwhile.
macro_rules! made_of_bytes {
    ($($(#[$doc:meta])* $name:ty: $type:ident = $make:expr;)*) => {
        $($(#[$doc])* impl Parameter for $name {
            const TYPE: ParameterType = ParameterType::$type;

            fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
                look(&item, $make)
            }

            #[inline]
            fn pop(caller: &mut Caller<'_>) -> Result<Self, FaultKind> {
                caller.pop_with(|item| look(item, $make))?
            }
        })*
    };
}

/// Calls a function with the bytes of an item, which mostly is a byte string.
#[inline]
fn look<R>(item: &StackItem, f: impl FnOnce(&[u8]) -> Result<R, FaultKind>) -> Result<R, FaultKind> {
    match item {
        StackItem::ByteString(bytes) => f(bytes),
        other => other.with_bytes(f)?,
    }
}

made_of_bytes! {
    /// Bytes, in a manifest `ByteArray`.
    Vec<u8>: ByteArray = |bytes| Ok(bytes.to_vec());
    Script: ByteArray = |bytes| Ok(Self::from(bytes));
    Hash160: Hash160 = |bytes| bytes.try_into().map(Self).map_err(|_| wrong_length("Hash160"));
    Hash256: Hash256 = |bytes| bytes.try_into().map(Self).map_err(|_| wrong_length("Hash256"));
    PublicKey: PublicKey = decode_point;
    Point: PublicKey = Self::decode;
}

fn wrong_length(name: &str) -> FaultKind {
    fault(format!("an argument has not the length of {name}"))
}

/// An item that has bytes. They are not copied.
#[derive(Debug)]
pub(crate) struct ByteItem(StackItem);

impl ByteItem {
    /// Calls a function with the bytes.
    #[inline]
    pub(crate) fn look<R>(&self, f: impl FnOnce(&[u8]) -> Result<R, FaultKind>) -> Result<R, FaultKind> {
        look(&self.0, f)
    }
}

impl Parameter for ByteItem {
    const TYPE: ParameterType = ParameterType::ByteArray;

    #[inline]
    fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
        match item {
            StackItem::ByteString(_) => Ok(Self(item)),
            _ => item.with_bytes(|_| ()).map(|()| Self(item)),
        }
    }
}

/// A text that is only looked at, such as the name of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(ByteString);

impl Parameter for Name {
    const TYPE: ParameterType = ParameterType::String;

    #[inline]
    fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
        let bytes = match item {
            StackItem::ByteString(bytes) => bytes,
            other => other.with_bytes(ByteString::new)?,
        };
        if str::from_utf8(&bytes).is_err() {
            return Err(fault("a text is not UTF-8"));
        }
        Ok(Self(bytes))
    }
}

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Parameter for String {
    const TYPE: ParameterType = ParameterType::String;

    fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
        item.with_bytes(|bytes| str::from_utf8(bytes).map(Self::from))?.map_err(|_| fault("a text is not UTF-8"))
    }
}

macro_rules! fixed_bytes {
    ($($name:ident),*) => {
        $(impl Return for $name {
            const TYPE: ParameterType = ParameterType::$name;

            fn into_item(self) -> Option<StackItem> {
                Some(self.0.as_slice().into())
            }
        })*
    };
}

fixed_bytes!(Hash160, Hash256, PublicKey);

/// Decodes a public key as [`PublicKey::decode_point`] does.
pub(crate) fn decode_point(bytes: &[u8]) -> Result<PublicKey, FaultKind> {
    PublicKey::decode_point(bytes).map_err(fault)
}

/// A public key with both coordinates, as they were given: an uncompressed one need not be on the curve. Points are in
/// the order of the reference, and equal only if both coordinates are, while [`Point::key`] tells no more of the second
/// one than whether it is odd.
///
/// Source: `ECPoint.cs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    x: [u8; 32],
    y: [u8; 32],
}

impl Point {
    /// Returns the compressed form.
    pub fn key(&self) -> PublicKey {
        let mut key = [2 | self.y[31] & 1; 33];
        key[1..].copy_from_slice(&self.x);
        PublicKey(key)
    }

    fn decode(bytes: &[u8]) -> Result<Self, FaultKind> {
        let key = decode_point(bytes)?;
        let uncompressed: [u8; 65] = match bytes.try_into() {
            Ok(given) => given,
            Err(_) => uncompress_public_key(&key.0, Curve::Secp256r1).map_err(fault)?,
        };
        let [x, y] = [1, 33].map(|start| std::array::from_fn(|i| uncompressed[start + i]));
        Ok(Self { x, y })
    }
}

/// The bits may have no meaning: handlers check them.
impl Parameter for CallFlags {
    const TYPE: ParameterType = ParameterType::Integer;

    fn from_item(item: StackItem, caller: &mut Caller<'_>) -> Result<Self, FaultKind> {
        u8::from_item(item, caller).map(Self::from_bits_retain)
    }
}

impl<T: Parameter> Parameter for Option<T> {
    const TYPE: ParameterType = T::TYPE;

    fn from_item(item: StackItem, caller: &mut Caller<'_>) -> Result<Self, FaultKind> {
        if item.is_null() { Ok(None) } else { T::from_item(item, caller).map(Some) }
    }
}

/// An array or a struct: as an argument that of the script, not a copy.
#[derive(Clone, Debug)]
pub struct ArrayItem(pub(crate) StackItem);

impl ArrayItem {
    /// The array or struct.
    pub fn item(&self) -> &StackItem {
        &self.0
    }

    /// Returns the number of items.
    pub(crate) fn len(&self) -> usize {
        self.array().map_or(0, Array::len)
    }

    /// Calls a function with each item until it fails.
    pub(crate) fn try_for_each(&self, mut f: impl FnMut(&StackItem) -> Result<(), FaultKind>) -> Result<(), FaultKind> {
        let mut result = Ok(());
        if let Some(array) = self.array() {
            array.for_each(|item| {
                if result.is_ok() {
                    result = f(item);
                }
            });
        }
        result
    }

    /// Returns the items one by one.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = StackItem> + ExactSizeIterator {
        let array = self.array();
        (0..self.len()).map(move |index| array.and_then(|array| array.get(index)).unwrap_or_default())
    }

    /// Returns the items.
    pub fn to_vec(&self) -> Vec<StackItem> {
        self.array().map_or_else(Vec::new, Array::to_vec)
    }

    fn array(&self) -> Option<&Array> {
        match &self.0 {
            StackItem::Array(array) | StackItem::Struct(array) => Some(array),
            _ => None,
        }
    }
}

impl Parameter for ArrayItem {
    const TYPE: ParameterType = ParameterType::Array;

    fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
        match item {
            StackItem::Array(_) | StackItem::Struct(_) => Ok(Self(item)),
            other => Err(fault(format!("the argument is no array, but {}", other.item_type()))),
        }
    }
}

impl Return for ArrayItem {
    const TYPE: ParameterType = ParameterType::Array;

    fn into_item(self) -> Option<StackItem> {
        Some(self.0)
    }
}

/// A list of values: an array, or a number and that many items behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T: Parameter> Parameter for List<T> {
    const TYPE: ParameterType = ParameterType::Array;

    fn from_item(item: StackItem, caller: &mut Caller<'_>) -> Result<Self, FaultKind> {
        let element = |item: StackItem, caller: &mut Caller<'_>| {
            not_null(&item)?;
            T::from_item(item, caller)
        };
        if let StackItem::Array(array) | StackItem::Struct(array) = &item {
            return array.to_vec().into_iter().map(|item| element(item, caller)).collect::<Result<_, _>>().map(Self);
        }
        let count = item.to_i32()?;
        let count = usize::try_from(count).ok().filter(|count| *count <= caller.limits().max_stack_size as usize);
        let count = count.ok_or_else(|| fault("the number of elements is out of range"))?;
        let elements = (0..count).map(|_| {
            let item = caller.pop()?;
            element(item, caller)
        });
        elements.collect::<Result<_, _>>().map(Self)
    }
}

/// An object of the host.
impl Parameter for Interop {
    const TYPE: ParameterType = ParameterType::InteropInterface;

    fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
        object(&item).cloned()
    }
}

/// Returns the object of the host that an item is.
#[inline]
pub(crate) fn object(item: &StackItem) -> Result<&Interop, FaultKind> {
    match item {
        StackItem::Interop(object) => Ok(object),
        other => Err(fault(format!("the argument is no InteropInterface, but {}", other.item_type()))),
    }
}

impl Return for Interop {
    const TYPE: ParameterType = ParameterType::InteropInterface;

    fn into_item(self) -> Option<StackItem> {
        Some(StackItem::Interop(self))
    }
}

impl Return for () {
    const TYPE: ParameterType = ParameterType::Void;

    fn into_item(self) -> Option<StackItem> {
        None
    }
}

impl Return for StackItem {
    const TYPE: ParameterType = ParameterType::Any;

    fn into_item(self) -> Option<StackItem> {
        Some(self)
    }
}

macro_rules! returned {
    ($($name:ty: $type:ident),*) => {
        $(impl Return for $name {
            const TYPE: ParameterType = ParameterType::$type;

            fn into_item(self) -> Option<StackItem> {
                Some(self.into())
            }
        })*
    };
}

returned!(bool: Boolean, Integer: Integer, &'static str: String, String: String, Vec<u8>: ByteArray, CallFlags: Integer);

impl Return for ByteString {
    const TYPE: ParameterType = ParameterType::ByteArray;

    fn into_item(self) -> Option<StackItem> {
        Some(StackItem::ByteString(self))
    }
}

impl<T: Return> Return for Option<T> {
    const TYPE: ParameterType = T::TYPE;

    fn into_item(self) -> Option<StackItem> {
        Some(self.and_then(T::into_item).unwrap_or(StackItem::Null))
    }
}

/// An array of items.
impl Return for Vec<StackItem> {
    const TYPE: ParameterType = ParameterType::Array;

    fn into_item(self) -> Option<StackItem> {
        Some(StackItem::array(self))
    }
}

impl<T: Return> Return for List<T> {
    const TYPE: ParameterType = ParameterType::Array;

    fn into_item(self) -> Option<StackItem> {
        Some(StackItem::array(self.0.into_iter().filter_map(T::into_item).collect::<Vec<_>>()))
    }
}

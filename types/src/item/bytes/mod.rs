//! Byte strings, buffers, and integers that take 256 bits.

#[allow(unsafe_code, reason = "counted bytes in one allocation: see its module")]
mod node;
#[allow(unsafe_code, reason = "integers in nodes: see its module")]
mod wide;

use core::str::Utf8Error;

pub(crate) use self::node::LENGTH;
use self::node::Node;
pub use self::{node::Constants, wide::WideInteger};
use crate::fault::FaultKind;

/// An immutable byte string. Clones share the bytes.
#[derive(Clone)]
pub struct ByteString(Node);

impl ByteString {
    /// Creates a byte string with a copy of some bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Node::new(bytes))
    }

    /// Creates a byte string of a buffer's bytes, which are copied only if there
    /// are other references to the buffer.
    pub fn from_buffer(buffer: Buffer) -> Self {
        if buffer.0.is_unique() { Self(buffer.0) } else { buffer.with(Self::new) }
    }

    /// Adds bytes behind the others: in place if this is the only reference to them.
    pub(crate) fn append(&mut self, more: &[u8]) {
        self.0.append(more);
    }

    /// Whether another one has the same memory.
    #[inline(always)]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.0.address() == other.0.address()
    }

    /// Whether the bytes belong to a decoded script.
    #[inline(always)]
    pub(crate) fn is_constant(&self) -> bool {
        self.0.is_constant()
    }

    /// Checks that the bytes are UTF-8, and remembers that they are.
    pub(super) fn check_text(&self) -> Result<(), Utf8Error> {
        self.0.check_text()
    }
}

/// Lending: see [`crate::engine_internals::Lent`].
#[allow(unsafe_code, reason = "the engine keeps what it lends within the life of the script")]
impl ByteString {
    /// # Safety
    /// That of [`crate::engine_internals::Lent::constant`].
    #[inline(always)]
    pub(crate) unsafe fn constant(start: *const u64, place: usize) -> Self {
        // SAFETY: the caller's word.
        unsafe { Self(Node::constant(start, place)) }
    }

    /// # Safety
    /// That of [`crate::engine_internals::Lent::constant`].
    #[inline(always)]
    pub(crate) unsafe fn lend(&self) -> Self {
        // SAFETY: the caller's word.
        unsafe { Self(self.0.lend()) }
    }
}

#[allow(unsafe_code, reason = "bytes of byte strings never change")]
impl core::ops::Deref for ByteString {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        // SAFETY: nobody writes to a byte string's node: buffers never share
        // theirs with one.
        unsafe { self.0.bytes() }
    }
}

impl PartialEq for ByteString {
    fn eq(&self, other: &Self) -> bool {
        self.0.address() == other.0.address() || **self == **other
    }
}

impl Eq for ByteString {}

impl PartialOrd for ByteString {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByteString {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (**self).cmp(&**other)
    }
}

impl core::hash::Hash for ByteString {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl core::fmt::Debug for ByteString {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        debug_hex(self, f)
    }
}

/// A mutable byte string of fixed length. Clones share the bytes.
#[derive(Clone)]
pub struct Buffer(Node);

/// What can be asked of a buffer and done to it. What changes it faults with
/// [`FaultKind::Host`] within a function given to [`Buffer::with`] of this
/// buffer, and with [`FaultKind::ListIndex`] past its end.
#[allow(clippy::missing_errors_doc, reason = "the block's doc states them")]
impl Buffer {
    /// Creates a buffer with a copy of some bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Node::new(bytes))
    }

    /// Creates a buffer of zeros.
    pub fn zeroed(length: usize) -> Self {
        Self(Node::zeroed(length))
    }

    /// Creates a buffer of two byte strings, one after the other.
    pub fn joined(first: &[u8], second: &[u8]) -> Self {
        Self(Node::joined(first, second))
    }

    /// Returns a buffer with the bytes of a byte string and others behind them. A byte string that nobody else holds is
    /// used again.
    pub(crate) fn continuing(first: ByteString, more: &[u8]) -> Self {
        let mut node = first.0;
        node.append(more);
        Self(node)
    }

    /// Returns a buffer with the bytes of another one and more behind them; the other one itself, if nobody else holds it.
    pub(crate) fn extended(mut self, more: &[u8]) -> Self {
        self.0.append(more);
        self
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the byte at an index.
    pub fn get(&self, index: usize) -> Option<u8> {
        self.0.get(index)
    }

    /// Sets the byte at an index; faults if there is none.
    pub fn set(&self, index: usize, byte: u8) -> Result<(), FaultKind> {
        self.0.write(|bytes| bytes.get_mut(index).map(|place| *place = byte))?.ok_or(FaultKind::ListIndex)
    }

    /// Reverses the order of the bytes.
    pub fn reverse(&self) -> Result<(), FaultKind> {
        self.0.write(<[u8]>::reverse)
    }

    /// Copies bytes, other than this buffer's own, to an index. Faults and changes
    /// nothing if they do not fit.
    pub fn write(&self, index: usize, bytes: &[u8]) -> Result<(), FaultKind> {
        let copied = self.0.write(|own| {
            let place = index.checked_add(bytes.len()).and_then(|end| own.get_mut(index..end));
            place.map(|place| place.copy_from_slice(bytes))
        });
        copied?.ok_or(FaultKind::ListIndex)
    }

    /// Copies bytes of this buffer to another index of it; the ranges may overlap.
    /// Faults and changes nothing if they do not fit.
    pub fn copy_within(&self, from: core::ops::Range<usize>, to: usize) -> Result<(), FaultKind> {
        let copied = self.0.write(|bytes| {
            let length = bytes.len();
            let fits = from.start <= from.end && from.end <= length && to <= length && from.len() <= length - to;
            fits.then(|| bytes.copy_within(from, to))
        });
        copied?.ok_or(FaultKind::ListIndex)
    }

    /// Checks that the bytes are UTF-8, and remembers it until they change.
    pub(super) fn check_text(&self) -> Result<(), Utf8Error> {
        self.0.check_text()
    }

    /// Calls a function with the bytes. The buffer refuses changes meanwhile, those
    /// of machines that the function runs included.
    pub fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        self.0.look(f)
    }

    /// # Safety
    /// That of [`crate::engine_internals::buffer_bytes`].
    #[allow(unsafe_code, reason = "the engine writes to no buffer meanwhile")]
    #[inline(always)]
    pub(crate) unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: the caller's word.
        unsafe { self.0.bytes() }
    }

    /// The address of the bytes' head, which tells buffers apart while they live.
    pub(super) fn address(&self) -> usize {
        self.0.address()
    }

    /// Returns whether this is the same buffer as another, not one with equal bytes.
    pub fn is_same(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

impl core::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.with(|bytes| debug_hex(bytes, f))
    }
}

fn debug_hex(bytes: &[u8], f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
    f.write_str("0x")?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

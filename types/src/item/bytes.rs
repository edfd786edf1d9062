//! Byte strings and buffers.

use alloc::rc::Rc;
use core::cell::RefCell;

use smallvec::SmallVec;

/// Bytes up to this length are kept with the count, in one allocation.
const INLINE: usize = 32;

type Bytes = SmallVec<[u8; INLINE]>;

/// An immutable byte string. Clones share the bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteString(Rc<Bytes>);

impl ByteString {
    /// A byte string with a copy of some bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Rc::new(Bytes::from_slice(bytes)))
    }
}

impl core::ops::Deref for ByteString {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for ByteString {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        debug_hex(self, f)
    }
}

/// A mutable byte string of fixed length. Clones share the bytes.
#[derive(Clone)]
pub struct Buffer(Rc<RefCell<Bytes>>);

impl Buffer {
    /// A buffer with a copy of some bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Rc::new(RefCell::new(Bytes::from_slice(bytes))))
    }

    /// A buffer of zeros.
    pub fn zeroed(length: usize) -> Self {
        // A vector of zeros comes zeroed from the allocator, without a pass over it.
        let bytes = if length > INLINE { Bytes::from_vec(alloc::vec![0; length]) } else { Bytes::from_elem(0, length) };
        Self(Rc::new(RefCell::new(bytes)))
    }

    /// A buffer of two byte strings, one behind the other.
    pub fn joined(first: &[u8], second: &[u8]) -> Self {
        let mut bytes = Bytes::with_capacity(first.len() + second.len());
        bytes.extend_from_slice(first);
        bytes.extend_from_slice(second);
        Self(Rc::new(RefCell::new(bytes)))
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The byte at an index.
    pub fn get(&self, index: usize) -> Option<u8> {
        self.0.borrow().get(index).copied()
    }

    /// Sets the byte at an index; false if there is none.
    pub fn set(&self, index: usize, byte: u8) -> bool {
        self.0.borrow_mut().get_mut(index).map(|place| *place = byte).is_some()
    }

    /// Reverses the order of the bytes.
    pub fn reverse(&self) {
        self.0.borrow_mut().reverse();
    }

    /// Copies bytes to an index; false, with nothing done, if they do not fit.
    pub fn write(&self, index: usize, bytes: &[u8]) -> bool {
        let mut own = self.0.borrow_mut();
        let place = index.checked_add(bytes.len()).and_then(|end| own.get_mut(index..end));
        place.map(|place| place.copy_from_slice(bytes)).is_some()
    }

    /// Copies bytes of this buffer to another index of it; the ranges may overlap.
    pub fn copy_within(&self, from: core::ops::Range<usize>, to: usize) -> bool {
        let mut own = self.0.borrow_mut();
        let fits = from.start <= from.end && from.end <= own.len() && to <= own.len() && from.len() <= own.len() - to;
        if fits {
            own.copy_within(from, to);
        }
        fits
    }

    /// Calls a function with the bytes. The function must not change this buffer.
    pub fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(&self.0.borrow())
    }

    /// Tells buffers apart while they live.
    pub(super) fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }

    /// Whether it is the same buffer as another.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
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

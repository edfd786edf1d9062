//! Stack items as bytes: the form in which contracts store and exchange them.
//!
//! A type byte comes first. Integers, byte strings and buffers follow as a length
//! and the bytes, a Boolean as one byte, arrays and structs as a length and the
//! items, maps as a length and the pairs of key and value. Null is its type byte
//! alone. Lengths take one byte below `0xfd`, else a marker and two, four or eight
//! bytes, little-endian.
//!
//! Source: `BinarySerializer.cs` and `MemoryReader.cs` of the reference node.

use alloc::{format, string::String, vec::Vec};

use smallvec::SmallVec;

use super::{Array, Buffer, ByteString, ItemType, Map, StackItem};
use crate::{
    fault::FaultKind,
    integer::{Integer, MAX_SIZE},
    io::{length_bytes, length_size},
};

/// Returns an item as bytes.
///
/// # Errors
/// [`FaultKind::Host`] if the bytes are more than `max_size`, if there are more
/// than `max_items` items, each map key counted, if a compound occurs twice, within
/// itself or beside itself, and if there is a pointer or an interop object.
pub fn serialize(item: &StackItem, max_size: usize, max_items: usize) -> Result<Vec<u8>, FaultKind> {
    let mut writer = Writer::new(Vec::with_capacity(room(item)), max_size, max_items);
    writer.write_tree(item)?;
    Ok(writer.out)
}

/// Returns the number of bytes that [`serialize`] makes of an item.
///
/// # Errors
/// Those of [`serialize`].
pub fn serialized_size(item: &StackItem, max_size: usize, max_items: usize) -> Result<usize, FaultKind> {
    if let Some(size) = flat_size(item).filter(|size| *size <= max_size && item.child_count() < max_items) {
        return Ok(size);
    }
    let mut writer = Writer::new(Size(0), max_size, max_items);
    writer.write_tree(item)?;
    Ok(writer.out.0)
}

/// The number of bytes of an array or struct without compounds in it, unless an item in it cannot be serialized.
fn flat_size(item: &StackItem) -> Option<usize> {
    let (StackItem::Array(array) | StackItem::Struct(array)) = item else { return None };
    if array.header().is_nested() {
        return None;
    }
    let with_length = |length: usize| 1 + length_size(length) + length;
    let size = |item: &StackItem| {
        Some(match item {
            StackItem::Null => 1,
            StackItem::Boolean(_) => 2,
            StackItem::Integer(value) => with_length(Integer::Small(*value).byte_len()),
            StackItem::BigInteger(value) => with_length(value.byte_len()),
            StackItem::ByteString(bytes) => with_length(bytes.len()),
            StackItem::Buffer(buffer) => with_length(buffer.len()),
            _ => return None,
        })
    };
    array.look(|items| items.iter().try_fold(1 + length_size(items.len()), |sum, item| Some(sum + size(item)?)))
}

/// Returns a struct of some fields as [`serialize`] does, but the struct need not be made.
///
/// # Errors
/// Those of [`serialize`], and [`FaultKind::Host`] if a field is a compound.
pub fn serialize_struct(fields: &[StackItem], max_size: usize, max_items: usize) -> Result<Vec<u8>, FaultKind> {
    let mut writer = Writer::new(Vec::with_capacity(16 * (1 + fields.len())), max_size, max_items);
    writer.count()?;
    writer.write_type(ItemType::Struct, fields.len());
    writer.check_size(0)?;
    for field in fields {
        if writer.write(field)? {
            return fault("A field of the struct is a compound");
        }
    }
    Ok(writer.out)
}

/// A guess at the number of bytes of an item, so that few buffers are outgrown.
fn room(item: &StackItem) -> usize {
    16 + 8 * item.child_count() + item.primitive_size().unwrap_or(0)
}

/// Reads an item from the start of some bytes; what follows it is ignored.
///
/// Lengths may be longer than necessary. Of a map's values with one key the last
/// one counts, at the place of the first.
///
/// # Errors
/// [`FaultKind::Host`] if the bytes are not those of an item, if a byte string or
/// buffer in it has more than `max_size` bytes, if there are more than `max_items`
/// items, each map key counted; the faults of [`Map::insert`] for a map's keys.
pub fn deserialize(bytes: &[u8], max_size: usize, max_items: usize) -> Result<StackItem, FaultKind> {
    let mut reader = Reader { bytes, position: 0, max_size, max_items, items: 0 };
    reader.announce(1)?;
    let mut open: Vec<Unfilled> = Vec::new();
    loop {
        let mut item = match reader.next()? {
            Next::Item(item) => item,
            Next::Compound(item_type, 0) => Unfilled::new(item_type, 0).finish()?,
            Next::Compound(item_type, count) => {
                open.push(Unfilled::new(item_type, count));
                continue;
            }
        };
        loop {
            let Some(parent) = open.last_mut() else { return Ok(item) };
            parent.items.push(item);
            match open.pop_if(|parent| parent.items.len() == parent.count) {
                Some(parent) => item = parent.finish()?,
                None => break,
            }
        }
    }
}

/// Reads a struct of a few fields, none of them a compound, as [`deserialize`] does, but makes no struct. Returns
/// `None` for all other bytes.
pub fn deserialize_fields(bytes: &[u8], max_size: usize, max_items: usize) -> Option<SmallVec<[StackItem; 4]>> {
    let mut reader = Reader { bytes, position: 0, max_size, max_items, items: 1 };
    let Ok(Next::Compound(ItemType::Struct, count @ 0..=4)) = reader.next() else { return None };
    let mut fields = SmallVec::new();
    for _ in 0..count {
        let Ok(Next::Item(field)) = reader.next() else { return None };
        fields.push(field);
    }
    Some(fields)
}

fn fault<T>(text: impl Into<String>) -> Result<T, FaultKind> {
    Err(FaultKind::Host(text.into()))
}

/// The compounds that were written, each marked so that it is found if it comes again.
#[derive(Default)]
struct Seen(SmallVec<[StackItem; 4]>);

impl Drop for Seen {
    fn drop(&mut self) {
        self.0.iter().filter_map(StackItem::header).for_each(super::compound::Header::unmark);
    }
}

/// Where bytes go.
trait Output {
    /// Appends bytes.
    fn put(&mut self, bytes: &[u8]);
    /// Appends the first of some bytes.
    fn put_first<const N: usize>(&mut self, bytes: &[u8; N], count: usize);
    /// The number of bytes so far.
    fn size(&self) -> usize;
}

impl Output for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    /// All at once, of which those that are too many go again.
    #[inline]
    fn put_first<const N: usize>(&mut self, bytes: &[u8; N], count: usize) {
        self.extend_from_slice(bytes);
        self.truncate(self.len() - N + count);
    }

    fn size(&self) -> usize {
        self.len()
    }
}

/// Counts bytes.
struct Size(usize);

impl Output for Size {
    fn put(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }

    #[inline]
    fn put_first<const N: usize>(&mut self, _: &[u8; N], count: usize) {
        self.0 += count;
    }

    fn size(&self) -> usize {
        self.0
    }
}

struct Writer<O> {
    out: O,
    max_size: usize,
    max_items: usize,
    /// The number of items written.
    items: usize,
    seen: Seen,
}

impl<O: Output> Writer<O> {
    fn new(out: O, max_size: usize, max_items: usize) -> Self {
        Self { out, max_size, max_items, items: 0, seen: Seen::default() }
    }

    /// Writes an item and everything in it.
    fn write_tree(&mut self, root: &StackItem) -> Result<(), FaultKind> {
        if let StackItem::Array(array) | StackItem::Struct(array) = root
            && !array.header().is_nested()
        {
            return self.write_leaves(root.item_type(), array);
        }
        if !self.write(root)? {
            return Ok(());
        }
        // Indexes of compounds that were seen and are not finished, and of what comes next in each.
        let mut open: SmallVec<[(usize, usize); 4]> = SmallVec::from_slice(&[(0, 0)]);
        while let Some((compound, next)) = open.pop() {
            if let Some(next) = self.write_content(&self.seen.0[compound].clone(), next)? {
                open.extend([(compound, next), (self.seen.0.len() - 1, 0)]);
            }
        }
        Ok(())
    }

    /// Writes an array or struct without compounds in it, so that none can come twice.
    fn write_leaves(&mut self, item_type: ItemType, array: &Array) -> Result<(), FaultKind> {
        self.count()?;
        self.write_type(item_type, array.len());
        self.check_size(0)?;
        array.look(|items| items.iter().try_for_each(|item| self.write(item).map(|_| ())))
    }

    /// Writes the items or entries of a compound from an index on, up to the first
    /// that is a compound: returns the index of the next one then.
    fn write_content(&mut self, compound: &StackItem, from: usize) -> Result<Option<usize>, FaultKind> {
        match compound {
            StackItem::Array(array) | StackItem::Struct(array) => array.look(|items| {
                for (index, item) in items.iter().enumerate().skip(from) {
                    if self.write(item)? {
                        return Ok(Some(index + 1));
                    }
                }
                Ok(None)
            }),
            StackItem::Map(map) => map.look(|entries| {
                for (index, (key, value)) in entries.iter().enumerate().skip(from) {
                    self.write(key)?;
                    if self.write(value)? {
                        return Ok(Some(index + 1));
                    }
                }
                Ok(None)
            }),
            _ => Ok(None),
        }
    }

    /// Counts an item.
    #[inline]
    fn count(&mut self) -> Result<(), FaultKind> {
        self.items += 1;
        if self.items > self.max_items {
            return fault(format!("More than {} items to serialize", self.max_items));
        }
        Ok(())
    }

    /// Writes an item, or the head of a compound: returns whether it is one.
    #[inline]
    fn write(&mut self, item: &StackItem) -> Result<bool, FaultKind> {
        self.count()?;
        match item {
            StackItem::Integer(value) => self.write_small(*value),
            StackItem::Null => self.out.put(&[ItemType::Any as u8]),
            StackItem::Boolean(value) => self.out.put(&[ItemType::Boolean as u8, value.get().into()]),
            StackItem::BigInteger(value) => {
                self.write_bytes(ItemType::Integer, &value.to_le_bytes()[..value.byte_len()])?;
            }
            StackItem::ByteString(bytes) => self.write_bytes(ItemType::ByteString, bytes)?,
            StackItem::Buffer(buffer) => buffer.with(|bytes| self.write_bytes(ItemType::Buffer, bytes))?,
            StackItem::Array(array) => self.write_head(item, array.len())?,
            StackItem::Struct(array) => self.write_head(item, array.len())?,
            StackItem::Map(map) => self.write_head(item, map.len())?,
            StackItem::Pointer(_) | StackItem::Interop(_) => {
                return fault(format!("{} cannot be serialized", item.item_type()));
            }
        }
        self.check_size(0)?;
        Ok(item.is_compound())
    }

    #[inline]
    fn write_small(&mut self, value: i64) {
        let size = Integer::Small(value).byte_len();
        let mut whole = [0; 10];
        whole[0] = ItemType::Integer as u8;
        whole[1] = size as u8;
        whole[2..].copy_from_slice(&value.to_le_bytes());
        self.out.put_first(&whole, 2 + size);
    }

    fn write_bytes(&mut self, item_type: ItemType, bytes: &[u8]) -> Result<(), FaultKind> {
        self.check_size(bytes.len())?;
        self.write_type(item_type, bytes.len());
        self.out.put(bytes);
        Ok(())
    }

    /// Marks a compound as seen and writes what comes before its content.
    fn write_head(&mut self, item: &StackItem, length: usize) -> Result<(), FaultKind> {
        if item.header().is_some_and(|header| !header.mark()) {
            return fault("A compound to serialize occurs twice");
        }
        self.seen.0.push(item.clone());
        self.write_type(item.item_type(), length);
        Ok(())
    }

    /// Writes a type, and a length.
    fn write_type(&mut self, item_type: ItemType, length: usize) {
        let (bytes, count) = length_bytes(length);
        self.out.put(&[item_type as u8]);
        self.out.put_first(&bytes, count);
    }

    /// Checks that there is room for some bytes more.
    #[inline]
    fn check_size(&self, more: usize) -> Result<(), FaultKind> {
        if self.out.size() + more > self.max_size {
            return fault(format!("More than {} bytes to serialize", self.max_size));
        }
        Ok(())
    }
}

/// What was read.
enum Next {
    Item(StackItem),
    /// The head of a compound: its type and the number of items that follow, a map's
    /// keys and values both counted.
    Compound(ItemType, usize),
}

/// A compound of which not all items are read.
struct Unfilled {
    item_type: ItemType,
    count: usize,
    items: Vec<StackItem>,
}

impl Unfilled {
    fn new(item_type: ItemType, count: usize) -> Self {
        Self { item_type, count, items: Vec::with_capacity(count) }
    }

    fn finish(self) -> Result<StackItem, FaultKind> {
        match self.item_type {
            ItemType::Array => Ok(StackItem::Array(Array::new(self.items))),
            ItemType::Struct => Ok(StackItem::Struct(Array::new(self.items))),
            _ => {
                let map = Map::new();
                let mut items = self.items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    map.fill(key, value)?;
                }
                Ok(StackItem::Map(map))
            }
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    max_size: usize,
    max_items: usize,
    /// The number of items that were read or are still to come.
    items: usize,
}

impl Reader<'_> {
    /// Counts items that are to come. They are too many before they are read, so that
    /// their memory is bounded.
    fn announce(&mut self, count: usize) -> Result<(), FaultKind> {
        self.items += count;
        if self.items > self.max_items {
            return fault(format!("More than {} items to deserialize", self.max_items));
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Next, FaultKind> {
        let [byte] = self.array()?;
        let item_type = ItemType::from_byte(byte);
        Ok(Next::Item(match item_type {
            Some(ItemType::Any) => StackItem::Null,
            Some(ItemType::Boolean) => match self.array()? {
                [byte @ (0 | 1)] => StackItem::from(byte == 1),
                [byte] => return fault(format!("Invalid boolean value: {byte}")),
            },
            Some(ItemType::Integer) => {
                let bytes = self.var_bytes(MAX_SIZE)?;
                Integer::from_le_bytes(bytes).ok_or(FaultKind::IntegerSize(bytes.len()))?.into()
            }
            Some(ItemType::ByteString) => StackItem::ByteString(ByteString::new(self.var_bytes(self.max_size)?)),
            Some(ItemType::Buffer) => StackItem::Buffer(Buffer::new(self.var_bytes(self.max_size)?)),
            Some(item_type @ (ItemType::Array | ItemType::Struct | ItemType::Map)) => {
                let count = self.length(self.max_items)? * if item_type == ItemType::Map { 2 } else { 1 };
                self.announce(count)?;
                return Ok(Next::Compound(item_type, count));
            }
            Some(ItemType::Pointer | ItemType::InteropInterface) | None => {
                return fault(format!("Invalid type of a serialized item: {byte:#04x}"));
            }
        }))
    }

    fn length(&mut self, max: usize) -> Result<usize, FaultKind> {
        let length = match self.array()? {
            [0xfd] => u16::from_le_bytes(self.array()?).into(),
            [0xfe] => u32::from_le_bytes(self.array()?).into(),
            [0xff] => u64::from_le_bytes(self.array()?),
            [byte] => byte.into(),
        };
        if length > max as u64 {
            return fault(format!("The length {length} is greater than {max}"));
        }
        Ok(length as usize)
    }

    fn var_bytes(&mut self, max: usize) -> Result<&[u8], FaultKind> {
        let length = self.length(max)?;
        self.take(length)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FaultKind> {
        let bytes = self.take(N)?;
        Ok(core::array::from_fn(|index| bytes[index]))
    }

    fn take(&mut self, count: usize) -> Result<&[u8], FaultKind> {
        let (position, length) = (self.position, self.bytes.len());
        let Some(bytes) = self.bytes[position..].get(..count) else {
            return fault(format!("{count} bytes at position {position} of {length} bytes"));
        };
        self.position += count;
        Ok(bytes)
    }
}
